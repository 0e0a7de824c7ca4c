# SPDX-License-Identifier: MIT
"""pigeon-conformance itself: that its checks can fail, what it says to people and programs, what it leaves."""

import json
import shlex
import signal
import subprocess
import unittest
import xml.etree.ElementTree

from conformance_runs import RUNNER, SOURCES, Bench, conformance
from pigeon_site import PLUGINS, PREFIX

MUTANTS = PREFIX / "lib" / "pigeon" / "conformance"
# The parts of the matrix that have no test file of their own.
PARTS = ("FILE-0", "DESC-0", "LIFE-0", "PROC-0", "MODULE-0", "MODULE-1", "MDA-0", "MDA-1", "MDA-2", "MDA-3")


class MatrixTest(unittest.TestCase):
    def test_matrix(self):
        """every check catches its mutants, and what is good passes"""
        for part in PARTS:
            with self.subTest(part):
                done = conformance("selftest", "--filter", part, timeout=600)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertRegex(done.stdout, "(?m)^caught  " + part)
                self.assertRegex(done.stdout, "(?m)^good    ")
                self.assertRegex(done.stdout, r"[1-9]\d* plugins tried, 0 holes")

    def test_short(self):
        """a mutant is the good plugin with one function changed: 20 lines at most"""
        mutants = list((SOURCES.parents[2] / "conformance" / "mutants").glob("*.cpp"))
        self.assertGreater(len(mutants), 100)
        for mutant in mutants:
            self.assertLessEqual(len(mutant.read_text().splitlines()), 20, mutant.name)

    def test_hole(self):
        """a matrix without a mutant for a check has a hole, and says so"""
        with Bench() as bench:
            (bench.root / "good").mkdir()
            (bench.root / "mutants" / "FILE-04-is-empty").mkdir(parents=True)
            done = conformance("selftest", "--mutants", bench.root, "--filter", "FILE-04")
            self.assertEqual(done.returncode, 1)
            self.assertIn("HOLE    FILE-04 catches no mutant", done.stdout)
        done = conformance("selftest", "--mutants", "/nowhere")
        self.assertEqual(done.returncode, 3)


class CommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench().__enter__()
        cls.addClassCleanup(cls.bench.__exit__)
        cls.good = PLUGINS / "mailUsers.so"
        cls.broken = cls.bench.root / "broken.json"
        cls.broken.write_text("{")
        cls.bad = cls.bench.build("mailHostile", SOURCES / "hostile.c", "-DDEED=ABORT")

    def test_exit_status(self):
        """kept, broken, not understood and nothing tested are four exit statuses"""
        for expected, arguments in ((0, ["run", "--filter", "FILE", self.good]),
                                    (1, ["run", "--filter", "MODULE-02", self.bad]),
                                    (2, []), (2, ["frobnicate"]), (2, ["run"]), (2, ["run", "/nowhere.so"]),
                                    (2, ["run", "--level", "9", self.good]), (2, ["explain", "FILE-99"]),
                                    (2, ["run", "--filter", "FILE-01", "--json", "/nowhere/x", self.good]),
                                    (2, ["run", "--filter", "FILE-01", "--config", "/nowhere", self.good]),
                                    (2, ["run", "--filter", "FILE-01", "--config", self.broken, self.good]),
                                    (2, ["repro", "FILE-01", "/nowhere.so"]),
                                    (2, ["repro", "FILE-01", "--config", "/nowhere", self.good]),
                                    (3, ["run", "--filter", "NO-SUCH", self.good]),
                                    (3, ["run", "--filter", "MDA", self.good]),
                                    (3, ["selftest", "--filter", "NO-SUCH"]),
                                    (0, ["list"]), (0, ["--version"]), (0, ["explain", "FILE-01"])):
            with self.subTest(arguments):
                done = conformance(*arguments)
                self.assertEqual(done.returncode, expected, done.stdout + done.stderr)

    def test_nothing_tested(self):
        """whoever selects nothing is told so, and where to read"""
        for filtered in ("NO-SUCH", "MDA"):
            done = conformance("run", "--filter", filtered, self.good)
            self.assertIn(f"nothing was tested: no check of kind module up to level 4 has {filtered} in its id", done.stdout)

    def test_no_plugin(self):
        """a file that is no shared object is called that by each check that reads it"""
        done = conformance("run", "--level", "1", self.broken)
        self.assertEqual(done.returncode, 1)
        self.assertIn("it is not an ELF file", done.stdout)
        self.assertNotIn("no error", done.stdout)

    def test_for_programs(self):
        """the outcomes as JSON and as JUnit are well-formed, and agree with what is printed"""
        json_file, junit_file = self.bench.root / "o.json", self.bench.root / "o.xml"
        done = conformance("run", "--filter", "MODULE-0", "--json", json_file, "--junit", junit_file, self.bad)
        found = json.loads(json_file.read_text())
        root = xml.etree.ElementTree.parse(junit_file).getroot()
        cases = list(root.iter("testcase"))
        self.assertEqual(len(found), len(cases))
        bad = [each for each in found if each["status"] not in ("passed", "skipped")]
        broken = {each["check"] for each in bad if each["weight"] == "must"}
        self.assertIn("MODULE-02", broken)
        failures = {case.get("name").split()[0] for case in cases if case.find("failure") is not None}
        self.assertEqual(failures, broken)
        for each in found:
            self.assertRegex(done.stdout, rf"(?m)^{each['check']}  {each['status']}")

    def test_for_people(self):
        """what is wrong is said with what was done, expected and came, where to read, and how to see it again"""
        done = conformance("run", "--filter", "MODULE-02", "--seed", "7", self.bad)
        for word in ("done", "expected", "came", "read", "again"):
            self.assertRegex(done.stdout, rf"(?m)^    {word} ")
        self.assertIn("killed by signal 6", done.stdout)
        self.assertIn("repro MODULE-02 --seed 7", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_on_a_terminal(self):
        """on a terminal what counts is coloured, and the check that runs is shown"""
        command = shlex.join(map(str, [RUNNER, "run", "--filter", "MODULE-02", self.bad]))
        done = subprocess.run(["script", "-qefc", command, "/dev/null"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertIn("\x1b[31mCRASHED\x1b[0m", done.stdout)
        self.assertRegex(done.stdout, r"\x1b\[K1/1 MODULE-02 \.\.\.\s\x1b\[KMODULE-02  ")

    def test_selftest_on_a_terminal(self):
        """on a terminal selftest shows what it is trying, and in colours what came of it"""
        command = shlex.join(map(str, [RUNNER, "selftest", "--filter", "DESC-01"]))
        done = subprocess.run(["script", "-qefc", command, "/dev/null"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("\x1b[32mcaught\x1b[0m  DESC-01", done.stdout)
        self.assertRegex(done.stdout, r"\x1b\[Kmda-specimen by DESC-01 \.\.\.")

    def test_shows_what_was_printed(self):
        """what a plugin printed is shown line by line, and does nothing to the terminal"""
        file = self.bench.build("mailHostile", SOURCES / "hostile.c", "-DDEED=CURSE")
        done = conformance("run", "--filter", "MODULE-02", file)
        self.assertRegex(done.stdout, r"(?m)^    printed   one\\x1b\[2J\n {14}two$")

    def test_list_and_explain(self):
        """every check that is listed can be explained, and has an id of its own"""
        listed = json.loads(conformance("list", "--json").stdout)
        ids = [each["check"] for each in listed]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual([line.split()[0] for line in conformance("list").stdout.splitlines()], ids)
        for each in listed:
            self.assertRegex(each["check"], r"\A[A-Z]+-\d\d\Z")
            explained = conformance("explain", each["check"]).stdout
            self.assertIn(each["rule"], explained)
            self.assertIn(each["how"], explained)

    def test_repro(self):
        """one check can be run in the process itself, and answers as it does in a process of its own"""
        kept = conformance("repro", "DESC-01", self.good)
        self.assertEqual((kept.returncode, kept.stdout.splitlines()[-1]), (0, "passed"))
        self.assertEqual(conformance("repro", "MODULE-02", self.bad).returncode, -signal.SIGABRT)


if __name__ == "__main__":
    unittest.main()
