# SPDX-License-Identifier: MIT
"""The manual pages: what they say is what the programs have."""

import re
import shutil
import subprocess
import unittest

from pigeon_site import DELIVER, MESSAGE, PLUGINS, PREFIX, USER, Site
from shell import shell

PAGES = {"pigeon-deliver": 8, "pigeonctl": 8, "pigeon-conformance": 1, "pigeon-new": 1, "pigeon.json": 5,
         "pigeon-plugins": 7, "mda-lmtp": 5, "mda-maildir": 5}
# Pages of plugins that are not built everywhere.
OF_PLUGINS = ("datatree-ldap", "datatree-sql", "mda-mbox", "mda-sql", "mda-sqlite")
PAGES |= {name: 5 for name in OF_PLUGINS if (PLUGINS / f"{name}.so").is_file()}


def page(name):
    section = PAGES[name]
    return PREFIX / "share" / "man" / f"man{section}" / f"{name}.{section}"


def rendered(name):
    """The page as a person reads it, with lines joined and runs of blanks made one."""
    command = ["mandoc", "-T", "ascii", "-O", "width=1000", str(page(name))]
    done = subprocess.run(command, capture_output=True, check=True)
    text = re.sub("[^\n]\b", "", done.stdout.decode())
    return re.sub(r"\s+", " ", text)


