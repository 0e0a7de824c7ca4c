# SPDX-License-Identifier: MIT
"""Whoever could change the configuration, a plugin or a directory above them could run what he likes as the mail's user:
such a set-up is refused in words."""

import os
import re
import shlex
import shutil
import unittest

from pigeon_site import AS_ROOT, PLUGINS, USER, Site
from verdicts import Verdicts

TROUBLE = "4.3.5 mail system trouble; it will be tried again"


class Trust(unittest.TestCase, Verdicts):
    def setUp(self):
        self.site = self.enterContext(Site())
        self.above = self.site.root / "lib"
        self.plugins = self.above / "plugins"
        self.plugins.mkdir(parents=True)
        self.above.chmod(0o755)
        self.plugins.chmod(0o755)
        for plugin in PLUGINS.glob("*.so"):
            shutil.copy(plugin, self.plugins)
            (self.plugins / plugin.name).chmod(0o644)
        self.site.configure({"plugins": [str(self.plugins)]})

    def expect_refusal(self, path, why, remedy=None):
        """Deferred; the record and pigeonctl check name the path, what is wrong with it and what to do."""
        done = self.site.deliver()
        self.assertEqual((done.exit, done.stdout, done.stderr), (75, b"", TROUBLE + "\n"))
        if done.records:  # the log is known only once the configuration is
            self.assertIn(f"{path} {why}", done.record["detail"])
            if remedy:
                self.assertEqual(done.record["remedy"], remedy)
        checked = self.site.ctl("check", check=False)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f"{path} {why}", checked.stdout + checked.stderr)
        if remedy:
            self.assertIn(f"to mend it: {remedy}\n", checked.stdout + checked.stderr)

    def test_as_it_should_be(self):
        """below a sticky directory, and with directories that nobody else may write to, all is well"""
        self.assert_delivered(self.site.deliver())
        self.above.chmod(0o1777)
        self.assert_delivered(self.site.deliver())
        self.site.ctl("check")

    def test_writable(self):
        """what a group or the world may write to is refused: plugins, configuration, and directories above"""
        for path in (self.plugins / "mailUsers.so", self.plugins, self.above, self.site.configuration, self.site.root):
            mode = path.stat().st_mode & 0o7777
            for more, word in ((0o020, "group-writable"), (0o002, "world-writable"), (0o022, "world-writable")):
                with self.subTest(path=path.name, more=oct(more)):
                    path.chmod(mode | more)
                    self.expect_refusal(path, f"is {word}", f"chmod go-w {shlex.quote(str(path))}")
                    path.chmod(mode)
                    self.assert_delivered(self.site.deliver())

    def test_links(self):
        """a plugin or a configuration that is a link is refused"""
        for path in (self.plugins / "mailStore.so", self.site.configuration):
            with self.subTest(path=path.name):
                kept = path.rename(path.with_name(f"kept.{path.name}.x"))
                path.symlink_to(kept)
                self.expect_refusal(path, "is a symbolic link", "put the file itself there")
                path.unlink()
                kept.rename(path)

    def test_link_above(self):
        """a directory that is a link is followed, and what it leads to is looked at"""
        link = self.site.root / "link"
        link.symlink_to(self.above)
        self.site.configure({"plugins": [str(link / "plugins")]})
        self.assert_delivered(self.site.deliver())
        self.above.chmod(0o775)
        self.expect_refusal(self.above, "is group-writable")

    def test_not_regular(self):
        """what is no regular file is refused, and holds nobody up"""
        plugin = self.plugins / "mailStore.so"
        plugin.unlink()
        os.mkfifo(plugin)
        plugin.chmod(0o644)
        self.expect_refusal(plugin, "is not a regular file")
        plugin.unlink()
        plugin.mkdir()
        plugin.chmod(0o755)
        self.expect_refusal(plugin, "is not a regular file")

    @unittest.skipUnless(AS_ROOT, "only root can give a file away")
    def test_owner(self):
        """what belongs to somebody else is refused; what belongs to the user that delivers is not"""
        stranger = 12345
        for path in (self.plugins / "mailUsers.so", self.plugins, self.above):
            with self.subTest(path=path.name):
                os.chown(path, stranger, 0)
                self.expect_refusal(path, f"belongs to uid {stranger}", f"chown root {shlex.quote(str(path))}")
                os.chown(path, USER.pw_uid, 0)
                self.assert_delivered(self.site.deliver())
                os.chown(path, 0, 0)
        os.chown(self.site.configuration, stranger, 0)
        self.expect_refusal(self.site.configuration, f"belongs to uid {stranger}", f"chown root {shlex.quote(str(self.site.configuration))}")

    def test_wrong_kind(self):
        """a plugin of one kind is never used as one of another, also where it is loaded already"""
        for settings, what in (({"mailStore": {"mda": "datatree-sqlite"}}, "datatree-sqlite as an MDA: it is a datatree"),
                               ({"mailStore": {"mda": "mailUsers"}}, "mailUsers as an MDA: it is a module"),
                               ({"mailStore": {"mda": "creator-lock"}}, "creator-lock as an MDA: it is a creator"),
                               ({"mailStore": {"creator": "mda-maildir"}}, "mda-maildir as a creator: it is an MDA"),
                               ({"datatree": "mailStore"}, "mailStore as a datatree: it is a module")):
            with self.subTest(settings=settings):
                kept = dict(self.site.settings)
                self.site.configure(settings)
                done = self.site.deliver()
                self.assert_not_delivered(done, 75, TROUBLE, self.site)
                self.assertIn(what, done.record["detail"])
                self.assertEqual(done.record["remedy"], f"name {re.search(r'as (.*?):', what)[1]} there")
                self.site.settings = kept
                self.site.configure({})
        self.assertFalse(self.site.home().exists())

    def test_names_are_no_paths(self):
        """a name in the tree or in the configuration never becomes a path of a plugin"""
        for name in ("../plugins/mailStore", "/etc/passwd", "mailStore.so", "mda-maildir/../mda-maildir", "", "mda maildir"):
            with self.subTest(name=name):
                self.site.configure({"mailStore": {"mda": name}} if name else {"modules": ["mailUsers", ""]})
                done = self.site.deliver()
                self.assertEqual((done.exit, done.stderr), (75, TROUBLE + "\n"))
        self.assertEqual(self.site.files(), [])


if __name__ == "__main__":
    unittest.main()
