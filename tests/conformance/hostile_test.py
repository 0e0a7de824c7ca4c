# SPDX-License-Identifier: MIT
"""Plugins that are built in other ways, or do what no plugin may: host and runner survive them, and say what is wrong.

What only the host can meet, at each step of a delivery, is in tests/trouble.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from conformance_runs import CXX, RUNNER, SOURCES, Bench, outcomes, processes_with
from pigeon_site import MESSAGE
from trouble_site import TroubleSite

HOSTILE = SOURCES / "hostile.c"
INLINE = SOURCES / "inline.cpp"
LIMIT = pathlib.Path(__file__).resolve().parents[2] / "plugin-api" / "example" / "mailLimit" / "plugin.cpp"
LIBCXX = ["clang++", "-std=c++20", "-stdlib=libc++"]


def has_libcxx():
    if not shutil.which("clang++"):
        return False
    command = [*LIBCXX, "-x", "c++", "-fsyntax-only", "-"]
    return subprocess.run(command, input=b"#include <string>\n", capture_output=True, check=False).returncode == 0


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench().__enter__()
        cls.addClassCleanup(cls.bench.__exit__)

    def site(self, *files):
        """A site with these modules dropped in, before the one that stores: into the place of such as do no harm."""
        site = TroubleSite().__enter__()
        self.addCleanup(site.__exit__)
        names = [file.stem for file in files]
        site.configure({"modules": ["mailUsers", *names, "mailStore"], "deadline": 5})
        for file in files:
            self.drop_in(site, self.bench.build(file.stem, HOSTILE, "-DDEED=NOTHING"))
        site.ctl("init")
        for name in names:
            site.ctl("tree", "add", f"/example.com/{name}", name)
        for file in files:
            self.drop_in(site, file)
        return site

    def drop_in(self, site, file):
        target = site.plugins / file.name
        shutil.copyfile(file, target)
        target.chmod(0o644)

    def hostile(self, deed, *flags):
        return self.bench.build("mailHostile", HOSTILE, f"-DDEED={deed}", *flags)

    def caught(self, file, **checks):
        """The runner survives, and these checks, by id with _ for -, say this."""
        status, found = outcomes(file, "--level", "3")
        self.assertEqual(status, 1, found)
        for check, pattern in checks.items():
            outcome = found[check.replace("_", "-")]
            self.assertIn(outcome["status"], ("FAILED", "CRASHED", "TIMED OUT"), outcome)
            self.assertRegex(outcome["came"], pattern)

    def test_ends_the_process(self):
        """a module that ends the process or jumps out of it defers the mail, and the runner says how it ended"""
        for deed, in_log, in_report in (("EXIT", "exited|ended", "ended with status 0"),
                                        ("ABORT", "signal", "signal 6"),
                                        ("JUMP", "exited|ended|signal", "ended with status 3|signal")):
            with self.subTest(deed):
                file = self.hostile(deed)
                self.caught(file, MODULE_02=in_report)
                site = self.site(file)
                done = site.deliver()
                self.assertEqual((done.exit, site.stored()), (75, []), done)
                self.assertRegex(done.record["detail"], in_log)
                self.assertIn("plugin mailHostile", done.record["detail"])

    def test_level_1(self):
        """level 1 looks at the file and its descriptor, and calls nothing of it"""
        file = self.hostile("LOAD")
        status, found = outcomes(file, "--level", "1")
        self.assertEqual((status, {each["status"] for each in found.values()}), (0, {"passed"}), found)
        self.caught(file, LIFE_01="signal 6")

    def test_throws(self):
        """a plugin whose every function throws defers the mail; the runner and pigeonctl say that it crashed"""
        file = self.bench.build("mailHostile", INLINE, "-DTHROWS", compiler=CXX)
        self.caught(file, LIFE_01="signal 6", MODULE_02="signal 6")
        site = self.site(file)
        done = site.deliver()
        self.assertEqual((done.exit, site.stored()), (75, []), done)
        self.assertIn("plugin mailHostile", done.record["detail"])
        checked = site.ctl("check", check=False)
        self.assertEqual(checked.returncode, 70, checked)
        self.assertRegex(checked.stderr, r"(?m)^pigeonctl: crashed \(Aborted\) in plugin mailHostile, open$")

    def test_changes_the_process(self):
        """what a module changes of the process is reported, and the mail is stored as it must be all the same"""
        for deed, pattern in (("SIGNALS", "disposition of signal"), ("MASK", "file mode mask"), ("THREAD", "threads")):
            with self.subTest(deed):
                file = self.hostile(deed)
                self.caught(file, MODULE_09=pattern)
                site = self.site(file)
                done = site.deliver()
                self.assertEqual((done.exit, done.stdout, done.stderr), (0, b"", ""), done.records)
                (stored,) = site.stored_files()
                self.assertEqual(stored.stat().st_mode & 0o077, 0)

    def test_prints(self):
        """what a module prints reaches neither the MTA nor the sender, and the runner shows it"""
        file = self.hostile("PRINT")
        self.caught(file, MODULE_09="printed")
        site = self.site(file)
        done = site.deliver()
        self.assertEqual((done.exit, done.stdout, done.stderr), (0, b"", ""))
        self.assertEqual(len(site.stored()), 1)

    def test_misses_a_symbol(self):
        """a plugin that needs a symbol that is not there is refused, with the symbol's name"""
        file = self.hostile("MISSING")
        self.caught(file, FILE_05="nobody_defines_this", LIFE_01="nobody_defines_this")
        site = self.site(file)
        done = site.deliver()
        self.assertEqual((done.exit, site.stored()), (75, []))
        self.assertIn("nobody_defines_this", done.record["detail"])

    def test_versions(self):
        """a plugin for another version, and one whose note lies, are refused by the runner in the host's words"""
        for flags, pattern in ((["-DNOTE_MAJOR=9"], "plugin API 9"), (["-DNOTE_MINOR=999"], "plugin API 0.999"),
                               (["-DNOTE_KIND=PIGEON_KIND_MDA"], "it says it is an MDA"),
                               (["-DNOTE_MINOR=0"], "note and its descriptor disagree")):
            with self.subTest(flags):
                self.caught(self.hostile("NOTHING", *flags), DESC_01=pattern)

    def test_truncated(self):
        """a file that is cut off anywhere is refused by the runner, without a crash"""
        whole = self.hostile("NOTHING")
        size = whole.stat().st_size
        for length in (0, 40, 300, size // 2):
            with self.subTest(length):
                cut = self.bench.root / f"cut-{length}" / "mailHostile.so"
                cut.parent.mkdir()
                cut.write_bytes(whole.read_bytes()[:length])
                self.caught(cut, FILE_01="cut off|not an ELF file|not a shared object")

    def test_inline_variables(self):
        """two plugins with the same inline variables stay apart; the runner finds what would mix"""
        one, two = (self.bench.build(name, INLINE, compiler=CXX) for name in ("mailOne", "mailTwo"))
        site = self.site(one, two)
        done = site.deliver()
        self.assertEqual((done.exit, len(site.stored())), (0, 1), done.records)
        self.assertEqual(outcomes(one, "--level", "3")[0], 0)
        shared = self.bench.build("mailOne", INLINE, "-fvisibility=default", "-fgnu-unique",
                                  compiler=CXX, hidden=False)
        self.caught(shared, FILE_02="STB_GNU_UNIQUE|pigeon_plugin_v0, ")

    def check_limit(self, file):
        status, found = outcomes(file, "--level", "3")
        self.assertEqual(status, 0, [each for each in found.values() if each["status"] not in ("passed", "skipped")])
        site = self.site(file)
        site.ctl("init")  # its class has an attribute
        site.ctl("tree", "set", "/example.com/mailLimit", "largestMessage=1k")
        self.assertEqual(site.deliver().exit, 0)
        refused = site.deliver(message=MESSAGE + b"x" * 2000)
        self.assertEqual((refused.exit, refused.stderr), (65, "5.3.4 message too large\n"))
        self.assertEqual(len(site.stored()), 1)

    @unittest.skipUnless(has_libcxx(), "clang with libc++ is not installed")
    def test_libcxx(self):
        """a plugin built by clang with libc++ works beside those with libstdc++, and conforms"""
        self.check_limit(self.bench.build("mailLimit", LIMIT, compiler=LIBCXX))

    def test_static_libstdcxx(self):
        """a plugin that brings its own libstdc++ works, and conforms"""
        static = ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL"]
        self.check_limit(self.bench.build("mailLimit", LIMIT, *static, compiler=CXX))


class OutlivingTest(unittest.TestCase):
    """A process in a session of its own, whose parent has ended, belongs to nobody whom a signal could reach."""

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench().__enter__()
        cls.addClassCleanup(cls.bench.__exit__)

    def setUp(self):
        self.addCleanup(lambda: [os.kill(process, signal.SIGKILL) for process in self.is_asleep()])

    def build(self, deed):
        self.sleeper = f"31{time.monotonic_ns() % 1_000_000:06}"
        return self.bench.build("mailHostile", HOSTILE, f"-DDEED={deed}", f"-DSLEEPER=\"{self.sleeper}\"")

    def is_asleep(self):
        return processes_with(f"sleep\0{self.sleeper}")

    def wait_for(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, "it does not come about")
            time.sleep(0.02)

    def test_left_by_a_plugin(self):
        """a process that a plugin leaves behind is reported, and ends with the check"""
        file = self.build("LEAVE")
        status, found = outcomes(file, "--filter", "MODULE-09")
        self.assertEqual((status, found["MODULE-09"]["status"]), (1, "FAILED"))
        self.assertRegex(found["MODULE-09"]["came"], r"process \d+ \(sleep\) left behind")
        self.assertEqual(self.is_asleep(), [])

    def test_hangs(self):
        """a check that hangs is killed when its time is up, with all that it started, and reported"""
        file = self.build("HANG")
        begin = time.monotonic()
        status, found = outcomes(file, "--filter", "MODULE-02")
        self.assertEqual((status, found["MODULE-02"]["status"]), (1, "TIMED OUT"))
        self.assertLess(time.monotonic() - begin, 120)  # the limit of a check is 30
        self.assertEqual(self.is_asleep(), [])

    def test_runner_killed(self):
        """when the runner is killed, the check dies, what it started, and its directory is gone"""
        file = self.build("HANG")
        with tempfile.TemporaryDirectory() as directory:
            with subprocess.Popen([RUNNER, "run", "--filter", "MODULE-02", file], stdout=subprocess.DEVNULL,
                                  env={"TMPDIR": directory}) as runner:
                self.wait_for(self.is_asleep)
                self.assertEqual(len(list(pathlib.Path(directory).iterdir())), 1)
                runner.kill()
            self.wait_for(lambda: not processes_with(str(file)))
            self.assertEqual(self.is_asleep(), [])
            self.assertEqual(list(pathlib.Path(directory).iterdir()), [])


if __name__ == "__main__":
    unittest.main()
