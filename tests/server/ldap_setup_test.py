# SPDX-License-Identifier: MIT
"""docs/ldap.md, followed to the letter on a slapd that keeps its configuration in cn=config."""

import os
import pathlib
import re
import unittest

import tree_slapd
from pigeon_site import AS_ROOT, USER, Site
from shell import check_printed, shell
from slapd import HERE, PASSWORD, SUFFIX, Slapd, environment

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "ldap.md"
BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class SetUp(unittest.TestCase):
    def test_document(self):
        """every command works, one after the other, and prints what the document says it does"""
        tree_slapd.need()
        blocks = [text for language, mark, text in BLOCK.findall(DOCUMENT.read_text())
                  if (language, mark.strip()) == ("sh", "ldap")]
        self.assertGreater(len(blocks), 5)
        with Slapd(config_db=True) as server, Site(domain=None) as site:
            secret = site.root / "ldap.secret"
            secret.write_text("a new secret")
            secret.chmod(0o600)
            if AS_ROOT:
                os.chown(secret, USER.pw_uid, USER.pw_gid)
            site.configure({"datatree": "datatree-ldap", "datatree-sqlite": None,
                            "datatree-ldap": {"uris": [server.ldapi], "base": f"ou=mail,{SUFFIX}",
                                              "bindDn": f"cn=pigeon,{SUFFIX}", "password": "file:ldap.secret"}})
            words = {"server": server.ldapi, "suffix": SUFFIX, "database": "olcDatabase={1}mdb,cn=config",
                     "admin": f"-x -H {server.ldapi} -D {server.admin} -y admin.secret",
                     "LD_LIBRARY_PATH": environment()["LD_LIBRARY_PATH"], "LDAPNOINIT": "1",
                     "PATH": f"{HERE}/usr/bin:{HERE}/usr/sbin"}
            with shell(site, words) as run:
                secrets = f"printf %s {quoted(PASSWORD)} >admin.secret; printf %s 'a new secret' >ldap.secret"
                self.assertEqual(run(secrets).returncode, 0)
                for block in blocks:
                    check_printed(self, block, run(block))


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    unittest.main()
