# SPDX-License-Identifier: MIT
"""A site whose mail is in mboxes; and the rules of an mbox once more, for what other programs read out of one."""

import mailbox
import os
import pathlib
import re

from pigeon_site import AS_ROOT, USER, Site

READERS = (b"status", b"x-status", b"x-keywords", b"x-uid", b"x-imap", b"x-imapbase", b"content-length", b"lines")
KEPT = b"Pigeon-Kept-"
UNFINISHED = KEPT + b"End: no newline"


class MboxSite(Site):
    """alice has no mailbox yet. `mbox` are settings of mda-mbox."""

    def __init__(self, mbox=None, **how):
        self.mbox_settings = mbox or {}
        self.is_told = False
        super().__init__(**how)

    def configure(self, settings):
        if not self.is_told:
            self.is_told = True
            ours = {"mailStore": {"mda": "mda-mbox"}, "mda-mbox": {"base": str(self.base), **self.mbox_settings}}
            settings = {**settings, **ours, "mda-maildir": None}
        super().configure(settings)

    def mbox(self, user="alice", domain="example.com"):
        return self.home(user, domain)

    def give(self, path):
        """To the user that delivers."""
        if AS_ROOT:
            os.chown(path, USER.pw_uid, USER.pw_gid)

    def contents(self, user="alice"):
        """What stands between the "From " lines, as Python's own reader has it."""
        return contents_of(self.mbox(user))

    def originals(self, user="alice"):
        return [original(content) for content in self.contents(user)]


def contents_of(path):
    box = mailbox.mbox(path, create=False)
    try:
        return [box.get_bytes(key) for key in box.keys()]
    finally:
        box.close()


def original(content, quotes_body=rb"(?m)^>(>*From )"):
    """The message of which this stands in an mbox."""
    header, body = split(content)
    lines, is_unfinished = [], False
    for line in re.findall(rb"[^\n]*\n|[^\n]+\Z", header):
        name = line.split(b":")[0].rstrip(b" \t").lower() if b":" in line else b""
        if line.rstrip(b"\r\n") == UNFINISHED:
            is_unfinished = True
        elif line.startswith(KEPT):
            lines.append(line[len(KEPT) :])
        elif name not in READERS:
            lines.append(re.sub(rb"^>(>*From )", rb"\1", line))
    text = b"".join(lines) + (re.sub(quotes_body, rb"\1", body) if quotes_body else body)
    return text[:-1] if is_unfinished else text


def split(content):
    """The header, and what comes from the first empty line on."""
    empty = re.search(rb"(?m)^\r?\n", content)
    return (content[: empty.start()], content[empty.start() :]) if empty else (content, b"")


def corpus_name(file: pathlib.Path):
    return f"{file.parent.name}/{file.stem}"