def help_of(*command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout


def options_of_help(text):
    """Every option at the beginning of a line of a help text."""
    found = set()
    for line in text.splitlines():
        shown = re.match(r"\s+(-\S.*?)(?:\s{2,}|$)", line)
        if shown:
            found |= set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", shown.group(1)))
    return found


def documented_options(name):
    """Every option that a list of the page explains."""
    found = set()
    for line in page(name).read_text().splitlines():
        if not line.startswith(".It "):
            continue
        for macro, flag in re.findall(r"\b(Fl|,) (-?[a-z][a-z-]*)", line):
            if macro == "Fl" or flag.startswith("-"):
                # "Fl ek" stands for two flags.
                found |= {"-" + flag} if flag.startswith("-") or len(flag) == 1 else {"-" + f for f in flag}
    return found


def examples(name):
    """The texts that the page displays among its examples."""
    section = page(name).read_text().partition(".Sh EXAMPLES")[2].partition(".Sh ")[0]
    displays = re.findall(r"\.Bd -literal[^\n]*\n(.*?)\.Ed", section, re.DOTALL)
    return [text.replace("\\e", "\\") for text in displays]


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("mandoc") is None:
            raise unittest.SkipTest("mandoc is not installed: run script/bootstrap --test")

    def test_lint(self):
        """mandoc has nothing to say against any page"""
        for name in PAGES:
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(page(name))],
                                  capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, ""), name)

    def test_sections(self):
        """every page has the sections that a reader looks for"""
        for name in PAGES:
            sections = re.findall(r"^\.Sh (.*)$", page(name).read_text(), re.MULTILINE)
            for wanted in ("NAME", "DESCRIPTION", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
                self.assertIn(wanted, sections, name)

    def test_no_list_left_out(self):
        """no place for a generated list is left in a page"""
        for name in PAGES:
            self.assertNotRegex(page(name).read_text(), r"(?m)^@", name)

    def test_deliver_options(self):
        """the options of pigeon-deliver and those in its page are the same"""
        offered = options_of_help(help_of(DELIVER))
        self.assertIn("--queue-id", offered)
        self.assertEqual(offered, documented_options("pigeon-deliver"))

    def test_commands(self):
        """the commands of a program and their options, and those in its page, are the same"""
        for name in ("pigeonctl", "pigeon-conformance"):
            with self.subTest(name):
                self.compare_commands(name)

    def test_new(self):
        """the arguments, kinds and options of pigeon-new and those in its page are the same"""
        shown = help_of(PREFIX / "bin" / "pigeon-new")
        self.assertIn("pigeon-new KIND NAME [DIRECTORY]", shown)
        text = page("pigeon-new").read_text()
        self.assertEqual(re.findall(r"^\.It Ar (\w+)$", text, re.MULTILINE), ["kind", "name", "directory"])
        kinds = re.search(r"(?m)^ +KIND +([a-z].*)$", shown)[1]
        self.assertEqual(re.findall(r"\w+", kinds.replace(" or ", " ")),
                         re.findall(r"^\.Cm (\w+)", text, re.MULTILINE))
        self.assertEqual(documented_options("pigeon-new"), {"--help", "--version"})
        command = [PREFIX / "bin" / "pigeon-new", "--version"]
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.assertRegex(version, r"^pigeon-new \d+\.\d+\.\d+\n$")

    def compare_commands(self, name):
        offered, commands = set(), []
        waiting = [[]]
        while waiting:
            command = waiting.pop()
            shown = help_of(PREFIX / "bin" / name, *command)
            offered |= options_of_help(shown)
            names = re.findall(r"^  ([a-z]+) ", shown.partition("Subcommands:")[2], re.MULTILINE)
            waiting += [[*command, each] for each in names]
            if not names:
                commands.append(" ".join(command))
        self.assertGreater(len(commands), 3)
        self.assertEqual(offered, documented_options(name))
        documented = re.findall(r"^\.It Cm ([a-z]+(?: [a-z]+)?)", page(name).read_text(), re.MULTILINE)
        self.assertEqual(sorted(commands), sorted(documented))

    def test_declarations(self):
        """every plugin, setting, class and attribute that the programs know stands in the page"""
        text = rendered("pigeon-plugins")
        with Site(domain=None) as site:
            plugins = [site.ctl_json("plugin", "show", p["name"])[0] for p in site.ctl_json("plugin", "list")]
            classes = site.ctl_json("schema", "json")[0]["classes"]
        self.assertGreater(len(plugins), 5)
        for plugin in plugins:
            self.assertIn(f"{plugin['name']} {plugin['summary']}", text)
            for setting in plugin["settings"]:
                self.assertIn(f"{setting['name']} {setting['meaning']} (", text)
        for declared in classes:
            self.assertIn(f"Class {declared['name']} ({declared['kind']}): {declared['meaning']}.", text)
            for attribute in declared["attributes"]:
                self.assertIn(f"{attribute['name']} {attribute['meaning']} (", text)

    def test_pages_of_plugins(self):
        """every setting of a plugin that has a page of its own stands there"""
        with Site(domain=None) as site:
            for name in sorted(set(PAGES) & {p["name"] for p in site.ctl_json("plugin", "list")}):
                for setting in site.ctl_json("plugin", "show", name)[0]["settings"]:
                    self.assertIn(f"{setting['name']} {setting['meaning']} (", rendered(name))

    def test_keys(self):
        """a key of the configuration that is in the page is known to the programs, and so is its default"""
        text = page("pigeon.json").read_text()
        parts = re.split(r"^\.Ss (?:Outermost keys|(\w+))$", text, flags=re.MULTILINE)
        item = re.compile(r"^\.It Cm ([a-z]\w+)\n.*\n\((.*)\)$", re.MULTILINE)
        tried = 0
        with Site(domain=None) as site:
            for part, text in zip(parts[1::2], parts[2::2]):
                for key, kind in item.findall(text.partition(".Sh")[0]):
                    value = kind.partition("by default ")[2]
                    name = f"{part}.{key}" if part else key
                    if value and name != "minimumUid":
                        site.ctl("-o", f'{name}="{value}"', "plugin", "list")
                        tried += 1
            refused = site.ctl("-o", "log.nonsense=1", "plugin", "list", check=False)
        self.assertGreater(tried, 7)
        self.assertIn("nonsense", refused.stderr)

    def test_examples(self):
        """the commands among the examples work, one after the other"""
        pages = ("pigeonctl", "pigeon-plugins", "pigeon-deliver")
        shown = [text for name in pages for text in examples(name)]
        commands = [text for text in shown if text.startswith(("pigeonctl ", "pigeon-deliver "))
                    and "mailbox move" not in text]  # there is no mailbox yet; tests/store moves many
        self.assertEqual(len(commands), 6)
        with Site(domain=None) as site, shell(site) as run:
            self.assertEqual(run(f"cat >message <<'END'\n{MESSAGE.decode()}END").returncode, 0)
            for text in commands:
                done = run(text)
                self.assertEqual(done.returncode, 0, f"{text}{done.stdout}{done.stderr}")
            self.assertEqual(len(list((site.base / "archive" / "alice" / "Maildir" / "new").iterdir())), 1)

    def test_example_of_the_configuration(self):
        """the configuration among the examples is accepted"""
        (text,) = examples("pigeon.json")
        with Site(domain=None) as site:
            site.write_configuration(text)
            site.ctl("-o", f"user={USER.pw_name}", "-o", "minimumUid=1", "plugin", "list")


if __name__ == "__main__":
    unittest.main()
