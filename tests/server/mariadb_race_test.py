# SPDX-License-Identifier: MIT
"""Three delivery hosts and the first messages of a user: on one MariaDB server, and on a Galera cluster in which each
host talks to its own node. Nodes are killed and cut off, hosts are stopped and go on.
"""

import concurrent.futures
import contextlib
import json
import os
import random
import signal
import subprocess
import time
import unittest

import galera
import mariadb
from pigeon_site import MESSAGE, Site

HOSTS = 3
LEASE = 1  # seconds
SEED = os.environ.get("PIGEON_SEED") or "1"
ALL = os.environ.get("PIGEON_ALL_FAULTS") == "1"
USERS = 30 if ALL else 4
ROUNDS = 60 if ALL else 6
EACH = 3  # messages, from each host
WAIT = "SET SESSION wsrep_sync_wait = 7, wsrep_dirty_reads = 0"


class Hosts:
    """The tests; `servers` has one for each host, which may be the same."""

    servers = None

    @classmethod
    def make_site(cls):
        cls.random = random.Random(SEED)
        cls.site = cls.enterClassContext(Site({
            "datatree": "datatree-sql", "deadline": 30, "creator-lock": {"lease": f"{LEASE}s"},
            "datatree-sql": {**cls.servers[0].settings(), "connectTimeout": "2s", "answerTimeout": "4s"}}))
        cls.number = 0

    def setUp(self):
        type(self).number += 1
        self.user = f"user{self.number}"

    def configure(self, creator, own_node_only=False):
        """A configuration file for each host: its own server first, and the others behind it."""
        for host, server in enumerate(self.servers):
            others = [each for each in self.servers if each is not server]
            hosts = [str(each.socket) for each in [server, *([] if own_node_only else others)]]
            tree = {**self.site.settings["datatree-sql"], "hosts": hosts}
            settings = {**self.site.settings, "datatree-sql": tree, "mailStore": {"mda": "mda-maildir", "creator": creator}}
            file = self.site.root / f"host{host}.json"
            file.write_text(json.dumps(settings), encoding="utf-8")
            file.chmod(0o644)

    def command(self, host, user, queue_id):
        command = self.site.command(f"{user}@example.com", queue_id=queue_id)
        command[command.index("-c") + 1] = str(self.site.root / f"host{host}.json")
        return command

    def deliver(self, host, user, number):
        """One message from one host, tried again as an MTA would, until it is delivered."""
        message = MESSAGE.replace(b"Hello.", f"{user} {host} {number}".encode())
        statuses = []
        end = time.monotonic() + 90
        while not statuses or statuses[-1] == 75 and time.monotonic() < end:
            command = self.command(host, user, f"{user}-{host}-{number}")
            done = subprocess.run(command, input=message, capture_output=True, check=False, timeout=120)
            statuses.append(done.returncode)
        return statuses

    def add(self, user):
        self.site.ctl("user", "add", f"{user}@example.com")

    def deliver_all(self, user):
        """The messages of all hosts at once; answers their statuses."""
        with concurrent.futures.ThreadPoolExecutor(HOSTS * EACH) as pool:
            jobs = [pool.submit(self.deliver, host, user, n) for host in range(HOSTS) for n in range(EACH)]
            return [job.result() for job in jobs]

    def check(self, user, messages):
        """One allocation, which is ready; every message in its mailbox, once; and nothing of losers."""
        allocation = self.site.allocation(user)
        self.assertEqual(allocation["ready"], "TRUE")
        stamp = (self.site.home(user) / ".pigeon" / "allocation").read_text()
        self.assertEqual(stamp.strip(), allocation["id"])
        bodies = self.site.messages(user)
        self.assertEqual((len(bodies), len(set(bodies))), (messages, messages))
        self.assertEqual(len(list(self.site.base.rglob(f"{user}/.pigeon/allocation"))), 1)

    def test_first_deliveries(self):
        """the first messages of a user come from three hosts at once: one allocation, every message in its mailbox"""
        for creator in ("creator-optimistic", "creator-lock"):
            self.configure(creator)
            for number in range(USERS):
                user = f"{self.user}{creator[8]}{number}"
                self.add(user)
                with self.subTest(user=user, creator=creator):
                    statuses = self.deliver_all(user)
                    self.assertEqual({each[-1] for each in statuses}, {0}, statuses)
                    self.check(user, HOSTS * EACH)

    def test_stopped_host(self):
        """a host that is stopped for longer than its lease, and goes on, allocates nothing beside another's"""
        self.configure("creator-lock")
        for number in range(ROUNDS):
            user = f"{self.user}s{number}"
            self.add(user)
            moment = self.random.uniform(0, 0.06)
            with self.subTest(user=user, seed=SEED, moment=moment):
                process = subprocess.Popen(self.command(0, user, "stopped"), stdin=subprocess.PIPE,
                                           stderr=subprocess.PIPE, start_new_session=True)
                process.stdin.write(MESSAGE)
                process.stdin.close()
                time.sleep(moment)
                os.killpg(process.pid, signal.SIGSTOP)
                try:
                    self.assertEqual(self.deliver(1, user, 1)[-1], 0)
                    time.sleep(1.5 * LEASE if number % 2 else 0)
                finally:
                    os.killpg(process.pid, signal.SIGCONT)
                status = process.wait(60)
                process.stderr.close()
                self.assertIn(status, (0, 75))
                if status == 75:
                    again = subprocess.run(self.command(0, user, "stopped"), input=MESSAGE, capture_output=True,
                                           check=False, timeout=60)
                    self.assertEqual(again.returncode, 0)
                self.check(user, 2)


