# SPDX-License-Identifier: MIT
"""How often a program waits for a server, by its system calls: each wait for an answer is a round trip."""

import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "lib"))

import tracing  # noqa: E402

WRITES = ("write", "writev", "sendto", "sendmsg")
READS = ("read", "readv", "recvfrom", "recvmsg")


class Trace:
    """REQUIRES: use as a context manager. sockets: the paths at which the server listens; none: there is no server; None:
    somebody else talks to it."""

    def __init__(self, directory, sockets):
        self.file, self.sockets = directory / "trace", sockets
        self.strace = shutil.which("strace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.unlink(missing_ok=True)

    @property
    def is_possible(self):
        return self.strace is not None and bool(self.sockets)

    def command(self, words):
        """The command line that does as these words do, and writes down what it asks the system for."""
        calls = ",".join(("connect", "close", *WRITES, *READS))
        return [self.strace, "-f", "-qq", "-e", f"trace={calls}", "-e", "signal=none", "-o", self.file, *words]

    def count(self):
        """None: nobody knows."""
        if not self.is_possible:
            return 0 if self.sockets == () else None
        count, waiting = 0, {}  # the descriptors, and whether something was sent to it that was not answered
        for call in tracing.calls(self.file):
            descriptor = (call.pid, call.arguments[0])
            if call.name == "connect" and any(f'"{s}"' in call.arguments[1] for s in self.sockets):
                waiting[descriptor] = True  # a server may be the first to speak
            elif call.name == "close":
                waiting.pop(descriptor, None)
            elif descriptor in waiting and not call.failed:
                if call.name in WRITES:
                    waiting[descriptor] = True
                elif waiting[descriptor] and re.match(r"[1-9]", call.result):
                    waiting[descriptor] = False
                    count += 1
        return count
