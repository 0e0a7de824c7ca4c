# SPDX-License-Identifier: MIT
"""Every message in an mbox, read by programs that others wrote: Python, Dovecot by IMAP, mutt, mblaze."""

import collections
import contextlib
import imaplib
import os
import pathlib
import pty
import pwd
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from corpus import OWN, expected, real_messages
from mbox_site import MboxSite, contents_of, original
from store_site import messages_of
from view import View

HEADER = re.compile(rb"([!-9;-~]+:[^\n\r\0]*\n([ \t][^\n\r\0]*\n)*)+\n")
SAMPLE = 150  # of the corpus, for readers that take long


def imap(site, mbox, view):
    """An IMAP session with Dovecot on one mbox, as the user that delivers."""
    user = pwd.getpwuid(mbox.stat().st_uid).pw_name
    # The mbox as INBOX, and nothing that Dovecot keeps of its own beside it.
    folders = site.state / "dovecot-folders"
    folders.mkdir(exist_ok=True)
    site.give(folders)
    configuration = site.root / "dovecot.conf"
    configuration.write_text(
        f"base_dir = {site.state}/dovecot\nlog_path = /dev/stderr\nssl = no\nfirst_valid_uid = 1\n"
        f"default_internal_user = {user}\ndefault_login_user = {user}\nstats_writer_socket_path =\n"
        f"mbox_read_locks = fcntl\nmbox_write_locks = fcntl dotlock\nmail_fsync = never\n"
        f"mail_location = mbox:{folders}:INBOX={mbox}:INDEX=MEMORY\n")
    configuration.chmod(0o644)
    command = site.as_user(["doveadm", "-c", str(configuration), "exec", "imap"])
    command = ["env", "-i", f"HOME={site.state}", f"USER={user}", "PATH=/usr/bin:/bin", *command]
    return imaplib.IMAP4_stream(shlex.join(map(str, view.command(command))))


