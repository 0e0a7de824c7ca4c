# SPDX-License-Identifier: MIT
"""Mailboxes in MariaDB: whole deliveries, read by the mariadb client; and a server, or the way to it, that goes wrong."""

import collections
import concurrent.futures
import contextlib
import hashlib
import signal
import subprocess
import threading
import time
import unittest

import mariadb
import sql_mail
from pigeon_site import CTL, MESSAGE, Site
from proxy import Proxy
from store_site import StoreSite
from verdicts import Verdicts

MDA = "mda-sql"
ALICE = "alice@example.com"
TABLE = {"table-per-user": "mail_alice_40example_2ecom", "shared": "messages"}
DEADLINE = 8
# The statement that ends a delivery.
COMMIT = b"COMMIT; END"
# The first deliveries of each connection meet what a server answers to the victim of a deadlock.
UNLUCKY = """DELIMITER //
CREATE TRIGGER unlucky BEFORE INSERT ON deliveries FOR EACH ROW BEGIN
  SET @seen = ifnull(@seen, 0) + 1;
  IF @seen <= {} THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF;
END//
"""
LEAST = "SELECT, INSERT, UPDATE, DELETE"


def setUpModule():
    global server
    mariadb.need()
    server = unittest.enterModuleContext(mariadb.MariaDB("--max-allowed-packet=1M"))
    for host in ("localhost", "127.0.0.1"):
        server.sql(f"CREATE USER pigeon@{host} IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pigeon@{host}")


def statements():
    """How many of each kind that a delivery is made of the server has run."""
    kinds = ("begin", "commit", "rollback", "savepoint", "stmt_execute")
    return collections.Counter({kind: int(server.sql(f"SHOW GLOBAL STATUS LIKE 'Com_{kind}'")[0][1]) for kind in kinds})


class SqlSite(Site):
    """A site whose mail goes into a database of its own, over TCP."""

    numbers = iter(range(1000))

    def __init__(self, layout="table-per-user", **section):
        super().__init__(domain=None)
        self.database = f"mail{next(self.numbers)}"
        self.table = TABLE[layout]
        self.section = {**server.settings(self.database), "hosts": [f"127.0.0.1:{server.port}"], "layout": layout,
                        "connectTimeout": "2s", "answerTimeout": "2s", **section}
        self.configure({"mailStore": {"mda": MDA}, "mda-maildir": None, MDA: self.section, "deadline": DEADLINE})
        self.ctl("init")
        self.ctl("domain", "add", "example.com")
        self.ctl("user", "add", ALICE)

    def hosts(self, *hosts, **section):
        self.configure({MDA: {**self.section, "hosts": list(hosts), **section}})

    def sql(self, statement):
        return server.sql(statement, self.database)

    def stored(self, folder=""):
        """Whole messages of a folder, by UID."""
        rows = self.sql(f"SELECT uid, part, hex(content) FROM {self.table} JOIN folders USING (folder) "
                        f"WHERE name = '{folder}' ORDER BY uid, part")
        return sql_mail.joined((int(uid), int(part), bytes.fromhex(content)) for uid, part, content in rows)


