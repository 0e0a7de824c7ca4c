# SPDX-License-Identifier: MIT
"""What a delivery puts in front of a message and what it takes away there; senders; loops."""

import email.parser
import unittest

from pigeon_site import MESSAGE, Site
from verdicts import Verdicts

LOOP = "5.4.6 mail forwarding loop"


class Fields(unittest.TestCase, Verdicts):
    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def stored(self, message=MESSAGE, recipient="alice@example.com", **how):
        """Delivers, and answers what appeared."""
        before = {f.name for f in self.site.files()}
        self.assert_delivered(self.site.deliver(recipient, message, **how))
        [new] = [f for f in self.site.files() if f.name not in before]
        return new.read_bytes()

    def test_prefix(self):
        """Return-Path, Delivered-To and, where it is known, X-Original-To are put in front, in this order"""
        self.assertEqual(self.stored(), b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\n" + MESSAGE)
        stored = self.stored(extra=["-a", "alias@example.com"])
        self.assertTrue(stored.startswith(b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\n"
                                          b"X-Original-To: alias@example.com\nFrom: "))

    def test_null_senders(self):
        """every spelling of the null sender is the null sender"""
        for sender in ("", "<>", "@", "<@>", "MAILER-DAEMON", "mailer-daemon", "<MAILER-DAEMON>"):
            with self.subTest(sender=sender):
                self.assertTrue(self.stored(sender=sender).startswith(b"Return-Path: <>\nDelivered-To: "))

    def test_senders(self):
        """a sender stands in Return-Path as it was given, with one pair of brackets"""
        for sender, shown in (("<bob@example.org>", "bob@example.org"), ("MAILER-DAEMON@example.org",) * 2,
                              ("SRS0=x=y@example.org",) * 2, ("böb@exämple.org",) * 2, ('"a b"@example.org',) * 2,
                              ("-f@example.org",) * 2, ("../..@example.org",) * 2):
            with self.subTest(sender=sender):
                self.assertTrue(self.stored(sender=sender).startswith(f"Return-Path: <{shown}>\n".encode()))

    def test_hostile_envelope(self):
        """no address of the envelope can add a line to the header, or make one that is too long; none refuses mail"""
        hostile = [b"a\nX-Injected: 1@x", b"a\r\n\r\nbody", b"a\x1b[2J\x07", b"\xff\xfe@x", b"a" * 65536,
                   b"<<>>", b">", b"a>\r", "a\u0085\u2028b@x".encode()]
        for text in hostile:
            for how in ({"sender": text}, {"extra": [b"-a", text]}, {"extra": [b"-r", text]}):
                with self.subTest(text=text[:20], how=list(how)):
                    stored = self.stored(**how)
                    head = stored[: -len(MESSAGE)]
                    self.assertTrue(stored.endswith(MESSAGE))
                    names = [line.split(b":")[0] for line in head.splitlines()]
                    self.assertIn(names, ([b"Return-Path", b"Delivered-To"],
                                          [b"Return-Path", b"Delivered-To", b"X-Original-To"]))
                    self.assertTrue(all(len(line) <= 998 for line in head.split(b"\n")))
                    self.assertFalse(any(byte < 32 and byte != 10 or byte == 127 for byte in head))
                    fields = email.parser.BytesParser().parsebytes(stored)
                    self.assertNotIn("X-Injected", fields)
                    self.assertEqual(fields["Subject"], "a message")

    def test_sender_of_the_message(self):
        """without -f, the sender is that of the From_ line, or else that of this hop's Return-Path"""
        below = b"Received: by here\n" + MESSAGE
        for top, sender in ((b"From f@example.org Thu Jan  1 00:00:00 1970\n", b"f@example.org"),
                            (b"Return-Path: <r@example.org>\n", b"r@example.org"), (b"Return-Path: <>\n", b""), (b"", b""),
                            (b"From f@example.org x\nReturn-Path: <r@example.org>\n", b"f@example.org"),
                            (b"Received: x\nReturn-Path: <r@example.org>\n", b""), (b"From MAILER-DAEMON x\n", b"")):
            with self.subTest(top=top):
                stored = self.stored(top + below, sender=None)
                self.assertTrue(stored.startswith(b"Return-Path: <" + sender + b">\n"), stored)
        stored = self.stored(b"From f@example.org x\n" + below, sender="bob@example.org")
        self.assertTrue(stored.startswith(b"Return-Path: <bob@example.org>\n"))

    def test_this_hop_is_replaced(self):
        """what the MTA put above the first Received for this hop is replaced, whatever its case and folding"""
        top = (b"Return-Path: <old@example.org>\nX-Original-To: old@example.net\nX-Kept: 1\n"
               b"delivered-TO:\n old@example.net\nX-Kept: 2\n\tmore\nRETURN-PATH : <old@example.org>\n")
        below = b"Received: by here\nDelivered-To: earlier@example.net\nReturn-Path: <earlier@example.org>\n" + MESSAGE
        self.assertEqual(self.stored(top + below),
                         b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\nX-Kept: 1\nX-Kept: 2\n\tmore\n" + below)

    def test_without_received(self):
        """in a message without Received only the unbroken run at the very top is this hop's"""
        below = b"X-First: 1\nDelivered-To: kept@example.net\nReturn-Path: <kept@example.org>\n" + MESSAGE
        self.assertEqual(self.stored(b"Return-Path: <o@example.org>\nDelivered-To: o@example.net\n" + below),
                         b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\n" + below)

    def test_postfix_flags(self):
        """what Postfix puts in front with the flags D, O, R and F gives what we would have put there ourselves"""
        postfix = (b"From bob@example.org  Thu Jan  1 00:00:00 1970\nX-Original-To: alias@example.com\n"
                   b"Delivered-To: alice@example.com\nReturn-Path: <bob@example.org>\n")
        below = b"Received: by here\n" + MESSAGE
        self.assertEqual(self.stored(postfix + below, extra=["-a", "alias@example.com"]),
                         b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\nX-Original-To: alias@example.com\n"
                         + below)

    def test_loop(self):
        """our own Delivered-To below the first Received is a loop: refused for good, nothing stored"""
        before = len(self.site.files())
        for field in (b"Delivered-To: alice@example.com\n", b"delivered-to: ALICE@Example.COM\n",
                      b"Delivered-To:\n\t<alice@example.com>\n", b"Delivered-To : alice@example.com\r\n",
                      b"Delivered-To: x@example.com\nX: 1\nDelivered-To: alice@example.com\n"):
            with self.subTest(field=field):
                done = self.site.deliver(message=b"Received: by here\n" + field + MESSAGE)
                self.assert_not_delivered(done, 77, LOOP, self.site)
                self.assertIn("has been delivered to alice@example.com before", done.record["detail"])
        self.assertEqual(len(self.site.files()), before)

    def test_no_loop(self):
        """it is none above the first Received, for another address, in the body, or without any Received"""
        for message in (b"Delivered-To: alice@example.com\nReceived: by here\n" + MESSAGE,
                        b"X: 1\nDelivered-To: alice@example.com\nReceived: by here\n" + MESSAGE,
                        b"Received: by here\nDelivered-To: alice@example.net\n" + MESSAGE,
                        b"Received: by here\nDelivered-To: alice+x@example.com\n" + MESSAGE,
                        b"Received: by here\nX-Delivered-To: alice@example.com\n" + MESSAGE,
                        b"Received: by here\n\nReceived: quoted\nDelivered-To: alice@example.com\n",
                        b"Delivered-To: alice@example.com\n" + MESSAGE,
                        b"Subject: x\nDelivered-To: alice@example.com\n\nbody\n"):
            with self.subTest(message=message):
                self.stored(message)

    def test_loop_of_final_address(self):
        """with -r the loop is looked for under the address that Delivered-To gets"""
        message = b"Received: by here\nDelivered-To: final@example.net\n" + MESSAGE
        self.assert_not_delivered(self.site.deliver(message=message, extra=["-r", "final@example.net"]), 77, LOOP)
        self.stored(message, extra=["-r", "other@example.net"])

    def test_forwarded_round(self):
        """what we stored, sent round and back by a forwarding, is the loop that it is"""
        round_trip = b"Received: back here\n" + self.stored()
        self.assert_not_delivered(self.site.deliver(message=round_trip), 77, LOOP)


if __name__ == "__main__":
    unittest.main()