class Readers(unittest.TestCase):
    """One mbox with all messages, in their order."""

    @classmethod
    def setUpClass(cls):
        cls.site = MboxSite().__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        files = sorted(OWN.glob("*.eml"))
        with contextlib.suppress(unittest.SkipTest):
            found = real_messages()
            files += found if os.environ.get("PIGEON_ALL_FAULTS") else found[:: max(1, len(found) // SAMPLE)]
        cls.names = [file.stem for file in files]
        cls.expected = []
        for file in files:
            message = file.read_bytes()
            done = cls.site.deliver(message=message)
            assert (done.exit, done.stderr) == (0, ""), (file, done)
            cls.expected.append(expected(message, b"bob@example.org", b"alice@example.com"))

    def assert_all(self, found, wanted=None):
        wanted = self.expected if wanted is None else wanted
        self.assertEqual(len(found), len(wanted))
        for name, has, wants in zip(self.names, found, wanted):
            with self.subTest(message=name):
                self.assertEqual(has, wants)

    def test_python(self):
        """Python's mailbox finds every message, byte for byte once the format's rules are undone"""
        self.assert_all(self.site.originals())

    def test_ourselves(self):
        """pigeonctl lists as many, each as long as it was"""
        rows = messages_of(self.site.ctl_json("mailbox", "list", "--messages", "alice@example.com"))
        self.assertEqual([r["bytes"] for r in rows], [len(m) for m in self.expected])

    def test_dovecot(self):
        """Dovecot serves every message by IMAP, byte for byte, sets marks, and changes nothing else"""
        copy = self.site.base / "example.com" / "dovecot"
        shutil.copyfile(self.site.mbox(), copy)
        self.site.give(copy)
        copy.chmod(0o600)
        with View("dovecot") as view, imap(self.site, copy, view) as session:
            count = int(session.select("INBOX")[1][0])
            self.assertEqual(count, len(self.expected))
            found = []
            for number in range(1, count + 1):
                found.append(session.fetch(str(number), "(BODY.PEEK[])")[1][0][1])
            session.store("1:*", "+FLAGS", r"(\Seen)")
            session.store("2", "+FLAGS", r"(\Flagged \Answered)")
            session.close()
            session.logout()

        def ends(text):  # IMAP has line ends of its own
            return re.sub(rb"\r+\n", b"\n", text)

        self.assert_all([ends(t) for t in found], [ends(c).replace(b"\0", b"\x80") for c in self.site.contents()])
        marked = contents_of(copy)
        self.assertIn(b"\nStatus: RO\n", marked[0])
        # Where it writes fields into a header, it makes an empty line behind that ends with CR LF a bare LF.
        found = [ends(original(content)).rstrip(b"\r") for content in marked]
        self.assert_all(found, [ends(message).rstrip(b"\r") for message in self.expected])

    def test_mblaze(self):
        """mblaze's mdeliver splits the mbox into as many messages, and undoes the quoting"""
        if shutil.which("mdeliver") is None:
            self.skipTest("mblaze is not installed: run script/bootstrap --test")
        with tempfile.TemporaryDirectory() as into:
            for part in ("tmp", "new", "cur"):
                os.mkdir(f"{into}/{part}")
            with open(self.site.mbox(), "rb") as mbox:
                command = ["mdeliver", "-M", into]
                done = subprocess.run(command, stdin=mbox, capture_output=True, check=False, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = [file.read_bytes() for file in pathlib.Path(into, "new").iterdir()]
        self.assertEqual(len(found), len(self.expected))
        undone = [re.sub(rb"(?m)^>(>*From )", rb"\1", content) for content in self.site.contents()]

        def comparable(texts):  # it takes lines of the body for marks, too, and leaves the empty line behind
            return sorted(re.sub(rb"(?m)^(X-)?Status:.*\n", b"", text).rstrip(b"\n") for text in texts)

        self.assertEqual(comparable(found), comparable(undone))

    def test_mutt(self):
        """mutt opens the mbox, and copies every message out of it"""
        if shutil.which("mutt") is None:
            self.skipTest("mutt is not installed: run script/bootstrap --test")
        with tempfile.TemporaryDirectory() as into:
            copy = f"{into}/mbox"
            shutil.copyfile(self.site.mbox(), copy)
            os.mkdir(f"{into}/Mail")  # else it asks whether to make that
            run_mutt(copy, f"{into}/out", into)
            files = [file for part in ("new", "cur") for file in pathlib.Path(into, "out", part).iterdir()]
            found = [file.read_bytes() for file in files]
        self.assertEqual(len(found), len(self.expected))
        # What has no header as such, mutt gives one.
        wanted = [body(content) for content in self.site.contents() if HEADER.match(content)]
        self.assertGreater(len(wanted), 20)
        self.assertEqual(collections.Counter(wanted) - collections.Counter(body(text) for text in found), {})


def body(text):
    empty = re.search(rb"(?m)^\r?\n", text)
    return text[empty.end() :].strip(b"\n") if empty else b""


def run_mutt(mbox, into, home):
    """mutt, at a terminal, where it is told to copy all messages into a Maildir and to leave."""
    keys = f"T~A<enter>;C{into}<enter>x"
    settings = ("set mbox_type=maildir confirmcreate=no confirmappend=no wait_key=no quit=yes delete=no move=no "
                "sleep_time=0 read_inc=0 write_inc=0")
    command = ["mutt", "-n", "-F", "/dev/null", "-f", mbox, "-e", settings, "-e", f'push "{keys}"']
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", HOME=home, LC_ALL="C.UTF-8", LINES="50", COLUMNS="120")
        os.execvp(command[0], command)
    end = time.monotonic() + 60
    seen = b""
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                seen += os.read(terminal, 65536)
    if time.monotonic() >= end:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    os.close(terminal)
    assert status == 0, (status, seen[-2000:])


if __name__ == "__main__":
    unittest.main()
