# SPDX-License-Identifier: MIT
"""Several LDAP servers: one takes over from another, one refers to another, one is copied from another; and aliases."""

import concurrent.futures
import contextlib
import functools
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest

import tree_slapd
from certificates import Authority
from pigeon_site import AS_ROOT
from proxy import Proxy
from slapd import BASE, PASSWORD, SUFFIX, Slapd, quoted

DEADLINE = 12  # seconds
NET = f"pigeonName=example.net,{BASE}"


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


site_on = functools.partial(tree_slapd.site_on, deadline=DEADLINE)


class Case(unittest.TestCase):
    def ldap(self, site, **section):
        site.configure({"datatree-ldap": section})

    def delivers(self, site, recipient="alice@example.com", user="alice", domain="example.com"):
        before = len(site.messages(user, domain))
        done = site.deliver(recipient)
        self.assertEqual(done.exit, 0, done)
        self.assertEqual(len(site.messages(user, domain)), before + 1)

    def waits(self, site, recipient="alice@example.com"):
        begin = time.monotonic()
        done = site.deliver(recipient)
        self.assertEqual(done.exit, 75, done)
        self.assertNotIn(PASSWORD, str(done))
        self.assertLess(time.monotonic() - begin, DEADLINE + 3)
        return done.record["detail"]


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


class Referred(Case):
    """A domain that is on another server."""

    def setUp(self):
        self.first = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.first))
        self.second = self.enterContext(Slapd(schema=schema, suffix=NET, password="another one", fill=False))
        self.site.ctl("domain", "add", "example.net")
        self.site.ctl("user", "add", "bob@example.net")
        self.second.add(self.first.search(NET).stdout)
        self.first.delete("-r", NET)
        self.refer(self.second.uri)
        self.known = {"referralUris": [self.second.uri], "referralBindDns": [self.second.admin],
                      "referralPasswords": ["another one"]}

    def refer(self, uri, dn=NET):
        self.first.delete("-M", NET, check=False)
        self.first.add(f"dn: {NET}\nobjectClass: referral\nobjectClass: extensibleObject\npigeonName: example.net\n"
                       f"ref: {uri}/{dn.replace(' ', '%20')}\n")

    def test_delivery(self):
        """mail for it is delivered, and each server gets its own password"""
        self.waits(self.site, "bob@example.net")
        self.ldap(self.site, **self.known)
        self.delivers(self.site, "bob@example.net", "bob", "example.net")
        self.delivers(self.site, "bob@example.net", "bob", "example.net")
        self.assertEqual(self.site.deliver("nobody@example.net").exit, 67)
        self.assertEqual(self.second.binds() - {""}, {self.second.admin})
        self.site.configure({"mailStore": {"creator": "creator-lock"}})
        self.site.ctl("user", "add", "lara@example.net")
        self.delivers(self.site, "lara@example.net", "lara", "example.net")
        self.assertIn("ready", self.site.allocation("lara", "example.net"))

    def test_lists(self):
        """its objects are among those of the tree"""
        self.ldap(self.site, **self.known)
        self.assertEqual(self.site.ctl("domain", "list").stdout.split(), ["example.com", "example.net"])
        listed = self.site.ctl("tree", "list", "-r", "/").stdout
        self.assertIn("/example.net/mailUsers/bob", listed)
        exported = self.site.ctl("tree", "export").stdout
        self.assertIn('"/example.net/mailUsers/bob"', exported)

    def test_unavailable(self):
        """while that server is down or frozen, mail for the domain waits, and other mail does not"""
        self.ldap(self.site, **self.known)
        self.second.freeze()
        self.waits(self.site, "bob@example.net")
        self.delivers(self.site)
        self.second.thaw()
        self.second.kill()
        self.waits(self.site, "bob@example.net")
        self.waits(self.site, "nobody@example.net")
        self.second.start()
        self.delivers(self.site, "bob@example.net", "bob", "example.net")

    def test_strangers(self):
        """a server that is not configured is not even connected to"""
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            stranger.settimeout(0.2)
            self.refer(f"ldap://127.0.0.1:{stranger.getsockname()[1]}")
            self.ldap(self.site, **self.known)
            self.assertIn("is not configured", self.waits(self.site, "bob@example.net"))
            with self.assertRaises(TimeoutError):
                stranger.accept()

    def test_circle(self):
        """referrals that lead to each other come to an end"""
        self.refer(self.first.uri)
        self.ldap(self.site, referralUris=[self.first.uri], referralBindDns=[self.first.admin],
                  referralPasswords=[PASSWORD])
        self.assertIn("one after the other", self.waits(self.site, "bob@example.net"))

    def test_wrong_server(self):
        """a referral to a server that has no such entry, or a wrong password for it"""
        self.ldap(self.site, **{**self.known, "referralPasswords": ["wrong"]})
        self.waits(self.site, "bob@example.net")
        self.ldap(self.site, **self.known)
        self.refer(self.second.uri, f"pigeonName=other,{NET}")
        self.waits(self.site, "bob@example.net")


