# SPDX-License-Identifier: MIT
"""LDAP servers by TLS, and whom that makes us."""

import contextlib
import pathlib
import tempfile
import time
import unittest

import tree_slapd
from certificates import Authority
from ldap_case import Case, site_on
from pigeon_site import AS_ROOT
from slapd import SUFFIX, Slapd


def setUpModule():
    global schema
    tree_slapd.need()
    schema = tree_slapd.schema()


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


if __name__ == "__main__":
    unittest.main()
