# SPDX-License-Identifier: MIT
"""A tree goes from one database to the next, through all of them and back, and is the same."""

import importlib
import json
import unittest

import pigeon_site
from pigeon_site import Site


class HostileTree:
    """What names and values can be at their worst: those of the tests of export and import."""

    OBJECTS = [
        {"path": "/hostile.example", "class": "mailDomain", "attributes": {"acceptUnknown": "TRUE"}},
        {"path": "/hostile.example/mailUsers", "class": "mailUsers"},
        *({"path": f"/hostile.example/mailUsers/{name}", "class": "mailUser"}
          for name in ("..", "%2F", "a%25b", "'\"`$()", "-r", "日本", "e\u0301", "é", "jose", "José", "josé", "\U0001f600", "=", "\\n",
                       "*", "{user}", "a,b+c", "x" * 200, "a;DROP%20TABLE%20tree", "x%20y", "x%20%20y", "%20x", "x%20", "\u202e")),
        {"path": "/hostile.example/mailStore", "class": "mailStore", "auxiliary": ["mda-maildir"],
         "attributes": {"home": "a\nb\t\"c\\\u0001\u007f \U0001f600'; --", "mda": " mda-x ", "quotaBytes": "1T"}},
    ]


def canonical(exported):
    """The objects of an export: their order among equals is each database's own."""
    rows = [json.loads(line) for line in exported.splitlines()]
    return {row["path"]: {**row, "auxiliary": sorted(row.get("auxiliary", []))} for row in rows}


class Elsewhere(Site):
    """A site without a domain, whose tree is in another kind of database."""

    def __init__(self, kind):
        self.kind = kind
        super().__init__(importlib.import_module(f"tree_{kind}").settings(self) if kind else {}, domain=None)


class RoundTrip(unittest.TestCase):
    KINDS = ("slapd", "mariadb")

    def setUp(self):
        if pigeon_site.TREE:
            self.skipTest("goes through all kinds of database, whatever PIGEON_TREE says")
        self.site = self.enterContext(Site())
        self.site.add_objects(*HostileTree.OBJECTS)
        self.site.deliver()  # so that there is an allocation
        self.exported = self.site.ctl("tree", "export").stdout

    def elsewhere(self, kind):
        return self.enterContext(Elsewhere(kind))

    def go_round(self, *form):
        """Exports from one and imports into the next; answers what comes out at the end."""
        here = self.site
        for kind in (*self.KINDS, *reversed(self.KINDS), ""):
            there = self.elsewhere(kind)
            there.ctl("tree", "import", *form, input=here.ctl("tree", "export", *form).stdout)
            self.assertEqual(canonical(there.ctl("tree", "export").stdout), canonical(self.exported), kind)
            here = there
        return here

    def test_json(self):
        """by JSON lines, from SQLite to LDAP to MariaDB to MariaDB to LDAP to SQLite"""
        self.assertEqual(self.go_round().ctl("tree", "export").stdout.count("\n"), self.exported.count("\n"))

    def test_ldif(self):
        """by LDIF, the same way round"""
        self.go_round("--ldif")

    def test_directory_takes_our_ldif(self):
        """LDIF that we export is what ldapadd takes, and what ldapsearch prints of it is what we import"""
        tree_slapd = importlib.import_module("tree_slapd")
        directory = self.elsewhere("slapd")
        base = directory.settings["datatree-ldap"]["base"]
        tree_slapd.server().add(self.site.ctl("tree", "export", "--ldif", "--base", base).stdout)
        self.assertEqual(canonical(directory.ctl("tree", "export").stdout), canonical(self.exported))
        printed = tree_slapd.server().search(base, "*", "+").stdout
        again = self.elsewhere("")
        again.ctl("tree", "import", "--ldif", input=printed)
        self.assertEqual(canonical(again.ctl("tree", "export").stdout), canonical(self.exported))
