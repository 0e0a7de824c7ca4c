# SPDX-License-Identifier: MIT
"""Where a user's mailbox is: decided once, by a request or by the template, and never changed by configuration."""

import unittest

from pigeon_site import Site
from verdicts import Verdicts

TROUBLE = "4.3.5 mail system trouble; it will be tried again"
STORE = "/example.com/mailUsers/alice/mailStore"


class Allocation(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site())

    def request(self, home):
        self.site.ctl("tree", "add", STORE, "mailStore,mda-maildir", f"home={home}")

    def stored_in(self, home):
        """How many messages are in the Maildir of a home."""
        directory = self.site.base / home / "Maildir" / "new"
        return len(list(directory.iterdir())) if directory.is_dir() else 0

    def expect_trouble(self, recipient="alice@example.com"):
        done = self.site.deliver(recipient)
        self.assert_not_delivered(done, 75, TROUBLE, self.site)
        told = self.site.explain(recipient)
        self.assertEqual((told["exit"], told["remedy"]), (75, done.record["remedy"]))
        self.assertEqual(told["detail"], done.record["detail"].replace("obtain an allocation: ", ""))
        return done.record

    def test_first_message(self):
        """the first message makes the allocation and the mailbox, with an id, a stamp and no mode for others"""
        self.assertEqual(self.site.allocation(), {})
        self.assert_delivered(self.site.deliver())
        allocation = self.site.allocation()
        self.assertEqual((allocation["home"], allocation["ready"]), ("example.com/alice", "TRUE"))
        self.assertRegex(allocation["id"], "^[0-9a-f]{32}$")
        stamp = self.site.home() / ".pigeon" / "allocation"
        self.assertEqual(stamp.read_text(), allocation["id"] + "\n")
        for path in self.site.base.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600, path)
        self.assert_delivered(self.site.deliver())
        self.assertEqual(self.site.allocation(), allocation)

    def test_request(self):
        """a home that is requested on the user's own mailStore is copied into the allocation"""
        self.request("elsewhere/a")
        told = " ".join(l["line"] for l in self.site.explain("alice@example.com")["lines"])
        self.assertIn("home=elsewhere/a", told)
        self.assert_delivered(self.site.deliver())
        self.assertEqual(self.site.allocation()["home"], "elsewhere/a")
        self.assertEqual(self.stored_in("elsewhere/a"), 1)

    def test_later_request(self):
        """a request that comes later or changes is logged, and not followed"""
        self.assert_delivered(self.site.deliver())
        self.request("elsewhere/b")
        for home in ("elsewhere/b", "elsewhere/c"):
            self.site.ctl("tree", "set", STORE, f"home={home}")
            done = self.site.deliver()
            self.assert_delivered(done)
            [logged] = [r for r in done.records if r["event"] == "request"]
            self.assertEqual(logged["level"], "warning")
            self.assertIn(f"'home' is requested as {home}, and was allocated as example.com/alice", logged["detail"])
        self.assertEqual((self.stored_in("example.com/alice"), (self.site.base / "elsewhere").exists()), (3, False))
        self.assertEqual(self.site.allocation()["home"], "example.com/alice")

    def test_request_that_agrees(self):
        """a request that is what was allocated is not worth a word"""
        self.request("example.com/alice")
        for _ in range(2):
            self.assertEqual([r["event"] for r in self.site.deliver().records], ["delivery"])

    def test_absolute_request(self):
        """a request may be written with the base in front"""
        self.request(f"{self.site.base}/elsewhere/d")
        self.assert_delivered(self.site.deliver())
        self.assertEqual(self.site.allocation()["home"], "elsewhere/d")

    def test_request_on_the_domain(self):
        """a request on the domain's mailStore would put all users into one mailbox: an error for each of them"""
        self.site.ctl("user", "add", "carol@example.com")
        self.assert_delivered(self.site.deliver())
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "home=one/for/all")
        for recipient in ("alice@example.com", "carol@example.com"):
            record = self.expect_trouble(recipient)
            self.assertIn("would put every user of the domain into one mailbox", record["detail"])
            self.assertEqual(record["remedy"], "pigeonctl tree unset /example.com/mailStore home")
        self.site.ctl("tree", "unset", "/example.com/mailStore", "home")
        self.assert_delivered(self.site.deliver())

    def test_request_beyond_the_base(self):
        """a request that does not lie below the base makes nothing"""
        self.request("x")
        before = self.site.everything(self.site.base)
        for home in ("../x", "a/../../x", "/etc/x", "a//b", "./a", "a/.", f"{self.site.base}/../x", f"{self.site.base}",
                     "a\nb", "a" * 256):
            with self.subTest(home=home):
                self.site.ctl("tree", "set", STORE, f"home={home}")
                self.assertIn("it does not lie below", self.expect_trouble()["detail"])
                self.assertEqual(self.site.everything(self.site.base), before)
                self.assertEqual(self.site.allocation(), {})
        self.site.ctl("tree", "set", STORE, "home=~/$HOME/`x`")  # names like any other, below the base
        self.assert_delivered(self.site.deliver())
        self.assertEqual(self.stored_in("~/$HOME/`x`"), 1)

    def test_one_home_for_two(self):
        """of two users who request one home the second gets none: the first's mail stays the first's"""
        self.site.ctl("user", "add", "carol@example.com")
        self.request("shared")
        self.site.ctl("tree", "add", "/example.com/mailUsers/carol/mailStore", "mailStore,mda-maildir", "home=shared")
        self.assert_delivered(self.site.deliver())
        done = self.site.deliver("carol@example.com")
        self.assert_not_delivered(done, 75, TROUBLE)
        self.assertIn("it is stamped with allocation", done.record["detail"])
        self.assertEqual(self.stored_in("shared"), 1)

    def test_preferences_change(self):
        """preferences take effect at once; the allocation and the mail stay"""
        self.assert_delivered(self.site.deliver())
        allocation = self.site.allocation()
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "quotaMessages=1")
        self.assert_not_delivered(self.site.deliver(), 75, "4.2.2 mailbox full")
        self.site.ctl("tree", "set", "/example.com/mailStore", "quotaMessages=2", "force=TRUE")
        self.assert_delivered(self.site.deliver())
        self.assertEqual((self.site.allocation(), len(self.site.files())), (allocation, 2))

    def test_malformed_preferences(self):
        """a preference that is malformed is trouble that the record names, not a default"""
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "quotaBytes=1k")
        self.site.sql('UPDATE "class_mda-maildir" SET quotabytes = \'much\'')
        record = self.expect_trouble()
        self.assertIn("property 'quotaBytes' of /example.com/mailStore is 'much': it must be a size", record["detail"])
        self.assertIn("pigeonctl tree set /example.com/mailStore quotaBytes=VALUE", record["remedy"])

    def test_template_changes(self):
        """another template is for new users; who has a mailbox keeps it"""
        self.assert_delivered(self.site.deliver())
        self.site.configure({"mda-maildir": {"home": "{hash1}/{hash2}/{domain}/{user}"}})
        self.site.ctl("user", "add", "carol@example.com")
        self.assert_delivered(self.site.deliver())
        self.assert_delivered(self.site.deliver("carol@example.com"))
        self.assertEqual(self.site.allocation()["home"], "example.com/alice")
        home = self.site.allocation("carol")["home"]
        self.assertRegex(home, "^[0-9A-F]{2}/[0-9A-F]{2}/example.com/carol$")
        self.assertEqual((self.stored_in("example.com/alice"), self.stored_in(home)), (2, 1))

    def test_bad_templates(self):
        """a template that leads upwards, or gives all users one mailbox, is refused"""
        for home in ("../{user}", "/{domain}/{user}", "{domain}", "{usr}", "a//{user}", "{user"):
            with self.subTest(home=home):
                self.site.configure({"mda-maildir": {"home": home}})
                record = self.expect_trouble()
                self.assertIn('"home" of mda-maildir', record["detail"])

    def test_default_format_changes(self):
        """another default format is for new users: the allocation says where the mail is, not the configuration"""
        self.assert_delivered(self.site.deliver())
        self.site.ctl("user", "add", "carol@example.com")
        self.site.configure({"mailStore": {"mda": "mda-other"}})
        self.assert_delivered(self.site.deliver())
        record = self.expect_trouble("carol@example.com")
        self.assertIn("mda-other: there is no such plugin", record["detail"])

    def test_forced_format(self):
        """nor do the domain's property or class, forced or not, move anybody's mail"""
        self.assert_delivered(self.site.deliver())
        self.site.ctl("user", "add", "carol@example.com")
        self.site.ctl("tree", "set", "/example.com/mailStore", "mda=mda-other", "force=TRUE")
        self.assert_delivered(self.site.deliver())
        self.expect_trouble("carol@example.com")
        # A class of the object comes before its property.
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir")
        self.assert_delivered(self.site.deliver("carol@example.com"))
        self.assertEqual(len(self.site.files()), 2)

    def test_format_by_property(self):
        """where the tree names no format by class, its property comes before the configuration"""
        self.site.configure({"mailStore": {"mda": "mda-other"}})
        self.site.ctl("tree", "set", "/example.com/mailStore", "mda=mda-maildir")
        self.assert_delivered(self.site.deliver())

    def test_creators(self):
        """each creator makes the same allocation for a user who is alone"""
        for creator in ("creator-lock", "creator-optimistic", "creator-none"):
            with self.subTest(creator=creator):
                self.site.ctl("user", "add", f"{creator}@example.com")
                self.site.configure({"mailStore": {"creator": creator}})
                for _ in range(2):
                    self.assert_delivered(self.site.deliver(f"{creator}@example.com"))
                self.assertEqual(self.site.allocation(creator)["home"], f"example.com/{creator}")
                self.assertEqual(len(self.site.files(creator)), 2)

    def test_vanished(self):
        """a mailbox that is ready but gone is trouble, and is never made anew; its remedy works"""
        self.assert_delivered(self.site.deliver())
        moved = self.site.root / "moved"
        self.site.home().rename(moved)
        done = self.site.deliver()
        self.assert_not_delivered(done, 75, TROUBLE, self.site)
        self.assertIn("it is gone", done.record["detail"])
        self.assertIn("pigeonctl mailbox purge alice@example.com", done.record["remedy"])
        self.assertFalse(self.site.home().exists())
        moved.rename(self.site.home())
        self.assert_delivered(self.site.deliver())

    def test_base_not_mounted(self):
        """a base without our mark is a file system that is not mounted: nothing is made there"""
        hidden = self.site.root / "hidden"
        self.site.base.rename(hidden)
        self.site.base.mkdir()
        record = self.expect_base_trouble()
        self.assertIn("it is not marked as one of PigeonDeliver's", record["detail"])
        self.assertEqual(list(self.site.base.iterdir()), [])
        self.site.base.rmdir()
        self.assertIn("there is none", self.expect_base_trouble()["detail"])
        hidden.rename(self.site.base)
        self.assert_delivered(self.site.deliver())

    def expect_base_trouble(self):
        done = self.site.deliver()
        self.assert_not_delivered(done, 75, TROUBLE, self.site)
        self.assertIn("mount its file system", done.record["remedy"])
        return done.record


if __name__ == "__main__":
    unittest.main()
