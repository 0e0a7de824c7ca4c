# SPDX-License-Identifier: MIT
"""Level 4 of pigeon-conformance: what is watched from outside, of every plugin that is installed; and that each of
these checks can fail.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PREFIX = pathlib.Path(os.environ.get("PIGEON_PREFIX", "/usr"))
PROGRAM = PREFIX / "bin" / "pigeon-conformance"
PLUGINS = PREFIX / "lib" / "pigeon" / "plugins"
# What a plugin cannot be opened without, and no check can make up.
SETTINGS = {"mailStore": {"mda": "mda-maildir", "creator": "creator-lock"}}
# The ids of level 4 of this kind: each is checked by itself, so that a failure is told at once.
WATCHED = ("FILE-41", "LIFE-41", "PROC-41", "MDA-4", "TREE-4")


def conformance(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=1200)


def needs_program():
    if not PROGRAM.exists():
        raise unittest.SkipTest(f"there is no {PROGRAM}")


class Level4Test(unittest.TestCase):
    def setUp(self):
        needs_program()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pigeon level 4 "))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def outcomes(self, plugin, checks):
        """[{check, status, ...}] of the checks whose id holds this."""
        answer = self.directory / "outcomes.json"
        arguments = ["run", "--filter", checks, "--json", answer]
        if settings := SETTINGS.get(plugin.stem):
            config = self.directory / f"{plugin.stem}.json"
            config.write_text(json.dumps(settings), encoding="utf-8")
            arguments += ["--config", config]
        done = conformance(*arguments, plugin)
        self.assertIn(done.returncode, (0, 1, 3), done.stdout + done.stderr)
        return json.loads(answer.read_text(encoding="utf-8"))

    def test_every_installed_plugin(self):
        """Every installed plugin survives being killed, failed and cut off from power, at every step."""
        plugins = sorted(PLUGINS.glob("*.so"))
        self.assertGreater(len(plugins), 5)
        passed = {}
        for plugin in plugins:
            for checks in WATCHED:
                for outcome in self.outcomes(plugin, checks):
                    with self.subTest(plugin=plugin.name, check=outcome["check"]):
                        self.assertIn(outcome["status"], ("passed", "skipped"), outcome)
                        passed.setdefault(outcome["check"], set())
                        if outcome["status"] == "passed":
                            passed[outcome["check"]].add(plugin.stem)
        for check, by in passed.items():
            with self.subTest(check=check):
                self.assertTrue(by, "it was skipped for every plugin")
        self.assertIn("mda-maildir", passed["MDA-41"])
        self.assertIn("datatree-sqlite", passed["TREE-42"])

    def test_every_check_can_fail(self):
        """Each check of level 4 catches every plugin that is wrong in its way, and lets the good ones pass."""
        if not (PREFIX / "lib" / "pigeon" / "conformance").is_dir():
            self.skipTest("the plugins that are wrong on purpose are not installed")
        for checks in WATCHED:
            with self.subTest(checks=checks):
                done = conformance("selftest", "--filter", checks)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("caught", done.stdout)


if __name__ == "__main__":
    unittest.main()
