# SPDX-License-Identifier: MIT
"""A mailbox whose move can be begun again from the same point, and stopped wherever it is."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import tracing
from faults import ALWAYS
from pigeon_site import CTL, MESSAGE
from scene import Wrong, expect
from store_site import TWIN, StoreSite

ALICE = "alice@example.com"
MAILDIR = "mda-maildir"


def message(number):
    return MESSAGE.replace(b"a message", b"message %d" % number)


STOPPED = re.compile(rb"^(\d+) +--- stopped by SIGSTOP", re.MULTILINE)  # strace pads short pids


class Asleep:
    """A command that sleeps once it has made a certain call: from when this is entered to `wake`."""

    def __init__(self, command, name, when):
        self.trace = tempfile.NamedTemporaryFile()
        inject = f"inject={name}:signal=STOP:when={when}"
        traced = [tracing.strace(), "-f", "-o", self.trace.name, "-e", f"trace={name}", "-e", inject, *command]
        self.process = subprocess.Popen(traced, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        end = time.monotonic() + 30
        while not (found := STOPPED.search(pathlib.Path(self.trace.name).read_bytes())):
            if self.process.poll() is not None or time.monotonic() > end:
                state = self.state()
                self.process.kill()  # and with it what it traces
                self.process.__exit__(None, None, None)
                raise Wrong(f"it never slept: {self.process.returncode}, {state}")
            time.sleep(0.005)
        self.pid = int(found[1])
        return self

    def __exit__(self, *_):
        self.wake()
        self.process.__exit__(None, None, None)
        self.trace.close()

    def wake(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)

    def told(self):
        try:
            return self.process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired as timeout:
            raise Wrong(f"it does not end: {self.state()}") from timeout

    def state(self):
        """What it last called, and what its processes are at."""
        shown = ["ps", "-o", "pid,stat,wchan:20,args", "--forest", "--ppid", str(self.process.pid), "-p", str(self.process.pid)]
        last = pathlib.Path(self.trace.name).read_text(errors="replace").splitlines()[-5:]
        return "\n".join([*last, subprocess.run(shown, capture_output=True, text=True, check=False).stdout])

    @property
    def returncode(self):
        return self.process.returncode


class MoveScene(StoreSite):
    """alice has two messages in a Maildir, of which one is marked, and one in a folder."""

    def __init__(self):
        super().__init__()
        self.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "createFolders=TRUE")
        for number, more in enumerate(([], [], ["-m", "Work"])):
            done = self.deliver(message=message(number), queue_id=f"Q{number}", extra=more)
            expect(done.exit == 0, done)
        file = self.files()[0]
        file.rename(file.parents[1] / "cur" / f"{file.name}:2,S")
        self.held_before = self.held()
        self.saved = self.root / "saved"
        self.parts = {"state": self.state, "mail": self.base, TWIN: self.bases[TWIN]}
        for name, path in self.parts.items():
            self.copy(path, self.saved / name)

    def copy(self, source, target):
        target.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", str(source), str(target)], check=True)

    def reset(self):
        for name, path in self.parts.items():
            shutil.rmtree(path)
            self.copy(self.saved / name, path)

    def command_of(self, *arguments):
        return [str(CTL), *self.common_arguments(), "mailbox", *arguments]

    def move(self, *options):
        return self.command_of("move", ALICE, TWIN, *options)

    def shown(self):
        return self.ctl("tree", "get", "/example.com/mailUsers/alice").stdout

    def trace(self):
        """What a move calls that changes something, in order."""
        with tempfile.NamedTemporaryFile() as trace:
            names = sorted(ALWAYS - {"clone", "clone3", "fork", "vfork", "sync_file_range"})
            known = ",".join("?" + name for name in names)
            traced = [tracing.strace(), "-f", "-o", trace.name, "-e", f"trace={known}", *self.move()]
            done = subprocess.run(traced, capture_output=True, text=True, check=False, timeout=120)
            expect(done.returncode == 0, done.stderr)
            found = tracing.calls(trace.name)
        self.reset()
        return found

    def calls(self):
        """The same, as (name, number of that name)."""
        found, seen = [], {}
        for call in self.trace():
            seen[call.name] = seen.get(call.name, 0) + 1
            found.append((call.name, seen[call.name]))
        return found
