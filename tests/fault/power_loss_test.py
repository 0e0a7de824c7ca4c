# SPDX-License-Identifier: MIT
"""Power failures: every state that the disk may be in at every moment of a delivery, and what comes of it.

The states are those of the model in power_loss.py. Each is put on disk; what the MTA was told to be delivered must be
there, whole; then the MTA, whose queue may have forgotten how the deliveries ended, tries them again. Delivered twice in
a row, the second delivery meets what the first has left unflushed.
"""

import unittest

import power_loss
import tracing
from faults import CREATORS
from pigeon_site import MESSAGE
from scene import EARLIER, Scene, chown, expect, in_turn

DELIVERIES = ((MESSAGE, "4bXyZ1"), (EARLIER, "0earlier"))
# What a file that was only written through memory may hold.
SHARED_MEMORY = (b"", None, b"\xa5" * 32768, bytes(32768))


class Deliveries(Scene):
    """A scene with all deliveries logged, and what the mail store looks like after each."""

    def __init__(self, creator, **how):
        super().__init__(creator, **how)
        self.reset()
        self.log = power_loss.Log(self.root, ("state", "mail"))
        self.ends, self.listings = [0], []
        for message, queue_id in DELIVERIES:
            self.message, self.queue_id = message, queue_id
            done = self.traced("-y", "-s", "1048576")
            expect(done.exit == 0, done)
            self.log.replay(tracing.calls(self.root / "trace"))
            self.ends.append(self.log.moments)
            self.listings.append(self.listing())

    def begun(self, moment):
        """How many deliveries have begun by then."""
        return max(1, sum(end < moment for end in self.ends))

    def copies_of_each(self):
        bodies = self.bodies()
        for body in bodies:
            expect(body in (MESSAGE, EARLIER), "a message that is not whole", body)
        return [bodies.count(message) for message, _ in DELIVERIES]



def lose_power(scene, case):
    numbers, moment, shared_memory = case
    state = frozenset(o for o in scene.log.operations if o.number in numbers)
    scene.log.build(state, shared_memory, chown)
    begun = scene.begun(moment)
    told = sum(verdict <= moment for verdict in scene.log.verdicts)
    copies = scene.copies_of_each()
    expect(all(c == 1 for c in copies[:told]), "told that it is delivered, and gone", copies)
    if told:
        listed = scene.ctl_json("mailbox", "list", "alice@example.com")
        expect(sum(folder["messages"] for folder in listed) == sum(copies), "not found by pigeonctl", listed)
    for message, queue_id in DELIVERIES[:begun]:
        scene.message, scene.queue_id = message, queue_id
        again = scene.again()
        expect(again.exit == 0 and not again.stderr, "the retry", again.stderr, again.records)
    expect(scene.copies_of_each()[:begun] == [1] * begun, "after the retry", scene.copies_of_each())
    scene.earlier = begun - 1
    scene.reference = scene.listings[begun - 1]
    scene.message = MESSAGE
    scene.check_end()


class PowerLoss(unittest.TestCase):
    def test_states(self):
        """power fails at any moment: what was told is there, and a retry leaves one copy in a sound mailbox"""
        make = {creator: lambda creator=creator: Deliveries(creator) for creator in CREATORS}
        make["a new folder, with a quota"] = lambda: Deliveries("creator-optimistic", folder="Work")
        cases = []
        for kind, scene in make.items():
            with scene() as scene:
                self.assertEqual(len(scene.log.verdicts), len(DELIVERIES))
                for number, (state, moment) in enumerate(scene.log.states().items()):
                    memory = SHARED_MEMORY[number % len(SHARED_MEMORY)]
                    numbers = frozenset(o.number for o in state)
                    unflushed = [str(o) for o in state if o.flushed_at is None or o.flushed_at > moment]
                    name = f"moment {moment}, {len(state)} operations, {', '.join(sorted(unflushed)[:3])}"
                    cases.append((kind, name, (numbers, moment, memory)))
        in_turn(self, make, cases, lose_power, 20)

    def test_nothing_is_missed(self):
        """the model replays every call that changes or flushes something: as many as strace counts by itself"""
        with Deliveries("creator-lock") as scene:
            scene.reset()
            counted = {}
            for message, queue_id in DELIVERIES:
                scene.message, scene.queue_id = message, queue_id
                done = scene.traced("-c")
                self.assertEqual(done.exit, 0)
                for name, count in power_loss.counts(scene.root / "trace").items():
                    counted[name] = counted.get(name, 0) + count
            self.assertEqual(set(counted) - power_loss.MODELLED - power_loss.HARMLESS, set())
            modelled = {n: c for n, c in counted.items() if n in power_loss.MODELLED}
            self.assertEqual(modelled, {n: c for n, c in scene.log.counted.items() if n in power_loss.MODELLED})
            for name in ("fsync", "fdatasync", "renameat", "mkdirat", "linkat", "pwrite64", "ftruncate"):
                self.assertIn(name, modelled)


if __name__ == "__main__":
    unittest.main()
