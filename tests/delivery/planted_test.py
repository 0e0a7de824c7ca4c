# SPDX-License-Identifier: MIT
"""Links that somebody planted: at any component of any path they are not followed, and what they lead to stays as it is."""

import os
import shlex
import shutil
import unittest

from pigeon_site import AS_ROOT, MESSAGE, USER, Site
from verdicts import Verdicts


class Planted(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site({"mailStore": {"detailFolder": True}, "deadline": 5}))
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "quotaMessages=100")
        # What a follower would find: everything that it needs, writable.
        self.outside = self.site.root / "outside"
        for path in ("tmp", "new", "cur", "Maildir/tmp", "Maildir/new", "Maildir/cur", ".pigeon/pending", ".pigeon/done",
                     "alice/Maildir/tmp", "alice/Maildir/new", "alice/Maildir/cur", "pending", "done", ".box/new"):
            (self.outside / path).mkdir(parents=True)
        (self.outside / "precious").write_text("100C\n0 0\n")
        self.own(self.outside)

    def own(self, path):
        """As if the user that delivers had made it."""
        if AS_ROOT:
            for each in [path, *path.rglob("*")]:
                os.chown(each, USER.pw_uid, USER.pw_gid, follow_symlinks=False)

    @staticmethod
    def remove(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.is_symlink() or path.exists():
            path.unlink()

    def plant(self, path, target):
        """A link in the place of what is there."""
        self.remove(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        if AS_ROOT:
            os.chown(path, USER.pw_uid, USER.pw_gid, follow_symlinks=False)

    def deliver(self, exits, **how):
        """Nothing outside has changed, whatever the exit."""
        before = self.site.everything(self.outside)
        done = self.site.deliver("alice+box@example.com", **how)
        self.assertIn(done.exit, exits, done.records)
        if done.exit == 75:
            self.assert_not_delivered(done, 75, site=self.site)
        else:
            self.assert_delivered(done)
        self.assertEqual(self.site.everything(self.outside), before)
        return done

    def test_before_the_first_message(self):
        """no link is followed on the way to a mailbox that is to be made"""
        home = self.site.home()
        for path in (home.parent, home, home / "Maildir", home / ".pigeon", home / "Maildir/new", home / ".pigeon/allocation"):
            with self.subTest(path=str(path.relative_to(self.site.base))):
                shutil.rmtree(home.parent, ignore_errors=True)
                self.plant(path, self.outside if path.name != "allocation" else self.outside / "precious")
                self.own(self.site.base)
                done = self.deliver([75])
                self.assertNotEqual(self.site.allocation().get("ready"), "TRUE")
                self.assertIn(str(self.site.base / "example.com"), done.record["detail"])
                path.unlink()
                shutil.rmtree(home.parent, ignore_errors=True)
        self.deliver([0])

    def test_in_a_mailbox(self):
        """no link is followed in a mailbox that is there, nor on the way to it"""
        self.deliver([0])
        maildir, own, home = self.site.maildir(), self.site.home() / ".pigeon", self.site.home()
        (maildir / ".box").mkdir()
        for part in ("tmp", "new", "cur"):
            (maildir / ".box" / part).mkdir()
        self.own(maildir)
        kept = self.site.root / "kept"
        shutil.copytree(home.parent, kept, symlinks=True)
        targets = {home.parent: self.outside, home: self.outside / "alice", maildir: self.outside / "Maildir",
                   own: self.outside / ".pigeon", own / "allocation": self.outside / "precious",
                   own / "pending": self.outside / "pending", own / "done": self.outside / "done",
                   maildir / "maildirsize": self.outside / "precious", maildir / ".box": self.outside / "Maildir",
                   maildir / ".box/new": self.outside / "new", maildir / ".box/tmp": self.outside / "tmp",
                   maildir / ".box/cur": self.outside / "cur"}
        for path, target in targets.items():
            for spelling in (target, os.path.relpath(target, path.parent)):
                with self.subTest(path=str(path.relative_to(self.site.base)), target=str(spelling)):
                    self.plant(path, spelling)
                    self.deliver([75])
                    self.remove(home.parent)
                    shutil.copytree(kept, home.parent, symlinks=True)
                    self.own(home.parent)
        self.deliver([0])

    def test_main_folder(self):
        """so it is with the parts of the main folder, which every mailbox has"""
        self.deliver([0])
        for part in ("new", "tmp", "cur"):
            with self.subTest(part=part):
                directory = self.site.maildir() / part
                kept = directory.rename(self.site.maildir() / f"{part}-kept")
                self.plant(directory, self.outside / part)
                self.deliver([75])
                directory.unlink()
                kept.rename(directory)
        self.deliver([0])

    def test_names_that_can_be_foreseen(self):
        """a link in the place of the temporary file or of the ledger's entry, whose names a queue id makes known, is not
        written through"""
        self.deliver([0])
        record = self.deliver([0], queue_id="Q").record
        own, name = self.site.home() / ".pigeon", record["delivery"]
        [done_entry] = (own / "done").glob(f"*/{name}")
        for link in (os.symlink, os.link):
            for place in (self.site.maildir() / "tmp" / name, own / "pending" / name):
                with self.subTest(link=link.__name__, place=place.parent.name):
                    for entry in (own / "done").glob(f"*/{name}"):
                        entry.unlink()
                    for file in self.site.files():
                        if name in file.name:
                            file.unlink()
                    link(self.outside / "precious", place)
                    before = (self.outside / "precious").read_bytes(), (self.outside / "precious").stat().st_mode
                    done = self.site.deliver("alice+box@example.com", queue_id="Q")
                    self.assertIn(done.exit, (0, 75))
                    self.assertEqual(((self.outside / "precious").read_bytes(), (self.outside / "precious").stat().st_mode), before)
                    place.unlink(missing_ok=True)
                    # Whatever came of it, the next attempt stores the message, once.
                    self.assert_delivered(self.site.deliver("alice+box@example.com", queue_id="Q"))
                    self.assertEqual(len([f for f in self.site.files() if name in f.name]), 1)
        self.assertFalse(done_entry.is_symlink())

    def test_hard_link_to_the_sums(self):
        """a maildirsize that is another file as well is not written to"""
        self.deliver([0])
        sums = self.site.maildir() / "maildirsize"
        sums.unlink()
        os.link(self.outside / "precious", sums)
        done = self.deliver([75])
        self.assertIn("it is not a file of this mailbox alone", done.record["detail"])
        self.assertTrue(done.record["remedy"].startswith(f"rm {shlex.quote(str(sums))}"))

    def test_pipes(self):
        """a pipe in the place of a file holds nobody up"""
        self.deliver([0])
        for path in (self.site.home() / ".pigeon" / "allocation", self.site.maildir() / "maildirsize"):
            with self.subTest(path=path.name):
                kept = path.rename(path.with_name("kept"))
                os.mkfifo(path)
                self.own(path)
                done = self.deliver([75])
                self.assertLess(int(done.record["ms"]), 2000)
                kept.rename(path)

    def test_purge_follows_nothing(self):
        """nor does the deletion of a mailbox follow a link out of it"""
        self.deliver([0])
        for path in (self.site.maildir() / ".evil", self.site.maildir() / "cur" / "evil", self.site.home() / ".pigeon/done/1"):
            path.symlink_to(self.outside)
        before = self.site.everything(self.outside)
        self.site.ctl("mailbox", "purge", "--yes", "alice@example.com")
        self.assertEqual(self.site.everything(self.outside), before)
        self.assertFalse(self.site.home().exists())

    def test_tree_is_a_link(self):
        """the tree's file itself must not be a link either"""
        tree = self.site.state / "tree.db"
        for suffix in ("", "-wal", "-shm"):
            if (self.site.state / f"tree.db{suffix}").exists():
                (self.site.state / f"tree.db{suffix}").rename(self.outside / f"tree.db{suffix}")
        tree.symlink_to(self.outside / "tree.db")
        done = self.site.deliver()
        self.assert_not_delivered(done, 75, site=self.site)
        self.assertIn("it is not a regular file", done.record["detail"])
        self.assertEqual(done.record["remedy"], "put the tree itself there, not a link")

    def test_message_is_stored_after_all(self):
        """without any of these the message is stored"""
        self.deliver([0])
        self.assertEqual(self.site.bodies(), [MESSAGE])


if __name__ == "__main__":
    unittest.main()
