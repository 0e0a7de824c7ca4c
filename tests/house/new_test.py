# SPDX-License-Identifier: MIT
"""pigeon-new: what it makes is a plugin, from the installed package alone."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from pigeon_site import PREFIX, Site

NEW = PREFIX / "bin" / "pigeon-new"
NAMES = {"datatree": "datatree-mine", "module": "mailMine", "mda": "mda-mine", "creator": "creator-mine"}


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=1200, **options)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class New(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pigeon new."))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def test_new(self):
        """a new plugin of each kind builds, passes its unit test and pigeon-conformance, and is taken by the host"""
        plugins = self.root / "plugins"
        plugins.mkdir(mode=0o755)
        self.root.chmod(0o755)
        for kind, name in NAMES.items():
            with self.subTest(kind):
                directory = self.root / name
                run(NEW, kind, name, directory)
                run("cmake", "-G", "Ninja", "-B", directory / "build", "-S", directory, f"-DCMAKE_PREFIX_PATH={PREFIX}")
                run("cmake", "--build", directory / "build")
                run("ctest", "--test-dir", directory / "build", "--output-on-failure")
                shutil.copyfile(directory / "build" / f"{name}.so", plugins / f"{name}.so")
        with Site({"plugins": [str(PREFIX / "lib/pigeon/plugins"), str(plugins)]}) as site:
            for kind, name in NAMES.items():
                self.assertEqual(site.ctl_json("plugin", "show", name)[0]["kind"].lower(), kind)

    def test_ci(self):
        """what the example for continuous integration runs builds and checks the plugin, with each of its compilers"""
        directory = self.root / NAMES["creator"]
        run(NEW, "creator", NAMES["creator"], directory)
        text = (directory / "ci" / "workflow.yml").read_text()
        steps = re.findall(r"- run: ((?:cmake|ctest) .*)", text)
        self.assertEqual(len(steps), 3)
        for compiler in re.search(r"compiler: \[(.*)\]", text)[1].split(", "):
            with self.subTest(compiler):
                if not shutil.which(compiler):
                    self.skipTest(f"{compiler} is not installed")
                shutil.rmtree(directory / "build", ignore_errors=True)
                for step in steps:
                    command = step.replace("${{ matrix.compiler }}", compiler)
                    run("sh", "-c", command, cwd=directory, env={**os.environ, "CMAKE_PREFIX_PATH": str(PREFIX)})

    def test_refusals(self):
        """a name that cannot be that of a plugin of the kind, or a directory that is there, is refused in words"""
        for arguments, words in (
            (("mda", "mine"), "begins with mda-"),
            (("module", "mda-mine"), "no prefix"),
            (("store", "mine"), "there is no kind 'store'"),
            (("module", "../mine"), "cannot be a plugin's name"),
            (("module", "mine", str(self.root)), "is there already"),
        ):
            with self.subTest(arguments):
                done = subprocess.run([NEW, *arguments], capture_output=True, text=True, check=False, cwd=self.root)
                self.assertEqual(done.returncode, 2)
                self.assertIn(words, done.stderr)
                self.assertEqual(list(self.root.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
