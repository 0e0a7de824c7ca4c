# SPDX-License-Identifier: MIT
"""Several LDAP servers: one takes over from another, one is copied from another; and one that no resolver finds."""

import pathlib
import subprocess
import tempfile
import time
import unittest

import tree_slapd
from ldap_case import DEADLINE, Case, site_on
from pigeon_site import AS_ROOT
from proxy import Proxy
from slapd import BASE, PASSWORD, SUFFIX, Slapd, quoted


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


class TakingOver(Case):
    """What one does not answer, another does."""

    def setUp(self):
        self.first = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.first))
        self.second = self.enterContext(Slapd(schema=schema))
        self.second.add(self.first.search(BASE).stdout)
        self.ldap(self.site, uris=[self.first.uri, self.second.uri])

    def test_down(self):
        """a server that is not there, is frozen, or refuses: the next one is asked"""
        nothing = "ldap://127.0.0.1:1"
        self.ldap(self.site, uris=[nothing, self.second.uri])
        self.delivers(self.site)
        self.ldap(self.site, uris=[self.first.uri, self.second.uri])
        self.first.freeze()
        self.delivers(self.site)
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)
        self.first.thaw()
        self.first.restart(config="restrict bind")
        self.delivers(self.site)
        self.first.restart(config="")
        self.first.kill()
        self.delivers(self.site)
        self.second.kill()
        self.waits(self.site)
        self.first.start()
        # The mailbox was made on the second one: the first knows nothing of it, and the mailbox is not taken for its.
        self.assertEqual(self.site.deliver().exit, 75)

    def test_in_the_middle(self):
        """a server that breaks off, or falls silent, in the middle of an answer: the next one is asked at once"""
        with Proxy(self.first.port) as proxy:
            self.ldap(self.site, uris=[f"ldap://127.0.0.1:{proxy.port}"], tls="never")
            self.delivers(self.site)
            self.delivers(self.site)
            said = proxy.said
            self.assertGreater(said, 500)
            with Slapd(schema=schema) as third:
                third.add(self.first.search(BASE).stdout)
                self.ldap(self.site, uris=[f"ldap://127.0.0.1:{proxy.port}", third.uri])
                for place in range(0, said, said // 9):
                    with self.subTest(place):
                        proxy.cut_after, before = place, proxy.cuts
                        self.delivers(self.site)
                        self.assertGreater(proxy.cuts, before)
                        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)
                proxy.cut_after = None
                for place in (said // 3, said - 10):
                    with self.subTest(place, silent=True):
                        proxy.hang_after = place
                        self.delivers(self.site)
                        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)

    def test_wrong_one(self):
        """a server with another password, another tree or none: the next one is asked"""
        with Slapd(schema=schema, password="other") as other:
            self.ldap(self.site, uris=[other.uri, self.second.uri])
            self.delivers(self.site)
        with Slapd(schema=schema) as empty:
            self.ldap(self.site, uris=[empty.uri, self.second.uri])
            self.delivers(self.site)
            self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)

    def test_check(self):
        """pigeonctl check asks each of them, also those that are not needed yet"""
        self.site.ctl("check")
        self.second.kill()
        wrong = self.site.ctl("check", check=False)
        self.assertIn(f"127.0.0.1:{self.second.port}", wrong.stdout + wrong.stderr)
        self.assertEqual(wrong.returncode, 1)


