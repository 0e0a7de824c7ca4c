# SPDX-License-Identifier: MIT
"""Level 4 of pigeon-conformance: what is watched from outside, of every plugin that is installed; and that each of
these checks can fail.
"""

import os
import unittest

from conformance_runs import SHIPPED, conformance, is_sanitized, outcomes
from pigeon_site import PREFIX

# The ids of level 4 of this kind: each is checked by itself, so that a failure is told at once. With sanitizers
# everything takes so long that it is one check of each; and none that fails calls, because theirs would fail too.
KINDS = ("FILE-4", "LIFE-4", "PROC-4", "MDA-4", "TREE-4", "CREATOR-4", "MODULE-4")
WATCHED = ("FILE-41", "PROC-41", "MDA-42", "TREE-41") if is_sanitized() else KINDS
# Needs a server: tests/server has it; and what a module writes: of ours, none writes anything itself, but selftest's.
ELSEWHERE = {"TREE-47", "MODULE-42", "MODULE-43"}
LONGEST = 1200  # seconds


class Level4Test(unittest.TestCase):
    def test_every_installed_plugin(self):
        """Every installed plugin survives being killed, failed and cut off from power, at every step."""
        plugins = SHIPPED
        self.assertGreater(len(plugins), 5)
        passed = {}
        # The search for leaks does not work in a process that is watched already.
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}
        for plugin in plugins:
            for checks in WATCHED:
                _, found = outcomes(plugin, "--filter", checks, timeout=LONGEST, env=environment)
                for outcome in found.values():
                    with self.subTest(plugin=plugin.name, check=outcome["check"]):
                        self.assertIn(outcome["status"], ("passed", "skipped"), outcome)
                        passed.setdefault(outcome["check"], set())
                        if outcome["status"] == "passed":
                            passed[outcome["check"]].add(plugin.stem)
        for check, by in passed.items():
            with self.subTest(check=check):
                if check in ELSEWHERE:
                    continue
                self.assertTrue(by, "it was skipped for every plugin")
        self.assertLessEqual({"mda-lmtp", "mda-maildir"}, passed["MDA-42"])
        if not is_sanitized():
            self.assertIn("mda-maildir", passed["MDA-41"])
            self.assertLessEqual({"mda-lmtp", "mda-maildir"}, passed["MDA-43"])
        self.assertIn("datatree-sqlite", passed["TREE-41"])

    def test_every_check_can_fail(self):
        """Each check of level 4 catches every plugin that is wrong in its way, and lets the good ones pass."""
        if not (PREFIX / "lib" / "pigeon" / "conformance").is_dir():
            self.skipTest("the plugins that are wrong on purpose are not installed")
        for checks in WATCHED:
            with self.subTest(checks=checks):
                done = conformance("selftest", "--filter", checks, timeout=LONGEST)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("caught", done.stdout)


if __name__ == "__main__":
    unittest.main()
