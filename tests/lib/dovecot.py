# SPDX-License-Identifier: MIT
"""Dovecot, as a reader of our mailboxes that was written by others."""

import os
import pwd
import subprocess

from view import View


class Dovecot:
    """REQUIRES: use as a context manager. Runs doveadm on one Maildir of a site, as the user that delivers."""

    def __init__(self, site, maildir, settings=""):
        self.site = site
        self.view = View("dovecot")
        self.configuration = site.root / "dovecot.conf"
        internal = pwd.getpwuid(os.stat(maildir).st_uid).pw_name
        self.configuration.write_text(
            f"base_dir = {site.state}/dovecot\nlog_path = /dev/stderr\nssl = no\nfirst_valid_uid = 1\n"
            f"default_internal_user = {internal}\ndefault_login_user = {internal}\nstats_writer_socket_path =\n"
            # Sizes are measured, not believed.
            f"maildir_broken_filename_sizes = yes\nmail_location = maildir:{maildir}:INDEX=MEMORY\n"
            f"{settings}\n")
        self.configuration.chmod(0o644)
        self.environment = ["env", "-i", f"HOME={site.state}", f"USER={internal}", "PATH=/usr/bin:/bin"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.view.__exit__()

    def doveadm(self, *arguments):
        """What doveadm prints."""
        command = ["doveadm", "-c", self.configuration, *arguments]
        command = self.view.command([*self.environment, *self.site.as_user(command)])
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"doveadm {arguments}: {done.returncode}\n{done.stderr.decode()}")
        return done.stdout

    def fetch(self, *fields):
        """A tuple of these fields for each message of every folder."""
        lines = self.doveadm("-f", "tab", "fetch", " ".join(fields), "mailbox", "*").decode().splitlines()
        return [tuple(line.split("\t")) for line in lines[1:]]