class Delivered(unittest.TestCase, Verdicts):
    def check_messages(self, site, sample):
        wanted = []
        for number, (name, message) in enumerate(sql_mail.messages(sample)):
            done = site.deliver(message=message, queue_id=f"Q{number}")
            self.assertEqual(done.exit, 0, (name, done))
            wanted.append(sql_mail.stored_of(message))
        stored = site.stored()
        self.assertEqual(list(stored), list(range(1, len(wanted) + 1)))
        for uid, message in stored.items():
            self.assertEqual(message, wanted[uid - 1], uid)
        sizes = site.sql(f"SELECT bytes, wire_bytes FROM {site.table} WHERE part = 0 ORDER BY uid")
        self.assertEqual(sizes, [(str(len(m)), str(sql_mail.wire_size(m))) for m in wanted])
        sums = site.sql("SELECT messages, bytes FROM mailboxes")
        self.assertEqual(sums, [(str(len(wanted)), str(sum(map(len, wanted))))])
        exported = site.root / "exported"
        exported.mkdir()
        exported.chmod(0o777)
        site.ctl("mailbox", "export", ALICE, str(exported), "--as", "mda-maildir")
        files = [f for part in ("new", "cur") for f in exported.rglob(f"{part}/*")]
        self.assertEqual(sorted(f.read_bytes() for f in files), sorted(wanted))

    def test_own_table(self):
        """every message is stored byte for byte in the user's own table, with its sizes"""
        self.check_messages(self.enterContext(SqlSite()), 40)

    def test_shared(self):
        """every message is stored byte for byte in tables that all users share"""
        self.check_messages(self.enterContext(SqlSite("shared")), 10)

    def test_small_packets(self):
        """a server that takes little at a time gets more parts, not another message"""
        with mariadb.MariaDB("--max-allowed-packet=16K") as small:
            small.make_account()
            with SqlSite() as site:
                site.configure({MDA: {**site.section, **small.settings(), "hosts": [str(small.socket)]}})
                site.ctl("init")
                message = sql_mail.HARD["parts"]
                self.assert_delivered(site.deliver(message=message))
                small.sql("SET GLOBAL max_allowed_packet = 1048576")  # for the reader
                rows = small.sql(f"SELECT uid, part, hex(content) FROM {site.table} ORDER BY part", "pigeon")
                stored = sql_mail.joined((int(uid), int(part), bytes.fromhex(content)) for uid, part, content in rows)
                self.assertEqual(stored, {1: sql_mail.stored_of(message)})
                self.assertGreater(len(rows), 50)

    def test_once(self):
        """a retry is stored once, also after a reader has deleted the message; without a queue id there are several"""
        site = self.enterContext(SqlSite())
        for _ in range(2):
            self.assert_delivered(site.deliver(queue_id="Q1"))
        self.assertEqual(len(site.stored()), 1)
        site.sql(f"DELETE FROM {site.table}")
        self.assert_delivered(site.deliver(queue_id="Q1"))
        self.assertEqual(site.stored(), {})
        for _ in range(2):
            self.assert_delivered(site.deliver())
        self.assertEqual(list(site.stored()), [2, 3])

    def test_at_once(self):
        """many first deliveries at once, each tried twice at the same time: one mailbox, each message in it once"""
        for layout in TABLE:
            site = self.enterContext(SqlSite(layout))
            site.configure({"deadline": 30})

            def deliver(number, site=site):
                return subprocess.run(site.command(ALICE, queue_id=f"Q{number // 2}"), input=MESSAGE, check=False,
                                      capture_output=True, timeout=60).returncode
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                self.assertEqual(set(pool.map(deliver, range(32))), {0}, site.new_records())
            self.assertEqual(len(site.stored()), 16)
            self.assertEqual(site.sql("SELECT uidnext FROM folders"), [("17",)])
            self.assertEqual(site.sql("SELECT count(*), sum(messages) FROM mailboxes"), [("1", "16")])

    def test_large(self):
        """100 MB are stored and read back in little memory"""
        site = self.enterContext(SqlSite())
        site.configure({"deadline": 60})
        digest, peak = sql_mail.deliver_large(site, 100 << 20)
        self.assertLess(peak, 48 << 20)
        found = hashlib.sha256()
        for part in range(int(site.sql(f"SELECT max(part) FROM {site.table}")[0][0]) + 1):
            found.update(bytes.fromhex(site.sql(f"SELECT hex(content) FROM {site.table} WHERE part = {part}")[0][0]))
        self.assertEqual(found.hexdigest(), digest)

    def test_statements(self):
        """a small message takes three statements, and a retry of it no more than is needed to say that it is there"""
        for layout in TABLE:
            with self.subTest(layout), SqlSite(layout) as site:
                self.assert_delivered(site.deliver())
                before = statements()
                self.assert_delivered(site.deliver(queue_id="Q1"))
                self.assertEqual(statements() - before, collections.Counter(stmt_execute=3, commit=1))
                before = statements()
                self.assert_delivered(site.deliver(queue_id="Q1"))
                self.assertLess((statements() - before).total(), 10)
                self.assertEqual(len(site.stored()), 2)

    def test_rights(self):
        """the rights of the manual page are enough, and to deliver into shared tables takes no more than the least"""
        for layout, rights in (("shared", LEAST), ("table-per-user", f"{LEAST}, CREATE, DROP")):
            with self.subTest(layout):
                site = self.enterContext(SqlSite(layout))
                user = f"least{site.database}"
                server.sql(f"CREATE USER {user}@127.0.0.1 IDENTIFIED BY 'x';"
                           f"GRANT {rights} ON {site.database}.* TO {user}@127.0.0.1")
                site.configure({MDA: {"user": user, "password": "x"}})
                self.assert_delivered(site.deliver())
                site.ctl("check")
                site.ctl("mailbox", "purge", "--yes", ALICE)
                self.assertEqual(site.sql("SELECT * FROM mailboxes"), [])

    def test_manual(self):
        """the tables that the manual page shows are those that there are"""
        site = self.enterContext(SqlSite("shared"))
        server.sql(f"CREATE DATABASE shown; USE shown; {sql_mail.tables_of_manual('mda-sql.5.in')}".replace('"', "`"))
        self.addCleanup(server.sql, "DROP DATABASE shown")
        columns = ("SELECT table_name, column_name, column_type, is_nullable, column_key, column_default, extra "
                   "FROM information_schema.columns WHERE table_schema = '%s' ORDER BY 1, 2")
        shown = server.sql(columns % "shown")
        self.assertGreater(len(shown), 30)
        self.assertEqual(server.sql(columns % site.database), shown)

    def test_init(self):
        """init makes what is missing, drops nothing, and refuses a database of something else"""
        site = self.enterContext(SqlSite())
        self.assert_delivered(site.deliver())
        site.sql("DROP TABLE fields")
        site.ctl("init")
        self.assertEqual(site.sql("SELECT count(*) FROM fields"), [("0",)])
        self.assertEqual(len(site.stored()), 1)
        server.sql("CREATE DATABASE shop; CREATE TABLE shop.messages (id INT)")
        self.addCleanup(server.sql, "DROP DATABASE shop")
        site.configure({MDA: {"database": "shop"}})
        done = site.ctl("init", check=False)
        self.assertIn("holds something else", done.stdout + done.stderr)

    def test_durable(self):
        """check warns of a server that does not flush what it commits"""
        site = self.enterContext(SqlSite())
        server.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
        self.addCleanup(server.sql, "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        done = site.ctl("check", check=False)
        self.assertIn("innodb_flush_log_at_trx_commit", done.stdout + done.stderr + str(site.new_records()))


class Faults(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(SqlSite())
        self.assert_delivered(self.site.deliver())

    def assert_waits(self, word="", **how):
        begin = time.monotonic()
        done = self.site.deliver(**how)
        self.assertLess(time.monotonic() - begin, DEADLINE + 2)
        self.assert_not_delivered(done, 75, site=self.site)
        self.assertIn(word, done.record["detail"])

    def test_commit_cut(self):
        """a connection that is cut at the commit: done or not, the message is there once, with a queue id or without"""
        for queue_id in ("Q1", None):
            for late in (0.0, 0.5):
                before = len(self.site.stored())
                with self.subTest(queue_id=queue_id, late=late), Proxy(server.port, cut_at_run=COMMIT, late=late) as proxy:
                    self.site.hosts(f"127.0.0.1:{proxy.port}")
                    self.assert_delivered(self.site.deliver(queue_id=queue_id and f"{queue_id}{late}"))
                    self.assertEqual(proxy.cuts, 1)
                    self.assertEqual(len(self.site.stored()), before + 1)

    def test_commit_cut_for_good(self):
        """where nobody can be asked any more after the commit was cut, it may have happened, and the retry finds it"""
        with Proxy(server.port, cut_at_run=COMMIT) as proxy:
            self.site.hosts(f"127.0.0.1:{proxy.port}")
            stopper = threading.Thread(target=lambda: self.stop_when(lambda: proxy.cuts))
            stopper.start()
            done = self.site.deliver(queue_id="Q1")
            stopper.join()
        self.assertIn(done.exit, (0, 75))
        self.site.hosts(f"127.0.0.1:{server.port}")
        self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 2)

    @staticmethod
    def stop_when(condition):
        end = time.monotonic() + DEADLINE
        while not condition() and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(0.35)
        server.kill()
        server.start()

    def test_cut_anywhere(self):
        """answers that end anywhere let mail wait or go, and never store it twice"""
        with Proxy(server.port) as proxy:
            self.site.hosts(f"127.0.0.1:{proxy.port}")
            for number, cut in enumerate((1, 90, 200, 400, 700, 900, 1100, 1300)):
                proxy.cut_after = cut
                with self.subTest(cut=cut):
                    first = self.site.deliver(queue_id=f"Q{number}")
                    self.assertIn(first.exit, (0, 75))
                    proxy.cut_after = None
                    self.assert_delivered(self.site.deliver(queue_id=f"Q{number}"))
                    self.assertEqual(len(self.site.stored()), number + 2)

    def test_deadlock(self):
        """the victim of a deadlock is delivered at once, and once"""
        self.site.sql(UNLUCKY.format(1))
        self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 2)

    def test_deadlocks_and_a_cut(self):
        """deadlocks leave a delivery as many servers to go to as it had, when its connection is cut at last"""
        self.site.sql(UNLUCKY.format(4))
        with Proxy(server.port, cut_at_run=COMMIT) as proxy:
            self.site.hosts(f"127.0.0.1:{proxy.port}")
            self.assert_delivered(self.site.deliver())
            self.assertEqual(proxy.cuts, 1)
        self.assertEqual(len(self.site.stored()), 2)

    def test_held(self):
        """who holds the mailbox keeps mail waiting, in time, and then it is delivered"""
        held = subprocess.Popen([mariadb.CLIENT, "--no-defaults", f"--socket={server.socket}", "--user=root", "-e",
                                 "BEGIN; SELECT * FROM mailboxes FOR UPDATE; SELECT sleep(30)", self.site.database],
                                stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            self.assert_waits(queue_id="Q1")
        finally:
            held.kill()
            held.wait()
        for thread, in server.sql("SELECT id FROM information_schema.processlist WHERE info LIKE '%sleep(30)%' "
                                  "AND id <> connection_id()"):
            with contextlib.suppress(AssertionError):
                server.sql(f"KILL {thread}")
        self.assert_delivered(self.site.deliver(queue_id="Q1"))

    def test_server(self):
        """a server that is down, hung or read-only lets mail wait, within the deadline, and then it is delivered"""
        server.kill()
        try:
            self.assert_waits("Can't connect")
        finally:
            server.start()
        server.signal(signal.SIGSTOP)
        try:
            self.assert_waits()
        finally:
            server.signal(signal.SIGCONT)
        server.sql("SET GLOBAL read_only = 1")
        self.addCleanup(server.sql, "SET GLOBAL read_only = 0")
        self.assert_waits("can only be read")
        server.sql("SET GLOBAL read_only = 0")
        self.assert_delivered(self.site.deliver())

    def test_other_server(self):
        """of several servers, one that is hung or down is left for the next"""
        with Proxy(server.port, silent=True) as silent:
            self.site.hosts("127.0.0.1:1", f"127.0.0.1:{silent.port}", f"127.0.0.1:{server.port}", connectTimeout="1s")
            self.assert_delivered(self.site.deliver())

    def test_silent_amid(self):
        """a server that falls silent amid a delivery is waited for no longer than told, and the retry is stored once"""
        with Proxy(server.port, hang_after=900) as proxy:
            self.site.hosts(f"127.0.0.1:{proxy.port}")
            self.assert_waits(queue_id="Q1")
        self.site.hosts(f"127.0.0.1:{server.port}")
        self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 2)

    def test_client_gone(self):
        """a client that falls silent amid a transaction, whose connection stays, keeps the mailbox for seconds only"""
        with Proxy(server.port, hold_at=b"INSERT INTO deliveries") as proxy:
            self.site.hosts(f"127.0.0.1:{proxy.port}", answerTimeout="1s")
            self.assert_waits(queue_id="Q1")
            self.site.hosts(f"127.0.0.1:{server.port}")
            self.site.configure({"deadline": 30})
            self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 2)

    def test_mailbox(self):
        """a mailbox that is gone, foreign, or bears no stamp lets mail wait, and nothing is made anew"""
        self.site.sql("UPDATE mailboxes SET allocation = 'another'")
        self.assert_waits("stamped with allocation another")
        self.site.sql("UPDATE mailboxes SET allocation = NULL")
        self.assert_waits("does not bear our stamp")
        self.site.ctl("mailbox", "adopt", ALICE)
        self.assert_delivered(self.site.deliver())
        self.site.sql("DELETE FROM mailboxes")
        self.assert_waits("it is gone")
        self.assertEqual(self.site.sql("SELECT count(*) FROM mailboxes"), [("0",)])

    def test_table_gone(self):
        """a user's table that is gone lets mail wait, and is not made anew"""
        self.site.sql(f"DROP TABLE {self.site.table}")
        self.assert_waits("doesn't exist", queue_id="Q1")
        self.assertEqual(self.site.sql("SHOW TABLES LIKE 'mail\\_%'"), [])

    def test_purge_that_stalls(self):
        """a purge that stalls anywhere, while others purge and mail comes, removes nothing of the next mailbox"""
        purge = ("mailbox", "purge", "--yes", ALICE)
        self.site.configure({"deadline": 30})
        for number, text in enumerate((b"SET allocation", b"DROP TABLE", b"DELETE FROM fields", b"GET_LOCK")):
            with self.subTest(text), Proxy(server.port, hold_at=text) as proxy:
                self.site.hosts(f"127.0.0.1:{proxy.port}", answerTimeout="30s")
                with subprocess.Popen([str(CTL), *self.site.common_arguments(), *purge], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) as stalled:
                    self.assertTrue(proxy.held.wait(10))
                    self.site.hosts(f"127.0.0.1:{server.port}")
                    self.site.ctl(*purge, check=False)
                    first = self.site.deliver(queue_id=f"P{number}").exit
                    proxy.go_on.set()
                    stalled.wait(30)
                self.assertIn(first, (0, 75))
                self.assert_delivered(self.site.deliver(queue_id=f"P{number}"))
                self.assertEqual(len(self.site.stored()), 1)
                self.assertEqual(self.site.sql("SELECT count(*) FROM mailboxes"), [("1",)])

    def test_full(self):
        """a server that says that it has no space lets mail wait; the index of fields never does"""
        self.site.configure({MDA: {"indexFields": True}})
        refuse = ("DELIMITER //\nCREATE TRIGGER full BEFORE INSERT ON {} FOR EACH ROW SIGNAL SQLSTATE 'HY000' "
                  "SET MYSQL_ERRNO = 1114//\n")
        self.site.sql(refuse.format("fields"))
        self.assert_delivered(self.site.deliver())
        self.site.sql(refuse.format(self.site.table).replace("full", "full2"))
        self.assert_waits(queue_id="Q1")
        self.site.sql("DROP TRIGGER full2")
        self.assert_delivered(self.site.deliver(queue_id="Q1"))
        self.assertEqual(len(self.site.stored()), 3)


