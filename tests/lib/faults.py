# SPDX-License-Identifier: MIT
"""The places of a delivery at which something can go wrong: its system calls, each found again in a later run.

strace counts the calls of one name for each process by itself, so the fifth openat of the worker can only be meant if
the parent has not come to a fifth before. Where it has, the count is restricted to calls on the paths of the tree and
of the mail store, which the parent never touches.
"""

import contextlib
import dataclasses
import os
import re
import signal
from collections import Counter

import tracing
from scene import Scene, children, expect

CREATORS = ("creator-lock", "creator-optimistic", "creator-none")
WAYS = ("before", "after", "parent")  # of killing: a process before and after the call, the parent after it

# What changes the state of a disk, of a lock or of another process; each of these calls is a point.
ALWAYS = {
    "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink",
    "unlinkat", "rmdir", "write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile",
    "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "syncfs", "sync_file_range", "sync", "msync", "flock",
    "fchmod", "fchmodat", "chmod", "fchown", "fchownat", "utimensat", "memfd_create", "pipe2", "clone", "clone3",
    "fork", "vfork", "setpgid", "pidfd_open", "dup2",
}  # fmt: skip
# What only looks, but decides: to be failed, not to be killed at.
LOOKS = {"openat", "openat2", "open", "pread64", "getdents64", "newfstatat", "statfs", "getrandom", "read"}


@dataclasses.dataclass(frozen=True)
class Point:
    process: str
    syscall: str
    when: int
    on_paths: tuple  # below the root of the scene
    text: str

    def options(self, scene, tampering):
        """What strace must be told, so that this happens here."""
        options = ["-e", f"trace={self.syscall}", "-e", f"inject={self.syscall}:{tampering}:when={self.when}"]
        for path in self.on_paths:
            options += ["-P", str(scene.root) + path]
        return options

    def __str__(self):
        return f"{self.process}, {self.syscall} {self.when}{' on our paths' if self.on_paths else ''}: {self.text}"


def changes(call, root):
    """Whether a call changes something that another process, or a later one, can see."""
    if call.name in ALWAYS:
        return True
    text = ", ".join(call.arguments)
    if call.name in ("openat", "openat2", "open"):
        return "O_CREAT" in text or "O_TMPFILE" in text
    if call.name == "fcntl":
        return "F_SETLK" in text or "F_ADD_SEALS" in text
    if call.name == "close":
        return root in text and "(deleted)" not in text
    return call.name == "mmap" and "MAP_SHARED" in text


def looks(call, root):
    """Whether a call finds out something about the tree, the mail store or the message."""
    text = ", ".join(call.arguments)
    return call.name in LOOKS and (root in text or (call.name == "read" and call.arguments[0].startswith("0<")))


def points(scene, wanted):
    """The points of a scene's delivery, and the calls that could not be made points of."""
    calls = scene.trace_calls()
    parent = calls[0].pid
    assert len({c.pid for c in calls}) == 2, "a parent and a worker"
    places = (str(scene.state), str(scene.base))
    own = sorted({p for c in calls if c.pid != parent for p in named(c) if p.startswith(places) and comes_again(p, scene)})
    paths = {"parent": (str(scene.log_file),), "worker": tuple(own)}
    whole, restricted, first, found, uncovered = Counter(), Counter(), {}, [], []
    root = str(scene.root)
    for call in calls:
        process = "parent" if call.pid == parent else "worker"
        whole[process, call.name] += 1
        nth = whole[process, call.name]
        # Whichever process comes to its nth first is hit. That the other is hit later makes the fault a worse one.
        is_first = first.setdefault((call.name, nth), process) == process
        touches = any(p in paths[process] for p in named(call))
        restricted[process, call.name] += touches
        if not wanted(call, root):
            continue
        text = str(call).replace(root, "")
        if is_first:
            found.append(Point(process, call.name, nth, (), text))
        elif touches:
            below = tuple(p.removeprefix(root) for p in paths[process])
            found.append(Point(process, call.name, restricted[process, call.name], below, text))
        else:
            uncovered.append(text)
    return found, uncovered


def comes_again(path, scene):
    """Whether a later run has a file of this name: not if it has none yet, nor if its name is drawn by lot."""
    by_lot = not scene.queue_id and re.search(r"/pending/[0-9a-f]+-[0-9a-f]+$|/tmp/[0-9a-f]{32}$", path)
    return "#" not in path and not by_lot


def named(call):
    """The paths that a call names, by descriptor or by string."""
    found = [tracing.path_of(a) for a in call.arguments if "<" in a and not a.startswith(('"', "{", "["))]
    found += [a.strip('"') for a in call.arguments if a.startswith('"/')]
    return [f for f in found if f]


def scenes(**more):
    """{name: function} of a first and of a later delivery, for each creator."""

    def maker(creator, first):
        return lambda: Scene(creator, first=first, **more)

    kinds = {}
    for creator in CREATORS:
        kinds[f"{creator}, first"] = maker(creator, True)
        kinds[f"{creator}, later"] = maker(creator, False)
    kinds["a new folder, with a quota"] = lambda: Scene("creator-optimistic", first=False, folder="Work", **more)
    return kinds


def killed(scene, point, way):
    """The delivery in which a process dies at this point.

    strace delivers SIGKILL as a call is entered, and the call is not made any more; a real-time signal, which nobody
    handles, takes effect when the call has been made. Both leave the process no time for anything. The parent is
    killed while the worker is held right after a call of its own; the worker goes with it, as the kernel was told.
    """
    if way == "before":
        return scene.traced(*point.options(scene, "signal=KILL"))
    if way == "after":
        return scene.traced(*point.options(scene, f"signal={signal.SIGRTMIN + 6}"))
    return scene.traced(*point.options(scene, "signal=STOP"), stop=kill_parent)


def kill_parent(parent):
    workers = children(parent)
    os.kill(parent, signal.SIGKILL)
    # A worker that was not yet to die with its parent goes on, and sees that it is alone.
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGCONT)


def check_verdict(done, scene, is_mute=False):
    """What the MTA was told is true, and fit to be told. is_mute: standard error was out of order."""
    expect(done.exit in (0, 75) or done.exit < 0, "exit status", done.exit, done.stderr)
    lines = done.stderr.splitlines()
    if done.exit == 75 and not is_mute:
        expect(len(lines) == 1 and lines[0].startswith("4."), "standard error", done.stderr)
    elif done.exit == 0:
        expect(not lines, "standard error", done.stderr)
    expect(done.stdout == b"", "standard output", done.stdout)
    copies = scene.copies()
    expect(copies <= 1 and (copies == 1 or done.exit != 0), f"{copies} copies after exit status {done.exit}")
