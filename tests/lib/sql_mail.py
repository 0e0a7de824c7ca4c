# SPDX-License-Identifier: MIT
"""Mailboxes in a database, read by others than those who wrote them; and the messages that go into them."""

import contextlib
import hashlib
import os
import pathlib
import random
import re
import subprocess
import unittest

from corpus import OWN, expected, real_messages

SENDER, ALICE = b"bob@example.org", b"alice@example.com"
MANUAL = pathlib.Path(__file__).resolve().parents[2] / "man"
# What a column of text, or a text that ends with a NUL, would not keep.
HARD = {
    "nul": b"Subject: nul\n\n\0\0 in \0 the middle\n\0",
    "every octet": b"Subject: octets\n\n" + bytes(range(256)) * 3,
    "a quote": b"Subject: '; DROP TABLE messages; --\n\n\\' \\\\ %s ? \x1a\n",
    "not UTF-8": b"Subject: \xff\xfe\xc0\x80\n\n\xed\xa0\x80",
    "a part": b"Subject: part\n\n" + b"x" * ((256 << 10) - 100),
    "parts": b"Subject: parts\n\n" + bytes(range(256)) * 4000,
    "blanks at the end": b"Subject: blanks\n\nx   \n   ",
    "nothing": b"",
}


def messages(sample=40):
    """Name and text of messages: hard ones, the project's own, and a sample of the corpus by the printed seed."""
    yield from HARD.items()
    for file in sorted(OWN.glob("*.eml")):
        yield file.stem, file.read_bytes()
    dice = random.Random(os.environ.get("PIGEON_SEED", "1"))
    real = []
    with contextlib.suppress(unittest.SkipTest):  # the hard ones are worth it without the corpus
        real = real_messages()
    for file in real if os.environ.get("PIGEON_ALL_FAULTS") else dice.sample(real, min(sample, len(real))):
        yield file.name, file.read_bytes()


def stored_of(message):
    return expected(message, SENDER, ALICE)


def wire_size(message):
    """With every line ended by CR LF."""
    return len(re.sub(rb"(?<!\r)\n", b"\r\n", message))


def joined(rows):
    """Whole messages, by UID, of (uid, part, content) in order; none may lack a part."""
    found = {}
    for uid, part, content in rows:
        parts = found.setdefault(uid, [])
        assert part == len(parts), (uid, part)
        parts.append(content)
    return {uid: b"".join(parts) for uid, parts in found.items()}


def tables_of_manual(page):
    """The statements of the page's section about tables."""
    text = (MANUAL / page).read_text(encoding="utf-8")
    return re.search(r"^\.Sh TABLES\n\.Bd -literal\n(.*?)^\.Ed", text, re.DOTALL | re.MULTILINE)[1]


def deliver_large(site, size):
    """Delivers a message of so many bytes; its digest as it must be stored, and the largest peak of memory, in bytes."""
    block = b"0123456789abcdef" * 4 + b"\n"
    head = b"Subject: large\n\n"
    digest = hashlib.sha256(stored_of(head))
    source = site.root / "large"
    with open(source, "wb") as file:
        file.write(head)
        while file.tell() < size:
            file.write(block * 1000)
            digest.update(block * 1000)
    # The kernel's account of all children sees the worker as well.
    measure = ("import resource, subprocess, sys\n"
               "exit = subprocess.run(sys.argv[1:]).returncode\n"
               "print(exit, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    with open(source, "rb") as file:
        done = subprocess.run(["python3", "-c", measure, *site.command("alice@example.com", queue_id="large")], stdin=file,
                              capture_output=True, check=False, timeout=300)
    source.unlink()
    exit_status, peak = map(int, done.stdout.split())
    records = site.new_records()
    assert (exit_status, done.stderr) == (0, b""), (exit_status, done.stderr, records)
    return digest.hexdigest(), peak * 1024
