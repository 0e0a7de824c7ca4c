# SPDX-License-Identifier: MIT
"""What a disk may hold after a power failure: a model, replayed from the system calls of a program.

What was written into a file counts from the file's flush; a name, from its directory's flush; a flush of the file system
makes everything count. Of what was not flushed, anything may have reached the disk. A rename is atomic: if it takes a
file away from where it was, it puts it where it goes to, and what leads there exists.
"""

import dataclasses
import os
import pathlib
import re
import shutil

import tracing

# Calls that change names or contents, or make them durable. Any other that does must not occur.
MODELLED = {
    "openat", "openat2", "mkdir", "mkdirat", "linkat", "rename", "renameat", "unlink", "unlinkat", "write", "pwrite64",
    "ftruncate", "fsync", "fdatasync", "syncfs", "mmap",
}  # fmt: skip
HARMLESS = {
    "access", "arch_prctl", "brk", "clone", "close", "close_range", "connect", "dup", "dup2", "execve", "exit_group",
    "fcntl", "flock", "fstat", "futex", "getcwd", "getdents64", "geteuid", "getpid", "getppid", "getrandom",
    "getresgid", "getresuid", "getuid", "getgid", "getegid", "gettid", "kill", "lseek", "memfd_create", "mprotect",
    "munmap", "madvise", "newfstatat", "pidfd_open", "pipe2", "poll", "ppoll", "prctl", "pread64", "prlimit64",
    "read", "readlink", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "sendto",
    "set_robust_list", "set_tid_address", "setgroups", "setitimer", "setpgid", "setresgid", "setresuid", "setuid",
    "sigaltstack", "socket", "stat", "statfs", "sysinfo", "umask", "uname", "wait4", "waitid", "clock_nanosleep", "ioctl",
}  # fmt: skip


@dataclasses.dataclass(eq=False)
class Inode:
    number: int
    content: bytes | None  # at the beginning; None: a directory
    names: dict = dataclasses.field(default_factory=dict)  # of a directory, now
    size: int = 0  # of a file, now

    @property
    def is_directory(self):
        return self.content is None


@dataclasses.dataclass(eq=False)
class Operation:
    """One change: a name that appears ("link"), goes ("unlink") or moves ("rename"), or "write" or "truncate"."""

    number: int
    kind: str
    inode: Inode  # the file, or the directory that the name is in
    name: str = ""
    target: Inode | None = None  # what the name stands for
    to: Inode | None = None  # the directory that a rename goes to
    new_name: str = ""
    offset: int = 0
    text: bytes = b""
    made_at: int = 0  # the number of the moment
    flushed_at: int | None = None

    def __str__(self):
        what = {"rename": f"{self.name} to {self.new_name}", "write": f"{len(self.text)} bytes at {self.offset}"}
        return f"{self.number} {self.kind} {what.get(self.kind, self.name)}"


