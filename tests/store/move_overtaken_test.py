# SPDX-License-Identifier: MIT
"""A move that sleeps somewhere, while readers, deliveries and other administrators go on."""

import contextlib
import os
import pty
import subprocess
import unittest

from move_scene import ALICE, MAILDIR, Asleep, MoveScene, message
from pigeon_site import CTL, without_prefix
from scene import expect, in_turn
from store_site import TWIN, StoreSite


class Readers(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(StoreSite())
        self.site.ctl("tree", "set", "/example.com/mailStore", "--class", MAILDIR, "createFolders=TRUE")
        for number in range(40):
            self.assertEqual(self.site.deliver(message=message(number), queue_id=f"Q{number}").exit, 0)
        self.assertEqual(self.site.deliver(message=message(40), queue_id="Q40", extra=["-m", "Work"]).exit, 0)

    def test_busy_readers(self):
        """what readers rename, move and add in the old mailbox while the others are copied is there once in the new one"""
        command = [str(CTL), *self.site.common_arguments(), "mailbox", "move", ALICE, TWIN, "--purge"]
        with Asleep(command, "renameat", 1) as move:  # the first messages are read, and the others listed
            work = self.site.maildir() / ".Work" / "cur"
            for number, file in enumerate(self.site.files()):
                if number % 2 == 0:
                    file.rename(work / f"17000.{number}.reader:2,S")
                else:
                    file.rename(file.parents[1] / "cur" / f"{file.name}:2,F")
            copied = work / "18000.reader:2,"
            copied.write_bytes((work / "17000.0.reader:2,S").read_bytes())
            move.wake()
            told = move.told()
        self.assertEqual(move.returncode, 0, told)
        self.assertIn("42 messages moved", told)
        bodies = sorted(without_prefix(text) for text in self.site.texts())
        self.assertEqual(len(bodies), 42)
        self.assertEqual(sorted(set(bodies)), sorted(message(number) for number in range(41)))


class Asked(unittest.TestCase):
    def test_moved_while_asked(self):
        """who is asked whether to purge, and says yes while a move is under way, deletes nothing of it"""
        for options in (["--retired"], []):
            with self.subTest(options), MoveScene() as scene:
                if options:  # there is one to be asked about
                    old = "/example.com/mailUsers/alice/old"
                    scene.ctl("tree", "add", old, "otherMailbox,mda-maildirAllocation", "id=old", "ready=TRUE", "home=x/old")
                kept = len(scene.others()) + 1
                master, slave = pty.openpty()
                command = scene.command_of("purge", *options, ALICE)
                with subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as purge:
                    asked = ""
                    while "yes to go on: " not in asked:
                        asked += purge.stderr.read(1) or self.fail(asked)
                    with Asleep(scene.move(), "renameat", 3) as move:
                        os.write(master, b"yes\n")
                        _, told = purge.communicate(timeout=30)
                        self.assertEqual(purge.returncode, 1, told)
                        self.assertIn("it is being moved", told)
                        move.wake()
                        told = move.told()
                    self.assertEqual(move.returncode, 0, told)
                for descriptor in (master, slave):
                    os.close(descriptor)
                self.assertEqual((scene.held(), len(scene.others())), (scene.held_before, kept))


def overtake(scene, case):
    """The move sleeps here, while somebody else goes on with it or takes the mailbox back; a message arrives."""
    (name, when), other = case
    scene.reset()
    with Asleep(scene.move(), name, when) as move:
        with subprocess.Popen(scene.command_of(*other), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as second:
            with contextlib.suppress(subprocess.TimeoutExpired):
                second.wait(2)  # longer only for a lock that the first one has
            is_taken_back = other[0] == "adopt" and second.poll() == 0
            during = scene.deliver(message=message(5), queue_id="Q5")
            expect(during.exit == 0 or during.exit == 75 and not is_taken_back, during)
            move.wake()
            told, _ = second.communicate(timeout=60)
        first = move.told()
    ends = [("first", move.returncode, first), ("second", second.returncode, told)]
    if other[0] == "adopt" and second.returncode == 0:
        expect("moving" not in scene.shown(), "taken back, and still moving", ends)
        expect(scene.deliver(message=message(5), queue_id="Q5").exit == 0, "taken back, and takes no mail", ends)
    # Where neither has come to its end, a third one does.
    third = scene.end_move()
    expect(third.returncode == 0, "resumed", third.stdout, third.stderr, ends)
    for number in (0, 1, 5):
        again = scene.deliver(message=message(number), queue_id=f"Q{number}")
        expect(again.exit == 0, again)
    held = scene.held()
    expect(len(held) == 4 and all(row in held for row in scene.held_before), "held", held, scene.held_before, ends)
    scene.ctl("mailbox", "purge", "--retired", "--yes", ALICE)
    expect("moving" not in scene.shown() and not scene.others() and not scene.home().exists(), scene.shown(), ends)


class Overtaken(unittest.TestCase):
    def test_taken_back_before_it_is_retired(self):
        """a mailbox that is taken back just before the move retires it takes mail when that move has seen it"""
        with MoveScene() as scene:
            trace = scene.trace()
            retires = next(at for at, call in enumerate(trace) if call.name == "linkat" and "retired." in str(call))
            flushes = sum(call.name == "fsync" for call in trace[:retires])
            with Asleep(scene.move(), "fsync", flushes) as move:
                scene.ctl("mailbox", "adopt", ALICE)
                self.assertEqual(scene.deliver(message=message(5), queue_id="Q5").exit, 0)
                move.wake()
                told = move.told()
            self.assertEqual(move.returncode, 1, told)
            self.assertIn("has taken it back", told)
            self.assertEqual(scene.deliver(message=message(6), queue_id="Q6").exit, 0)
            self.assertEqual((len(scene.held()), scene.others()), (5, []))

    def test_overtaken(self):
        """asleep anywhere, and overtaken: who takes it back can rely on it; in the end each message is there once"""
        with MoveScene() as scene:
            calls = scene.calls()
        others = {"resumed": ("move", ALICE, TWIN, "--resume"), "taken back": ("adopt", ALICE)}
        cases = [
            ("a move", f"{way} at {name} {when}", ((name, when), other))
            for name, when in calls
            for way, other in others.items()
        ]
        in_turn(self, {"a move": MoveScene}, cases, overtake, 20)


if __name__ == "__main__":
    unittest.main()
