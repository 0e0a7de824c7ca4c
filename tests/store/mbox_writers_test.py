# SPDX-License-Identifier: MIT
"""Other programs that write to the mboxes that we write to: by turns, at once, and with their locks held."""

import collections
import mailbox
import os
import re
import shutil
import subprocess
import threading
import unittest

import maildir_readers_test as maildirs
from mbox_site import MboxSite, contents_of
from pigeon_site import AS_ROOT, MESSAGE
from view import View

ADDRESS = "alice@example.com"
FROM = re.compile(rb"(?m)^From \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$")


class DovecotLda(maildirs.DovecotLda):
    def command(self):
        folders = self.place / "folders"
        folders.mkdir(exist_ok=True, mode=0o700)
        os.chown(folders, *self.maildir.stat()[4:6])
        file = self.file("dovecot.conf", f"base_dir = {self.place}\nlog_path = {self.place}/log\n"
                         f"mail_location = mbox:{folders}:INBOX={self.maildir}:INDEX=MEMORY\nfirst_valid_uid = 1\n"
                         "first_valid_gid = 1\nssl = no\nstats_writer_socket_path =\nhostname = example.com\n"
                         "mbox_write_locks = dotlock fcntl\npostmaster_address = postmaster@example.com\n")
        return ["USER=nobody", "/usr/lib/dovecot/dovecot-lda", "-c", file, "-f", "bob@example.org"]


class Procmail(maildirs.Procmail):
    def command(self):
        rc = self.file("rc", f"MAILDIR={self.place}\nDEFAULT={self.maildir}\nLOCKSLEEP=1\n")
        return ["SHELL=/bin/sh", "/usr/bin/procmail", "-f", "bob@example.org", "-m", rc]


class PostfixVirtual(maildirs.Writer):
    def __enter__(self):
        self.server = maildirs.servers.PostfixVirtual(str(self.maildir), self.maildir.stat()[4:6]).__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def write(self, message):
        last = message.splitlines()[-1]
        assert self.server.send([ADDRESS], maildirs.with_crlf(message)), self.server.log()
        maildirs.servers.wait_until(lambda: last in self.maildir.read_bytes(), self.server.log)


class Python(maildirs.Writer):
    """Python's mailbox, which takes fcntl's lock and the dotlock."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, message):
        code = ("import mailbox, sys, time\nbox = mailbox.mbox(sys.argv[1], create=False)\n"
                "while True:\n    try:\n        box.lock()\n        break\n"
                "    except mailbox.ExternalClashError:\n        time.sleep(0.01)\n"
                "box.add(sys.stdin.buffer.read())\nbox.flush()\nbox.unlock()\n")
        command = self.site.as_user(["python3", "-c", code, str(self.maildir)])
        done = subprocess.run(command, input=message, capture_output=True, check=False, timeout=maildirs.LIMIT)
        assert done.returncode == 0, done


def last_lines(path):
    return collections.Counter(content.rstrip(b"\n").splitlines()[-1] for content in contents_of(path))


class Writers(unittest.TestCase):
    """An mbox that another program has begun, and goes on to write to."""

    def check(self, kind, at_once=True, quoted=b"From theirs\n"):
        site = self.enterContext(MboxSite())
        mbox = site.mbox()
        mbox.parent.mkdir(mode=0o700)
        mbox.touch(mode=0o600)
        for path in (mbox.parent, mbox):
            site.give(path)
        with kind(site, mbox) as writer:
            writer.write(MESSAGE + b"theirs, 0\n")
            self.assertEqual(site.deliver().exit, 75)  # it bears no stamp
            site.ctl("mailbox", "adopt", ADDRESS)
            wanted = collections.Counter([b"theirs, 0"])
            for number in range(1, 4):
                self.assertEqual(site.deliver(message=MESSAGE + b"From ours\nours, %d\n" % number).exit, 0)
                writer.write(MESSAGE + quoted + b"theirs, %d\n" % number)
                wanted.update([b"ours, %d" % number, b"theirs, %d" % number])
            self.check_whole(site, mbox, wanted)
            if at_once:
                wanted.update(self.write_at_once(site, writer))
                self.check_whole(site, mbox, wanted)

    def write_at_once(self, site, writer, count=8):
        trouble, told = [], []

        def theirs():
            try:
                for number in range(10, 10 + count):
                    writer.write(MESSAGE + b"theirs, %d\n" % number)
                    told.append(b"theirs, %d" % number)
            except AssertionError as error:
                trouble.append(error)

        def ours(first):
            for number in range(first, first + count):
                done = subprocess.run(site.command(ADDRESS, queue_id=f"Q{number}"), capture_output=True, check=False,
                                      input=MESSAGE + b"ours, %d\n" % number, timeout=maildirs.LIMIT)
                if done.returncode == 0:
                    told.append(b"ours, %d" % number)
                else:
                    trouble.append(done)

        threads = [threading.Thread(target=theirs)]
        threads += [threading.Thread(target=ours, args=[first]) for first in (100, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(trouble, [])
        self.assertEqual(len(told), 3 * count)
        return told

    def check_whole(self, site, mbox, wanted):
        """Each message is there once for Python, for mutt's rule and for us, between lines and empty lines."""
        self.assertEqual(last_lines(mbox), wanted)
        text = mbox.read_bytes()
        begins = [match.start() for match in FROM.finditer(text)]
        self.assertEqual(len(begins), wanted.total())
        for begin in begins[1:]:
            self.assertEqual(text[begin - 2 : begin], b"\n\n")
        (listed,) = site.ctl_json("mailbox", "list", ADDRESS)
        self.assertEqual(listed["messages"], wanted.total())
        self.assertFalse(mbox.with_name("alice.lock").exists())

    def test_dovecot(self):
        """an mbox of Dovecot's, which takes its locks in another order, and quotes nothing"""
        self.check(DovecotLda, quoted=b"")

    def test_procmail(self):
        """an mbox of procmail's"""
        self.check(Procmail)

    def test_maildrop(self):
        """an mbox of maildrop's"""
        self.check(maildirs.Maildrop)

    def test_postfix(self):
        """an mbox of Postfix's"""
        self.check(PostfixVirtual)

    def test_python(self):
        """an mbox of Python's"""
        self.check(Python)


