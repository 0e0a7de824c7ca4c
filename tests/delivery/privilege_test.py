# SPDX-License-Identifier: MIT
"""Whose power the programs have: started as root they become the configured user before they read the tree, for good."""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import sqlite3
import subprocess
import time
import unittest

from pigeon_site import AS_ROOT, CTL, DELIVER, MESSAGE, USER, Site
from verdicts import Verdicts

TROUBLE = "4.3.5 mail system trouble; it will be tried again"


def processes_below(pid):
    """The process and its children, by number."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def identity(pid):
    """The lines of /proc that say whose power a process has."""
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    names = ("Uid", "Gid", "Groups", "CapEff", "CapPrm")
    return {name: status[name].split() for name in names}


@unittest.skipUnless(AS_ROOT, "only root can start a program as root")
class AsRoot(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site())

    def refused(self, *overrides):
        """Both programs refuse to run like this; the record of the refusal."""
        arguments = [word for override in overrides for word in ("-o", override)]
        done = subprocess.run(self.site.command("alice@example.com", extra=arguments), input=MESSAGE, capture_output=True,
                              check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr.decode()), (75, b"", TROUBLE + "\n"))
        control = self.site.ctl(*arguments, "tree", "list", "/", check=False)
        self.assertEqual((control.returncode, control.stdout), (1, ""))
        self.assertIn("to mend it: ", control.stderr)
        self.assertEqual(self.site.files(), [])
        return control.stderr

    def test_before_the_tree(self):
        """the identity changes before anything of the tree, of the mailboxes or of the message is touched"""
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        trace = self.site.root / "trace"
        command = ["strace", "-f", "-e", "trace=%file,setresuid,setresgid,setgroups,read", "-o", str(trace)]
        done = subprocess.run([*command, *self.site.command("alice@example.com")], input=MESSAGE, capture_output=True, check=False,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        lines = trace.read_text().splitlines()
        ids = ", ".join([str(USER.pw_uid)] * 3)
        became = next(i for i, line in enumerate(lines) if re.search(rf"setresuid\({ids}\) += 0$", line))
        order = [next(i for i, line in enumerate(lines[:became]) if what in line) for what in ("setgroups(", "setresgid(")]
        self.assertEqual(order, sorted(order))
        for what in (str(self.site.state), str(self.site.base), str(self.site.log_file), '"Return-Path'):
            early = [line for line in lines[:became] if what in line]
            self.assertEqual(early, [])
        self.assertFalse(any(re.search(r"read\(0, \"From", line) for line in lines[:became]))
        self.assertTrue(any(str(self.site.state) in line for line in lines[became:]))

    def test_nothing_is_left(self):
        """while a delivery runs, neither of its processes has any identity, group or capability of root's"""
        with contextlib.closing(sqlite3.connect(self.site.state / "tree.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            process = subprocess.Popen(self.site.command("alice@example.com"), stdin=subprocess.PIPE)
            process.stdin.write(MESSAGE)
            process.stdin.close()
            end = time.monotonic() + 10
            while len(pids := processes_below(process.pid)) < 2 and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(0.2)
            self.assertEqual(len(pids), 2)
            for pid in pids:
                found = identity(pid)
                self.assertEqual(found["Uid"], [str(USER.pw_uid)] * 4)
                self.assertEqual(found["Gid"], [str(USER.pw_gid)] * 4)
                self.assertEqual(set(found["Groups"]), {str(g) for g in os.getgrouplist(USER.pw_name, USER.pw_gid)})
                self.assertEqual((found["CapEff"], found["CapPrm"]), (["0" * 16], ["0" * 16]))
            other.execute("ROLLBACK")
        self.assertEqual(process.wait(30), 0)

    def test_owner(self):
        """everything that a delivery and an administrator's commands make is the user's"""
        self.site.ctl("user", "add", "carol@example.com")
        self.assert_delivered(self.site.deliver())
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.assert_delivered(self.site.deliver("nobody@example.com"))
        for directory in (self.site.state, self.site.base):
            for path in [directory, *directory.rglob("*")]:
                self.assertEqual((path.lstat().st_uid, path.lstat().st_gid), (USER.pw_uid, USER.pw_gid), path)

    def test_root_itself(self):
        """root is refused, under any name that it has"""
        self.assertIn("is root", self.refused("user=root"))

    def test_below_the_minimum(self):
        """a user below the minimum is refused, and so is being started as one"""
        low = next(u for u in pwd.getpwall() if 0 < u.pw_uid < 50 and u.pw_gid > 0)
        self.assertIn("below the minimum, 100", self.refused(f"user={low.pw_name}", "minimumUid=100"))
        self.assertIn("below the minimum", self.refused(f"minimumUid={USER.pw_uid + 1}"))
        started = ["setpriv", f"--reuid={low.pw_uid}", f"--regid={low.pw_gid}", "--clear-groups", "--"]
        done = subprocess.run([*started, *self.site.command("alice@example.com"), "-o", "minimumUid=100"], input=MESSAGE,
                              capture_output=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr.decode()), (75, TROUBLE + "\n"))

    def test_root_group(self):
        """a user in root's group is refused"""
        in_group = next((u for u in pwd.getpwall() if u.pw_gid == 0 and u.pw_uid != 0), None)
        if not in_group:
            self.skipTest("this machine has no user in root's group")
        self.assertIn("root's group", self.refused(f"user={in_group.pw_name}"))

    def test_no_such_user(self):
        """a user that does not exist is refused in words, and so is the lack of any"""
        text = self.refused("user=no-such-user-here")
        self.assertIn("look up the user 'no-such-user-here': there is none", text)
        self.assertIn('create the user, or correct "user" in the configuration', text)
        self.site.configure({"user": None})
        self.assertIn('names no "user" to become', self.refused())

    def test_set_uid(self):
        """a program that was installed set-uid or set-gid refuses to work, whoever owns it"""
        bin = self.site.root / "bin"
        bin.mkdir()
        started = [f"--reuid={USER.pw_uid}", f"--regid={USER.pw_gid}", "--clear-groups", "--"]
        owners = [(0, 0, 0o4755), (0, 0, 0o2755), (1, 1, 0o4755)]
        for program in (DELIVER, CTL):
            copy = bin / program.name
            shutil.copy(program, copy)
            for uid, gid, mode in owners:
                with self.subTest(program=program.name, uid=uid, mode=oct(mode)):
                    os.chown(copy, uid, gid)
                    copy.chmod(mode)
                    rest = [*self.site.common_arguments(), *(["-d", "alice@example.com"] if program == DELIVER else
                                                             ["tree", "list", "/"])]
                    done = subprocess.run(["setpriv", *started, copy, *rest], input=MESSAGE, capture_output=True, check=False,
                                          timeout=60)
                    if program == DELIVER:
                        self.assertEqual((done.returncode, done.stderr.decode()), (75, TROUBLE + "\n"))
                    else:
                        self.assertEqual(done.returncode, 1)
                        self.assertIn(b"is installed set-uid or set-gid\nto mend it: chmod ug-s", done.stderr)
        self.assertEqual(self.site.files(), [])

    def test_as_the_user_itself(self):
        """started by the user itself, as an MTA would, it delivers as well"""
        done = subprocess.run(self.site.as_user(self.site.command("alice@example.com")), input=MESSAGE, capture_output=True,
                              check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.site.bodies(), [MESSAGE])

    def test_another_user(self):
        """started by a user to whom the tree does not belong, it defers, and the tree stays closed"""
        other = next(u for u in pwd.getpwall() if 0 < u.pw_uid < USER.pw_uid)
        started = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups", "--"]
        done = subprocess.run([*started, *self.site.command("alice@example.com")], input=MESSAGE, capture_output=True, check=False,
                              timeout=60)
        self.assertEqual((done.returncode, done.stdout), (75, b""))
        self.assertRegex(done.stderr, rb"\A4\.3\.[05] [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
