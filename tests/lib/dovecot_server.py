# SPDX-License-Identifier: MIT
"""A Dovecot that runs, with LMTP and IMAP on sockets of its own."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from pigeon_site import AS_ROOT, USER
from view import View


class DovecotServer:
    """REQUIRES: use as a context manager. Users have Maildirs of Dovecot's own, which belong to the user that delivers.

    Users are added before it is entered: Dovecot reads its list once. settings: what the configuration holds besides.
    """

    def __init__(self, settings="", location="maildir:~/Maildir"):
        self.view = View("dovecot", users={"vmail": USER.pw_uid} if AS_ROOT else None)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-dovecot."))
        self.root.chmod(0o755)
        self.users = self.root / "users"
        self.users.write_text("")
        self.run, self.mail = self.root / "run", self.root / "mail"
        for directory in (self.run, self.mail):
            directory.mkdir(mode=0o755)
        os.chown(self.mail, USER.pw_uid, USER.pw_gid)
        self.lmtp = self.run / "lmtp"
        self.log = self.root / "log"
        self.configuration = self.root / "dovecot.conf"
        passwd = f"driver = passwd-file\n  args = username_format=%u {self.users}"
        self.configuration.write_text(
            f"{settings}\nbase_dir = {self.run}\nlog_path = {self.log}\nssl = no\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n"
            f"default_internal_user = vmail\ndefault_login_user = vmail\ndefault_internal_group = vmail\n"
            f"hostname = dovecot.example.com\nstats_writer_socket_path =\nmail_location = {location}\n"
            f"passdb {{\n  {passwd}\n}}\nuserdb {{\n  {passwd}\n}}\n"
            # No ports: tests of others run beside.
            "service imap-login {\n  chroot =\n  inet_listener imap {\n    port = 0\n  }\n  inet_listener imaps {\n    port = 0\n  }\n}\n"
            "service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}\n")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.view.__exit__()
        subprocess.run(["rm", "-rf", str(self.root)], check=False)

    def start(self):
        command = self.view.command(["/usr/sbin/dovecot", "-F", "-c", self.configuration])
        self.process = subprocess.Popen(command, start_new_session=True)
        end = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"dovecot did not start:\n{self.log.read_text() if self.log.exists() else ''}")
            time.sleep(0.05)

    def answers(self):
        return self.lmtp.exists() and "starting up" in (self.log.read_text() if self.log.exists() else "")

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None
        self.lmtp.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)

    def add(self, user, domain="example.com", folders=()):
        """Makes a user, with these folders besides INBOX."""
        home = self.mail / user
        maildir = home / "Maildir"
        for folder in ("", *(f".{name}" for name in folders)):
            for part in ("tmp", "new", "cur"):
                (maildir / folder / part).mkdir(parents=True)
        for path in (home, *home.rglob("*")):
            os.chown(path, USER.pw_uid, USER.pw_gid)
        with self.users.open("a") as users:
            users.write(f"{user}@{domain}:{{PLAIN}}secret:{USER.pw_uid}:{USER.pw_gid}::{home}::\n")

    def messages(self, user, folder=""):
        """The messages in a Maildir of Dovecot's, in the order in which they came."""
        directory = self.mail / user / "Maildir" / folder
        files = [f for part in ("new", "cur") for f in (directory / part).iterdir()]

        def arrived(file):
            second, micro = re.match(r"(\d+)\.M(\d+)P", file.name).groups()
            return int(second), int(micro)
        return [f.read_bytes() for f in sorted(files, key=arrived)]

    @staticmethod
    def without_own_fields(text):
        """Without the fields that Dovecot's LMTP puts in front: Return-Path, Delivered-To, Received."""
        own = re.match(rb"Return-Path: [^\n]*\nDelivered-To: [^\n]*\n(Received: [^\n]*\n(?:[ \t][^\n]*\n)*)", text)
        assert own, text[:500]
        assert b"with LMTP" in own[1], own[1]
        return text[own.end():]
