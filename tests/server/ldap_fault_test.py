# SPDX-License-Identifier: MIT
"""An LDAP server that has a fault: mail waits, no address is called unknown, and the next delivery after it works."""

import functools
import os
import random
import time
import unittest

import tree_slapd
from proxy import Proxy
from slapd import BASE, PASSWORD, SUFFIX, Slapd

RANDOM = random.Random(os.environ.get("PIGEON_SEED") or "1")
EVERY = bool(os.environ.get("PIGEON_ALL_FAULTS"))
DEADLINE = 6  # seconds
READER = f"cn=pigeon,{SUFFIX}"
READER_LDIF = (f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: pigeon\n"
               f"userPassword: {PASSWORD}\n")
ALL = f'access to * by dn.exact="{READER}" write by anonymous auth by * none'


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


site_on = functools.partial(tree_slapd.site_on, deadline=DEADLINE)


class Case(unittest.TestCase):
    def waits(self, site, recipient="alice@example.com"):
        """The delivery ends by the deadline, with 75, and tells the sender nothing about servers; its record."""
        begin = time.monotonic()
        done = site.deliver(recipient)
        took = time.monotonic() - begin
        self.assertEqual(done.exit, 75, done)
        self.assertRegex(done.stderr, r"\A4\.\d\.\d [^\n]*\n\Z")
        for secret in (PASSWORD, "ldap", "dc=example", "127.0.0.1"):
            self.assertNotIn(secret, done.stderr)
        self.assertNotIn(PASSWORD, str(done.records))
        self.assertLess(took, DEADLINE + 3)
        return done.record

    def delivers(self, site, recipient="alice@example.com"):
        before = len(site.messages())
        done = site.deliver(recipient)
        self.assertEqual(done.exit, 0, done)
        self.assertEqual(len(site.messages()), before + 1)

    def refuses(self, site, recipient="nobody@example.com"):
        """An address that is not there is still told from one that could not be looked up."""
        self.assertEqual(site.deliver(recipient).exit, 67)


