# SPDX-License-Identifier: MIT
"""datatree-sql by pigeon-conformance, on a MariaDB server: every check of every level, in a database of its own each."""

import json
import os
import pathlib
import tempfile
import unittest

import mariadb
from conformance_runs import conformance, is_sanitized
from pigeon_site import PLUGINS

SEED = os.environ.get("PIGEON_SEED") or "1"
# What cannot be seen of a server: its files, and what its disk has flushed. And there is nothing to load.
SKIPPED = {"LIFE-09", "TREE-37", "TREE-42"}
SKIPPED |= {"TREE-47"}  # over a socket of this host; it has a test of its own
if is_sanitized():
    SKIPPED |= {"LIFE-42", "TREE-45", "TREE-46"}  # the memory is the sanitizer's


def setUpModule():
    global server, directory
    mariadb.need()
    server = unittest.enterModuleContext(mariadb.MariaDB())
    for host in ("localhost", "127.0.0.1"):
        server.sql(f"CREATE USER pigeon@{host} IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pigeon@{host}")
    directory = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory(prefix="pigeon mariadb ")))


class Conformance(unittest.TestCase):
    def run_checks(self, settings, *arguments):
        """What became of each check, by its id; none may have failed."""
        config, report = directory / "config.json", directory / "report.json"
        config.write_text(json.dumps({**settings, "database": "{directory}"}), encoding="utf-8")
        done = conformance("run", "--config", config, "--json", report, "--seed", SEED, *arguments,
                           PLUGINS / "datatree-sql.so", timeout=900)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {each["check"]: each["status"] for each in json.loads(report.read_text(encoding="utf-8"))}

    def test_every_check(self):
        """every check of levels 1 to 4 passes on a server, but what is about files"""
        outcomes = self.run_checks(server.settings(), "--level", "4")
        self.assertEqual({name for name, status in outcomes.items() if status != "passed"}, SKIPPED)
        self.assertGreater(len(outcomes), 50)

    def test_silence(self):
        """a server that is silent could not be asked, and that is known by the deadline"""
        outcomes = self.run_checks(server.settings(by_socket=False), "--filter", "TREE-47")
        self.assertEqual(outcomes, {"TREE-47": "passed"})


if __name__ == "__main__":
    unittest.main()
