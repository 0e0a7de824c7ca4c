# SPDX-License-Identifier: MIT
"""Who delivers in bench/pipe: PigeonDeliver, the peers, and the bare writes.

Each contestant has a directory of its own below the run's, and in it a mailbox for every %m, the number that
bench-launch puts in. A command is what bench-launch takes: variables, then the program and its arguments.
"""

import dataclasses
import grp
import json
import os
import pathlib
import shutil
import subprocess
import time

DOMAIN = "example.com"
SENDER = "bob@example.org"


@dataclasses.dataclass
class Contestant:
    name: str
    does: str  # what it looks up and flushes, for the table
    command: list


class Run:
    """A directory on the file system that is measured; everything of one run is below it.

    programs: where bin/ and lib/pigeon/plugins were built. owner: the uid and gid that deliveries run as.
    """

    def __init__(self, root, programs, owner, mailboxes, names=("pigeon-deliver", "pigeonctl", "bench-bare", "bench-launch")):
        self.root, self.owner, self.mailboxes = pathlib.Path(root), owner, mailboxes
        self.root.chmod(0o755)
        # A copy that the owner can reach and PigeonDeliver trusts, wherever the checkout is and whoever owns it.
        self.prefix = self.root / "prefix"
        for name in names:
            self._copy(programs / "bin" / name, self.prefix / "bin" / name)
        for plugin in (programs / "lib/pigeon/plugins").glob("*.so"):
            self._copy(plugin, self.prefix / "lib/pigeon/plugins" / plugin.name)

    def _copy(self, source, target):
        self.directory(target.parent, mine=True)
        shutil.copyfile(source, target)
        target.chmod(0o755)

    def directory(self, path, mine=False):
        """Makes a directory and those above it; the owner's, with mode 0700, unless `mine`."""
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for each in reversed(missing):
            each.mkdir()
            each.chmod(0o755 if mine else 0o700)
            if not mine:
                os.chown(each, *self.owner)
        return path

    def file(self, path, text, mode=0o644, mine=True):
        path.write_text(text)
        path.chmod(mode)
        if not mine:
            os.chown(path, *self.owner)
        return path

    def homes(self, name):
        """The directories of one contestant's mailboxes, each with an empty Maildir."""
        top = self.directory(self.root / name)
        for number in range(self.mailboxes):
            for part in ("tmp", "new", "cur"):
                self.directory(top / str(number) / "Maildir" / part)
        return top