class OneServer(Case):
    def setUp(self):
        self.server = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.server))

    def both_wait(self):
        """Neither a user that is there nor one that is not can be told of."""
        self.waits(self.site)
        self.waits(self.site, "nobody@example.com")
        self.waits(self.site, "alice@unknown.example")

    def all_is_well(self):
        self.delivers(self.site)
        self.refuses(self.site)
        self.refuses(self.site, "alice@unknown.example")

    def test_stopped(self):
        """a server that is not running"""
        self.server.stop()
        self.both_wait()
        self.server.start()
        self.all_is_well()

    def test_frozen(self):
        """a server that takes connections and answers nothing"""
        self.server.freeze()
        self.waits(self.site)
        self.waits(self.site, "nobody@example.com")
        self.server.thaw()
        self.all_is_well()

    def test_empty(self):
        """a server that has lost its data"""
        self.server.stop()
        for file in self.server.data.iterdir():
            file.rename(self.server.directory / file.name)
        self.server.start()
        self.both_wait()
        self.server.add_suffix()
        self.both_wait()
        self.server.stop()
        for file in self.server.data.iterdir():
            (self.server.directory / file.name).rename(file)
        self.server.start()
        self.all_is_well()

    def test_read_only(self):
        """a server that cannot be written to: who has a mailbox gets mail, who has none waits"""
        self.delivers(self.site)
        self.site.ctl("user", "add", "new@example.com")
        self.server.restart(config="readonly on")
        self.delivers(self.site)
        self.waits(self.site, "new@example.com")
        self.server.restart(config="")
        self.assertEqual(self.site.deliver("new@example.com").exit, 0)
        self.assertEqual(len(self.site.messages("new")), 1)

    def test_full(self):
        """a server whose database is full: who has a mailbox gets mail, who gets none waits, and nobody gets two"""
        self.delivers(self.site)
        users = [f"user{number}" for number in range(60)]
        self.site.add_objects(*({"path": f"/example.com/mailUsers/{user}", "class": "mailUser"} for user in users))
        fillers = [f"dn: ou=filler{number},{SUFFIX}\n" for number in range(300)]
        self.server.add("\n".join(f"{dn}objectClass: organizationalUnit\n" for dn in fillers))
        self.server.restart(maxsize=(self.server.data / "data.mdb").stat().st_size)
        for size in (900, 300, 100):
            more = f"changetype: modify\nadd: description\ndescription: {'x' * size}\n"
            filled = self.server.client("ldapmodify", "-c", input="\n".join(dn + more for dn in fillers), check=False)
            self.assertNotEqual(filled.returncode, 0, "the database takes everything")
        # A few find place in what is left of a page.
        ends = {user: self.site.deliver(f"{user}@example.com", queue_id=user).exit for user in users}
        self.assertLessEqual(set(ends.values()), {0, 75})
        self.assertIn(75, ends.values())
        self.delivers(self.site)
        self.server.restart(maxsize=1 << 28)
        for user in users:
            self.assertEqual(self.site.deliver(f"{user}@example.com", queue_id=user).exit, 0)
            self.assertEqual(len(self.site.messages(user)), 1)

    def test_settings(self):
        """a wrong password, a wrong DN, a wrong base, and a base that is no tree"""
        right = self.site.settings["datatree-ldap"]
        for wrong in ({"password": "other"}, {"bindDn": f"cn=nobody,{SUFFIX}"}, {"base": f"ou=other,{SUFFIX}"},
                      {"base": SUFFIX}, {"base": "dc=elsewhere"}, {"base": f"pigeonName=example.com,{BASE}"},
                      {"base": "x"}, {"uris": ["ldap://127.0.0.1:1"]}, {"uris": ["ldapi://%2Fnowhere"]}):
            with self.subTest(wrong):
                self.site.configure({"datatree-ldap": wrong})
                self.both_wait()
                self.site.configure({"datatree-ldap": right})
        self.all_is_well()

    def test_no_schema(self):
        """a server whose schema has lost the tree's classes"""
        self.server.restart(schema="")
        self.both_wait()
        self.server.restart(schema=schema)
        self.all_is_well()

    def test_other_schema(self):
        """a server whose schema takes ALICE for alice: nobody gets her mail, and the check finds it out"""
        careless = schema
        for rule, other in (("octetStringMatch", "caseIgnoreMatch"), ("1466.115.121.1.40", "1466.115.121.1.15"),
                            ("octetStringOrderingMatch", "caseIgnoreOrderingMatch"),
                            ("octetStringSubstringsMatch", "caseIgnoreSubstringsMatch")):
            careless = careless.replace(rule, other)
        copied = self.server.search(BASE).stdout
        with Slapd(schema=careless) as other:
            other.add(copied)
            self.site.configure({"datatree-ldap": {"uris": [other.ldapi]}, "address": {"localPart": "exact"}})
            self.delivers(self.site)
            self.assertEqual(self.site.deliver("ALICE@example.com").exit, 67)
            self.assertEqual(len(self.site.messages()), 1)
            wrong = self.site.ctl("check", check=False)
            self.assertIn("does not compare pigeonName as octets", wrong.stdout + wrong.stderr)
            again = self.site.ctl("init", check=False)
            self.assertIn("lacks octetStringMatch for pigeonName", again.stdout + again.stderr)

    def test_limits(self):
        """a server that gives a part of an answer, and says so"""
        for limit in ("sizelimit 1", 'limits * size=1'):
            with self.subTest(limit):
                # Nobody limits the rootdn.
                self.server.add(READER_LDIF, check=False)
                self.site.configure({"datatree-ldap": {"bindDn": READER}})
                self.server.restart(config=f"{limit}\n{ALL}")
                self.waits(self.site)
                self.server.restart(config=ALL)
        self.all_is_well()


