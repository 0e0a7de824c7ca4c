# SPDX-License-Identifier: MIT
"""Who gets no mail, and what the MTA is told: unknown, disabled, or trouble of ours."""

import unittest

from pigeon_site import Site
from verdicts import Verdicts

UNKNOWN = "5.1.1 unknown recipient"
DEFERRED = "4.2.1 mailbox disabled; it will be tried again"
REJECTED = "5.2.1 mailbox disabled"
TROUBLE = "4.3.5 mail system trouble; it will be tried again"


class Case(unittest.TestCase, Verdicts):
    settings = {}

    def setUp(self):
        self.site = self.enterContext(Site(self.settings))

    def expect(self, exit, line, recipient="alice@example.com"):
        """A delivery ends like this, leaves no mail behind, and explain says the same."""
        told = self.site.explain(recipient)
        done = self.site.deliver(recipient)
        self.assertEqual((told["exit"], told["outcome"]), (done.exit, done.record["status"]))
        self.assertEqual((told["detail"], told["remedy"]), (done.record["detail"], done.record.get("remedy", "")))
        self.assert_not_delivered(done, exit, line, self.site)
        self.assertEqual(self.mail(), [])
        return done.record

    def expect_disabled(self, recipient="alice@example.com"):
        """Deferred by default; deferred or refused as the configuration says, and the domain before it."""
        self.expect(75, DEFERRED, recipient)
        self.site.configure({"disabled": "reject"})
        record = self.expect(77, REJECTED, recipient)
        self.assertNotIn("remedy", record)
        self.site.ctl("tree", "set", "/example.com", "disabled=defer")
        self.assertIn("switched off", self.expect(75, DEFERRED, recipient)["detail"])
        self.site.configure({"disabled": "defer"})
        self.site.ctl("tree", "set", "/example.com", "disabled=reject")
        self.expect(77, REJECTED, recipient)
        self.site.ctl("tree", "unset", "/example.com", "disabled")
        self.expect(75, DEFERRED, recipient)

    def mail(self):
        """Every file of every mailbox."""
        return [p for p in self.site.base.rglob("*") if p.is_file() and p.name != ".pigeon-base"
                and p.parent.name in ("new", "cur", "tmp")]

    def switch(self, path, value):
        self.site.ctl("tree", "set", path, f"enable={value}")


class Disabled(Case):
    def test_user(self):
        """mail for a disabled user is deferred or refused, as configured"""
        self.switch("/example.com/mailUsers/alice", "FALSE")
        self.expect_disabled()
        self.expect(75, DEFERRED, "alice+detail@example.com")
        self.switch("/example.com/mailUsers/alice", "TRUE")
        self.assert_delivered(self.site.deliver())

    def test_domain(self):
        """mail for a disabled domain is deferred or refused, as configured, whoever it is for"""
        self.switch("/example.com", "FALSE")
        self.expect_disabled()
        self.expect(75, DEFERRED, "nobody@example.com")
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.expect(75, DEFERRED, "nobody@example.com")

    def test_module_of_the_domain(self):
        """a module that is off for the domain and would have stored leaves the mail disabled; unknown stays unknown"""
        self.switch("/example.com/mailStore", "FALSE")
        self.expect_disabled()
        self.expect(67, UNKNOWN, "nobody@example.com")

    def test_module_of_the_user(self):
        """a module that is off for one user is off for this one alone"""
        self.site.ctl("user", "add", "carol@example.com")
        self.site.ctl("tree", "add", "/example.com/mailUsers/alice/mailStore", "mailStore", "enable=FALSE")
        self.expect_disabled()
        self.assert_delivered(self.site.deliver("carol@example.com"))

    def test_users_module(self):
        """with the module off that finds the users nobody is unknown, and nothing falls into the catch-all"""
        self.switch("/example.com/mailUsers", "FALSE")
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.expect_disabled()
        self.expect(75, DEFERRED, "nobody@example.com")

    def test_malformed_policy(self):
        """a policy that is neither defer nor reject is trouble, and the mail waits"""
        self.switch("/example.com", "FALSE")
        self.site.sql("UPDATE class_maildomain SET disabled = 'bounce'")
        record = self.expect(75, TROUBLE)
        self.assertIn("property 'disabled' of /example.com is 'bounce'", record["detail"])
        self.assertEqual(record["remedy"], "pigeonctl tree set /example.com disabled=defer (or reject)")

    def test_remedy(self):
        """the record names what is off and how to switch it on"""
        self.switch("/example.com/mailUsers/alice", "FALSE")
        record = self.expect(75, DEFERRED)
        self.assertEqual(record["detail"], "the user /example.com/mailUsers/alice is switched off")
        self.assertIn("enable=TRUE", record["remedy"])


