# SPDX-License-Identifier: MIT
"""The input of the program: it is read to its end, whatever it is."""

import contextlib
import os
import subprocess
import time
import unittest

from pigeon_site import MESSAGE
from process_case import Case


class Input(Case):
    settings = {"deadline": 2}

    def feed(self, process, megabytes=8):
        """Writes more than any pipe holds. A reader that stops reading would break it."""
        for _ in range(megabytes):
            process.stdin.write(b"x" * (1 << 20))
        process.stdin.close()
        process.stdin = None

    def test_read_to_the_end_on_refusal(self):
        """the input is read to its end whatever comes of the message"""
        for recipient, arguments, exit in (("nobody@example.com", [], 67), ("alice@example.net", [], 67), ("", [], 75),
                                           ("alice@example.com", ["too", "many"], 75), ("alice@example.com", ["-z"], 75),
                                           ("alice@example.com", ["-o", "nonsense=1"], 75),
                                           ("alice@example.com", ["-o", "spool.directory=/nonexistent"], 75),
                                           ("alice@example.com", ["-p", "/nonexistent"], 75),
                                           ("alice@example.com", ["-o", "messageLimit=1"], 65)):
            with self.subTest(recipient=recipient, arguments=arguments):
                process = self.start(recipient, arguments)
                self.feed(process)
                self.assertEqual(process.wait(30), exit)
                self.assertEqual(process.stdout.read(), b"")

    def test_never_ends(self):
        """an input that never ends defers, within the deadline, and stores nothing"""
        before = self.count()
        self.site.new_records()
        for trickle in (False, True):
            with self.subTest(trickle=trickle):
                process = self.start()
                begin = time.monotonic()
                while process.poll() is None and time.monotonic() - begin < 20:
                    with contextlib.suppress(BrokenPipeError):
                        if trickle:
                            process.stdin.write(b"Subject: more\n")
                            process.stdin.flush()
                    time.sleep(0.05)
                self.assertEqual(process.returncode, 75)
                self.assertLess(time.monotonic() - begin, 2 + 3)
                self.assertRegex(process.stderr.read(), rb"\A4\.\d+\.\d+ [^\n]+\n\Z")
        self.assertEqual(self.count(), before)
        details = [r["detail"] for r in self.site.new_records() if r["event"] == "delivery"]
        self.assertEqual(details[-2:], ["read the message: it did not end in time"] * 2)

    def test_endless(self):
        """an input that always has more is no different, whether it is kept or only read to its end"""
        before = self.count()
        for arguments in (["-o", "messageLimit=1k"], ["-o", "spool.directory=/nonexistent"]):
            with self.subTest(arguments=arguments), open("/dev/zero", "rb") as endless:
                self.site.new_records()
                process = self.start(arguments=arguments, stdin=endless)
                self.assertEqual(process.wait(20), 75)
                # Not by the watchdog, which writes no record.
                self.assertEqual(len([r for r in self.site.new_records() if r["event"] == "delivery"]), 1)
        self.assertEqual(self.count(), before)

    def test_named_pipe(self):
        """-p takes a message from a named pipe, and does not wait beyond the deadline for one who writes to it"""
        pipe = self.site.root / "named pipe"
        os.mkfifo(pipe)
        pipe.chmod(0o666)
        before = self.count()
        self.site.new_records()
        process = self.start(arguments=["-p", str(pipe)], stdin=subprocess.DEVNULL)
        self.assertEqual(process.wait(20), 75)
        details = [r["detail"] for r in self.site.new_records() if r["event"] == "delivery"]
        self.assertEqual((details, self.count()), (["read the message: it did not end in time"], before))
        process = self.start(arguments=["-p", str(pipe), "-o", "deadline=20"], stdin=subprocess.DEVNULL)
        with open(pipe, "wb", buffering=0) as writer:
            writer.write(MESSAGE[:10])
            time.sleep(0.3)
            writer.write(MESSAGE[10:])
        self.assertEqual((process.wait(20), process.stderr.read()), (0, b""))
        self.assertEqual((self.count(), self.site.bodies()[-1]), (before + 1, MESSAGE))

    def test_slow(self):
        """an input that is slow and ends in time is delivered"""
        before = self.count()
        process = self.start()
        for part in (MESSAGE[:10], MESSAGE[10:11], MESSAGE[11:]):
            process.stdin.write(part)
            process.stdin.flush()
            time.sleep(0.3)
        process.stdin.close()
        process.stdin = None
        self.assertEqual((process.wait(20), process.stderr.read()), (0, b""))
        self.assertEqual((self.count(), self.site.bodies()[-1]), (before + 1, MESSAGE))

    def test_file(self):
        """-p takes the message from a file, and leaves it as it is"""
        file = self.site.root / "message with blanks"
        file.write_bytes(MESSAGE)
        before = self.count()
        for name in (str(file), "message with blanks"):
            process = self.start(arguments=["-p", name], cwd=self.site.root, stdin=subprocess.DEVNULL)
            self.assertEqual((process.wait(20), process.stderr.read()), (0, b""))
        self.assertEqual(self.site.bodies()[-2:], [MESSAGE] * 2)
        self.assertEqual((self.count(), file.read_bytes()), (before + 2, MESSAGE))

    def test_unreadable_file(self):
        """-p with what cannot be read defers"""
        closed = self.site.root / "closed"
        closed.touch(mode=0)
        self.site.new_records()
        for name, remedy in (("/nonexistent", "with -p"), (str(self.site.root), "with -p"), (str(closed), "let uid"),
                             ("a\nb", "with -p")):
            with self.subTest(name=name):
                done = self.site.deliver(extra=["-p", name])
                self.assert_not_delivered(done, 75, site=self.site)
                self.assertIn(remedy, done.record["remedy"])

    def test_no_input(self):
        """without a standard input, or with one that cannot be read, there is no message: it defers"""
        before = self.count()
        command = " ".join(f"'{word}'" for word in self.site.command("alice@example.com"))
        for redirection in ("<&-", f"< '{self.site.root}'", "0> /dev/null", f"0>> '{self.site.root}/x'"):
            with self.subTest(redirection=redirection):
                done = subprocess.run(["sh", "-c", f"{command} {redirection}"], capture_output=True, check=False, timeout=60)
                self.assertEqual((done.returncode, done.stdout), (75, b""))
                self.assertRegex(done.stderr, rb"\A4\.3\.0 [^\n]+\n\Z")
                [record] = [r for r in self.site.new_records() if r["event"] == "delivery"]
                self.assertEqual(record["remedy"], "have the MTA give the message on standard input")
        self.assertEqual(self.count(), before)


if __name__ == "__main__":
    unittest.main()
