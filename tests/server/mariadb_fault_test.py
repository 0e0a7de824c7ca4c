# SPDX-License-Identifier: MIT
"""The tree in MariaDB while the server, the way to it or what is in it is not as it should be: mail waits."""

import contextlib
import json
import signal
import socket
import subprocess
import time
import unittest

import mariadb
from pigeon_site import AS_ROOT, Site
from ports import free_port
from proxy import Proxy

DEADLINE = 8
# As it is sent: a packet of seven bytes, the first one, a query.
COMMIT = b"\x07\0\0\0\x03COMMIT"
# The first allocation of each connection meets what a server answers to the victim of a deadlock.
UNLUCKY = """DELIMITER //
CREATE TRIGGER unlucky BEFORE UPDATE ON `class_mda-maildirallocation` FOR EACH ROW BEGIN
  IF @seen IS NULL THEN SET @seen = 1; SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF;
END//
"""


def setUpModule():
    global server
    mariadb.need()
    server = unittest.enterModuleContext(mariadb.MariaDB())
    server.make_account()


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        settings = {"datatree": "datatree-sql", "datatree-sql": cls.section(), "deadline": DEADLINE}
        cls.site = cls.enterClassContext(Site(settings))
        cls.site.ctl("user", "add", "bob@example.com")
        cls.delivered = 0

    @staticmethod
    def section(*hosts, **settings):
        hosts = list(hosts) or [f"127.0.0.1:{server.port}"]
        return {**server.settings(), "hosts": hosts, "connectTimeout": "2s", "answerTimeout": "2s", **settings}

    def configure(self, *hosts, **settings):
        self.site.configure({"datatree-sql": None})
        self.site.configure({"datatree-sql": self.section(*hosts, **settings)})
        self.addCleanup(self.site.configure, {"datatree-sql": self.section()})

    def assert_waits(self, *words, within=DEADLINE + 1, recipient="alice@example.com", remedy=None):
        """A delivery is put off, in time, and the log says why, and what to do."""
        begin = time.monotonic()
        done = self.site.deliver(recipient)
        self.assertLess(time.monotonic() - begin, within + 1)
        self.assertEqual(done.exit, 75, done.records)
        self.assertRegex(done.stderr, r"\A4\.\d\.\d [^/]*\n\Z")
        for word in words:
            self.assertIn(word, done.record["detail"])
        if remedy is not None:
            self.assertIn(remedy, done.record.get("remedy", ""))
        # Nobody is said not to be there by a server that could not be asked.
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 75)
        return done

    def assert_delivers(self):
        done = self.site.deliver("bob@example.com")
        self.assertEqual(done.exit, 0, done.records)
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)

    def test_killed(self):
        """a server that is down lets mail wait, and the next delivery after it has started goes"""
        server.kill()
        self.assert_waits("Can't connect", remedy="start the server")
        server.start()
        self.assert_delivers()

    def test_stopped(self):
        """a server that is there and says nothing lets mail wait no longer than told"""
        server.signal(signal.SIGSTOP)
        try:
            self.assert_waits("pigeon on 127.0.0.1")
        finally:
            server.signal(signal.SIGCONT)
        self.assert_delivers()

    def test_silent(self):
        """a connection at whose other end nobody is lets mail wait no longer than told"""
        with Proxy(server.port, silent=True) as proxy:
            self.configure(f"127.0.0.1:{proxy.port}")
            self.assert_waits("handshake")
        self.doCleanups()
        self.assert_delivers()

    def test_answer_broken_off(self):
        """an answer that ends anywhere in its middle is no answer"""
        with Proxy(server.port) as proxy:
            self.configure(f"127.0.0.1:{proxy.port}")
            for cut in (1, 50, 150, 400, 700, 1000, 1500, 2000):
                proxy.cut_after, before = cut, proxy.cuts
                with self.subTest(cut=cut):
                    self.assert_waits()
                    self.assertGreater(proxy.cuts, before)
            proxy.cut_after = None
            self.assert_delivers()

    def test_slow(self):
        """a server that takes a second for each answer is waited for"""
        self.assert_delivers()  # then there is a mailbox
        with Proxy(server.port, delay=1.0) as proxy:
            self.configure(f"127.0.0.1:{proxy.port}")
            self.site.configure({"deadline": 60})
            self.addCleanup(self.site.configure, {"deadline": DEADLINE})
            self.assert_delivers()

    def test_too_slow(self):
        """a server that takes longer than the time that is left lets mail wait"""
        with Proxy(server.port, delay=1.0) as proxy:
            self.configure(f"127.0.0.1:{proxy.port}", answerTimeout="30s")
            self.site.configure({"deadline": 3})
            self.addCleanup(self.site.configure, {"deadline": DEADLINE})
            self.assert_waits(within=4)

    def test_wrong_password(self):
        """a wrong password is named, and never shown"""
        self.configure(password="an0ther")
        done = self.assert_waits("Access denied for user 'pigeon'", remedy="\"user\" and \"password\"")
        self.assertNotIn("an0ther", str(done.records) + done.stderr)

    def test_wrong_database(self):
        """a database that is not there, one that holds no tree, and one of something else let mail wait"""
        server.sql("CREATE DATABASE empty; CREATE DATABASE shop; CREATE TABLE shop.tree (id INT);"
                   "GRANT ALL ON empty.* TO pigeon@127.0.0.1; GRANT ALL ON shop.* TO pigeon@127.0.0.1;")
        self.addCleanup(server.sql, "DROP DATABASE empty; DROP DATABASE shop")
        for database in ("nothing", "empty", "shop"):
            with self.subTest(database):
                self.configure(database=database)
                self.assert_waits(database, remedy="\"database\"" if database != "nothing" else "")
        self.configure(database="shop")
        refused = self.site.ctl("init", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("the database holds something else", refused.stdout)
        self.assertEqual(server.sql("SHOW TABLES", "shop"), [("tree",)])

    def test_read_only(self):
        """a server that can only be read is read; what must be written, or may be written elsewhere, waits"""
        self.site.ctl("user", "add", "carol@example.com")
        self.assert_delivers()
        server.sql("SET GLOBAL read_only = 1")
        try:
            self.assertEqual(self.site.deliver("bob@example.com").exit, 0)  # he has his mailbox
            self.assertEqual(self.site.deliver("nobody@example.com").exit, 75)
            done = self.site.deliver("carol@example.com")
            self.assertEqual(done.exit, 75)
            self.assertIn("it can only be read", done.record["detail"])
            self.assertIn("that can be written to", done.record["remedy"])
        finally:
            server.sql("SET GLOBAL read_only = 0")
        self.assertEqual(self.site.deliver("carol@example.com").exit, 0)

    def test_rights(self):
        """an account that may not read a table lets mail wait"""
        server.sql("CREATE USER reader@127.0.0.1 IDENTIFIED BY 'secret'; GRANT SELECT ON pigeon.layout TO reader@127.0.0.1;"
                   "GRANT SELECT ON pigeon.strings TO reader@127.0.0.1")
        self.addCleanup(server.sql, "DROP USER reader@127.0.0.1")
        self.configure(user="reader")
        self.assert_waits("command denied", remedy="GRANT")

    def test_wrong_schema(self):
        """where tables are missing or of another version, mail waits, and the check tells; collations decide nothing"""
        server.sql("CREATE DATABASE wrong; GRANT ALL ON wrong.* TO pigeon@127.0.0.1")
        self.addCleanup(server.sql, "DROP DATABASE wrong")
        with Site({"datatree": "datatree-sql", "datatree-sql": self.section(database="wrong"), "deadline": DEADLINE,
                   "address": {"localPart": "exact"}}) as site:
            self.assertEqual(site.deliver().exit, 0)
            for table, recipients in (("class_mailuser", ["alice"]), ("class_maildomain", ["alice", "nobody"]),
                                      ("class_mda-maildirallocation", ["alice"]), ("strings", ["alice", "nobody"]),
                                      ("tree", ["alice", "nobody"]), ("layout", ["alice", "nobody"]), ("objects", []),
                                      ("multivalues", []), ("locks", [])):
                with self.subTest(table):
                    server.sql(f"RENAME TABLE `{table}` TO away", "wrong")
                    for recipient in recipients:
                        done = site.deliver(f"{recipient}@example.com")
                        self.assertEqual(done.exit, 75, done)
                        self.assertIn("pigeonctl init", done.record["remedy"])
                    checked = site.ctl("check", check=False)
                    self.assertEqual(checked.returncode, 1, checked.stdout)
                    self.assertRegex(checked.stdout,
                                     f"WRONG  set-up of datatree-sql: .*{table}' doesn't exist(.*\n)*.*pigeonctl init")
                    server.sql(f"RENAME TABLE away TO `{table}`", "wrong")
            server.sql("UPDATE layout SET version = 2", "wrong")
            self.assertEqual([site.deliver(f"{who}@example.com").exit for who in ("alice", "nobody")], [75, 75])
            server.sql("UPDATE layout SET version = 1", "wrong")
            server.sql("SET foreign_key_checks = 0; ALTER TABLE strings CONVERT TO CHARACTER SET utf8mb4 COLLATE "
                       "utf8mb4_general_ci", "wrong")
            self.assertEqual([site.deliver(f"{who}@example.com").exit for who in ("alice", "ALICE", "alice ")], [0, 67, 67])
            self.assertEqual(len(site.messages()), 2)

    def test_half_a_tree(self):
        """a copy of the tree that is not filled yet lets mail wait"""
        server.sql("CREATE DATABASE half; GRANT ALL ON half.* TO pigeon@127.0.0.1")
        self.addCleanup(server.sql, "DROP DATABASE half")
        tables = [name for (name,) in server.sql("SHOW TABLES", "pigeon")]
        for name in tables:
            server.sql(f"CREATE TABLE half.`{name}` LIKE pigeon.`{name}`")
        self.configure(database="half")
        self.assert_waits("it has layout 0")
        server.sql("INSERT INTO half.layout VALUES (1)")
        self.assert_waits("it has no marked root")
        columns = "\"cursor\", name, class, structural, object"
        copied = ("strings (id, value) SELECT id, value FROM pigeon.strings",
                  "objects SELECT * FROM pigeon.objects LIMIT 1", "class_mailroot SELECT * FROM pigeon.class_mailroot",
                  f"tree ({columns}) SELECT {columns} FROM pigeon.tree WHERE object = (SELECT id FROM pigeon.objects LIMIT 1)")
        server.sql("SET sql_mode = 'ANSI_QUOTES';" + ";".join(f"INSERT INTO half.{each}" for each in copied))
        # There is a root, and nothing below it.
        server.sql("SET GLOBAL read_only = 1")
        try:
            self.assert_waits("it can only be read", remedy="that can be written to")
        finally:
            server.sql("SET GLOBAL read_only = 0")
        # To what is written to, nothing is to come from elsewhere.
        self.assertEqual(self.site.deliver().exit, 67)

    def test_fail_over(self):
        """of several servers, the first that answers is asked: one refuses, one is silent, one is down in the middle"""
        with Proxy(server.port, silent=True) as silent, Proxy(server.port, cut_after=400) as broken:
            hosts = [f"127.0.0.1:{free_port()}", "/nowhere/mysqld.sock", f"127.0.0.1:{silent.port}",
                     f"127.0.0.1:{broken.port}", f"127.0.0.1:{server.port}"]
            self.configure(*hosts, connectTimeout="1s")
            begin = time.monotonic()
            self.assertEqual(self.site.deliver("bob@example.com").exit, 0)
            self.assertLess(time.monotonic() - begin, 5)
            self.assertEqual((silent.connections, broken.connections), (1, 1))

    def test_fail_over_in_the_middle(self):
        """a server that breaks off anywhere is left for the next one, within the same delivery"""
        for cut in (900, 1200, 1500, 1800, 2400):
            with self.subTest(cut=cut), Proxy(server.port, cut_after=cut) as broken:
                self.configure(f"127.0.0.1:{broken.port}", f"127.0.0.1:{server.port}")
                self.assertEqual(self.site.deliver("bob@example.com").exit, 0)
                self.assertGreaterEqual(broken.cuts, 1)

    @staticmethod
    def copy():
        """A server with what is in the other one now, which gets nothing that comes later."""
        server.stop()
        try:
            return mariadb.MariaDB("--read-only", data=server.directory / "data")
        finally:
            server.start()

    def test_copy_that_lags(self):
        """what a copy does not have yet is asked of who is written to, before anybody is called unknown"""
        self.assert_delivers()
        with self.copy() as copy:
            self.site.ctl("user", "add", "heidi@example.com")
            self.site.ctl("domain", "add", "example.net")
            self.site.ctl("user", "add", "heidi@example.net")
            self.site.ctl("user", "add", "bob+work@example.com")
            copy.sql("SET GLOBAL general_log_file = 'said'; SET GLOBAL general_log = 1")
            self.configure(f"127.0.0.1:{copy.port}", f"127.0.0.1:{server.port}")
            for address in ("heidi@example.com", "heidi@example.net", "bob+work@example.com"):
                with self.subTest(address):
                    self.assertEqual(self.site.deliver(address).exit, 0)
                    self.assertEqual(len(self.site.messages(*address.split("@"))), 1)
            self.assert_delivers()
            self.assertIn("SELECT l.value", (copy.directory / "data" / "said").read_text(errors="replace"))
            self.site.ctl("user", "add", "ivan@example.com")
            server.kill()
            try:
                self.assertEqual(self.site.deliver("bob@example.com").exit, 0)
                self.assert_waits("it can only be read", "Can't connect", recipient="ivan@example.com")
            finally:
                server.start()
            self.assert_delivers()

    def test_fail_over_to_write(self):
        """where the first server can only be read, what must be written is written to another"""
        self.site.ctl("user", "add", "dave@example.com")
        with self.copy() as copy:
            self.configure(f"127.0.0.1:{copy.port}", f"127.0.0.1:{server.port}")
            self.assertEqual(self.site.deliver("dave@example.com").exit, 0)
            (there,) = server.sql("SELECT count(*) FROM `class_mda-maildirallocation` a JOIN tree t ON t.object = "
                                  "a.object_id JOIN strings s ON s.id = t.name WHERE s.value = 'dave' AND t.structural",
                                  "pigeon")
            self.assertEqual(there, ("1",))

    def test_lost_answer_to_commit(self):
        """a commit whose answer was lost is waited for and looked at: one mailbox, and the message in it, at once"""
        with Proxy(server.port) as proxy:
            self.configure(f"127.0.0.1:{proxy.port}")
            for round_, late in enumerate((0, 0, 1.5)):
                proxy.cut_at, proxy.late = COMMIT, late
                user = f"lost{round_}"
                self.site.ctl("-o", f"datatree-sql.hosts=127.0.0.1:{server.port}", "user", "add", f"{user}@example.com")
                done = self.site.deliver(f"{user}@example.com")
                self.assertEqual((done.exit, proxy.cuts), (0, round_ + 1), done.records)
                self.assertEqual(len(self.site.messages(user)), 1)
                self.assertEqual(self.site.allocation(user)["ready"], "TRUE")

    def test_lost_answer_to_an_administrator(self):
        """a change whose answer was lost is not made a second time, and is not called done before"""
        with Proxy(server.port, cut_at=COMMIT) as proxy:
            told = self.site.ctl("-o", f"datatree-sql.hosts=127.0.0.1:{proxy.port}", "user", "add", "judy@example.com",
                                 check=False)
            self.assertEqual(proxy.cuts, 1)
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("Lost connection", told.stderr)
        self.assertNotIn("there already", told.stderr)
        self.site.ctl("tree", "get", "/example.com/mailUsers/judy")

    def test_lock_held(self):
        """an object that another one is writing is waited for, within the deadline"""
        self.site.ctl("user", "add", "erin@example.com")
        keep = ("START TRANSACTION; UPDATE objects SET version = version + 1; SELECT 'has it'; DO SLEEP({}); ROLLBACK;")
        for seconds, status in ((1, 0), (DEADLINE + 4, 75)):
            with self.subTest(seconds=seconds):
                user = "erin" if status == 0 else "frank"
                if status != 0:
                    self.site.ctl("user", "add", "frank@example.com")
                with holding(keep.format(seconds)):
                    begin = time.monotonic()
                    self.assertEqual(self.site.deliver(f"{user}@example.com").exit, status)
                    self.assertLess(time.monotonic() - begin, DEADLINE + 2)

    def test_deadlock(self):
        """a transaction that the server has ended for the sake of another is made again"""
        self.site.ctl("user", "add", "grace@example.com")
        server.sql(UNLUCKY, "pigeon")
        try:
            self.assertEqual(self.site.deliver("grace@example.com").exit, 0)
        finally:
            server.sql("DROP TRIGGER unlucky", "pigeon")

    def test_resolver(self):
        """a name server that does not answer is waited for no longer than told"""
        if not AS_ROOT:
            self.skipTest("another resolv.conf needs root")
        self.configure("db.example.com", connectTimeout="1s")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            try:
                silent.bind(("127.0.0.53", 53))
            except OSError as why:
                self.skipTest(f"no name server of our own: {why}")
            resolver = self.site.root / "resolv.conf"
            resolver.write_text("nameserver 127.0.0.53\noptions timeout:10 attempts:3\n")
            script = 'mount --bind "$0" "$(realpath /etc/resolv.conf)" && exec "$@"'
            command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(resolver),
                       *self.site.command("bob@example.com")]
            begin = time.monotonic()
            done = self.site.run(command)
            self.assertLess(time.monotonic() - begin, 4)
            self.assertEqual(done.exit, 75, done.stderr)
            self.assertIn("look up the host db.example.com: no answer in time", done.record["detail"])


