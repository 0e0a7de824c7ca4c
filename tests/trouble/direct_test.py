# SPDX-License-Identifier: MIT
"""Every local trouble, met by pigeon-deliver itself: the mail waits, and the log says what to do."""

import os
import random
import re
import unittest

from namespace import Namespace
from pigeon_site import without_prefix
from trouble_site import TroubleSite
from troubles import MISDEEDS, STANDING, TROUBLE
from verdicts import Verdicts

ALL = bool(os.environ.get("PIGEON_ALL_FAULTS"))
SAMPLE = 16


def some_misdeeds():
    """All of them, or as many as the everyday run has time for; one hang is always among them."""
    if ALL:
        return MISDEEDS
    draw = random.Random(os.environ.get("PIGEON_SEED", ""))
    hang = draw.choice([t for t in MISDEEDS if "hang" in t.name])
    return [hang, *draw.sample([t for t in MISDEEDS if not t.is_slow], SAMPLE)]


class Troubles(unittest.TestCase, Verdicts):
    @classmethod
    def setUpClass(cls):
        cls.namespace = None
        try:
            cls.namespace = Namespace().__enter__()
            cls.addClassCleanup(cls.namespace.__exit__)
        except unittest.SkipTest:
            pass  # then the rows that mount are skipped, and what goes to syslog is not seen

    def check(self, trouble):
        with self.subTest(trouble.name), TroubleSite(self.namespace) as site:
            message = trouble.message()
            retry = {"recipient": trouble.recipient, "message": message, "queue_id": "4ABC123"}
            with trouble.broken(site):
                done = site.deliver(**retry)
                self.check_refusal(trouble, site, done)
                self.assertEqual(len(site.stored()), int(trouble.is_stored), site.stored_files())
            done = site.deliver(**retry)
            self.assertEqual((done.exit, done.stderr), (0, ""), done.records)
            self.assertEqual(len(site.stored()), 1, site.stored_files())
            self.assertEqual(without_prefix(site.stored()[0]), message)

    def check_refusal(self, trouble, site, done):
        self.assertEqual((done.exit, done.stdout), (trouble.exit, b""), done)
        self.assertRegex(done.stderr, rf"\A{trouble.line}\n\Z", done.records)
        self.assertNotIn("/", done.stderr)
        if not self.namespace and not done.records:
            return  # it went to the machine's own syslog
        record = done.record
        self.assertEqual((record["status"], record["exit"]), ("deferred", str(trouble.exit)))
        self.assertRegex(record["detail"], trouble.detail)
        self.assertRegex(record.get("remedy", ""), trouble.remedy, record)

    def test_standing(self):
        """whatever of the site is broken, the mail waits, the log says what to do, and a retry stores it once"""
        for trouble in STANDING:
            self.check(trouble)

    def test_misdeeds(self):
        """whatever a plugin does to the process, the mail waits, the log names it, and a retry stores it once"""
        for trouble in some_misdeeds():
            self.check(trouble)

    def test_one_recipient(self):
        """a run for two recipients is refused, and the log says which setting of the MTA makes it one"""
        with TroubleSite(self.namespace) as site:
            done = site.run(site.command("alice@example.com", extra=["carol@example.com"]), b"Subject: x\n\n")
            self.assertEqual((done.exit, done.stderr, site.stored()), (75, f"4.3.5 {TROUBLE}\n", []))
            self.assertIn("NAME_destination_recipient_limit = 1", done.record["remedy"])

    def test_print(self):
        """what a plugin prints reaches nobody but the log"""
        for plugin, step in (("mailTrouble", "load"), ("mailTrouble", "run"), ("mda-trouble", "deliver")):
            with self.subTest(plugin=plugin, step=step), TroubleSite(self.namespace) as site:
                with site.misdeed(plugin, step, "print"):
                    done = site.deliver("carol@example.com")
                    self.assert_delivered(done)
                    said = [r["text"] for r in done.records if r["event"] == "output"]
                    self.assertEqual(len(said), 1)
                    self.assertRegex(said[0], "250 2.0.0 delivered, says the plugin.*5.7.1 refused, says the plugin")
                    self.assertEqual(len(site.stored()), 1)


if __name__ == "__main__":
    unittest.main()
