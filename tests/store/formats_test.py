# SPDX-License-Identifier: MIT
"""A user is moved through all storage formats that are installed, and back, and mail arrives in each."""

import mailbox
import random
import subprocess
import unittest

import mariadb
from pigeon_site import MESSAGE, PLUGINS
from scene import SEED
from store_site import TWIN, StoreSite

ALICE = "alice@example.com"
MAILDIR = "mda-maildir"
# Those that keep their mailboxes in files, beside the two that are Maildirs.
FORMATS = [name for name in ("mda-mbox", "mda-sqlite") if (PLUGINS / f"{name}.so").is_file()]

ODD = (
    b"",
    b"\n",
    b"From me\n\nFrom you\n>From them\n",
    b"Subject: x\r\n\r\nline\r\n.\r\n",
    b"Subject: nul\n\n\0\xff\xfe\n",
    b"Subject: no end\n\nhere",
    b"Subject: blank\n\n\n\n\n",
    b"Subject: large\n\n" + b"0123456789abcde\n" * 20_000,
)


class Formats(unittest.TestCase):
    def test_files(self):
        """every message is there, with its folder, marks, date and bytes, in each format and at the end"""
        self.assertTrue(FORMATS, "no other format is installed")
        self.through([*FORMATS, TWIN], {})

    def test_with_a_database(self):
        """so it is where one of the formats is a database on a server"""
        mariadb.need()
        if not (PLUGINS / "mda-sql.so").is_file():
            self.skipTest("mda-sql is not installed")
        server = self.enterContext(mariadb.MariaDB())
        server.sql("CREATE DATABASE pigeon; CREATE USER pigeon@localhost IDENTIFIED BY 'secret'; GRANT ALL ON pigeon.* TO pigeon@localhost")
        for layout in ("table-per-user", "shared"):
            with self.subTest(layout):
                self.through(["mda-sql", FORMATS[0]], {"mda-sql": {**server.settings(), "layout": layout}})
                server.sql("DROP DATABASE pigeon; CREATE DATABASE pigeon")

    def test_import_again(self):
        """what was imported is known to another import in whichever format it is by then"""
        self.site = self.enterContext(StoreSite(others=FORMATS))
        path = self.site.directory("foreign") / "Maildir"
        foreign = mailbox.Maildir(path)
        for number in (0, 1, 1):  # two that are equal
            foreign.add(MESSAGE.replace(b"a message", b"message %d" % number))
        subprocess.run(["chown", "-R", f"--reference={path.parent}", str(path)], check=True)
        self.site.ctl("mailbox", "import", ALICE, str(path))
        for mda in (*FORMATS, TWIN, MAILDIR):
            with self.subTest(mda):
                self.site.ctl("mailbox", "move", ALICE, mda, "--purge")
                done = self.site.ctl("mailbox", "import", ALICE, str(path), "--from", MAILDIR)
                self.assertIn("0 messages imported, 3 were there already", done.stdout)
                self.assertEqual(len(self.site.held()), 3)

    def through(self, order, settings):
        self.site = self.enterContext(StoreSite(settings, others=FORMATS))
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "createFolders=TRUE")
        for number, text in enumerate(ODD):
            folder = [] if number % 3 else ["-m", "Work"]
            self.assertEqual(self.site.deliver(message=text, queue_id=f"O{number}", extra=folder).exit, 0)
        for file, flags in zip(self.site.files(), ("S", "FS", "RS", "")):
            file.rename(file.parents[1] / "cur" / f"{file.name}:2,{flags}")
        held, texts = self.site.held(), self.site.texts()
        self.assertEqual(len(held), len(ODD))
        self.assertEqual({row[0] for row in held}, {"INBOX", "Work"})
        random.Random(SEED).shuffle(order)
        for count, mda in enumerate([*order, *reversed(order[:-1]), MAILDIR], 1):
            with self.subTest(mda):
                self.site.ctl("mailbox", "move", ALICE, mda, "--purge")
                now = self.site.held()
                self.assertEqual(len(now), len(ODD) + count - 1)
                self.assertEqual([row for row in held if row not in now], [])
                self.assertEqual([text for text in texts if text not in self.site.texts()], [])
                for again in range(2):
                    done = self.site.deliver(message=MESSAGE, queue_id=f"N{count}")
                    self.assertEqual((done.exit, done.record["mda"]), (0, mda))
                    self.assertEqual(done.record.get("already-there"), "yes" if again else None)
                for number, text in enumerate(ODD):  # as an MTA that did not hear the answer
                    folder = [] if number % 3 else ["-m", "Work"]
                    done = self.site.deliver(message=text, queue_id=f"O{number}", extra=folder)
                    self.assertEqual(done.exit, 0, done.records)
                self.assertEqual(len(self.site.held()), len(ODD) + count)
        self.assertEqual(self.site.others(), [])


if __name__ == "__main__":
    unittest.main()
