# SPDX-License-Identifier: MIT
"""Messages to deliver, and what has to be stored of them."""

import os
import pathlib
import re
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
OWN = TESTS / "messages"
CORPUS = pathlib.Path(os.environ.get("PIGEON_CORPUS") or TESTS.parent.parent / "shared" / "corpus")

FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*")
THIS_HOP = (b"return-path", b"delivered-to", b"x-original-to")


def without_this_hop(message):
    """The message without what the MTA put there for this hop: the rule of the design, spelled out once more."""
    if message.startswith(b"From "):
        message = message[message.find(b"\n") + 1 :] if b"\n" in message else b""
    fields, at = [], 0
    while match := FIELD.match(message, at):
        fields.append((match[1].lower(), match[0]))
        at = match.end()
    names = [name for name, _ in fields]
    if b"received" in names:
        top = names.index(b"received")
        kept = [text for i, (name, text) in enumerate(fields) if i >= top or name not in THIS_HOP]
    else:
        run = next((i for i, name in enumerate(names) if name not in THIS_HOP), len(names))
        kept = [text for _, text in fields[run:]]
    return b"".join(kept) + message[at:]


def expected(message, sender, recipient):
    """What is stored of a message."""
    end = b"\r\n" if re.match(rb"[^\n]*\r\n", message) else b"\n"
    prefix = b"Return-Path: <%s>%sDelivered-To: %s%s" % (sender, end, recipient, end)
    return prefix + without_this_hop(message)


def real_messages():
    """The files of the corpus."""
    if not CORPUS.is_dir():
        raise unittest.SkipTest(f"no corpus of messages at {CORPUS}: name one with PIGEON_CORPUS")
    return sorted(f for f in CORPUS.rglob("*") if f.is_file() and f.name not in ("README.md", "manifest.tsv"))
