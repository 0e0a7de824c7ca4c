# SPDX-License-Identifier: MIT
"""A tree goes from one database to the next, through all of them and back, and is the same."""

import importlib
import json
import os
import subprocess
import unittest

import pigeon_site
from pigeon_site import CTL, Site


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


def peak_memory(site, *arguments, output):
    """Runs pigeonctl; answers how many KiB of memory it had at most."""
    with open(output, "wb") as file:
        process = subprocess.Popen([str(CTL), *site.common_arguments(), *arguments], stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return usage.ru_maxrss


class ManyUsers(unittest.TestCase):
    """With --all a hundred thousand of them, else some."""

    USERS = 100_000 if os.environ.get("PIGEON_ALL_FAULTS") else 1_000

    def test_bounded_memory(self):
        """many users go in and come out, and take no more memory than few"""
        if pigeon_site.TREE:
            self.skipTest("goes through all kinds of database, whatever PIGEON_TREE says")
        for kind in ("", "slapd", "mariadb"):
            with self.subTest(kind or "sqlite"), Elsewhere(kind) as site:
                site.add_objects({"path": "/m.example", "class": "mailDomain"},
                                 {"path": "/m.example/mailUsers", "class": "mailUsers"})
                file, exported = site.root / "users", site.root / "exported"
                lines = [json.dumps({"path": f"/m.example/mailUsers/u{n}", "class": "mailUser"}) for n in range(self.USERS)]
                file.write_text("\n".join(lines) + "\n")
                self.assertLess(peak_memory(site, "tree", "import", str(file), output=os.devnull), 64 << 10)
                self.assertLess(peak_memory(site, "tree", "export", output=exported), 64 << 10)
                self.assertEqual(len(exported.read_text().splitlines()), self.USERS + 2)


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
