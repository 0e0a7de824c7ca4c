# SPDX-License-Identifier: MIT
"""Domains and users by hand."""

import unittest

from pigeon_site import Site


class Accounts(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site())

    def test_domains(self):
        """a domain comes with its modules and works at once; a bare one does not; both are listed and removed"""
        self.site.ctl("domain", "add", "B.Example")
        self.site.ctl("domain", "add", "bücher.example")
        self.site.ctl("domain", "add", "--bare", "c.example")
        self.site.ctl("user", "add", "u@b.example")
        self.assertEqual(self.site.deliver("u@b.example").exit, 0)
        self.assertEqual(self.site.ctl_json("tree", "list", "/c.example"), [])
        self.assertEqual(set(self.site.ctl("domain", "list").stdout.splitlines()),
                         {"b.example", "c.example", "example.com", "xn--bcher-kva.example"})
        self.site.ctl("domain", "remove", "c.example")
        self.site.ctl("domain", "remove", "-r", "b.example")
        self.assertEqual({r["path"] for r in self.site.ctl_json("domain", "list")}, {"/example.com", "/xn--bcher-kva.example"})
        self.assertEqual(len(self.site.messages("u", "b.example")), 1)  # mail stays where it is

    def test_odd_domains(self):
        """what stands in an address can be a domain; another name that the tree holds all the same can be seen and removed"""
        odd = ("_dmarc.example", "[192.0.2.1]", "[ipv6:2001:db8::1]", "localhost", "a-b.c-d.example", "1.example")
        for name in odd:
            self.site.ctl("domain", "add", name)
        for name in ("bad domain", "it's.example"):
            self.site.ctl("tree", "add", f"/{name}", "mailDomain")
        names = set(self.site.ctl("domain", "list").stdout.splitlines())
        self.assertEqual(names, {"example.com", "bad domain", "it's.example", *odd})
        for name in ("bad domain", "it's.example", *odd):
            self.site.ctl("domain", "remove", name)
        self.assertEqual(self.site.ctl("domain", "list").stdout, "example.com\n")

    def test_users(self):
        """users are added, listed, shown and removed"""
        for name in ("zoe", "Bob", "info+news", "a b", "jürgen"):
            self.site.ctl("user", "add", f"{name}@example.com")
        self.assertEqual(set(self.site.ctl("user", "list", "EXAMPLE.com").stdout.splitlines()),
                         {f"{n}@example.com" for n in ("alice", "zoe", "bob", "info+news", "a b", "jürgen")})
        self.site.ctl("tree", "add", "/example.com/mailUsers/bob/mailStore", "mailStore", "enable=FALSE")
        self.assertEqual(self.site.ctl("user", "show", "bob@example.com").stdout,
                         "path: /example.com/mailUsers/bob\nclass: mailUser\n\n"
                         "path: /example.com/mailUsers/bob/mailStore\nclass: mailStore\nenable: FALSE\n")
        self.assertEqual(len(self.site.ctl_json("user", "show", "bob@example.com")), 2)
        self.site.ctl("user", "remove", "bob@example.com")
        self.assertEqual(self.site.deliver("bob@example.com").exit, 67)

    def test_remove_with_mailbox(self):
        """a user with a mailbox is not removed by accident: its mail is deleted first, or left by request"""
        self.site.deliver()
        done = self.site.ctl("user", "remove", "alice@example.com", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("remove /example.com/mailUsers/alice: it has a mailbox", done.stderr)
        self.assertIn("pigeonctl mailbox purge alice@example.com", done.stderr)
        self.assertIn("--leave-mail", done.stderr)
        self.assertEqual(self.site.deliver().exit, 0)
        self.site.ctl("user", "remove", "--leave-mail", "alice@example.com")
        self.assertEqual((self.site.deliver().exit, len(self.site.messages())), (67, 2))

    def test_same_user_again(self):
        """a user who is added again after that does not get the old one's mail"""
        self.site.deliver()
        self.site.ctl("user", "remove", "--leave-mail", "alice@example.com")
        self.site.ctl("user", "add", "alice@example.com")
        done = self.site.deliver()
        self.assertEqual(done.exit, 75)
        self.assertIn("it is stamped with allocation", done.record["detail"])
        self.assertEqual(len(self.site.messages()), 1)


if __name__ == "__main__":
    unittest.main()
