# SPDX-License-Identifier: MIT
"""A site with several storage formats: mda-maildir, the same under another name, and whichever others are installed."""

import os
import shutil

from pigeon_site import AS_ROOT, PLUGINS, USER, Site
from trouble_site import built_plugin

TWIN = "mda-twin"  # tests/store/plugins


def messages_of(rows):
    """Of what `mailbox list --messages` prints, what is in the mailbox that mail goes to."""
    return [row for row in rows if "mailbox" not in row and "folder" in row]


class StoreSite(Site):
    """alice has no mailbox yet. Each format's base is a directory of its own."""

    def __init__(self, settings=None, others=()):
        super().__init__()
        self.plugins = self.root / "plugins"
        shutil.copytree(PLUGINS, self.plugins)
        shutil.copy(built_plugin(TWIN), self.plugins)
        self.plugins.chmod(0o755)
        for file in self.plugins.iterdir():
            file.chmod(0o644)
        self.bases = {name: self.directory(name) for name in (TWIN, *others)}
        sections = {name: {"base": str(path)} for name, path in self.bases.items()}
        for name, more in (settings or {}).items():
            sections[name] = {**sections[name], **more} if name in sections else more
        self.configure({"plugins": [str(self.plugins)], **sections})
        self.ctl("init")

    def directory(self, name):
        """A directory of the user's who delivers."""
        path = self.root / name
        path.mkdir(mode=0o700)
        if AS_ROOT:
            os.chown(path, USER.pw_uid, USER.pw_gid)
        return path

    def held(self, address="alice@example.com"):
        """(folder, marks, received, bytes) of each message, whatever it is called."""
        rows = messages_of(self.ctl_json("mailbox", "list", "--messages", address))
        return sorted((r["folder"], tuple(r["marks"]), r["received"], r["bytes"]) for r in rows)

    def texts(self, address="alice@example.com"):
        """The messages themselves, sorted: read back by an export, whatever format they are in."""
        self.exports = getattr(self, "exports", 0) + 1
        into = self.directory(f"export{self.exports}")
        self.ctl("mailbox", "export", address, str(into), "--as", "mda-maildir")
        files = [f for part in ("new", "cur") for f in into.rglob(f"{part}/*")]
        found = sorted(f.read_bytes() for f in files)
        shutil.rmtree(into)
        return found

    def end_move(self, mda=TWIN, address="alice@example.com"):
        """A move that was interrupted is resumed; where it was before anything was begun, it is made."""
        done = self.ctl("mailbox", "move", address, mda, "--resume", check=False)
        if "there is nothing to resume" in done.stderr:
            done = self.ctl("mailbox", "move", address, mda, check=False)
        return done

    def others(self, path="/example.com/mailUsers/alice"):
        """The names of the objects of other mailboxes."""
        rows = self.ctl_json("tree", "list", path)
        return [r["path"].rsplit("/", 1)[1] for r in rows if r["class"] == "otherMailbox"]
