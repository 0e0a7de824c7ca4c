# SPDX-License-Identifier: MIT
"""Mailboxes in SQLite files: whole deliveries, read by Python's sqlite3, which shares nothing with the plugin."""

import concurrent.futures
import contextlib
import hashlib
import os
import sqlite3
import subprocess
import time
import unittest

import sql_mail
from pigeon_site import AS_ROOT, CTL, MESSAGE, Site
from store_site import StoreSite
from verdicts import Verdicts

MDA = "mda-sqlite"
ALICE = "alice@example.com"


def settings(**section):
    return {"mailStore": {"mda": MDA}, "mda-maildir": None, MDA: section}


class SqliteSite(Site):
    """A site whose mail goes into SQLite files."""

    def __init__(self, **section):
        super().__init__(domain=None)
        self.configure({"mailStore": {"mda": MDA}, MDA: {"base": str(self.base), **section}})
        self.ctl("domain", "add", "example.com")
        self.ctl("user", "add", ALICE)

    def file(self, user="alice"):
        return self.home(user) / "mail.db"

    @contextlib.contextmanager
    def database(self, user="alice"):
        with contextlib.closing(sqlite3.connect(self.file(user), timeout=10, isolation_level=None)) as opened:
            yield opened

    def query(self, statement, *values):
        with self.database() as database:
            return database.execute(statement, values).fetchall()

    def stored(self, folder=""):
        """Whole messages of a folder, by UID."""
        return sql_mail.joined(self.query("SELECT uid, part, content FROM messages JOIN folders USING (folder) "
                                          "WHERE name = ? ORDER BY uid, part", folder))


