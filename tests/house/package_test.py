# SPDX-License-Identifier: MIT
"""The Debian packages: built, installed into a root of their own, and used there at /usr."""

import gzip
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from view import View

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PIGEON_BUILD", ROOT / "build" / "release"))
DEBIAN = ROOT / "cmake" / "debian"
NAMES = sorted(f.stem for f in DEBIAN.glob("*.cmake") if f.stem != "complete")
TOOLS = {"cpack": "cmake", "dpkg-shlibdeps": "dpkg-dev", "file": "file", "strip": "binutils"}

# What an administrator does first, and a delivery. "$@": options for every program.
DELIVER = r"""
set -e
for each in lib mail; do
  mount -t tmpfs -o mode=755 tmpfs "/var/$each"
  install -d -o vmail -g vmail -m 700 "/var/$each/pigeon"
done
pigeonctl "$@" init
pigeonctl "$@" domain add example.com
pigeonctl "$@" user add alice@example.com
pigeonctl "$@" check
printf 'Subject: x\n\nHello.\n' | pigeon-deliver "$@" -f bob@example.org -d alice@example.com
echo "== stored"
cat /var/mail/pigeon/example.com/alice/Maildir/new/*
"""

NEW = r"""
set -e
cd "$1"
pigeon-new mda mda-mine
cd mda-mine
cmake -G Ninja -B build
cmake --build build
ctest --test-dir build --output-on-failure
cmake --install build --prefix "$1/prefix"
plugins="[\"$1/prefix/lib/pigeon/plugins\", \"/usr/lib/pigeon/plugins\"]"
pigeonctl -o user=nobody -o minimumUid=1 -o plugins="$plugins" plugin show mda-mine
"""


def run(*command, **how):
    """Runs to the end; what it printed is the message of a failure."""
    how = {"capture_output": True, "text": True, "timeout": 1200, **how}
    done = subprocess.run(list(map(str, command)), check=False, **how)
    if done.returncode != 0:
        told = f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        raise AssertionError(f"{' '.join(map(str, command))}: {told}")
    return done.stdout


