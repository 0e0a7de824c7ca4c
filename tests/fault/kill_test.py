# SPDX-License-Identifier: MIT
"""Processes killed before and after every system call of a delivery that changes something.

How, see `killed` in faults.py.
"""

import unittest

import faults
from faults import WAYS, check_verdict, killed, scenes
from scene import Scene, expect, in_turn


def kill(scene, case):
    point, way = case
    scene.reset()
    done = killed(scene, point, way)
    expect("+++ killed by SIG" in scene.trace(), "nobody was killed", scene.trace())
    check_verdict(done, scene)
    # What the ledger says, not what the MTA was told: the one cannot be changed in the same moment as the other.
    had_ended = scene.copies() == 1 and not scene.pending()
    again = scene.again()
    expect(again.exit == 0 and not again.stderr, "the retry", again)
    if scene.queue_id:
        return scene.check_end()
    # Without a queue id, an equal message is another one, unless an attempt did not end.
    scene.check_end(2 if had_ended else 1)
    before = scene.copies()
    another = scene.again()
    expect(another.exit == 0 and scene.copies() == before + 1, "an equal message", before, scene.copies())


def kill_cases(make_scenes, wanted=faults.changes, ways=WAYS):
    cases, missed = [], []
    for kind, make in make_scenes.items():
        with make() as scene:
            found, uncovered = faults.points(scene, wanted)
            missed += [f"{kind}: {call}" for call in uncovered]
            for point in found:
                for way in ways if point.process == "worker" else ways[:2]:
                    cases.append((kind, f"{way} {point}", (point, way)))
    return cases, missed


class Kill(unittest.TestCase):
    def test_with_queue_id(self):
        """killed anywhere: told 0, the message is there whole; retried, it is there once, and nothing else is left"""
        make = scenes()
        cases, missed = kill_cases(make)
        # The stamp's file has no name while it is written; see the test of the empty message.
        unexpected = [m for m in missed if "setpgid" not in m and "write(" not in m]
        self.assertEqual(unexpected, [])
        in_turn(self, make, cases, kill, 15)

    def test_stamp(self):
        """killed while the stamp of a new mailbox is written: no mailbox with half of a stamp"""
        make = {"an empty message": lambda: Scene("creator-optimistic", message=b"")}
        cases, missed = kill_cases(make, lambda call, root: call.name in ("write", "linkat", "fsync"))
        self.assertTrue([name for _, name, _ in cases if "write" in name and "#" in name], missed)
        in_turn(self, make, cases, kill, 3)

    def test_without_queue_id(self):
        """without a queue id, only an attempt that did not finish counts as the same message"""
        make = {k: v for k, v in scenes(queue_id=None).items() if "optimistic" in k}
        cases, _ = kill_cases(make)
        in_turn(self, make, cases, kill, 5)


if __name__ == "__main__":
    unittest.main()
