# SPDX-License-Identifier: MIT
"""The scripts: what bootstrap asks and does on a machine that lacks everything, and where what is built is installed.

The tools that they call are stand-ins that note how they were called: the real ones would change the machine.
"""

import os
import pathlib
import pty
import pwd
import shutil
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "script"
AS_ROOT = os.geteuid() == 0

STAND_IN = """#!/bin/sh
echo "${0##*/} $*" >>"$TOLD"
case "${0##*/}" in
  dpkg-query) exit 1 ;;                          # nothing is installed
  sudo) exec "$@" ;;
  dpkg-deb) for to do :; done; mkdir -p "$to" ;;
esac
"""


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pigeon scripts ")
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.root.chmod(0o755)
        self.checkout = self.root / "a checkout"
        shutil.copytree(SCRIPTS, self.checkout / "script")
        self.told_file = self.root / "told"
        self.told_file.touch()
        tools = self.root / "tools"
        tools.mkdir()
        for name in ("apt-get", "dpkg-query", "dpkg-deb", "sudo", "systemctl", "service", "invoke-rc.d", "cmake"):
            (tools / name).write_text(STAND_IN)
            (tools / name).chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "TOLD": str(self.told_file), "TMPDIR": "/tmp"}
        self.as_user = []
        if AS_ROOT:
            nobody = pwd.getpwnam("nobody")
            for path in (self.told_file, *[self.checkout, *self.checkout.rglob("*")]):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            self.as_user = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]

    def told(self):
        """What the tools were told to do, but for looking."""
        return [line for line in self.told_file.read_text().splitlines() if not line.startswith("dpkg-query ")]


class Bootstrap(Case):
    def run_it(self, *arguments, answers=None):
        """Runs it as somebody who is not root, with these answers typed at a terminal, or with nobody there to ask."""
        self.told_file.write_text("")
        here, there = pty.openpty() if answers is not None else (None, subprocess.DEVNULL)
        if answers is not None:
            os.write(here, answers.encode())
        done = subprocess.run([*self.as_user, str(self.checkout / "script" / "bootstrap"), *arguments], stdin=there,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment, cwd="/",
                              check=False, timeout=60)
        if answers is not None:
            os.close(here)
            os.close(there)
        return done.returncode, done.stdout

    def test_nobody_to_ask(self):
        """where sudo would be needed and there is nobody to ask, nothing is done, and it says what to do"""
        exit, said = self.run_it()
        self.assertEqual((exit, self.told()), (1, []))
        self.assertIn("run as root, or with --yes", said)

    def test_refused(self):
        """whoever answers anything but yes has nothing changed"""
        for answer in ("n\n", "\n", "no\n", "\x04"):
            with self.subTest(answer=answer):
                exit, said = self.run_it(answers=answer)
                self.assertEqual((exit, self.told()), (1, []))
                self.assertIn('run "sudo apt-get update -qq"? [y/N]', said)
                self.assertFalse((self.checkout / ".deps" / "connector").exists())

    def test_allowed(self):
        """with leave to, it installs by packages that displace nothing, and starts and enables no service"""
        for arguments, answers in (((), "y\ny\n"), (("--yes",), None)):
            with self.subTest(arguments=arguments):
                shutil.rmtree(self.checkout / ".deps", ignore_errors=True)
                exit, said = self.run_it(*arguments, answers=answers)
                self.assertEqual(exit, 0, said)
                self.assertTrue((self.checkout / ".deps" / "connector").is_dir())
                sudo = [line for line in self.told() if line.startswith("sudo ")]
                self.assertEqual(len(sudo), 2, self.told())
                self.assertIn("apt-get install -qq -y --no-remove --no-install-recommends", sudo[1])
                services = r"(?m)^(systemctl|service|invoke-rc\.d) | (postfix|exim4|opensmtpd|slapd|mariadb-server)\b(?!-)"
                self.assertNotRegex("\n".join(self.told()), services)

    def test_half_unpacked(self):
        """what could not be unpacked whole is unpacked anew the next time, not taken for whole"""
        tool = self.root / "tools" / "dpkg-deb"
        tool.write_text(STAND_IN + "exit 1\n")
        self.assertEqual(self.run_it("--yes")[0], 1)
        tool.write_text(STAND_IN)
        exit, said = self.run_it("--yes")
        self.assertEqual(exit, 0, said)
        self.assertTrue([line for line in self.told() if line.startswith("dpkg-deb --extract ")])


class Prefix(Case):
    def install(self, as_user=()):
        """Installs a build; answers where, by what the script prints."""
        script = "set -euo pipefail; source script/lib.sh; install_prefix demo"
        done = subprocess.run([*as_user, "bash", "-c", script], stdout=subprocess.PIPE, text=True, env=self.environment,
                              cwd=self.checkout, check=True, timeout=60)
        self.assertEqual(self.told()[-1], f"cmake --install build/demo --prefix {self.checkout}/{done.stdout.strip()}")
        return done.stdout.strip()

    def test_own(self):
        """what is built is installed below the build folder, and there again the next time"""
        self.assertEqual(self.install(), "build/demo/prefix")
        (self.checkout / "build" / "demo" / "prefix").mkdir(parents=True)
        self.assertEqual(self.install(), "build/demo/prefix")

    def test_failed(self):
        """where nothing could be installed, nothing goes on with what was there before"""
        (self.root / "tools" / "cmake").write_text(STAND_IN + "exit 1\n")
        script = "set -euo pipefail; source script/lib.sh; installed=$(install_prefix demo); echo $installed"
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, text=True, env=self.environment,
                              cwd=self.checkout, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    @unittest.skipUnless(AS_ROOT, "only root can be two users")
    def test_somebody_elses(self):
        """whoever comes after somebody else, whose plugins would be refused, has a prefix of his own"""
        (self.checkout / "build" / "demo" / "prefix").mkdir(parents=True)
        self.assertEqual(self.install(), "build/demo/prefix")
        self.assertEqual(self.install(self.as_user), f"build/demo/prefix.of-{pwd.getpwnam('nobody').pw_uid}")
        os.chown(self.checkout / "build" / "demo" / "prefix", 1, 1)
        self.assertEqual(self.install(), "build/demo/prefix.of-0")


if __name__ == "__main__":
    unittest.main()
