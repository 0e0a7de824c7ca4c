# SPDX-License-Identifier: MIT
"""Who else stores mail in bench/store: procmail, a process for each delivery, and Postfix's `virtual` from its queue."""

import os
import re
import shutil
import statistics
import subprocess
import time
import unittest

import contestants
import servers
import view

FLUSHES = ("fsync", "fdatasync", "syncfs", "sync", "msync")


class Site(contestants.Pigeon):
    """A site whose users have their mail in this format."""

    def __init__(self, bench, mda, settings):
        self.mda, self.more = mda, settings
        shutil.rmtree(bench.run.root / "pigeon", ignore_errors=True)  # that of an earlier measurement
        super().__init__(bench.run, bench.user.pw_name, 8, bench.top / "cache" / f"{mda}-8")

    def _settings(self, top):
        settings = super()._settings(top)
        return {**settings, "mailStore": {**settings["mailStore"], "mda": self.mda}, self.mda: self.more}


def _message(bench, kibibytes):
    text = "From: bob@example.org\nTo: alice@example.com\nSubject: bench\n\n"
    text += ("x" * 71 + "\n") * (kibibytes * 1024 // 72)
    return bench.run.file(bench.top / f"message-{kibibytes}", text)


def processes(bench, form, kibibytes):
    """Of pigeon-deliver and procmail: the median time of a delivery in ms, and its flushes."""
    if not (view.DEPS / "procmail").is_dir():
        raise unittest.SkipTest("procmail was not fetched: run script/fetch-servers procmail")
    with view.View("procmail") as place, form.set_up(bench) as (settings, _):
        ours = Site(bench, form.mda, settings).contestant()
        theirs = bench.run.directory(bench.top / "procmail")
        box = theirs / form.others
        if form.others.endswith("/"):
            for part in ("tmp", "new", "cur"):
                bench.run.directory(box / part)
        rc = bench.run.file(theirs / "rc", f"MAILDIR={theirs}\nDEFAULT={theirs}/{form.others}\n", 0o600, mine=False)
        procmail = ["HOME=/", "SHELL=/bin/sh", "/usr/bin/procmail", "-f", contestants.SENDER, "-m", rc]
        words = {"pigeon-deliver": ours.command, "procmail": procmail}
        message = _message(bench, kibibytes)
        _launch(bench, place, message, words, 2)
        figures = _launch(bench, place, message, words, bench.arguments.deliveries)
        return {who: {"median_ms": statistics.median(f[0] for f in found) / 1e6,
                      "flushes": _flushes(bench, place, message, who, words[who])} for who, found in figures.items()}


def _launch(bench, place, message, words, rounds):
    errors = bench.run.directory(bench.top / "output") / "errors"
    identity = ["-u", bench.user.pw_uid, "-g", bench.user.pw_gid]
    command = [*bench.policy, bench.run.prefix / "bin/bench-launch", "-i", message, "-d", bench.run.root, "-n", rounds, "-m", 1,
               "-s", time.monotonic_ns() % 1000, "-e", errors, *identity]
    for who, each in words.items():  # a queue id of its own for every delivery
        command += ["--", who, *(str(w).replace("bench-%n", f"{time.monotonic_ns()}-%n") for w in each)]
    done = subprocess.run(place.command(command), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench-launch: {done.stdout}{errors.read_text() if errors.exists() else ''}")
    figures = {}
    for line in done.stdout.splitlines():
        who, *numbers = line.split()
        figures.setdefault(who, []).append(list(map(int, numbers)))
    return figures


def _flushes(bench, place, message, who, words):
    if shutil.which("strace") is None:
        return None
    trace = bench.top / "output" / "trace"
    variables = [w for w in words if "=" in str(w).split("/")[0]]
    strace = [shutil.which("strace"), "-f", "-qq", "-e", f"trace={','.join(FLUSHES)}", "-o", trace]
    _launch(bench, place, message, {who: [*variables, *strace, *words[len(variables):]]}, 1)
    return len(re.findall(rf"\b({'|'.join(FLUSHES)})\(", trace.read_text()))


def postfix(bench, form, kibibytes):
    """Messages per second that Postfix's delivery agent puts into one mailbox, from a queue that is full."""
    box = bench.run.directory(bench.top / "postfix") / form.others
    is_maildir = form.others.endswith("/")
    if is_maildir:
        for part in ("tmp", "new", "cur"):
            bench.run.directory(box / part)
    wanted = bench.arguments.deliveries
    message = _message(bench, kibibytes).read_bytes().replace(b"\n", b"\r\n")

    def stored():
        if is_maildir:
            return len(os.listdir(box / "new"))
        return box.read_bytes().count(b"\nFrom: bob") if box.exists() else 0

    held = "smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit\n"
    with servers.PostfixVirtual(f"{box}/" if is_maildir else box, bench.run.owner, held) as server:
        for _ in range(wanted):
            assert server.send(["alice@example.com"], message), server.log()
        server.namespace.run("postsuper", "-H", "ALL")
        server.flush()
        first, begin, end = 0, 0.0, time.monotonic() + 60
        while (count := stored()) < wanted:
            if count > 0 and first == 0:
                first, begin = count, time.monotonic()
            if time.monotonic() > end:
                raise SystemExit(f"postfix: {count} of {wanted}: {server.log()[-20:]}")
            time.sleep(0.001)
        if not first:
            raise unittest.SkipTest("all were delivered between two looks: give it more, with -n")
        return (wanted - first) / (time.monotonic() - begin)