class Pigeon:
    """A site with a tree of so many users; the tree is made by `pigeonctl tree import`, and kept in `cache`."""

    def __init__(self, run, user_name, users, cache):
        self.run, self.user_name, self.users = run, user_name, users
        top = run.directory(run.root / "pigeon", mine=True)
        self.tree = run.directory(top / "tree")
        for name in ("mail", "log"):
            run.directory(top / name)
        self.configuration = run.file(top / "pigeon.json", json.dumps(self._settings(top), indent=2))
        self._make_tree(cache)

    def _settings(self, top):
        settings = {
            "datatree": "datatree-sqlite",
            "modules": ["mailUsers", "mailStore"],
            "log": {"to": str(top / "log" / "log"), "format": "text"},
            "minimumUid": 1,
            "mailStore": {"mda": "mda-maildir", "creator": "creator-optimistic"},
            "datatree-sqlite": {"path": str(self.tree / "tree.db")},
            "mda-maildir": {"base": str(top / "mail"), "home": "{user}"},
        }
        if os.geteuid() == 0:
            settings["user"] = self.user_name
        return settings

    def ctl(self, *arguments, lines=None):
        command = [self.run.prefix / "bin/pigeonctl", *self._site(), *arguments]
        done = subprocess.run(command, input=lines, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"pigeonctl {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def _site(self):
        return ["-c", str(self.configuration), "--trust", str(self.run.root)]

    def _make_tree(self, cache):
        database = self.tree / "tree.db"
        if cache.is_file():
            shutil.copyfile(cache, database)
            database.chmod(0o600)
            os.chown(database, *self.run.owner)
        self.ctl("init")
        if cache.is_file():
            return
        self.ctl("domain", "add", DOMAIN)
        paths = (f"/{DOMAIN}/mailUsers/{number}" for number in range(self.users))
        self.ctl("tree", "import", "-",
                 lines="".join(json.dumps({"path": p, "class": "mailUser"}) + "\n" for p in paths))
        cache.parent.mkdir(parents=True, exist_ok=True)
        for old in cache.parent.glob(cache.name.rsplit("-", 1)[0] + "-*"):
            old.unlink()
        # The database is whole in its file once the last program that had it open has closed it.
        shutil.copyfile(database, cache)

    def contestant(self):
        command = [self.run.prefix / "bin/pigeon-deliver", *self._site(), "-f", SENDER, "-d", f"%m@{DOMAIN}",
                   "--queue-id", "bench-%n"]
        return Contestant("pigeon-deliver", f"user in a tree of {self.users}, loop, ledger; never twice", command)


def bare(run):
    top = run.homes("bare")
    for number in range(run.mailboxes):
        for part in ("pending", "done"):
            run.directory(top / str(number) / ".pigeon" / part)
    return Contestant("bare", "looks nothing up; the writes and flushes of pigeon-deliver",
                      [run.prefix / "bin/bench-bare", top / "%m", "%n"])


def dovecot_configuration(run, top, *more, name="lda"):
    return run.file(run.root / f"{top.name}-{name}.conf", "\n".join([
        f"base_dir = {top}/run", f"log_path = {top}/{name}.log", "mail_location = maildir:~/Maildir", "ssl = no",
        f"postmaster_address = postmaster@{DOMAIN}", f"hostname = {DOMAIN}", *more, ""]))


def dovecot_lda(run):
    top = run.homes("dovecot-lda")
    configuration = dovecot_configuration(run, top)
    command = [f"HOME={top}/%m", "USER=%m", "/usr/lib/dovecot/dovecot-lda", "-c", configuration, "-f", SENDER]
    return Contestant("dovecot-lda", "no user looked up (HOME given); mail_fsync as by default", command)


class DovecotUsers:
    """dovecot-lda as an MTA runs it: the user is looked up with a dovecot that runs beside it, among so many in a file.

    REQUIRES: use as a context manager, as root. in_view: how a command line is run.
    """

    def __init__(self, run, user_name, users, in_view):
        self.users, self.top = users, run.homes("dovecot-users")
        uid, gid = run.owner
        lines = (f"{n}@{DOMAIN}:{{PLAIN}}x:{uid}:{gid}::{self.top}/{n}\n" for n in range(users))
        passwd = f"driver = passwd-file\n  args = {run.file(run.root / 'dovecot-users.passwd', ''.join(lines))}"
        server = dovecot_configuration(
            run, self.top, "first_valid_uid = 1", "first_valid_gid = 1", "protocols =", "stats_writer_socket_path =",
            f"default_internal_user = {user_name}", f"default_login_user = {user_name}",
            f"default_internal_group = {grp.getgrgid(gid).gr_name}",
            f"passdb {{\n  {passwd}\n}}", f"userdb {{\n  {passwd}\n}}",
            "service auth {\n  unix_listener auth-userdb {\n    mode = 0666\n  }\n}", name="server")
        self.configuration = dovecot_configuration(run, self.top, "stats_writer_socket_path =")
        (self.top / "run").mkdir(mode=0o755)
        self.command = in_view(["/usr/sbin/dovecot", "-F", "-c", str(server)])

    def __enter__(self):
        self.server = subprocess.Popen(self.command)
        socket = self.top / "run" / "auth-userdb"
        end = time.monotonic() + 30
        while not socket.exists():
            if self.server.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"dovecot did not start:\n{(self.top / 'server.log').read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(timeout=30)

    def contestant(self):
        command = ["/usr/lib/dovecot/dovecot-lda", "-c", self.configuration, "-f", SENDER, "-d", f"%m@{DOMAIN}"]
        return Contestant("dovecot-lda-d", f"user in a file of {self.users}; mail_fsync as by default", command)


def maildrop(run):
    top = run.homes("maildrop")
    for number in range(run.mailboxes):  # a filter of one's own, because the path of the Maildir is in it
        run.file(top / f"{number}.filter", f'to "{top}/{number}/Maildir"\n', 0o600, mine=False)
    return Contestant("maildrop", "no user looked up",
                      ["HOME=/", "/usr/bin/maildrop", "-f", SENDER, top / "%m.filter"])


def procmail(run):
    top = run.homes("procmail")
    for number in range(run.mailboxes):
        run.file(top / f"{number}.rc", f"MAILDIR={top}/{number}\nDEFAULT={top}/{number}/Maildir/\n", 0o600, mine=False)
    return Contestant("procmail", "no user looked up",
                      ["HOME=/", "SHELL=/bin/sh", "/usr/bin/procmail", "-f", SENDER, "-m", top / "%m.rc"])


# What script/fetch-servers calls them, and how each is set up.
PEERS = {"dovecot": dovecot_lda, "maildrop": maildrop, "procmail": procmail}
PROGRAMS = {"dovecot": "/usr/lib/dovecot/dovecot-lda", "maildrop": "/usr/bin/maildrop", "procmail": "/usr/bin/procmail"}
