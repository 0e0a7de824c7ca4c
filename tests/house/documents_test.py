# SPDX-License-Identifier: MIT
"""The documents: their commands work, their links lead somewhere, and they speak of what the programs say."""

import pathlib
import re
import unittest

from pigeon_site import USER, Site
from shell import shell

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\S+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document, language, mark):
    """The texts of the blocks that begin with ```language mark."""
    found = BLOCK.findall(document.read_text())
    return [text for name, info, text in found if (name, info.strip()) == (language, mark)]


class Commands(unittest.TestCase):
    """Blocks marked "sh run"."""

    def run_document(self, document):
        with Site({"log": {"level": "info"}}, domain=None) as site, shell(site) as run:
            for block in blocks(document, "sh", "run"):
                self.check_block(block, run(block))

    def check_block(self, block, done):
        self.assertEqual(done.returncode, 0, f"{block}\nprinted:\n{done.stdout}{done.stderr}")
        at = 0
        for wanted in re.findall(r"# -> (.*)$", block, re.MULTILINE):
            found = done.stdout.find(wanted, at)
            self.assertGreaterEqual(found, 0, f"{wanted!r} was not printed by:\n{block}\n{done.stdout}")
            at = found + len(wanted)

    def test_run(self):
        """every block that is marked to be run works, and prints what it says it does"""
        ran = [d for d in DOCUMENTS if blocks(d, "sh", "run")]
        self.assertIn(ROOT / "docs" / "administration.md", ran)
        for document in ran:
            with self.subTest(document.name):
                self.run_document(document)

    def test_configurations(self):
        """every block that is marked as a whole configuration is accepted"""
        for document in DOCUMENTS:
            for block in blocks(document, "json", "check"):
                with self.subTest(document.name), Site(domain=None) as site:
                    site.write_configuration(block)
                    site.ctl("-o", f"user={USER.pw_name}", "-o", "minimumUid=1", "plugin", "list")

    def test_marks(self):
        """a mark that nobody knows is a mistake, not a block that is silently left out"""
        for document in DOCUMENTS:
            for language, info, _ in BLOCK.findall(document.read_text()):
                known = {"sh": ("", "run"), "json": ("", "check")}.get(language, ("",))
                self.assertIn(info.strip(), known, f"{document.name}: ```{language}{info}")


class Text(unittest.TestCase):
    def test_troubles(self):
        """every phrase of the log that the administrator's table explains is one that the programs write"""
        text = (ROOT / "docs" / "administration.md").read_text()
        table = text.partition("| `detail` says |")[2].partition("\n## ")[0]
        phrases = [p for row in table.splitlines() for p in re.findall(r'"([^"]+)"', row.split(" | ")[0])]
        self.assertGreater(len(phrases), 20)
        sources = "".join(f.read_text() for part in ("host", "plugins", "plugin-api/include")
                          for f in sorted((ROOT / part).rglob("*.?pp")) if not f.name.endswith("_test.cpp"))
        # A text that the sources break over lines is one text.
        sources = re.sub(r'"\s*\n\s*"', "", sources)
        for phrase in phrases:
            self.assertTrue(phrase in sources, phrase)

    def test_decisions(self):
        """every decision record has a number of its own, and says what such a record says"""
        records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
        numbers = [r.name[:4] for r in records]
        self.assertEqual(sorted(set(numbers)), numbers)
        for record in records:
            text = record.read_text()
            self.assertTrue(text.startswith(f"# {int(record.name[:4])}. "), record.name)
            for part in ("Context", "Decision", "Consequences", "Alternatives"):
                self.assertEqual(text.count(f"**{part}.**"), 1, f"{record.name}: {part}")
            self.assertLess(len(text.splitlines()), 41, record.name)


if __name__ == "__main__":
    unittest.main()
