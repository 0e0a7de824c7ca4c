# SPDX-License-Identifier: MIT
"""The model in docs/model: it holds, and it would not without its guards."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

MODEL = pathlib.Path(__file__).resolve().parents[2] / "docs" / "model"
LONGEST = 600  # seconds, on a machine that does much else


@unittest.skipUnless(shutil.which("spin"), "there is no spin")
class Model(unittest.TestCase):
    def check(self, *arguments, script=MODEL / "check"):
        return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=LONGEST)

    def test_model(self):
        """each property of the model holds, and is refuted without the guard that it rests on"""
        done = self.check(*(["--all"] if os.environ.get("PIGEON_ALL_FAULTS") else []))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreater(len(re.findall(r" holds .* states$", done.stdout, re.MULTILINE)), 30)
        self.assertGreater(len(re.findall(r" without .* refuted .* states$", done.stdout, re.MULTILINE)), 15)

    def test_steps(self):
        """a refuted property is shown step by step, and the exit status says so"""
        done = self.check("creators", "LOCK", "2", "TOKEN", "no_write_after_takeover")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"fate:  stopped\[0\] = 1\n(.*\n)*host 0:  late_write = 1")

    def test_broken(self):
        """a model that no longer holds, or is not searched to its end, is a failure"""
        with tempfile.TemporaryDirectory(prefix="a model ") as directory:
            for file in MODEL.iterdir():
                shutil.copy(file, directory)
            model = pathlib.Path(directory, "mailbox.pml")
            text = model.read_text()
            looks = "stamp[place[me]] == mine[me] || !guarded(STAMP_OPENED)"
            self.assertEqual(text.count(looks), 1)
            model.write_text(text.replace(looks, "1"))
            script = pathlib.Path(directory, "check")
            line = ("mailbox", "ONE_USER", "3", "-", "nothing_astray")
            done = self.check(*line, script=script)
            self.assertEqual((done.returncode, " refuted " in done.stdout), (1, True), done.stdout + done.stderr)
            model.write_text(text)
            script.write_text(script.read_text().replace("-m1000000", "-m100"))
            done = self.check(*line, script=script)
            self.assertEqual((done.returncode, " unfinished " in done.stdout), (1, True), done.stdout)


if __name__ == "__main__":
    unittest.main()
