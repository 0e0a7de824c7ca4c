# SPDX-License-Identifier: MIT
"""Quotas, as Maildir++ has them: what is too much, what is said of it, and whether others count the same."""

import os
import subprocess
import time
import unittest

from dovecot import Dovecot
from pigeon_site import Site
from verdicts import Verdicts

MESSAGE = b"Subject: ten thousand\n\n" + b"0123456789abcde\n" * 620  # 9943 bytes, and the prefix
FULL_FOR_NOW = "4.2.2 mailbox full"
FULL = "5.2.2 mailbox full"


class Quota(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site())

    def limit(self, *assignments, path="/example.com/mailStore"):
        self.site.ctl("tree", "set", path, "--class", "mda-maildir", *assignments)

    def deliver(self, **how):
        return self.site.deliver(message=MESSAGE, **how)

    def fill(self, count):
        for _ in range(count):
            self.assert_delivered(self.deliver())

    def sums(self):
        """The definition and the sums of maildirsize."""
        first, *lines = (self.site.maildir() / "maildirsize").read_text().splitlines()
        pairs = [tuple(map(int, line.split())) for line in lines]
        return first, sum(p[0] for p in pairs), sum(p[1] for p in pairs)

    def stored_size(self):
        return sum(f.stat().st_size for f in self.site.files())

    def test_messages(self):
        """as many messages as may be, and no more; deferred by default"""
        self.limit("quotaMessages=2")
        self.fill(2)
        done = self.deliver()
        self.assert_not_delivered(done, 75, FULL_FOR_NOW, self.site)
        self.assertIn("over quota", done.record["detail"])
        self.assertIn("quotaBytes or quotaMessages", done.record["remedy"])
        self.assertEqual((len(self.site.files()), list((self.site.maildir() / "tmp").iterdir())), (2, []))

    def test_bytes(self):
        """a mailbox may be filled to the last byte, prefix included, and not beyond"""
        self.fill(1)
        size = self.stored_size()
        self.limit(f"quotaBytes={3 * size}")
        self.fill(2)
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)
        self.limit(f"quotaBytes={4 * size - 1}")
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)
        self.limit(f"quotaBytes={4 * size}")
        self.fill(1)
        self.assertEqual(self.stored_size(), 4 * size)

    def test_reject(self):
        """over quota is refused for good where the administrator wants it so"""
        self.limit("quotaBytes=1k", "overQuota=reject")
        self.assert_not_delivered(self.deliver(), 77, FULL, self.site)
        self.limit("overQuota=defer")
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW, self.site)

    def test_of_one_user(self):
        """a user's own object has its own quota, where the domain's is not forced"""
        self.limit("quotaMessages=1")
        self.site.ctl("tree", "add", "/example.com/mailUsers/alice/mailStore", "mailStore,mda-maildir", "quotaMessages=3")
        self.fill(3)
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)
        self.limit("quotaMessages=4", "force=TRUE")
        self.fill(1)
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)

    def test_no_quota(self):
        """without a quota nothing is counted"""
        self.fill(1)
        self.assertFalse((self.site.maildir() / "maildirsize").exists())
        self.limit("quotaMessages=2")
        self.fill(1)
        self.assertEqual(self.sums(), ("2C", self.stored_size(), 2))

    def test_room_again(self):
        """mail that a reader deletes makes room, also where the file does not know"""
        self.limit("quotaMessages=2")
        self.fill(2)
        self.site.files()[0].unlink()
        self.fill(1)
        self.assertEqual(self.sums(), ("2C", self.stored_size(), 2))
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)

    def test_folders_count(self):
        """messages in folders count, the trash does not"""
        self.limit("quotaMessages=2", "createFolders=TRUE")
        self.assert_delivered(self.deliver(extra=["-m", "Work"]))
        self.assert_delivered(self.deliver(extra=["-m", "Trash"]))
        (self.site.maildir() / "maildirsize").unlink()
        self.assert_delivered(self.deliver())
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)

    def test_what_is_no_folder(self):
        """files of other programs that are named as folders are, and links, keep no mail out and are not counted"""
        self.limit("quotaMessages=3")
        self.fill(1)
        (self.site.maildir() / ".nfs0000000000000001").write_text("x")
        (self.site.maildir() / ".Shared").symlink_to("/tmp")
        (self.site.maildir() / "maildirsize").unlink()
        self.fill(2)
        self.assertEqual(self.sums(), ("3C", self.stored_size(), 3))
        self.assert_not_delivered(self.deliver(), 75)

    def test_retry(self):
        """a retry of what is stored is answered, however full the mailbox is"""
        self.limit("quotaMessages=1", "overQuota=reject")
        for _ in range(2):
            self.assert_delivered(self.deliver(queue_id="Q1"))
        self.assert_not_delivered(self.deliver(queue_id="Q2"), 77, FULL)

    def test_message_sizes_from_names(self):
        """the size in a name is believed, and a message without one is measured"""
        self.fill(2)
        file = self.site.files()[0]
        file.rename(self.site.maildir() / "cur" / "unnamed:2,S")
        self.limit("quotaBytes=1M")
        self.fill(1)
        self.assertEqual(self.sums(), (f"{1 << 20}S", self.stored_size(), 3))

    def test_dovecot_reads_ours(self):
        """Dovecot takes our maildirsize for its own, and counts what we counted"""
        self.limit("quotaBytes=102400", "quotaMessages=50")
        self.fill(4)
        file = self.site.maildir() / "maildirsize"
        with open(file, "a", encoding="ascii") as sums:
            sums.write("2048 3\n")  # what is in no folder can only have been read here
        before = file.read_bytes()
        with self.dovecot("*:bytes=102400:messages=50") as dovecot:
            rows = dovecot.doveadm("-f", "tab", "quota", "get").decode().splitlines()
        values = {row.split("\t")[1]: row.split("\t")[2:4] for row in rows[1:]}
        self.assertEqual(values["MESSAGE"], ["7", "50"])
        self.assertEqual(values["STORAGE"], [str(-(-(self.stored_size() + 2048) // 1024)), "100"])
        self.assertEqual(file.read_bytes(), before)

    def test_we_read_dovecots(self):
        """and we take what Dovecot counted for ours"""
        self.fill(3)
        with self.dovecot("*:bytes=100000:messages=4") as dovecot:
            dovecot.doveadm("quota", "recalc")
        self.assertEqual(self.sums(), ("100000S,4C", self.stored_size(), 3))
        file = self.site.maildir() / "maildirsize"
        inode = file.stat().st_ino
        self.limit("quotaBytes=100000", "quotaMessages=4")
        self.fill(1)
        self.assertEqual((file.stat().st_ino, self.sums()), (inode, ("100000S,4C", self.stored_size(), 4)))
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)

    def test_damaged(self):
        """a maildirsize that is nonsense, too long, of another quota or overflowing is counted anew"""
        self.limit("quotaMessages=3")
        self.fill(2)
        file = self.site.maildir() / "maildirsize"
        for text in (b"", b"garbage", b"3C\nx y\n", b"3C\n\xff\n", b"9C\n0 0\n", b"3C\n9223372036854775807 9223372036854775807\n" * 2,
                     b"3C\n" + b"0 0\n" * 2000, b"3C\n-5 -5\n"):
            with self.subTest(text=text[:20]):
                file.write_bytes(text)
                self.assert_delivered(self.deliver())
                self.assertEqual(self.sums(), ("3C", self.stored_size(), 3))
                self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)
                self.site.files()[-1].unlink()

    def test_old_and_full(self):
        """a file that says full and is old is not believed without a look"""
        self.limit("quotaMessages=2")
        self.fill(1)
        file = self.site.maildir() / "maildirsize"
        file.write_text("2C\n0 2\n")
        self.assert_not_delivered(self.deliver(), 75, FULL_FOR_NOW)
        os.utime(file, (time.time() - 1000,) * 2)
        self.fill(1)

    def dovecot(self, rule):
        plugin = f"mail_plugins = quota\nplugin {{\n  quota = maildir:User quota\n  quota_rule = {rule}\n}}"
        return Dovecot(self.site, self.site.maildir(), plugin)


if __name__ == "__main__":
    unittest.main()