class Log:
    """REQUIRES: nothing else changes the directories while the traced programs run."""

    def __init__(self, root, parts):
        self.root = pathlib.Path(root)
        self.count = 0
        self.top = self._inode(None)
        self.operations = []
        self.moments = 0  # one after each call that changed or flushed something
        self.verdicts = []  # the moment of each that says "delivered"
        self.unnamed = {}
        self.positions = {}
        self.counted = {}
        for part in parts:
            self.top.names[part] = self._load(self.root / part)
        self.start = self._frozen()

    def _inode(self, content):
        self.count += 1
        return Inode(self.count, content, size=len(content or b""))

    def _load(self, path):
        if not path.is_dir():
            return self._inode(path.read_bytes())
        inode = self._inode(None)
        inode.names = {child.name: self._load(child) for child in sorted(path.iterdir())}
        return inode

    def _frozen(self):
        """The names in every directory as they are now."""
        found, todo = {}, [self.top]
        while todo:
            inode = todo.pop()
            if inode.is_directory:
                found[inode] = dict(inode.names)
                todo += inode.names.values()
        return found

    def find(self, path):
        """What a path below the root stands for, now; None if it does not, or lies elsewhere."""
        path = os.path.normpath(path)
        if not path.startswith(f"{self.root}/"):
            return None
        inode = self.top
        for name in path.removeprefix(f"{self.root}/").split("/"):
            inode = inode.names.get(name) if inode and inode.is_directory else None
        return inode

    def _add(self, kind, inode, **more):
        self.moments += 1
        self.operations.append(Operation(len(self.operations), kind, inode, made_at=self.moments, **more))

    def _flush(self, matches):
        self.moments += 1
        for operation in self.operations:
            if operation.flushed_at is None and matches(operation):
                operation.flushed_at = self.moments

    # The calls

    def replay(self, calls):
        parent = calls[0].pid
        for call in calls:
            self.counted[call.name] = self.counted.get(call.name, 0) + 1
            assert call.name in MODELLED | HARMLESS, f"a call that the model does not know: {call}"
            if call.name in MODELLED and not call.failed and call.pid != parent:
                getattr(self, "_" + call.name)(call)

    def _place(self, call, directory, name):
        """The directory and the name that two arguments mean; None if that is not below the root."""
        path = call.string(name).decode("utf-8", "surrogateescape")
        if not path.startswith("/"):
            path = (call.path(directory) if directory is not None else "/") + "/" + path
        above = self.find(os.path.dirname(path))
        return (above, os.path.basename(path)) if above else None

    def _openat(self, call):
        number = int(re.match(r"\d+", call.result).group())
        self.positions[number] = None if "O_APPEND" in call.arguments[2] else 0
        self.unnamed.pop(number, None)
        if "O_TMPFILE" in call.arguments[2]:
            self.unnamed[number] = self._inode(b"")
            return
        place = self._place(call, 0, 1)
        if not place:
            return
        above, name = place
        assert "O_TRUNC" not in call.arguments[2], call
        if "O_CREAT" in call.arguments[2] and name not in above.names:
            above.names[name] = self._inode(b"")
            self._add("link", above, name=name, target=above.names[name])

    _openat2 = _openat

    def _mkdirat(self, call):
        if place := self._place(call, 0, 1):
            above, name = place
            above.names[name] = self._inode(None)
            self._add("link", above, name=name, target=above.names[name])

    def _linkat(self, call):
        source = call.string(1).decode()
        assert source.startswith("/proc/self/fd/"), call
        above, name = self._place(call, 2, 3)
        above.names[name] = self.unnamed[int(source.rsplit("/", 1)[1])]
        self._add("link", above, name=name, target=above.names[name])

    def _renameat(self, call):
        (above, name), (to, new_name) = self._place(call, 0, 1), self._place(call, 2, 3)
        to.names[new_name] = above.names.pop(name)
        self._add("rename", above, name=name, target=to.names[new_name], to=to, new_name=new_name)

    def _unlinkat(self, call):
        if place := self._place(call, 0, 1):
            above, name = place
            self._add("unlink", above, name=name, target=above.names.pop(name))

    def _unknown(self, call):
        raise AssertionError(f"a call that the model does not do: {call}")

    _mkdir = _rename = _unlink = _unknown

    def _file(self, call):
        number = int(re.match(r"\d+", call.arguments[0]).group())
        if number in self.unnamed:
            return self.unnamed[number], number
        return self.find(call.path(0)), number

    def _write(self, call):
        inode, number = self._file(call)
        if call.string(1).startswith(b"PGNV") and call.string(1)[8:12] == bytes(4):
            self.moments += 1
            self.verdicts.append(self.moments)
        if inode is None:
            return
        assert int(call.result) == len(call.string(1)), call
        offset = inode.size if self.positions[number] is None else self.positions[number]
        self._add_write(inode, offset, call.string(1))
        if self.positions[number] is not None:
            self.positions[number] += len(call.string(1))

    def _add_write(self, inode, offset, text):
        self._add("write", inode, offset=offset, text=text)
        inode.size = max(inode.size, offset + len(text))

    def _pwrite64(self, call):
        if is_shared_memory(call.path(0)):
            return
        inode, _ = self._file(call)
        assert int(call.result) == len(call.string(1)) and inode, call
        self._add_write(inode, int(call.arguments[3]), call.string(1))

    def _ftruncate(self, call):
        if is_shared_memory(call.path(0)):
            return
        inode, _ = self._file(call)
        self._add("truncate", inode, offset=int(call.arguments[1]))
        inode.size = int(call.arguments[1])

    def _fsync(self, call):
        inode, _ = self._file(call)
        assert inode, call
        self._flush(lambda operation: inode in (operation.inode, operation.to))

    _fdatasync = _fsync

    def _syncfs(self, _):
        self._flush(lambda operation: True)

    def _mmap(self, call):
        # Only SQLite's index of its log is written through memory. It is of no use after a restart, and is made anew.
        writes = "MAP_SHARED" in call.arguments[3] and "PROT_WRITE" in call.arguments[2]
        path = call.path(4) if "<" in call.arguments[4] else ""
        assert not writes or not self.find(path) or is_shared_memory(path), call

    # The states

    def states(self, since=0):
        """{what is on disk, as a set of operations: the latest moment at which it may be that}."""
        found = {}
        for moment in range(since, self.moments + 1):
            made = [o for o in self.operations if o.made_at <= moment]
            flushed = frozenset(o for o in made if o.flushed_at is not None and o.flushed_at <= moment)
            loose = [o for o in made if o not in flushed]
            everything = frozenset(made)
            for state in [flushed, everything, *(flushed | {o} for o in loose), *(everything - {o} for o in loose)]:
                found[self._with_ways(state)] = moment
        return found

    def names(self, state):
        """{directory: {name: inode}} of what is on disk in a state."""
        found = {directory: dict(names) for directory, names in self.start.items()}
        for operation in sorted(state, key=lambda o: o.number):
            names = found.setdefault(operation.inode, {})
            if operation.kind == "link":
                names[operation.name] = operation.target
            elif operation.kind == "unlink":
                names.pop(operation.name, None)
            elif operation.kind == "rename":
                if names.get(operation.name) is operation.target:
                    del names[operation.name]
                found.setdefault(operation.to, {})[operation.new_name] = operation.target
        return found

    def _reachable(self, state):
        names, found, todo = self.names(state), set(), [self.top]
        while todo:
            inode = todo.pop()
            found.add(inode)
            todo += [i for i in names.get(inode, {}).values() if i not in found]
        return found

    def _with_ways(self, state):
        """The state with what leads to where a rename has put something that it took from where it could be seen."""
        for operation in sorted(state, key=lambda o: o.number):
            if operation.kind != "rename":
                continue
            reachable = self._reachable(state)
            wanted = operation.to
            while operation.inode in reachable and wanted not in reachable:
                made = next(o for o in self.operations if o.kind == "link" and o.target is wanted)
                state |= {made}
                wanted = made.inode
        return frozenset(state)

    def build(self, state, shared_memory, own):
        """Puts this on disk, in place of what is there. own: called with each path that is made."""
        names = self.names(state)
        contents = {}
        for operation in sorted(state, key=lambda o: o.number):
            if operation.kind in ("write", "truncate"):
                text = contents.get(operation.inode, operation.inode.content)
                if operation.kind == "truncate":
                    text = text[: operation.offset].ljust(operation.offset, b"\0")
                else:
                    end = operation.offset + len(operation.text)
                    text = text.ljust(operation.offset, b"\0")
                    text = text[: operation.offset] + operation.text + text[end:]
                contents[operation.inode] = text

        def make(path, inode):
            if inode.is_directory:
                path.mkdir(mode=0o700)
                for name, child in names.get(inode, {}).items():
                    make(path / name, child)
            elif is_shared_memory(path.name):
                if shared_memory is None:
                    return
                path.write_bytes(shared_memory)
            else:
                path.write_bytes(contents.get(inode, inode.content))
            path.chmod(0o700 if inode.is_directory else 0o600)
            own(path)

        for part, inode in names[self.top].items():
            shutil.rmtree(self.root / part, ignore_errors=True)
            make(self.root / part, inode)


def is_shared_memory(path):
    return path.endswith("-shm")


def counts(path):
    """{call: how often} in a table that strace -c has written."""
    found = {}
    for line in open(path, encoding="utf-8"):
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            found[fields[-1]] = int(fields[3])
    return found
