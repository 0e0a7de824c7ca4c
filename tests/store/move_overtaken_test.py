# SPDX-License-Identifier: MIT
"""A move that sleeps somewhere, while readers go on."""

import unittest

from move_scene import ALICE, MAILDIR, Asleep, message
from pigeon_site import CTL, without_prefix
from store_site import TWIN, StoreSite


class Readers(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(StoreSite())
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "createFolders=TRUE")
        for number in range(40):
            self.assertEqual(self.site.deliver(message=message(number), queue_id=f"Q{number}").exit, 0)
        self.assertEqual(self.site.deliver(message=message(40), queue_id="Q40", extra=["-m", "Work"]).exit, 0)

    def test_busy_readers(self):
        """what readers rename, move and add in the old mailbox while the others are copied is there once in the new one"""
        command = [str(CTL), *self.site.common_arguments(), "mailbox", "move", ALICE, TWIN, "--purge"]
        with Asleep(command, "renameat", 1) as move:  # the first messages are read, and the others listed
            work = self.site.maildir() / ".Work" / "cur"
            for number, file in enumerate(self.site.files()):
                if number % 2 == 0:
                    file.rename(work / f"17000.{number}.reader:2,S")
                else:
                    file.rename(file.parents[1] / "cur" / f"{file.name}:2,F")
            copied = work / "18000.reader:2,"
            copied.write_bytes((work / "17000.0.reader:2,S").read_bytes())
            move.wake()
            told = move.told()
        self.assertEqual(move.returncode, 0, told)
        self.assertIn("42 messages moved", told)
        bodies = sorted(without_prefix(text) for text in self.site.texts())
        self.assertEqual(len(bodies), 42)
        self.assertEqual(sorted(set(bodies)), sorted(message(number) for number in range(41)))


if __name__ == "__main__":
    unittest.main()
