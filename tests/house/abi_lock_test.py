# SPDX-License-Identifier: MIT
"""The ABI lock: the headers are what was promised, and every change of that has been told."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

API = pathlib.Path(__file__).resolve().parents[2] / "plugin-api"


def check(api):
    command = [sys.executable, str(api / "abi-lock" / "lock.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def compile_lock(api, compiler="cc"):
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only"]
    command += [f"-I{api / 'include'}", str(api / "abi-lock" / "abi_0.c")]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


class AbiLock(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pigeon abi ")
        self.addCleanup(directory.cleanup)
        self.api = pathlib.Path(directory.name) / "plugin-api"
        shutil.copytree(API / "include", self.api / "include")
        shutil.copytree(API / "abi-lock", self.api / "abi-lock")
        shutil.copy(API / "HISTORY.md", self.api)

    def change(self, header, old, new):
        file = self.api / "include" / "pigeon" / "abi" / header
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def test_up_to_date(self):
        """the lock is what the headers give, the history knows it, and both compilers agree"""
        done = check(API)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for compiler in filter(shutil.which, ("gcc", "clang")):
            done = compile_lock(API, compiler)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_changes_are_seen(self):
        """a constant, a type, an order or a removal that breaks plugins does not compile"""
        changes = [
            ("status.h", "PIGEON_TIMEOUT UINT32_C(0x1002)", "PIGEON_TIMEOUT UINT32_C(0x1009)"),
            ("plugin.h", 'PIGEON_NOTE_OWNER "Pigeon"', 'PIGEON_NOTE_OWNER "Pidgin"'),
            ("mda.h", "int64_t received;", "uint64_t received;"),
            ("mda.h", "  uint64_t bytes;\n  int64_t received;", "  int64_t received;\n  uint64_t bytes;"),
            ("status.h", "char reason[132];", "char reason[128];"),
            ("message.h", "  pigeon_string queue_id;\n", ""),
            ("object.h", "struct pigeon_string {\n", "struct pigeon_string {\n  uint64_t more;\n"),
            ("creator.h", "uint64_t lease, pigeon_error*", "int64_t lease, pigeon_error*"),
        ]
        for header, old, new in changes:
            with self.subTest(header=header, new=new):
                self.setUp()
                self.change(header, old, new)
                self.assertNotEqual(compile_lock(self.api).returncode, 0)

    def test_growth(self):
        """a struct that grows at its end keeps the lock that was, and asks for a new line in the history"""
        last = "  pigeon_string queue_id;\n"
        self.change("message.h", last, last + "  pigeon_string more;\n")
        self.assertEqual(compile_lock(self.api).returncode, 0)
        done = check(self.api)
        self.assertEqual(done.returncode, 1)
        command = [sys.executable, str(self.api / "abi-lock" / "lock.py")]
        subprocess.run(command, check=True, capture_output=True)
        done = check(self.api)
        self.assertEqual(done.returncode, 1)
        self.assertIn("HISTORY.md", done.stdout)


if __name__ == "__main__":
    unittest.main()
