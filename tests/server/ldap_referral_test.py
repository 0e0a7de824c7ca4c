# SPDX-License-Identifier: MIT
"""A domain that is on another LDAP server, and aliases."""

import concurrent.futures
import socket
import unittest

import tree_slapd
from ldap_case import Case, site_on
from slapd import BASE, PASSWORD, SUFFIX, Slapd

NET = f"pigeonName=example.net,{BASE}"


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


class Referred(Case):
    """A domain that is on another server."""

    def setUp(self):
        self.first = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.first))
        self.second = self.enterContext(Slapd(schema=schema, suffix=NET, password="another one", fill=False))
        self.site.ctl("domain", "add", "example.net")
        self.site.ctl("user", "add", "bob@example.net")
        self.second.add(self.first.search(NET).stdout)
        self.first.delete("-r", NET)
        self.refer(self.second.uri)
        self.known = {"referralUris": [self.second.uri], "referralBindDns": [self.second.admin],
                      "referralPasswords": ["another one"]}

    def refer(self, uri, dn=NET):
        self.first.delete("-M", NET, check=False)
        self.first.add(f"dn: {NET}\nobjectClass: referral\nobjectClass: extensibleObject\npigeonName: example.net\n"
                       f"ref: {uri}/{dn.replace(' ', '%20')}\n")

    def test_delivery(self):
        """mail for it is delivered, and each server gets its own password"""
        self.waits(self.site, "bob@example.net")
        self.ldap(self.site, **self.known)
        self.delivers(self.site, "bob@example.net", "bob", "example.net")
        self.delivers(self.site, "bob@example.net", "bob", "example.net")
        self.assertEqual(self.site.deliver("nobody@example.net").exit, 67)
        self.assertEqual(self.second.binds() - {""}, {self.second.admin})
        self.site.configure({"mailStore": {"creator": "creator-lock"}})
        self.site.ctl("user", "add", "lara@example.net")
        self.delivers(self.site, "lara@example.net", "lara", "example.net")
        self.assertIn("ready", self.site.allocation("lara", "example.net"))

    def test_lists(self):
        """its objects are among those of the tree"""
        self.ldap(self.site, **self.known)
        self.assertEqual(self.site.ctl("domain", "list").stdout.split(), ["example.com", "example.net"])
        listed = self.site.ctl("tree", "list", "-r", "/").stdout
        self.assertIn("/example.net/mailUsers/bob", listed)
        exported = self.site.ctl("tree", "export").stdout
        self.assertIn('"/example.net/mailUsers/bob"', exported)

    def test_unavailable(self):
        """while that server is down or frozen, mail for the domain waits, and other mail does not"""
        self.ldap(self.site, **self.known)
        self.second.freeze()
        self.waits(self.site, "bob@example.net")
        self.delivers(self.site)
        self.second.thaw()
        self.second.kill()
        self.waits(self.site, "bob@example.net")
        self.waits(self.site, "nobody@example.net")
        self.second.start()
        self.delivers(self.site, "bob@example.net", "bob", "example.net")

    def test_strangers(self):
        """a server that is not configured is not even connected to"""
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            stranger.settimeout(0.2)
            self.refer(f"ldap://127.0.0.1:{stranger.getsockname()[1]}")
            self.ldap(self.site, **self.known)
            self.assertIn("is not configured", self.waits(self.site, "bob@example.net"))
            with self.assertRaises(TimeoutError):
                stranger.accept()

    def test_circle(self):
        """referrals that lead to each other come to an end"""
        self.refer(self.first.uri)
        self.ldap(self.site, referralUris=[self.first.uri], referralBindDns=[self.first.admin],
                  referralPasswords=[PASSWORD])
        self.assertIn("one after the other", self.waits(self.site, "bob@example.net"))

    def test_wrong_server(self):
        """a referral to a server that has no such entry, or a wrong password for it"""
        self.ldap(self.site, **{**self.known, "referralPasswords": ["wrong"]})
        self.waits(self.site, "bob@example.net")
        self.ldap(self.site, **self.known)
        self.refer(self.second.uri, f"pigeonName=other,{NET}")
        self.waits(self.site, "bob@example.net")


class Aliases(Case):
    def setUp(self):
        self.server = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.server))
        self.users = f"pigeonName=mailUsers,pigeonName=example.com,{BASE}"

    def alias(self, dn, target):
        name = dn.split(",")[0].removeprefix("pigeonName=")
        self.server.delete(dn, check=False)
        self.server.add(f"dn: {dn}\nobjectClass: alias\nobjectClass: extensibleObject\npigeonName: {name}\n"
                        f"aliasedObjectName: {target}\n")

    def test_user(self):
        """mail for another name of a user is the user's, also when both names get their first mail at once"""
        self.alias(f"pigeonName=info,{self.users}", f"pigeonName=alice,{self.users}")

        def deliver(number):
            """As an MTA does it: again until it is delivered."""
            name = ("info@example.com", "alice@example.com")[number % 2]
            command = self.site.command(name, queue_id=f"q{number}")
            return next((e for e in (self.site.run(command).exit for _ in range(10)) if e != 75), 75)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(deliver, range(16))), {0})
        self.assertEqual(len(self.site.messages()), 16)
        self.assertEqual([d.name for d in (self.site.base / "example.com").iterdir()], ["alice"])
        self.assertEqual(self.site.ctl("user", "list", "example.com").stdout.split(), ["alice@example.com"])
        self.assertEqual(self.site.explain("info@example.com")["exit"], 0)

    def test_lock(self):
        """a lock by one name excludes the other"""
        self.alias(f"pigeonName=info,{self.users}", f"pigeonName=alice,{self.users}")
        self.site.configure({"mailStore": {"creator": "creator-lock"}})
        self.delivers(self.site, "info@example.com")
        self.delivers(self.site, "alice@example.com")

    def test_domain(self):
        """mail for another name of a domain is the domain's"""
        self.alias(f"pigeonName=example.org,{BASE}", f"pigeonName=example.com,{BASE}")
        self.delivers(self.site, "alice@example.org")
        self.assertEqual(self.site.deliver("nobody@example.org").exit, 67)

    def test_module(self):
        """an object of a domain may be one that several share"""
        self.site.ctl("tree", "add", "/shared", "mailDomain")
        self.site.ctl("tree", "add", "/shared/mailStore", "mailStore")
        self.site.ctl("tree", "set", "/shared/mailStore", "enable=FALSE")
        self.site.ctl("tree", "remove", "/example.com/mailStore")
        self.alias(f"pigeonName=mailStore,pigeonName=example.com,{BASE}",
                   f"pigeonName=mailStore,pigeonName=shared,{BASE}")
        self.assertEqual(self.site.deliver().record["dsn"], "4.2.1")
        self.site.ctl("tree", "set", "/shared/mailStore", "enable=TRUE")
        self.delivers(self.site)

    def test_broken(self):
        """an alias of nothing, of itself, or of what is outside of the tree: mail waits"""
        info = f"pigeonName=info,{self.users}"
        for target in (f"pigeonName=gone,{self.users}", info, SUFFIX, "cn=elsewhere"):
            with self.subTest(target):
                self.alias(info, target)
                self.waits(self.site, "info@example.com")
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)


if __name__ == "__main__":
    unittest.main()
