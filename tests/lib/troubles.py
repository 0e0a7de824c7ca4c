# SPDX-License-Identifier: MIT
"""The local troubles: what is broken, and what has to come of it. The one table of them.

Every row is run directly, and through each MTA. In every row the mail waits: exit 75, one line for the sender that
tells nothing of the site, one log record that says what was met and what to do, nothing stored. Once it is mended, the
retry stores the message once.
"""

import dataclasses
import os
import struct
from collections.abc import Callable

from pigeon_site import USER

KIB = 1024
TROUBLE = "mail system trouble; it will be tried again"


@dataclasses.dataclass(frozen=True)
class Trouble:
    """One row. One that is slow is not for every day. `only_directly` says why a row cannot come through an MTA."""

    name: str
    broken: Callable  # takes a TroubleSite; a context in which it is broken, and after which it is mended
    detail: str  # a pattern that the record's detail has to show
    remedy: str  # a pattern that the record's remedy has to show
    line: str = f"4.3.5 {TROUBLE}"
    exit: int = 75
    recipient: str = "alice@example.com"
    size: int = 200  # of the message
    is_stored: bool = False  # whether the trouble comes after the message was stored
    is_slow: bool = False
    only_directly: str = ""

    def message(self, subject="a message"):
        lines = (self.size + 63) // 64
        return f"From: bob@example.org\nSubject: {subject}\n\n".encode() + lines * (b"." * 63 + b"\n")


def tree(site):
    return site.state / "tree.db"


def of_store(site):
    return site.plugins / "mailStore.so"


def own(site):
    return site.home() / ".pigeon"


# The kernel's answer for the file system of the tree: NFS_SUPER_MAGIC, as the first eight bytes of struct statfs.
AS_IF_ON_NFS = ("strace", "-f", "-o", "/dev/null", "-e", "trace=statfs", "-e",
                f"inject=statfs:poke_exit=@arg2={struct.pack('=q', 0x6969).hex()}")
NEW = "carol@example.com"
UNCERTAIN = f"4.3.0 {TROUBLE}"
NO_SPACE = "4.3.1 no space left for this message; it will be tried again"

