# SPDX-License-Identifier: MIT
"""The set-up of docs/imap.md for Courier: it finds users and mailboxes in our tree, and hands out what we delivered."""

import contextlib
import imaplib
import pathlib
import socket
import subprocess
import time
import unittest

import mariadb
import pigeon_site
import tree_mariadb
import tree_slapd
from imap_scene import IMAP, SECRET, add_format, deliver_some, fetched, replaced, with_crlf
from pigeon_site import AS_ROOT, PLUGINS, USER, Site
from ports import free_port
from view import View

# What `openssl passwd -6` makes of it.
CRYPTED = "$6$pigeon$5l3eLDCiMuny4ykQBK4iddA73WAC0SxfLu/Yl7FcbyJBOVltN/1E8JWwtHSngoCur6yukJTeq7ZhzzKhMT73h."
USERS = ("alice@example.com", "carol@example.com", "dave@example.com", "o'neil@example.com")
# As docs/imap.md has it.
PASSWORDS = "CREATE TABLE passwords (address VARCHAR(320) PRIMARY KEY, crypted VARCHAR(255) NOT NULL)"
# The ids of the mail user, in the files for SQL.
IDS = {"5000, 5000,": f"{USER.pw_uid}, {USER.pw_gid},"}

# Courier's files are where it was built to look for them, and its sockets where nobody else sees them. $0: our directory.
# As its own scripts start it: without a lookup in imapaccess.dat, which only ever refuses.
START = r"""
set -e
mount --bind "$0/etc" /etc/courier
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/courier/authdaemon
/usr/lib/courier/courier-authlib/authdaemond &
until [ -S /run/courier/authdaemon/socket ]; do sleep 0.02; done
set -a
. /etc/courier/imapd
. /etc/courier/imapd-ssl
exec /usr/sbin/couriertcpd -address="$ADDRESS" -maxprocs="$MAXDAEMONS" -maxperip="$MAXPERIP" $TCPDOPTS "$PORT" \
  /usr/lib/courier/courier/imaplogin /usr/bin/imapd "$MAILDIRPATH"
"""


