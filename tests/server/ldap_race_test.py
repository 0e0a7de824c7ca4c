# SPDX-License-Identifier: MIT
"""Three delivery hosts and the first messages of a user: on one slapd, and on a provider whose consumer lags. The
server is killed and started again; hosts are stopped beyond their lease and go on, or cut off of the net. As root, each
host has a network of its own; else it is a process with its own configuration.
"""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import time
import unittest

import network
import tree_slapd
from pigeon_site import MESSAGE, Site
from slapd import SUFFIX, Slapd, quoted

HOSTS = 3
EACH = 4  # messages, from each host
LEASE = 1  # seconds
ALL = bool(os.environ.get("PIGEON_ALL_FAULTS"))
ROUNDS = 40 if ALL else 5
CREATORS = ("creator-lock", "creator-optimistic")


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


def by_net(server):
    """The settings of datatree-ldap for whoever is not on the server's own machine."""
    return tree_slapd.section(server, uris=[server.uri], tls="never", connectTimeout="2s", answerTimeout="4s")


class Hosts:
    """The tests; `sections` has the settings of each host."""

    def make_hosts(self):
        """Answers the address that their server is to have."""
        self.hosts = []
        try:
            net = self.enterContext(network.Network(HOSTS))
        except unittest.SkipTest:
            return "127.0.0.1"
        self.hosts = net.hosts
        return net.address

    def begin(self, server, sections):
        self.random = random.Random(os.environ.get("PIGEON_SEED") or "1")
        self.server = server
        self.site = self.enterContext(Site({
            "datatree": "datatree-ldap", "datatree-sqlite": None, "deadline": 30,
            "creator-lock": {"lease": f"{LEASE}s"}, "datatree-ldap": tree_slapd.section(server)}))
        self.sections = sections
        self.number = 0

    def new_user(self, creator):
        """A user that nobody has delivered to, and a configuration of each host with this creator."""
        self.number += 1
        user = f"user{self.number}"
        self.site.ctl("user", "add", f"{user}@example.com")
        for host, section in enumerate(self.sections):
            settings = {**self.site.settings, "datatree-ldap": section,
                        "mailStore": {"mda": "mda-maildir", "creator": creator}}
            file = self.site.root / f"host{host}.json"
            file.write_text(json.dumps(settings), encoding="utf-8")
            file.chmod(0o644)
        return user

    def start(self, host, user, queue_id):
        command = self.site.command(f"{user}@example.com", queue_id=queue_id)
        command[command.index("-c") + 1] = str(self.site.root / f"host{host}.json")
        if self.hosts:
            command = [*self.hosts[host].prefix, *command]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        process.stdin.write(MESSAGE)
        process.stdin.close()
        return process

    def end(self, process):
        status = process.wait(60)
        told = process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        return status, told

    def deliver(self, host, user, queue_id):
        """As an MTA does it: again until it is delivered."""
        for _ in range(20):
            status, told = self.end(self.start(host, user, queue_id))
            if status != 75:
                return status, told
            time.sleep(0.2)
        return status, told

    def deliver_all(self, user):
        with concurrent.futures.ThreadPoolExecutor(HOSTS * EACH) as pool:
            ends = [pool.submit(self.deliver, host, user, f"{user}-{host}-{number}")
                    for host in range(HOSTS) for number in range(EACH)]
            return [each.result() for each in ends]

    def one_mailbox(self, user, messages):
        allocation = self.site.allocation(user)
        self.assertEqual(allocation["ready"], "TRUE")
        self.assertEqual(allocation["home"], f"example.com/{user}")
        self.assertEqual(len(self.site.messages(user)), messages)

    def test_at_once(self):
        """all hosts at once: one allocation, every message in its mailbox"""
        for creator in CREATORS:
            with self.subTest(creator):
                user = self.new_user(creator)
                self.assertEqual(set(self.deliver_all(user)), {(0, b"")})
                self.one_mailbox(user, HOSTS * EACH)

    def test_stopped_hosts(self):
        """a host is stopped at some moment, longer than its lease, and goes on: it overwrites nobody's allocation"""
        for number in range(ROUNDS):
            creator = CREATORS[number % 2]
            with self.subTest(creator, number=number):
                user = self.new_user(creator)
                first = self.start(0, user, "first")
                time.sleep(self.random.uniform(0.002, 0.04))
                # With its worker, which is what holds the lock.
                os.killpg(first.pid, signal.SIGSTOP)
                others = [self.deliver(host, user, f"other{host}") for host in range(1, HOSTS)]
                os.killpg(first.pid, signal.SIGCONT)
                status, told = self.end(first)
                self.assertIn(status, (0, 75), told)
                self.assertEqual(set(others), {(0, b"")})
                self.assertEqual(self.deliver(0, user, "first")[0], 0)
                self.one_mailbox(user, HOSTS)

    def test_killed_server(self):
        """the server dies in the middle and comes back: in the end everything is delivered, into one mailbox"""
        for number in range(ROUNDS if ALL else 2):
            user = self.new_user(CREATORS[number % 2])
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                all_of_them = pool.submit(self.deliver_all, user)
                time.sleep(self.random.uniform(0.0, 0.1))
                self.server.kill()
                self.server.start()
                self.assertEqual(set(all_of_them.result()), {(0, b"")})
            self.one_mailbox(user, HOSTS * EACH)


    def test_cut_off(self):
        """a host that is cut off lets mail wait, and calls nobody unknown; the others go on; then it delivers"""
        if not self.hosts:
            self.skipTest("networks of one's own need root")
        for number, creator in enumerate(CREATORS):
            user = self.new_user(creator)
            with self.subTest(creator), concurrent.futures.ThreadPoolExecutor(HOSTS) as pool:
                began = [pool.submit(self.deliver, host, user, f"early{host}") for host in range(HOSTS)]
                time.sleep(self.random.uniform(0, 0.05))
                self.hosts[2].cut_off()
                try:
                    self.assertEqual([began[host].result() for host in (0, 1)], [(0, b"")] * 2)
                    for recipient in (user, "nobody"):
                        status, told = self.end(self.start(2, recipient, f"late{number}"))
                        self.assertEqual(status, 75, (recipient, told))
                finally:
                    self.hosts[2].connect_again()
                self.assertEqual(began[2].result(), (0, b""))
                self.assertEqual(self.deliver(2, user, f"late{number}"), (0, b""))
                self.one_mailbox(user, HOSTS + 1)


