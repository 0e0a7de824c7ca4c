# SPDX-License-Identifier: MIT
"""Commands as a document shows them, typed by the mail user of a site."""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile

from pigeon_site import AS_ROOT, CTL, DELIVER, USER


@contextlib.contextmanager
def shell(site, extra=None, timeout=120):
    """A function that runs a text by bash, in a directory of its own, and answers its CompletedProcess.

    pigeonctl and pigeon-deliver are those under test, with the configuration of the site; $base and $tree are
    where it keeps mailboxes and tree. extra: more variables; a PATH is searched after those two. By the mail user, so
    that what other commands make is his.
    """
    with tempfile.TemporaryDirectory(prefix="pigeon-shell.") as directory:
        directory = pathlib.Path(directory)
        programs = directory / "bin"
        programs.mkdir()
        programs.chmod(0o755)
        if AS_ROOT:
            os.chown(directory, USER.pw_uid, USER.pw_gid)
        for program in (CTL, DELIVER):
            words = " ".join(f"'{word}'" for word in (program, *site.common_arguments()))
            (programs / program.name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
            (programs / program.name).chmod(0o755)
        environment = {"PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "base": str(site.base), "tree": str(site.state / "tree.db")}
        extra = dict(extra or {})
        if "PATH" in extra:
            extra["PATH"] = f"{programs}:{extra['PATH']}:{environment['PATH']}"
        environment.update(extra)
        who = {"user": USER.pw_uid, "group": USER.pw_gid, "extra_groups": []} if AS_ROOT else {}

        def run(text):
            command = ["bash", "-euo", "pipefail", "-c", text]
            return subprocess.run(command, cwd=directory, env=environment, text=True, capture_output=True,
                                  check=False, timeout=timeout, **who)

        yield run


def check_printed(test, block, done):
    """A block of commands worked, and printed what stands behind each "# ->" in it, in their order."""
    test.assertEqual(done.returncode, 0, f"{block}\nprinted:\n{done.stdout}{done.stderr}")
    at = 0
    for wanted in re.findall(r"# -> (.*)$", block, re.MULTILINE):
        found = done.stdout.find(wanted, at)
        test.assertGreaterEqual(found, 0, f"{wanted!r} was not printed by:\n{block}\n{done.stdout}")
        at = found + len(wanted)