class Held(unittest.TestCase):
    """A lock that another program holds: mail waits until it is given back, or is told to come again."""

    def setUp(self):
        self.site = self.enterContext(MboxSite())
        self.assertEqual(self.site.deliver().exit, 0)
        self.before = self.site.mbox().read_bytes()

    def check_held(self):
        done = self.site.deliver(extra=["-o", "deadline=2"])
        self.assertEqual(done.exit, 75, done)
        self.assertRegex(done.record["detail"], "another program has it")
        self.assertEqual(self.site.mbox().read_bytes(), self.before)

    def check_free(self):
        self.assertEqual(self.site.deliver().exit, 0)
        self.assertEqual(len(contents_of(self.site.mbox())), 2)

    def test_python(self):
        """Python's mailbox holds its locks"""
        box = mailbox.mbox(self.site.mbox(), create=False)
        box.lock()
        self.check_held()
        box.unlock()
        box.close()
        self.check_free()

    def test_procmail(self):
        """procmail's lockfile has made the dotlock, with no process to ask for"""
        with View("procmail") as view:
            subprocess.run(view.command(["lockfile", str(self.site.mbox()) + ".lock"]), check=True, timeout=60)
        self.check_held()
        self.site.mbox().with_name("alice.lock").unlink()
        self.check_free()

    def test_mutt(self):
        """mutt's dotlock program holds the lock"""
        program = shutil.which("mutt_dotlock")
        if program is None:
            self.skipTest("mutt is not installed: run script/bootstrap --test")
        lock = self.site.as_user([program, str(self.site.mbox())])
        self.assertEqual(subprocess.run(lock, check=False, timeout=60).returncode, 0)
        self.check_held()
        unlock = self.site.as_user([program, "-u", str(self.site.mbox())])
        self.assertEqual(subprocess.run(unlock, check=False, timeout=60).returncode, 0)
        self.check_free()

    def test_dead(self):
        """the dotlock of a process that has died is removed"""
        process = subprocess.Popen(["true"])
        process.wait()
        lock = self.site.mbox().with_name("alice.lock")
        lock.write_text(f"{process.pid}\n")
        if AS_ROOT:
            self.site.give(lock)
        self.check_free()
        self.assertFalse(lock.exists())


if __name__ == "__main__":
    unittest.main()
