# SPDX-License-Identifier: MIT
"""What the tests of the program as a process share."""

import contextlib
import subprocess
import unittest

from pigeon_site import MESSAGE, Site
from verdicts import Verdicts

UNKNOWN = b"5.1.1 unknown recipient\n"


class Case(unittest.TestCase, Verdicts):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.site = Site(cls.settings).__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def start(self, recipient="alice@example.com", arguments=(), **how):
        """Starts a delivery; its input is a pipe unless said otherwise."""
        how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        process = subprocess.Popen(self.site.command(recipient, extra=arguments), **how)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def run_with(self, recipient="alice@example.com", message=MESSAGE, **how):
        """A delivery with something odd about its process: exit and standard error."""
        done = subprocess.run(self.site.command(recipient), input=message, stderr=subprocess.PIPE, check=False, timeout=60,
                              **how)
        return done.returncode, done.stderr

    def count(self):
        return len(self.site.files())
