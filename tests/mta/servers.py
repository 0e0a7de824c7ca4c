# SPDX-License-Identifier: MIT
"""Debian's MTAs, each in a private set-up on loopback that is made of the files that the documentation shows.

Of those files the path of the program is replaced, and the port where one is named; nothing else.
"""

import contextlib
import os
import pathlib
import re
import shlex
import smtplib
import time

from namespace import Namespace
from pigeon_site import DELIVER, USER
from ports import free_port
from view import View

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "mta"
PROGRAM = "/usr/bin/pigeon-deliver"  # where the documentation has it
PATIENCE = 20  # seconds, for what takes a fraction of one


def wait_until(condition, what, patience=PATIENCE):
    """The first true value of the condition."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {patience} s in vain: {what() if callable(what) else what}")


class Mta:
    """REQUIRES: use as a context manager. Delivers to the site that `serve` names."""

    name = ""
    users = {}
    groups = {}

    def __init__(self):
        with contextlib.ExitStack() as stack:
            users = {"vmail": USER.pw_uid, **self.users}
            self.view = stack.enter_context(View(self.name, users=users, groups=self.groups))
            self.etc = self.view.scratch / "etc"
            self.port = free_port()
            self.work = self.view.scratch / "work"
            self.work.mkdir()
            self.program = self.work / "pigeon-deliver"
            self.configure()
            self.namespace = stack.enter_context(Namespace(self.view))
            self.start()
            wait_until(self.answers, self.log)
            self.stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def documented(self, file):
        """A set-up file of the documentation, for the program under test."""
        return (DOCS / file).read_text().replace(PROGRAM, str(self.program))

    def serve(self, site, loses_answers=False):
        """From now on mail goes to this site. loses_answers: and the MTA hears of nothing but temporary failures."""
        command = shlex.join([str(DELIVER), *site.common_arguments()])
        script = f'{command} "$@"; exit 75' if loses_answers else f'exec {command} "$@"'
        fresh = self.program.with_suffix(".new")
        fresh.write_text(f"#!/bin/sh\n{script}\n")
        fresh.chmod(0o755)
        fresh.rename(self.program)
        site.new_records()

    def answers(self):
        with contextlib.suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", self.port, timeout=5):
            return True
        return False

    def send(self, recipients, message, sender="sender@example.com", options=""):
        """Hands the message over as it is; answers whether the addresses were taken, all of them."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
            client.command_encoding = "utf-8"
            client.ehlo("test.example")
            codes = [client.docmd("MAIL", f"FROM:<{sender}>{options}")[0]]
            codes += [client.docmd("RCPT", f"TO:<{recipient}>")[0] for recipient in recipients]
            if max(codes) >= 300:
                return False
            code, said = client.data(message)
            assert code == 250, said
            return True

    def log(self):
        return [f"{program}: {text}" for program, text in self.namespace.lines]


class Postfix(Mta):
    name = "postfix"
    users = {"postfix": 700}
    groups = {"postdrop": 701}
    queue_id_shape = r"[0-9A-F]{6,}"
    deferred, bounced = "status=deferred", "status=bounced"
    # As any main.cf; what PigeonDeliver needs of it is in the documentation's.
    MAIN = """compatibility_level = 3.6
myhostname = mx.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
queue_directory = {work}/queue
data_directory = {work}/data
alias_maps =
alias_database =
local_recipient_maps =
maximal_queue_lifetime = 1d
queue_run_delay = 1d
minimal_backoff_time = 1d
maximal_backoff_time = 1d
"""

    def configure(self):
        (self.etc / "postfix").mkdir()
        main = self.MAIN.format(work=self.work) + self.documented("postfix/main.cf")
        (self.etc / "postfix" / "main.cf").write_text(main)
        services = (self.view.trees[0] / "usr/share/postfix/master.cf.dist").read_text()
        services = re.sub(r"^smtp +inet ", f"127.0.0.1:{self.port} inet ", services, flags=re.MULTILINE)
        services = re.sub(r"^(\S+ +\S+ +\S+ +\S+ +)y ", r"\1n ", services, flags=re.MULTILINE)  # not in a chroot
        (self.etc / "postfix" / "master.cf").write_text(services + self.documented("postfix/master.cf"))

    def start(self):
        (self.work / "data").mkdir()
        os.chown(self.work / "data", 700, 700)
        (self.work / "queue").mkdir()
        self.namespace.run("postfix", "start")

    def flush(self):
        self.namespace.run("postqueue", "-f")

    def queue(self):
        """The ids of the messages that wait."""
        return re.findall(r'"queue_id": "(\w+)"', self.namespace.run("postqueue", "-j").stdout)


