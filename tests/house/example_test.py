# SPDX-License-Identifier: MIT
"""The example plugins, built outside of this tree against what is installed, in the real host."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from example_builds import EXAMPLES, SOURCES, ExampleBuilds, run
from pigeon_site import MESSAGE, PLUGINS, PREFIX, Site, without_prefix

KINDS = {"datatree": "datatree", "mda": "MDA", "creator": "creator"}
builds = None


def setUpModule():
    global builds
    builds = ExampleBuilds().__enter__()
    unittest.addModuleCleanup(builds.__exit__)


class ExampleSite(Site):
    """A site whose mail is stored by one of the example MDAs, and allocated by the example creator."""

    def __init__(self, mda="mda-plain", settings=None):
        self.mda = mda
        changes = {
            "plugins": [str(builds.plugins), str(PLUGINS)],
            "mailStore": {"mda": mda, "creator": "creator-first"},
            "mda-maildir": None,
            **(settings or {}),
        }
        super().__init__(changes)

    def configure(self, settings):
        super().configure({self.mda: {"base": str(self.base)}, **settings})

    def stored(self):
        """The messages of alice; what begins with "." is the format's own."""
        files = sorted(f for f in self.home().iterdir() if not f.name.startswith("."))
        return [f.read_bytes() for f in files]