class Server:
    """REQUIRES: use as a context manager. Courier with a file of docs/imap: only what names this machine is replaced in it."""

    def __init__(self, site, file, changes):
        self.file = file
        self.view = View("courier", users={"courier": 64990})
        self.root = site.root / "courier"
        self.etc = self.root / "etc"
        self.etc.mkdir(parents=True)
        self.port = free_port()
        self.log_file = self.root / "log"
        shipped = self.view.trees[0] / "etc" / "courier"
        own = {
            "authdaemonrc": {'="authpam"': f'="{file.removesuffix("rc")}"', "daemons=5": "daemons=1"},
            "imapd": {"ADDRESS=0": "ADDRESS=127.0.0.1", "PORT=143": f"PORT={self.port}"},
            "imapd-ssl": {},
        }
        for name, changed in own.items():
            (self.etc / name).write_text(replaced((shipped / name).read_text(), changed))
        (self.etc / file).write_text(replaced((IMAP / file).read_text(), {"/var/mail/pigeon": str(site.base), **changes}))
        self.process = None

    def __enter__(self):
        # Killing its first process ends all of them.
        alone = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([*alone, *self.view.command(["sh", "-c", START, self.root])],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                log = self.log()
                self.__exit__()
                raise AssertionError(f"courier did not start:\n{log}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(timeout=30)
        self.view.__exit__()

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def log(self):
        return self.log_file.read_text(errors="replace")[-10000:]

    def authtest(self, *arguments):
        """What Courier's own program says of a user, and of his password."""
        child = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0]
        command = ["nsenter", f"--target={child}", "--mount", "--pid", "--", "authtest", "-s", "imap", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    @contextlib.contextmanager
    def imap(self, user="alice@example.com", secret=SECRET):
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=30) as client:
            client.login(user, secret)
            yield client

    def by_imap(self, folder="INBOX", user="alice@example.com"):
        with self.imap(user) as client:
            return fetched(client, folder)


@unittest.skipUnless(AS_ROOT, "Courier gives up root's rights")
class Reading(unittest.TestCase):
    def site(self, *settings):
        site = self.enterContext(Site(*settings))
        for address in USERS[1:]:
            site.ctl("user", "add", address)
        return site

    def check(self, site, file, changes):
        """REQUIRES: USERS have passwords."""
        site.configure({"mailStore": {"detailFolder": True}})
        deliver_some(site)
        self.assertEqual(site.deliver("alice+lists@example.com").exit, 0)
        self.assertEqual(site.deliver("o'neil@example.com").exit, 0)
        with Server(site, file, changes) as server:
            try:
                self.assertEqual(len(server.by_imap(user="o'neil@example.com")), 1)
                site.ctl("tree", "set", "/example.com/mailUsers/o'neil", "moving=elsewhere")
                self.be_refused(server)
                self.read(site, server)
                self.elsewhere(site, server)
                self.mark(site, server)
                self.move(site, server)
            except Exception as met:
                raise AssertionError(f"{met}\n{server.log()}") from met

    def be_refused(self, server):
        """A wrong password, a user without a mailbox, one who is being moved, and nobody."""
        for user, secret in (("alice@example.com", "guessed"), ("dave@example.com", SECRET), ("o'neil@example.com", SECRET),
                             ("nobody@example.com", SECRET), ("*@example.com", SECRET)):
            with self.subTest(user=user):
                self.assertEqual(server.authtest(user, secret).returncode, 1)
        if server.file != "authsqliterc":
            return  # Courier lets one wait for five seconds; once will do.
        with self.assertRaisesRegex(imaplib.IMAP4.error, "Login failed"), server.imap("dave@example.com"):
            pass

    def read(self, site, server):
        stored = sorted(with_crlf(text) for text in site.messages())
        self.assertEqual(sorted(server.by_imap()), stored)
        if server.file != "authldaprc":  # which compares as it is written in the tree
            self.assertEqual(sorted(server.by_imap(user="Alice@Example.COM")), stored)
        for folder in ("Work.Reports", "lists"):
            self.assertEqual(server.by_imap(f"INBOX.{folder}"), [with_crlf(m) for m in site.messages(folder=f".{folder}")])
        with server.imap() as client:
            names = {row.rsplit(b" ", 1)[1].strip(b'"') for row in client.list()[1]}
        self.assertEqual(names, {b"INBOX", b"INBOX.lists", b"INBOX.Work", b"INBOX.Work.Reports"})

    def elsewhere(self, site, server):
        """A user whose mailbox is where no rule would look for it."""
        site.ctl("tree", "add", "/example.com/mailUsers/carol/mailStore", "mailStore,mda-maildir", "home=archive/carol")
        self.assertEqual(site.deliver("carol@example.com").exit, 0)
        self.assertTrue((site.base / "archive" / "carol" / "Maildir").is_dir())
        self.assertEqual(len(server.by_imap(user="carol@example.com")), 1)
        self.assertIn(f"{site.base}/archive/carol\n", server.authtest("carol@example.com").stdout)

    def mark(self, site, server):
        """What a reader does is seen by us, and what Courier puts into a Maildir disturbs nobody."""
        with server.imap("carol@example.com") as client:
            client.select()
            client.store("1", "+FLAGS", r"(\Seen \Flagged)")
            self.assertEqual(client.create("INBOX.Later")[0], "OK")
            self.assertEqual(client.copy("1", "INBOX.Later")[0], "OK")
        rows = site.ctl_json("mailbox", "list", "--messages", "carol@example.com")
        self.assertEqual([(row["folder"], row["marks"]) for row in rows if "folder" in row],
                         [("INBOX", ["seen", "flagged"]), ("Later", ["seen", "flagged"])])
        self.assertEqual(site.deliver("carol@example.com").exit, 0)
        self.assertEqual(len(server.by_imap(user="carol@example.com")), 2)
        site.ctl("check")

    def move(self, site, server):
        """What Courier wrote into a Maildir hinders no move; after one, there and back, it reads the same."""
        if not (PLUGINS / "mda-sqlite.so").is_file():
            return

        def held():
            return [sorted(server.by_imap(folder, "carol@example.com")) for folder in ("INBOX", "INBOX.Later")]

        before = held()
        add_format(site, "mda-sqlite")
        for mda in ("mda-sqlite", "mda-maildir"):
            site.ctl("mailbox", "move", "carol@example.com", mda, "--purge")
        self.assertEqual(held(), before)

    def test_sqlite(self):
        """a tree in SQLite: IMAP gives what was delivered, from the mailbox that the tree says"""
        if pigeon_site.TREE:
            self.skipTest("this is about the embedded tree")
        site = self.site()
        site.sql(PASSWORDS)
        for user in USERS:
            site.sql("INSERT INTO passwords VALUES (?, ?)", user, CRYPTED)
        self.check(site, "authsqliterc", {"/var/lib/pigeon/tree.db": str(site.state / "tree.db"), **IDS})

    def test_mariadb(self):
        """a tree in MariaDB: the same"""
        mariadb.need()
        site = self.site(tree_mariadb.settings(None))
        section = site.settings["datatree-sql"]
        passwords = section["database"] + "_courier"
        values = ", ".join(f"('{user}', '{CRYPTED}')" for user in (u.replace("'", "''") for u in USERS))
        tree_mariadb.server().sql(f"CREATE DATABASE {passwords} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin; "
                                  f"USE {passwords}; {PASSWORDS}; INSERT INTO passwords VALUES {values}")
        self.check(site, "authmysqlrc", {
            "/run/mysqld/mysqld.sock": section["hosts"], "MYSQL_DATABASE pigeon": f"MYSQL_DATABASE {section['database']}",
            "MYSQL_USERNAME courier": "MYSQL_USERNAME pigeon", "courier.passwords": f"{passwords}.passwords", **IDS})

    def test_ldap(self):
        """a tree in LDAP: the same"""
        tree_slapd.need()
        site = self.site(tree_slapd.settings(None))
        section = site.settings["datatree-ldap"]
        for name, domain in (address.split("@") for address in USERS):
            tree_slapd.server().modify(
                f"dn: pigeonName={name},pigeonName=mailUsers,pigeonName={domain},{section['base']}\nchangetype: modify\n"
                f"add: objectClass\nobjectClass: simpleSecurityObject\n-\nadd: userPassword\nuserPassword: {{CRYPT}}{CRYPTED}\n")
        self.check(site, "authldaprc", {
            "ldapi://%2frun%2fslapd%2fldapi": section["uris"][0], "cn=courier,dc=example,dc=org": section["bindDn"],
            "LDAP_BINDPW secret": f"LDAP_BINDPW {section['password']}", "ou=mail,dc=example,dc=org": section["base"],
            "LDAP_GLOB_UID 5000": f"LDAP_GLOB_UID {USER.pw_uid}", "LDAP_GLOB_GID 5000": f"LDAP_GLOB_GID {USER.pw_gid}"})


if __name__ == "__main__":
    unittest.main()
