# SPDX-License-Identifier: MIT
"""A site to be broken: its plugins are a copy of its own, and what is stored is counted wherever it is.

It is run the way an MTA runs it: as the delivering user, in a namespace whose /dev/log we read where there is one.
"""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time
import unittest

from namespace import Namespace, record_of
from pigeon_site import AS_ROOT, PLUGINS, TRUST, USER, Delivery, Site

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"


def built_plugin(name):
    """The file of a plugin that is built for tests and not installed: of the newest build."""
    found = [p for p in BUILD.glob(f"*/tests/plugins/{name}.so") if "lint" not in p.parts]
    if not found:
        raise AssertionError(f"there is no {name}.so in {BUILD}/*/tests/plugins: build with BUILD_TESTING on")
    return max(found, key=lambda p: (p.parts[-4] == "release", p.stat().st_mtime))


class TroubleSite(Site):
    """alice has a mailbox, with nothing in it; carol has none yet."""

    def __init__(self, namespace=None):
        self.namespace = namespace
        self.limits = []  # words before the command: prlimit and the like
        super().__init__()
        self.plugins = self.root / "plugins"
        shutil.copytree(PLUGINS, self.plugins)
        self.plugins.chmod(0o755)
        for file in self.plugins.iterdir():
            file.chmod(0o644)
        self.configure({"plugins": [str(self.plugins)], "datatree-sqlite": {"busyTimeout": "300ms"}})
        self.ctl("user", "add", "carol@example.com")
        self.trouble_base = self.root / "trouble"  # of mda-trouble
        self.trouble_base.mkdir(mode=0o700)
        self.own(self.trouble_base)
        first = self.deliver("alice@example.com", b"\n")
        assert first.exit == 0, first
        for file in self.stored_files():
            file.unlink()

    def own(self, path):
        if AS_ROOT:
            os.chown(path, USER.pw_uid, USER.pw_gid)

    def inside(self, path):
        """A path as those see it who run in the namespace."""
        return self.namespace.seen(path) if self.namespace else pathlib.Path(path)

    def stored_files(self):
        """Every file that could be a stored message, in whosever mailbox."""
        mail = [f for part in ("new", "cur", "tmp") for f in self.inside(self.base).glob(f"*/*/Maildir/{part}/*")]
        return sorted(mail + list(self.inside(self.trouble_base).glob("*/*")))

    def stored(self):
        return [f.read_bytes() for f in self.stored_files()]

    def run(self, command, message=b"", environment=None):
        command = self.as_user([*self.limits, *command])
        if self.namespace:
            command = self.namespace.command(command)
        done = subprocess.run(command, input=message, capture_output=True, env=environment, check=False, timeout=120)
        records = self.new_records()
        end = time.monotonic() + 5  # what went to syslog may still be on its way
        while self.namespace and time.monotonic() < end and all(r["event"] != "delivery" for r in records):
            time.sleep(0.02)
            records += self.new_records()
        return Delivery(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), records)

    def new_records(self):
        """Those of the log file, and those that came before the configuration said that there is one."""
        lines = self.namespace.new_log_lines() if self.namespace else []
        return super().new_records() + [record_of(text) for program, text in lines if program == "pigeon-deliver"]

    # What breaks a site. Each breaks on entering, and mends on leaving.

    @contextlib.contextmanager
    def moved_away(self, path):
        aside = path.with_name(path.name + ".aside")
        path.rename(aside)
        yield
        aside.rename(path)

    @contextlib.contextmanager
    def changed(self, path, new_bytes):
        """The file holds other bytes: those given, or what a function makes of the present ones."""
        before = path.read_bytes()
        path.write_bytes(new_bytes(before) if callable(new_bytes) else new_bytes)
        yield
        path.write_bytes(before)

    @contextlib.contextmanager
    def mode(self, path, mode):
        before = path.stat().st_mode & 0o7777
        path.chmod(mode)
        yield
        path.chmod(before)

    @contextlib.contextmanager
    def owner(self, path, uid):
        if not AS_ROOT:
            raise unittest.SkipTest("only root can give a file away")
        before = path.stat()
        os.chown(path, uid, uid)
        yield
        os.chown(path, before.st_uid, before.st_gid)

    @contextlib.contextmanager
    def symlinked(self, path):
        aside = path.with_name("aside")
        path.rename(aside)
        path.symlink_to(aside)
        yield
        path.unlink()
        aside.rename(path)

    @contextlib.contextmanager
    def configured(self, settings):
        before = self.configuration.read_text()
        kept = dict(self.settings)
        self.configure(settings)
        yield
        self.settings = kept
        self.write_configuration(before)

    @contextlib.contextmanager
    def mounted(self, path, *arguments):
        """Something is mounted there, in the namespace."""
        if not self.namespace:
            raise unittest.SkipTest("mounts of one's own need root")
        self.namespace.run("mount", *arguments, path)
        yield
        self.namespace.run("umount", "--lazy", path)

    @contextlib.contextmanager
    def read_only(self, path):
        with self.mounted(path, "--bind", path):
            self.namespace.run("mount", "-o", "remount,bind,ro", path)
            yield

    @contextlib.contextmanager
    def full(self, path, room):
        """The directory lies, as it is, on a file system with some bytes of room left."""
        below = self.root / "below"
        with self.mounted(path, "-t", "tmpfs", "-o", f"size=1m,mode=700,uid={USER.pw_uid},gid={USER.pw_gid}", "full"):
            with self.mounted_elsewhere(path.parent, below):
                self.namespace.run("cp", "-a", f"{below}/{path.name}/.", path)
            with contextlib.suppress(OSError), open(self.inside(path) / "ballast", "wb", buffering=0) as ballast:
                while ballast.write(bytes(4096)):
                    pass
            size = (self.inside(path) / "ballast").stat().st_size
            os.truncate(self.inside(path) / "ballast", size - room)
            yield

    @contextlib.contextmanager
    def mounted_elsewhere(self, path, target):
        """What lies in a directory below what is mounted in it, at another place."""
        target.mkdir()
        with self.mounted(target, "--bind", path):
            yield
        target.rmdir()

    @contextlib.contextmanager
    def tiny_spool(self):
        directory = self.root / "spool"
        directory.mkdir()
        with self.configured({"spool": {"directory": str(directory), "memory": 4096}}):
            with self.mounted(directory, "-t", "tmpfs", "-o", f"size=64k,mode=700,uid={USER.pw_uid}", "tiny"):
                yield

    @contextlib.contextmanager
    def limited(self, *words):
        self.limits = list(words)
        yield
        self.limits = []

    @contextlib.contextmanager
    def locked_tree(self, statement):
        """Another process keeps the tree locked."""
        keep = ("import sqlite3, sys; d = sqlite3.connect(sys.argv[1], isolation_level=None);"
                "[d.execute(s) for s in sys.argv[2].split(';')]; print('locked', flush=True); sys.stdin.read()")
        command = self.as_user(["python3", "-c", keep, str(self.state / "tree.db"), statement])
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
            assert keeper.stdout.readline() == b"locked\n"
            yield
            keeper.stdin.close()

    def change_tree(self, statement):
        """Returns what changes the tree's file by SQL, for `changed`: nothing else may have it open."""
        def change(before):
            scratch = self.root / "scratch.db"
            scratch.write_bytes(before)
            with contextlib.closing(sqlite3.connect(scratch)) as database:
                database.execute("PRAGMA journal_mode = DELETE")
                database.executescript(statement)
                database.execute("PRAGMA journal_mode = WAL")
            after = scratch.read_bytes()
            scratch.unlink()
            return after
        return change

    @contextlib.contextmanager
    def misdeed(self, plugin, step, deed):
        """A plugin does what no plugin may; it is mended when it no longer does."""
        file = self.plugins / f"{plugin}.so"
        shutil.copyfile(built_plugin(plugin), file)
        if plugin == "mailTrouble":
            settings = {"modules": ["mailUsers", "mailTrouble", "mailStore"]}
        else:
            settings = {"mailStore": {"mda": "mda-trouble"}, "mda-trouble": {"base": str(self.trouble_base)}}
        self.configure({**settings, "deadline": 2 if deed == "hang" else 20})
        self.ctl("init")
        if plugin == "mailTrouble":
            self.ctl("tree", "add", "/example.com/mailTrouble", "mailTrouble")
        file.with_suffix(".deed").write_text(f"{step} {deed}\n")
        yield
        file.with_suffix(".deed").unlink()
