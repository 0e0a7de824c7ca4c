# SPDX-License-Identifier: MIT
"""pigeonctl's manners: help, errors that say what was tried and what to do, exit statuses, output for programs."""

import json
import os
import pty
import subprocess
import unittest

from pigeon_site import AS_ROOT, CTL, Site

COMMANDS = [["init"], ["check"], ["explain"],
            *(["tree", c] for c in ("get", "list", "add", "set", "unset", "remove", "export", "import")),
            *(["domain", c] for c in ("add", "remove", "list")), *(["user", c] for c in ("add", "remove", "list", "show")),
            *(["plugin", c] for c in ("list", "show")), *(["schema", c] for c in ("sql", "json")),
            *(["mailbox", c] for c in ("list", "adopt", "purge"))]


class Help(unittest.TestCase):
    """Needs neither configuration nor tree."""

    def run_with(self, *arguments):
        done = subprocess.run([str(CTL), *arguments], capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_everywhere(self):
        """every command explains itself, on standard output"""
        for command in ([], ["tree"], ["domain"], ["user"], ["plugin"], ["schema"], ["mailbox"], *COMMANDS):
            for flag in ("--help", "-h"):
                with self.subTest(command=command, flag=flag):
                    exit, out, err = self.run_with(*command, flag)
                    self.assertEqual((exit, err), (0, ""))
                    self.assertIn("Usage: ", out)
                    self.assertTrue(out.splitlines()[0], "the first line says what it does")

    def test_lists_commands(self):
        """the help of a group names each of its commands"""
        for command in COMMANDS:
            out = self.run_with(*command[:-1], "--help")[1]
            self.assertRegex(out, rf"(?m)^  {command[-1]} +\w")

    def test_version(self):
        """the version is printed"""
        exit, out, err = self.run_with("--version")
        self.assertEqual((exit, err), (0, ""))
        self.assertRegex(out, r"^pigeonctl \d+\.\d+\.\d+\n$")

    def test_wrong_calls(self):
        """a wrong call exits with 64, and says in two lines what is wrong and where it says how it should be"""
        for arguments, what, help in (([], "A subcommand is required", "pigeonctl"),
                                      (["frobnicate"], "there is no command 'frobnicate'", "pigeonctl"),
                                      (["tree"], "A subcommand is required", "pigeonctl tree"),
                                      (["tree", "frob"], "there is no command 'frob'", "pigeonctl tree"),
                                      (["tree", "get"], "PATH is required", "pigeonctl tree get"),
                                      (["tree", "get", "/", "more"], "more", "pigeonctl tree get"),
                                      (["check", "--nonsense"], "--nonsense", "pigeonctl check"),
                                      (["user", "add"], "ADDRESS is required", "pigeonctl user add")):
            with self.subTest(arguments=arguments):
                exit, out, err = self.run_with(*arguments)
                first, second = err.splitlines()
                self.assertEqual((exit, out), (64, ""))
                self.assertTrue(first.startswith("pigeonctl: "))
                self.assertIn(what, first)
                self.assertEqual(second, f"to mend it: see `{help} --help`")


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    WRONG = [  # the command, what was tried on what, and a part of what to do next
        (["tree", "get", "example.com"], "take 'example.com' as a path of the tree", "such as /example.com"),
        (["tree", "get", "/a%0"], "take '/a%0' as a path of the tree", "%2F"),
        (["tree", "get", "/a//b"], "take '/a//b' as a path of the tree", "from the top"),
        (["tree", "get", "/a%00"], "take '/a%00' as a path of the tree", "from the top"),
        (["tree", "get", "/nope"], "read /nope: there is no such object", "pigeonctl tree list /"),
        (["tree", "list", "/nope"], "read /nope: there is no such object", "pigeonctl tree list /"),
        (["tree", "export", "/nope"], "read /nope: there is no such object", "pigeonctl tree list /"),
        (["tree", "add", "/a.example/b", "mailUsers"], "add /a.example/b: there is nothing above it", "add /a.example first"),
        (["tree", "add", "/example.com", "mailDomain"], "add /example.com: it is there already", "pigeonctl tree set"),
        (["tree", "add", "/", "mailRoot"], "add /: the root is there", "pigeonctl init"),
        (["tree", "add", "/x.example", "nope"], "write /x.example: no installed plugin declares a class 'nope'", "schema json"),
        (["tree", "add", "/x.example", "mailDomain,mailUser"], "class mailUser is not auxiliary", None),
        (["tree", "add", "/x.example", "mda-maildir"], "class mda-maildir is not structural", None),
        (["tree", "add", "/x.example", "mailDomain", "x=1"], "none of its classes has an attribute 'x'", "--class"),
        (["tree", "add", "/x.example", "mailDomain", "acceptUnknown=yes"], "it must be TRUE or FALSE", "it means"),
        (["tree", "set", "/example.com", "disabled=drop"], "it must be one of defer, reject", "it means"),
        (["tree", "set", "/example.com", "enable="], "it must not be empty", "it means"),
        (["tree", "set", "/example.com", "disabled=defer", "disabled=reject"], "'disabled' takes one value", "once"),
        (["tree", "set", "/example.com", "enable"], "take 'enable' as an attribute: it is not NAME=VALUE", "enable=FALSE"),
        (["tree", "set", "/example.com"], "write /example.com: nothing is to be changed", "NAME=VALUE"),
        (["tree", "set", "/nope", "enable=TRUE"], "read /nope: there is no such object", "pigeonctl tree list /"),
        (["tree", "unset", "/example.com", "x"], "none of its classes has an attribute 'x'", "pigeonctl tree get /example.com"),
        (["tree", "unset", "/example.com"], "write /example.com: nothing is to be changed", "--class"),
        (["tree", "remove", "/example.com"], "remove /example.com: there are objects below it", "-r"),
        (["tree", "remove", "/nope"], "read /nope: there is no such object", "pigeonctl tree list /"),
        (["tree", "remove", "-r", "/"], "remove /: the root cannot be removed", "pigeonctl domain remove"),
        (["tree", "import", "/nonexistent"], "open /nonexistent: No such file", "standard input"),
        (["domain", "add", "example.com"], "add /example.com: it is there already", "pigeonctl tree list -r /example.com"),
        (["domain", "add", "a\nb"], "as a domain: it is none", "example.com"),
        *((["domain", "add", name], f"take '{name}' as a domain: it is none", "letters, digits and hyphens")
          for name in ("bad domain", "a@b.example", "a..example", ".example", "it's.example", "a/b", "[ ]", "x" * 64)),
        (["domain", "remove", "a@example.com"], "take 'a@example.com' as a domain: it is none", "letters"),
        (["domain", "remove", "example.com"], "remove /example.com: it has users, such as /example.com/mailUsers/alice", "-r"),
        (["domain", "remove", "nope.example"], "read /nope.example: there is no such object", "pigeonctl tree list /"),
        (["user", "add", "alice"], "take 'alice' as an address", "user@domain"),
        (["user", "add", "alice@example.com"], "add /example.com/mailUsers/alice: it is there already", "pigeonctl tree get"),
        (["user", "add", "x@nope.example"], "read /nope.example: there is no such object", "pigeonctl tree list /"),
        (["user", "remove", "x@example.com"], "read /example.com/mailUsers/x: there is no such object", "tree list"),
        (["user", "list", "nope.example"], "read /nope.example: there is no such object", "pigeonctl tree list /"),
        (["user", "show", "x@example.com"], "read /example.com/mailUsers/x: there is no such object", "tree list"),
        (["plugin", "show", "nope"], "load module nope: there is no such plugin", "pigeonctl plugin list"),
        (["mailbox", "list", "alice@example.com"], "find the mailbox of alice@example.com: there is none yet", "first message"),
        (["mailbox", "list", "x@example.com"], "find the mailbox of x@example.com", "pigeonctl user add x@example.com"),
        (["mailbox", "purge", "--yes", "alice@example.com"], "find the mailbox of alice@example.com", "first message"),
        (["mailbox", "adopt", "alice@example.com"], "adopt mailbox", "pigeonctl mailbox adopt alice@example.com DIRECTORY"),
        (["-o", "nonsense", "check"], "take -o nonsense: it is not KEY=VALUE", "log.level=debug"),
        (["-o", "nonsense=1", "check"], "unknown key 'nonsense'", "pigeonctl check"),
    ]

    def test_say_what_to_do(self):
        """every error exits with 1, names what was tried on what, and in a second line what to do next"""
        tree = self.site.ctl("tree", "export").stdout
        for command, what, remedy in self.WRONG:
            with self.subTest(command=command):
                done = self.site.ctl(*command, check=False)
                lines = done.stderr.splitlines()
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertTrue(lines[0].startswith("pigeonctl: "), lines)
                self.assertIn(what, lines[0])
                if remedy:
                    self.assertEqual(len(lines), 2, lines)
                    self.assertTrue(lines[1].startswith("to mend it: "))
                    self.assertIn(remedy, lines[1])
        self.assertEqual(self.site.ctl("tree", "export").stdout, tree)

    def test_for_programs(self):
        """with --json the same errors are JSON, one value, on standard error"""
        for command, what, remedy in self.WRONG:
            with self.subTest(command=command):
                done = self.site.ctl("--json", *command, check=False)
                error = json.loads(done.stderr)
                self.assertEqual((done.returncode, done.stdout, set(error)), (1, "", {"error", "remedy"}))
                self.assertIn(what, error["error"])
                self.assertIn(remedy or "", error["remedy"])

    def test_full_output(self):
        """a disk that is full is not taken for success"""
        for command in (["tree", "list"], ["tree", "export"], ["--json", "user", "list", "example.com"], ["schema", "sql"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([str(CTL), *self.site.common_arguments(), *command], stdout=full, stderr=subprocess.PIPE,
                                      text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("write to standard output", done.stderr)

    def test_colours(self):
        """colours are for terminals that want them"""
        command = [str(CTL), *self.site.common_arguments(), "check"]
        for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            ours, theirs = pty.openpty()
            done = subprocess.run(command, stdout=theirs, env=environment, check=False, timeout=60)
            os.close(theirs)
            text = b""
            try:
                while part := os.read(ours, 65536):
                    text += part
            except OSError:
                pass
            os.close(ours)
            self.assertEqual((done.returncode, b"\x1b[32m" in text), (0, coloured))
        self.assertNotIn("\x1b", self.site.ctl("check").stdout)

    @unittest.skipUnless(AS_ROOT, "only root can be somebody else")
    def test_as_a_stranger(self):
        """a user who may not read the tree learns so, and nothing else"""
        command = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--", str(CTL)]
        done = subprocess.run([*command, *self.site.common_arguments(), "tree", "list"], capture_output=True, text=True, check=False,
                              timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(str(self.site.state), done.stderr)


if __name__ == "__main__":
    unittest.main()
