# SPDX-License-Identifier: MIT
"""A delivery that can be repeated from the same beginning, in which something goes wrong.

A scene is a site and a message on its way to it. `reset` puts tree and mail store back to what they were; `check_end`
says whether everything is as after a delivery in which nothing went wrong.
"""

import concurrent.futures
import contextlib
import hashlib
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import tracing
from pigeon_site import AS_ROOT, MESSAGE, USER, Delivery, Site, without_prefix

ALL_FAULTS = bool(os.environ.get("PIGEON_ALL_FAULTS"))
SEED = os.environ.get("PIGEON_SEED", "1")
ONLY = os.environ.get("PIGEON_FAULT", "")  # only the cases whose name contains this

EARLIER = MESSAGE.replace(b"a message", b"an earlier message")


class Wrong(AssertionError):
    """A promise that did not hold."""


def expect(condition, *what):
    if not condition:
        raise Wrong(": ".join(str(w) for w in what))


class Scene(Site):
    """creator: by its full name. first: nothing was ever delivered to the user. queue_id: None for a message without.
    folder: where the message goes; it is made, and there is a quota.
    """

    def __init__(
        self, creator, first=True, queue_id="4bXyZ1", message=MESSAGE, lease="400ms", settings=None, folder=None
    ):
        settings = {**(settings or {}), "mailStore": {"creator": creator}}
        if creator == "creator-lock":
            settings["creator-lock"] = {"lease": lease}
        super().__init__(settings)
        self.creator = creator
        self.queue_id = queue_id
        self.message = message
        self.folder = folder
        if folder:
            preferences = ("createFolders=TRUE", "quotaBytes=1G", "quotaMessages=1000")
            self.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", *preferences)
        self.earlier = 0 if first else 1
        if not first:
            done = self.deliver(message=EARLIER, queue_id="0earlier")
            expect(done.exit == 0, done)
        self.saved = self.root / "saved"
        self.saved.mkdir()
        self._copy(self.root, self.saved)
        self.reference = self._reference()

    def _copy(self, source, target):
        for part in ("state", "mail"):
            shutil.copytree(source / part, target / part)
            for directory, _, names in os.walk(target / part):
                chown(directory)
                for name in names:
                    chown(os.path.join(directory, name))

    def reset(self):
        """Puts tree and mail store back to what they were."""
        for part in (self.state, self.base):
            shutil.rmtree(part)
        self._copy(self.saved, self.root)

    def _reference(self):
        self.reset()
        done = self.again()
        expect(done.exit == 0, "a delivery in which nothing goes wrong", done)
        return self.listing()

    def arguments(self):
        extra = ["-m", self.folder] if self.folder else []
        return self.command("alice@example.com", queue_id=self.queue_id, extra=extra)

    def again(self):
        """The delivery, with nothing going wrong."""
        return self.run(self.arguments(), self.message)

    # What is on disk

    def listing(self):
        """Every name in the mail store and beside the tree, those of messages by their token only.

        But not a count of the quota that was being written: like anything old in tmp, readers of Maildirs remove it.
        """
        found = []
        for part in (self.base, self.state):
            for path in sorted(part.rglob("*")):
                name = str(path.relative_to(self.root))
                name = re.sub(r"/(new|cur)/\d+\.M\d+P\d+T([0-9a-f]+)\..*", r"/\1/\2", name)
                if not self.queue_id:
                    name = re.sub(r"/(new|cur)/[0-9a-f]+$", r"/\1/TOKEN", name)
                if "/tmp/maildirsize." not in name:
                    found.append(name)
        return sorted(found)

    def bodies(self, *_):
        """The messages that have appeared in any folder, without the fields that this delivery put in front."""
        found = [p for part in ("new", "cur") for p in self.base.rglob(f"{part}/*") if p.is_file()]
        return [without_prefix(p.read_bytes()) for p in found]

    def copies(self):
        """How many messages have appeared that are this one; every message that has appeared must be whole."""
        bodies = self.bodies()
        for body in bodies:
            expect(body in (self.message, EARLIER), "a message that is not whole", body)
        expect(bodies.count(EARLIER) == self.earlier, "an earlier message is gone", len(bodies))
        return bodies.count(self.message)

    def pending(self):
        """The deliveries that have begun and not ended, as the mailbox's ledger knows them."""
        directory = self.home() / ".pigeon" / "pending"
        return [p.name for p in directory.iterdir()] if directory.is_dir() else []

    def database(self):
        """A copy of the tree's files, opened."""
        with tempfile.TemporaryDirectory(prefix="pigeon-tree.") as directory:
            for file in self.state.iterdir():
                if not file.name.endswith("-shm"):
                    shutil.copy(file, directory)
            connection = sqlite3.connect(os.path.join(directory, "tree.db"))
            connection.execute("SELECT count(*) FROM tree").fetchall()
            rows = connection.execute("PRAGMA integrity_check").fetchall()
            expect(rows == [("ok",)], "PRAGMA integrity_check", rows)
            allocations = connection.execute('SELECT id, home, ready FROM "class_mda-maildirallocation"').fetchall()
            locks = connection.execute("SELECT count(*) FROM locks").fetchall()[0][0]
            connection.close()
            return allocations, locks

    def check_end(self, copies=1):
        """After a delivery that ended well: exactly so many copies, one allocation, a sound tree, nothing else."""
        expect(self.copies() == copies, f"{self.copies()} copies instead of {copies}")
        listing = self.listing()
        extra = [name for name in listing if listing.count(name) > self.reference.count(name)]
        # The count of the quota is made again by the next delivery that needs it.
        missing = [name for name in self.reference if name not in listing and not name.endswith("/maildirsize")]
        if copies == 1:
            expect(not extra, "left on disk", extra)
        expect(not missing, "missing on disk", missing)
        allocations, locks = self.database()
        expect(len(allocations) == 1 and allocations[0][2] == "TRUE", "allocations", allocations)
        stamp = (self.home() / ".pigeon" / "allocation").read_text()
        expect(stamp == allocations[0][0] + "\n", "stamp", stamp, allocations)
        # A lock whose holder died is a row that stays, one a user at most, until the next who locks takes it over.
        expect(locks <= (1 if self.creator == "creator-lock" else 0), "locks", locks)
        checked = self.ctl("check", check=False)
        expect(checked.returncode == 0, "pigeonctl check", checked.stdout, checked.stderr)

    # What goes wrong

    def traced(self, *options, stop=None):
        """The delivery under strace. stop: called with the pid of the parent once a process was stopped by a signal."""
        command = [tracing.strace(), "-f", "-o", str(self.root / "trace"), *options, *self.arguments()]
        status, out, err = self._run_traced(command, stop)
        expect(self.trace(), "strace did not trace anything", status, err)
        mine = [line for line in err.splitlines(True) if not line.startswith(tracing.strace() + ":")]
        return Delivery(status, out, "".join(mine), self.new_records())

    def _run_traced(self, command, stop):
        (self.root / "trace").write_bytes(b"")
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(self.message)
            given.seek(0)
            process = subprocess.Popen(command, stdin=given, stdout=out, stderr=err)
            try:
                if stop:
                    self._at_stop(process, self.root / "trace", stop)
                    self._continue(process)
                status = process.wait(60)
            except BaseException:
                self._end(process)
                raise
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read().decode("utf-8", "replace")

    def _at_stop(self, process, trace, stop):
        end = time.monotonic() + 30
        while time.monotonic() < end and process.poll() is None:
            if b"--- stopped by SIGSTOP ---" in trace.read_bytes():
                return stop(children(process.pid)[0])
            time.sleep(0.002)
        raise Wrong("no process was stopped")

    @staticmethod
    def _continue(process):
        """The parent may come to the call at which the worker was stopped, and be stopped there as well."""
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            for parent in children(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(parent, signal.SIGCONT)
            time.sleep(0.02)

    @staticmethod
    def _end(process):
        for parent in children(process.pid):
            for pid in [*children(parent), parent]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()

    def trace(self):
        """What strace has told of the last delivery under it."""
        return (self.root / "trace").read_text(encoding="latin-1")

    def trace_calls(self, *options):
        """The calls of one undisturbed delivery."""
        self.reset()
        done = self.traced("-y", "-s", "1048576", *options)
        expect(done.exit == 0, "an undisturbed delivery under strace", done)
        return tracing.calls(self.root / "trace")


def children(pid):
    with contextlib.suppress(FileNotFoundError):
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def in_turn(test, make_scenes, cases, run, seconds):
    """Runs cases, each in a scene of its kind, on all cores: all of them, or for some seconds a sample by the seed.

    make_scenes: {kind: function}. cases: [(kind, name, case)]. run(scene, case) raises Wrong.
    """
    cases = [c for c in cases if ONLY in f"{c[0]}: {c[1]}"]
    if ONLY and not cases:
        test.skipTest(f"no case is called {ONLY}")
    salt = int(hashlib.sha256((SEED + test.id().rsplit(".", 1)[-1]).encode()).hexdigest(), 16)
    random.Random(salt).shuffle(cases)
    end = None if ALL_FAULTS or ONLY else time.monotonic() + seconds
    todo = queue.SimpleQueue()
    for case in cases:
        todo.put(case)
    failures, count = [], []

    def work():
        scenes = {}
        with contextlib.ExitStack() as stack:
            while end is None or time.monotonic() < end:
                try:
                    kind, name, case = todo.get_nowait()
                except queue.Empty:
                    return
                if kind not in scenes:
                    scenes[kind] = stack.enter_context(make_scenes[kind]())
                try:
                    run(scenes[kind], case)
                except Exception as wrong:  # everything is to be reported with the case that it came in
                    failures.append(f"{kind}: {name}: {type(wrong).__name__}: {wrong}")
                count.append(1)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in [pool.submit(work) for _ in range(os.cpu_count())]:
            future.result()
    print(f"{test.shortDescription()}: {len(count)} of {len(cases)} cases", flush=True)
    test.assertTrue(count, "no case was run")
    if failures:
        test.fail(f"{len(failures)} of {len(count)} cases:\n" + "\n".join(sorted(failures)[:40]))


def chown(path):
    """Gives a file to the user who delivers."""
    if AS_ROOT:
        os.chown(path, USER.pw_uid, USER.pw_gid, follow_symlinks=False)
