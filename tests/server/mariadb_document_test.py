# SPDX-License-Identifier: MIT
"""docs/mariadb.md, followed to the letter: what it says is typed, in its order, on a server that is new."""

import os
import pathlib
import re
import shutil
import unittest

import mariadb
from pigeon_site import AS_ROOT, USER, Site
from shell import check_printed, shell

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "mariadb.md"
BLOCK = re.compile(r"^```(sql|json|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Document(unittest.TestCase):
    def setUp(self):
        mariadb.need()
        self.server = self.enterContext(mariadb.MariaDB())
        self.site = self.enterContext(Site(domain=None))
        # What is another here than on the reader's machine.
        others = {"datatree-sql.hosts": self.server.socket, "mda-maildir.base": self.site.base, "minimumUid": 1,
                  "user": USER.pw_name, "log.to": self.site.log_file}
        common = self.site.common_arguments() + [w for k, v in others.items() for w in ("-o", f"{k}={v}")]
        self.site.common_arguments = lambda: common

    def write_configuration(self, text):
        self.site.write_configuration(text)
        secret = pathlib.Path(self.directory) / "mysql.secret"
        shutil.copy(secret, self.site.root / "mysql.secret")
        if AS_ROOT:
            os.chown(self.site.root / "mysql.secret", USER.pw_uid, USER.pw_gid)
        (self.site.root / "mysql.secret").chmod(0o600)

    def type(self, run, text):
        check_printed(self, text, run(text.replace("-o vmail", f"-o {USER.pw_name}")))

    def test_followed(self):
        """every step of the document works, in its order"""
        steps = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
        self.assertEqual([kind for kind, _ in steps], ["sql", "sh", "json", "sh", "sh", "sql"])
        with shell(self.site) as run:
            self.directory = run("pwd").stdout.strip()
            for kind, text in steps:
                if kind == "sql":
                    rows = self.server.sql(text)
                elif kind == "json":
                    self.write_configuration(text)
                else:
                    self.type(run, text)
        # The last question of the document: the users.
        self.assertEqual([row[0] for row in rows], ["alice"])

    def test_account_that_delivers(self):
        """the account that delivers makes no tables, and says what it lacks"""
        steps = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
        self.server.sql(steps[0][1])
        with shell(self.site) as run:
            self.directory = run("pwd").stdout.strip()
            self.type(run, steps[1][1])
            self.write_configuration(steps[2][1])
            done = run("pigeonctl init")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("datatree-sql(5)", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
