# SPDX-License-Identifier: MIT
"""Recipients as nobody should write them, and some that look odd and are right."""

import json
import subprocess
import unittest

from pigeon_site import DELIVER, Site
from verdicts import Verdicts

UNKNOWN = "5.1.1 unknown recipient"
BAD = "5.1.3 bad recipient address"
TROUBLE = "4.3.5 mail system trouble; it will be tried again"


class Hostile(unittest.TestCase, Verdicts):
    """None of these is a user, and none of them may leave anything anywhere."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)
        cls.site.ctl("domain", "add", "all.example")
        cls.site.ctl("tree", "set", "/all.example", "acceptUnknown=TRUE")

    def setUp(self):
        self.before = self.files()

    def files(self):
        """All that there is besides what every run may write: the log, and SQLite's own files."""
        return {p: w for p, w in self.site.everything().items() if not p.startswith(("log/", "state/tree.db"))}

    def check(self, recipient, exit, line):
        done = self.site.deliver(recipient)
        self.assert_not_delivered(done, exit, line, self.site)
        self.assertEqual(self.files(), self.before)
        return done

    def test_local_parts(self):
        """a local part that leads elsewhere, or that is none, is refused and leaves nothing"""
        unknown = ["../..", "..", ".", "/", "/etc/passwd", "../../state/tree.db", "a/b", "a/../alice", "-d", "--help",
                   "-", "alice(comment)", "(alice)", '"alice', 'alice"', "a@b", "@", "alice@example.org", "' OR 1=1 --",
                   "%2e%2e%2f", "%00", "$(touch x)", "`id`", "|cat", ":include:/etc/passwd", "*", "alic_", "alice ",
                   "=unknown", "\u202ealice", "al\u200bice", "ａlice", "jürgen", "a" * 255, "+", "+alice", "++", "{user}"]
        for local_part in unknown:
            with self.subTest(local_part=local_part):
                self.check(f"{local_part}@example.com", 67, UNKNOWN)

    def test_what_can_be_no_name(self):
        """what can be the name of nobody is a bad address, also where the domain accepts unknown users"""
        bad = [b"", b"a\nb", b"a\r\nRCPT TO:<x>", b"a\tb", b"\x01", b"\x7f", b"\xff\xfe", b"\xc0\xae\xc0\xae", b"a\xe2\x28",
               b"a" * 256, b"a" * 65536, b'""']
        for local_part in bad:
            for domain in (b"example.com", b"all.example"):
                with self.subTest(local_part=local_part[:20], domain=domain):
                    self.check(local_part + b"@" + domain, 67, BAD)

    def test_domains(self):
        """a domain that is none of ours, or no domain at all, is an unknown recipient"""
        for domain in ("../..", "..", "/", "%2f", "[127.0.0.1]", "[IPv6:::1]", "localhost", "com", "example.com..",
                       "example.com/mailUsers", "-example.com", "exаmple.com", "example.com:25", " example.com"):
            with self.subTest(domain=domain):
                done = self.site.deliver(f"alice@{domain}")
                self.assertIn(done.stderr, (UNKNOWN + "\n", BAD + "\n"))
                self.assertEqual((done.exit, self.files()), (67, self.before))
        self.check("alice@" + "a." * 32768 + "example", 67, BAD)
        self.check("alice@a\nb", 67, BAD)

    def test_no_domain(self):
        """an address without a domain is a mistake of the MTA's set-up: the mail waits, the log says what to do"""
        for recipient in ("", "alice", "alice@", "@", "-f", "--version", "x" * 65536):
            with self.subTest(recipient=recipient[:20]):
                done = self.check(recipient, 75, TROUBLE)
                self.assertIn("has no domain", done.record["detail"])
                self.assertEqual(done.record["remedy"], "have the MTA give user@domain with -d")

    def test_log_stays_whole(self):
        """a recipient cannot forge a line of the log, or make one endless"""
        self.site.deliver(b'a\n{"event":"delivery"}\x1b[2J@example.com')
        self.site.deliver("b" * 65536 + "@example.com")
        for line in self.site.log_file.read_bytes().splitlines():
            self.assertLess(len(line), 20000)
            self.assertEqual(json.loads(line)["program"], "pigeon-deliver")
            self.assertNotIn(b"\x1b", line)

    def test_accepted_unknown(self):
        """in a domain that accepts unknown users the same names end in its one mailbox, and nowhere else"""
        recipients = ["../..", "/etc/passwd", "a/b", "-d", "..", "=unknown", "a@b", "jürgen", '"q\\"uote"', "$(touch x)"]
        for recipient in recipients:
            self.assert_delivered(self.site.deliver(f"{recipient}@all.example"))
        self.assertEqual(len(self.site.messages("=unknown", "all.example")), len(recipients))
        self.assertEqual([p.name for p in (self.site.base / "all.example").iterdir()], ["=unknown"])
        beyond = [p for p in self.files() if p not in self.before and not p.startswith("mail/all.example")]
        self.assertEqual(beyond, [])


