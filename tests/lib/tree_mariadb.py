# SPDX-License-Identifier: MIT
"""The tree of a site in MariaDB: one server for all tests of a process, a database for each site."""

import atexit
import itertools

import mariadb

_numbers = itertools.count()
_server = None


def server():
    global _server
    if _server is None:
        mariadb.need()
        _server = mariadb.MariaDB()
        atexit.register(_server.remove)
        for host in ("localhost", "127.0.0.1"):
            _server.sql(f"CREATE USER 'pigeon'@'{host}' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO 'pigeon'@'{host}'")
    return _server


def settings(_site):
    """What differs in the configuration of a site."""
    return {"datatree": "datatree-sql", "datatree-sql": server().settings(f"site{next(_numbers)}")}
