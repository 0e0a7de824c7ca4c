# SPDX-License-Identifier: MIT
"""Messages as they should not be: each is stored byte for byte, and readers that others wrote agree."""

import hashlib
import mailbox
import os
import random
import re
import subprocess
import tempfile
import unittest

from corpus import CORPUS, OWN, expected, real_messages
from dovecot import Dovecot
from pigeon_site import Site
from verdicts import Verdicts


class Store(unittest.TestCase, Verdicts):
    """Every message for a user of its own day: in one mailbox, looked at one by one."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        cls.seen = set()

    def store(self, message, name):
        """Delivers, and answers the file that appeared."""
        done = self.site.deliver(message=message)
        self.assertEqual((done.exit, done.stderr), (0, ""), name)
        new = [f for f in self.site.files() if f.name not in self.seen]
        self.assertEqual(len(new), 1, name)
        self.seen.add(new[0].name)
        return new[0]

    def check(self, message, name):
        file = self.store(message, name)
        stored = file.read_bytes()
        self.assertEqual(stored, expected(message, b"bob@example.org", b"alice@example.com"), name)
        size, wire = re.fullmatch(r".*,S=(\d+),W=(\d+)", file.name).groups()
        self.assertEqual(int(size), len(stored), name)
        self.assertEqual(int(wire), len(stored) + len(re.findall(rb"(?<!\r)\n", stored)), name)

    def check_by_readers(self):
        """What Python and Dovecot read out of the mailbox."""
        maildir = self.site.maildir()
        files = {f.name.split(":")[0]: f.read_bytes() for f in self.site.files()}
        reader = mailbox.Maildir(maildir, create=False)
        self.assertEqual(set(reader.keys()), set(files))
        for key, stored in files.items():
            self.assertEqual(reader.get_bytes(key), stored)
            self.assertEqual(reader[key]["Return-Path"], "<bob@example.org>")
        with Dovecot(self.site, maildir) as dovecot:
            rows = dovecot.fetch("guid", "size.physical", "size.virtual")
        self.assertEqual(len(rows), len(files))
        for guid, physical, virtual in rows:
            size, wire = re.fullmatch(r".*,S=(\d+),W=(\d+)", guid).groups()
            self.assertEqual((physical, virtual), (size, wire), guid)

    def test_own_messages(self):
        """each message of the project's own set is stored byte for byte"""
        files = sorted(OWN.glob("*.eml"))
        self.assertGreater(len(files), 40)
        for file in files:
            with self.subTest(message=file.stem):
                self.check(file.read_bytes(), file.stem)
        self.check_by_readers()

    def test_corpus(self):
        """each message of the corpus is stored byte for byte"""
        files = real_messages()
        self.assertGreater(len(files), 0)
        for file in files:
            with self.subTest(message=str(file.relative_to(CORPUS))):
                self.check(file.read_bytes(), file.name)
        self.check_by_readers()

    def test_large_parts(self):
        """long lines, long headers and many of them are stored byte for byte"""
        head = b"From: carol@example.org\nSubject: large\n"
        messages = {
            "a line of 1 MB": head + b"\n" + b"x" * (1 << 20) + b"\n",
            "a field of 1 MB": head + b"X-Long: " + b"y" * (1 << 20) + b"\n\nbody\n",
            "a name of 1 MB": b"z" * (1 << 20) + b": value\n" + head + b"\nbody\n",
            "a field folded 100 000 times": head + b"X-Folded: a\n" + b" b\n" * 100_000 + b"\nbody\n",
            "100 000 fields": head + b"X-Many: c\n" * 100_000 + b"\nbody\n",
            "10 000 fields of this hop": b"Delivered-To: d@example.org\n" * 10_000 + b"Received: x\n" + head + b"\nbody\n",
            "1 MB of nothing": b"\n" * (1 << 20),
            "1 MB of CR": b"\r" * (1 << 20),
            "1 MB of NUL": b"\0" * (1 << 20),
            "1 MB without an end of line": b"From" + b"x" * (1 << 20),
        }
        for name, message in messages.items():
            with self.subTest(message=name):
                self.check(message, name)

    def test_noise(self):
        """whatever the bytes are, they are stored; so is a message of any size around the bounds of buffers"""
        dice = random.Random(os.environ.get("PIGEON_SEED", "1"))
        pieces = [b"\n", b"\r\n", b"\r", b" ", b":", b"Received: x\n", b"Return-Path: <q@example.org>\n", b"\0", b"From ",
                  b"Delivered-To: r@example.org\n", b"X-Original-To:\n t\n", b"\xff", b"text"]
        for number in range(60):
            message = b"".join(dice.choice(pieces) for _ in range(dice.randrange(30)))
            with self.subTest(message=message):
                self.check(message, number)
        for size in (4095, 4096, 65535, 65536, 65537, (1 << 20) - 1, 1 << 20, (1 << 20) + 1):
            with self.subTest(size=size):
                self.check((b"Subject: x\n\n" + b"0123456789abcde\n" * (size // 16 + 1))[:size], size)

    def test_small_spool(self):
        """a message that is kept in a file is stored as one that is kept in memory, and the file leaves no name"""
        spool = self.site.state / "spool"
        spool.mkdir()
        os.chown(spool, self.site.base.stat().st_uid, self.site.base.stat().st_gid)
        for size in (0, 1, 100_000):
            message = b"Subject: spooled\n\n" + os.urandom(size)
            extra = ["-o", "spool.memory=0", "-o", f"spool.directory={spool}"]
            self.assert_delivered(self.site.deliver(message=message, extra=extra))
            new = next(f for f in self.site.files() if f.name not in self.seen)
            self.seen.add(new.name)
            self.assertEqual(new.read_bytes(), expected(message, b"bob@example.org", b"alice@example.com"))
        self.assertEqual(list(spool.iterdir()), [])


class Large(unittest.TestCase, Verdicts):
    """A message that is much larger than what the programs may use."""

    MESSAGE = 200 << 20
    BOUND = 32 << 20  # resident memory of each process, the pages of its libraries included

    def test_bounded_memory(self):
        """200 MB are delivered whole, and neither process ever holds more than 32 MB in memory"""
        line = b"0123456789abcdef" * 4 + b"\n"
        block = line * 1000
        with Site() as site, tempfile.TemporaryFile() as source:
            head = b"Subject: large\n\n"
            digest = hashlib.sha256(b"Return-Path: <bob@example.org>\nDelivered-To: alice@example.com\n" + head)
            source.write(head)
            while source.tell() < self.MESSAGE:
                source.write(block)
                digest.update(block)
            source.seek(0)
            # GNU time would see the parent only; the kernel's account of all children sees the worker as well.
            measure = ("import os, resource, subprocess, sys\n"
                       "exit = subprocess.run(sys.argv[1:]).returncode\n"
                       "print(exit, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
            command = ["python3", "-c", measure, *site.command("alice@example.com")]
            done = subprocess.run(command, stdin=source, capture_output=True, check=False, timeout=120)
            exit, peak = map(int, done.stdout.split())
            self.assertEqual((exit, done.stderr), (0, b""))
            self.assertLess(peak * 1024, self.BOUND)
            self.assertGreater(peak, 1000)
            with open(site.files()[0], "rb") as stored:
                self.assertEqual(hashlib.file_digest(stored, "sha256").hexdigest(), digest.hexdigest())

    def test_limit(self):
        """a message above the limit is refused for good, one at the limit is not, and the input is read to its end"""
        with Site({"messageLimit": "100k"}) as site:
            self.assert_delivered(site.deliver(message=b"x" * (100 << 10)))
            self.assert_not_delivered(site.deliver(message=b"x" * (100 << 10) + b"y"), 65, "5.3.4 the message is too large")
            read, write = os.pipe()
            with open(read, "rb") as reading, open(write, "wb") as writing:
                process = subprocess.Popen(site.command("alice@example.com"), stdin=reading, stderr=subprocess.PIPE)
                reading.close()
                for _ in range(64):
                    writing.write(b"x" * (1 << 20))  # would fail with EPIPE if nobody read it
                writing.close()
            self.assertEqual((process.wait(60), process.stderr.read()), (65, b"5.3.4 the message is too large\n"))
            process.stderr.close()
            self.assertEqual(len(site.files()), 1)


if __name__ == "__main__":
    unittest.main()
