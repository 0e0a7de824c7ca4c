# SPDX-License-Identifier: MIT
"""The set-up of docs/imap.md: Dovecot finds users and mailboxes in our tree, and hands out what we delivered."""

import imaplib
import os
import poplib
import signal
import socket
import subprocess
import time
import unittest

import mariadb
import pigeon_site
import tree_mariadb
import tree_slapd
from imap_scene import IMAP, SECRET, add_format, deliver_some, fetched, replaced, with_crlf
from pigeon_site import AS_ROOT, MESSAGE, PLUGINS, USER, Site
from ports import free_port
from view import View


class Server:
    """Dovecot with the files of docs/imap, in which only what names this machine is replaced."""

    def __init__(self, site, file, changes):
        self.site = site
        self.view = View("dovecot", users={"vmail": USER.pw_uid})
        self.root = site.root / "dovecot"
        self.root.mkdir(mode=0o755)
        self.homes = site.root / "homes"
        self.homes.mkdir(mode=0o700)
        os.chown(self.homes, USER.pw_uid, USER.pw_gid)
        self.ports = {"imap": free_port(), "pop3": free_port()}
        text = replaced((IMAP / "dovecot.conf").read_text(), {
            "/etc/dovecot": str(self.root), "/var/lib/dovecot-mail": str(self.homes),
            "pigeon-sqlite.conf.ext": file, "first_valid_uid = 100": "first_valid_uid = 1"})
        if "ldap" in file:
            text = text.replace("driver = sql", "driver = ldap")
        listeners = "".join(
            f"service {name}-login {{\n  chroot =\n  inet_listener {name} {{\n    address = 127.0.0.1\n    port = {port}\n  }}\n"
            f"  inet_listener {name}s {{\n    port = 0\n  }}\n}}\n" for name, port in self.ports.items())
        (self.root / "run").mkdir()
        (self.root / "dovecot.conf").write_text(
            f"{text}\nbase_dir = {self.root}/run\nlog_path = {self.root}/log\nssl = no\ndisable_plaintext_auth = no\n"
            f"first_valid_gid = 1\ndefault_internal_user = vmail\ndefault_login_user = vmail\ndefault_internal_group = vmail\n"
            f"stats_writer_socket_path =\nservice anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n{listeners}")
        query = replaced((IMAP / file).read_text(), {**changes, "/var/mail/pigeon": str(site.base)})
        (self.root / file).write_text(query)
        (self.root / "users").write_text(f"alice@example.com:{{PLAIN}}{SECRET}\ncarol@example.com:{{PLAIN}}{SECRET}\n")
        for name in (file, "users"):
            os.chown(self.root / name, USER.pw_uid, USER.pw_gid)
        self.process = None

    def __enter__(self):
        command = self.view.command(["/usr/sbin/dovecot", "-F", "-c", self.root / "dovecot.conf"])
        self.process = subprocess.Popen(command, start_new_session=True)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports["pop3"]), timeout=1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"dovecot did not start:\n{self.log()}") from None
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.view.__exit__()

    def log(self):
        file = self.root / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def doveadm(self, *arguments):
        command = self.view.command(["doveadm", "-c", self.root / "dovecot.conf", *arguments])
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def imap(self, user="alice@example.com"):
        client = imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=30)
        try:
            client.login(user, SECRET)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def by_imap(self, folder="INBOX", user="alice@example.com"):
        client = self.imap(user)
        try:
            return fetched(client, folder)
        finally:
            client.logout()

    def by_pop3(self, user="alice@example.com"):
        client = poplib.POP3("127.0.0.1", self.ports["pop3"], timeout=30)
        try:
            client.user(user)
            client.pass_(SECRET)
            count = client.stat()[0]
            return [b"\r\n".join(client.retr(number)[1]) + b"\r\n" for number in range(1, count + 1)]
        finally:
            client.quit()


