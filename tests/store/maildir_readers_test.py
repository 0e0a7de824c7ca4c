# SPDX-License-Identifier: MIT
"""Readers and writers that others wrote, on Maildirs that we write to: each gets every message, byte for byte.

One way, what we delivered is read by Dovecot's IMAP, mutt, mblaze and Python. The other way, Maildirs in which Dovecot,
procmail, maildrop and Postfix have put mail are taken over, and appended to by turns.
"""

import collections
import contextlib
import imaplib
import mailbox
import os
import pathlib
import pty
import random
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
import unittest

from corpus import OWN, real_messages
from dovecot import Dovecot
from pigeon_site import MESSAGE, Site
from view import View

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mta"))
import servers  # noqa: E402

LIMIT = 60  # seconds, for a reader of some hundred messages

# Fields, an empty line, and whatever lines, all of which end with LF.
GOOD_FORM = re.compile(rb"(?:[!-9;-~]+:[^\r\n\0]*\n(?:[ \t][^\r\n\0]*\n)*)+\n(?:[^\r\n\0]*\n)*")


def with_crlf(text):
    return re.sub(rb"\r?\n", b"\r\n", text)


class Readers(unittest.TestCase):
    """All of the project's own messages, and some of the corpus, in one mailbox."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        files = sorted(OWN.glob("*.eml"))
        with contextlib.suppress(unittest.SkipTest):
            files += random.Random(os.environ.get("PIGEON_SEED", "1")).sample(real_messages(), 80)
        for file in files:
            done = cls.site.deliver(message=file.read_bytes())
            assert done.exit == 0, (file, done)
        cls.stored = {f.name: f.read_bytes() for f in cls.site.files()}
        assert len(cls.stored) == len(files)

    def setUp(self):
        """A copy for a reader, who may move and mark what is in it; and a directory for what it writes."""
        self.place = self.site.root / self._testMethodName
        self.place.mkdir()
        self.maildir = self.place / "Maildir"
        shutil.copytree(self.site.maildir(), self.maildir)

    def check(self, read, stored=None):
        """As many messages, and the same ones."""
        wanted = collections.Counter(self.stored.values() if stored is None else stored)
        read = collections.Counter(read)
        missing, surplus = wanted - read, read - wanted
        self.assertEqual((len(missing), len(surplus)), (0, 0),
                         f"missing {[m[:300] for m in missing][:3]}, instead {[m[:300] for m in surplus][:3]}")

    def test_python(self):
        """Python's mailbox reads every message byte for byte"""
        reader = mailbox.Maildir(self.maildir, create=False)
        self.check(reader.get_bytes(key) for key in reader.keys())

    def test_dovecot_imap(self):
        """Dovecot gives every message by IMAP, with CR LF for LF, and 0x80 for a NUL"""
        for path in (self.maildir, *self.maildir.rglob("*")):
            os.chown(path, *self.site.maildir().stat()[4:6])
        with Dovecot(self.site, self.maildir) as dovecot:
            os.chmod(self.place, 0o777)
            command = self.site.as_user(["/usr/lib/dovecot/imap", "-c", dovecot.configuration])
            command = dovecot.view.command([*dovecot.environment, *command])
            client = imaplib.IMAP4_stream(shlex.join(map(str, command)) + " 2>/dev/null")
            self.assertEqual(client.state, "AUTH")
            self.assertEqual(client.select()[0], "OK")
            status, found = client.fetch("1:*", "(RFC822.SIZE BODY.PEEK[])")
            self.assertEqual(status, "OK")
            client.logout()
            client.process.wait(LIMIT)
        read = [part[1] for part in found if isinstance(part, tuple)]
        for part in (part for part in found if isinstance(part, tuple)):
            self.assertEqual(int(re.search(rb"RFC822.SIZE (\d+)", part[0])[1]), len(part[1]))
        self.check(read, [with_crlf(text).replace(b"\0", b"\x80") for text in self.stored.values()])

    @unittest.skipUnless(shutil.which("mutt"), "mutt is not installed: run script/bootstrap --test")
    def test_mutt(self):
        """mutt gives every message to a program, and those that are in good form byte for byte"""
        pieces = self.place / "pieces"
        pieces.mkdir()
        take = self.place / "take"
        take.write_text("#!/bin/sh\nexec cat >\"$(mktemp pieces/XXXXXX)\"\n")
        take.chmod(0o755)
        rc = self.place / "muttrc"
        rc.write_text("set folder=. sendmail=/bin/false quit=yes mark_old=no pipe_split=yes wait_key=no sleep_time=0 delete=no\n"
                      "unset pipe_decode\nset pipe_sep=\"\"\nset sort=mailbox-order\n")
        ours, theirs = pty.openpty()
        shown = bytearray()

        def watch():
            # Each when mutt has shown that it is ready for it: tag, all, for what is tagged, pipe.
            steps = [(b"---Mutt:", b"T"), (b"Tag messages", b"~A\r"), (b"Tag:", b";"), (b"tag-", b"|./take\r")]
            with contextlib.suppress(OSError):
                while piece := os.read(ours, 65536):
                    shown.extend(piece)
                    while steps and steps[0][0] in shown:
                        os.write(ours, steps.pop(0)[1])

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        environment = {"TERM": "vt100", "HOME": str(self.place), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                       "LINES": "24", "COLUMNS": "80"}
        command = ["mutt", "-n", "-F", str(rc), "-f", str(self.maildir)]
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=self.place,
                              start_new_session=True) as process:
            end = time.monotonic() + LIMIT
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.1)
                if len(list(pieces.iterdir())) == len(self.stored):
                    os.write(ours, b"x")  # exit; it looks at its keys when the last program has ended
            process.kill()
        os.close(theirs)
        watcher.join(5)
        os.close(ours)
        self.assertEqual(process.returncode, 0, bytes(shown[-3000:]))
        read = collections.Counter(piece.read_bytes() for piece in pieces.iterdir())
        self.assertEqual(read.total(), len(self.stored))
        # It leaves out lines of a header that are no fields, and has its own mind of a CR.
        good = collections.Counter(filter(GOOD_FORM.fullmatch, self.stored.values()))
        self.assertGreater(good.total(), 10)
        self.assertEqual([text[:300] for text in good - read], [])

    @unittest.skipUnless(shutil.which("mexport"), "mblaze is not installed: run script/bootstrap --test")
    def test_mblaze(self):
        """mblaze lists every message, and shows each byte for byte"""
        listed = subprocess.run(["mlist", self.maildir], capture_output=True, text=True, check=True, timeout=LIMIT)
        files = listed.stdout.splitlines()
        self.assertEqual({pathlib.Path(f).name.split(":")[0] for f in files}, set(self.stored))
        read = []
        for file in files:  # as mboxrd, whose rules are undone
            text = subprocess.run(["mexport", file], capture_output=True, check=True, timeout=LIMIT).stdout
            read.append(re.sub(rb"(?m)^>(>*From )", rb"\1", text.partition(b"\n")[2]))
        # A NUL ends a line of its, with what follows; a last line is always ended.
        read = [text for file, text in zip(files, read) if b"\0" not in pathlib.Path(file).read_bytes()]
        self.check(read, [text if text.endswith(b"\n") else text + b"\n" for text in self.stored.values()
                          if b"\0" not in text])


