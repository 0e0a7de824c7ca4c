# SPDX-License-Identifier: MIT
"""check, plugin and schema: what the set-up is, what is wrong with it, and what to do."""

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import unittest

from pigeon_site import AS_ROOT, CTL, PLUGINS, USER, Site


class Check(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site())

    def check(self):
        """What is wrong, as check says it to programs; to people it says the same."""
        done = self.site.ctl("--json", "check", check=False)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        wrong = [row for row in rows if not row["ok"]]
        text = self.site.ctl("check", check=False)
        self.assertEqual((done.returncode, text.returncode), (1 if wrong else 0,) * 2)
        self.assertEqual(len([line for line in text.stdout.splitlines() if line.startswith("WRONG")]), len(wrong))
        if wrong:
            number = "1 thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
            self.assertEqual(text.stderr, f"pigeonctl: {number} wrong, see above\n")
        for row in wrong:
            self.assertIn(f"{row['check']}: {row['detail']}\n", text.stdout)
            if row["remedy"]:
                self.assertIn(f"to mend it: {row['remedy']}\n", text.stdout)
        return rows, wrong

    def expect(self, detail, remedy=""):
        """One thing is wrong among others that follow from it: this one."""
        wrong = self.check()[1]
        match = [row for row in wrong if detail in row["detail"]]
        self.assertTrue(match, wrong)
        self.assertIn(remedy, match[0]["remedy"])

    def test_good(self):
        """a set-up that is in order is looked at whole, and nothing is changed"""
        before = {p: w for p, w in self.site.everything().items() if not p.startswith("state/")}
        rows, wrong = self.check()
        self.assertEqual(wrong, [])
        names = {row["check"] for row in rows}
        for name in ("configuration", "identity", "log", "spool", "order of modules", "set-up of datatree-sqlite",
                     "set-up of mda-maildir", "set-up of creator-optimistic", "plugin mailUsers", "plugin mailStore"):
            self.assertIn(name, names)
        self.assertEqual({p: w for p, w in self.site.everything().items() if not p.startswith("state/")}, before)

    def test_another_user(self):
        """who checks as another user than mail is delivered as is told so"""
        self.site.configure({"user": "daemon"})
        checked = subprocess.run(self.site.as_user([str(CTL), *self.site.common_arguments(), "--json", "check"]),
                                 capture_output=True, text=True, check=False)
        rows = {row["check"]: row for row in map(json.loads, checked.stdout.splitlines())}
        self.assertIn('where "user" is daemon: run this as root, or as daemon', rows["identity"]["note"])

    def test_directories(self):
        """a base or a tree that is missing, unmarked or open to others is named with what to do"""
        mark = next(p for p in self.site.base.iterdir() if p.is_file())
        mark.rename(self.site.root / "mark")
        self.expect("it is not marked as one of PigeonDeliver's", "pigeonctl init")
        (self.site.root / "mark").rename(mark)
        self.site.base.chmod(0o770)
        self.expect("must belong to uid", f"chmod go-w {shlex.quote(str(self.site.base))}")
        self.site.base.chmod(0o700)
        self.site.state.chmod(0o770)
        self.expect("others may put another file in its place", f"chmod 700 {shlex.quote(str(self.site.state))}")
        self.site.state.chmod(0o700)
        (self.site.state / "tree.db").chmod(0o660)
        self.expect("others may write to it", "chmod 600")
        (self.site.state / "tree.db").chmod(0o600)
        self.assertEqual(self.check()[1], [])

    def test_tree(self):
        """a tree that is missing, nonsense or another program's is named with what to do"""
        tree = self.site.state / "tree.db"
        for suffix in ("-wal", "-shm"):
            (self.site.state / f"tree.db{suffix}").unlink(missing_ok=True)
        kept = tree.rename(self.site.state / "kept")
        self.expect("there is none", "pigeonctl init")
        tree.write_bytes(b"nonsense" * 1000)
        shutil.copystat(kept, tree)
        os.chown(tree, kept.stat().st_uid, kept.stat().st_gid)
        self.expect("file is not a database", "restore the tree from a backup")
        tree.unlink()
        database = sqlite3.connect(tree)
        database.execute("CREATE TABLE other (x)")
        database.commit()
        database.close()
        os.chown(tree, kept.stat().st_uid, kept.stat().st_gid)
        tree.chmod(0o600)
        self.expect("it is not marked as a tree of PigeonDeliver", "restore the tree from a backup")

    def test_settings(self):
        """log, spool, modules and what they name are looked at"""
        file = str(self.site.configuration)
        cases = (({"log": {"to": f"{self.site.root}/nope/log"}}, "/nope: No such file", 'or correct "log": {"to"}'),
                 ({"log": {"to": file + "/log"}}, "/log: Not a directory", 'correct "log": {"to"}'),
                 ({"log": {"to": str(self.site.base)}}, "it is a directory", 'name a file in "log": {"to"}'),
                 ({"spool": {"directory": "/nonexistent"}}, "/nonexistent", "make that directory, or correct \"spool\""),
                 ({"spool": {"directory": file}}, "Not a directory", 'or correct "spool": {"directory"}'),
                 ({"modules": ["mailUsers"]}, 'none of "modules" stores mail', "pigeonctl plugin list"),
                 ({"mailStore": {"mda": "creator-lock"}}, "use plugin creator-lock as an MDA: it is a creator", "name an MDA"),
                 ({"mailStore": {"mda": "mailUsers"}}, "use plugin mailUsers as an MDA: it is a module", "name an MDA there"),
                 ({"mailStore": {"mda": "nope"}}, "load MDA nope: there is no such plugin", "nope.so"),
                 ({"mailStore": {"creator": "mda-mbox"}}, "use plugin mda-mbox as a creator: it is an MDA", "name a creator"),
                 ({"modules": ["mailStore", "mailUsers"]}, "mailUsers finds the user, and stands behind mailStore",
                  "move mailUsers to the front"),
                 ({"modules": ["mailUsers", "mailNope"]}, "there is no such plugin", "pigeonctl plugin list"),
                 ({"mailStore": {"creator": "creator-nope"}}, "load creator creator-nope: there is no such plugin", "creator-nope.so"),
                 ({"mailStore": {"mda": "mda-nope"}}, "load MDA mda-nope: there is no such plugin", "mda-nope.so"),
                 ({"datatree": "datatree-nope"}, "load datatree datatree-nope: there is no such plugin", "datatree-nope.so"),
                 ({"datatree": "mda-maildir"}, "use plugin mda-maildir as a datatree: it is an MDA", "name a datatree there"),
                 ({"modules": ["mailUsers", "mda-maildir"]}, "use plugin mda-maildir as a module: it is an MDA", "name a module"),
                 ({"mda-maildir": {"home": "{domain}"}}, "all users would have the same mailbox", "{user}"))
        for settings, detail, remedy in cases:
            with self.subTest(settings=settings):
                kept = dict(self.site.settings)
                self.site.configure(settings)
                self.expect(detail, remedy)
                self.site.settings = kept
                self.site.configure({})
        self.assertEqual(self.check()[1], [])

    @unittest.skipUnless(AS_ROOT, "only root reads what its own user may not")
    def test_configuration_that_only_root_reads(self):
        """a configuration that root can read, and those who deliver cannot, is named with what to do"""
        self.site.configuration.chmod(0o600)
        self.expect(f"read {self.site.configuration}: Permission denied", f"let uid {USER.pw_uid}")
        os.chown(self.site.configuration, 0, USER.pw_gid)
        self.site.configuration.chmod(0o640)
        self.assertEqual(self.check()[1], [])

    def test_configuration(self):
        """a configuration that cannot be read is named by file, line and column, with the nearest key"""
        self.site.write_configuration('{\n  "modles": ["mailUsers"],\n  "datatree": "datatree-sqlite"\n}\n')
        done = self.site.ctl("check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.site.configuration}:2:", done.stderr)
        self.assertIn("unknown key 'modles'", done.stderr)
        self.assertIn("modules", done.stderr)
        self.site.write_configuration('{\n  "modules": [,\n')
        self.assertIn(f"{self.site.configuration}:2:", self.site.ctl("check", check=False).stderr)


