# SPDX-License-Identifier: MIT
"""A site: an installed PigeonDeliver with a configuration, a tree and a mail store of its own, in a temporary directory.

The programs under test are those of the prefix that PIGEON_PREFIX names. Started as root, everything is delivered by
the user "nobody", as an MTA would have it; started by anybody else, by that user.
"""

import contextlib
import dataclasses
import importlib
import json
import os
import pathlib
import pwd
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest

PREFIX = pathlib.Path(os.environ.get("PIGEON_PREFIX", "/usr"))
# A checkout may belong to somebody else, or be writable by a group: whoever runs the tests vouches for it.
TRUST = os.environ.get("PIGEON_TRUST", "")
DELIVER = PREFIX / "bin" / "pigeon-deliver"
CTL = PREFIX / "bin" / "pigeonctl"
PLUGINS = PREFIX / "lib" / "pigeon" / "plugins"
AS_ROOT = os.geteuid() == 0
USER = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())

# Where the trees are: empty for the embedded one; "mariadb": what tests/lib/tree_mariadb.py says.
TREE = os.environ.get("PIGEON_TREE", "")

MESSAGE = b"From: bob@example.org\nTo: alice@example.com\nSubject: a message\n\nHello.\n"


@dataclasses.dataclass
class Delivery:
    """What became of one run of pigeon-deliver."""

    exit: int
    stdout: bytes
    stderr: str
    records: list  # the log records that it wrote

    @property
    def record(self):
        """The one record of the delivery itself."""
        deliveries = [r for r in self.records if r["event"] == "delivery"]
        assert len(deliveries) == 1, self.records
        return deliveries[0]


def arrival(name):
    """Seconds and microseconds of a name in a Maildir: the microseconds have no zeros in front."""
    numbers = re.match(r"(\d+)\.M(\d+)P", name)
    return tuple(map(int, numbers.groups())) if numbers else (0, 0)