class Writer:
    """Delivers into a Maildir of a site as another program does."""

    def __init__(self, site, maildir):
        self.site, self.maildir = site, maildir
        self.place = site.root / "others"
        self.place.mkdir()
        os.chown(self.place, *maildir.stat()[4:6])


class OfView(Writer):
    """A program that is started for each message."""

    name = ""

    def __enter__(self):
        self.view = View(self.name)
        return self

    def __exit__(self, *_):
        self.view.__exit__()

    def write(self, message):
        command = self.site.as_user(["env", "-i", f"HOME={self.place}", "PATH=/usr/bin:/bin", *self.command()])
        done = subprocess.run(self.view.command(command), input=message, capture_output=True, check=False, timeout=LIMIT,
                              cwd=self.place)
        assert done.returncode == 0, done

    def file(self, name, text):
        path = self.place / name
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, *self.maildir.stat()[4:6])
        return path


class DovecotLda(OfView):
    name = "dovecot"

    def command(self):
        user = "nobody"
        configuration = self.file("dovecot.conf", f"base_dir = {self.place}\nlog_path = {self.place}/log\n"
                                  f"mail_location = maildir:{self.maildir}\nfirst_valid_uid = 1\nfirst_valid_gid = 1\nssl = no\n"
                                  "stats_writer_socket_path =\n"
                                  "postmaster_address = postmaster@example.com\nhostname = example.com\n")
        return [f"USER={user}", "/usr/lib/dovecot/dovecot-lda", "-c", configuration, "-f", "bob@example.org"]


