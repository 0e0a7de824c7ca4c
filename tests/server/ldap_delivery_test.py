# SPDX-License-Identifier: MIT
"""Whole deliveries and commands, as tests/delivery and tests/control have them, with the tree in slapd: nothing but the
configuration differs.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import tree_slapd
from pigeon_site import Site

DELIVERY = pathlib.Path(__file__).resolve().parents[1] / "delivery"
# Those about who is who, what is merged, and what is allocated. The others are about the message and the process.
FILES = ("allocation_test", "folder_test", "merge_test", "once_test", "quota_test", "recipient_test", "refusal_test")
ALL = bool(os.environ.get("PIGEON_ALL_FAULTS"))


class Deliveries(unittest.TestCase):
    def test_deliveries(self):
        """deliveries from a tree in slapd are as those from the embedded one"""
        files = FILES if not ALL else [file.stem for file in sorted(DELIVERY.glob("*_test.py"))]
        self.run_all([[DELIVERY / f"{name}.py"] for name in files])

    def test_commands(self):
        """objects, domains and users are added, changed, listed and removed as in the embedded one"""
        self.run_all([[DELIVERY.parent / "control/tree_test.py", "Objects"], [DELIVERY.parent / "control/accounts_test.py"]])

    def run_all(self, tests):
        tree_slapd.need()
        environment = {**os.environ, "PIGEON_TREE": "slapd", "PYTHONPATH": str(DELIVERY.parent / "lib")}
        for file, *classes in tests:
            with self.subTest(file.stem):
                command = [sys.executable, str(file), *classes]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                                      timeout=600)
                self.assertEqual(done.returncode, 0, done.stderr)
                ran, skipped = (re.search(pattern, done.stderr) for pattern in (r"Ran (\d+) tests?", r"skipped=(\d+)"))
                self.assertGreater(int(ran[1]), 0)
                # A skip of a whole class counts once for each case below it.
                self.assertLess(int(skipped[1]) if skipped else 0, 2 * int(ran[1]))


class Import(unittest.TestCase):
    def test_existing(self):
        """objects are imported one by one: what is there is skipped, everything else is written, and counted"""
        tree_slapd.need()
        with Site(tree_slapd.settings(None)) as site:
            users = [f"user{n}" for n in range(8)]
            rows = [json.dumps({"path": f"/example.com/mailUsers/{user}", "class": "mailUser"}) + "\n" for user in users]
            site.ctl("tree", "import", input=rows[2] + rows[5])
            refused = site.ctl("tree", "import", input="".join(rows), check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("line 3: add /example.com/mailUsers/user2: it is there already", refused.stderr)
            done = site.ctl("tree", "import", "--skip-existing", input="".join(rows[1:]))
            self.assertEqual(done.stdout, "4 objects imported\n")  # 3, 4, 6 and 7: 0 and 1 stand since it was refused
            self.assertEqual(site.ctl("user", "list", "example.com").stdout.split(),
                             sorted(f"{user}@example.com" for user in (*users, "alice")))


if __name__ == "__main__":
    unittest.main()