class Hidden(Case):
    """What an identity may not see is not what is not there."""

    def setUp(self):
        self.server = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.server))
        self.server.add(READER_LDIF)
        self.site.configure({"datatree-ldap": {"bindDn": READER}})

    def test_hidden(self):
        """entries, subtrees and attributes that are hidden by rules of access"""
        domain = f"pigeonName=example.com,{BASE}"
        users = f"pigeonName=mailUsers,{domain}"
        for what in (f'dn.base="{BASE}"', f'dn.subtree="{BASE}"', f'dn.base="{domain}"', f'dn.subtree="{domain}"',
                     f'dn.children="{domain}"', f'dn.base="{users}"', f'dn.subtree="{users}"',
                     f'dn.base="pigeonName=alice,{users}"',
                     f'dn.subtree="pigeonName=alice,{users}"', f'dn.subtree="{BASE}" attrs=objectClass',
                     f'dn.base="{BASE}" attrs=pigeonTree', f'dn.subtree="{users}" attrs=objectClass',
                     f'dn.base="pigeonName=alice,{users}" attrs=objectClass',
                     f'dn.base="pigeonName=mailStore,{domain}" attrs=objectClass',
                     f'dn.subtree="{users}" attrs=structuralObjectClass'):
            for level in ("none", "disclose"):
                with self.subTest(what, level=level):
                    rule = f'access to {what} by dn.exact="{READER}" {level} by anonymous auth by * none'
                    self.server.restart(config=f"{rule}\n{ALL}")
                    self.waits(self.site)
        self.server.restart(config=ALL)
        self.delivers(self.site)
        self.refuses(self.site)

    def test_writes_are_refused(self):
        """an identity that may read and not write"""
        self.server.restart(config=ALL.replace("write", "read"))
        self.waits(self.site)
        self.refuses(self.site)
        self.server.restart(config=ALL)
        self.delivers(self.site)

    def test_anonymous(self):
        """nobody at all, who may read and not write"""
        own = {k: v for k, v in self.site.settings["datatree-ldap"].items() if k not in ("bindDn", "password")}
        self.site.settings["datatree-ldap"] = own
        self.site.configure({})
        self.server.restart(config="access to * by * none")
        self.waits(self.site)
        self.server.restart(config="access to * by * read")
        self.waits(self.site)
        self.refuses(self.site)


class OnTheWay(Case):
    """What happens to the connection, at any byte of an answer."""

    def setUp(self):
        self.server = self.enterContext(Slapd(schema=schema))
        self.proxy = self.enterContext(Proxy(self.server.port))
        self.site = self.enterContext(site_on(self.server, uris=[f"ldap://127.0.0.1:{self.proxy.port}"], tls="never"))
        self.delivers(self.site)
        self.first = self.proxy.said  # with the mailbox made
        self.delivers(self.site)
        self.later = self.proxy.said

    def fine(self):
        self.proxy.cut_after = self.proxy.hang_after = None

    def places(self, many, begin, end):
        self.assertGreater(end - begin, 100)
        everywhere = range(begin, end)
        return everywhere if EVERY else sorted(RANDOM.sample(everywhere, many))

    def test_cut(self):
        """a server that is killed in the middle of an answer, at any byte of every connection"""
        waited = 0
        for place in self.places(25, 0, self.later):
            with self.subTest(place):
                self.proxy.cut_after = place
                # Another connection gets further, where the answer was one of several.
                done = self.site.deliver()
                self.assertIn(done.exit, (0, 75), done)
                waited += done.exit == 75
                # Whoever is not there may be found out before the end.
                self.assertIn(self.site.deliver("nobody@example.com").exit, (67, 75))
        self.assertGreater(waited, 0)
        self.fine()
        self.delivers(self.site)
        self.refuses(self.site)

    def test_first_message(self):
        """the same while a mailbox is made: in the end there is one, and all mail is in it"""
        waited = 0
        for number, place in enumerate(self.places(16, 0, self.first)):
            user = f"user{number}"
            self.fine()
            self.site.ctl("user", "add", f"{user}@example.com")
            self.proxy.cut_after = place
            done = self.site.deliver(f"{user}@example.com", queue_id="q1")
            self.assertIn(done.exit, (0, 75), done)
            waited += done.exit == 75
            self.fine()
            again = self.site.deliver(f"{user}@example.com", queue_id="q1")
            self.assertEqual(again.exit, 0, again)
            self.assertEqual(len(self.site.messages(user)), 1)
        self.assertGreater(waited, 0)

    def test_half_open(self):
        """a server that falls silent in the middle of an answer"""
        for place in self.places(3, 0, self.later // 4):
            with self.subTest(place):
                self.proxy.hang_after = place
                self.waits(self.site)
        self.fine()
        self.delivers(self.site)

    def test_slow(self):
        """a server that takes a second for each answer"""
        self.proxy.delay = 1.0
        self.site.configure({"deadline": 30})
        self.delivers(self.site)
        self.refuses(self.site)


if __name__ == "__main__":
    unittest.main()
