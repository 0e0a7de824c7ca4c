# SPDX-License-Identifier: MIT
"""The tree by hand: objects, export and import."""

import json
import os
import pty
import select
import subprocess
import time
import unittest

from pigeon_site import CTL, Site


class Case(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.site = self.enterContext(Site(self.settings))

    def get(self, path):
        return self.site.ctl_json("tree", "get", path)[0]


class Objects(Case):
    def test_get(self):
        """an object is printed with its path, classes and attributes; one value of JSON for programs"""
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE", "disabled=reject")
        text = self.site.ctl("tree", "get", "/example.com").stdout
        self.assertEqual(text, "path: /example.com\nclass: mailDomain\nacceptUnknown: TRUE\ndisabled: reject\n")
        self.assertEqual(self.get("/example.com"), {"path": "/example.com", "class": "mailDomain",
                                                    "attributes": {"acceptUnknown": "TRUE", "disabled": "reject"}})

    def test_list(self):
        """a level is listed with the class of each object, and with -r everything below it"""
        self.assertEqual(self.site.ctl("tree", "list").stdout, "/example.com  mailDomain\n")
        self.assertEqual(set(self.site.ctl("tree", "list", "/example.com").stdout.splitlines()),
                         {"/example.com/mailStore  mailStore", "/example.com/mailUsers  mailUsers"})
        below = self.site.ctl("tree", "list", "-r", "/").stdout.splitlines()
        self.assertEqual(set(below), {"/example.com  mailDomain", "/example.com/mailStore  mailStore",
                                      "/example.com/mailUsers  mailUsers", "/example.com/mailUsers/alice  mailUser"})
        rows = self.site.ctl_json("tree", "list", "-r")
        self.assertEqual([f"{r['path']}  {r['class']}" for r in rows], below)

    def test_change(self):
        """attributes are set, replaced and removed; classes are added and removed with what belongs to them"""
        path = "/example.com/mailStore"
        self.site.ctl("tree", "set", path, "enable=FALSE", "detailFolder=TRUE")
        self.site.ctl("tree", "set", path, "enable=TRUE")
        self.assertEqual(self.get(path)["attributes"], {"enable": "TRUE", "detailFolder": "TRUE"})
        self.site.ctl("tree", "unset", path, "enable", "force")
        self.assertEqual(self.get(path)["attributes"], {"detailFolder": "TRUE"})
        self.site.ctl("tree", "set", path, "--class", "mda-maildir", "quotaBytes=1G")
        self.assertEqual((self.get(path)["auxiliary"], self.get(path)["attributes"]["quotaBytes"]), (["mda-maildir"], "1G"))
        self.site.ctl("tree", "unset", path, "--class", "mda-maildir")
        self.assertEqual(self.get(path), {"path": path, "class": "mailStore", "attributes": {"detailFolder": "TRUE"}})

    def test_spelling(self):
        """class and attribute names are taken in any case, and kept as they are declared"""
        self.site.ctl("tree", "add", "/b.example", "MAILDOMAIN", "ACCEPTunknown=TRUE")
        self.assertEqual(self.get("/b.example"), {"path": "/b.example", "class": "mailDomain", "attributes": {"acceptUnknown": "TRUE"}})

    def test_auxiliary(self):
        """auxiliary classes are given after commas, or with --class"""
        for name, classes in (("a", ["mailStore,mda-maildir"]), ("b", ["mailStore", "--class", "mda-maildir"])):
            self.site.ctl("user", "add", f"{name}@example.com")
            path = f"/example.com/mailUsers/{name}/mailStore"
            self.site.ctl("tree", "add", path, *classes, "quotaMessages=5", "enable=TRUE")
            self.assertEqual(self.get(path), {"path": path, "class": "mailStore", "auxiliary": ["mda-maildir"],
                                              "attributes": {"enable": "TRUE", "quotaMessages": "5"}})

    def test_remove(self):
        """an object is removed, and with -r everything below it, and nothing beside it"""
        self.site.ctl("user", "add", "carol@example.com")
        self.site.ctl("tree", "add", "/example.com/mailUsers/alice/mailStore", "mailStore")
        self.site.ctl("tree", "remove", "/example.com/mailStore")
        self.site.ctl("tree", "remove", "-r", "/example.com/mailUsers/alice")
        self.assertEqual([r["path"] for r in self.site.ctl_json("tree", "list", "-r", "/example.com")],
                         ["/example.com/mailUsers", "/example.com/mailUsers/carol"])

    def test_init_again(self):
        """init may be run again: nothing that is there is touched"""
        before = self.site.ctl("tree", "export", "/").stdout, self.site.ctl("tree", "get", "/").stdout
        self.assertIn("ok     mda-maildir: is set up", self.site.ctl("init").stdout)
        self.assertEqual((self.site.ctl("tree", "export", "/").stdout, self.site.ctl("tree", "get", "/").stdout), before)


class Transfer(Case):
    HOSTILE = [
        {"path": "/hostile.example", "class": "mailDomain", "attributes": {"acceptUnknown": "TRUE"}},
        {"path": "/hostile.example/mailUsers", "class": "mailUsers"},
        *({"path": f"/hostile.example/mailUsers/{name}", "class": "mailUser"}
          for name in ("..", "%2F", "a%25b", "%20", "'\"`$()", "-r", "日本", "e\u0301", "é", "\U0001f600", "=", "\\n", "*", "{user}",
                       "x" * 255, "a;DROP%20TABLE%20tree", "\u202e")),
        {"path": "/hostile.example/mailStore", "class": "mailStore", "auxiliary": ["mda-maildir"],
         "attributes": {"home": "a\nb\t\"c\\\u0001\u007f \U0001f600'; --", "mda": " mda-x ", "quotaBytes": "1T"}},
    ]

    def test_round_trip(self):
        """what is exported and imported elsewhere is the same, whatever stands in it"""
        self.site.add_objects(*self.HOSTILE)
        exported = self.site.ctl("tree", "export").stdout
        rows = {row["path"]: row for row in map(json.loads, exported.splitlines())}
        for row in self.HOSTILE:
            self.assertEqual(rows[row["path"]], row)
        with Site(domain=None) as other:
            done = other.ctl("tree", "import", input=exported)
            self.assertEqual(done.stdout, f"{len(rows)} objects imported\n")
            self.assertEqual(other.ctl("tree", "export").stdout, exported)
            self.assertEqual(other.ctl("tree", "export", "/hostile.example").stdout,
                             self.site.ctl("tree", "export", "/hostile.example").stdout)

    def test_ldif(self):
        """the same goes for LDIF, with a base or without"""
        self.site.add_objects(*self.HOSTILE)
        exported = self.site.ctl("tree", "export").stdout
        for base in ([], ["--base", "ou=mail,dc=example,dc=com"]):
            ldif = self.site.ctl("tree", "export", "--ldif", *base).stdout
            self.assertTrue(ldif.startswith("version: 1\n\ndn: pigeonName="), ldif[:100])
            self.assertTrue(all(len(line) <= 76 for line in ldif.splitlines()))
            with Site(domain=None) as other:
                done = other.ctl("tree", "import", "--ldif", input=ldif)
                self.assertEqual(done.stdout, f"{len(exported.splitlines())} objects imported\n")
                self.assertEqual(other.ctl("tree", "export").stdout, exported)
        self.assertIn("add --ldif", self.site.ctl("tree", "export", "--base", "dc=x", check=False).stderr)

    def test_wrong_ldif(self):
        """an entry that is no object is named by its line, and nothing is imported"""
        good = "dn: pigeonName=good.example\nobjectClass: pigeonMailDomain\n\n"
        for entry, what in (("dn: pigeonName=x\n", "line 4: none of the entry's classes () is structural"),
                            ("dn: pigeonName=x\nobjectClass: pigeonNope\n", "line 4: none of the entry's classes (nope)"),
                            ("dn: pigeonName=x\nobjectClass: pigeonMailDomain\nobjectClass: pigeonMailUser\n", "are structural"),
                            ("dn: pigeonName=x\nobjectClass: pigeonMailDomain\npigeonEnable: yes\n", "must be TRUE or FALSE"),
                            ("dn: pigeonName=x\nobjectClass: pigeonMailDomain\ndescription: x\n", "line 6: 'description' does not"),
                            ('{"path": "/x", "class": "mailDomain"}\n', "line 4: ")):
            with self.subTest(entry=entry):
                done = self.site.ctl("tree", "import", "--ldif", input=good + entry, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(what, done.stderr)
                self.assertEqual(self.site.ctl("domain", "list").stdout, "example.com\n")

    def test_file(self):
        """a file is imported as standard input is, and an empty line is nothing"""
        file = self.site.root / "objects"
        file.write_text('{"path": "/f.example", "class": "mailDomain"}\n\n{"path": "/g.example", "class": "mailDomain"}')
        self.assertEqual(self.site.ctl_json("tree", "import", str(file)), [{"imported": 2}])
        self.assertEqual([r["path"] for r in self.site.ctl_json("domain", "list")], ["/example.com", "/f.example", "/g.example"])

    def test_allocations_move(self):
        """an allocation is exported with its user: restored, mail goes where it is"""
        self.site.deliver()
        exported = self.site.ctl("tree", "export").stdout
        self.site.ctl("domain", "remove", "-r", "example.com")
        self.site.ctl("tree", "import", input=exported)
        self.assertEqual((self.site.deliver().exit, len(self.site.files())), (0, 2))

    def test_existing(self):
        """an object that is there stops the import with its line, or is left as it is"""
        lines = "".join(json.dumps(o) + "\n" for o in ({"path": "/a.example", "class": "mailDomain"},
                                                       {"path": "/example.com", "class": "mailDomain",
                                                        "attributes": {"enable": "FALSE"}},
                                                       {"path": "/z.example", "class": "mailDomain"}))
        done = self.site.ctl("tree", "import", input=lines, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 2: add /example.com: it is there already", done.stderr)
        self.assertIn("--skip-existing", done.stderr)
        self.assertEqual(self.site.ctl("domain", "list").stdout, "example.com\n")  # a part of it was not kept
        self.assertEqual(self.site.ctl("tree", "import", "--skip-existing", input=lines).stdout, "2 objects imported\n")
        self.assertNotIn("attributes", self.get("/example.com"))

    def test_wrong_lines(self):
        """a line that is wrong stops the import, and is named"""
        good = '{"path": "/good.example", "class": "mailDomain"}\n'
        for line, what in (("nonsense", "not a JSON object"), ("[]", "not a JSON object"), ("{}", "is not a path"), ("{", "not a JSON"),
                           ('{"path": "/x", "class": "nope"}', "no installed plugin declares a class"),
                           ('{"path": "x", "class": "mailDomain"}', "is not a path"),
                           ('{"path": "/a\\u0000b", "class": "mailDomain"}', "is not a path"),
                           ('{"path": "/a%00b", "class": "mailDomain"}', "is not a path"),
                           ('{"path": "/' + "x" * 256 + '", "class": "mailDomain"}', "is not a path"),
                           ('{"path": "/x", "class": "mailDomain", "more": 1}', "unexpected 'more'"),
                           ('{"path": "/x", "class": "mailDomain", "attributes": {"enable": true}}', "must be a string"),
                           ('{"path": "/x", "class": "mailDomain", "attributes": {"enable": "yes"}}', "must be TRUE or FALSE"),
                           ('{"path": "/x", "class": "mailDomain", "attributes": {"x y": "1"}}', "cannot be the name"),
                           ('{"path": "/no/above", "class": "mailDomain"}', "there is nothing above it"),
                           ('{"path": "/x", "class": "mailStore", "attributes": {"mda": "\\ud800"}}', "")):
            with self.subTest(line=line[:60]):
                done = self.site.ctl("tree", "import", input=good + line + "\n", check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("line 2: ", done.stderr)
                self.assertIn(what, done.stderr)
                self.assertEqual(self.site.ctl("domain", "list").stdout, "example.com\n")

    def test_many(self):
        """tens of thousands of users are imported and listed page by page"""
        count = 20_000
        lines = "".join(f'{{"path": "/example.com/mailUsers/u{n}", "class": "mailUser"}}\n' for n in range(count))
        begin = time.monotonic()
        self.assertEqual(self.site.ctl("tree", "import", input=lines).stdout, f"{count} objects imported\n")
        listed = self.site.ctl("user", "list", "example.com").stdout.splitlines()
        self.assertEqual((len(listed), len(set(listed))), (count + 1,) * 2)
        self.assertEqual(self.site.ctl("tree", "export").stdout.count("\n"), count + 4)
        self.assertEqual(self.site.deliver(f"u{count - 1}@example.com").exit, 0)
        self.assertLess(time.monotonic() - begin, 60)


class Progress(Case):
    """Shown where it is seen and only when it takes long."""

    LINE = '{{"path": "/example.com/mailUsers/p{}", "class": "mailUser"}}\n'

    def import_slowly(self, stderr, seconds):
        """Feeds an import for so long."""
        command = [str(CTL), *self.site.common_arguments(), "tree", "import"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        begin, number = time.monotonic(), 0
        while number == 0 or time.monotonic() - begin < seconds:
            process.stdin.write("".join(self.LINE.format(number + i) for i in range(1000)).encode())
            process.stdin.flush()
            number += 1000
            time.sleep(0.2 if seconds else 0)
        process.stdin.close()
        out = process.stdout.read()
        process.stdout.close()
        self.assertEqual((process.wait(60), out), (0, f"{number} objects imported\n".encode()))

    def on_terminal(self, seconds):
        ours, theirs = pty.openpty()
        self.import_slowly(theirs, seconds)
        os.close(theirs)
        text = b""
        while select.select([ours], [], [], 0)[0]:
            try:
                text += os.read(ours, 65536)
            except OSError:
                break
        os.close(ours)
        return text

    def test_on_a_terminal(self):
        """a long import shows how far it is, on a terminal"""
        self.assertRegex(self.on_terminal(3), rb"\r[0-9]+ objects imported")

    def test_short(self):
        """a short one does not"""
        self.assertEqual(self.on_terminal(0), b"")

    def test_elsewhere(self):
        """nor does one whose messages go into a file"""
        with open(self.site.root / "err", "w+b") as file:
            self.import_slowly(file, 2.5)
            file.seek(0)
            self.assertEqual(file.read(), b"")


if __name__ == "__main__":
    unittest.main()
