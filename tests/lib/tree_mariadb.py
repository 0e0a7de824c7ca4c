# SPDX-License-Identifier: MIT
"""The tree of a site in MariaDB: one server for all tests of a process, a database for each site.

PIGEON_MARIADB: the socket of a server that runs already, such as a node of a cluster.
"""

import atexit
import itertools
import os
import re
import unittest

import mariadb

# Of a server that others use as well, no name is taken twice.
_RUNNING = os.environ.get("PIGEON_MARIADB")
_numbers = itertools.count(os.getpid() * 1000 if _RUNNING else 0)
_server = None


def server():
    global _server
    if _server is None:
        mariadb.need()
        _server = mariadb.Running(_RUNNING) if _RUNNING else mariadb.MariaDB()
        atexit.register(_server.remove)
        for host in ("localhost", "127.0.0.1"):
            _server.sql(f"CREATE USER IF NOT EXISTS 'pigeon'@'{host}' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO 'pigeon'@'{host}'")
    return _server


def settings(_site):
    """What differs in the configuration of a site."""
    return {"datatree": "datatree-sql", "datatree-sql": server().settings(f"site{next(_numbers)}")}


def sql(site, statement, values):
    """Changes it behind everybody's back, by a statement that is written for SQLite."""
    if "sqlite_schema" in statement or "CREATE" in statement:
        raise unittest.SkipTest("this statement is SQLite's own")
    quoted = iter(["'" + str(value).replace("'", "''") + "'" for value in values])
    statement = re.sub(r"\?", lambda _: next(quoted), re.sub(r"\b(cursor|force)\b", r'"\1"', statement))
    text = f"SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; {statement}"
    return server().sql(text, site.settings["datatree-sql"]["database"])
