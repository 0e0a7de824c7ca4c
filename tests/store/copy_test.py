# SPDX-License-Identifier: MIT
"""Mail goes out of a mailbox by export, and comes in from mailboxes that other programs have made."""

import mailbox
import os
import random
import shutil
import subprocess
import unittest

import tracing
from pigeon_site import AS_ROOT, CTL, MESSAGE, TREE, USER, Site, without_prefix
from scene import SEED
from store_site import TWIN, StoreSite

ALICE = "alice@example.com"
MAILDIR = "mda-maildir"


def message(number):
    return MESSAGE.replace(b"a message", b"message %d" % number)


class Copy(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(StoreSite())

    def ctl(self, *arguments, check=True):
        return self.site.ctl("mailbox", *arguments, check=check)

    def fill(self, *numbers, **how):
        for number in numbers:
            self.assertEqual(self.site.deliver(message=message(number), queue_id=f"Q{number}", **how).exit, 0)

    def foreign(self):
        """A Maildir as Python's library makes it: three messages, two of them equal, and one in a folder."""
        path = self.site.root / "foreign"
        made = mailbox.Maildir(path)
        for number, flags in ((0, ""), (1, "FS"), (1, "R")):
            each = mailbox.MaildirMessage(message(number))
            each.set_date(1_000_000_000 + number)
            if flags:
                each.set_subdir("cur")
                each.set_flags(flags)
            made.add(each)
        made.add_folder("Sent").add(mailbox.MaildirMessage(message(2)))
        for file in path.rglob("*"):  # what a library writes through is not what another program sees
            os.utime(file, (1_000_000_000, 1_000_000_000))
        if AS_ROOT:
            subprocess.run(["chown", "-R", f"{USER.pw_uid}:{USER.pw_gid}", str(path)], check=True)
        return path

    def imported(self):
        return sorted(self.site.texts())

    def test_import(self):
        """what another program has made comes in with its folders, marks and dates, and is not touched"""
        path = self.foreign()
        before = self.site.everything(path)
        done = self.ctl("import", ALICE, str(path))
        self.assertIn("4 messages: INBOX (3), Sent (1)", done.stdout)
        self.assertIn("4 messages imported", done.stdout)
        self.assertEqual(self.site.everything(path), before)
        self.assertEqual(self.imported(), sorted(message(n) for n in (0, 1, 1, 2)))
        held = self.site.held()
        self.assertEqual(sorted(row[:2] for row in held),
                         [("INBOX", ()), ("INBOX", ("answered",)), ("INBOX", ("seen", "flagged")), ("Sent", ())])
        came = sorted(int(f.name.split(".")[0]) for f in path.rglob("*/*") if f.is_file() and f.parent.name in ("new", "cur"))
        self.assertEqual(sorted(row[2] for row in held), came)
        self.assertEqual(self.site.deliver().exit, 0)

    def test_import_again(self):
        """an import that is repeated, after it was killed or after messages were deleted there, stores nothing twice"""
        path = self.foreign()
        where = random.Random(SEED).randrange(1, 4)
        command = [str(CTL), *self.site.common_arguments(), "mailbox", "import", ALICE, str(path)]
        inject = f"inject=renameat:signal=KILL:when={where}"
        traced = [tracing.strace(), "-f", "-o", "/dev/null", "-e", "trace=renameat", "-e", inject]
        done = subprocess.run(traced + command, capture_output=True, check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.ctl("import", ALICE, str(path))
        self.assertEqual(self.imported(), sorted(message(n) for n in (0, 1, 1, 2)))
        next((path / "new").iterdir()).unlink()
        for written in (str(path / "..") + "/foreign", f"{path}/"):
            done = self.ctl("import", ALICE, written)
            self.assertIn("0 messages imported, 3 were there already", done.stdout)
        self.assertEqual(len(self.imported()), 4)

    def test_import_of_a_copy(self):
        """a copy that stands elsewhere, and is of another day, brings in only what the first had not"""
        path = self.foreign()
        self.ctl("import", ALICE, str(path))
        copy = self.site.root / "of-another-day"
        shutil.copytree(path, copy, copy_function=shutil.copy2)
        mailbox.Maildir(copy).add(mailbox.MaildirMessage(message(1)))
        mailbox.Maildir(copy).add(mailbox.MaildirMessage(message(3)))
        subprocess.run(["chown", "-R", f"--reference={path}", str(copy)], check=True)
        done = self.ctl("import", ALICE, str(copy))
        self.assertIn("2 messages imported, 4 were there already", done.stdout)
        self.assertEqual(self.imported(), sorted(message(n) for n in (0, 1, 1, 1, 2, 3)))

    def test_import_past_quota(self):
        """no quota keeps out what is imported, and it counts"""
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "quotaMessages=2")
        self.ctl("import", ALICE, str(self.foreign()))
        self.assertEqual(self.site.deliver().exit, 75)
        self.assertIn("4 of 2 messages", self.ctl("quota", ALICE).stdout)

    def test_refused(self):
        """what cannot be read, or is no mailbox, is told, and no mailbox is made for it"""
        (self.site.root / "empty").mkdir()
        for path, said in (("/nonexistent", "there is no Maildir"), (str(self.site.root / "empty"), "there is no Maildir")):
            done = self.ctl("import", ALICE, path, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)
            self.assertEqual(self.site.allocation(), {})
        done = self.ctl("import", ALICE, str(self.site.configuration), check=False)
        self.assertIn(f"import from {self.site.configuration} as {MAILDIR}: ", done.stderr)
        self.assertIn("add --from MDA", done.stderr)
        done = self.ctl("export", ALICE, str(self.site.root / "x"), check=False)
        self.assertIn("there is none yet", done.stderr)
        self.fill(1)
        done = self.ctl("export", ALICE, str(self.site.state), "--as", "mda-nope", check=False)
        self.assertIn("there is no such plugin", done.stderr)

    def test_into_itself(self):
        """a mailbox is neither exported nor imported into itself"""
        self.fill(0)
        (self.site.root / "link").symlink_to(self.site.base)
        (self.site.root / "own").symlink_to(self.site.maildir())
        maildir = str(self.site.maildir())
        for command in (["export", ALICE, str(self.site.root / "link")], ["export", ALICE, f"{self.site.base}/"],
                        ["import", ALICE, str(self.site.home())], ["import", ALICE, maildir], ["import", ALICE, f"{maildir}/"],
                        ["import", ALICE, str(self.site.root / "own")]):
            done = self.ctl(*command, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("that is where its mail is", done.stderr)
        self.assertEqual(len(self.site.held()), 1)

    def test_export(self):
        """an export holds what the mailbox holds, and a second one brings in what came since"""
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "createFolders=TRUE")
        self.fill(0, 1)
        self.fill(2, extra=["-m", "Work"])
        file = self.site.files()[0]
        file.rename(file.parents[1] / "cur" / f"{file.name}:2,S")
        into = self.site.directory("exported")
        done = self.ctl("export", ALICE, str(into))
        self.assertIn(f"3 messages exported to {into}", done.stdout)
        self.assertIn(f"`pigeonctl mailbox adopt --id {self.site.allocation()['id']} {ALICE}` takes it over", done.stdout)
        held = self.site.held()
        self.fill(3)
        self.assertIn("1 message exported", self.ctl("export", ALICE, str(into)).stdout)
        made = mailbox.Maildir(into / "example.com" / "alice" / "Maildir", create=False)
        found = {without_prefix(made.get_bytes(key)): made[key].get_flags() for key in made.keys()}
        self.assertEqual(found, {message(0): "S", message(1): "", message(3): ""})
        self.assertEqual([without_prefix(f.as_bytes()) for f in made.get_folder("Work")], [message(2)])
        self.assertEqual((len(self.site.held()), len(held)), (4, 3))

    @unittest.skipIf(TREE, "one tree of each kind will do")
    def test_export_is_adopted(self):
        """an export is a base of its own: another site adopts the mailbox in it, and goes on delivering to it"""
        self.fill(0, 1)
        into = self.site.directory("exported")
        told = self.site.ctl_json("mailbox", "export", ALICE, str(into))[-1]
        self.assertEqual((told["messages"], told["mda"]), (2, MAILDIR))
        with Site() as other:
            shutil.rmtree(other.base)
            shutil.copytree(into, other.base, copy_function=shutil.copy2)
            subprocess.run(["chown", "-R", f"--reference={into}", str(other.base)], check=True)
            refused = other.ctl("mailbox", "adopt", ALICE, check=False)
            self.assertIn(f"it is stamped with allocation {told['id']}", refused.stderr)
            other.ctl("mailbox", "adopt", ALICE, "--id", told["id"])
            self.assertEqual(other.deliver(message=message(2)).exit, 0)
            self.assertEqual(sorted(other.bodies()), sorted(message(n) for n in range(3)))

    def test_other_format(self):
        """an export as another format is imported from that, and nothing changed on the way"""
        self.fill(0, 1, 2)
        texts = self.site.texts()
        into = self.site.directory("exported")
        self.ctl("export", ALICE, str(into), "--as", TWIN)
        self.site.ctl("user", "add", "bob@example.com")
        home = into / "example.com" / "alice"
        self.ctl("import", "bob@example.com", str(home), "--from", TWIN)
        self.assertEqual(self.site.texts("bob@example.com"), texts)

    def test_quota(self):
        """how full a mailbox is, as noted and as counted"""
        self.fill(0, 1)
        rows = self.site.ctl_json("mailbox", "quota", ALICE)
        size = sum(f.stat().st_size for f in self.site.files())
        self.assertEqual(rows, [{"bytes": size, "bytesLimit": 0, "messages": 2, "messagesLimit": 0}])
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "quotaBytes=1M")
        self.fill(2)
        file = self.site.maildir() / "maildirsize"
        file.write_text(f"{1 << 20}S\n7 1\n")
        self.assertEqual(self.ctl("quota", ALICE).stdout, f"7 of {1 << 20} bytes\n1 message\n")
        counted = f"{size // 2 * 3} of {1 << 20} bytes\n3 messages\n"
        self.assertEqual(self.ctl("quota", "--recount", ALICE).stdout, counted)
        self.assertEqual(self.ctl("quota", ALICE).stdout, counted)


if __name__ == "__main__":
    unittest.main()
