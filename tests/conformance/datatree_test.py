# SPDX-License-Identifier: MIT
"""Datatrees and creators by pigeon-conformance: it catches what is wrong, and the examples are right."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from example_builds import ExampleBuilds
from pigeon_site import PREFIX

CONFORMANCE = PREFIX / "bin" / "pigeon-conformance"
SEED = os.environ.get("PIGEON_SEED") or "1"
LINES = """/ mailRoot tree=example
/example.com mailDomain
/example.com/mailUsers mailUsers
/example.com/mailUsers/alice mailUser +mda-plainAllocation id=1 ready=TRUE home=a%20b
/example.com/mailUsers/bob mailUser
/example.org mailDomain acceptUnknown=TRUE
"""
OBJECTS = [
    {"path": "/", "class": "mailRoot", "attributes": {"tree": "example"}},
    {"path": "/example.com", "class": "mailDomain"},
    {"path": "/example.com/mailUsers", "class": "mailUsers"},
    {"path": "/example.com/mailUsers/alice", "class": "mailUser", "auxiliary": ["mda-plainAllocation"],
     "attributes": {"id": "1", "ready": "TRUE", "home": "a b"}},
    {"path": "/example.com/mailUsers/bob", "class": "mailUser"},
    {"path": "/example.org", "class": "mailDomain", "attributes": {"acceptUnknown": "TRUE"}},
]


class Checks(unittest.TestCase):
    def conformance(self, *arguments):
        command = [str(CONFORMANCE), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    def selftest(self, *filters):
        caught = []
        # Much of the time is spent in waiting for what hangs on purpose.
        with concurrent.futures.ThreadPoolExecutor(len(filters)) as pool:
            command = ("selftest", "--seed", SEED, "--filter")
            every = [pool.submit(self.conformance, *command, each) for each in filters]
        for done in (each.result() for each in every):
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            caught += [line for line in done.stdout.splitlines() if line.startswith("caught")]
        self.assertGreaterEqual(len(caught), 10, caught)

    def outcomes(self, plugin, kind, config=None):
        """What became of each check of its kind, by id; none may have failed."""
        with tempfile.TemporaryDirectory() as directory:
            report = pathlib.Path(directory) / "report.json"
            arguments = ["run", "--level", "3", "--filter", kind, "--seed", SEED, "--json", report]
            if config is not None:
                arguments += ["--config", config]
            done = self.conformance(*arguments, plugin)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return {each["check"]: each for each in json.loads(report.read_text(encoding="utf-8"))}

    def passed(self, outcomes):
        return {name for name, each in outcomes.items() if each["status"] == "passed"}

    def test_wrong_datatrees(self):
        """each check of a datatree catches one that is wrong in one way, and passes one that is right"""
        # What is watched from outside has a test of its own.
        self.selftest("TREE-0", "TREE-1", "TREE-2", "TREE-3")

    def test_wrong_creators(self):
        """each check of a creator catches a creator that is wrong in one way, and passes one that is right"""
        self.selftest("CREATOR-0", "CREATOR-3")

    def test_examples(self):
        """each example datatree passes with a tree to read, and skips what it does not claim; so does the creator"""
        builds = ExampleBuilds()
        self.addCleanup(builds.__exit__)
        for name, text in (("datatree-lines", LINES), ("datatree-json", json.dumps(OBJECTS))):
            builds.build(name)
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                file = pathlib.Path(directory) / "tree"
                file.write_text(text, encoding="utf-8")
                config = pathlib.Path(directory) / "config.json"
                config.write_text(json.dumps({"file": str(file)}), encoding="utf-8")
                passed = self.passed(self.outcomes(builds.plugins / f"{name}.so", "TREE", config))
                self.assertLessEqual({"TREE-02", "TREE-04", "TREE-05", "TREE-06", "TREE-07", "TREE-09"}, passed)
                self.assertNotIn("TREE-13", passed)
        builds.build("creator-first")
        passed = self.passed(self.outcomes(builds.plugins / "creator-first.so", "CREATOR"))
        self.assertLessEqual({"CREATOR-34", "CREATOR-36"}, passed)


if __name__ == "__main__":
    unittest.main()