class OneServer(Hosts, unittest.TestCase):
    def setUp(self):
        server = self.enterContext(Slapd(schema=schema, address=self.make_hosts()))
        self.begin(server, [by_net(server)] * HOSTS)


class Lagging(Hosts, unittest.TestCase):
    """The second host reads from a consumer that never gets anything new; the third from both."""

    def setUp(self):
        address = self.make_hosts()
        server = self.enterContext(Slapd(schema=schema, config="overlay syncprov", address=address))
        self.begin(server, [])
        consume = ["syncrepl rid=001", f"provider={server.uri}", "type=refreshOnly", "interval=01:00:00:00",
                   f'searchbase="{SUFFIX}"', "bindmethod=simple", f'binddn="{server.admin}"',
                   quoted(f"credentials={server.password}"), 'retry="1 +"']
        consumer = self.enterContext(Slapd(schema=schema, fill=False, config=" ".join(consume), address=address))
        end = time.monotonic() + 30
        while time.monotonic() < end and "contextCSN" not in consumer.search(SUFFIX, "-s", "base", "contextCSN",
                                                                             check=False).stdout:
            time.sleep(0.05)
        own = {**by_net(server), "providers": [server.uri]}
        self.sections = [own, {**own, "uris": [consumer.uri]}, {**own, "uris": [consumer.uri, server.uri]}]


if __name__ == "__main__":
    unittest.main()
