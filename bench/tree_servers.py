# SPDX-License-Identifier: MIT
"""Where the tree is in bench/tree: one class for each backend, with its own server, and what its peers are given.

Each holds the same tree: a domain with the modules mailUsers and mailStore, and users named 0, 1, 2, and so on, whose
mailboxes are made. It is brought in by `pigeonctl tree import`, and kept below the build folder for the next run.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "lib"))

import mariadb  # noqa: E402
import slapd  # noqa: E402

DOMAIN = "example.com"
READER, PASSWORD = f"cn=reader,{slapd.SUFFIX}", "secret"
USERS_DN = f"pigeonName=mailUsers,pigeonName={DOMAIN},{slapd.BASE}"
# The user's home in the tables of the tree; %s stands for the user.
STATEMENT = (
    "SELECT a.home FROM strings l JOIN strings n "
    "JOIN tree t ON t.`cursor` = l.id AND t.name = n.id AND t.structural = 1 JOIN `class_mda-maildirallocation` a ON a.object_id = t.object "
    f"WHERE l.digest = UNHEX(SHA2('/{DOMAIN}/mailUsers', 256)) AND n.digest = UNHEX(SHA2(%s, 256))")


def objects(users):
    """The tree below the domain, as `pigeonctl tree import` takes it, line by line."""
    for number in range(users):
        attributes = {"home": f"{DOMAIN}/{number}", "id": f"{number:032x}", "ready": "TRUE"}
        yield json.dumps({"path": f"/{DOMAIN}/mailUsers/{number}", "class": "mailUser",
                          "auxiliary": ["mda-maildirAllocation"], "attributes": attributes}) + "\n"


class Site:
    """REQUIRES: use as a context manager. run: a contestants.Run. cache: the path of this tree, which may be there."""

    name = None
    sockets = ()  # where its server listens
    client = None  # what bench-warm is told to query the server without us: the least, by one key
    same = None  # and the same that the plugin asks for a user
    pid = None  # of the server

    def __init__(self, run, user_name, cache):
        self.run, self.user_name, self.cache = run, user_name, cache
        self.top = run.directory(run.root / self.name, mine=True)

    @staticmethod
    def need():
        """Raises SkipTest where there is no server."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def configure(self, file, section):
        plugin = f"datatree-{self.name}"
        settings = {"datatree": plugin, plugin: section, "modules": ["mailUsers", "mailStore"], "minimumUid": 1,
                    "log": {"to": "stderr", "level": "warning"},
                    "mailStore": {"mda": "mda-maildir", "creator": "creator-optimistic"},
                    "mda-maildir": {"base": str(self.run.directory(self.top / "mail"))}}
        if os.geteuid() == 0:
            settings["user"] = self.user_name
        return self.run.file(self.top / file, json.dumps(settings, indent=2))

    def ctl(self, configuration, *arguments, lines=None):
        command = [self.run.prefix / "bin/pigeonctl", "-c", configuration, "--trust", self.run.root, *arguments]
        done = subprocess.run(list(map(str, command)), input=lines, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"pigeonctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def fill(self, configuration, users):
        self.ctl(configuration, "init")
        self.ctl(configuration, "domain", "add", DOMAIN)
        self.ctl(configuration, "tree", "import", "-", lines="".join(objects(users)))

    def take(self, *files):
        """From the cache; into files that are the owner's."""
        for file in files:
            subprocess.run(["cp", "-r", "--sparse=always", str(self.cache / file.name), str(file)], check=True)
            for each in (file, *file.rglob("*")):
                each.chmod(0o700 if each.is_dir() else 0o600)
                os.chown(each, *self.run.owner)

    def keep(self, *files):
        """In the cache, whose predecessors are of no use any more. REQUIRES: nobody writes to them."""
        place = self.cache.parent
        if not os.access(place if place.exists() else place.parent, os.W_OK):
            return  # somebody else's build folder
        for old in place.glob(self.cache.name.rsplit("-", 1)[0] + "-*"):
            shutil.rmtree(old, ignore_errors=True)
        unfinished = place / f".{self.cache.name}.{os.getpid()}"
        unfinished.mkdir(parents=True)
        for file in files:
            subprocess.run(["cp", "-r", "--sparse=always", str(file), str(unfinished)], check=True)
        try:
            unfinished.rename(self.cache)
        except OSError:  # another run was faster
            shutil.rmtree(unfinished)


class SQLite(Site):
    name = "sqlite"

    def __init__(self, run, user_name, cache, users):
        super().__init__(run, user_name, cache)
        database = run.directory(self.top / "tree") / "tree.db"
        self.configuration = self.configure("pigeon.json", {"path": str(database)})
        if cache.is_dir():
            self.take(database)
            return
        self.fill(self.configuration, users)
        self.keep(database)


class Slapd(Site):
    name = "ldap"

    @staticmethod
    def need():
        if not slapd.AVAILABLE:
            raise unittest.SkipTest(slapd.WHY_NOT)

    def __init__(self, run, user_name, cache, users):
        super().__init__(run, user_name, cache)
        writer = self.configure("any.json", {"uris": ["ldapi:///"], "base": slapd.BASE})
        self.server = slapd.Slapd(schema=self.ctl(writer, "schema", "ldap"), config=f"maxsize {1 << 30}")
        self.sockets = (str(self.server.socket),)
        try:
            self._fill(users)
        except BaseException:
            self.__exit__()
            raise
        how = {"uris": [self.server.ldapi], "base": slapd.BASE, "bindDn": READER, "password": PASSWORD}
        self.configuration = self.configure("pigeon.json", how)
        self.client = ["ldap", self.server.ldapi, READER, PASSWORD, USERS_DN]
        self.same = [*self.client, *self._search_of_plugin(str(users - 1))]

    def _fill(self, users):
        data = self.server.data / "data.mdb"
        if self.cache.is_dir():
            self.server.stop()
            self.take(data)
            self.server.start()
            return
        self.server.add(f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n"
                        f"userPassword: {PASSWORD}\n")
        how = {"uris": [self.server.ldapi], "base": slapd.BASE, "bindDn": self.server.admin,
               "password": slapd.PASSWORD}
        self.fill(self.configure("writer.json", how), users)
        self.server.stop()
        self.keep(data)
        self.server.start()

    def _search_of_plugin(self, user):
        """The filter and the types by which the plugin looks for what is below this user, as the server notes them."""
        begin = self.server.log.stat().st_size
        self.ctl(self.configuration, "explain", f"{user}@{DOMAIN}")
        lines = self.server.log.read_bytes()[begin:].decode(errors="replace")
        # It asks two things at once, and the lines about one stand between those about the other.
        found = list(re.finditer(rf'(conn=\d+ op=\d+) SRCH base="pigeonName={user},[^"]*" scope=1 .*filter="(.*)"\n', lines))[-1]
        types = re.findall(rf"{found[1]} SRCH attr=(.*)\n", lines)[-1]
        return [found[2], *types.split()]

    def __exit__(self, *_):
        self.server.__exit__()

    @property
    def pid(self):
        return self.server.process.pid

    def postfix(self):
        """A table for postmap: its type, and what is in its file."""
        return "ldap", (f"server_host = {self.server.ldapi}\nversion = 3\n"
                        f"bind = yes\nbind_dn = {READER}\nbind_pw = {PASSWORD}\n"
                        f"search_base = pigeonName=%u,{USERS_DN}\nscope = base\nquery_filter = (pigeonName=%u)\n"
                        "result_attribute = pigeonHome\n")

    def dovecot(self):
        return "ldap", (f"uris = {self.server.ldapi}\ndn = {READER}\ndnpass = {PASSWORD}\nldap_version = 3\n"
                        f"base = pigeonName=%n,{USERS_DN}\nscope = base\nuser_filter = (pigeonName=%n)\n"
                        "user_attrs = pigeonHome=home, =uid=1000, =gid=1000\n")


class MariaDB(Site):
    name = "sql"
    # A tree of so many fits in its memory.
    OPTIONS = ("--innodb-buffer-pool-size=512M", "--innodb-log-file-size=64M", "--innodb-flush-log-at-trx-commit=0")

    @staticmethod
    def need():
        mariadb.need()

    def __init__(self, run, user_name, cache, users):
        super().__init__(run, user_name, cache)
        self.server = mariadb.MariaDB(*self.OPTIONS, start=False)
        self.sockets = (str(self.server.socket),)
        self.configuration = self.configure("pigeon.json", self.server.settings())
        try:
            self._fill(users)
        except BaseException:
            self.__exit__()
            raise
        account = ["mysql", self.server.socket, "pigeon", "secret", "pigeon"]
        self.client = [*account, STATEMENT % "{user}"]
        self.same = [*account, self._statement_of_plugin(str(users - 1))]

    def _statement_of_plugin(self, user):
        """What the plugin asks of the server to look this user up, as the server notes it, with the user left out."""
        log = self.server.directory / "general.log"
        self.server.sql(f"SET GLOBAL general_log_file = '{log}'; SET GLOBAL general_log = 1")
        self.ctl(self.configuration, "explain", f"{user}@{DOMAIN}")
        self.server.sql("SET GLOBAL general_log = 0")
        asked = [line.partition("Execute\t")[2] for line in log.read_text().splitlines() if "Execute\t" in line]
        path = f"'/{DOMAIN}/mailUsers/{user}'"
        statement = [text for text in asked if path in text][-1].strip()
        return statement.replace(path, "{path}").replace(f"'{user}'", "{user}")

    def _fill(self, users):
        data = self.server.directory / "data"
        if self.cache.is_dir():
            shutil.rmtree(data)
            self.take(data)
            self.server.start()
            return
        self.server.start()
        self.server.make_account()
        self.fill(self.configuration, users)
        self.server.sql("ANALYZE TABLE objects, strings, tree, `class_mda-maildirallocation`", "pigeon")
        self.server.stop()
        self.keep(data)
        self.server.start()

    def __exit__(self, *_):
        self.server.remove()

    @property
    def pid(self):
        return self.server.pid

    def postfix(self):
        return "mysql", (f"hosts = unix:{self.server.socket}\nuser = pigeon\npassword = secret\ndbname = pigeon\n"
                         f"query = {STATEMENT % repr('%u')}\n")

    def dovecot(self):
        statement = (STATEMENT % repr("%n")).replace("SELECT a.home", "SELECT a.home AS home, 1000 AS uid, 1000 AS gid")
        return "sql", ("driver = mysql\n"
                       f"connect = host={self.server.socket} dbname=pigeon user=pigeon password=secret\n"
                       f"user_query = {statement}\n")


SITES = (SQLite, Slapd, MariaDB)
