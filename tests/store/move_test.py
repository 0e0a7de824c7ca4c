# SPDX-License-Identifier: MIT
"""A mailbox is moved from one storage format into another: while mail arrives, and whoever is killed when."""

import concurrent.futures
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import tracing
from move_scene import ALICE, MAILDIR, MoveScene, message
from pigeon_site import CTL, without_prefix
from scene import Wrong, expect, in_turn
from store_site import TWIN, StoreSite


class Move(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(StoreSite())

    def ctl(self, *arguments, check=True):
        return self.site.ctl("mailbox", *arguments, check=check)

    def fill(self, count, **how):
        for number in range(count):
            self.assertEqual(self.site.deliver(message=message(number), queue_id=f"Q{number}", **how).exit, 0)

    def mark(self, file, flags):
        file.rename(file.parents[1] / "cur" / f"{file.name}:2,{flags}")

    def test_there_and_back(self):
        """folders, marks, dates and bytes stay the same in every format, and back again"""
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "createFolders=TRUE")
        self.fill(3)
        self.fill(2, extra=["-m", "Work/Reports"])
        self.assertEqual(self.site.deliver(message=b"a\r\nnul\0\xff no end", extra=["-m", "B\u00fcro"]).exit, 0)
        self.mark(self.site.files()[0], "FS")
        self.mark(self.site.files(folder=".Work.Reports")[0], "RST")
        old = self.site.files()[-1]
        old.rename(old.with_name("1000000000" + old.name[old.name.index(".") :]))
        held, texts = self.site.held(), self.site.texts()
        self.assertEqual({row[1] for row in held}, {(), ("seen", "flagged"), ("seen", "answered", "deleted")})
        for mda in (TWIN, MAILDIR):
            with self.subTest(mda):
                done = self.ctl("move", ALICE, mda)
                self.assertIn(f"6 messages moved; mail for {ALICE} goes into {mda} from now on", done.stdout)
                self.assertIn("Each folder is made in", done.stdout)
                self.assertEqual((self.site.held(), self.site.texts()), (held, texts))
                self.ctl("purge", "--retired", "--yes", ALICE)
                self.assertEqual(self.site.others(), [])
        done = self.ctl("move", ALICE, TWIN, "--purge")
        self.assertEqual((self.site.others(), self.site.home().exists()), ([], False))
        self.assertEqual((self.site.held(), self.site.texts()), (held, texts))

    def test_afterwards(self):
        """mail goes into the new mailbox, retries of what is there store nothing, and the old one is kept and shown"""
        self.fill(2)
        before = self.site.allocation()["id"]
        self.ctl("move", ALICE, TWIN)
        self.fill(3)
        self.assertEqual(len(self.site.held()), 3)
        rows = self.site.ctl_json("mailbox", "list", "--messages", ALICE)
        kept = [row for row in rows if "mailbox" in row]
        self.assertEqual({(r["mailbox"], r["mda"], r["state"]) for r in kept}, {(before, MAILDIR, "moved out of")})
        self.assertEqual(len(kept), 2)
        for command in (["user", "remove", ALICE], ["mailbox", "move", ALICE, MAILDIR]):
            done = self.site.ctl(*command, check=False)
            self.assertEqual((done.returncode, len(self.site.held())), (1, 3), command)
        self.assertIn(f"pigeonctl mailbox purge --retired {ALICE}", done.stderr)
        self.ctl("purge", "--yes", ALICE)
        done = self.site.ctl("user", "remove", ALICE, check=False)
        self.assertIn(f"`pigeonctl mailbox purge --retired {ALICE}`", done.stderr)
        self.assertEqual(len(list(self.site.maildir().rglob("new/*"))), 2)
        self.ctl("purge", "--retired", "--yes", ALICE)
        self.site.ctl("user", "remove", ALICE)
        self.assertFalse(self.site.home().exists())

    def test_catch_all(self):
        """a catch-all is moved too, and its domain is not removed while the old mailbox is kept"""
        self.site.ctl("tree", "set", "/example.com", "acceptUnknown=TRUE")
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 0)
        self.ctl("move", "@example.com", TWIN)
        self.assertEqual(self.site.deliver("nobody@example.com").exit, 0)
        self.assertEqual(len(self.site.held("@example.com")), 2)
        self.site.ctl("user", "remove", ALICE)
        done = self.site.ctl("domain", "remove", "example.com", check=False)
        self.assertIn("`pigeonctl mailbox purge --retired @example.com`", done.stderr)
        self.ctl("purge", "--retired", "--yes", "@example.com")
        self.site.ctl("domain", "remove", "example.com")

    def test_refused(self):
        """what cannot be moved stays as it is, and mail goes on"""
        self.assertIn("there is none yet", self.ctl("move", ALICE, TWIN, check=False).stderr)
        self.fill(1)
        (self.site.bases[TWIN] / "example.com").mkdir(mode=0o700)
        occupied = self.site.bases[TWIN] / "example.com" / "alice" / "Maildir"
        for command in (["mkdir", "-m", "700", "-p", str(occupied.parent)], ["mkdir", "-m", "700", str(occupied)]):
            subprocess.run(command, check=True)
        subprocess.run(["chown", "-R", f"--reference={self.site.base}", str(self.site.bases[TWIN])], check=True)
        for mda, said in (("mda-nope", "no such plugin"), (TWIN, "does not bear our stamp")):
            done = self.ctl("move", ALICE, mda, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)
            self.assertEqual(self.site.others(), [])
            self.assertNotIn("moving", self.site.ctl("tree", "get", "/example.com/mailUsers/alice").stdout)
        self.fill(2)
        self.assertEqual(len(self.site.held()), 2)

    def test_quoted(self):
        """an mbox that cannot tell "From " and ">From " apart is moved into, and it is said what it cannot"""
        with StoreSite({"mda-mbox": {"quoting": "mboxo"}}, others=["mda-mbox"]) as site:
            lines = (b"From here\n", b">From here\n>quoted\n>>From there\n", b">plain\n")
            for number, line in enumerate(lines):
                self.assertEqual(site.deliver(message=message(number) + line, queue_id=f"Q{number}").exit, 0)
            done = site.ctl("mailbox", "move", ALICE, "mda-mbox")
            self.assertIn("does not tell lines", done.stdout)
            self.assertEqual(len(site.held()), 3)
            self.assertEqual(site.deliver(message=message(3), queue_id="Q3").exit, 0)

    def test_order(self):
        """messages come into a new mailbox in the order in which they came into the old one, whatever its directory's is"""
        with StoreSite(others=["mda-mbox"]) as site:
            for number in range(20):
                self.assertEqual(site.deliver(message=message(number), queue_id=f"Q{number}").exit, 0)
            for number, file in enumerate(site.files()):
                file.rename(file.with_name(f"{1000000000 + number * 7 % 20}{file.name[file.name.index('.'):]}"))
            site.ctl("mailbox", "move", ALICE, "mda-mbox", "--purge")
            times = [row["received"] for row in site.ctl_json("mailbox", "list", ALICE, "--messages") if "received" in row]
            self.assertEqual((len(times), times), (20, sorted(times)))

    def test_while_mail_arrives(self):
        """many deliveries, retried until they are told 0, and three moves: each message is there once"""
        count, workers = 40, 4
        ends = threading.Event()
        self.fill(1)

        def deliver(number):
            for _ in range(200):
                command = self.site.command(ALICE, queue_id=f"R{number}")
                done = subprocess.run(command, input=message(1000 + number), capture_output=True, check=False, timeout=60)
                if done.returncode == 0:
                    return
                if done.returncode != 75:
                    raise Wrong(f"{done.returncode}: {done.stderr}")
                time.sleep(0.05)
            raise Wrong(f"message {number} was never taken")

        def move():
            moves = 0
            for mda in (TWIN, MAILDIR) * 50:
                if ends.is_set() and moves >= 3:
                    return moves
                self.ctl("move", ALICE, mda, "--purge")
                moves += 1
            return moves

        with concurrent.futures.ThreadPoolExecutor(workers + 1) as pool:
            mover = pool.submit(move)
            deliveries = [pool.submit(deliver, number) for number in range(count)]
            try:
                for each in deliveries:
                    each.result()
            finally:
                ends.set()
            moves = mover.result()
        bodies = [without_prefix(text) for text in self.site.texts()]
        expected = sorted([message(0)] + [message(1000 + n) for n in range(count)])
        self.assertEqual(sorted(bodies), expected)
        print(f"{count} messages during {moves} moves", flush=True)

    def test_delivery_that_slept(self):
        """a delivery that claims its message while the mailbox is retired sees that, and its retry goes into the new one"""
        self.fill(1)
        with tempfile.NamedTemporaryFile() as trace:
            slow = [tracing.strace(), "-f", "-o", trace.name, "-e", "trace=flock", "-e", "inject=flock:delay_enter=4s"]
            command = slow + self.site.command(ALICE, queue_id="S1")
            with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as delivery:
                delivery.stdin.write(message(7))
                delivery.stdin.close()
                end = time.monotonic() + 10
                while not list((self.site.home() / ".pigeon" / "pending").iterdir()):
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.01)
                self.ctl("move", ALICE, TWIN)
                self.assertEqual(delivery.wait(30), 75, delivery.stderr.read())
        self.assertEqual(len(self.site.held()), 1)
        self.assertEqual(self.site.deliver(message=message(7), queue_id="S1").exit, 0)
        self.assertEqual(len(self.site.held()), 2)
        self.assertEqual(len(list(self.site.maildir().rglob("new/*"))), 1)

    def test_delivery_whose_answer_was_lost(self):
        """a delivery that dies after its message appeared is moved with it, and its retry stores nothing"""
        self.fill(1)
        with tempfile.NamedTemporaryFile() as trace:
            kill = f"inject=renameat:signal={signal.SIGRTMIN + 6}:when=1"
            traced = [tracing.strace(), "-f", "-o", trace.name, "-e", "trace=renameat", "-e", kill]
            done = self.site.run(traced + self.site.command(ALICE, queue_id="L1"), message(9))
        self.assertEqual(done.exit, 75)
        self.assertEqual(len(self.site.files()), 2)
        self.ctl("move", ALICE, TWIN)
        retry = self.site.deliver(message=message(9), queue_id="L1")
        self.assertEqual((retry.exit, retry.record.get("already-there")), (0, "yes"))
        self.assertEqual(len(self.site.held()), 2)

    def test_two_at_once(self):
        """of two moves one at most succeeds; and whatever is left, one that is resumed ends"""
        self.fill(20)
        texts = self.site.texts()
        for resume in ([], ["--resume"]):
            with self.subTest(resume), concurrent.futures.ThreadPoolExecutor(3) as pool:
                if resume:
                    self.interrupt("renameat", 5)
                moves = [pool.submit(self.ctl, "move", ALICE, TWIN, *resume, check=False) for _ in range(3)]
                done = [m.result() for m in moves]
                good = [d for d in done if "messages moved" in d.stdout]
                self.assertLessEqual(len(good), 1, done)
                self.assertEqual(self.site.end_move().returncode, 0)
                self.assertEqual(self.site.texts(), texts)
                self.assertNotIn("moving", self.site.ctl("tree", "get", "/example.com/mailUsers/alice").stdout)
                self.ctl("purge", "--retired", "--yes", ALICE)
                self.ctl("move", ALICE, MAILDIR, "--purge")

    def test_taken_back(self):
        """a move that was interrupted is undone by adopting the mailbox: mail goes into it again, and nothing is left"""
        self.fill(3)
        self.interrupt("renameat", 5)
        done = self.site.deliver(message=message(3), queue_id="Q3")
        self.assertEqual(done.exit, 75)
        self.assertIn("it is retired", done.record["detail"])
        self.assertIn(f"`pigeonctl mailbox move --resume {ALICE} MDA`", done.record["remedy"])
        told = self.site.explain(ALICE)
        self.assertEqual((told["outcome"], told["exit"]), ("deferred", 75))
        self.assertIn("it is being moved, or a move was interrupted", told["detail"])
        self.assertIn(f"`pigeonctl mailbox adopt {ALICE}`", told["remedy"])
        rows = self.site.ctl_json("mailbox", "list", ALICE)
        self.assertEqual([r.get("state") for r in rows], [None, "being moved into"])
        self.assertIn("if nobody is at that, go on with `pigeonctl mailbox move", self.ctl("list", ALICE).stdout)
        for command in (["move", ALICE, TWIN], ["purge", "--yes", ALICE]):
            refused = self.ctl(*command, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"pigeonctl mailbox adopt {ALICE}", refused.stderr)
        self.ctl("adopt", ALICE)
        self.fill(4)
        self.assertEqual((len(self.site.held()), self.site.others()), (4, []))
        self.assertEqual(list(self.site.bases[TWIN].glob("*/*")), [])
        self.ctl("move", ALICE, TWIN)
        self.assertEqual(len(self.site.held()), 4)

    def test_taken_back_now(self):
        """a move overtakes nobody who takes the mailbox back, and says what to do if he died"""
        self.fill(1)
        self.site.ctl("tree", "set", "/example.com/mailUsers/alice", "moving=taken-back-then")
        for resume in ([], ["--resume"]):
            refused = self.ctl("move", ALICE, TWIN, *resume, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"pigeonctl mailbox adopt {ALICE}", refused.stderr)
        self.assertEqual(self.site.others(), [])
        self.ctl("adopt", ALICE)
        self.ctl("move", ALICE, TWIN)
        self.assertEqual(len(self.site.held()), 1)

    def test_interrupted_before_its_end(self):
        """a mailbox that is still noted as begun keeps its mail when another move is resumed"""
        self.fill(1)
        self.ctl("move", ALICE, TWIN, "--purge")
        self.note_as_begun(TWIN)
        self.fill(3)
        self.ctl("move", ALICE, MAILDIR, "--resume")
        self.assertEqual(len(self.site.held()), 3)
        self.assertEqual(len(self.site.others()), 1)
        self.ctl("purge", "--retired", "--yes", ALICE)
        self.note_as_begun(MAILDIR)
        self.ctl("move", ALICE, TWIN, "--purge")
        self.assertEqual((len(self.site.held()), self.site.others()), (3, []))

    def test_nothing_to_resume(self):
        """where no move was interrupted, one that is to be resumed is not begun; one that has ended has nothing left to do"""
        self.fill(1)
        done = self.ctl("move", ALICE, TWIN, "--resume", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("there is nothing to resume", done.stderr)
        self.assertEqual((self.site.others(), len(self.site.files())), ([], 1))
        self.ctl("move", ALICE, TWIN)
        self.assertEqual(self.ctl("move", ALICE, TWIN, "--resume").stdout, f"mail for {ALICE} is in {TWIN} already\n")

    def note_as_begun(self, mda):
        """As if the move into this mailbox had died between its switch and its end."""
        allocation = self.site.allocation()
        path = f"/example.com/mailUsers/alice/{allocation['id']}"
        self.site.ctl("tree", "add", path, "otherMailbox")
        values = [f"{name}={allocation[name]}" for name in ("id", "home")]
        self.site.ctl("tree", "set", path, "--class", f"{mda}Allocation", "ready=FALSE", *values)

    def interrupt(self, syscall, when):
        command = [str(CTL), *self.site.common_arguments(), "mailbox", "move", ALICE, TWIN]
        inject = f"inject={syscall}:signal=KILL:when={when}"
        traced = [tracing.strace(), "-f", "-o", "/dev/null", "-e", f"trace={syscall}", "-e", inject, *command]
        done = subprocess.run(traced, capture_output=True, check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0, done.stdout)


def kill(scene, case):
    """The move dies here; a message arrives; the move is resumed, and the message comes again."""
    (name, when), way = case
    scene.reset()
    how = "KILL" if way == "before" else str(signal.SIGRTMIN + 6)
    traced = [tracing.strace(), "-f", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal={how}:when={when}"]
    done = subprocess.run(traced + scene.move(), capture_output=True, text=True, check=False, timeout=120)
    expect(done.returncode != 0, "nobody was killed", done.stdout)
    during = scene.deliver(message=message(5), queue_id="Q5")
    expect(during.exit in (0, 75), during)
    resumed = scene.end_move()
    expect(resumed.returncode == 0, "resumed", resumed.stdout, resumed.stderr)
    for number in (0, 1, 5):
        again = scene.deliver(message=message(number), queue_id=f"Q{number}")
        expect(again.exit == 0, again)
    held = scene.held()
    expect(len(held) == 4 and all(row in held for row in scene.held_before), "held", held, scene.held_before)
    others = scene.others()
    expect(len(others) == 1, "other mailboxes", others)
    shown = scene.shown()
    expect("moving" not in shown and "mda-twinAllocation" in shown, shown)
    scene.ctl("mailbox", "purge", "--retired", "--yes", ALICE)
    expect(not scene.home().exists() and len(scene.held()) == 4, "after the purge")


class Killed(unittest.TestCase):
    def test_killed(self):
        """killed anywhere: the move is resumed, and each message is there once, with its marks, date and folder"""
        with MoveScene() as scene:
            calls = scene.calls()
        self.assertGreater(len(calls), 50)
        cases = [("a move", f"{way} {name} {when}", ((name, when), way)) for name, when in calls for way in ("before", "after")]
        in_turn(self, {"a move": MoveScene}, cases, kill, 20)


if __name__ == "__main__":
    unittest.main()
