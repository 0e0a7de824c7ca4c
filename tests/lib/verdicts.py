# SPDX-License-Identifier: MIT
"""What every run of pigeon-deliver has to keep, whatever it was given."""

import re

# One line, in printable ASCII: what a stranger gets to read.
LINE = re.compile(r"([245])\.\d{1,3}\.\d{1,3} [\x20-\x7e]{1,200}\n")


class Verdicts:
    """For unittest.TestCase."""

    def assert_delivered(self, done):
        """Exit 0, and nothing at all was printed."""
        self.assertEqual((done.exit, done.stdout, done.stderr), (0, b"", ""))
        self.assertEqual(done.record["status"], "delivered")

    def assert_not_delivered(self, done, exit, line=None, site=None):
        """That exit; one line for the sender, of a class that agrees with it and that tells nothing of the site."""
        self.assertEqual((done.exit, done.stdout), (exit, b""), done.stderr)
        match = LINE.fullmatch(done.stderr)
        self.assertIsNotNone(match, repr(done.stderr))
        self.assertEqual(match[1], "4" if exit == 75 else "5")
        if line is not None:
            self.assertEqual(done.stderr, line + "\n")
        if site is not None:
            self.assertNotIn(str(site.root), done.stderr)
        self.assertEqual(done.record["exit"], str(exit))
