# SPDX-License-Identifier: MIT
"""How often a message is stored: once for each delivery, however often that is tried."""

import os
import shlex
import shutil
import unittest

from pigeon_site import AS_ROOT, MESSAGE, USER, Site
from verdicts import Verdicts


class Once(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site())

    def deliver(self, queue_id, recipient="alice@example.com", message=MESSAGE, **how):
        done = self.site.deliver(recipient, message, queue_id=queue_id, **how)
        self.assert_delivered(done)
        return done.record

    def make_folder(self, name):
        for part in ("", "tmp", "new", "cur"):
            directory = self.site.maildir() / name / part
            directory.mkdir(exist_ok=True)
            if AS_ROOT:
                os.chown(directory, USER.pw_uid, USER.pw_gid)

    def move(self, to):
        """A reader moves the only message."""
        [file] = self.site.files()
        file.rename(self.site.maildir() / to.format(file.name))

    def test_without_queue_id(self):
        """the same message twice without a queue id is two messages"""
        for _ in range(3):
            self.assert_delivered(self.site.deliver())
        self.assertEqual(len(self.site.files()), 3)

    def test_with_queue_id(self):
        """the same message twice with one queue id is a retry: it is answered, and stored once"""
        first = self.deliver("4F2A1")
        second = self.deliver("4F2A1")
        self.assertNotIn("already-there", first)
        self.assertEqual(second["already-there"], "yes")
        self.assertEqual(first["delivery"], second["delivery"])
        self.assertEqual(len(self.site.files()), 1)

    def test_moved_by_a_reader(self):
        """so it is when a reader has seen the first copy, moved it to another folder, or deleted it"""
        self.deliver("A")
        self.make_folder(".Archive")
        for to in ("cur/{}:2,S", "cur/{}:2,RST", ".Archive/cur/{}:2,S", ".Archive/new/{}"):
            with self.subTest(to=to):
                [file] = [f for d in ("", ".Archive") for f in self.site.files(folder=d)]
                file.rename(self.site.maildir() / to.format(file.name.split(":")[0]))
                self.assertEqual(self.deliver("A")["already-there"], "yes")
                self.assertEqual(len(self.site.files()) + len(self.site.files(folder=".Archive")), 1)
        self.site.files(folder=".Archive")[0].unlink()
        self.assertEqual(self.deliver("A")["already-there"], "yes")
        self.assertEqual(self.site.files() + self.site.files(folder=".Archive"), [])

    def test_moved_before_the_end(self):
        """so it is when the first attempt died after its message had appeared, and a reader has moved that since"""
        self.deliver("warm up")  # makes the mailbox
        self.make_folder(".Archive")
        own = self.site.home() / ".pigeon"
        for to in ("new/{}", "cur/{}:2,S", ".Archive/cur/{}:2,FS"):
            with self.subTest(to=to):
                record = self.deliver(f"id for {to}")
                done = next((own / "done").glob(f"*/{record['delivery']}"))
                done.rename(own / "pending" / record["delivery"])
                file = next(f for f in self.site.files() if record["delivery"] in f.name)
                file.rename(self.site.maildir() / to.format(file.name))
                before = len(self.site.files()) + len(self.site.files(folder=".Archive"))
                self.assertEqual(self.deliver(f"id for {to}")["already-there"], "yes")
                self.assertEqual(len(self.site.files()) + len(self.site.files(folder=".Archive")), before)
                self.assertEqual(list((own / "pending").iterdir()), [])

    def test_unfinished_without_queue_id(self):
        """without a queue id, an attempt that died after its message had appeared is completed by the next one"""
        self.assert_delivered(self.site.deliver())
        [file] = self.site.files()
        record = self.site.deliver().record
        token = file.name.split("T", 1)[1].split(".")[0]
        (self.site.home() / ".pigeon" / "pending" / f"{record['delivery']}-{token}").touch()
        if AS_ROOT:
            os.chown(self.site.home() / ".pigeon" / "pending" / f"{record['delivery']}-{token}", USER.pw_uid, USER.pw_gid)
        self.assertEqual(self.site.deliver().record["already-there"], "yes")
        self.assertEqual(len(self.site.files()), 2)
        self.assert_delivered(self.site.deliver())
        self.assertEqual(len(self.site.files()), 3)

    def test_reused_queue_id(self):
        """a queue id that is used again for another message, sender or folder is another delivery"""
        self.deliver("7")
        self.make_folder(".Box")
        self.deliver("7", message=MESSAGE + b"P.S.\n")
        self.deliver("7", sender="carol@example.org")
        self.deliver("7", sender="")
        self.deliver("7", extra=["-m", "Box"])
        self.deliver("7", extra=["-m", "Box"])
        self.assertEqual((len(self.site.files()), len(self.site.files(folder=".Box"))), (4, 1))

    def test_this_hop(self):
        """what the MTA puts in front of the message, anew for each attempt, does not make another message of it"""
        below = b"Received: by mx.example.com\n" + MESSAGE
        self.deliver("8", message=below)
        for top in (b"From bob@example.org Thu Jan  1 00:00:00 1970\n", b"From bob@example.org Fri Jan  2 00:00:00 1970\n",
                    b"Return-Path: <bob@example.org>\nX-Original-To: alias@example.com\nDelivered-To: alice@example.com\n"):
            self.assertEqual(self.deliver("8", message=top + below)["already-there"], "yes")
        self.deliver("8", message=b"X-Other: 1\n" + below)
        self.assertEqual(len(self.site.files()), 2)

    def test_addresses_of_one_principal(self):
        """two addresses of one user in one transaction are one copy, and each is answered"""
        recipients = ["alice@example.com", "alice+news@example.com", "ALICE+other@EXAMPLE.COM", '"alice"@example.com']
        answers = [self.deliver("9", recipient).get("already-there", "no") for recipient in recipients]
        self.assertEqual(answers, ["no", "yes", "yes", "yes"])
        self.assertEqual(len(self.site.files()), 1)

    def test_addresses_of_two_principals(self):
        """the same transaction for two users is a copy for each"""
        self.site.ctl("user", "add", "carol@example.com")
        self.deliver("10")
        self.deliver("10", "carol@example.com")
        self.assertEqual((len(self.site.files()), len(self.site.files("carol"))), (1, 1))

    def test_catch_all_is_one_principal(self):
        """unknown users of a domain that accepts them are one principal: one copy"""
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.deliver("11", "x@example.com")
        self.assertEqual(self.deliver("11", "y@example.com")["already-there"], "yes")
        self.assertEqual(len(self.site.files("=unknown")), 1)

    def test_for_long(self):
        """a retry is known for longer than any queue keeps a message, and is forgotten in the end"""
        self.deliver("12")
        done = self.site.home() / ".pigeon" / "done"
        [week] = done.iterdir()
        older = done / str(int(week.name) - 2)
        week.rename(older)
        self.assertEqual(self.deliver("12")["already-there"], "yes")
        ancient = done / str(int(week.name) - 3)
        older.rename(ancient)
        self.assertEqual(self.deliver("12")["already-there"], "yes")
        self.deliver("13")  # begins a week, and so tidies up
        self.assertFalse(ancient.exists())
        self.assertNotIn("already-there", self.deliver("12"))

    def test_no_ledger(self):
        """a ledger that is gone is trouble of ours, and the log says how to make it anew"""
        self.deliver("14")
        shutil.rmtree(self.site.home() / ".pigeon" / "done")
        done = self.site.deliver(queue_id="15")
        self.assert_not_delivered(done, 75, site=self.site)
        self.assertEqual(done.record["remedy"], f"mkdir -m 700 {shlex.quote(str(self.site.home() / '.pigeon' / 'done'))}")
        self.assertEqual(len(self.site.files()), 1)


if __name__ == "__main__":
    unittest.main()
