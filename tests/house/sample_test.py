# SPDX-License-Identifier: MIT
"""The configuration that is installed to begin with."""

import os
import re
import subprocess
import unittest

from pigeon_site import MESSAGE, PREFIX, Site

SAMPLE = PREFIX / "etc" / "pigeon" / "pigeon.json.example"


class Sample(unittest.TestCase):
    def setUp(self):
        if 0 < os.geteuid() < 100:
            self.skipTest("the sample does not let a uid below 100 deliver")

    def try_it(self, text):
        """Sets up a site with this, moved to where the test may write, and delivers a message."""
        with Site(domain=None) as site:
            for there, here in (("/var/lib/pigeon", site.root / "state"), ("/var/mail/pigeon", site.base),
                                ("/usr/local/lib/pigeon/plugins", PREFIX / "lib" / "pigeon" / "plugins"),
                                ("vmail", site.settings.get("user", "nobody"))):
                self.assertIn(str(there), text)
                text = text.replace(str(there), str(here))
            text = text.replace('"to": "syslog",', f'"to": "{site.log_file}",', 1)
            site.write_configuration(text)
            for command in ("init", "domain add example.com", "user add alice@example.com", "check"):
                site.ctl(*command.split())
            command = site.command("alice@example.com")
            done = subprocess.run(command, input=MESSAGE, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertEqual(site.bodies(), [MESSAGE])

    def test_as_it_is(self):
        """with the installed sample, a site is set up, found to be right, and takes a message"""
        self.try_it(SAMPLE.read_text())

    def test_with_everything_that_is_commented_out(self):
        """what is commented out in the sample can be put into effect"""
        key = re.compile(r'^(\s*)// ("[a-z][A-Za-z]*": (?!"syslog"|"fold"))', re.MULTILINE)
        text, count = key.subn(r"\1\2", SAMPLE.read_text())
        self.assertGreaterEqual(count, 7)
        self.try_it(text)

    def test_is_installed_and_kept(self):
        """the sample stands where the programs look for their configuration"""
        self.assertTrue(SAMPLE.with_suffix("").is_file())


if __name__ == "__main__":
    unittest.main()
