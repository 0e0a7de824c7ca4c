# SPDX-License-Identifier: MIT
"""Folders: by -m or by the detail of the address, and never outside of the mailbox."""

import json
import subprocess
import unittest

from dovecot import Dovecot
from pigeon_site import Site
from verdicts import Verdicts


class Case(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site())
        self.assert_delivered(self.site.deliver())  # makes the mailbox

    def make_folder(self, name):
        for part in ("tmp", "new", "cur"):
            subprocess.run(self.site.as_user(["mkdir", "-p", "-m", "700", self.site.maildir() / name / part]), check=True)

    def create_folders(self):
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "createFolders=TRUE")

    def deliver(self, folder=None, recipient="alice@example.com"):
        """Delivers, and answers which folder got the message, and the record."""
        before = set(self.site.maildir().rglob("new/*"))
        done = self.site.deliver(recipient, extra=["-m", folder] if folder is not None else [])
        self.assert_delivered(done)
        [new] = set(self.site.maildir().rglob("new/*")) - before
        self.assertEqual(done.record["stored"], str(new))
        return str(new.parent.parent.relative_to(self.site.maildir())), done.record


class Asked(Case):
    """By -m."""

    def test_existing(self):
        """a folder that is there gets the message"""
        self.make_folder(".Work")
        self.make_folder(".Work.Plans")
        for asked, directory in (("Work", ".Work"), ("Work/Plans", ".Work.Plans"), ("Work.Plans", ".Work.Plans"),
                                 ("INBOX.Work", ".Work"), ("INBOX/Work", ".Work"), ("INBOX", "."), ("inbox", "."), ("", ".")):
            with self.subTest(asked=asked):
                where, record = self.deliver(asked)
                self.assertEqual(where, directory)
                self.assertNotIn("no-such-folder", record)

    def test_missing(self):
        """one that is not there is not made: the message goes into the main folder, and the record says so"""
        where, record = self.deliver("Missing")
        self.assertEqual((where, record["no-such-folder"]), (".", "yes"))
        self.assertFalse((self.site.maildir() / ".Missing").exists())

    def test_incomplete(self):
        """so it is with one that lacks a part, and nothing is lost"""
        self.make_folder(".Half")
        (self.site.maildir() / ".Half" / "new").rmdir()
        self.assertEqual(self.deliver("Half")[0], ".")

    def test_created(self):
        """where createFolders is on it is made, as others expect it"""
        self.create_folders()
        where, record = self.deliver("Work/Plans")
        self.assertEqual((where, "no-such-folder" in record), (".Work.Plans", False))
        directory = self.site.maildir() / ".Work.Plans"
        self.assertTrue((directory / "maildirfolder").is_file())
        self.assertEqual({d.stat().st_mode & 0o777 for d in (directory, directory / "new", directory / "cur")}, {0o700})
        self.assertEqual(self.deliver("Work/Plans")[0], ".Work.Plans")

    def test_traversal(self):
        """a folder that leads elsewhere, or is none, is the main folder, with or without createFolders"""
        asked = ["..", ".", "../..", "../../x", "/etc/passwd", "/tmp", "a/../../b", "a/..", "./a", "a//b", ".ssh", "..x", "a.",
                 "/", "//", "INBOX..x", "a\nb", "a\x1bb", b"\xff", b"\xc0\xae\xc0\xae/x", "x" * 65536, "x" * 201, "ü" * 120]
        outside = self.outside()
        for switch in (None, self.create_folders):
            if switch:
                switch()
            folders = sorted(p.name for p in self.site.maildir().iterdir())
            for folder in asked:
                with self.subTest(folder=folder[:20], createFolders=switch is not None):
                    where, record = self.deliver(folder)
                    self.assertEqual((where, record["no-such-folder"]), (".", "yes"))
                    self.assertEqual(sorted(p.name for p in self.site.maildir().iterdir()), folders)
        self.assertEqual(self.outside(), outside)

    def outside(self):
        return {p for p in self.site.everything() if not p.startswith(("mail/example.com/alice/", "state/tree.db"))}

    def test_utf8(self):
        """a name in UTF-8 becomes the directory that Maildir++ has for it, and Dovecot reads the same name"""
        self.create_folders()
        names = {"Entwürfe": ".Entw&APw-rfe", "A & B": ".A &- B", "日本語": ".&ZeVnLIqe-", "😀": ".&2D3eAA-", "a/ü.ö": ".a.&APw-.&APY-",
                 "~peter/mail": ".~peter.mail", "&-": ".&--", "with blank": ".with blank", "*%": ".*%", "-x": ".-x"}
        for name, directory in names.items():
            with self.subTest(name=name):
                self.assertEqual(self.deliver(name)[0], directory)
        with Dovecot(self.site, self.site.maildir(), "namespace inbox {\n  inbox = yes\n  separator = /\n}") as dovecot:
            listed = set(dovecot.doveadm("mailbox", "list").decode().splitlines())
        self.assertEqual({name.replace(".", "/") for name in names} - listed, set())
        shown = {row["folder"] for row in self.site.ctl_json("mailbox", "list", "alice@example.com")}
        self.assertEqual({name.replace(".", "/") for name in names} - shown, set())

    def test_listing(self):
        """pigeonctl shows what each folder holds"""
        self.make_folder(".Work")
        self.deliver("Work")
        self.deliver("Work")
        rows = {row["folder"]: row["messages"] for row in self.site.ctl_json("mailbox", "list", "alice@example.com")}
        self.assertEqual(rows, {"INBOX": 1, "Work": 2})


