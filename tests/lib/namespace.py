# SPDX-License-Identifier: MIT
"""A place to run programs in, whose mounts and processes end with it, and whose /dev/log is ours.

What is mounted in it is mounted nowhere else. Killing its first process kills every other one in it, so that nothing
stays behind, however a test ends.
"""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

# Makes a /dev with a log of ours in it, then waits, and takes the exit statuses that nobody else takes.
# $0 is the scratch directory.
PREPARE = r"""
set -e
mount -t tmpfs -o mode=755 dev "$0/dev"
for each in full null random tty urandom zero; do
  touch "$0/dev/$each"
  mount --bind "/dev/$each" "$0/dev/$each"
done
mkdir "$0/dev/shm"
chmod 1777 "$0/dev/shm"
ln -s /proc/self/fd "$0/dev/fd"
for each in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${each%:*}" "$0/dev/${each#*:}"; done
ln -s "$0/log" "$0/dev/log"
mount --rbind "$0/dev" /dev
exec python3 -c "
import os, time
print('ready', flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.05)
"
"""

TIME = rb"\w{3} [ \d]\d \d\d:\d\d:\d\d "
PROGRAM = re.compile(rb"<\d+>(?:" + TIME + rb")?(?P<program>[^\[:]+)(?:\[\d+\])?: (?P<text>.*)", re.DOTALL)
FIELD = re.compile(r' ([\w-]+)=("(?:[^"\\]|\\.)*"|\S+)')


class Namespace:
    """REQUIRES: use as a context manager. view: a View, whose servers are then to be found in here."""

    def __init__(self, view=None):
        if os.geteuid() != 0:
            raise unittest.SkipTest("mounts of one's own need root")
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-namespace."))
        self.scratch.chmod(0o755)
        (self.scratch / "dev").mkdir()
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(str(self.scratch / "log"))
        (self.scratch / "log").chmod(0o666)
        self.lines = []  # (program, text) of everything that was logged
        self.lines_read = 0
        # Always at it: whoever logs waits until his line was taken.
        threading.Thread(target=self.read_log, daemon=True).start()
        prepare = ["sh", "-c", PREPARE, str(self.scratch)]
        first = view.command(prepare) if view else ["unshare", "--mount", "--propagation", "private", *prepare]
        alone = ["setpriv", "--pdeathsig", "KILL",
                 "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        self.first = subprocess.Popen([*alone, *first], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)
        if self.first.stdout.readline() != b"ready\n":
            why = self.first.stderr.read().decode().strip()
            self.__exit__()
            raise unittest.SkipTest(f"this machine does not let us have a namespace of our own: {why}")
        children = pathlib.Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text()
        self.pid = int(children.split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.first.kill()
        self.first.wait()
        self.log.shutdown(socket.SHUT_RDWR)
        for pipe in (self.first.stdout, self.first.stderr, self.log):
            pipe.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def command(self, arguments):
        """The command line that runs these arguments in here."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", f"--wd={os.getcwd()}", "--"]
        return [*enter, *map(str, arguments)]

    def run(self, *arguments, check=True, **how):
        """Runs a command in here; answers its CompletedProcess."""
        how = {"capture_output": True, "text": True, "timeout": 60, **how}
        done = subprocess.run(self.command(arguments), check=False, **how)
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def seen(self, path):
        """A path in here, as it can be reached from outside."""
        return pathlib.Path(f"/proc/{self.pid}/root{path}")

    def read_log(self):
        with contextlib.suppress(OSError):  # closed
            while match := PROGRAM.match(self.log.recv(65536)):
                self.lines.append((match["program"].decode(), match["text"].decode("utf-8", "replace").rstrip("\0\n")))

    def new_log_lines(self):
        """What was logged since the last look: (program, text) of each line."""
        fresh = self.lines[self.lines_read :]
        self.lines_read += len(fresh)
        return fresh


def record_of(text):
    """A log record of PigeonDeliver's in the form of text, as the one in the form of JSON would be."""
    head = text.split(" ", 2)
    fields = {name: re.sub(r'\\"', '"', value[1:-1]) if value.startswith('"') else value
              for name, value in FIELD.findall(text)}
    return {"level": head[0], "event": head[1] if len(head) > 1 else "", **fields}