class Site:
    """REQUIRES: use as a context manager. `settings` are merged into the configuration, one level deep."""

    def __init__(self, settings=None, user="alice", domain="example.com"):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-site."))
        self.root.chmod(0o755)
        self.state = self.root / "state"  # the tree
        self.base = self.root / "mail"
        self.log_file = self.root / "log" / "pigeon.log"
        for directory in (self.state, self.base, self.log_file.parent):
            directory.mkdir(mode=0o700)
            if AS_ROOT:
                os.chown(directory, USER.pw_uid, USER.pw_gid)
        self.configuration = self.root / "pigeon.json"
        self.settings = {
            "plugins": [str(PLUGINS)],
            "datatree": "datatree-sqlite",
            "modules": ["mailUsers", "mailStore"],
            "log": {"to": str(self.log_file), "format": "json", "level": "debug"},
            "deadline": 20,
            "minimumUid": 1,
            "mailStore": {"mda": "mda-maildir", "creator": "creator-optimistic"},
            "datatree-sqlite": {"path": str(self.state / "tree.db"), "busyTimeout": "10s"},
            "mda-maildir": {"base": str(self.base)},
        }
        if AS_ROOT:
            self.settings["user"] = USER.pw_name
        if TREE:
            self.settings.update(importlib.import_module(f"tree_{TREE}").settings(self))
        self.configure(settings or {})
        self._log_read = 0
        self._log_lock = threading.Lock()
        self.ctl("init")
        if domain:
            self.ctl("domain", "add", domain)
        if domain and user:
            self.ctl("user", "add", f"{user}@{domain}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def configure(self, settings):
        """Merges into the configuration; None removes a key."""
        for key, value in settings.items():
            if value is None:
                self.settings.pop(key, None)
            elif isinstance(value, dict) and isinstance(self.settings.get(key), dict):
                self.settings[key] = {**self.settings[key], **value}
            else:
                self.settings[key] = value
        self.write_configuration(json.dumps(self.settings, indent=2))

    def write_configuration(self, text):
        """In one step: an MTA may be delivering, and half a configuration would be one that is wrong."""
        fresh = self.configuration.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.rename(self.configuration)

    def common_arguments(self):
        return ["-c", str(self.configuration)] + (["--trust", TRUST] if TRUST else [])

    def command(self, recipient, sender="bob@example.org", queue_id=None, extra=()):
        """The command line of one delivery."""
        arguments = [str(DELIVER), *self.common_arguments(), "-d", recipient]
        if sender is not None:
            arguments += ["-f", sender]
        if queue_id is not None:
            arguments += ["--queue-id", queue_id]
        return arguments + list(extra)

    def deliver(self, recipient="alice@example.com", message=MESSAGE, **how):
        """Delivers, and answers how it ended."""
        environment = how.pop("environment", None)
        return self.run(self.command(recipient, **how), message, environment)

    def run(self, command, message=MESSAGE, environment=None):
        done = subprocess.run(command, input=message, capture_output=True, env=environment, check=False, timeout=120)
        return Delivery(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), self.new_records())

    def new_records(self):
        """The log records since the last look, by whichever thread that was."""
        with contextlib.suppress(FileNotFoundError), self._log_lock, open(self.log_file, "rb") as log:
            log.seek(self._log_read)
            text = log.read()
            text = text[: text.rfind(b"\n") + 1]  # what is being written is not a record yet
            self._log_read += len(text)
            return [json.loads(line) for line in text.splitlines()]
        return []

    def ctl(self, *arguments, check=True, input=None):
        """Runs pigeonctl; answers its CompletedProcess."""
        command = [str(CTL), *self.common_arguments(), *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, check=False, timeout=600)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ctl_json(self, *arguments):
        """What pigeonctl prints with --json, a value a line."""
        return [json.loads(line) for line in self.ctl("--json", *arguments).stdout.splitlines()]

    def add_objects(self, *objects):
        """Adds objects in one go, each as `pigeonctl tree export` prints it; parents first."""
        self.ctl("tree", "import", input="".join(json.dumps(o) + "\n" for o in objects))

    def explain(self, recipient, *arguments):
        """What `pigeonctl explain` says, as it gives it to programs."""
        return self.ctl_json("explain", recipient, *arguments)[0]

    def sql(self, statement, *values):
        """Changes the tree behind everybody's back, as an administrator with sqlite3 would."""
        if TREE:
            behind = importlib.import_module(f"tree_{TREE}")
            if not hasattr(behind, "sql"):
                raise unittest.SkipTest("this tree is not in SQL")
            return behind.sql(self, statement, values)
        with contextlib.closing(sqlite3.connect(self.state / "tree.db", timeout=10)) as database, database:
            return database.execute(statement, values).fetchall()

    def as_user(self, command):
        """The command, as the user that delivers."""
        if not AS_ROOT:
            return list(command)
        ids = [f"--reuid={USER.pw_uid}", f"--regid={USER.pw_gid}", "--init-groups"]
        return ["setpriv", *ids, "--", *command]

    def everything(self, below=None):
        """What lies below a directory (all of the site): each path with its kind, mode, owner, link and bytes."""
        found = {}
        for path in sorted((below or self.root).rglob("*")):
            status = path.lstat()
            what = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(self.root))] = (status.st_mode, status.st_uid, status.st_nlink, what)
        return found

    def home(self, user="alice", domain="example.com"):
        return self.base / domain / user

    def maildir(self, user="alice", domain="example.com"):
        return self.home(user, domain) / "Maildir"

    def files(self, user="alice", domain="example.com", folder=""):
        """The files of the messages in new and cur, oldest first."""
        directory = self.maildir(user, domain) / folder
        found = [f for part in ("new", "cur") if (directory / part).is_dir() for f in (directory / part).iterdir()]
        return sorted(found, key=lambda f: (arrival(f.name), f.name))

    def messages(self, user="alice", domain="example.com", folder=""):
        return [f.read_bytes() for f in self.files(user, domain, folder)]

    def bodies(self, user="alice", domain="example.com", folder=""):
        """The messages without the fields that this delivery put in front."""
        return [without_prefix(m) for m in self.messages(user, domain, folder)]

    def allocation(self, user="alice", domain="example.com"):
        """The allocation in the tree: id, home, ready; empty if there is none."""
        shown = self.ctl_json("tree", "get", f"/{domain}/mailUsers/{user}")[0].get("attributes", {})
        return {name: shown[name] for name in ("id", "home", "ready") if name in shown}


def without_prefix(message):
    """The message without the Return-Path, Delivered-To and X-Original-To that stand at its top, once each."""
    rest = message
    for name in (b"Return-Path:", b"Delivered-To:", b"X-Original-To:"):
        if rest.startswith(name):
            rest = rest[rest.index(b"\n") + 1 :]
    return rest
