# SPDX-License-Identifier: MIT
"""Whole deliveries, as tests/delivery has them, with the tree in slapd: nothing but the configuration differs."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

import tree_slapd

DELIVERY = pathlib.Path(__file__).resolve().parents[1] / "delivery"
# Those about who is who, what is merged, and what is allocated. The others are about the message and the process.
FILES = ("allocation_test", "folder_test", "merge_test", "once_test", "quota_test", "recipient_test", "refusal_test")
ALL = bool(os.environ.get("PIGEON_ALL_FAULTS"))


class Deliveries(unittest.TestCase):
    def test_deliveries(self):
        """deliveries from a tree in slapd are as those from the embedded one"""
        tree_slapd.need()
        names = FILES if not ALL else [file.stem for file in sorted(DELIVERY.glob("*_test.py"))]
        environment = {**os.environ, "PIGEON_TREE": "slapd", "PYTHONPATH": str(DELIVERY.parent / "lib")}
        for name in names:
            with self.subTest(name):
                command = [sys.executable, str(DELIVERY / f"{name}.py")]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                                      timeout=600)
                self.assertEqual(done.returncode, 0, done.stderr)
                ran, skipped = (re.search(pattern, done.stderr) for pattern in (r"Ran (\d+) tests?", r"skipped=(\d+)"))
                self.assertGreater(int(ran[1]), 0)
                # A skip of a whole class counts once for each case below it.
                self.assertLess(int(skipped[1]) if skipped else 0, 2 * int(ran[1]))


if __name__ == "__main__":
    unittest.main()
