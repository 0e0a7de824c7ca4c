# SPDX-License-Identifier: MIT
"""Every plugin that is installed, by levels 1 to 3 of pigeon-conformance; level 4 has a test of its own."""

import os
import time
import unittest

from conformance_runs import SHIPPED, is_sanitized, outcomes
from pigeon_site import PLUGINS

WHOLE_MAILDIR = 60  # seconds
# Of each, what it would be skipped for if the plugin claimed less than it does.
PASSED = {
    "creator-lock": {"CREATOR-31", "CREATOR-34", "CREATOR-36"},
    "creator-optimistic": {"CREATOR-33", "CREATOR-34", "CREATOR-36"},
    "datatree-sqlite": {"TREE-13", "TREE-20", "TREE-34"},
    "mailStore": {"MODULE-02", "MODULE-07"},
    "mailUsers": {"MODULE-02", "MODULE-07"},
    "mda-lmtp": {"MDA-01", "MDA-05", "MDA-07", "MDA-24", "MDA-27", "MDA-28"},
    "mda-maildir": {"MDA-01", "MDA-22", "MDA-27", "MDA-28"},
    "mda-mbox": {"MDA-01", "MDA-11", "MDA-12", "MDA-22", "MDA-27", "MDA-28"},
    "mda-sqlite": {"MDA-01", "MDA-11", "MDA-12", "MDA-22", "MDA-27", "MDA-28"},
}


class ShippedTest(unittest.TestCase):
    def check(self, plugin):
        status, found = outcomes(plugin, "--level", "3")
        bad = [each for each in found.values() if each["status"] not in ("passed", "skipped")]
        self.assertEqual((status, bad), (0, []))
        passed = {check for check, each in found.items() if each["status"] == "passed"}
        self.assertLessEqual(PASSED.get(plugin.stem, set()) | {"FILE-01", "LIFE-01", "PROC-01"}, passed)
        return passed, set(found)

    def test_plugins(self):
        """every plugin of this package conforms"""
        plugins = SHIPPED
        self.assertLessEqual(set(PASSED), {plugin.stem for plugin in plugins})
        for plugin in plugins:
            if plugin.stem != "mda-maildir":
                with self.subTest(plugin.stem):
                    passed, tried = self.check(plugin)
                    if plugin.stem == "creator-none":  # it makes no promise, and is not said to keep it
                        self.assertEqual(passed & {"CREATOR-33", "CREATOR-34"}, set())
                    if plugin.stem == "datatree-sqlite":  # it claims everything
                        self.assertEqual({check for check in tried - passed if check.startswith("TREE")}, set())

    def test_maildir(self):
        """mda-maildir conforms, and to check that takes less than a minute"""
        is_idle = os.getloadavg()[0] <= os.cpu_count()  # else it is the others' time that is measured
        begin, before = time.monotonic(), os.times()
        self.check(PLUGINS / "mda-maildir.so")
        took, after = time.monotonic() - begin, os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        if not is_sanitized():
            self.assertLess(took if is_idle else spent, WHOLE_MAILDIR)


if __name__ == "__main__":
    unittest.main()
