# SPDX-License-Identifier: MIT
"""A guard that cannot fail guards nothing: each is taken out once in a copy of the sources, and a test must notice.

Every day only that each mutation still applies. With PIGEON_ALL_FAULTS=1 each is built and its test run, which takes
about a minute each. PIGEON_GUARD=PATTERN: only those whose guarantee matches.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from mutations import MUTATIONS

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALL_FAULTS = bool(os.environ.get("PIGEON_ALL_FAULTS"))
ONLY = os.environ.get("PIGEON_GUARD", "")
LEFT_OUT = {".git", "build", ".deps", "__pycache__"}
LONGEST = 1800  # seconds


def chosen():
    return [m for m in MUTATIONS if re.search(ONLY, m.guarantee)]


def mutated(text, mutation):
    count = text.count(mutation.old)
    assert count == 1, f"{mutation.guarantee}: what is to be replaced stands {count} times in {mutation.file}"
    return text.replace(mutation.old, mutation.new)


class Copy:
    """A copy of the sources with a build and an installation of its own. The build is kept for the next time."""

    def __init__(self):
        self.source = ROOT / "build" / "guard"
        self.build = self.source / "build" / "release"
        self.prefix = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-guard.", dir="/var/tmp"))
        self.prefix.chmod(0o755)
        self.umask = os.umask(0o022)

    def __enter__(self):
        self.source.mkdir(parents=True, exist_ok=True)
        self._copy(ROOT, self.source)
        deps = self.source / ".deps"
        if (ROOT / ".deps").exists() and not deps.exists():
            deps.symlink_to((ROOT / ".deps").resolve())
        self.run(["cmake", "--preset", "release", "-DBUILD_TESTING=ON"])
        self.make()
        return self

    def __exit__(self, *_):
        os.umask(self.umask)
        shutil.rmtree(self.prefix, ignore_errors=True)

    def _copy(self, source, target):
        """Only what differs, so that only that is built anew."""
        names = {p.name for p in source.iterdir()} - LEFT_OUT
        for path in list(target.iterdir()):
            if path.name not in names | LEFT_OUT:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name in names:
            if (source / name).is_dir():
                (target / name).mkdir(exist_ok=True)
                self._copy(source / name, target / name)
            elif not (target / name).exists() or (target / name).read_bytes() != (source / name).read_bytes():
                shutil.copyfile(source / name, target / name)
                shutil.copymode(source / name, target / name)

    def run(self, command, **more):
        done = subprocess.run(command, cwd=self.source, capture_output=True, text=True, check=False, **more)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")

    def make(self, targets=()):
        self.run(["cmake", "--build", str(self.build), *(["--target", *targets] if targets else [])])
        # CMake leaves alone what is about as old as what it would install.
        for path in self.prefix.iterdir():
            shutil.rmtree(path)
        self.run(["cmake", "--install", str(self.build), "--prefix", str(self.prefix)])

    @contextlib.contextmanager
    def with_mutation(self, mutation):
        file = self.source / mutation.file
        before = file.read_text()
        file.write_text(mutated(before, mutation))
        try:
            self.make(mutation.targets)
            yield
        finally:
            file.write_text(before)
            self.make(mutation.targets)

    def fails(self, test):
        """Runs a test; answers whether it failed, and what it printed."""
        name, part = test
        if name.endswith("_test"):
            prefix = str(self.prefix)
            command = [sys.executable, "tests/run.py", "--prefix", prefix, "--trust", prefix, "--all", name]
        else:
            command = [str(self.build / "tests" / name), "--test-case=" + part.replace(",", "?")]
        process = subprocess.Popen(
            command,
            cwd=self.source,
            env={**os.environ, "PIGEON_FAULT": part},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=LONGEST if name.endswith("_test") else 60)
            assert not re.search(r"test cases: +0 ", printed), f"no case is called {part}"
            return process.returncode != 0, printed
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True, "it did not come to an end\n" + process.communicate()[0]


class Guard(unittest.TestCase):
    def test_mutations_apply(self):
        """each line that is to be taken out stands in the sources, once"""
        for mutation in MUTATIONS:
            with self.subTest(mutation.guarantee):
                text = (ROOT / mutation.file).read_text()
                self.assertNotEqual(mutated(text, mutation), text)
                name, part = mutation.test
                if not name.endswith("_test"):
                    cases = "".join(p.read_text() for p in ROOT.glob("*/**/*_test.cpp") if "build" not in p.parts)
                    self.assertIn(f'"{part.rstrip("*")}', cases)

    @unittest.skipUnless(ALL_FAULTS, "builds everything once more for each guarantee: only with --all")
    def test_tests_notice(self):
        """with any of the guards taken out, its test fails"""
        with Copy() as copy:
            for test in sorted({m.test for m in chosen()}):
                failed, printed = copy.fails(test)
                self.assertFalse(failed, f"{test} fails with every guard in place:\n{printed[-4000:]}")
            for mutation in chosen():
                with self.subTest(mutation.guarantee), copy.with_mutation(mutation):
                    failed, printed = copy.fails(mutation.test)
                    noticed = failed and re.search(mutation.shows, printed)
                    print(f"{'noticed' if noticed else 'NOT NOTICED'}: {mutation.guarantee}", flush=True)
                    self.assertTrue(noticed, f"{mutation.test} {'fails otherwise' if failed else 'passes'}:\n{printed[-4000:]}")


if __name__ == "__main__":
    unittest.main()
