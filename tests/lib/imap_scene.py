# SPDX-License-Identifier: MIT
"""What the tests of docs/imap.md share: its files, mail for alice in several folders, and what a reader gets of it."""

import os
import pathlib
import random
import re

from corpus import OWN
from pigeon_site import MESSAGE, USER

IMAP = pathlib.Path(__file__).resolve().parents[2] / "docs" / "imap"
SECRET = "a secret of alice's"


def with_crlf(text):
    return re.sub(rb"\r?\n", b"\r\n", text)


def replaced(text, changes):
    """A file that is shown, but for what names this machine."""
    for old, new in changes.items():
        assert old in text, f"{old} is not in the file that is shown"
        text = text.replace(old, new)
    return text


def fetched(client, folder):
    """All messages of a folder, by IMAP."""
    status, found = client.select(f'"{folder}"', readonly=True)
    assert status == "OK", found
    if found == [b"0"]:
        return []
    return [part[1] for part in client.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(part, tuple)]


def deliver_some(site):
    """Some of the project's own messages for alice, without bare CR and NUL; and one for a folder that it makes."""
    site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "createFolders=TRUE")
    texts = [f.read_bytes() for f in random.Random(os.environ.get("PIGEON_SEED", "1")).sample(sorted(OWN.glob("*.eml")), 12)]
    texts = [t for t in texts if t.endswith(b"\n") and b"\0" not in t and b"\r" not in t] + [MESSAGE]
    for text in texts:
        assert site.deliver(message=text).exit == 0
    assert site.deliver(message=MESSAGE, extra=["-m", "Work/Reports"]).exit == 0


def add_format(site, mda):
    """A base directory for another storage format, of that name. REQUIRES: root."""
    base = site.root / mda
    base.mkdir(mode=0o700)
    os.chown(base, USER.pw_uid, USER.pw_gid)
    site.configure({mda: {"base": str(base)}})
    site.ctl("init")
