# SPDX-License-Identifier: MIT
"""The program as a process: what it inherits, and what it may be denied."""

import contextlib
import fcntl
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import termios
import time
import unittest

from pigeon_site import MESSAGE, Site
from process_case import UNKNOWN, Case


class Inherited(Case):
    def test_closed_descriptors(self):
        """with any of its descriptors closed the exit status is what it would be"""
        command = " ".join(f"'{word}'" for word in self.site.command("alice@example.com"))
        unknown = " ".join(f"'{word}'" for word in self.site.command("nobody@example.com"))
        before = self.count()
        for redirection in (">&-", "2>&-", ">&- 2>&-", "> /dev/full", "2> /dev/full", "3< /dev/null 4> /dev/null 9> /dev/null"):
            for program, exit in ((command, 0), (unknown, 67)):
                with self.subTest(redirection=redirection, exit=exit):
                    done = subprocess.run(["sh", "-c", f"{program} {redirection}"], input=MESSAGE, capture_output=True,
                                          check=False, timeout=60)
                    self.assertEqual(done.returncode, exit)
        self.assertEqual(self.count(), before + 6)
        self.assertEqual(self.site.bodies()[-1], MESSAGE)

    def test_nobody_reads(self):
        """nor does it matter that nobody reads what it says"""
        for ignored in (signal.SIG_IGN, signal.SIG_DFL):
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run(self.site.command("nobody@example.com"), input=MESSAGE, stderr=write, check=False, timeout=60,
                                  preexec_fn=lambda how=ignored: signal.signal(signal.SIGPIPE, how))
            os.close(write)
            self.assertEqual(done.returncode, 67)

    def test_signals(self):
        """signals that the caller ignores or blocks change nothing, and cost no time"""
        every = [s for s in signal.valid_signals() if s not in (signal.SIGKILL, signal.SIGSTOP) and s < 32]

        def ignore_child():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        def ignore_all():
            for each in every:
                signal.signal(each, signal.SIG_IGN)

        def block_all():
            signal.pthread_sigmask(signal.SIG_BLOCK, every)

        for prepare in (ignore_child, ignore_all, block_all):
            with self.subTest(prepare=prepare.__name__):
                before = self.count()
                begin = time.monotonic()
                self.assertEqual(self.run_with(preexec_fn=prepare), (0, b""))
                self.assertEqual(self.run_with("nobody@example.com", preexec_fn=prepare), (67, UNKNOWN))
                self.assertLess(time.monotonic() - begin, 1.9)
                self.assertEqual(self.count(), before + 1)

    def test_umask(self):
        """the caller's umask makes nothing more open, or less usable"""
        for umask in (0o000, 0o022, 0o077, 0o777):
            name = f"umask{umask:o}"
            self.site.ctl("user", "add", f"{name}@example.com")
            self.assertEqual(self.run_with(f"{name}@example.com", umask=umask), (0, b""))
            for path in self.site.home(name).rglob("*"):
                self.assertEqual(path.stat().st_mode & 0o777, 0o700 if path.is_dir() else 0o600, path)

    def test_directory(self):
        """the directory that it is started in may be gone"""
        gone = self.site.root / "gone"
        gone.mkdir()

        def leave():
            os.chdir(gone)
            gone.rmdir()

        self.assertEqual(self.run_with(preexec_fn=leave), (0, b""))

    def test_environment_of_the_configuration(self):
        """what the configuration takes from the environment, the sections of plugins take as well"""
        site = self.enterContext(Site())
        site.configure({"mda-maildir": {"base": "${MAIL_IS_BELOW}/mail"}})
        done = site.deliver(environment={**os.environ, "MAIL_IS_BELOW": str(site.root)})
        self.assertEqual((done.exit, done.stderr, site.bodies()), (0, "", [MESSAGE]))
        self.assert_not_delivered(site.deliver(), 75, site=site)

    def test_environment(self):
        """it needs no environment at all"""
        self.assertEqual(self.run_with(env={}), (0, b""))

    def test_interrupted(self):
        """a signal that ends the delivery leaves a deferral, at once, and no message"""
        before = self.count()
        with contextlib.closing(sqlite3.connect(self.site.state / "tree.db", isolation_level=None)) as other:
            self.site.ctl("user", "add", "waits@example.com")
            other.execute("BEGIN EXCLUSIVE")
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                with self.subTest(signal=number):
                    process = self.start("waits@example.com")
                    process.stdin.write(MESSAGE)
                    process.stdin.close()
                    process.stdin = None
                    time.sleep(0.3)
                    self.assertIsNone(process.poll())
                    begin = time.monotonic()
                    process.send_signal(number)
                    self.assertEqual(process.wait(10), 75)
                    self.assertLess(time.monotonic() - begin, 3)
                    self.assertRegex(process.stderr.read(), rb"\A4\.3\.0 [^\n]+\n\Z")
            other.execute("ROLLBACK")
        self.assertEqual(self.count(), before)


    def test_interrupted_while_reading(self):
        """so does any signal that comes before the message has: a death by a signal would return the mail"""
        every = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2,
                 signal.SIGXCPU, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR, signal.SIGTRAP, signal.SIGSYS}
        before = self.count()
        for number in sorted(every):
            with self.subTest(signal=number):
                process = self.start()
                process.stdin.write(MESSAGE)
                process.stdin.flush()
                # It has what was written, and waits for more.
                self.wait_until(lambda pipe=process.stdin: self.unread(pipe) == 0)
                process.send_signal(number)
                self.assertEqual(process.wait(10), 75)
                self.assertRegex(process.stderr.read(), rb"\A4\.3\.0 [^\n]+\n\Z")
        self.assertEqual(self.count(), before)

    @staticmethod
    def unread(pipe):
        return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)

    def wait_until(self, condition):
        end = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)


