# SPDX-License-Identifier: MIT
"""The documents: their commands work, their links lead somewhere, and they speak of what the programs say."""

import pathlib
import re
import unittest

from pigeon_site import USER, Site
from shell import check_printed, shell

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
                check_printed(self, block, run(block))

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
                known = {"sh": ("", "run", "build", "ldap"), "json": ("", "check")}.get(language, ("",))
                if language in ("cpp", "cmake") and (ROOT / info.strip()).is_file():
                    continue  # a file, quoted: guide_test.py compares
                self.assertIn(info.strip(), known, f"{document.name}: ```{language}{info}")


class Text(unittest.TestCase):
    def sources(self, *parts):
        """The product's sources as one text, in which a text that is broken over lines is one."""
        files = [f for part in parts for f in sorted((ROOT / part).rglob("*.?pp"))]
        text = "".join(f.read_text() for f in files if not f.name.endswith("_test.cpp"))
        return re.sub(r'"\s*\n\s*"', "", text)

    def first_column(self, head, pattern):
        """What stands like this in the first column of the administrator's table with this head."""
        text = (ROOT / "docs" / "administration.md").read_text()
        rows = re.split(r"\n\n", text.partition(f"| {head} |")[2])[0].splitlines()
        return [found for row in rows for found in re.findall(pattern, row.split(" | ")[0])]

    def test_links(self):
        """every link to a file of the tree leads to one"""
        documents = [*DOCUMENTS, *sorted(ROOT.glob("*.md")), *sorted((ROOT / "bench").glob("*.md"))]
        for document in documents:
            prose = BLOCK.sub("", document.read_text())
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
                self.assertTrue((document.parent / target).exists(), f"{document.name}: {target}")

    def test_troubles(self):
        """every phrase of the log that the administrator's table explains is one that the programs write"""
        phrases = self.first_column("`detail` says", '"([^"]+)"')
        self.assertGreater(len(phrases), 20)
        sources = self.sources("host", "plugins", "plugin-api/include")
        for phrase in phrases:
            self.assertTrue(phrase in sources, phrase)

    def test_log(self):
        """every event and field of the log that the administrator's tables explain is one of the host's"""
        events = self.first_column("event", "`([a-z-]+)`")
        names = events + self.first_column("field of `delivery`", "`([a-z-]+)`")
        self.assertGreater(len(names), 20)
        sources = self.sources("host")
        for name in names:
            self.assertTrue(f'"{name}"' in sources, name)
        self.assertEqual(sorted(set(re.findall(r'write\([^;"]*?"([a-z-]+)",', sources))), sorted(events))

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