def setUpModule():
    global scratch, packages
    missing = sorted(package for tool, package in TOOLS.items() if shutil.which(tool) is None)
    if missing:
        raise unittest.SkipTest(f"{', '.join(missing)} not installed: run script/bootstrap --test")
    if not (BUILD / "CPackConfig.cmake").is_file():
        raise unittest.SkipTest(f"nothing is built in {BUILD}: cmake --workflow --preset release")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="pigeon-package.", dir="/var/tmp"))
    scratch.chmod(0o755)
    unittest.addModuleCleanup(shutil.rmtree, scratch, ignore_errors=True)
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", scratch / "packages", umask=0o022)
    packages = {file.name.partition("_")[0]: file for file in (scratch / "packages").glob("*.deb")}


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.contents = scratch / "contents"
        for name, package in packages.items():
            (cls.contents / name).mkdir(parents=True)
            run("dpkg-deb", "--extract", package, cls.contents / name)

    def test_every_package(self):
        """every component that is described becomes a package, if its plugins were built"""
        self.assertGreaterEqual(set(packages), {"pigeondeliver", "libpigeon-plugin-dev"})
        self.assertLessEqual(set(packages), set(NAMES))

    def test_dependencies(self):
        """a package depends on the libraries that its programs are linked with, or load when they need them"""
        wanted = {"pigeondeliver": {"libc6", "libidn2-0"}, "libpigeon-plugin-dev": {"libc6", "libelf1"},
                  "pigeondeliver-mysql": {"pigeondeliver", "libc6", "libgcc-s1", "libmysqlcppconn7v5", "libstdc++6"},
                  "pigeondeliver-ldap": {"pigeondeliver", "libc6", "libldap-2.5-0"}}
        for name, libraries in wanted.items():
            if name not in packages:
                continue  # test_every_package names those that must be there
            depends = run("dpkg-deb", "--field", packages[name], "Depends")
            self.assertEqual({each.split()[0] for each in depends.split(",")}, libraries)

    def test_lintian(self):
        """lintian has nothing against a package but what is overridden"""
        if shutil.which("lintian") is None:
            self.skipTest("lintian is not installed: run script/bootstrap --test")
        command = ["lintian", "--fail-on=error,warning", *packages.values()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_overrides(self):
        """what is overridden for lintian has a reason above it"""
        for file in DEBIAN.glob("*.lintian-overrides"):
            for group in re.split(r"(?<=\*\n)(?=#)", file.read_text()):
                self.assertRegex(group, r"\A(# .*\n)+(" + re.escape(file.stem) + r": .*\n)+\Z", file.name)

    def test_build_paths(self):
        """no file of a package tells where it was built"""
        seen = 0
        for file in sorted(self.contents.rglob("*")):
            if file.is_file() and not file.is_symlink():
                content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
                for place in {ROOT, BUILD, BUILD.resolve(), scratch}:
                    self.assertNotIn(str(place).encode(), content, file.relative_to(self.contents))
                seen += 1
        self.assertGreater(seen, 50)

    def test_conffile(self):
        """the configuration is a conffile, and nothing else is in /etc"""
        listed = run("dpkg-deb", "--info", packages["pigeondeliver"], "conffiles").split()
        self.assertEqual(listed, ["/etc/pigeon/pigeon.json"])
        found = [f for name in packages for f in (self.contents / name / "etc").rglob("*") if f.is_file()]
        self.assertEqual([f.name for f in found], ["pigeon.json"])

    def test_whose(self):
        """each file is in the package of those who need it"""
        for name, files in {
            "pigeondeliver": ("bin/pigeon-deliver", "bin/pigeonctl", "lib/pigeon/plugins/mda-maildir.so",
                              "lib/pigeon/plugins/mda-lmtp.so", "share/man/man5/mda-lmtp.5.gz",
                              "lib/pigeon/plugins/mda-sqlite.so", "share/man/man5/mda-sqlite.5.gz",
                              "lib/pigeon/plugins/mda-maildir.so", "share/man/man5/mda-maildir.5.gz",
                              "share/man/man5/pigeon.json.5.gz", "share/man/man7/pigeon-plugins.7.gz",
                              "share/man/man8/pigeonctl.8.gz"),
            "libpigeon-plugin-dev": ("bin/pigeon-conformance", "bin/pigeon-new", "share/pkgconfig/pigeon-plugin.pc",
                                     "include/pigeon/abi/plugin.h", "include/pigeon/testing/fake_host.hpp",
                                     "lib/cmake/PigeonDeliver/PigeonDeliverConfig.cmake",
                                     "share/man/man1/pigeon-new.1.gz", "share/pigeon/new/tests.cmake",
                                     "share/pigeon/example/mda-plain/plugin.cpp"),
            "pigeondeliver-mysql": ("lib/pigeon/plugins/datatree-sql.so", "share/man/man5/datatree-sql.5.gz",
                                    "lib/pigeon/plugins/mda-sql.so", "share/man/man5/mda-sql.5.gz"),
            "pigeondeliver-ldap": ("lib/pigeon/plugins/datatree-ldap.so", "share/man/man5/datatree-ldap.5.gz"),
        }.items():
            for file in files if name in packages else ():
                self.assertTrue((self.contents / name / "usr" / file).is_file(), f"{name}: {file}")
                for other in set(packages) - {name}:
                    self.assertFalse((self.contents / other / "usr" / file).exists(), f"{other}: {file}")


class Installed(unittest.TestCase):
    """In a root that dpkg has installed the packages into, laid over the machine's."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("a root of one's own needs root")
        cls.root = scratch / "root"
        for directory in ("updates", "info", "triggers"):
            (cls.root / "var/lib/dpkg" / directory).mkdir(parents=True)
        (cls.root / "var/lib/dpkg/status").touch()
        # What they depend on is the machine's, which this root's dpkg cannot see.
        run("dpkg", f"--root={cls.root}", "--force-depends", "--install", *packages.values())
        cls.view = cls.enterClassContext(View(str(cls.root), users={"vmail": 4711}))

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="work.", dir=scratch))
        self.work.chmod(0o755)

    def run_here(self, script, *arguments):
        return run(*self.view.command(["sh", "-c", script, "sh", *arguments]), umask=0o022)

    def test_delivery(self):
        """what is installed delivers a message, as it is configured when it was just installed"""
        stored = self.run_here(DELIVER).partition("== stored\n")[2]
        self.assertTrue(stored.startswith("Return-Path: <bob@example.org>\n"), stored)
        self.assertTrue(stored.endswith("Subject: x\n\nHello.\n"), stored)

    def test_new_plugin(self):
        """a new plugin is built, checked up to level 4 and installed with nothing of ours but the packages"""
        printed = self.run_here(NEW, self.work)
        self.assertIn("100% tests passed", printed)
        self.assertIn(f"{self.work}/prefix/lib/pigeon/plugins/mda-mine.so", printed)

    def test_selftest(self):
        """the installed pigeon-conformance finds the plugins that it proves itself on"""
        self.run_here("pigeon-conformance selftest --filter MDA-02")

    def test_plugins_of_the_tree(self):
        """the plugins of the tree build against the package alone, and deliver a message"""
        built = self.work / "build"
        build = 'cmake -G Ninja -S "$1" -B "$2" -DCMAKE_BUILD_TYPE=Debug && cmake --build "$2"'
        self.run_here(build, ROOT / "plugins", built)
        plugins = self.work / "plugins"
        plugins.mkdir(mode=0o755)
        for file in built.glob("*/*.so"):
            shutil.copyfile(file, plugins / file.name)
        installed = {f.name for f in (self.root / "usr/lib/pigeon/plugins").iterdir()}
        self.assertEqual({f.name for f in plugins.iterdir()}, installed)
        stored = self.run_here(DELIVER, "-o", f'plugins=["{plugins}"]').partition("== stored\n")[2]
        self.assertTrue(stored.endswith("Subject: x\n\nHello.\n"), stored)


if __name__ == "__main__":
    unittest.main()
