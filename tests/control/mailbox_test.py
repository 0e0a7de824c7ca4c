# SPDX-License-Identifier: MIT
"""Mailboxes by hand: list, adopt, purge. Each remedy that a log record names is a command that works."""

import json
import os
import pty
import re
import shlex
import subprocess
import unittest

from pigeon_site import AS_ROOT, CTL, MESSAGE, USER, Site


class Mailbox(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site())

    def make_maildir(self, home, message=b"Subject: old\n\n"):
        """A mailbox as another program has left it, with a message in it."""
        maildir = self.site.base / home / "Maildir"
        for part in ("tmp", "new", "cur"):
            (maildir / part).mkdir(parents=True)
        (maildir / "cur" / "1000000000.M1P1.other:2,S").write_bytes(message)
        if AS_ROOT:
            subprocess.run(["chown", "-R", f"{USER.pw_uid}:{USER.pw_gid}", self.site.base], check=True)
        subprocess.run(["chmod", "-R", "go-rwx", self.site.base], check=True)
        return maildir

    def trouble(self):
        done = self.site.deliver()
        self.assertEqual(done.exit, 75)
        return done.record

    def test_list(self):
        """what a mailbox holds is shown by folder, or message by message"""
        self.site.deliver()
        size = self.site.files()[0].stat().st_size
        self.assertEqual(self.site.ctl("mailbox", "list", "alice@example.com").stdout, f"INBOX  1 message  {size} bytes\n")
        self.assertEqual(self.site.ctl("mailbox", "quota", "alice@example.com").stdout, f"{size} bytes\n1 message\n")
        self.site.deliver()
        self.assertEqual(self.site.ctl("mailbox", "list", "alice@example.com").stdout, f"INBOX  2 messages  {2 * size} bytes\n")
        rows = self.site.ctl_json("mailbox", "list", "--messages", "alice@example.com")
        self.assertEqual([(r["folder"], r["bytes"]) for r in rows], [("INBOX", size)] * 2)
        self.assertEqual({r["name"] for r in rows}, {f.name for f in self.site.files()})
        self.assertTrue(all(abs(r["received"] - f.stat().st_mtime) < 5 for r, f in zip(rows, self.site.files())))

    def test_list_catch_all(self):
        """a catch-all is named by its domain alone"""
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.site.deliver("nobody@example.com")
        self.assertEqual(self.site.ctl_json("mailbox", "list", "@example.com")[0]["messages"], 1)
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=FALSE")
        for command in (["mailbox", "list"], ["explain"]):
            done = self.site.ctl(*command, "@example.com", check=False)
            self.assertIn("/example.com: it has no catch-all", done.stdout + done.stderr)
            self.assertIn("pigeonctl tree set /example.com acceptUnknown=TRUE", done.stdout + done.stderr)
        self.assertIn("there is no such domain", self.site.ctl("mailbox", "list", "@example.net", check=False).stderr)

    def test_hyphen(self):
        """a user whose name begins with a hyphen is no option: the commands that remedies name work as they stand"""
        address = "-x@example.com"

        def paste(remedy, command):
            shown = re.search(rf"pigeonctl {command}[^`,;]*", remedy)
            self.assertIsNotNone(shown, remedy)
            done = self.site.ctl(*shlex.split(shown[0])[1:], check=False)
            self.assertEqual(done.returncode, 0, (shown[0], done.stderr))

        def refused(*command):
            return json.loads(self.site.ctl("--json", *command, "--", address, check=False).stderr)["remedy"]

        paste(self.site.ctl_json("explain", "--", address)[0]["remedy"], "user add")
        self.make_maildir("example.com/-x")
        paste(self.site.deliver(address).record["remedy"], "mailbox adopt")
        self.assertEqual(self.site.deliver(address).exit, 0)
        self.assertEqual(self.site.ctl_json("mailbox", "list", "--", address)[0]["messages"], 2)
        self.site.ctl("tree", "set", "/example.com/mailUsers/-x", "moving=elsewhere")
        remedy = refused("mailbox", "purge", "--yes")
        self.assertIn(f"`pigeonctl mailbox move --resume -- {address} MDA`", remedy)
        paste(remedy, "mailbox adopt")
        self.assertIn(f"`pigeonctl mailbox purge -- {address}`", refused("user", "remove"))

    def test_no_domain(self):
        """who leaves out the domain is told how to write the address"""
        done = self.site.ctl("mailbox", "list", "alice", check=False)
        self.assertEqual(done.stderr, "pigeonctl: recipient 'alice' has no domain\n"
                                      "to mend it: write user@domain, or @domain for a catch-all\n")

    def test_adopt(self):
        """a mailbox that is there is taken over by request only: until then mail waits, and the record names the command"""
        maildir = self.make_maildir("example.com/alice")
        record = self.trouble()
        self.assertIn("it does not bear our stamp", record["detail"])
        self.assertIn("`pigeonctl mailbox adopt alice@example.com`", record["remedy"])
        self.assertEqual(len(list(maildir.rglob("*.other*"))), 1)
        self.site.ctl("mailbox", "adopt", "alice@example.com")
        self.assertEqual(self.site.deliver().exit, 0)
        self.assertEqual((len(self.site.files()), self.site.allocation()["ready"]), (2, "TRUE"))

    def test_adopt_elsewhere(self):
        """so is one in another directory below the base"""
        self.make_maildir("old/place/a")
        done = self.site.ctl("mailbox", "adopt", "alice@example.com", "old/place/a")
        self.assertEqual(done.stdout, "adopted: mail for alice@example.com goes into it from now on\n")
        self.assertEqual(self.site.allocation()["home"], "old/place/a")
        self.assertEqual(self.site.deliver().exit, 0)
        self.assertEqual(len(list((self.site.base / "old/place/a/Maildir/new").iterdir())), 1)

    def test_adopt_stamped(self):
        """one that bears a stamp is taken over once that is removed, by the command that the remedy names"""
        own = self.make_maildir("old/place/a").parent / ".pigeon"
        own.mkdir(mode=0o700)
        (own / "allocation").write_text("another\n")
        if AS_ROOT:
            subprocess.run(["chown", "-R", f"{USER.pw_uid}:{USER.pw_gid}", own], check=True)
        done = self.site.ctl("mailbox", "adopt", "alice@example.com", "old/place/a", check=False)
        self.assertIn(f"remove the stamp {own}/allocation and run `pigeonctl mailbox adopt alice@example.com old/place/a`",
                      done.stderr)
        (own / "allocation").unlink()
        self.site.ctl("mailbox", "adopt", "alice@example.com", "old/place/a")
        self.assertEqual(self.site.deliver().exit, 0)

    def test_adopt_refused(self):
        """what is no Maildir, lies elsewhere, or is somebody's already is not taken over, and nothing is allocated"""
        self.site.ctl("user", "add", "carol@example.com")
        self.site.deliver("carol@example.com")
        (self.site.base / "empty").mkdir()
        for home in ("nowhere", "empty", "../state", "/etc", "a/../b", "example.com/carol"):
            with self.subTest(home=home):
                done = self.site.ctl("mailbox", "adopt", "alice@example.com", home, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("to mend it: ", done.stderr)
                self.assertEqual(self.site.allocation(), {})
        self.assertEqual(self.site.deliver("carol@example.com").exit, 0)
        done = self.site.ctl("mailbox", "adopt", "carol@example.com", "elsewhere", check=False)
        self.assertIn("there is an allocation already", done.stderr)

    def test_purge(self):
        """purge deletes mailbox and allocation, after it was asked for twice; the next message makes a new one"""
        self.site.deliver()
        before = self.site.allocation()["id"]
        done = self.site.ctl("mailbox", "purge", "alice@example.com", check=False, input="yes\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("this deletes all its mail\nto mend it: add --yes", done.stderr)
        self.assertEqual(len(self.site.files()), 1)
        self.site.ctl("mailbox", "purge", "--yes", "alice@example.com")
        self.assertEqual((self.site.home().exists(), self.site.allocation()), (False, {}))
        self.assertEqual(self.site.deliver().exit, 0)
        self.assertNotEqual(self.site.allocation()["id"], before)
        self.assertEqual(self.site.bodies(), [MESSAGE])

    def test_purge_asks(self):
        """on a terminal it asks, and takes nothing but yes for an answer"""
        self.site.deliver()
        for answer, exit, left in ((b"y\n", 1, 1), (b"\n", 1, 1), (b"\x04", 1, 1), (b"yes\n", 0, 0)):
            with self.subTest(answer=answer):
                ours, theirs = pty.openpty()
                command = [str(CTL), *self.site.common_arguments(), "mailbox", "purge", "alice@example.com"]
                process = subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE)
                os.write(ours, answer)
                _, err = process.communicate(timeout=60)
                os.close(theirs)
                os.close(ours)
                self.assertEqual((process.returncode, len(self.site.files())), (exit, left))
                self.assertIn(b"This deletes all mail of alice@example.com. Type yes to go on: ", err)

    def test_purge_of_nothing(self):
        """where mail was moved out of no mailbox, nothing is asked, and nothing deleted"""
        self.site.deliver()
        done = self.site.ctl("mailbox", "purge", "--retired", "alice@example.com")
        self.assertEqual((done.stdout, len(self.site.files())), ("0 mailboxes deleted\n", 1))

    def test_purge_what_is_gone(self):
        """a mailbox whose mail is lost for good is given up with the command that the record names"""
        self.site.deliver()
        subprocess.run(["rm", "-r", self.site.home()], check=True)
        self.assertIn("`pigeonctl mailbox purge alice@example.com`", self.trouble()["remedy"])
        self.site.ctl("mailbox", "purge", "--yes", "alice@example.com")
        self.assertEqual(self.site.deliver().exit, 0)

    def test_purge_spares(self):
        """what other programs keep in the home stays, and so does another user's mailbox"""
        self.site.deliver()
        (self.site.home() / "sieve").write_text("keep;")
        self.site.ctl("mailbox", "purge", "--yes", "alice@example.com")
        self.assertEqual([p.name for p in self.site.home().iterdir()], ["sieve"])
        self.site.ctl("user", "add", "carol@example.com")
        self.site.deliver("carol@example.com")
        self.site.deliver()
        stamp = self.site.home() / ".pigeon" / "allocation"
        stamp.write_text((self.site.home("carol") / ".pigeon" / "allocation").read_text())
        done = self.site.ctl("mailbox", "purge", "--yes", "alice@example.com", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("it is stamped with allocation", done.stderr)
        self.assertEqual((len(self.site.files()), len(self.site.files("carol"))), (1, 1))


if __name__ == "__main__":
    unittest.main()
