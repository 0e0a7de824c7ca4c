# SPDX-License-Identifier: MIT
"""What datatree-sql and a MariaDB server say to each other: how often, in what form, and under which cover."""

import pathlib
import subprocess
import tempfile
import unittest

import mariadb
from pigeon_site import Site

# Each of these is sent once for a connection, and no more.
SETUP = 5


def setUpModule():
    global server
    mariadb.need()
    server = unittest.enterModuleContext(mariadb.MariaDB("--log-output=TABLE"))
    server.sql("CREATE USER pigeon@localhost IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO pigeon@localhost")


def tree(database):
    """What differs in the configuration of a site with this tree."""
    return {"datatree": "datatree-sql", "datatree-sql": server.settings(database)}


class Statements(unittest.TestCase):
    def setUp(self):
        self.addCleanup(server.sql, "DROP DATABASE said")
        self.site = self.enterContext(Site(tree("said"), domain=None))
        for below, objectclass in (("", "mailDomain"), ("/mailUsers", "mailUsers"), ("/mailStore", "mailStore")):
            self.site.ctl("tree", "add", f"/it's.example{below}", objectclass)
        self.site.ctl("user", "add", "o'brien@it's.example")

    def said(self, action):
        """What the account has sent meanwhile: (command, text) in its order, without what begins and ends it."""
        server.sql("TRUNCATE mysql.general_log; SET GLOBAL general_log = 1")
        try:
            action()
        finally:
            server.sql("SET GLOBAL general_log = 0")
        rows = server.sql("SELECT command_type, argument FROM mysql.general_log WHERE user_host LIKE 'pigeon%' "
                          "AND command_type NOT IN ('Connect', 'Quit', 'Close stmt') ORDER BY event_time, thread_id")
        return rows

    def test_round_trips(self):
        """the slices of a delivery cost a round trip each, and one that prepares the statement for both"""
        address = "o'brien@it's.example"
        self.assertEqual(self.site.deliver(address).exit, 0)
        said = self.said(lambda: self.assertEqual(self.site.deliver(address).exit, 0))
        self.assertEqual([command for command, _ in said], ["Query"] * SETUP + ["Prepare", "Execute", "Execute"])

    def test_slice_with_multivalues(self):
        """a slice costs three round trips at most, whatever is in it"""
        path = "/it's.example"
        server.sql("ALTER TABLE class_mailstore ADD colours BIGINT, ADD tastes BIGINT;"
                   "INSERT INTO multikeys VALUES (7), (8);"
                   "INSERT INTO multivalues (`key`, value) VALUES (7, 'red'), (7, 'blue'), (8, 'sour');"
                   "UPDATE class_mailstore SET colours = 7, tastes = 8", "said")
        for command in (["tree", "get", f"{path}/mailStore"], ["tree", "list", path], ["explain", "o'brien@it's.example"]):
            with self.subTest(command):
                printed = []
                said = self.said(lambda: printed.append(self.site.ctl_json(*command)))
                trips = [command for command, _ in said if command == "Execute"]
                # What is explained are two slices.
                self.assertLessEqual(len(trips), 6 if command[0] == "explain" else 3, said)
        (found,) = self.site.ctl_json("tree", "get", f"{path}/mailStore")
        self.assertEqual(sorted(found["attributes"]["colours"]), ["blue", "red"])
        self.assertEqual(found["attributes"]["tastes"], "sour")

    def test_bound(self):
        """what comes from outside is a parameter: no statement that is sent as a text holds any of it"""
        def action():
            self.site.ctl("user", "add", "x'; DROP TABLE tree; --@it's.example")
            self.site.ctl("tree", "add", "/another's.example", "mailDomain")
            self.site.deliver("o'brien@it's.example")
            self.site.ctl("tree", "export", "/")

        said = self.said(action)
        texts = [text for command, text in said if command in ("Query", "Prepare")]
        self.assertGreater(len(texts), 20)
        for text in texts:
            self.assertNotRegex(text, "(?i)brien|drop|another|it's")
        self.assertTrue(any("brien" in text for command, text in said if command == "Execute"))