class Aliases(Case):
    def setUp(self):
        self.server = self.enterContext(Slapd(schema=schema))
        self.site = self.enterContext(site_on(self.server))
        self.users = f"pigeonName=mailUsers,pigeonName=example.com,{BASE}"

    def alias(self, dn, target):
        name = dn.split(",")[0].removeprefix("pigeonName=")
        self.server.delete(dn, check=False)
        self.server.add(f"dn: {dn}\nobjectClass: alias\nobjectClass: extensibleObject\npigeonName: {name}\n"
                        f"aliasedObjectName: {target}\n")

    def test_user(self):
        """mail for another name of a user is the user's, also when both names get their first mail at once"""
        self.alias(f"pigeonName=info,{self.users}", f"pigeonName=alice,{self.users}")

        def deliver(number):
            """As an MTA does it: again until it is delivered."""
            name = ("info@example.com", "alice@example.com")[number % 2]
            command = self.site.command(name, queue_id=f"q{number}")
            return next((e for e in (self.site.run(command).exit for _ in range(10)) if e != 75), 75)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(deliver, range(16))), {0})
        self.assertEqual(len(self.site.messages()), 16)
        self.assertEqual([d.name for d in (self.site.base / "example.com").iterdir()], ["alice"])
        self.assertEqual(self.site.ctl("user", "list", "example.com").stdout.split(), ["alice@example.com"])
        self.assertEqual(self.site.explain("info@example.com")["exit"], 0)

    def test_lock(self):
        """a lock by one name excludes the other"""
        self.alias(f"pigeonName=info,{self.users}", f"pigeonName=alice,{self.users}")
        self.site.configure({"mailStore": {"creator": "creator-lock"}})
        self.delivers(self.site, "info@example.com")
        self.delivers(self.site, "alice@example.com")

    def test_domain(self):
        """mail for another name of a domain is the domain's"""
        self.alias(f"pigeonName=example.org,{BASE}", f"pigeonName=example.com,{BASE}")
        self.delivers(self.site, "alice@example.org")
        self.assertEqual(self.site.deliver("nobody@example.org").exit, 67)

    def test_module(self):
        """an object of a domain may be one that several share"""
        self.site.ctl("tree", "add", "/shared", "mailDomain")
        self.site.ctl("tree", "add", "/shared/mailStore", "mailStore")
        self.site.ctl("tree", "set", "/shared/mailStore", "enable=FALSE")
        self.site.ctl("tree", "remove", "/example.com/mailStore")
        self.alias(f"pigeonName=mailStore,pigeonName=example.com,{BASE}",
                   f"pigeonName=mailStore,pigeonName=shared,{BASE}")
        self.assertEqual(self.site.deliver().record["dsn"], "4.2.1")
        self.site.ctl("tree", "set", "/shared/mailStore", "enable=TRUE")
        self.delivers(self.site)

    def test_broken(self):
        """an alias of nothing, of itself, or of what is outside of the tree: mail waits"""
        info = f"pigeonName=info,{self.users}"
        for target in (f"pigeonName=gone,{self.users}", info, SUFFIX, "cn=elsewhere"):
            with self.subTest(target):
                self.alias(info, target)
                self.waits(self.site, "info@example.com")
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 67)


