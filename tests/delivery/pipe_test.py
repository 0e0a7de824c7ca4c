# SPDX-License-Identifier: MIT
"""A message by pipe: what is stored, and what the MTA is told."""

import unittest

from pigeon_site import MESSAGE, Site


class Pipe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def test_success(self):
        """a delivered message is stored once, with this hop's fields in front, and nothing is printed"""
        before = len(self.site.files())
        done = self.site.deliver(sender="bob@example.org")
        self.assertEqual((done.exit, done.stdout, done.stderr), (0, b"", ""))
        self.assertEqual(done.record["status"], "delivered")
        self.assertEqual(len(self.site.files()), before + 1)
        self.assertEqual(
            self.site.messages()[-1],
            b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\n" + MESSAGE,
        )

    def test_unknown_user(self):
        """an unknown user is refused for good, in one line that says nothing of the site"""
        done = self.site.deliver("nobody@example.com")
        self.assertEqual((done.exit, done.stderr), (67, "5.1.1 unknown recipient\n"))

    def test_unknown_domain(self):
        """an unknown domain is an unknown recipient"""
        done = self.site.deliver("alice@example.net")
        self.assertEqual((done.exit, done.stderr), (67, "5.1.1 unknown recipient\n"))


if __name__ == "__main__":
    unittest.main()
