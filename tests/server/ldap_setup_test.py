# SPDX-License-Identifier: MIT
"""docs/ldap.md, followed to the letter on a slapd that keeps its configuration in cn=config."""

import json
import os
import pathlib
import re
import time
import unittest

import slapd
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
        blocks = [(language, text) for language, mark, text in BLOCK.findall(DOCUMENT.read_text())
                  if (language, mark.strip()) == ("sh", "ldap") or language == "json"]
        self.assertEqual([language for language, _ in blocks], ["json", *["sh"] * 5, "json", "sh"])
        with Slapd(config_db=True, config="overlay syncprov") as server, Site(domain=None) as site:
            for name, text in (("ldap.secret", "a new secret"), ("example.pem", "")):
                file = site.root / name
                file.write_text(text)
                file.chmod(0o600)
                if AS_ROOT:
                    os.chown(file, USER.pw_uid, USER.pw_gid)
            # What is another here than on the reader's machine: where the servers are.
            common, places = site.common_arguments(), {}
            site.common_arguments = lambda: common + [w for k, v in places.items() for w in ("-o", f"datatree-ldap.{k}={v}")]
            words = {"server": server.ldapi, "suffix": SUFFIX, "database": "olcDatabase={1}mdb,cn=config",
                     "admin": f"-x -H {server.ldapi} -D {server.admin} -y admin.secret",
                     "LD_LIBRARY_PATH": environment()["LD_LIBRARY_PATH"], "LDAPNOINIT": "1",
                     "PATH": f"{HERE}/usr/bin:{HERE}/usr/sbin"}

            def follow(settings, commands):
                rest = {name: value for name, value in site.settings.items() if not name.startswith("datatree")}
                site.write_configuration(json.dumps(rest)[:-1] + ",\n" + settings + "}\n")
                with shell(site, words) as run:
                    secrets = f"printf %s {quoted(PASSWORD)} >admin.secret; printf %s 'a new secret' >ldap.secret"
                    self.assertEqual(run(secrets).returncode, 0)
                    for _, block in commands:
                        check_printed(self, block, run(block))

            (_, one), (_, several) = blocks[0], blocks[-2]
            places["uris"] = server.ldapi
            follow(one, blocks[1:-2])
            with self.copy_of(server) as copy:
                places.update(uris=copy.ldapi, providers=server.ldapi)
                self.assertIn('    "uris": ["ldapi:///"],\n', one)
                follow(one.replace('    "uris": ["ldapi:///"],\n', several), blocks[-1:])
                self.assertEqual(site.deliver().exit, 0)
                self.assertIn('SRCH base="pigeonName=alice,', copy.log.read_text())
                self.assertEqual(site.deliver("nobody@example.com").exit, 67)

    @staticmethod
    def copy_of(server):
        """Another server, which has what this one has."""
        consume = ["syncrepl rid=001", f"provider={server.uri}", "type=refreshAndPersist", f'searchbase="{SUFFIX}"',
                   "bindmethod=simple", f'binddn="{server.admin}"', slapd.quoted(f"credentials={PASSWORD}"), 'retry="1 +"']
        copy = Slapd(schema=tree_slapd.schema(), fill=False, config=" ".join(consume))
        end = time.monotonic() + 30
        while time.monotonic() < end and "contextCSN" not in copy.search(SUFFIX, "-s", "base", "contextCSN", check=False).stdout:
            time.sleep(0.05)
        return copy


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


if __name__ == "__main__":
    unittest.main()