class Delivered(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(SqliteSite())

    def test_every_message(self):
        """hard messages, the project's own and those of the corpus are stored byte for byte, with their sizes"""
        wanted = []
        for number, (name, message) in enumerate(sql_mail.messages()):
            done = self.site.deliver(message=message, queue_id=f"Q{number}")
            self.assertEqual(done.exit, 0, (name, done))
            wanted.append(sql_mail.stored_of(message))
        stored = self.site.stored()
        self.assertEqual(list(stored), list(range(1, len(wanted) + 1)))
        for uid, message in stored.items():
            self.assertEqual(message, wanted[uid - 1], uid)
        sizes = self.site.query("SELECT bytes, wire_bytes FROM messages WHERE part = 0 ORDER BY uid")
        self.assertEqual(sizes, [(len(m), sql_mail.wire_size(m)) for m in wanted])
        self.assertEqual(self.site.query("SELECT messages, bytes FROM mailboxes"), [(len(wanted), sum(map(len, wanted)))])
        self.assertEqual(self.site.query("PRAGMA integrity_check"), [("ok",)])
        exported = self.site.root / "exported"
        exported.mkdir()
        exported.chmod(0o777)
        self.site.ctl("mailbox", "export", ALICE, str(exported), "--as", "mda-maildir")
        files = [f for part in ("new", "cur") for f in exported.rglob(f"{part}/*")]
        self.assertEqual(sorted(f.read_bytes() for f in files), sorted(wanted))

    def test_once(self):
        """a retry is stored once, also after a reader has deleted the message; without a queue id there are several"""
        for _ in range(2):
            self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 1)
        self.site.query("DELETE FROM messages")
        self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(self.site.stored(), {})
        for _ in range(2):
            self.assert_delivered(self.site.deliver())
        self.assertEqual(list(self.site.stored()), [2, 3])

    def test_at_once(self):
        """many deliveries at once, each tried twice at the same time: each message is there once, with a UID of its own"""
        def deliver(number):
            done = subprocess.run(self.site.command(ALICE, queue_id=f"Q{number // 2}"), input=MESSAGE, check=False,
                                  capture_output=True, timeout=60)
            return done.returncode
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(deliver, range(32))), {0})
        self.assertEqual(len(self.site.stored()), 16)
        self.assertEqual(self.site.query("SELECT uidnext FROM folders"), [(17,)])

    def test_reader(self):
        """who reads for long keeps nobody waiting; who writes keeps mail waiting, which is delivered afterwards"""
        self.assert_delivered(self.site.deliver())
        with self.site.database() as reader:
            reader.execute("BEGIN")
            self.assertEqual(reader.execute("SELECT count(*) FROM messages").fetchall(), [(1,)])
            self.assert_delivered(self.site.deliver())
            self.assertEqual(reader.execute("SELECT count(*) FROM messages").fetchall(), [(1,)])
        self.site.configure({MDA: {"busyTimeout": "500ms"}})
        with self.site.database() as writer:
            writer.execute("BEGIN IMMEDIATE")
            begin = time.monotonic()
            done = self.site.deliver(queue_id="Q1")
            self.assertLess(time.monotonic() - begin, 5)
            self.assert_not_delivered(done, 75, site=self.site)
            self.assertIn("fuser", done.record["remedy"])
        self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 3)

    def test_folders(self):
        """a folder has UIDs of its own, and is made where that is wanted"""
        self.assert_delivered(self.site.deliver(extra=["-m", "Work/Büro"]))
        self.assertEqual((len(self.site.stored()), len(self.site.stored("Work/Büro"))), (1, 0))
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MDA, "createFolders=TRUE")
        self.assert_delivered(self.site.deliver(extra=["-m", "Work/Büro"]))
        self.assertEqual(list(self.site.stored("Work/Büro")), [1])

    def test_quota(self):
        """the quota is shown, kept, and counted anew on demand"""
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MDA, "quotaMessages=2", "overQuota=reject")
        for _ in range(2):
            self.assert_delivered(self.site.deliver())
        self.assert_not_delivered(self.site.deliver(), 77, "5.2.2 mailbox full")
        self.site.query("DELETE FROM messages WHERE uid = 1")
        self.assertEqual(self.site.ctl_json("mailbox", "quota", ALICE)[0]["messages"], 2)
        self.assertEqual(self.site.ctl_json("mailbox", "quota", "--recount", ALICE)[0]["messages"], 1)
        self.assert_delivered(self.site.deliver())

    def test_large(self):
        """100 MB are stored and read back in little memory"""
        digest, peak = sql_mail.deliver_large(self.site, 100 << 20)
        self.assertLess(peak, 48 << 20)
        found = hashlib.sha256()
        with self.site.database() as database:
            for content, in database.execute("SELECT content FROM messages ORDER BY part"):
                found.update(content)
        self.assertEqual(found.hexdigest(), digest)
        self.assert_delivered(self.site.deliver())
        log = self.site.file().with_name("mail.db-wal")
        self.assertLess(log.stat().st_size, 8 << 20, "the log keeps what a large message took")

    def test_manual(self):
        """the tables that the manual page shows are those that there are"""
        self.assert_delivered(self.site.deliver())
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.executescript(sql_mail.tables_of_manual("mda-sqlite.5.in"))
            shown = {name: database.execute(f"SELECT * FROM pragma_table_xinfo('{name}')").fetchall()
                     for name, in database.execute("SELECT name FROM sqlite_schema").fetchall()}
        self.assertGreater(len(shown), 5)
        for name, columns in shown.items():
            self.assertEqual(self.site.query(f"SELECT * FROM pragma_table_xinfo('{name}')"), columns, name)
        there = {name for name, in self.site.query("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")}
        self.assertEqual(there, {name for name in shown if not name.startswith("sqlite")})

    def test_index(self):
        """header fields are indexed where that is wanted, and none decides about a message"""
        self.site.configure({MDA: {"indexFields": True}})
        for message in (b"From: a@example.org\nSubject: one\n two\n\n", b"Subject\0: x\nTo: " + b"y" * 5000 + b"\n\n", b"\xff\n: \n"):
            self.assert_delivered(self.site.deliver(message=message))
        rows = self.site.query("SELECT uid, field, value FROM fields")
        self.assertEqual(rows, [(1, "from", b"a@example.org"), (1, "subject", b"one two")])