TREE = [
    Trouble("the tree is locked against reading", lambda s: s.locked_tree(
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO strings VALUES (99999, 'kept')"),
        "database is locked", r"fuser", line=UNCERTAIN),
    Trouble("the tree is locked against writing", lambda s: s.locked_tree("BEGIN IMMEDIATE"),
            "database is locked", r"fuser", line=UNCERTAIN, recipient=NEW),
    Trouble("the tree is missing", lambda s: s.moved_away(tree(s)), "there is none", "pigeonctl init"),
    Trouble("the tree's directory is missing", lambda s: s.moved_away(s.state), "there is none", "pigeonctl init"),
    Trouble("the tree may only be read", lambda s: s.mode(tree(s), 0o400), "read-only", "chmod 600"),
    Trouble("the tree may not be read", lambda s: s.mode(tree(s), 0), "read-only|denied", "chmod 600|let uid"),
    Trouble("the tree's directory may not be entered", lambda s: s.mode(s.state, 0), "Permission denied", "let uid"),
    Trouble("the tree's file system is read-only", lambda s: s.read_only(s.state),
            "only be read|unable to open|readonly", "write"),
    Trouble("the tree is writable by its group", lambda s: s.mode(tree(s), 0o660), "others may write", "chmod 600"),
    Trouble("the tree's directory is writable by its group", lambda s: s.mode(s.state, 0o770),
            "others may put another file", "chmod 700"),
    Trouble("the tree belongs to somebody else", lambda s: s.owner(tree(s), 0), "belongs to uid 0", "chown"),
    Trouble("the tree is a link", lambda s: s.symlinked(tree(s)), "not a regular file", "not a link"),
    Trouble("the tree is on a network file system", lambda s: s.limited(*AS_IF_ON_NFS), "on a network file system",
            "put the tree on a local file system",
            only_directly="that the kernel calls the file system so is strace's doing, which an MTA is not run by"),
    Trouble("the tree is cut in half", lambda s: s.changed(tree(s), lambda b: b[: len(b) // 2]),
            "malformed|not a database", "backup", line=UNCERTAIN),
    Trouble("the tree is cut off in its first page", lambda s: s.changed(tree(s), lambda b: b[:300]),
            "malformed|not a database", "backup", line=UNCERTAIN),
    Trouble("the tree is an empty file", lambda s: s.changed(tree(s), b""), "not marked as a tree", "backup",
            line=UNCERTAIN),
    Trouble("the tree is full of nonsense", lambda s: s.changed(tree(s), lambda b: os.urandom(len(b))),
            "not a database", "backup", line=UNCERTAIN),
    Trouble("the tree is another program's database",
            lambda s: s.changed(tree(s), s.change_tree("PRAGMA application_id = 7")), "not marked as a tree", "backup",
            line=UNCERTAIN),
    Trouble("the tree has a layout of another version",
            lambda s: s.changed(tree(s), s.change_tree("PRAGMA user_version = 99")), "layout 99",
            "upgrade PigeonDeliver"),
    Trouble("the tree has lost its root", 
            lambda s: s.changed(tree(s), s.change_tree("DELETE FROM tree WHERE cursor = name")),
            "root|mark", "backup|restore|init", line=UNCERTAIN),
]

BASE = [
    Trouble("the base directory is missing", lambda s: s.moved_away(s.base), "there is none", "mount its file system"),
    Trouble("the base directory is missing, for a new user", lambda s: s.moved_away(s.base), "there is none",
            "mount its file system", recipient=NEW),
    Trouble("the base directory is not mounted",
            lambda s: s.mounted(s.base, "-t", "tmpfs", "-o", "mode=755", "empty"), "not marked",
            "mount its file system"),
    Trouble("the base directory is not mounted, for a new user",
            lambda s: s.mounted(s.base, "-t", "tmpfs", "-o", f"mode=700,uid={USER.pw_uid}", "empty"), "not marked",
            "mount its file system", recipient=NEW),
    Trouble("the base directory has lost its mark", lambda s: s.moved_away(s.base / ".pigeon-base"), "not marked",
            "mount its file system"),
    Trouble("the base directory may not be entered", lambda s: s.mode(s.base, 0), "Permission denied", "let uid"),
    Trouble("the base directory may not be written, for a new user", lambda s: s.mode(s.base / "example.com", 0o500),
            "Permission denied", "let uid", recipient=NEW),
    Trouble("the base directory's file system is read-only", lambda s: s.read_only(s.base), "Read-only file system",
            "for writing"),
    Trouble("the base directory's file system is read-only, for a new user", lambda s: s.read_only(s.base),
            "Read-only file system", "for writing", recipient=NEW),
    Trouble("the base directory's file system is full", lambda s: s.full(s.base, 0), "No space left", "free space",
            line=NO_SPACE),
    Trouble("the base directory's file system has no room for all of the message",
            lambda s: s.full(s.base, 64 * KIB), "No space left", "free space", line=NO_SPACE, size=200 * KIB),
    Trouble("the base directory's file system is full, for a new user", lambda s: s.full(s.base, 0), "No space left",
            "free space", line=NO_SPACE, recipient=NEW),
    Trouble("the mailbox vanished", lambda s: s.moved_away(s.home()), "it is gone", "restore it from a backup"),
    Trouble("the Maildir vanished", lambda s: s.moved_away(s.maildir()), "it is gone", "restore it from a backup"),
    Trouble("the mailbox bears no stamp", lambda s: s.moved_away(own(s) / "allocation"), "does not bear our stamp",
            "pigeonctl mailbox adopt"),
    Trouble("the mailbox bears another's stamp",
            lambda s: s.changed(own(s) / "allocation", b"0123456789abcdef0123456789abcdef\n"),
            "stamped with allocation 0123", "pigeonctl tree export"),
    Trouble("the mailbox may not be written", lambda s: s.mode(s.maildir() / "tmp", 0o500), "Permission denied",
            "let uid"),
    Trouble("the mailbox is a link", lambda s: s.symlinked(s.home()), "symbolic links", "remove the symbolic link"),
]


def text(site, change):
    """The configuration's text, changed."""
    return site.changed(site.configuration, lambda before: change(before.decode()).encode())


CONFIGURATION = [
    Trouble("the configuration is missing", lambda s: s.moved_away(s.configuration), "No such file", "is there"),
    Trouble("the configuration may not be read", lambda s: s.mode(s.configuration, 0), "Permission denied", "let uid"),
    Trouble("the configuration is empty", lambda s: text(s, lambda t: ""), "pigeon.json:1:1",
            "correct the configuration"),
    Trouble("the configuration is malformed", lambda s: text(s, lambda t: t.replace('"modules"', '"modules', 1)),
            r"pigeon.json:\d+:\d+: ", "correct the configuration"),
    Trouble("the configuration has an unknown key", lambda s: s.configured({"deadlin": 20}),
            "unknown key 'deadlin'.*deadline", "correct the configuration"),
    Trouble("the configuration has a section for no plugin", lambda s: s.configured({"mda-maildri": {"base": "x"}}),
            "no plugin of that name.*mda-maildir", "correct the configuration"),
    Trouble("the configuration has a value of a wrong type",
            lambda s: s.configured({"modules": "mailUsers", "datatree": [1]}),
            '"datatree" takes one value', "correct the configuration"),
    Trouble("the configuration has a time that is none",
            lambda s: s.configured({"datatree-sqlite": {"busyTimeout": "soon"}}),
            "busyTimeout", "correct the configuration"),
    Trouble("the configuration asks for an environment that is not there",
            lambda s: s.configured({"datatree-sqlite": {"path": "${NOWHERE}/tree.db"}}), "no variable NOWHERE",
            "correct the configuration"),
    Trouble("the configuration is writable by its group", lambda s: s.mode(s.configuration, 0o664), "group-writable",
            "chmod go-w"),
    Trouble("the configuration belongs to somebody else", lambda s: s.owner(s.configuration, 1), "belongs to uid 1",
            "chown root"),
    Trouble("the configuration's directory is writable by anybody", lambda s: s.mode(s.root, 0o757), "world-writable",
            "chmod go-w"),
    Trouble("the configuration is a link", lambda s: s.symlinked(s.configuration), "symbolic link",
            "put the file itself"),
    Trouble("the configuration names a format that is not installed",
            lambda s: s.configured({"mailStore": {"mda": "mda-x"}}),
            "no such plugin", "install mda-x.so", recipient=NEW),
    Trouble("the configuration runs no module that stores", lambda s: s.configured({"modules": ["mailUsers"]}),
            "no module took the message", "pigeonctl explain"),
]


def with_version(before, major, minor):
    """The plugin, with another version in its note."""
    at = before.index(struct.pack("<III", 7, 12, 1) + b"Pigeon\0\0") + 20
    return before[:at] + struct.pack("<II", major, minor) + before[at + 8 :]


def plugin(name, change, detail, remedy, **more):
    return Trouble(f"a plugin {name}", lambda s: s.changed(of_store(s), change), detail, remedy, **more)


REINSTALL = "reinstall the plugin"
PLUGINS = [
    Trouble("the plugin directory is missing", lambda s: s.moved_away(s.plugins), "No such file|there is none",
            "is there|install the plugins"),
    Trouble("the plugin directory is writable by its group", lambda s: s.mode(s.plugins, 0o775), "group-writable",
            "chmod go-w"),
    Trouble("the plugin directory may not be read", lambda s: s.mode(s.plugins, 0o311), "Permission denied", "let uid"),
    Trouble("a plugin is missing", lambda s: s.moved_away(of_store(s)), "no such plugin in|no plugin of that name",
            "install mailStore.so|correct the configuration"),
    Trouble("a plugin is writable by its group", lambda s: s.mode(of_store(s), 0o664), "group-writable", "chmod go-w"),
    Trouble("a plugin may not be read", lambda s: s.mode(of_store(s), 0), "Permission denied", "let uid"),
    Trouble("a plugin belongs to somebody else", lambda s: s.owner(of_store(s), 1), "belongs to uid 1", "chown root"),
    Trouble("a plugin is a link", lambda s: s.symlinked(of_store(s)), "symbolic link", "put the file itself"),
    plugin("is of another major version", lambda b: with_version(b, 9, 0), "built for plugin API 9.0",
           "install a build of the plugin"),
    plugin("needs a newer minor version", lambda b: with_version(b, 0, 999), "needs plugin API 0.999",
           "upgrade PigeonDeliver"),
    plugin("lies in its note", lambda b: with_version(b, 0, 0), "note and its descriptor disagree", "report this"),
    plugin("is an empty file", b"", "not an ELF file", REINSTALL),
    plugin("is a text", b"#!/bin/sh\nexit 0\n", "not an ELF file", REINSTALL),
    plugin("is a library without a note", lambda b: b.replace(b"Pigeon\0\0", b"Pidgin\0\0", 1),
           "bears no PigeonDeliver note", REINSTALL),
    plugin("is another's file under its name", lambda b: b.replace(b"mailStore\0", b"mailScore\0"), "calls itself",
           "report this"),
    plugin("is for another machine", lambda b: b[:4] + b"\x01" + b[5:], "not a shared object for this machine",
           REINSTALL),
    plugin("is cut off in its head", lambda b: b[:40], "cut off", REINSTALL),
    plugin("is cut off in its notes", lambda b: b[:300], "cut off", REINSTALL),
    plugin("is cut off behind its notes", lambda b: b[:8192], "refuse plugin|was killed by signal",
           "reinstall the plugin|remove or update", line=f"4.3.[05] {TROUBLE}"),
    plugin("is full of nonsense behind its head", lambda b: b[:4096] + os.urandom(len(b) - 4096),
           "refuse plugin|was killed by signal", "install|remove or update", line=f"4.3.[05] {TROUBLE}"),
    plugin("needs a library that is not there", lambda b: b.replace(b"libc.so.6\0", b"libx.so.6\0"), "the linker says",
           "install what the plugin needs"),
]

RUNNING = "what runs below the MTA cannot be limited without limiting the MTA"
LIMITS = [
    Trouble("no space to spool a large message", lambda s: s.tiny_spool(), "No space left", "free space", line=NO_SPACE,
            size=400 * KIB),
    Trouble("no directory to spool a large message", lambda s: s.configured(
        {"spool": {"directory": str(s.root / "nowhere"), "memory": 4096}}), "No such file", "make that directory",
            size=400 * KIB),
    Trouble("no further process", lambda s: s.limited("prlimit", "--nproc=0"), "start a worker", "processes",
            line=UNCERTAIN, only_directly=RUNNING),
    Trouble("too few open files for a pipe", lambda s: s.limited("prlimit", "--nofile=5"), "Too many open files",
            "limit of open files", line=UNCERTAIN, only_directly=RUNNING),
    Trouble("too few open files for a worker", lambda s: s.limited("prlimit", "--nofile=10"),
            "Too many open files|unable to open", "limit of open files", line=UNCERTAIN, only_directly=RUNNING),
    Trouble("too little memory for the message", lambda s: s.limited("prlimit", f"--as={24 * KIB * KIB}"),
            "[Mm]emory", "memory", line=UNCERTAIN, size=24 * KIB * KIB, only_directly=RUNNING),
    Trouble("files may not become as large as the message", lambda s: s.limited("prlimit", f"--fsize={64 * KIB}"),
            "File too large", "file size", line=UNCERTAIN, size=400 * KIB, only_directly=RUNNING),
]

DEEDS = {
    "segv": r"was killed by signal 11|exited with status 1 without",
    "abort": r"was killed by signal 6",
    "terminate": r"was killed by signal 6",
    "throw": r"unexpected exception: an exception that leaves its plugin",
    "exit0": r"exited with status 0 without a verdict",
    "exit1": r"exited with status 1 without a verdict",
    "quickexit": r"exited with status 0 without a verdict",
    "close": r"without a verdict",
    "hang": r"did not come to an end before the deadline",
}
STEPS = {"mailTrouble": ("load", "open", "run"), "mda-trouble": ("open", "propose", "ensure", "deliver", "after")}


def misdeed(plugin, step, deed):
    """A row for what a plugin does at a step. Between a plugin's steps other plugins may be met first."""
    stopped = DEEDS["abort"] if (step, deed) == ("load", "throw") else DEEDS[deed]
    where = "" if deed in ("throw", "close") else f", in plugin {plugin}, {'deliver' if step == 'after' else step}"
    after = step == "after" or (step, deed) == ("deliver", "close")
    return Trouble(f"{plugin} does this at {step}: {deed}", lambda s: s.misdeed(plugin, step, deed),
                   stopped + ".*" + where, "report this|remove or update the plugin", line=UNCERTAIN,
                   recipient=NEW, is_stored=after, is_slow=deed == "hang" or (deed == "close" and not after))


MISDEEDS = [misdeed(p, step, deed) for p, steps in STEPS.items() for step in steps for deed in DEEDS]
STANDING = TREE + BASE + CONFIGURATION + PLUGINS + LIMITS
TROUBLES = STANDING + MISDEEDS
