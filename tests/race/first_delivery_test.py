# SPDX-License-Identifier: MIT
"""Many processes on two hosts deliver the first mail of one new user, and some of them die or stop on the way.

The second host is another installation with another configuration, on the same tree and mail store. A process that is
stopped keeps what it holds: the lease, which others overtake; and, in the middle of a write, the embedded tree itself,
until it goes on or its own parent ends it.
"""

import os
import re
import signal
import subprocess
import time
import unittest

import faults
from faults import WAYS, check_verdict, killed
from pigeon_site import MESSAGE, Site
from scene import Scene, children, expect, in_turn
from second_host import SecondHost

PROMISED = ("creator-lock", "creator-optimistic")
PROCESSES = 64
LEASE = 0.4
SECOND = MESSAGE.replace(b"a message", b"a message by the second host")


class AtOnce(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = SecondHost().__enter__()
        cls.addClassCleanup(cls.host.__exit__)

    def deliver_all(self, creator):
        settings = {"mailStore": {"creator": creator}, "deadline": 100, "datatree-sqlite": {"busyTimeout": "60s"}}
        with Scene(creator, settings=settings) as scene:
            scene.reset()
            messages = {f"q{n}": MESSAGE.replace(b"a message", b"message %d" % n) for n in range(PROCESSES)}
            running = {}
            for n, queue_id in enumerate(messages):
                command = scene.command("alice@example.com", queue_id=queue_id)
                if n % 2:
                    command = self.host.command(scene, "alice@example.com", queue_id)
                running[queue_id] = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            # They wait for the end of their input, and begin together.
            for queue_id, process in running.items():
                process.stdin.write(messages[queue_id])
            for process in running.values():
                process.stdin.close()
            ends = [(p.wait(120), p.stdout.read(), p.stderr.read()) for p in running.values()]
            for process in running.values():
                process.stdout.close()
                process.stderr.close()
            self.assertEqual(set(ends), {(0, b"", b"")}, scene.new_records())
            self.assertEqual(sorted(scene.bodies()), sorted(messages.values()))
            allocations, locks = scene.database()
            self.assertEqual((len(allocations), allocations[0][2], locks), (1, "TRUE", 0))
            common = [n for n in scene.reference if not re.search(r"/(new|done/\d+)/", n)]
            listing = scene.listing()
            self.assertEqual([n for n in listing if not re.search(r"/(new|done/\d+)/", n)], common)
            self.assertEqual(len(listing), len(common) + 2 * PROCESSES)

    def test_lock(self):
        """64 processes at once by creator-lock: one allocation, 64 messages in one mailbox, nothing else"""
        self.deliver_all("creator-lock")

    def test_optimistic(self):
        """64 processes at once by creator-optimistic: one allocation, 64 messages in one mailbox, nothing else"""
        self.deliver_all("creator-optimistic")

    def test_none(self):
        """creator-none, one process after the other: one allocation, every message in one mailbox"""
        with Site({"mailStore": {"creator": "creator-none"}}) as site:
            for n in range(5):
                self.assertEqual(site.deliver(message=MESSAGE.replace(b"a message", b"%d" % n)).exit, 0)
            self.assertEqual(len(site.files()), 5)
            self.assertEqual([p.name for p in site.base.iterdir() if p.is_dir()], ["example.com"])


def second_delivers(scene, longest):
    """The other host delivers, and succeeds within this time. Answers the allocation that it was made with."""
    begin = time.monotonic()
    done = scene.run(scene.host.command(scene, "alice@example.com", "second"), SECOND)
    took = time.monotonic() - begin
    expect(done.exit == 0, "the second host", done.stderr, done.records)
    expect(took < longest, f"the second host took {took:.1f} s")
    allocations, _ = scene.database()
    expect(len(allocations) == 1, "allocations", allocations)
    return allocations[0][:2]


def check_both(scene, allocation):
    """Both messages are there once, in the mailbox of the one allocation, which is still the successor's."""
    bodies = scene.bodies()
    expect(sorted(bodies) == sorted([MESSAGE, SECOND]), f"{len(bodies)} messages", bodies)
    allocations, locks = scene.database()
    expect([a[:2] for a in allocations] == [allocation] and allocations[0][2] == "TRUE", allocations, allocation)
    stamp = (scene.home() / ".pigeon" / "allocation").read_text()
    expect(stamp == allocation[0] + "\n", "stamp", stamp, allocation)
    extra = set(scene.listing()) - set(scene.reference)
    expect(len(extra) == 2 and all(re.search(r"/(new|done/\d+)/", n) for n in extra), "left on disk", extra)
    expect(locks <= 1, "locks", locks)


def killed_first(scene, case):
    point, way = case
    scene.reset()
    check_verdict(killed(scene, point, way), scene)
    allocation = second_delivers(scene, LEASE + 5)
    again = scene.again()
    expect(again.exit == 0, "the retry", again)
    check_both(scene, allocation)


def stopped_first(scene, case):
    point, holds_tree = case
    scene.reset()
    seen = []

    def stop(parent):
        worker = children(parent)[0]
        if holds_tree:
            second = subprocess.Popen(
                scene.host.command(scene, "alice@example.com", "second"), stdin=subprocess.PIPE
            )
            second.stdin.write(SECOND)
            second.stdin.close()
            time.sleep(2 * LEASE)
            os.kill(worker, signal.SIGCONT)
            expect(second.wait(30) == 0, "the second host")
        else:
            seen.append(second_delivers(scene, LEASE + 5))
            # A lease that nobody has overtaken has run out as well.
            time.sleep(LEASE)
            os.kill(worker, signal.SIGCONT)

    done = scene.traced(*point.options(scene, "signal=STOP"), stop=stop)
    expect(done.exit in (0, 75), "the process that was stopped", done)
    if done.exit == 75:
        expect(scene.again().exit == 0, "the retry")
    if not seen:
        seen.append(scene.database()[0][0][:2])
    check_both(scene, seen[0])


def steps(scene):
    """The points of the worker while it allocates, each with whether it then holds the tree's own locks."""
    found, _ = faults.points(scene, faults.changes)
    held = set()
    for point in found:
        if "/pending" in point.text and "O_CREAT" in point.text:
            return
        if match := re.search(r"/(\S+)>, F_SETLK, \{l_type=F_(\w+), l_whence=SEEK_SET, l_start=(\d+)", point.text):
            lock = match.group(1), match.group(3)
            if match.group(2) == "WRLCK":
                held.add(lock)
            else:
                held.discard(lock)
        if point.process == "worker":
            yield point, bool(held)


class OnTheWay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = SecondHost().__enter__()
        cls.addClassCleanup(cls.host.__exit__)

    def make(self):
        def scene(creator):
            made = Scene(creator)
            made.host = self.host
            return made

        return {creator: lambda creator=creator: scene(creator) for creator in PROMISED}

    def test_killed(self):
        """a process dies at any step of the allocation: another host delivers, at the latest after the lease"""
        cases = []
        for creator, make in self.make().items():
            with make() as scene:
                for point, _ in steps(scene):
                    cases += [(creator, f"{way} {point}", (point, way)) for way in WAYS]
        in_turn(self, self.make(), cases, killed_first, 10)

    def test_stopped(self):
        """a process stops at any step beyond its lease, and goes on: it does not overwrite its successor"""
        cases = []
        for creator, make in self.make().items():
            with make() as scene:
                cases += [(creator, str(point), (point, holds)) for point, holds in steps(scene)]
        self.assertTrue(any(holds for _, _, (_, holds) in cases) and not all(holds for _, _, (_, holds) in cases))
        in_turn(self, self.make(), cases, stopped_first, 15)


if __name__ == "__main__":
    unittest.main()
