# SPDX-License-Identifier: MIT
"""The plugin author's guide works as it stands, and the pages of the headers speak of what there is."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from pigeon_site import PREFIX, Site
from shell import check_printed, shell

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "plugin-author-guide.md"
PAGES = ROOT / "docs" / "plugin-api"
HEADERS = sorted((ROOT / "plugin-api/include/pigeon/abi").glob("*.h"))
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RULE = re.compile(r"^\| `(\w+)\.(\d+)` \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
# Functions of whoever takes what a plugin gives; a page speaks of the struct.
SINKS = {"object", "text", "attribute", "entry", "bytes"}
OTHERS = re.compile(r"loader|compiler|host|review|and the checks of each kind")


class Guide(unittest.TestCase):
    def test_quotes(self):
        """every file that the guide shows is the file, to the byte"""
        quoted = [(name, text) for _, name, text in BLOCK.findall(GUIDE.read_text()) if "/" in name]
        self.assertGreater(len(quoted), 3)
        for name, text in quoted:
            self.assertEqual(text, (ROOT / name).read_text(), name)

    def test_nothing_else(self):
        """every block of the guide is a file that is built or commands that are run here"""
        marks = re.findall(r"^```(.+)$", GUIDE.read_text(), re.MULTILINE)
        self.assertGreater(len(marks), 8)
        for mark in marks:
            self.assertTrue(mark == "sh build" or (ROOT / mark.partition(" ")[2]).is_file(), mark)

    def test_commands(self):
        """the commands of the guide lead from nothing to a plugin that passes every check and delivers"""
        commands = [text for _, mark, text in BLOCK.findall(GUIDE.read_text()) if mark == "build"]
        self.assertGreater(len(commands), 4)
        # A checkout may be below a directory with a blank in its name; what pkg-config prints then needs an eval.
        plain = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="pigeon-prefix."))) / "prefix"
        plain.parent.chmod(0o755)
        plain.symlink_to(PREFIX)
        extra = {"PATH": str(plain / "bin"), "CMAKE_PREFIX_PATH": str(plain),
                 "PKG_CONFIG_PATH": str(plain / "share/pkgconfig"), "CMAKE_BUILD_PARALLEL_LEVEL": "2",
                 "CCACHE_DISABLE": "1", "HOME": "/nonexistent"}
        with Site({"log": {"level": "info"}}, domain=None) as site, shell(site, extra, timeout=1200) as run:
            for text in commands:
                check_printed(self, text, run(text))


class Pages(unittest.TestCase):
    def test_every_header(self):
        """every header of the plugin API has a page, which names every function in it and is linked"""
        linked = (PAGES / "README.md").read_text()
        self.assertEqual({p.stem for p in PAGES.glob("*.md")}, {"README", *(h.stem for h in HEADERS)})
        for header in HEADERS:
            text = (PAGES / f"{header.stem}.md").read_text()
            self.assertTrue(text.startswith(f"# {header.name}: "), header.name)
            self.assertIn(f"| [{header.name}]({header.stem}.md) |", linked)
            for function in set(re.findall(r"\(\*(\w+)\)\(", header.read_text())):
                self.assertTrue(function in SINKS or f"`{function}`" in text, f"{header.name}: {function}")

    def test_headers_say(self):
        """each header says who owns what and until when, which threads use it, and how time and failures are told"""
        for header in HEADERS:
            text = header.read_text()
            words = ["Memory:", "Threads:" if header.name != "host.h" else "From any thread"]
            words += ["Time:"] if "uint64_t deadline" in text else []
            words += ["Errors:"] if "pigeon_error* error) PIGEON_NOEXCEPT" in text else []
            for word in words:
                self.assertIn(word, text, header.name)

    def test_rules(self):
        """rules are numbered page by page, and no number stands for two of them"""
        for header in HEADERS:
            rules = RULE.findall((PAGES / f"{header.stem}.md").read_text())
            self.assertGreater(len(rules), 4, header.name)
            self.assertEqual({page for page, *_ in rules}, {header.stem})
            numbers = [int(number) for _, number, *_ in rules]
            self.assertEqual(numbers, sorted(set(numbers)), header.name)

    def test_enforcement(self):
        """who enforces a rule is the host, the loader, the compiler, a reader, or a check that there is"""
        command = [PREFIX / "bin/pigeon-conformance", "list", "--json"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        known = {check["check"] for check in json.loads(listed.stdout)}
        for header in HEADERS:
            for page, number, _, _, by in RULE.findall((PAGES / f"{header.stem}.md").read_text()):
                for each in by.split(", "):
                    is_known = each in known or OTHERS.fullmatch(each)
                    self.assertTrue(is_known, f"{page}.{number}: {each}")


if __name__ == "__main__":
    unittest.main()