class Users(unittest.TestCase, Verdicts):
    """Users whose names are hostile, and who are there all the same: an administrator can add anybody."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def add(self, address):
        self.site.ctl("user", "add", "--", address)

    def test_unsafe_names(self):
        """a user whose name can be no directory gets no mailbox; the log names the request that gives one"""
        top = sorted(p.name for p in self.site.root.iterdir())
        for name in ("..", "../../x", ".hidden", "a/b", "/abs", "/"):
            with self.subTest(name=name):
                self.add(f"{name}@example.com")
                done = self.site.deliver(f"{name}@example.com")
                self.assert_not_delivered(done, 75, TROUBLE, self.site)
                self.assertIn("it cannot be the name of a directory", done.record["detail"])
                self.assertIn("home=DIRECTORY", done.record["remedy"])
        self.assertEqual(sorted(p.name for p in self.site.root.iterdir()), top)
        self.assertFalse((self.site.base / "example.com" / "a").exists())

    def test_unsafe_name_with_request(self):
        """and once the request is there, the mail goes where it says"""
        self.add("c/d@example.com")
        self.site.ctl("tree", "add", "/example.com/mailUsers/c%2Fd/mailStore", "mailStore,mda-maildir",
                      "home=example.com/c-and-d")
        self.assert_delivered(self.site.deliver("c/d@example.com"))
        self.assertEqual(len(self.site.messages("c-and-d")), 1)

    def test_unsafe_domain(self):
        """a domain whose name leads upwards makes no directory"""
        self.site.add_objects({"path": "/..%2Fup", "class": "mailDomain"},
                              {"path": "/..%2Fup/mailUsers", "class": "mailUsers"},
                              {"path": "/..%2Fup/mailUsers/u", "class": "mailUser"},
                              {"path": "/..%2Fup/mailStore", "class": "mailStore"})
        self.assert_not_delivered(self.site.deliver("u@../up"), 75, TROUBLE, self.site)
        self.assertFalse((self.site.root / "up").exists())

    def test_names_stay_apart(self):
        """names that are nearly alike never share a mailbox"""
        names = ["=unknown", "=3dunknown", "a b", "a=20b", "a%20b", "é", "e\u0301", "-x", "a@b", "*", "?", "x" * 80]
        for name in names:
            self.add(f"{name}@example.com")
            body = f"Subject: {name}\n\n".encode()
            self.assert_delivered(self.site.deliver(f"{name}@example.com", body))
        in_tree = {name: name.replace("%", "%25").replace(" ", "%20") for name in names}
        homes = {self.site.allocation(in_tree[name])["home"]: name for name in names}
        self.assertEqual(len({home.casefold() for home in homes}), len(names))
        for home, name in homes.items():
            stored = list((self.site.base / home / "Maildir" / "new").iterdir())
            self.assertEqual(len(stored), 1, home)
            self.assertIn(f"Subject: {name}\n".encode(), stored[0].read_bytes())

    def test_spellings_of_one(self):
        """case, quotes and a final dot make no difference where the address is the same"""
        self.add("john doe@example.com")
        before = len(self.site.messages())
        for recipient in ("ALICE@EXAMPLE.COM", '"alice"@example.com', '"al\\ice"@Example.Com', "alice@example.com."):
            with self.subTest(recipient=recipient):
                self.assert_delivered(self.site.deliver(recipient))
        self.assertEqual(len(self.site.messages()), before + 4)
        self.assert_delivered(self.site.deliver('"John Doe"@example.com'))
        self.assert_delivered(self.site.deliver("john doe@example.com"))
        self.assertEqual(len(self.site.messages("john=20doe")), 2)

    def test_exact_local_part(self):
        """case counts in local parts where the configuration says so, and never in domains"""
        exact = ["-o", "address.localPart=exact"]
        self.assert_not_delivered(self.site.deliver("Alice@example.com", extra=exact), 67, UNKNOWN)
        self.assert_delivered(self.site.deliver("alice@EXAMPLE.com", extra=exact))

    def test_idn(self):
        """a domain is the same in U-labels, in A-labels, in capitals and decomposed"""
        self.site.ctl("domain", "add", "bücher.example")
        self.site.ctl("user", "add", "u@BÜCHER.example")
        spellings = ["u@bücher.example", "u@BÜCHER.Example", "u@xn--bcher-kva.example", "u@XN--BCHER-KVA.EXAMPLE",
                     "u@bu\u0308cher.example", "u@bücher。example"]
        for recipient in spellings:
            with self.subTest(recipient=recipient):
                self.assert_delivered(self.site.deliver(recipient))
        self.assertEqual(len(self.site.messages("u", "xn--bcher-kva.example")), len(spellings))
        self.assert_not_delivered(self.site.deliver("u@bücher\u200b..example"), 67)
        self.assert_not_delivered(self.site.deliver("u@\u0378.example"), 67, BAD)

    def test_utf8_local_part(self):
        """a local part in UTF-8 is compared byte by byte, and stands so in Delivered-To"""
        self.add("jürgen@example.com")
        self.assert_delivered(self.site.deliver("jürgen@example.com"))
        self.assertIn("Delivered-To: jürgen@example.com\n".encode(), self.site.messages("jürgen")[0])
        self.assert_not_delivered(self.site.deliver("ju\u0308rgen@example.com"), 67, UNKNOWN)

    def test_detail(self):
        """a user whose name has a delimiter in it comes before the user without the detail"""
        self.add("info@example.com")
        self.add("info+news@example.com")
        for recipient in ("info+news", "info+other", "info+news+more", "info"):
            self.assert_delivered(self.site.deliver(f"{recipient}@example.com"))
        self.assertEqual((len(self.site.messages("info+news")), len(self.site.messages("info"))), (1, 3))

    def test_detail_delimiters(self):
        """each of the configured characters separates, and no other"""
        rules = ["-o", "address.detailDelimiters=-_"]
        before = len(self.site.messages())
        for recipient, exit in (("alice-x", 0), ("alice_x-y", 0), ("alice+x", 67), ("-alice", 67)):
            with self.subTest(recipient=recipient):
                self.assertEqual(self.site.deliver(f"{recipient}@example.com", extra=rules).exit, exit)
        self.assertEqual(len(self.site.messages()), before + 2)


class CommandLine(unittest.TestCase, Verdicts):
    """One recipient a run, from -d or from the environment."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site().__enter__()
        cls.addClassCleanup(cls.site.__exit__)

    def run_with(self, *arguments, environment=None):
        command = [str(DELIVER), *self.site.common_arguments()]
        done = subprocess.run([*command, *arguments], input=b"Subject: x\n\n", capture_output=True, env=environment,
                              check=False, timeout=60)
        return done.returncode, done.stderr.decode()

    def test_wrong_calls(self):
        """a wrong call defers, whatever is wrong: no status of ours may bounce mail for a mistake in the set-up"""
        for arguments in ([], ["-d"], ["-d", "a@b", "-d", "c@d"], ["-d", "a@b", "c@d"], ["-z", "-d", "a@b"],
                          ["--nonsense"], ["-o", "nonsense", "-d", "a@b"], ["-o", "nonsense=1", "-d", "a@b"],
                          ["-o", "deadline=x", "-d", "a@b"], ["alice@example.com"], ["-d", "a@b", "--", "x"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_with(*arguments), (75, TROUBLE + "\n"))
        exit, line = self.run_with("-d", "alice@example.com", "-c", "/nonexistent")
        self.assertEqual((exit, line[:4]), (75, "4.3."))
        self.assertEqual(self.run_with("-d", "a@b", "--"), (67, UNKNOWN + "\n"))

    def test_wrong_calls_are_logged(self):
        """what is wrong with a call stands in the log that is configured, wherever in the call that is named"""
        common = self.site.common_arguments()
        for arguments in (["-d", "a@b", "-d", "c@d", *common], ["-z", *common], [*common, "-d", "a@b", "c@d"], common,
                          ["--help=1", "--version=1", *common], [*common, "-d"]):
            with self.subTest(arguments=arguments):
                self.site.new_records()
                done = self.site.run([str(DELIVER), *arguments], b"Subject: x\n\n")
                self.assertEqual((done.exit, done.stderr), (75, TROUBLE + "\n"))
                self.assertIn("pigeon-deliver was called wrongly", done.record["detail"])
                self.assertIn("in the MTA's configuration" if "c@d" != arguments[-1] else "one recipient at a time",
                              done.record["remedy"])

    def test_environment(self):
        """SENDER, RECIPIENT and ORIGINAL_RECIPIENT stand for the flags, and a flag comes first"""
        environment = {"SENDER": "env@example.org", "RECIPIENT": "alice@example.com", "ORIGINAL_RECIPIENT": "o@example.net"}
        self.assertEqual(self.run_with(environment=environment), (0, ""))
        self.assertIn(b"Return-Path: <env@example.org>\nDelivered-To: alice@example.com\nX-Original-To: o@example.net\n",
                      self.site.messages()[-1])
        self.assertEqual(self.run_with("-f", "flag@example.org", "-a", "p@example.net", environment=environment), (0, ""))
        self.assertIn(b"Return-Path: <flag@example.org>\nDelivered-To: alice@example.com\nX-Original-To: p@example.net\n",
                      self.site.messages()[-1])
        self.assertEqual(self.run_with("-d", "nobody@example.com", environment=environment), (67, UNKNOWN + "\n"))

    def test_hostile_environment(self):
        """the environment is as hostile as the command line"""
        for recipient, exit in ((b"a\nb@example.com", 67), (b"\xff@example.com", 67), (b"", 75), (b"../..@example.com", 67),
                                (b"a" * 65536 + b"@example.com", 67)):
            with self.subTest(recipient=recipient[:20]):
                self.assertEqual(self.run_with(environment={b"RECIPIENT": recipient})[0], exit)

    def test_linker_and_library_variables(self):
        """no variable of the caller's changes what is loaded, where the message is kept or what is said"""
        environment = {"RECIPIENT": "alice@example.com", "TMPDIR": "/nonexistent", "LC_ALL": "xx_YY.UTF-8", "POSIXLY_CORRECT": "1",
                       "SQLITE_TMPDIR": "/nonexistent", "HOME": "/nonexistent", "TZ": "/etc/passwd", "PATH": "/nonexistent",
                       "MALLOC_CHECK_": "3", "LD_BIND_NOW": "1"}
        self.assertEqual(self.run_with(environment=environment), (0, ""))

    def test_accepted_flags(self):
        """-e and -k are accepted, and -r names the address for Delivered-To"""
        self.assertEqual(self.run_with("-e", "-k", "-d", "alice@example.com", "-r", "final@example.net"), (0, ""))
        self.assertIn(b"Delivered-To: final@example.net\n", self.site.messages()[-1])

    def test_help_and_version(self):
        """help and version are printed on standard output, and need nothing"""
        for flag, text in (("--help", b"Usage: pigeon-deliver"), ("--version", b"pigeon-deliver ")):
            done = subprocess.run([str(DELIVER), flag], capture_output=True, check=False, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertTrue(done.stdout.startswith(text))


if __name__ == "__main__":
    unittest.main()