class Unknown(Case):
    def setUp(self):
        super().setUp()
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")

    def test_accept_unknown(self):
        """a domain that accepts unknown users stores their mail in a mailbox of its own, of which the domain has the
        allocation"""
        told = self.site.explain("nobody@example.com")
        self.assertIn("the principal is /example.com", " ".join(l["line"] for l in told["lines"]))
        done = self.site.deliver("nobody@example.com")
        self.assert_delivered(done)
        self.assertEqual(done.record["principal"], "/example.com")
        self.assert_delivered(self.site.deliver("nobody+detail@example.com"))
        self.assertEqual(len(self.site.messages("=unknown")), 2)
        domain = self.site.ctl_json("tree", "get", "/example.com")[0]
        self.assertEqual(domain["auxiliary"], ["mda-maildirAllocation"])
        self.assertEqual((domain["attributes"]["home"], domain["attributes"]["ready"]), ("example.com/=unknown", "TRUE"))

    def test_apart_from_users(self):
        """the catch-all's mailbox is nobody else's: not a user's of its name, not that of a user who comes later"""
        self.assert_delivered(self.site.deliver("later@example.com"))
        for user in ("=unknown", "later", "mailUsers", "mailStore", "unknown"):
            self.site.ctl("user", "add", f"{user}@example.com")
            self.assert_delivered(self.site.deliver(f"{user}@example.com"))
        self.assertEqual(len(self.site.messages("=unknown")), 1)
        for user in ("=3Dunknown", "later", "mailusers", "mailstore", "unknown"):
            self.assertEqual(len(self.site.messages(user)), 1, user)

    def test_users_keep_theirs(self):
        """users who exist get their own mail"""
        self.assert_delivered(self.site.deliver())
        self.assertEqual((len(self.site.messages()), self.site.home("=unknown").exists()), (1, False))

    def test_disabled_user(self):
        """a disabled user never falls through to the catch-all, with or without a detail"""
        self.switch("/example.com/mailUsers/alice", "FALSE")
        self.expect_disabled()
        self.expect(75, DEFERRED, "alice+news@example.com")
        self.assert_delivered(self.site.deliver("nobody@example.com"))
        self.assertEqual(len(self.site.messages("=unknown")), 1)

    def test_disabled_user_with_detail_in_its_name(self):
        """a disabled user whose name has a detail in it falls through neither to the catch-all nor to another user"""
        self.site.ctl("user", "add", "alice+news@example.com")
        self.switch("/example.com/mailUsers/alice+news", "FALSE")
        self.expect(75, DEFERRED, "alice+news@example.com")

    def test_user_that_cannot_be_read(self):
        """a user who could not be read never falls through to the catch-all"""
        self.site.ctl("tree", "add", "/example.com/mailUsers/broken", "mailStore")
        record = self.expect(75, TROUBLE, "broken@example.com")
        self.assertIn("/example.com/mailUsers/broken is a mailStore, where users are", record["detail"])
        table = self.site.sql("SELECT sql FROM sqlite_schema WHERE name = 'class_mailuser'")[0][0]
        self.site.sql("DROP TABLE class_mailuser")
        self.assertEqual(self.site.deliver().exit, 75)
        self.site.sql(table)
        self.assertEqual(self.mail(), [])

    def test_disabled_store(self):
        """the catch-all is disabled where storing is"""
        self.switch("/example.com/mailStore", "FALSE")
        self.expect(75, DEFERRED, "nobody@example.com")

    def test_without_users_module(self):
        """a domain without a module that finds users has no users: all its mail is the catch-all's, or unknown"""
        self.site.ctl("domain", "add", "--bare", "bare.example")
        self.site.ctl("tree", "add", "/bare.example/mailStore", "mailStore")
        self.expect(67, UNKNOWN, "x@bare.example")
        self.site.ctl("tree", "set", "/bare.example", "acceptUnknown=TRUE")
        self.assert_delivered(self.site.deliver("x@bare.example"))
        self.assertEqual(len(self.site.messages("=unknown", "bare.example")), 1)

    def test_no_longer_accepted(self):
        """a domain that stops accepting keeps the mailbox and refuses again"""
        self.assert_delivered(self.site.deliver("nobody@example.com"))
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=FALSE")
        self.assert_not_delivered(self.site.deliver("nobody@example.com"), 67, UNKNOWN)
        self.assertEqual(len(self.site.messages("=unknown")), 1)