class Encrypted(Case):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="pigeon tls ")))
        cls.directory.chmod(0o755)
        try:
            cls.authority = Authority(cls.directory)
        except FileNotFoundError as missing:
            raise unittest.SkipTest("openssl is not installed: run script/bootstrap --test") from missing
        cls.other = Authority(cls.directory, "other")

    def ways(self, server):
        """Both ways to TLS: from the beginning, and by StartTLS."""
        return [{"uris": [server.ldaps], "tls": "never"}, {"uris": [server.uri], "tls": "always"}]

    def test_right(self):
        """a certificate that is signed by caFile, in date and of this host is believed; the password is encrypted"""
        with Slapd(schema=schema, tls=self.authority.sign("server")) as server, site_on(server) as site:
            server.restart(config="security simple_bind=64")
            self.ldap(site, uris=[f"ldap://127.0.0.1:{server.port}"], tls="never")
            self.waits(site)
            for way in self.ways(server):
                self.ldap(site, caFile=str(self.authority.certificate), **way)
                self.delivers(site)
            self.assertIn("TLS established", server.log.read_text())

    def test_wrong(self):
        """one that is signed by another, is out of date or is another host's is not, whatever ldap.conf says"""
        for what, tls in (("authority", self.other.sign("foreign")), ("date", self.authority.sign("expired", days=0)),
                          ("host", self.authority.sign("elsewhere", "DNS:elsewhere.example"))):
            with self.subTest(what), Slapd(schema=schema, tls=tls) as server, site_on(server) as site:
                if what == "date":
                    time.sleep(1.1)
                # Where libldap looks for settings: the environment, and the directory that we are in.
                lax = {"LDAPTLS_REQCERT": "never", "PATH": "/usr/bin:/bin"}
                (site.root / "ldaprc").write_text("TLS_REQCERT never\n")
                for way in self.ways(server):
                    self.ldap(site, caFile=str(self.authority.certificate), **way)
                    begin = len(server.binds() - {""})
                    server.log.write_text("")
                    with contextlib.chdir(site.root):
                        done = site.deliver(environment=lax)
                    self.assertEqual(done.exit, 75, done)
                    self.assertEqual(server.binds() - {""}, set(), begin)
                self.ldap(site, uris=[server.ldapi])
                self.delivers(site)

    def test_system(self):
        """without caFile, who is trusted by the system is trusted, and nobody else"""
        if not AS_ROOT:
            self.skipTest("only root can have the system trust another authority")
        system = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        if not system.is_file():
            self.skipTest("this system keeps those whom it trusts elsewhere")
        trusting = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"',
                    str(self.authority.certificate), str(system)]
        with Slapd(schema=schema, tls=self.authority.sign("common")) as server, site_on(server) as site:
            for way in self.ways(server):
                self.ldap(site, **way)
                self.waits(site)
                done = site.run([*trusting, *site.command("alice@example.com")])
                self.assertEqual(done.exit, 0, done)

    def test_frozen(self):
        """a server that takes the connection and does not answer the handshake is given up in time"""
        with Slapd(schema=schema, tls=self.authority.sign("slow")) as server, site_on(server) as site:
            ways = self.ways(server)
            server.freeze()
            for way in ways:
                self.ldap(site, caFile=str(self.authority.certificate), **way)
                self.waits(site)
            server.thaw()

    def test_own_certificate(self):
        """with SASL EXTERNAL, our certificate says who we are"""
        ours = self.authority.sign("us")
        map_to = f'authz-regexp "^cn=us$" "cn=admin,{SUFFIX}"\nTLSVerifyClient demand'
        with Slapd(schema=schema, tls=self.authority.sign("asking")) as server, site_on(server) as site:
            server.restart(top=map_to)
            own = {k: v for k, v in site.settings["datatree-ldap"].items() if k not in ("bindDn", "password")}
            for way in self.ways(server):
                site.settings["datatree-ldap"] = {
                    **own, **way, "bind": "external", "certificate": str(ours.certificate), "key": str(ours.key),
                    "caFile": str(self.authority.certificate)}
                site.configure({})
                self.delivers(site)

    def test_external(self):
        """over a socket of the machine, the server sees who we are"""
        with Slapd(schema=schema) as server, site_on(server) as site:
            pattern = "^gidNumber=[0-9]+[+]uidNumber=%d,cn=peercred,cn=external,cn=auth$" % site.state.stat().st_uid
            server.restart(top=f'authz-regexp "{pattern}" "cn=admin,{SUFFIX}"')
            own = {k: v for k, v in site.settings["datatree-ldap"].items() if k not in ("bindDn", "password")}
            site.settings["datatree-ldap"] = {**own, "uris": [server.ldapi], "bind": "external"}
            site.configure({})
            self.delivers(site)


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