class PostfixVirtual(Postfix):
    """Postfix with its own delivery agent for virtual mailboxes: everything for example.com goes into one.

    mailbox: a path that belongs to whom it is delivered as; a Maildir if it ends with "/". more: lines for main.cf.
    """

    def __init__(self, mailbox, owner, more=""):
        self.mailbox, self.owner, self.more = mailbox, owner, more
        super().__init__()

    def documented(self, file):
        if "master" in file:
            return ""
        maps = self.work / "mailboxes"
        maps.write_text(f"/./ {self.mailbox}\n")
        return (f"virtual_mailbox_domains = example.com\nvirtual_mailbox_maps = regexp:{maps}\n"
                f"virtual_mailbox_base = /\nvirtual_minimum_uid = 1\nvirtual_uid_maps = static:{self.owner[0]}\n"
                f"virtual_gid_maps = static:{self.owner[1]}\n{self.more}")


class Exim(Mta):
    name = "exim"
    users = {"Debian-exim": 700}
    queue_id_shape = r"\w{6}-\w{6}-\w{2}"
    deferred, bounced = " == ", r" \*\* "
    CONFIGURATION = """primary_hostname = mx.example.net
domainlist local_domains = example.com
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
spool_directory = {work}/spool
log_file_path = syslog
pid_file_path = {work}/pid
smtputf8_advertise_hosts = *
acl_smtp_rcpt = rcpt
delay_warning =
keep_environment =
begin acl
rcpt:
  accept domains = +local_domains
begin routers
{router}
begin transports
{transport}
begin retry
* * F,1d,1d
"""

    def configure(self):
        (self.etc / "exim4").mkdir()
        text = self.CONFIGURATION.format(port=self.port, work=self.work, router=self.documented("exim/router"),
                                         transport=self.documented("exim/transport"))
        (self.etc / "exim4" / "exim4.conf").write_text(text)
        (self.work / "spool").mkdir()
        os.chown(self.work / "spool", 700, 700)

    def start(self):
        self.namespace.run("exim4", "-bd")

    def flush(self):
        self.namespace.run("exim4", "-qff")

    def queue(self):
        return re.findall(self.queue_id_shape, self.namespace.run("exim4", "-bpr").stdout)


class OpenSmtpd(Mta):
    name = "opensmtpd"
    users = {"opensmtpd": 700, "opensmtpq": 701}
    queue_id_shape = ""  # it gives none
    deferred, bounced = "result=TempFail", "result=PermFail"

    def configure(self):
        text = self.documented("opensmtpd/smtpd.conf").replace("listen on lo", f"listen on lo port {self.port}")
        (self.etc / "smtpd.conf").write_text(text)

    def start(self):
        for mount in ("/var/spool", "/var/lib", "/run"):
            self.namespace.run("mount", "-t", "tmpfs", "own", mount)
        self.namespace.run("mkdir", "-p", "/var/lib/opensmtpd/empty", "/var/spool/smtpd")
        self.namespace.run("chmod", "711", "/var/spool/smtpd")
        self.namespace.run("smtpd")

    def control(self, *words):
        return self.namespace.run("setpriv", "--regid=701", "--clear-groups", "smtpctl", *words, check=False).stdout

    def flush(self):
        self.control("schedule", "all")

    def queue(self):
        return [line.split("|")[0] for line in self.control("show", "queue").splitlines()]