class ByDetail(Case):
    """By user+detail."""

    def test_off(self):
        """by default the detail names no folder, whether there is one of that name or not"""
        self.make_folder(".news")
        where, record = self.deliver(recipient="alice+news@example.com")
        self.assertEqual((where, "no-such-folder" in record), (".", False))

    def test_on(self):
        """where detailFolder is on, an existing folder of that name gets the message"""
        self.make_folder(".news")
        switches = (("set", "/example.com/mailStore", "detailFolder=TRUE"),
                    ("add", "/example.com/mailUsers/alice/mailStore", "mailStore", "detailFolder=TRUE"))
        self.site.ctl("tree", *switches[0])
        self.assertEqual(self.deliver(recipient="alice+news@example.com")[0], ".news")
        where, record = self.deliver(recipient="alice+other@example.com")
        self.assertEqual((where, record["no-such-folder"]), (".", "yes"))
        self.assertEqual(self.deliver()[0], ".")
        self.assertEqual(self.deliver(recipient="alice+@example.com")[0], ".")
        self.site.ctl("tree", "set", "/example.com/mailStore", "detailFolder=FALSE")
        self.assertEqual(self.deliver(recipient="alice+news@example.com")[0], ".")
        self.site.ctl("tree", *switches[1])
        self.assertEqual(self.deliver(recipient="alice+news@example.com")[0], ".news")

    def test_by_configuration(self):
        """the configuration says what holds where the tree says nothing"""
        self.make_folder(".news")
        self.site.configure({"mailStore": {"detailFolder": True}})
        self.assertEqual(self.deliver(recipient="alice+news@example.com")[0], ".news")
        self.site.ctl("tree", "set", "/example.com/mailStore", "detailFolder=FALSE")
        self.assertEqual(self.deliver(recipient="alice+news@example.com")[0], ".")

    def test_asked_comes_first(self):
        """what the MTA asks for with -m comes before the detail"""
        for folder in (".news", ".work"):
            self.make_folder(folder)
        self.site.configure({"mailStore": {"detailFolder": True}})
        self.assertEqual(self.deliver("work", "alice+news@example.com")[0], ".work")

    def test_traversal(self):
        """a stranger who writes to the address makes no folder and leaves none"""
        self.site.configure({"mailStore": {"detailFolder": True}})
        listed = json.dumps(sorted(p.name for p in self.site.maildir().iterdir()))
        for detail in ("..", "../..", "../../new", "/etc", ".x", "a/../b", "x/../../../y"):
            with self.subTest(detail=detail):
                self.assertEqual(self.deliver(recipient=f"alice+{detail}@example.com")[0], ".")
        self.assertEqual(json.dumps(sorted(p.name for p in self.site.maildir().iterdir())), listed)


if __name__ == "__main__":
    unittest.main()