class Copies(Case):
    """A provider, and a consumer that lags: it fetches once, and then not for a day."""

    def setUp(self):
        self.provider = self.enterContext(Slapd(schema=schema, config="overlay syncprov"))
        self.site = self.enterContext(site_on(self.provider))
        consume = ["syncrepl rid=001", f"provider={self.provider.uri}", "type=refreshOnly", "interval=01:00:00:00",
                   f'searchbase="{SUFFIX}"', "bindmethod=simple", f'binddn="{self.provider.admin}"',
                   quoted(f"credentials={PASSWORD}"), 'retry="1 +"']
        self.consumer = self.enterContext(
            Slapd(schema=schema, fill=False, config=f"{' '.join(consume)}\nupdateref {self.provider.uri}"))
        end = time.monotonic() + 30
        while time.monotonic() < end and len(self.copied()) < len(self.provider.entries(BASE)):
            time.sleep(0.05)

    def copied(self):
        found = self.consumer.search(BASE, "dn", check=False)
        return [line for line in found.stdout.splitlines() if line.startswith("dn:")]

    def test_lag(self):
        """what a consumer does not have yet is asked of the provider before anybody is called unknown"""
        self.ldap(self.site, uris=[self.consumer.uri], providers=[self.provider.uri])
        self.site.ctl("user", "add", "new@example.com")
        self.assertEqual(self.consumer.search(f"pigeonName=new,pigeonName=mailUsers,pigeonName=example.com,{BASE}",
                                              check=False).returncode, 32)
        self.delivers(self.site, "new@example.com", "new")
        self.assertIn('SRCH base="pigeonName=new,', self.consumer.log.read_text())
        # Its allocation is on the provider alone: the consumer still says that there is none, and a second one is not
        # made.
        self.delivers(self.site)
        self.delivers(self.site)
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)

    def test_without_the_provider(self):
        """without the provider, who is not on the consumer is not called unknown"""
        self.site.ctl("user", "add", "new@example.com")
        self.ldap(self.site, uris=[self.consumer.uri], providers=[self.provider.uri])
        self.provider.kill()
        self.waits(self.site, "new@example.com")
        self.waits(self.site, "nobody@example.com")

    def test_not_filled(self):
        """a consumer that has not begun, and one that has the half"""
        self.consumer.kill()
        with Slapd(schema=schema) as half:
            self.ldap(self.site, uris=[half.uri], providers=[self.provider.uri])
            entries = self.provider.search(BASE).stdout.strip().split("\n\n")
            self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)
            for entry in entries:
                done = self.site.deliver()
                self.assertEqual(done.exit, 0, done)
                half.add(entry + "\n")

    def test_referred_write(self):
        """a write that the consumer refers to the provider goes there, with the password for it"""
        self.ldap(self.site, uris=[self.consumer.uri])
        self.waits(self.site)
        self.ldap(self.site, referralUris=[self.provider.uri], referralBindDns=[self.provider.admin],
                  referralPasswords=[PASSWORD])
        # Written there, and not yet to be seen here: so it is not certain what was written.
        self.waits(self.site)
        written = dict(self.provider.entries(BASE))
        self.assertIn("pigeonId", written[f"pigeonName=alice,pigeonName=mailUsers,pigeonName=example.com,{BASE}"])
        self.ldap(self.site, providers=[self.provider.uri])
        self.delivers(self.site)


@unittest.skipUnless(AS_ROOT, "only root can take the resolver away")
class Resolver(Case):
    def test_hangs(self):
        """a resolver that does not answer is not waited for beyond the deadline"""
        # In a network of its own, where a resolver takes every question and answers none.
        wall = ("import socket, subprocess, sys; subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True); "
                "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 53)); "
                "open(sys.argv[1], 'w').write('nameserver 127.0.0.1\\n'); "
                "subprocess.run(['mount', '--bind', sys.argv[1], '/etc/resolv.conf'], check=True); "
                "sys.exit(subprocess.run(sys.argv[2:]).returncode)")
        with Slapd(schema=schema) as server, site_on(server) as site, tempfile.NamedTemporaryFile() as resolver:
            pathlib.Path(resolver.name).chmod(0o644)
            self.ldap(site, uris=["ldap://ldap.example.com"])
            command = ["unshare", "--net", "--mount", "python3", "-c", wall, resolver.name]
            begin = time.monotonic()
            done = subprocess.run([*command, *site.command("alice@example.com")], input=b"Subject: x\n\nx\n",
                                  capture_output=True, check=False, timeout=60)
            took = time.monotonic() - begin
            if b"unshare" in done.stderr or b"Operation not permitted" in done.stderr:
                self.skipTest("no network of its own here: " + done.stderr.decode())
            self.assertEqual(done.returncode, 75, done)
            self.assertLess(took, DEADLINE + 3)
            self.assertIn("the resolver does not answer", str(site.new_records()))


if __name__ == "__main__":
    unittest.main()
