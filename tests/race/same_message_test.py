# SPDX-License-Identifier: MIT
"""The same message in two processes: an MTA that has given a delivery up tries again while that still runs."""

import contextlib
import os
import signal
import subprocess
import unittest

import faults
from faults import check_verdict
from pigeon_site import MESSAGE
from scene import Scene, children, expect, in_turn

PROCESSES = 16
KINDS = {
    "first": lambda: Scene("creator-optimistic"),
    "later": lambda: Scene("creator-optimistic", first=False),
    "a new folder, with a quota": lambda: Scene("creator-optimistic", first=False, folder="Work"),
}


def stopped(scene, point):
    scene.reset()

    def stop(parent):
        workers = children(parent)
        # The tree's locks are not what is meant here: whoever waits for them goes on with the process that has them.
        again = subprocess.Popen(
            scene.arguments(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        again.stdin.write(scene.message)
        again.stdin.close()
        try:
            status = again.wait(1)
        except subprocess.TimeoutExpired:
            status = None
        for pid in [*workers, parent]:
            # After its verdict the worker may have been put down.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        status = again.wait(30) if status is None else status
        said = again.stderr.read().decode()
        again.stdout.close()
        again.stderr.close()
        expect(status in (0, 75) and (status == 75) == said.startswith("4."), "the other process", status, said)

    done = scene.traced(*point.options(scene, "signal=STOP"), stop=stop)
    expect(done.exit in (0, 75), "the process that was stopped", done)
    check_verdict(done, scene)
    expect(scene.again().exit == 0, "the retry")
    scene.check_end()


class SameMessage(unittest.TestCase):
    def test_stopped(self):
        """a process stops at any step while another delivers the same message, and goes on: one copy"""
        cases = []
        for kind, make in KINDS.items():
            with make() as scene:
                found, _ = faults.points(scene, faults.changes)
                cases += [(kind, str(point), point) for point in found if point.process == "worker"]
        in_turn(self, KINDS, cases, stopped, 12)

    def test_at_once(self):
        """16 processes deliver the same message at once: one copy, and each is told that it is there or waits"""
        for kind, make in KINDS.items():
            with self.subTest(kind), make() as scene:
                scene.reset()
                running = [
                    subprocess.Popen(scene.arguments(), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
                    for _ in range(PROCESSES)
                ]
                for process in running:
                    process.stdin.write(MESSAGE)
                for process in running:
                    process.stdin.close()
                ends = [process.wait(60) for process in running]
                self.assertLessEqual(set(ends), {0, 75})
                self.assertIn(0, ends)
                scene.check_end()


if __name__ == "__main__":
    unittest.main()