class Maildrop(OfView):
    name = "maildrop"

    def command(self):
        return ["/usr/bin/maildrop", "-f", "bob@example.org", self.file("filter", f'to "{self.maildir}"\n')]


class Procmail(OfView):
    name = "procmail"

    def command(self):
        rc = self.file("rc", f"MAILDIR={self.place}\nDEFAULT={self.maildir}/\n")
        return ["SHELL=/bin/sh", "/usr/bin/procmail", "-f", "bob@example.org", "-m", rc]


class PostfixVirtual(Writer):
    """Postfix's own delivery agent for virtual mailboxes, behind its SMTP server."""

    def __enter__(self):
        self.server = servers.PostfixVirtual(f"{self.maildir}/", self.maildir.stat()[4:6]).__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def write(self, message):
        before = len(list((self.maildir / "new").iterdir()))
        assert self.server.send(["alice@example.com"], with_crlf(message)), self.server.log()
        servers.wait_until(lambda: len(list((self.maildir / "new").iterdir())) == before + 1, self.server.log)


class Writers(unittest.TestCase):
    """A Maildir that another program has begun, and goes on to write to."""

    def check(self, kind):
        site = Site().__enter__()
        self.addCleanup(site.__exit__)
        maildir = site.maildir()
        for part in ("tmp", "new", "cur"):
            (maildir / part).mkdir(parents=True, mode=0o700)
        owner = site.base.stat()
        for path in (site.base / "example.com", site.home(), maildir, *maildir.iterdir()):
            path.chmod(0o700)
            os.chown(path, owner.st_uid, owner.st_gid)
        with kind(site, maildir) as writer:
            writer.write(MESSAGE + b"theirs, 1\n")
            self.assertEqual(site.deliver().exit, 75)  # it bears no stamp
            site.ctl("mailbox", "adopt", "alice@example.com")
            for number in range(3):
                self.assertEqual(site.deliver(message=MESSAGE + b"ours, %d\n" % number).exit, 0)
                writer.write(MESSAGE + b"theirs, %d\n" % (number + 2))
        wanted = sorted([b"ours, %d" % n for n in range(3)] + [b"theirs, %d" % n for n in range(1, 5)])
        stored = {f.name.split(":")[0]: f.read_bytes() for f in site.files()}
        self.assertEqual(sorted(text.splitlines()[-1] for text in stored.values()), wanted)
        for text in stored.values():  # Postfix adds fields behind the others
            self.assertIn(MESSAGE.partition(b"\n\n")[0], text)
            self.assertIn(MESSAGE.partition(b"\n\n")[2], text)
        reader = mailbox.Maildir(maildir, create=False)
        self.assertEqual({key: reader.get_bytes(key) for key in reader.keys()}, stored)
        with Dovecot(site, maildir) as dovecot:
            self.assertEqual(len(dovecot.fetch("guid")), len(wanted))
        (listed,) = site.ctl_json("mailbox", "list", "alice@example.com")
        self.assertEqual(listed["messages"], len(wanted))

    def test_dovecot(self):
        """a Maildir of Dovecot's is appended to, and Dovecot appends to it again"""
        self.check(DovecotLda)

    def test_maildrop(self):
        """a Maildir of maildrop's is appended to, and maildrop appends to it again"""
        self.check(Maildrop)

    def test_procmail(self):
        """a Maildir of procmail's is appended to, and procmail appends to it again"""
        self.check(Procmail)

    def test_postfix(self):
        """a Maildir of Postfix's is appended to, and Postfix appends to it again"""
        self.check(PostfixVirtual)


if __name__ == "__main__":
    unittest.main()