class Moved(unittest.TestCase):
    def test_through_all_formats(self):
        """a user is moved through all formats and back, and keeps every byte, mark and date"""
        settings = {MDA: {**server.settings("moved"), "layout": "table-per-user"}}
        with StoreSite(settings, others=("mda-sqlite",)) as site:
            for number, (_, message) in enumerate(sql_mail.messages(sample=5)):
                self.assertEqual(site.deliver(message=message, queue_id=f"Q{number}").exit, 0)
            site.ctl("tree", "set", "/example.com/mailStore", "--class", "mda-maildir", "createFolders=TRUE")
            self.assertEqual(site.deliver(extra=["-m", "Work/Reports"]).exit, 0)
            first = site.files()[0]
            first.rename(first.parents[1] / "cur" / f"{first.name}:2,FS")
            held, texts = site.held(), site.texts()
            for mda in (MDA, "mda-sqlite", MDA, "mda-maildir"):
                site.ctl("mailbox", "move", ALICE, mda)
                self.assertEqual(site.held(), held, mda)
                self.assertEqual(site.texts() == texts, True, mda)
                site.ctl("mailbox", "purge", "--retired", "--yes", ALICE)
                self.assertEqual(site.deliver(message=sql_mail.HARD["nul"], queue_id="Q0").exit, 0)
                self.assertEqual(len(site.held()), len(held), "the retry was stored again")

    def test_import_after_weeks(self):
        """what is imported again after weeks, by several batches, is known, and is known the next time"""
        with SqlSite("shared") as site:
            foreign = site.root / "foreign"
            foreign.write_text("".join(f"From a@b Mon Jan  1 00:00:00 2024\nSubject: {n}\n\nx\n\n" for n in range(70)))
            foreign.chmod(0o644)
            done = site.ctl("mailbox", "import", ALICE, str(foreign), "--from", "mda-mbox")
            self.assertIn("70 messages imported", done.stdout)
            for _ in range(2):
                site.sql("UPDATE deliveries SET week = week - 3")
                site.sql("UPDATE mailboxes SET forgotten = 0")
                done = site.ctl("mailbox", "import", ALICE, str(foreign), "--from", "mda-mbox")
                self.assertIn("0 messages imported, 70 were there already", done.stdout)


if __name__ == "__main__":
    unittest.main()