class Build(unittest.TestCase):
    def test_installed_package(self):
        """each example builds against the installed package and is taken by the host for what it is"""
        self.assertGreaterEqual(len(EXAMPLES), 6)
        with ExampleSite() as site:
            for name in EXAMPLES:
                with self.subTest(name):
                    shown = site.ctl_json("plugin", "show", name)[0]
                    self.assertEqual(shown["name"], name)
                    self.assertEqual(shown["kind"], KINDS.get(name.split("-")[0], "module"))
                    self.assertEqual(pathlib.Path(shown["path"]).parent, builds.plugins)

    def test_pkg_config(self):
        """a plugin in C builds with a compiler and pkg-config alone"""
        environment = {**os.environ, "PKG_CONFIG_PATH": str(PREFIX / "share" / "pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "pigeon-plugin", env=environment)
        target = builds.root / "mda-plain-c.so"
        source = SOURCES / "mda-plain-c" / "plugin.c"
        run("sh", "-c", f'cc -std=c11 -o "$1" "$2" {flags}', "sh", str(target), str(source))
        builds.take(target)
        with ExampleSite("mda-plain-c") as site:
            self.assertEqual(site.deliver().exit, 0)
            self.assertEqual([without_prefix(m) for m in site.stored()], [MESSAGE])

    def project(self, add, source=""):
        """A project of its own with one plugin; answers the steps of its build, as commands."""
        root = pathlib.Path(tempfile.mkdtemp(prefix="project.", dir=builds.root))
        (root / "plugin.cpp").write_text((SOURCES / "mda-plain" / "plugin.cpp").read_text() + source)
        (root / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(mine LANGUAGES CXX)\n"
                                             f"find_package(PigeonDeliver 0.1 REQUIRED)\n{add}\n")
        configure = ["cmake", "-S", str(root), "-B", str(root / "build"), f"-DCMAKE_PREFIX_PATH={PREFIX}"]
        return configure, ["cmake", "--build", str(root / "build")]

    def test_arguments(self):
        """pigeon_add_plugin takes the kind as well, and refuses one that the name denies, or a misspelt argument"""
        configure, build = self.project("pigeon_add_plugin(mda-plain KIND mda SOURCES plugin.cpp)")
        run(*configure)
        run(*build)
        for add, words in (
            ("pigeon_add_plugin(mda-plain KIND module SOURCES plugin.cpp)", "of kind mda, not module"),
            ("pigeon_add_plugin(mailPlain KIND mda SOURCES plugin.cpp)", "of kind module, not mda"),
            ("pigeon_add_plugin(mda-plain SOURCE plugin.cpp)", "not understood: SOURCE;plugin.cpp"),
            ("pigeon_add_plugin(mda-plain)", "no SOURCES"),
            ("pigeon_add_conformance(mda-plain LEVLE 4)", "not understood: LEVLE;4"),
        ):
            with self.subTest(add):
                configure, _ = self.project(add)
                done = subprocess.run(configure, capture_output=True, text=True, check=False, timeout=300)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, " ".join(done.stderr.split()))

    @unittest.skipUnless(shutil.which("clang++"), "clang is not installed")
    def test_static_constructor(self):
        """where the compiler can tell of a static constructor in a plugin, it does"""
        for source, is_told in (("\nstatic std::vector<int> numbers(3);\n", True), ("", False)):
            configure, build = self.project("pigeon_add_plugin(mda-plain SOURCES plugin.cpp)", source)
            run(*configure, "-DCMAKE_CXX_COMPILER=clang++")
            done = subprocess.run(build, capture_output=True, text=True, check=True, timeout=300)
            self.assertEqual("[-Wglobal-constructors]" in done.stdout + done.stderr, is_told, done)

    def test_one_exported_symbol(self):
        """a plugin exports its descriptor and nothing else"""
        for name in EXAMPLES:
            with self.subTest(name):
                lines = run("nm", "-D", "--defined-only", str(builds.plugins / f"{name}.so")).splitlines()
                self.assertEqual([line.split()[-1] for line in lines], ["pigeon_plugin_v0"])

    def test_short(self):
        """the MDA that only stores mail is under 40 lines, and the headers say all that it needs"""
        lines = (SOURCES / "mda-plain" / "plugin.cpp").read_text(encoding="utf-8").splitlines()
        self.assertLess(len(lines), 40)


class Mda(unittest.TestCase):
    def each(self):
        for mda in ("mda-plain", "mda-plain-c"):
            with self.subTest(mda), ExampleSite(mda) as site:
                yield site

    def test_delivery(self):
        """a message goes through the host into an example's mailbox, once per queue id"""
        for site in self.each():
            for queue_id in ("A1", "A1", "A2"):
                self.assertEqual(site.deliver(queue_id=queue_id).exit, 0)
            self.assertEqual([without_prefix(m) for m in site.stored()], [MESSAGE] * 2)

    def test_no_queue_id(self):
        """without a queue id, an equal message is another one"""
        for site in self.each():
            for _ in range(3):
                self.assertEqual(site.deliver().exit, 0)
            self.assertEqual([without_prefix(m) for m in site.stored()], [MESSAGE] * 3)

    def test_large(self):
        """a message of 20 MB is stored to the byte"""
        large = b"Subject: large\n\n" + random.Random(1).randbytes(20_000_000)
        for site in self.each():
            self.assertEqual(site.deliver(message=large).exit, 0)
            self.assertTrue(without_prefix(site.stored()[0]) == large)

    def test_gone(self):
        """a mailbox that has vanished is never made anew: the mail waits"""
        for site in self.each():
            self.assertEqual(site.deliver().exit, 0)
            shutil.rmtree(site.home())
            done = site.deliver()
            self.assertEqual(done.exit, 75)
            self.assertFalse(site.home().exists())

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_killed(self):
        """killed at any system call of the storing: after the retry the message is there once, whole"""
        # The flush of the content, the name, the flush of the name, and the rename without a queue id.
        points = [("fsync", 1, "Q"), ("linkat", 1, "Q"), ("fsync", 2, "Q"), ("renameat", 1, None)]
        for site in self.each():
            self.assertEqual(site.deliver(message=b"Subject: first\n\n").exit, 0)
            for call, nth, queue_id in points:
                with self.subTest(call=call, nth=nth):
                    message = f"Subject: {call} {nth}\n\n".encode()
                    trace = ["strace", "-f", "-qq", "-o", "/dev/null"]
                    trace += ["-e", f"inject={call}:signal=KILL:when={nth}"]
                    queue_id = queue_id and f"{queue_id}{call}{nth}"
                    command = site.command("alice@example.com", queue_id=queue_id)
                    killed = site.run(trace + command, message)
                    self.assertEqual(killed.exit, 75)
                    self.assertLessEqual(sum(m.endswith(message) for m in site.stored()), 1)
                    done = site.run(command, message)
                    self.assertEqual(done.exit, 0)
                    self.assertEqual(sum(m.endswith(message) for m in site.stored()), 1)
            self.assertEqual(len(site.stored()), 1 + len(points))


class Module(unittest.TestCase):
    def test_limit(self):
        """the example module refuses a large message for its size, where its object says so"""
        with ExampleSite(settings={"modules": ["mailUsers", "mailLimit", "mailStore"]}) as site:
            large = MESSAGE + b"x" * 2000
            self.assertEqual(site.deliver(message=large).exit, 0)
            site.ctl("tree", "set", "/example.com/mailLimit", "largestMessage=1k")
            self.assertEqual(site.deliver().exit, 0)
            refused = site.deliver(message=large)
            self.assertEqual((refused.exit, refused.stderr), (65, "5.3.4 message too large\n"))
            self.assertEqual(len(site.stored()), 2)


def word(value):
    """As datatree-lines writes a value."""
    return urllib.parse.quote(value, safe="/@:+~")


def lines_of(exported):
    """The text of a tree for datatree-lines, of what `pigeonctl tree export` printed."""
    lines = ["/ mailRoot tree=example"]
    for text in exported.splitlines():
        thing = json.loads(text)
        words = [thing["path"], thing["class"]] + ["+" + name for name in thing.get("auxiliary", [])]
        for name, values in thing.get("attributes", {}).items():
            words += [f"{name}={word(value)}" for value in (values if isinstance(values, list) else [values])]
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


def json_of(exported):
    """The same for datatree-json."""
    root = {"path": "/", "class": "mailRoot", "attributes": {"tree": "example"}}
    return json.dumps([root, *map(json.loads, exported.splitlines())])


class Datatree:
    """What each example datatree does with mail; `datatree`: its name, `text_of`: of what was exported, its text."""

    def setUp(self):
        self.site = ExampleSite().__enter__()
        self.addCleanup(self.site.__exit__)
        self.assertEqual(self.site.deliver().exit, 0)
        self.file = self.site.root / "tree"
        self.text = self.text_of(self.site.ctl("tree", "export").stdout)
        self.file.write_text(self.text, encoding="utf-8")
        self.file.chmod(0o644)
        self.site.configure({"datatree": self.datatree, self.datatree: {"file": str(self.file)}})
        self.site.configure({"datatree-sqlite": None})

    def test_delivery(self):
        """a user of a tree in a file gets mail into the mailbox that is allocated there"""
        self.assertEqual(self.site.deliver(message=b"Subject: second\n\n").exit, 0)
        self.assertEqual(len(self.site.stored()), 2)
        self.assertEqual(self.site.deliver("bob@example.com").exit, 67)
        self.assertEqual(self.site.deliver("alice@example.net").exit, 67)

    def test_cut_off(self):
        """from a tree that is cut off, nobody is unknown: the mail waits"""
        for text in ("", self.text[: len(self.text) // 2], self.text[:-1]):
            self.file.write_text(text, encoding="utf-8")
            for recipient in ("alice@example.com", "bob@example.com", "alice@example.net"):
                with self.subTest(len(text), recipient=recipient):
                    self.assertEqual(self.site.deliver(recipient).exit, 75)


class Lines(Datatree, unittest.TestCase):
    datatree = "datatree-lines"
    text_of = staticmethod(lines_of)


class Json(Datatree, unittest.TestCase):
    datatree = "datatree-json"
    text_of = staticmethod(json_of)


if __name__ == "__main__":
    unittest.main()
