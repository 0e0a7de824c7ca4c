# SPDX-License-Identifier: MIT
"""The benchmarks run, and say what they promise to say. How fast anything is, is not looked at."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PIGEON_BUILD", ROOT / "build" / "release"))


def bench(name, *arguments, check=True):
    command = [ROOT / "bench" / name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"{name}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Bench(unittest.TestCase):
    def setUp(self):
        wanted = ("pigeon-deliver", "pigeonctl", "bench-bare", "bench-launch", "bench-batch", "bench-load",
                  "bench-lookup", "bench-warm")
        missing = [p for p in wanted if not (BUILD / "bin" / p).is_file()]
        if missing:
            self.skipTest(f"{', '.join(missing)} not built in {BUILD}: cmake --build --preset release")
        # Everything small: a tree of ten users is imported anew into a cache that is keyed by their number.
        self.pipe = ("--build", BUILD, "-n", 2, "--users", 10, "--mailboxes", 2)
        self.tree = ("--build", BUILD, "-n", 3, "--users", 50)
        self.batch = ("--build", BUILD, "--seconds", 0.05, "--rounds", 1, "--unit", 1)


class Pipe(Bench):
    def test_figures(self):
        """bench/pipe prints median, ratio, memory, flushes and objects of each, and whether each figure is reached."""
        lines = bench("pipe", *self.pipe).stdout.splitlines()
        for size in ("4 KiB", "1 MiB"):
            self.assertIn(f"{size}, 2 deliveries each", lines)
            verdicts = [l for l in lines if f"(to reach) {size}: at most 1.1 of bare's time plus 2 ms" in l]
            self.assertEqual(len(verdicts), 1, lines)
            self.assertIn(verdicts[0].split()[0], ("REACHED", "MISSED"))
        header = next(l for l in lines if "median" in l)
        self.assertEqual(header.split(), "median ratio quartiles cpu faults peak flushes objects".split())
        for name in ("pigeon-deliver", "bare"):
            self.assertEqual(len([l for l in lines if l.startswith(name)]), 2, lines)
        self.assertTrue(lines[-1].startswith("printed by: bench/pipe --build "), lines[-1])

    def test_json(self):
        """bench/pipe --json prints one object, in which each peer has figures or the reason why it has none."""
        found = json.loads(bench("pipe", *self.pipe, "--json").stdout)
        self.assertEqual(found["users"], 10)
        peers = {"dovecot": "dovecot-lda", "maildrop": "maildrop", "procmail": "procmail"}
        for size in ("4 KiB", "1 MiB"):
            results = found["results"][size]
            for package, name in peers.items():
                self.assertNotEqual(name in results, package in found["skipped"], found["skipped"])
            for name, row in results.items():
                self.assertEqual(row["deliveries"], 2, name)
                self.assertGreater(row["median_ms"], 0, name)
                self.assertGreater(row["peak_kib"], 0, name)
        wanted = {v["wanted"]: v["reached"] == (v["own_ms"] <= v["limit_ms"]) for v in found["verdicts"]}
        self.assertTrue(all(wanted.values()), found["verdicts"])
        for peer, words in (("dovecot-lda", "at most 0.5 of dovecot-lda's time, which"), ("dovecot-lda-d", "of dovecot-lda-d")):
            self.assertEqual(any(words in w for w in wanted), peer in results)

    def test_least_flushes(self):
        """One delivery flushes three times: the message, its claim, and its name; as the bare writes do."""
        results = json.loads(bench("pipe", *self.pipe, "--json").stdout)["results"]["4 KiB"]
        if "flushes" not in results["bare"]:
            self.skipTest("strace is not installed")
        self.assertEqual(results["pigeon-deliver"]["flushes"], 3)
        self.assertEqual(results["bare"]["flushes"], 3)

    def test_nothing_built(self):
        """Where nothing is built, bench/pipe says how to build it."""
        done = bench("pipe", "--build", "/nonexistent", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cmake --build --preset release", done.stderr)


class Tree(Bench):
    SHOWN = {"sqlite": "SQLite", "ldap": "slapd", "sql": "MariaDB"}

    def test_figures(self):
        """bench/tree prints median, ratio, quartiles and round trips of each, and whether each figure is reached."""
        lines = bench("tree", *self.tree).stdout.splitlines()
        self.assertIn("cold, 3 times each", lines)
        self.assertIn("warm, 30 times each", lines)
        headers = [l.split() for l in lines if "median" in l]
        self.assertEqual(headers, ["median ratio quartiles trips".split()] * 2)
        skipped = [l.split()[1].rstrip(":") for l in lines if l.startswith("skipped ")]
        for site in self.SHOWN.values():
            # Its own line in the one table, and two in the other.
            rows = [l for l in lines if l.split(" ", 1)[0].rstrip(",") == site and " us" in l]
            self.assertNotEqual(len(rows) >= 3, site in skipped, lines)
            wanted = 2 if site != "SQLite" and site not in skipped else 0
            for heat in ("warm", *(() if "postfix" in skipped else ("cold",))):
                verdicts = [l for l in lines if f") {site}: {heat}, " in l]
                self.assertEqual(len(verdicts), wanted if heat == "warm" else wanted // 2, lines)
                self.assertTrue(all(v.split()[0] in ("REACHED", "MISSED") for v in verdicts), verdicts)
        self.assertTrue(lines[-1].startswith("printed by: bench/tree --build "), lines[-1])

    def test_json(self):
        """bench/tree --json prints one object, in which each server and peer has figures or the reason why not."""
        found = json.loads(bench("tree", *self.tree, "--json").stdout)
        self.assertEqual(found["users"], 50)
        cold, warm = found["results"]["cold"], found["results"]["warm"]
        for site, shown in self.SHOWN.items():
            self.assertNotEqual(site in cold, shown in found["skipped"], found["skipped"])
            self.assertEqual(site in cold, site in warm)
        for site in set(cold) - {"sqlite"}:
            for package, name in (("postfix", "postmap"), ("dovecot", "doveadm")):
                measured = [n for n in cold[site] if n.startswith(name)]
                self.assertNotEqual(len(measured) == 1, package in found["skipped"], found)
        for heat, measured in (("cold", 3), ("warm", 30)):
            for row in (r for each in found["results"][heat].values() for r in each.values()):
                self.assertEqual(row["measured"], measured)
                self.assertGreater(row["median_us"], 0)
        self.assertTrue(all(v["reached"] == (v["own_us"] <= v["limit_us"]) for v in found["verdicts"]))
        self.assertEqual(len(found["verdicts"]), sum(2 + ("postfix" not in found["skipped"]) for s in cold if s != "sqlite"))

    def test_round_trips(self):
        """Each look-up on an open connection is one round trip, in every server; in SQLite there is none."""
        results = json.loads(bench("tree", *self.tree, "--json").stdout)["results"]
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        for site, found in results["warm"].items():
            trips = {who: row["round_trips"] for who, row in found.items()}
            wanted = {"delivery": 0, "user": 0} if site == "sqlite" else {"delivery": 2, "user": 1, "client, the same": 1,
                                                                          "client, one key": 1}
            self.assertEqual(trips, wanted, site)
            least = 0 if site == "sqlite" else 3
            self.assertGreaterEqual(results["cold"][site][site]["round_trips"], least, site)
            self.assertLessEqual(results["cold"][site][site]["round_trips"], 4 * least, site)

    def test_nothing_built(self):
        """Where nothing is built, bench/tree says how to build it."""
        done = bench("tree", "--build", "/nonexistent", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cmake --build --preset release", done.stderr)


class Batch(Bench):
    def test_figures(self):
        """bench/batch prints the rate of bare files, and of 1, 8 and 32 threads, and whether the figure is reached."""
        lines = bench("batch", *self.batch).stdout.splitlines()
        for name in ("bare files, 1 to a flush", "bare files, 32 to a flush", "store, 1 threads, own mailboxes",
                     "store, 8 threads, own mailboxes", "store, 8 threads, one mailbox",
                     "store, 32 threads, own mailboxes", "store, 32 threads, one mailbox"):
            self.assertEqual(len([l for l in lines if l.startswith(name)]), 1, lines)
        verdict = lines[-2]
        self.assertRegex(verdict, r"^(REACHED|MISSED|DOES NOT APPLY): 32 threads store [0-9.]+ times")
        self.assertTrue(lines[-1].startswith("printed by: bench/batch --build "), lines[-1])

    def test_json(self):
        """bench/batch --json says by its own figures whether the condition applies and is met."""
        found = json.loads(bench("batch", *self.batch, "--json").stdout)
        rates = found["per_second"]
        self.assertAlmostEqual(found["own_ratio"], rates["store 32 32"] / rates["store 1 32"])
        self.assertAlmostEqual(found["disk_ratio"], rates["bare 32 -"] / rates["bare 1 -"])
        self.assertEqual(found["reached"], found["own_ratio"] >= found["wanted_ratio"])


class Store(Bench):
    STORE = ("--build", BUILD, "--seconds", 0.02, "--rounds", 1, "-n", 3, "--sizes", 1)

    def test_figures(self):
        """bench/store prints rate, limit and ratio of each batch and format, and whether each figure is reached."""
        if not (BUILD / "bin" / "bench-store").is_file():
            self.skipTest(f"bench-store is not built in {BUILD}")
        lines = bench("store", "maildir", "sqlite", *self.STORE).stdout.splitlines()
        for name in ("maildir", "sqlite"):
            at = next(i for i, l in enumerate(lines) if l.startswith(f"{name}, 1 KiB"))
            self.assertEqual([l.split()[3] for l in lines[at + 1 : at + 4]], ["1", "8", "64"], lines)
            verdicts = [l for l in lines if re.match(rf"(REACHED|MISSED) {name}, 1 KiB: 0.[68] of the limit", l)]
            self.assertEqual(len(verdicts), 2, lines)
        self.assertTrue(lines[-1].startswith("printed by: bench/store maildir sqlite "), lines[-1])

    def test_json(self):
        """bench/store --json says by its own figures whether each is reached, and what was skipped and why."""
        if not (BUILD / "bin" / "bench-store").is_file():
            self.skipTest(f"bench-store is not built in {BUILD}")
        found = json.loads(bench("store", *self.STORE, "--json").stdout)
        self.assertTrue(all(v["reached"] == (v["is"] >= v["wanted"]) for v in found["verdicts"]), found)
        for name in ("maildir", "mbox", "sqlite", "sql"):
            self.assertNotEqual(name in found["results"], name in found["skipped"], found["skipped"])
        maildir = found["results"]["maildir"]["1 KiB"]
        for peer in ("procmail", "postfix"):
            row = maildir["processes"] if peer == "procmail" else maildir["postfix"]
            self.assertEqual(row is None, f"{peer}, maildir" in found["skipped"], found["skipped"])

    def test_flushes(self):
        """bench/store --flush-ms lets each flush take so much longer, the limit's and ours, and says so."""
        found = json.loads(bench("store", "mbox", *self.STORE, "--flush-ms", 10, "--json").stdout)
        self.assertEqual(found["flush_ms_added"], 10)
        self.assertGreater(found["flush_ms"], 0)
        rates = found["results"]["mbox"]["1 KiB"]["batches"]["1"]
        for who in ("limit", "mda"):
            self.assertLess(rates[who], 100, rates)


class Load(Bench):
    def test_figures(self):
        """bench/load prints what the host and the linker take for each plugin, and whether the figure is reached."""
        lines = bench("load", "--build", BUILD, "-n", 1).stdout.splitlines()
        for plugin in (BUILD / "lib/pigeon/plugins").glob("*.so"):
            self.assertEqual(len([l for l in lines if l.split()[0] == plugin.stem]), 1, lines)
        self.assertRegex(lines[-2], r"^(REACHED|MISSED): loading a plugin takes at most -?[0-9]+ microseconds")
        self.assertTrue(lines[-1].startswith("printed by: bench/load --build "), lines[-1])

    def test_json(self):
        """bench/load --json says by its own figures whether the condition is met."""
        found = json.loads(bench("load", "--build", BUILD, "-n", 3, "--json").stdout)
        self.assertGreater(len(found["microseconds"]), 5)
        for name, ways in found["microseconds"].items():
            self.assertGreater(ways["host"], 0)
            self.assertGreater(ways["linker"], 0)
            self.assertAlmostEqual(found["beyond"][name], ways["host"] - ways["linker"])
        self.assertEqual(found["reached"], max(found["beyond"].values()) < found["limit"])


if __name__ == "__main__":
    unittest.main()
