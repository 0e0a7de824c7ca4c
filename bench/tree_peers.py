# SPDX-License-Identifier: MIT
"""Who else looks users up in bench/tree: Postfix's postmap and Dovecot's doveadm, in the servers of tree_servers.py."""

import os
import subprocess
import time

from tree_servers import DOMAIN

POSTMAP, DOVECOT, DOVEADM = "/usr/sbin/postmap", "/usr/sbin/dovecot", "/usr/bin/doveadm"


class Peer:
    """REQUIRES: use as a context manager. files: its programs, and what it finds the servers with."""

    files = ()

    @classmethod
    def is_in(cls, top):
        return all((top / f).is_file() for f in cls.files)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Postfix(Peer):
    """postmap with a directory of settings of its own: it opens its table, asks for one key, and ends."""

    package = "postfix"
    files = ("usr/sbin/postmap", "usr/lib/postfix/postfix-ldap.so", "usr/lib/postfix/postfix-mysql.so")
    users, groups = {"postfix": 700}, {"postdrop": 701}

    def __init__(self, run, _user_name, site, _in_view):
        top = run.directory(site.top / "postfix", mine=True)
        kind, text = site.postfix()
        run.file(top / "main.cf", f"compatibility_level = 3.6\nmeta_directory = {top}\nmyhostname = mail.{DOMAIN}\n")
        run.file(top / "dynamicmaps.cf", f"{kind}\tpostfix-{kind}.so\tdict_{kind}_open\n")
        self.name = f"postmap {kind}:"
        self.command = [POSTMAP, "-c", top, "-q", f"%m@{DOMAIN}", f"{kind}:{run.file(top / 'table.cf', text)}"]
        self.sockets = site.sockets
        self.does = "one query"


class Dovecot(Peer):
    """doveadm user, and the dovecot that it asks, which has its connection to the server open already.

    REQUIRES: started as root.
    """

    package = "dovecot"
    files = ("usr/sbin/dovecot", "usr/bin/doveadm", "usr/lib/dovecot/modules/auth/libauthdb_ldap.so",
             "usr/lib/dovecot/modules/auth/libdriver_mysql.so")
    users, groups = {"dovecot": 990, "dovenull": 991}, {}

    def __init__(self, run, user_name, site, in_view):
        top = run.directory(site.top / "dovecot", mine=True)
        kind, text = site.dovecot()
        self.base = top / "run"
        self.base.mkdir(mode=0o755)
        self.log = top / "log"
        database = f"driver = {kind}\n  args = {run.file(top / 'database.conf', text)}"
        lines = [f"base_dir = {self.base}", "ssl = no", "protocols =", "stats_writer_socket_path =",
                 "first_valid_uid = 1", "first_valid_gid = 1", "mail_location = maildir:~/Maildir",
                 "auth_cache_size = 0",  # as by default: each asks the server
                 "service auth {\n  unix_listener auth-userdb {\n    mode = 0666\n  }\n}",
                 f"userdb {{\n  {database}\n}}", "passdb {\n  driver = static\n  args = nopassword=y\n}"]
        internal = [f"default_internal_user = {user_name}", f"default_login_user = {user_name}"]
        configurations = [run.file(top / f"{name}.conf", "\n".join([*lines, *internal, f"log_path = {log}", ""]))
                          for name, log in (("dovecot", self.log), ("doveadm", "/dev/null"))]
        self.server_command = in_view([DOVECOT, "-F", "-c", str(configurations[0])])
        self.name = f"doveadm, {kind}"
        # -u: what the server says of the user, and nothing that doveadm makes of it.
        self.command = [DOVEADM, "-c", configurations[1], "user", "-u", f"%m@{DOMAIN}"]
        self.sockets = None  # dovecot is who asks
        self.does = "one query, by a dovecot whose connection is open"

    def __enter__(self):
        self.server = subprocess.Popen(self.server_command)
        end = time.monotonic() + 30
        while not (self.base / "auth-userdb").exists():
            if self.server.poll() is not None or time.monotonic() > end:
                said = self.log.read_text() if self.log.exists() else ""
                self.__exit__()
                raise SystemExit(f"dovecot did not start:\n{said}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.server.poll() is None:
            self.server.terminate()
            self.server.wait(timeout=30)


PEERS = (Postfix, Dovecot)


def why_not(peer):
    """Why a peer cannot be run even where its programs are; None if it can."""
    if peer is Dovecot and os.geteuid() != 0:
        return "the dovecot that it asks must be started as root"
    return None
