# SPDX-License-Identifier: MIT
"""Whole deliveries, as tests/delivery has them, with the tree in MariaDB: nothing but the configuration differs."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

import mariadb

DELIVERY = pathlib.Path(__file__).resolve().parents[1] / "delivery"
# Those about who is who, what is merged, and what is allocated. The others are about the message and the process.
FILES = ("allocation_test", "folder_test", "merge_test", "once_test", "quota_test", "recipient_test", "refusal_test")
ALL = os.environ.get("PIGEON_ALL_FAULTS") == "1"


class Deliveries(unittest.TestCase):
    def test_deliveries(self):
        """deliveries from a tree in MariaDB are as those from the embedded one"""
        mariadb.need()
        names = FILES if not ALL else [file.stem for file in DELIVERY.glob("*_test.py")]
        environment = {**os.environ, "PIGEON_TREE": "mariadb", "PYTHONPATH": str(DELIVERY.parent / "lib")}
        for name in names:
            with self.subTest(name):
                command = [sys.executable, str(DELIVERY / f"{name}.py")]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
                self.assertEqual(done.returncode, 0, done.stderr)
                ran, skipped = (re.search(pattern, done.stderr) for pattern in (r"Ran (\d+) tests?", r"skipped=(\d+)"))
                self.assertGreater(int(ran[1]), 0)
                self.assertLess(int(skipped[1]) if skipped else 0, int(ran[1]) / 2)


if __name__ == "__main__":
    unittest.main()
