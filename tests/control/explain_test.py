# SPDX-License-Identifier: MIT
"""explain: the real chain, run dry. It says what a delivery would do, and changes nothing."""

import shutil
import subprocess
import unittest

from pigeon_site import Site


NOT_MADE = "its mailbox is not made yet; whether something stands in its way is not looked at"


class Explain(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site())

    def everything(self):
        """All that there is, byte for byte; of SQLite's own shared memory, which every reader writes, only that it is there."""
        found = self.site.everything()
        return {p: (w[:3] if p.endswith(("-shm", "-wal")) else w) for p, w in found.items() if not p.startswith("log")}

    def explain(self, recipient="alice@example.com", *arguments):
        """Explains, for people and for programs, and looks that nothing has changed."""
        before, tree = self.everything(), self.site.ctl("tree", "export").stdout
        text = self.site.ctl("explain", recipient, *arguments).stdout
        told = self.site.explain(recipient, *arguments)
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.site.ctl("tree", "export").stdout, tree)
        lines = [f"{line['who']}: {line['line']}" for line in told["lines"]]
        self.assertEqual(text.splitlines()[: len(lines)], lines)
        self.assertIn(f"(exit {told['exit']})", text)
        self.assertEqual(set(told), {"recipient", "lines", "outcome", "exit", "detail", "remedy"})
        return told, lines

    def test_new_user(self):
        """for a user without a mailbox it shows the objects read, the merge table, the format, and the allocation that would
        be made, and makes none of it"""
        told, lines = self.explain()
        self.assertEqual((told["outcome"], told["exit"]), ("delivered", 0))
        for line in ("mailMaster: recipient alice@example.com: user alice, domain example.com",
                     "mailMaster: domain /example.com found",
                     "mailMaster: modules of the domain: mailUsers, mailStore",
                     "mailUsers: user alice found",
                     "mailUsers: mailStore: /example.com/mailStore (the domain's, the user has none)",
                     "mailMaster: the principal is /example.com/mailUsers/alice",
                     "mailStore: storage format mda-maildir: the configuration's",
                     "mailMaster: an allocation would be made by creator-optimistic: home=example.com/alice",
                     f"mailMaster: {NOT_MADE}",
                     "mailMaster: the message would be stored by mda-maildir"):
            self.assertIn(line, lines)
        self.assertEqual(self.site.allocation(), {})

    def test_what_would_be_made(self):
        """the allocation that it shows is the one that the first message makes"""
        self.site.ctl("tree", "add", "/example.com/mailUsers/alice/mailStore", "mailStore,mda-maildir", "home=by/request")
        self.site.configure({"mailStore": {"creator": "creator-lock"}})
        lines = self.explain()[1]
        self.assertIn("mailMaster: an allocation would be made by creator-lock: home=by/request", lines)
        self.assertIn("mailStore: storage format mda-maildir: a class of /example.com/mailUsers/alice/mailStore", lines)
        self.site.deliver()
        self.assertEqual(self.site.allocation()["home"], "by/request")
        lines = self.explain()[1]
        self.assertIn("mailMaster: the allocation: home=by/request", lines)
        self.assertIn("mailStore: storage format mda-maildir: allocated, the mail is there", lines)

    def test_detail_and_folder(self):
        """the detail, the user that it leads to, and the folder are shown"""
        self.site.configure({"mailStore": {"detailFolder": True}})
        lines = self.explain("alice+news@example.com")[1]
        self.assertIn("mailMaster: recipient alice+news@example.com: user alice, detail news, domain example.com", lines)
        self.assertEqual([l for l in lines if "mailUsers: user" in l],
                         ["mailUsers: user alice+news is not there", "mailUsers: user alice found"])
        self.assertIn("mailMaster: the message would be stored by mda-maildir in folder news", lines)
        self.assertIn("mailMaster: the message would be stored by mda-maildir in folder Other",
                      self.explain("alice+news@example.com", "-m", "Other")[1])

    def test_modules_off(self):
        """what is off is shown with the object that says so"""
        self.site.ctl("tree", "set", "/example.com/mailStore", "enable=FALSE")
        told, lines = self.explain()
        self.assertIn("mailMaster: modules of the domain: mailUsers, mailStore (off)", lines)
        self.assertIn("mailUsers: mailStore: /example.com/mailStore (the domain's, the user has none; off)", lines)
        self.assertIn("mailMaster: mailStore is off, by /example.com/mailStore", lines)
        self.assertEqual((told["outcome"], told["exit"]), ("deferred", 75))

    def test_refused(self):
        """what would be refused says why and what to do"""
        told, lines = self.explain("nobody@example.com")
        self.assertEqual((told["outcome"], told["exit"]), ("refused", 67))
        self.assertEqual(told["remedy"], "pigeonctl user add nobody@example.com, if it should be there")
        self.assertIn("mailUsers: user nobody is not there", lines)
        text = self.site.ctl("explain", "nobody@example.com").stdout
        self.assertIn("verdict: would be refused: 5.1.1 unknown recipient (exit 67)\n", text)
        self.assertIn("because: nobody@example.com: there is no such user\nto mend it: pigeonctl user add", text)

    def test_mailbox_that_could_not_be_made(self):
        """that an allocated mailbox was not made is shown as long as it is so, and no longer"""
        maildir = self.site.maildir()
        subprocess.run(self.site.as_user(["mkdir", "-p", "-m", "700", maildir / "new"]), check=True)
        self.assertIn(f"mailMaster: {NOT_MADE}", self.explain()[1])
        self.assertEqual(self.site.deliver().exit, 75)
        lines = self.explain()[1]
        self.assertIn("mailMaster: the allocation: home=example.com/alice", lines)
        self.assertIn(f"mailMaster: {NOT_MADE}", lines)
        maildir.rename(self.site.root / "kept")
        self.assertEqual(self.site.deliver().exit, 0)
        self.assertNotIn(f"mailMaster: {NOT_MADE}", self.explain()[1])

    def test_mailbox_in_trouble(self):
        """a mailbox that is gone, or bears no stamp or another's, is seen without a delivery, and named alike"""
        self.site.deliver()
        own = self.site.home() / ".pigeon"
        kept = self.site.root / "kept"
        for what, break_it, mend_it in (
                ("it is gone", lambda: self.site.home().rename(kept), lambda: kept.rename(self.site.home())),
                ("it does not bear our stamp", lambda: (own / "allocation").rename(own / "x"),
                 lambda: (own / "x").rename(own / "allocation")),
                ("it is stamped with allocation", lambda: (shutil.copy2(own / "allocation", own / "x"),
                                                           (own / "allocation").write_text("another\n")),
                 lambda: (own / "allocation").write_text((own / "x").read_text()))):
            with self.subTest(what=what):
                break_it()
                told = self.explain()[0]
                done = self.site.deliver()
                mend_it()
                self.assertEqual((told["outcome"], told["exit"], done.exit), ("deferred", 75, 75))
                self.assertIn(what, told["detail"])
                self.assertEqual((told["detail"], told["remedy"]), (done.record["detail"], done.record["remedy"]))
        self.assertEqual((self.explain()[0]["exit"], self.site.deliver().exit), (0, 0))

    def test_full(self):
        """a mailbox that is full takes no mail: it says so as long as that is so, with how full it is"""
        self.site.deliver()
        self.site.deliver()
        for limit, said in (("quotaMessages=2", "2 of 2 messages"), ("quotaBytes=100", "of 100 bytes")):
            with self.subTest(limit=limit):
                self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", limit)
                told = self.explain()[0]
                self.assertEqual((told["outcome"], told["exit"]), ("deferred", 75))
                self.assertEqual(self.site.deliver().exit, 75)
                self.assertIn("it is noted as full, ", told["detail"])
                self.assertIn(said, told["detail"])
                self.assertIn("`pigeonctl mailbox quota --recount alice@example.com`", told["remedy"])
                self.assertIn("would be deferred: 4.2.2 mailbox full", self.site.ctl("explain", "alice@example.com").stdout)
                self.site.ctl("tree", "unset", "/example.com/mailStore", limit.split("=")[0])
        self.assertEqual((self.explain()[0]["exit"], self.site.deliver().exit), (0, 0))

    def test_hostile(self):
        """whatever it is asked about, it answers in lines that a terminal can show"""
        for recipient in ("../..@example.com", "a\nb@example.com", "\x1b[2J@example.com", "", "@", "x" * 65536 + "@example.com",
                          "' OR 1=1 --@example.com", "-d@example.com"):
            with self.subTest(recipient=recipient[:20]):
                done = self.site.ctl("explain", "--", recipient)
                self.assertNotRegex(done.stdout, r"[\x00-\x09\x0b-\x1f\x7f]")
                self.assertRegex(done.stdout, r"(?m)^verdict: would be (refused|deferred): ")


if __name__ == "__main__":
    unittest.main()
