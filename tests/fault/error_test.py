# SPDX-License-Identifier: MIT
"""System calls of a delivery that fail once: those that change something, and those that find something out."""

import re
import unittest

import faults
from faults import check_verdict, scenes
from scene import Scene, expect, in_turn

ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EMFILE", "EACCES")


def fail(scene, case):
    point, error = case
    scene.reset()
    done = scene.traced(*point.options(scene, f"error={error}"))
    expect("(INJECTED)" in scene.trace(), "nothing failed", scene.trace())
    expect(done.exit in (0, 75), "exit status", done.exit, done.stderr)
    # The parent's own line may be what failed, or what failed once more.
    check_verdict(done, scene, is_mute=re.search(r'"4\..*\(INJECTED\)', scene.trace()) is not None)
    had_ended = scene.copies() == 1 and not scene.pending()
    again = scene.again()
    expect(again.exit == 0 and not again.stderr, "the retry", again)
    scene.check_end(1 if scene.queue_id or not had_ended else 2)


def error_cases(make_scenes, wanted):
    cases, missed = [], []
    for kind, make in make_scenes.items():
        with make() as scene:
            found, uncovered = faults.points(scene, wanted)
            missed += [f"{kind}: {call}" for call in uncovered]
            cases += [(kind, f"{error} {point}", (point, error)) for point in found for error in ERRORS]
    return cases, missed


class Error(unittest.TestCase):
    def test_changing(self):
        """a call that changes something fails once: told 0 or 75, nothing lost, nothing double, nothing left"""
        make = scenes()
        cases, missed = error_cases(make, faults.changes)
        self.assertEqual([m for m in missed if "setpgid" not in m and "write(" not in m], [])
        in_turn(self, make, cases, fail, 15)

    def test_looking(self):
        """a call that finds something out fails once: that is never taken for an answer"""
        make = scenes()
        cases, _ = error_cases(make, faults.looks)
        in_turn(self, make, cases, fail, 12)

    def test_stamp(self):
        """the stamp of a new mailbox cannot be written: no mailbox with half of a stamp"""
        make = {"an empty message": lambda: Scene("creator-optimistic", message=b"")}
        cases, _ = error_cases(make, lambda call, root: call.name == "linkat" or "#" in str(call))
        self.assertTrue([name for _, name, _ in cases if "write" in name])
        in_turn(self, make, cases, fail, 3)

    def test_without_queue_id(self):
        """a call fails once in the delivery of a message without a queue id: the same holds"""
        make = {k: v for k, v in scenes(queue_id=None).items() if "optimistic" in k}
        cases, _ = error_cases(make, faults.changes)
        in_turn(self, make, cases, fail, 4)


if __name__ == "__main__":
    unittest.main()
