# SPDX-License-Identifier: MIT
"""What every MTA has to do with PigeonDeliver behind it. Each test is run with each of them."""

import email
import os
import random
import re
import time
import unittest

from servers import wait_until
from trouble_site import TroubleSite
from troubles import BASE, CONFIGURATION, LIMITS, MISDEEDS, PLUGINS, TREE

ALL = bool(os.environ.get("PIGEON_ALL_FAULTS"))
SENDER = "sender@example.com"


def some_troubles():
    """Of each kind of trouble a few, drawn by the seed; and always one that comes after the message was stored."""
    tables = (TREE, BASE, CONFIGURATION, PLUGINS, LIMITS, MISDEEDS)
    kinds = [[t for t in table if not t.only_directly] for table in tables]
    if ALL:
        return [t for kind in kinds for t in kind]
    draw = random.Random(os.environ.get("PIGEON_SEED", ""))
    late = [t for t in MISDEEDS if t.is_stored]
    return [t for kind in kinds for t in draw.sample([t for t in kind if not t.is_slow], 2)] + [draw.choice(late)]


def plain(address):
    """Without the quotes that an address does not need, or that were added on the way."""
    return re.sub(r'["\\]', "", address)


class Cases:
    """For unittest.TestCase."""

    server = None  # the class of the MTA
    gives_original = True  # the recipient as it was before any rewriting
    most_odd_addresses = 13  # of those in test_addresses it takes more than so many

    @classmethod
    def setUpClass(cls):
        cls.skipped = None
        try:
            cls.mta = cls.server().__enter__()
        except unittest.SkipTest as skip:
            cls.skipped = str(skip)
            return
        cls.addClassCleanup(cls.mta.__exit__)

    def setUp(self):
        if self.skipped:
            self.skipTest(self.skipped)
        self.site = self.site_of_its_own()

    def site_of_its_own(self):
        site = TroubleSite(self.mta.namespace)
        self.addCleanup(site.__exit__)
        site.ctl("user", "add", SENDER)
        self.mta.serve(site)
        self.log_begin = len(self.mta.log())
        return site

    def tearDown(self):
        if not self.skipped:
            self.assertEqual(self.mta.queue(), [], "something was left in the queue")

    def messages_of(self, user, count=1):
        """The messages in a mailbox, once there are as many as that."""
        wait_until(lambda: len(self.new_messages(user)) >= count, self.mta.log)
        return self.new_messages(user)

    def new_messages(self, user):
        return [f.read_bytes() for f in sorted(self.site.maildir(user).glob("new/*"))]

    def settled(self):
        wait_until(lambda: not self.mta.queue(), lambda: (self.mta.queue(), self.mta.log()))

    @staticmethod
    def text(subject="a message", body="Hello.\n"):
        return f"From: bob@example.org\nSubject: {subject}\n\n{body}"

    def check_fields(self, stored, sender, delivered_to):
        parsed = email.message_from_bytes(stored)
        self.assertEqual(parsed.get_all("Return-Path"), [f"<{sender}>"])
        self.assertEqual(parsed.get_all("Delivered-To"), [delivered_to])
        self.assertEqual(parsed.get_all("X-Original-To"), [delivered_to] if self.gives_original else None)

    def check_bounce(self, line):
        """A bounce comes to the sender, through PigeonDeliver itself, and shows the line."""
        bounce = self.messages_of("sender")[0].decode()
        self.assertTrue(bounce.startswith("Return-Path: <>\n"), bounce)
        self.assertIn(line, re.sub(r"\s+", " ", bounce))
        self.assertNotIn(str(self.site.root), bounce)
        self.settled()
        return bounce

    def test_delivery(self):
        """a message comes by SMTP, and is in the Maildir with the fields of this hop, once each"""
        self.mta.send(["alice@example.com"], self.text())
        stored = self.messages_of("alice")
        self.assertEqual(len(stored), 1)
        self.check_fields(stored[0], SENDER, "alice@example.com")
        self.assertTrue(stored[0].replace(b"\r\n", b"\n").rstrip().endswith(b"\n\nHello."), stored[0])
        self.settled()  # the message is there before its line is logged; the MTA forgets it only after both
        record = [r for r in self.site.new_records() if r["event"] == "delivery"][0]
        self.assertRegex(record.get("queue", ""), rf"\A{self.mta.queue_id_shape}\Z")

    def test_null_sender(self):
        """the null sender is handed over as one"""
        self.mta.send(["alice@example.com"], self.text(), sender="")
        self.check_fields(self.messages_of("alice")[0], "", "alice@example.com")
        self.settled()

    def test_two_recipients(self):
        """two recipients of one message are two runs, and each has its answer"""
        self.mta.send(["alice@example.com", "carol@example.com", "nobody@example.com"], self.text())
        for user in ("alice", "carol"):
            self.check_fields(self.messages_of(user)[0], SENDER, f"{user}@example.com")
        self.assertEqual(len(self.messages_of("sender")), 1)
        self.settled()
        self.assertEqual([len(self.messages_of(u)) for u in ("alice", "carol", "sender")], [1, 1, 1])

    def test_unknown_user(self):
        """mail for nobody comes back, and says so in the words of the line"""
        self.mta.send(["nobody@example.com"], self.text())
        bounce = self.check_bounce("unknown recipient")
        self.assertIn("5.1.1", bounce)

    def test_refused(self):
        """what policy refuses, and what is too large, comes back with its reason"""
        self.site.ctl("tree", "set", "/example.com/mailUsers/carol", "enable=FALSE")
        self.site.ctl("tree", "set", "/example.com", "disabled=reject")
        self.mta.send(["carol@example.com"], self.text())
        self.check_bounce("mailbox disabled")
        self.site = self.site_of_its_own()
        with self.site.configured({"messageLimit": 300_000}):
            self.mta.send(["carol@example.com"], self.text(body=6000 * (70 * "x" + "\n")))
            wait_until(lambda: self.logged(self.mta.bounced), self.mta.log)
        self.check_bounce("the message is too large")  # OpenSMTPD's has all of the message in it

    def test_addresses(self):
        """what is odd in an address arrives as it was sent, and no shell ever reads it"""
        recipients = ["alice+detail@example.com", "alice+$home@example.com", "alice+`id`@example.com",
                      "alice+a'b;c|d&e@example.com", "alice+{}*?#%^@example.com", "alice+--help@example.com",
                      '"alice+two words"@example.com', '"alice+$(touch trap)"@example.com',
                      '"alice+;touch trap;"@example.com']
        senders = ["$HOME@example.org", "`id`@example.org", "a'b;c|d&e@example.org", "o'neil+tag@example.org",
                   "-f@example.org", "{x}~*?!#%@example.org", '"$(touch trap)"@example.org', '"two words"@example.org']
        before = sorted(self.site.root.rglob("trap"))
        taken = 0
        for sender, recipient in [(SENDER, r) for r in recipients] + [(s, "alice@example.com") for s in senders]:
            with self.subTest(sender=sender, recipient=recipient):
                if not self.mta.send([recipient], self.text(), sender=sender):
                    continue  # this MTA takes no such address
                taken += 1
                stored = self.messages_of("alice", taken)
                fields = [email.message_from_bytes(m) for m in stored]
                found = [(plain(f["Return-Path"]), plain(f["Delivered-To"])) for f in fields]
                self.assertIn((f"<{plain(sender)}>", plain(recipient)), found)
        self.assertGreater(taken, self.most_odd_addresses)
        self.settled()
        self.assertEqual(sorted(self.site.root.rglob("trap")), before)

    def test_utf8(self):
        """an address in UTF-8 arrives as it was sent"""
        self.site.ctl("user", "add", "jürgen@example.com")
        text = self.text().replace("bob@", "søren@").encode()
        if not self.mta.send(["jürgen@example.com"], text, "søren@example.org", " SMTPUTF8 BODY=8BITMIME"):
            self.skipTest(f"{self.mta.name} takes no address in UTF-8")
        fields = "Return-Path: <søren@example.org>\nDelivered-To: jürgen@example.com\n"
        self.assertTrue(self.messages_of("jürgen")[0].startswith(fields.encode()), self.new_messages("jürgen"))
        self.settled()

    def test_lost_answer(self):
        """a message that was stored while the MTA heard otherwise is not stored again, where it gives a queue id"""
        self.mta.serve(self.site, loses_answers=True)
        self.mta.send(["alice@example.com"], self.text())
        self.messages_of("alice")
        wait_until(lambda: self.logged(self.mta.deferred), self.mta.log)
        self.mta.serve(self.site)
        self.flush_until_settled()
        self.assertEqual(len(self.new_messages("alice")), 1 if self.mta.queue_id_shape else 2)

    def test_troubles(self):
        """local trouble keeps the mail in the queue, nobody gets a bounce, and once mended it is stored once"""
        rows = some_troubles()
        print("; ".join(t.name for t in rows), flush=True)
        for trouble in rows:
            with self.subTest(trouble.name):
                self.site = self.site_of_its_own()
                self.check_trouble(trouble)

    def check_trouble(self, trouble):
        with trouble.broken(self.site):
            self.assertTrue(self.mta.send([trouble.recipient], trouble.message().decode()))
            wait_until(lambda: self.logged(self.mta.deferred), self.mta.log)
            record = [r for r in self.site.new_records() if r["event"] == "delivery"][0]
            self.assertEqual((record["status"], record["recipient"]), ("deferred", trouble.recipient))
            self.assertRegex(record["detail"], trouble.detail)
            self.assertRegex(record["remedy"], trouble.remedy)
            self.assertEqual(len(self.mta.queue()), 1)
            self.assertEqual(len(self.site.stored()), int(trouble.is_stored), self.site.stored_files())
        self.flush_until_settled()
        self.assertEqual(len(self.site.stored()), 1, self.site.stored_files())
        self.assertIn(f"\nDelivered-To: {trouble.recipient}\n".encode(), self.site.stored()[0])
        self.assertFalse(self.logged(self.mta.bounced), self.mta.log())

    def logged(self, pattern):
        """Whether the MTA has logged such a line for this site."""
        return any(re.search(pattern, line) for line in self.mta.log()[self.log_begin :])

    def flush_until_settled(self):
        end = time.monotonic() + 20
        while self.mta.queue():
            self.assertLess(time.monotonic(), end, self.mta.log())
            self.mta.flush()
            time.sleep(0.2)
