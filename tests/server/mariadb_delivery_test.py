# SPDX-License-Identifier: MIT
"""Whole deliveries and commands, as tests/delivery and tests/control have them, with the tree in MariaDB, on one server
and in a Galera cluster: nothing but the configuration differs.
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

import galera
import mariadb

DELIVERY = pathlib.Path(__file__).resolve().parents[1] / "delivery"
# Those about who is who, what is merged, and what is allocated. The others are about the message and the process.
FILES = ("allocation_test", "folder_test", "merge_test", "once_test", "quota_test", "recipient_test", "refusal_test")
IN_CLUSTER = ("allocation_test", "once_test", "recipient_test")  # every day
ALL = os.environ.get("PIGEON_ALL_FAULTS") == "1"


class Deliveries(unittest.TestCase):
    def run_deliveries(self, names, **environment):
        names = [file.stem for file in DELIVERY.glob("*_test.py")] if ALL else names
        self.run_all([[DELIVERY / f"{name}.py"] for name in names], **environment)

    def run_all(self, tests, **environment):
        environment = {**os.environ, "PIGEON_TREE": "mariadb", "PYTHONPATH": str(DELIVERY.parent / "lib"), **environment}
        for file, *classes in tests:
            with self.subTest(file.stem):
                command = [sys.executable, str(file), *classes]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
                self.assertEqual(done.returncode, 0, done.stderr)
                ran, skipped = (re.search(pattern, done.stderr) for pattern in (r"Ran (\d+) tests?", r"skipped=(\d+)"))
                self.assertGreater(int(ran[1]), 0)
                self.assertLess(int(skipped[1]) if skipped else 0, int(ran[1]) / 2)

    def test_deliveries(self):
        """deliveries from a tree in MariaDB are as those from the embedded one"""
        mariadb.need()
        self.run_deliveries(FILES)

    def test_commands(self):
        """objects, domains and users are added, changed, listed, moved and removed as in the embedded one"""
        mariadb.need()
        self.run_all([[DELIVERY.parent / "control/tree_test.py", "Objects", "Transfer.test_existing", "Transfer.test_wrong_lines"],
                      [DELIVERY.parent / "control/accounts_test.py"]])

    def test_in_a_cluster(self):
        """and so are those from a tree in a Galera cluster"""
        with galera.Cluster() as cluster:
            self.run_deliveries(IN_CLUSTER, PIGEON_MARIADB=str(cluster.nodes[1].socket))


if __name__ == "__main__":
    unittest.main()
