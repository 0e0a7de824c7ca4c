# SPDX-License-Identifier: MIT
"""The tree of a site in slapd: one server for all tests of a process, a subtree for each site."""

import atexit
import itertools
import json
import subprocess
import tempfile
import unittest

import pigeon_site
import slapd

_numbers = itertools.count()
_server = None


def need():
    """Skips the tests of this module or class where there is no server, or nothing that talks to it."""
    if not slapd.AVAILABLE:
        raise unittest.SkipTest(slapd.WHY_NOT)
    if not (pigeon_site.PLUGINS / "datatree-ldap.so").is_file():
        raise unittest.SkipTest("datatree-ldap is not built: there is no libldap")


def schema(*arguments, section=None, plugins=()):
    """What `pigeonctl schema ldap` prints."""
    configuration = {
        "plugins": [*map(str, plugins), str(pigeon_site.PLUGINS)],
        "datatree": "datatree-ldap",
        "modules": ["mailUsers", "mailStore"],
        "datatree-ldap": {"uris": ["ldapi:///"], "base": slapd.BASE, **(section or {})},
        "minimumUid": 1,
        "user": pigeon_site.USER.pw_name,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(configuration, file)
        file.flush()
        trust = ["--trust", pigeon_site.TRUST] if pigeon_site.TRUST else []
        command = [str(pigeon_site.CTL), "-c", file.name, *trust, "schema", "ldap"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


def section(server, base=slapd.BASE, **more):
    """The settings of datatree-ldap for a server."""
    return {"uris": [server.ldapi], "base": base, "bindDn": server.admin, "password": server.password, **more}


def server():
    global _server
    if _server is None:
        need()
        _server = slapd.Slapd(schema=schema())
        atexit.register(_server.__exit__)
    return _server


def settings(_site):
    """What differs in the configuration of a site."""
    base = f"ou=site{next(_numbers)},{slapd.SUFFIX}"
    return {"datatree": "datatree-ldap", "datatree-ldap": section(server(), base)}


def site_on(server, deadline, **more):
    """A site whose tree is on this server, which is not waited for as long as usual."""
    own = section(server, connectTimeout="2s", answerTimeout="2s")
    return pigeon_site.Site({"datatree": "datatree-ldap", "datatree-sqlite": None, "deadline": deadline,
                             "datatree-ldap": {**own, **more}})