class Plugins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def test_list(self):
        """the plugins are listed with kind, version and what they do"""
        rows = self.site.ctl_json("plugin", "list")
        self.assertEqual({r["name"] for r in rows}, {p.stem for p in PLUGINS.glob("*.so")})
        kinds = {r["name"]: r["kind"] for r in rows}
        self.assertEqual((kinds["mailUsers"], kinds["mda-maildir"], kinds["creator-lock"], kinds["datatree-sqlite"]),
                         ("module", "MDA", "creator", "datatree"))
        text = self.site.ctl("plugin", "list").stdout
        for row in rows:
            self.assertIn(f"{row['name']}  {row['kind']}  {row['version']}  {row['summary']}\n", text)

    def test_show(self):
        """a plugin's settings and classes are shown, with type, default and meaning"""
        shown = self.site.ctl_json("plugin", "show", "mda-maildir")[0]
        self.assertEqual((shown["kind"], shown["path"]), ("MDA", str(PLUGINS / "mda-maildir.so")))
        settings = {s["name"]: s for s in shown["settings"]}
        self.assertEqual((settings["base"]["type"], settings["base"]["mandatory"]), ("path", True))
        self.assertEqual(settings["home"]["default"], "{domain}/{user}")
        classes = {c["name"]: {a["name"] for a in c["attributes"]} for c in shown["classes"]}
        self.assertEqual(set(classes), {"mda-maildir", "mda-maildirAllocation"})
        self.assertLessEqual({"quotaBytes", "quotaMessages", "overQuota", "createFolders", "home"}, classes["mda-maildir"])
        self.assertIn("  base (path, mandatory): ", self.site.ctl("plugin", "show", "MDA-Maildir").stdout)

    def test_refused(self):
        """a plugin that cannot be used is listed with the reason, the others with it, and the exit status says so"""
        plugins = self.site.root / "plugins"
        plugins.mkdir(mode=0o755)
        plugins.chmod(0o755)
        shutil.copy(PLUGINS / "mailUsers.so", plugins)
        (plugins / "mailUsers.so").chmod(0o644)
        (plugins / "mailNonsense.so").write_text("not a plugin")
        (plugins / "mailNonsense.so").chmod(0o644)
        file = self.site.root / "few.json"
        file.write_text(json.dumps({"plugins": [str(plugins)], "datatree": "datatree-sqlite", "modules": ["mailUsers"],
                                    "minimumUid": 1, **({"user": self.site.settings["user"]} if "user" in self.site.settings else {})}))
        file.chmod(0o644)
        command = [str(CTL), *self.site.common_arguments()]
        command[command.index("-c") + 1] = str(file)
        done = subprocess.run([*command, "plugin", "list"], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^mailUsers  module  \d")
        self.assertRegex(done.stdout, r"(?m)^mailNonsense  module  REFUSED  .*mailNonsense.so")
        self.assertIn("1 of these plugins cannot be used\nto mend it: `pigeonctl plugin show NAME`", done.stderr)

    def test_schema(self):
        """the schema is printed for programs, and as the SQL that makes the tree's tables"""
        classes = {c["name"]: c for c in json.loads(self.site.ctl("schema", "json").stdout)["classes"]}
        self.assertLessEqual({"mailRoot", "mailDomain", "mailUser", "mailUsers", "mailStore", "mda-maildir",
                              "mda-maildirAllocation"}, set(classes))
        self.assertLessEqual({"enable", "force", "acceptUnknown", "disabled"},
                             {a["name"] for a in classes["mailDomain"]["attributes"]})
        for each in classes.values():
            self.assertTrue(each["meaning"] and all(a["meaning"] for a in each["attributes"]))
        sql = self.site.ctl("schema", "sql").stdout
        database = sqlite3.connect(":memory:")
        database.executescript(sql)
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        self.assertLessEqual({f"class_{name.lower()}" for name in classes}, names)
        database.close()


if __name__ == "__main__":
    unittest.main()