class Trouble(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(SqliteSite())
        self.assert_delivered(self.site.deliver())

    def assert_waits(self, word):
        done = self.site.deliver(queue_id="Q1")
        self.assert_not_delivered(done, 75, site=self.site)
        self.assertIn(word, done.record["detail"] + done.record.get("remedy", ""))

    def test_damaged(self):
        """a file that is damaged, gone, a link or somebody else's lets mail wait, and is left alone"""
        file = self.site.file()
        self.site.query("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = file.read_bytes()
        for word, content in (("not a database", b"x" * 4096), ("mark", b""), ("malformed", whole[:100] + b"\xff" * 8092)):
            with self.subTest(word):
                file.write_bytes(content)
                before = file.read_bytes()
                done = self.site.deliver(queue_id="Q1")
                self.assert_not_delivered(done, 75, site=self.site)
                self.assertEqual(file.read_bytes(), before)
        file.write_bytes(whole)
        moved = file.with_name("moved")
        file.rename(moved)
        self.assert_waits("gone")
        self.assertFalse(file.exists())
        file.symlink_to(moved)
        self.assert_waits("mail.db")
        file.unlink()
        moved.rename(file)
        self.site.query("UPDATE mailboxes SET allocation = 'another'")
        self.assert_waits("stamped with allocation another")
        self.site.query("UPDATE mailboxes SET allocation = NULL")
        self.assert_waits("pigeonctl mailbox adopt alice@example.com")
        self.site.ctl("mailbox", "adopt", ALICE)
        self.assert_delivered(self.site.deliver(queue_id="Q1"))

    def test_full_disk(self):
        """a disk without space lets mail wait; what was there stays, and the retry is stored once"""
        if not AS_ROOT:
            self.skipTest("to mount a small file system needs root")
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700,uid=%d,gid=%d" % (
            self.site.base.stat().st_uid, self.site.base.stat().st_gid), "tmpfs", self.site.base]
        self.site.ctl("mailbox", "purge", "--yes", ALICE)
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            self.skipTest("this machine does not let us mount a file system")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.site.base], check=False)
        self.site.ctl("init")
        self.assert_delivered(self.site.deliver())
        filler = self.site.base / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        message = MESSAGE + b"x" * 20_000
        number, status = 0, 0
        while status == 0 and number < 200:
            number += 1
            done = self.site.deliver(message=message, queue_id=f"Q{number}")
            status = done.exit
        self.assert_not_delivered(done, 75, site=self.site)
        self.assertIn("free space", done.record["remedy"])
        filler.unlink()
        for each in range(1, number + 1):
            self.assert_delivered(self.site.deliver(message=message, queue_id=f"Q{each}"))
        self.assertEqual(len(self.site.stored()), number + 1)
        much = b"Subject: much\n\n" + b"x" * (3 << 20)
        self.assert_not_delivered(self.site.deliver(message=much, queue_id="much"), 75, site=self.site)
        self.assert_delivered(self.site.deliver(message=message, queue_id="Q0"))
        self.assertEqual(len(self.site.stored()), number + 2)
        self.assertEqual(self.site.query("PRAGMA integrity_check"), [("ok",)])

    def test_purge(self):
        """purging leaves nothing, and the next message makes a new mailbox"""
        self.site.ctl("mailbox", "purge", "--yes", ALICE)
        self.assertFalse(self.site.home().exists())
        self.assert_delivered(self.site.deliver())
        self.assertEqual(list(self.site.stored()), [1])


class Moved(unittest.TestCase):
    def test_there_and_back(self):
        """a user is moved from Maildir into a file and back, and keeps every byte, mark and date; a late retry finds its message"""
        with StoreSite(others=(MDA,)) as site:
            for number, (_, message) in enumerate(sql_mail.messages(sample=5)):
                self.assertEqual(site.deliver(message=message, queue_id=f"Q{number}").exit, 0)
            site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "createFolders=TRUE")
            self.assertEqual(site.deliver(extra=["-m", "Work/Reports"]).exit, 0)
            first = site.files()[0]
            first.rename(first.parents[1] / "cur" / f"{first.name}:2,FS")
            held, texts = site.held(), site.texts()
            for mda in (MDA, "mda-maildir", MDA):
                site.ctl("mailbox", "move", ALICE, mda)
                self.assertEqual((site.held(), site.texts()), (held, texts), mda)
                self.assertEqual(site.deliver(message=sql_mail.HARD["nul"], queue_id="Q0").exit, 0)
                self.assertEqual(len(site.held()), len(held), "the retry was stored again")
                site.ctl("mailbox", "purge", "--retired", "--yes", ALICE)


if __name__ == "__main__":
    unittest.main()