class OneServer(Hosts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        mariadb.need()
        server = cls.enterClassContext(mariadb.MariaDB())
        server.make_account()
        cls.servers = [server] * HOSTS
        cls.make_site()


class Galera(Hosts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(galera.Cluster(HOSTS))
        cls.servers = cls.cluster.nodes
        cls.servers[0].make_account()
        cls.make_site()

    def test_node_killed(self):
        """a node that is killed while its host delivers: the host goes to another node, and nothing is lost"""
        for number, creator in enumerate(("creator-optimistic", "creator-lock")):
            self.configure(creator)
            user = f"{self.user}k{number}"
            self.add(user)
            with self.subTest(creator), concurrent.futures.ThreadPoolExecutor(1) as pool:
                delivering = pool.submit(self.deliver_all, user)
                time.sleep(self.random.uniform(0, 0.3))
                self.servers[2].kill()
                statuses = delivering.result()
                self.assertEqual({each[-1] for each in statuses}, {0}, statuses)
                self.check(user, HOSTS * EACH)
            self.cluster.start_again(self.servers[2])

    def test_node_cut_off(self):
        """a host whose only node is cut off lets mail wait, and calls nobody unknown; the others go on"""
        self.configure("creator-optimistic", own_node_only=True)
        self.add(self.user)
        self.servers[2].wait_for("wsrep_local_state_comment", "Synced")
        with concurrent.futures.ThreadPoolExecutor(HOSTS) as pool:
            first = [pool.submit(self.deliver, host, self.user, 0) for host in range(HOSTS)]
            time.sleep(self.random.uniform(0, 0.1))
            self.servers[2].cut_off()
            try:
                self.assertEqual({first[host].result()[-1] for host in (0, 1)}, {0})
                late = f"{self.user}-late"
                for recipient in (self.user, "nobody", late):
                    command = self.command(2, recipient, "cut off")
                    done = subprocess.run(command, input=MESSAGE, capture_output=True, check=False, timeout=60)
                    self.assertEqual(done.returncode, 75, (recipient, done.stderr))
                # Nor by a node that shows what it has all the same.
                self.servers[2].sql("SET GLOBAL wsrep_dirty_reads = 1")
                for recipient in ("nobody", late):
                    command = self.command(2, recipient, "cut off")
                    done = subprocess.run(command, input=MESSAGE, capture_output=True, check=False, timeout=60)
                    self.assertEqual(done.returncode, 75, (recipient, done.stderr))
                self.servers[2].sql("SET GLOBAL wsrep_dirty_reads = 0")
                self.add(late)
                self.assertEqual(self.deliver(0, late, 0)[-1], 0)
            finally:
                self.servers[2].connect_again()
            self.assertEqual(first[2].result()[-1], 0)
        self.check(self.user, HOSTS)
        self.assertEqual(self.deliver(2, late, 1)[-1], 0)
        self.check(late, 2)

    def test_waits_for_the_cluster(self):
        """what is read to be written back is read when the node has everything that the cluster has"""
        self.configure("creator-lock", own_node_only=True)
        self.add(self.user)
        node = self.servers[1]
        node.sql("SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = 1")
        self.assertEqual(self.deliver(1, self.user, 0)[-1], 0)
        node.sql("SET GLOBAL general_log = 0")
        said = [text for (text,) in node.sql("SELECT argument FROM mysql.general_log WHERE user_host LIKE 'pigeon%'")]
        waits = said.index(WAIT)
        self.assertLess(waits, said.index("START TRANSACTION"))
        # The two slices of every delivery come before, and need not wait.
        self.assertGreaterEqual(len([text for text in said[:waits] if text.startswith("SELECT l.value")]), 2)

    @contextlib.contextmanager
    def behind(self, table):
        """The third node cannot take over from the others what is written to this table, until what this gives is called."""
        client = [mariadb.CLIENT, "--no-defaults", f"--socket={self.servers[2].socket}", "--user=root", "--unbuffered", "-N"]
        keep = subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def say(text):
            keep.stdin.write(text)
            keep.stdin.flush()

        try:
            say(f"FLUSH TABLES pigeon.`{table}` WITH READ LOCK; SELECT 'has it';\n")
            keep.stdout.readline()
            yield lambda: say("UNLOCK TABLES;\n")
        finally:
            keep.kill()
            keep.wait()
            keep.stdin.close()
            keep.stdout.close()

    def test_read_after_write(self):
        """what one host has just written, a node that lags knows where it has to: no second allocation"""
        self.configure("creator-optimistic", own_node_only=True)
        self.add(self.user)
        with self.behind("class_mda-maildirallocation") as catch_up:
            self.assertEqual(self.deliver(0, self.user, 0)[-1], 0)
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                late = pool.submit(self.deliver, 2, self.user, 0)
                time.sleep(1)
                catch_up()
                self.assertEqual(late.result()[-1], 0)
        self.check(self.user, 2)

    def test_new_user(self):
        """a user who was added at another node is not unknown to a node that lags: it waits until it has what all have"""
        self.configure("creator-optimistic", own_node_only=True)
        with self.behind("class_mailuser") as catch_up:
            self.add(self.user)
            self.assertEqual(self.deliver(0, self.user, 0), [0])
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                late = pool.submit(self.deliver, 2, self.user, 0)
                time.sleep(1)
                catch_up()
                self.assertEqual(late.result()[-1], 0)
        self.check(self.user, 2)
        nobody = subprocess.run(self.command(2, "nobody", "x"), input=MESSAGE, capture_output=True, check=False, timeout=60)
        self.assertEqual(nobody.returncode, 67)


if __name__ == "__main__":
    unittest.main()