class FullDisk(unittest.TestCase):
    def test_full(self):
        """a server that has no more space is read; what must be written waits, and is told what to do"""
        limit = "--innodb-data-file-path=ibdata1:4M:autoextend:max:80M"
        small = self.enterContext(mariadb.MariaDB("--innodb-file-per-table=0", limit))
        small.make_account()
        site = self.enterContext(Site({"datatree": "datatree-sql", "datatree-sql": small.settings()}))
        self.assertEqual(site.deliver().exit, 0)
        site.ctl("domain", "add", "example.org")
        small.sql("CREATE TABLE filler (id INT AUTO_INCREMENT PRIMARY KEY, what LONGBLOB)", "mysql")
        with self.assertRaisesRegex(AssertionError, "is full"):
            while True:
                small.sql(f"INSERT INTO filler (what) VALUES (REPEAT('x', {4 << 20}))", "mysql")
        large = json.dumps({"path": "/example.org/mailUsers/carol", "class": "mailUser"}) + "\n" + json.dumps(
            {"path": "/example.org/mailUsers/carol/mailStore", "class": "mailStore", "attributes": {"mda": "x" * (6 << 20)}})
        refused = site.ctl("tree", "import", input=large, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(refused.stderr, "full|No space")
        self.assertIn("free space on the server's disk", refused.stderr)
        self.assertEqual(site.deliver().exit, 0)
        self.assertEqual(site.deliver("nobody@example.com").exit, 67)
        small.stop()
        small.options[1] = limit.partition(":max")[0]
        small.start()
        site.ctl("tree", "import", input=large)


@contextlib.contextmanager
def holding(text):
    """Runs a transaction in the background; begins when it has what it is to have."""
    command = [mariadb.CLIENT, "--no-defaults", f"--socket={server.socket}", "--user=root", "--unbuffered", "-N", "pigeon"]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        client.stdin.write(text)
        client.stdin.close()
        client.stdout.readline()
        yield
    finally:
        client.kill()
        client.wait()
        client.stdout.close()


if __name__ == "__main__":
    unittest.main()
