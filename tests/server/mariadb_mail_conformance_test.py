# SPDX-License-Identifier: MIT
"""mda-sql by pigeon-conformance, on a MariaDB server: every check of every level, in a database of its own each."""

import json
import os
import pathlib
import tempfile
import unittest

import mariadb
from conformance_runs import conformance, is_sanitized
from pigeon_site import PLUGINS

SEED = os.environ.get("PIGEON_SEED") or "1"
# There is nothing to load, and nothing in files.
SKIPPED = {"LIFE-09", "MDA-09", "MDA-22", "MDA-23", "MDA-30"}
if is_sanitized():
    SKIPPED |= {"LIFE-42", "MDA-48", "MDA-49"}  # the memory is the sanitizer's


def setUpModule():
    global server, directory
    mariadb.need()
    server = unittest.enterModuleContext(mariadb.MariaDB())
    server.sql("CREATE USER pigeon@localhost IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pigeon@localhost")
    directory = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="pigeon mail ")))


class Conformance(unittest.TestCase):
    def run_checks(self, layout, *arguments):
        """What became of each check, by its id; none may have failed."""
        config, report = directory / "config.json", directory / "report.json"
        settings = {**server.settings(), "database": "{directory}", "layout": layout}
        config.write_text(json.dumps(settings), encoding="utf-8")
        done = conformance("run", "--config", config, "--json", report, "--seed", SEED, *arguments,
                           PLUGINS / "mda-sql.so", timeout=900)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {each["check"]: each["status"] for each in json.loads(report.read_text(encoding="utf-8"))}

    def test_table_per_user(self):
        """every check of levels 1 to 4 passes with a table for each user, but what is about files"""
        outcomes = self.run_checks("table-per-user", "--level", "4")
        self.assertEqual({name for name, status in outcomes.items() if status != "passed"}, SKIPPED)
        self.assertGreater(len(outcomes), 40)

    def test_shared(self):
        """every check of an MDA's contract passes with tables that all users share"""
        outcomes = self.run_checks("shared", "--filter", "MDA", "--level", "3")
        self.assertLessEqual({name for name, status in outcomes.items() if status != "passed"}, SKIPPED)
        self.assertGreater(len(outcomes), 15)


if __name__ == "__main__":
    unittest.main()