class Schema(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site(domain=None))  # an embedded tree

    def test_dialects(self):
        """the printed schema in the dialect of MariaDB makes the tables that init makes, and any tree prints it"""
        printed = self.site.ctl("schema", "sql", "--dialect", "mysql").stdout
        server.sql("CREATE DATABASE by_hand CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        self.addCleanup(server.sql, "DROP DATABASE by_hand; DROP DATABASE by_init")
        server.sql(printed, "by_hand")
        server.sql(printed, "by_hand")
        with Site(tree("by_init"), domain=None) as other:
            self.assertEqual(other.ctl("schema", "sql").stdout, printed)
            self.assertEqual(other.ctl("schema", "sql", "--dialect", "sqlite").stdout, self.site.ctl("schema", "sql").stdout)
            refused = other.ctl("schema", "sql", "--dialect", "oracle", check=False)
            self.assertIn("sqlite and mysql", refused.stderr)
        columns = ("SELECT table_name, column_name, column_type, collation_name, column_key FROM "
                   "information_schema.columns WHERE table_schema = '{}' ORDER BY 1, 2")
        self.assertEqual(server.sql(columns.format("by_hand")), server.sql(columns.format("by_init")))
        # What was printed before is then a tree as soon as it has its root.
        with Site(tree("by_hand")) as site:
            self.assertEqual(site.deliver().exit, 0)

    def test_new_attributes(self):
        """init adds the column of an attribute that a plugin has got, and drops nothing"""
        self.addCleanup(server.sql, "DROP DATABASE older")
        with Site(tree("older"), domain="new.example") as site:
            server.sql("ALTER TABLE class_maildomain DROP COLUMN acceptunknown, ADD note TEXT;"
                       "UPDATE class_maildomain SET note = 'kept'; CREATE TABLE ours (x INT); DROP TABLE class_mailuser",
                       "older")
            change = ("tree", "set", "/new.example", "acceptUnknown=TRUE")
            self.assertIn("'acceptUnknown'", site.ctl(*change, check=False).stderr)
            site.ctl("init")
            site.ctl(*change)
            site.ctl("user", "add", "bob@new.example")
            self.assertEqual(server.sql("SELECT note, acceptunknown FROM class_maildomain", "older"), [("kept", "TRUE")])
            self.assertEqual(server.sql("SHOW TABLES LIKE 'ours'", "older"), [("ours",)])


def authority(directory, name):
    """A certificate authority of our own."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.pem")


def certificate(directory, name, host, signer, *more):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}", "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.csr")
    openssl("x509", "-req", "-in", directory / f"{name}.csr", "-CA", directory / f"{signer}.pem", "-CAkey",
            directory / f"{signer}.key", "-CAcreateserial", "-copy_extensions", "copy", "-out",
            directory / f"{name}.pem", *more)


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="pigeon tls ")))
        cls.directory.chmod(0o755)
        for name in ("ours", "theirs"):
            authority(cls.directory, name)
        certificate(cls.directory, "good", "localhost", "ours", "-days", "1")
        certificate(cls.directory, "expired", "localhost", "ours", "-days", "-1")
        certificate(cls.directory, "other", "db.example.com", "ours", "-days", "1")
        for file in cls.directory.iterdir():
            file.chmod(0o644)
        cls.server = cls.enterClassContext(mariadb.MariaDB(*cls.options("good")))
        cls.server.make_account()
        settings = cls.settings(tls="verify", tlsAuthorities=str(cls.directory / "ours.pem"))
        cls.site = cls.enterClassContext(Site({"datatree": "datatree-sql", "datatree-sql": settings}))
        cls.assert_encrypted(cls)

    @classmethod
    def options(cls, name):
        return [f"--ssl-cert={cls.directory}/{name}.pem", f"--ssl-key={cls.directory}/{name}.key"]

    @classmethod
    def settings(cls, **settings):
        return {**cls.server.settings(by_socket=False), "hosts": f"localhost:{cls.server.port}", **settings}

    def assert_encrypted(self):
        """The account is let in by TLS only: so what goes, goes encrypted."""
        for host in ("localhost", "127.0.0.1"):
            self.server.sql(f"ALTER USER pigeon@{host} REQUIRE SSL")

    def deliver(self, **settings):
        self.site.configure({"datatree-sql": None})
        self.site.configure({"datatree-sql": self.settings(**settings)})
        return self.site.deliver()

    def use(self, name):
        self.server.stop()
        self.server.options = self.options(name)
        self.server.start()

    def test_verified(self):
        """a server with a certificate for its name, signed by who is trusted, is believed, and no other"""
        ours, theirs = (str(self.directory / f"{name}.pem") for name in ("ours", "theirs"))
        self.assertEqual(self.deliver(tls="verify", tlsAuthorities=ours).exit, 0)
        for name, authorities in (("good", theirs), ("expired", ours), ("other", ours)):
            with self.subTest(name=name, authorities=authorities):
                self.use(name)
                done = self.deliver(tls="verify", tlsAuthorities=authorities)
                self.assertEqual(done.exit, 75, done.records)
                self.assertIn("tlsAuthorities", done.record["remedy"])
                self.assertNotIn("localhost", done.stderr)
        self.use("good")
        self.assertEqual(self.deliver(tls="encrypt").exit, 0)

    def test_needed(self):
        """where encryption is wanted, a server that has none is not talked to; where it is not, none is had"""
        self.assertEqual(self.deliver(tls="off").exit, 75)
        with mariadb.MariaDB("--skip-ssl") as plain:
            plain.make_account()
            for tls in ("encrypt", "verify"):
                with self.subTest(tls):
                    settings = {**plain.settings(by_socket=False), "tls": tls,
                                "tlsAuthorities": str(self.directory / "ours.pem")}
                    self.site.configure({"datatree-sql": None})
                    self.site.configure({"datatree-sql": settings})
                    done = self.site.deliver()
                    self.assertEqual(done.exit, 75)
                    self.assertRegex(done.record["detail"], "SSL|TLS|not encrypted")


if __name__ == "__main__":
    unittest.main()