@unittest.skipUnless(AS_ROOT, "Dovecot gives up root's rights")
class Reading(unittest.TestCase):
    def check(self, site, file, changes):
        deliver_some(site)
        site.ctl("user", "add", "carol@example.com")
        with Server(site, file, changes) as server:
            stored = sorted(with_crlf(text) for text in site.messages())
            try:
                self.assertEqual(sorted(server.by_imap()), stored)
                self.assertEqual(len(server.by_imap("Work.Reports")), 1)
                self.assertEqual(sorted(server.by_pop3()), stored)
                self.assertEqual(len(server.by_imap(user="Alice@Example.COM")), len(stored))
            except Exception as met:
                raise AssertionError(f"{met}\n{server.log()}") from met
            self.more(site, server)

    def more(self, site, server):
        """A user who has no mailbox yet, one who is somewhere else, and one who is being moved."""
        with self.assertRaises(imaplib.IMAP4.error):
            server.imap("carol@example.com")
        site.ctl("tree", "add", "/example.com/mailUsers/carol/mailStore", "mailStore,mda-maildir", "home=archive/carol")
        self.assertEqual(site.deliver("carol@example.com").exit, 0)
        self.assertIn(str(site.base / "archive" / "carol" / "Maildir"), server.doveadm("user", "carol@example.com").stdout)
        self.assertEqual(len(server.by_imap(user="carol@example.com")), 1)
        if "driver = sql" in (server.root / "dovecot.conf").read_text():
            users = server.doveadm("user", "*").stdout.split()
            self.assertEqual(sorted(users), ["alice@example.com", "carol@example.com"])
        # What a reader marks is seen by us.
        client = server.imap("carol@example.com")
        client.select()
        client.store("1", "+FLAGS", r"(\Seen \Flagged)")
        client.logout()
        rows = site.ctl_json("mailbox", "list", "--messages", "carol@example.com")
        self.assertEqual([row["marks"] for row in rows], [["seen", "flagged"]])
        site.ctl("tree", "set", "/example.com/mailUsers/carol", "moving=elsewhere")
        with self.assertRaises(imaplib.IMAP4.error):
            server.imap("carol@example.com")
        site.ctl("tree", "unset", "/example.com/mailUsers/carol", "moving")

    def of_sqlite(self, site):
        return {"/var/lib/pigeon/tree.db": str(site.state / "tree.db"), "/var/mail/pigeon-mbox": str(site.root / "mda-mbox")}

    def site_with_mbox(self):
        """The first half of the file asks for one table, the second for another: `init` makes both."""
        if pigeon_site.TREE or not (PLUGINS / "mda-mbox.so").is_file():
            self.skipTest("this is about the embedded tree, and mda-mbox")
        site = self.enterContext(Site())
        add_format(site, "mda-mbox")
        return site

    def test_sqlite(self):
        """a tree in SQLite: IMAP and POP3 give what was delivered, from the mailbox that the tree says"""
        site = self.site_with_mbox()
        self.check(site, "pigeon-sqlite.conf.ext", self.of_sqlite(site))

    def test_sqlite_mbox(self):
        """a mailbox that was moved into an mbox is found there with its folders, and read whole"""
        site = self.site_with_mbox()
        for number in range(3):
            self.assertEqual(site.deliver(message=MESSAGE.replace(b"Hello", b"Hello %d" % number)).exit, 0)
        site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "createFolders=TRUE")
        self.assertEqual(site.deliver(message=MESSAGE, extra=["-m", "Work/Reports"]).exit, 0)
        stored = sorted(with_crlf(text) for text in site.messages())
        with Server(site, "pigeon-sqlite.conf.ext", self.of_sqlite(site)) as server:
            self.assertEqual(sorted(server.by_imap()), stored)
            site.ctl("mailbox", "move", "alice@example.com", "mda-mbox", "--purge")
            try:
                self.assertEqual(sorted(server.by_imap()), stored)
                self.assertEqual(len(server.by_imap("Work.Reports")), 1)
            except Exception as met:
                raise AssertionError(f"{met}\n{server.log()}") from met
            self.assertEqual(site.deliver().exit, 0)
            self.assertEqual(len(server.by_imap()), 4)
            self.assertEqual(site.deliver(message=MESSAGE, extra=["-m", "Work/Reports"]).exit, 0)
            self.assertEqual(len(server.by_imap("Work.Reports")), 2)
            # What Dovecot noted of this mbox is not taken for what it is to know of the next one in its place.
            site.ctl("mailbox", "move", "alice@example.com", "mda-maildir", "--purge")
            site.ctl("mailbox", "move", "alice@example.com", "mda-mbox", "--purge")
            found = server.doveadm("user", "alice@example.com").stdout
            self.assertIn(f"INDEX=~/index-of-{site.allocation()['id']}\n", found)

    def test_mariadb(self):
        """a tree in MariaDB: the same"""
        mariadb.need()
        with Site(tree_mariadb.settings(None)) as site:
            section = site.settings["datatree-sql"]
            self.check(site, "pigeon-mysql.conf.ext", {
                "/run/mysqld/mysqld.sock": section["hosts"], "dbname=pigeon": f"dbname={section['database']}",
                "user=dovecot": "user=pigeon"})

    def test_ldap(self):
        """a tree in LDAP: the same"""
        tree_slapd.need()
        with Site(tree_slapd.settings(None)) as site:
            section = site.settings["datatree-ldap"]
            self.check(site, "pigeon-ldap.conf.ext", {
                "ldapi://%2frun%2fslapd%2fldapi": section["uris"][0], "cn=dovecot,dc=example,dc=org": section["bindDn"],
                "dnpass = secret": f"dnpass = {section['password']}", "ou=mail,dc=example,dc=org": section["base"]})


if __name__ == "__main__":
    unittest.main()