class Modules(Case):
    def test_not_in_the_list(self):
        """a module that the configuration's list does not name does not run, whatever the tree says"""
        self.site.configure({"modules": ["mailUsers"]})
        record = self.expect(75, TROUBLE)
        self.assertIn("no module took the message", record["detail"])
        self.assertIn('"modules" of the configuration', record["remedy"])
        self.assertEqual(record["modules"].split(":")[0], "mailUsers")

    def test_users_module_not_in_the_list(self):
        """with the module that finds users left out of the list, nobody is unknown, and the record says so"""
        self.site.configure({"modules": ["mailStore"]})
        for recipient in ("alice@example.com", "nobody@example.com"):
            record = self.expect(75, TROUBLE, recipient)
            self.assertIn("mailUsers finds users for /example.com", record["detail"])
            self.assertIn('"modules"', record["remedy"])
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.expect(75, TROUBLE)

    def test_not_in_the_domain(self):
        """a module that the domain and the user lack does not run: trouble of ours, not the recipient's"""
        self.site.ctl("tree", "remove", "/example.com/mailStore")
        self.expect(75, TROUBLE)
        self.expect(67, UNKNOWN, "nobody@example.com")

    def test_user_alone_has_it(self):
        """a module that only the user has runs for this user"""
        self.site.ctl("tree", "remove", "/example.com/mailStore")
        self.site.ctl("tree", "add", "/example.com/mailUsers/alice/mailStore", "mailStore")
        self.assert_delivered(self.site.deliver())

    def test_empty_domain(self):
        """a domain without any module refuses unknown users, and has no others"""
        self.site.ctl("domain", "add", "--bare", "empty.example")
        self.expect(67, UNKNOWN, "x@empty.example")
        self.site.ctl("tree", "set", "/empty.example", "acceptUnknown=TRUE")
        self.expect(75, TROUBLE, "x@empty.example")

    def test_plugin_missing(self):
        """a module of the list whose plugin is not installed is trouble for domains that have it, and for no others"""
        self.site.sql("INSERT INTO strings (value) VALUES ('mailVacation')")
        self.site.configure({"modules": ["mailUsers", "mailVacation", "mailStore"]})
        self.assert_delivered(self.site.deliver())
        self.site.sql("UPDATE tree SET class = (SELECT id FROM strings WHERE value = 'mailVacation') WHERE structural = 1 "
                      "AND name = (SELECT id FROM strings WHERE value = 'mailStore')")
        self.site.sql("CREATE TABLE class_mailvacation AS SELECT object_id, enable, force FROM class_mailstore")
        done = self.site.deliver()
        self.assert_not_delivered(done, 75, TROUBLE)
        self.assertIn("load module mailVacation: there is no such plugin", done.record["detail"])
        self.assertEqual(len(self.site.files()), 1)

    def test_no_list(self):
        """a configuration without the list is trouble for everybody"""
        self.site.configure({"modules": None})
        done = self.site.deliver()
        self.assertEqual((done.exit, done.stderr), (75, TROUBLE + "\n"))

    def test_wrong_order(self):
        """a module that finds users behind one that needs them is a mistake that the log names"""
        self.site.configure({"modules": ["mailStore", "mailUsers"]})
        for recipient in ("alice@example.com", "nobody@example.com"):
            record = self.expect(75, TROUBLE, recipient)
            self.assertIn("mailUsers finds the user, and stands behind a module that needs one", record["detail"])
            self.assertEqual(record["remedy"], 'move mailUsers to the front of "modules" in the configuration')
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.expect(75, TROUBLE)

    def test_domain_of_another_class(self):
        """an object that is no domain, where domains are, is trouble"""
        self.site.ctl("tree", "add", "/odd.example", "mailStore")
        self.expect(75, TROUBLE, "x@odd.example")


if __name__ == "__main__":
    unittest.main()