class HeldUp(Case):
    """What it writes to is read by nobody: it ends all the same, soon after its deadline, with the status that was decided."""

    settings = {"deadline": 1}

    def full_pipe(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        os.set_blocking(write, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(write, b"x" * 4096)
        os.set_blocking(write, True)
        return write

    def test_held_up(self):
        """a log that is a pipe without a reader, or a standard error that is full"""
        fifo = self.site.root / "fifo"
        os.mkfifo(fifo)
        fifo.chmod(0o666)
        full = self.full_pipe()
        before = self.count()
        begun = [(self.start(recipient, arguments, stderr=full), exit)
                 for recipient, arguments, exit in (("alice@example.com", ["-o", f"log.to={fifo}"], 0),
                                                    ("alice@example.com", ["-o", "log.to=stderr"], 0),
                                                    ("nobody@example.com", [], 67))]
        os.close(full)
        for process, _ in begun:
            process.stdin.write(MESSAGE)
            process.stdin.close()
            process.stdin = None
        self.assertEqual([process.wait(20) for process, _ in begun], [exit for _, exit in begun])
        self.assertEqual(self.count(), before + 2)


class Denied(Case):
    """Limits that the caller set: whatever is denied, the message is stored whole or deferred, never lost or doubled."""

    def check(self, limit, value, queue_id):
        before = self.count()
        with_limit = lambda: resource.setrlimit(limit, (value, value))  # noqa: E731
        command = self.site.command("alice@example.com", queue_id=queue_id)
        done = subprocess.run(command, input=MESSAGE, capture_output=True, check=False, timeout=60, preexec_fn=with_limit)
        if done.returncode == 0:
            self.assertEqual((done.stderr, self.count()), (b"", before + 1))
        else:
            self.assertEqual(done.returncode, 75)
            self.assertRegex(done.stderr, rb"\A4\.\d+\.\d+ [^\n]+\n\Z")
            self.assertLessEqual(self.count(), before + 1)
        retried = subprocess.run(command, input=MESSAGE, capture_output=True, check=False, timeout=60)
        self.assertEqual((retried.returncode, retried.stderr, self.count()), (0, b"", before + 1))
        self.assertEqual(self.site.bodies()[-1], MESSAGE)
        return done.returncode

    def test_descriptors(self):
        """with few file descriptors"""
        # The linker itself needs one or two before the program can answer.
        exits = [self.check(resource.RLIMIT_NOFILE, few, f"files{few}") for few in range(5, 40)]
        self.assertEqual({exits[0], exits[-1]}, {75, 0})

    def test_file_size(self):
        """with a limit on the size of files"""
        self.assertEqual(self.check(resource.RLIMIT_FSIZE, 0, "size0"), 75)
        for most in (10, len(MESSAGE), 1000, 100_000):
            self.check(resource.RLIMIT_FSIZE, most, f"size{most}")

    def test_stack(self):
        """with a small stack"""
        # Below that the kernel or the linker cannot start a program.
        exits = [self.check(resource.RLIMIT_STACK, kilobytes << 10, f"stack{kilobytes}") for kilobytes in (48, 64, 96, 128)]
        self.assertEqual(exits[-1], 0)

    def test_no_core(self):
        """no delivery leaves a core, whatever the caller's limit"""
        self.assertEqual(self.run_with(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))), (0, b""))


if __name__ == "__main__":
    unittest.main()
