#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of whole deliveries, file by file, and prints the time of each.

Every *_test.py below tests/ is run; a file that is there cannot be forgotten. Each file is a process of its own, as many
at once as there are processors; what it printed is shown when it ends. A test that is skipped says why, and the reasons
are printed at the end.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent

# These take longest, and so begin first: else one of them would be left over at the end, alone.
LONGEST = ("selftest_test", "level4_test", "error_test", "first_delivery_test", "hostile_test", "guard_test")


class Result(unittest.TextTestResult):
    """As unittest has it, with the sentence that a test is, instead of its Python name."""

    def getDescription(self, test):
        return test.shortDescription() or str(test)


def load(path):
    loader = unittest.TestLoader()
    return loader.discover(str(path.parent), pattern=path.name, top_level_dir=str(path.parent))


def run_here(file, report):
    """Runs one file in this process, and writes what became of it to `report`."""
    result = unittest.TextTestRunner(resultclass=Result, verbosity=1, stream=sys.stdout).run(load(file))
    ok = result.wasSuccessful() and result.testsRun > 0
    report.write(json.dumps({"run": result.testsRun, "ok": ok, "skipped": [why for _, why in result.skipped]}))
    report.close()


def run(file):
    """Runs one file in a process of its own. Answers its name, what became of it, what it printed, and the seconds."""
    name = f"{file.parent.name}/{file.stem}"
    begin = time.monotonic()
    ours, theirs = os.pipe()
    command = [sys.executable, __file__, "--here", str(file), "--report", str(theirs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[theirs]) as process:
        os.close(theirs)
        printed = process.communicate()[0].decode(errors="replace")
    with os.fdopen(ours) as report:
        told = report.read()
    found = json.loads(told) if told else {"run": 0, "ok": False, "skipped": []}
    if not told:
        printed += f"it came to no end: status {process.returncode}\n"
    return name, found, printed, time.monotonic() - begin


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="only these: names of directories or files below tests/")
    parser.add_argument("--prefix", help="where PigeonDeliver is installed; mandatory")
    parser.add_argument("--trust", default="", help="given to the programs as --trust")
    parser.add_argument("--all", action="store_true", help="enumerate every fault instead of a sample")
    parser.add_argument("--seed", default=str(int(time.time())), help="of the sample of faults")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many files at once (default: %(default)s)")
    parser.add_argument("--here", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--report", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.here and not arguments.prefix:
        parser.error("--prefix is missing")
    return arguments


def main():
    arguments = parse_arguments()
    sys.path.insert(0, str(HERE / "lib"))
    if arguments.here:
        return run_here(arguments.here, os.fdopen(arguments.report, "w"))
    os.environ["PIGEON_PREFIX"] = str(pathlib.Path(arguments.prefix).resolve())
    os.environ["PIGEON_TRUST"] = arguments.trust
    os.environ["PIGEON_ALL_FAULTS"] = "1" if arguments.all else ""
    os.environ["PIGEON_SEED"] = arguments.seed

    files = sorted(HERE.glob("*/*_test.py"), key=lambda f: (f.stem not in LONGEST, f))
    if arguments.parts:
        files = [f for f in files if any(part in (f.parent.name, f.name, f.stem) for part in arguments.parts)]
    if not files:
        sys.exit("no tests selected")
    print(f"seed {arguments.seed}" + (", all faults" if arguments.all else ", a sample of the faults"), flush=True)
    failed, skipped, count = [], [], 0
    with concurrent.futures.ThreadPoolExecutor(max(arguments.jobs, 1)) as pool:
        for done in concurrent.futures.as_completed(pool.submit(run, file) for file in files):
            name, found, printed, seconds = done.result()
            print(f"-- {name}\n{printed}-- {name}: {found['run']} tests, {seconds:.1f} s", flush=True)
            count += found["run"]
            skipped += [(name, why) for why in found["skipped"]]
            if not found["ok"]:
                failed.append(name)
    for name, why in sorted(set(skipped)):
        print(f"skipped in {name}: {why}")
    print(f"{count} tests, {len(skipped)} skipped, failed: {', '.join(failed) or 'none'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
