#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of whole deliveries, file by file, and prints the time of each.

Every *_test.py below tests/ is run; a file that is there cannot be forgotten. A test that is skipped says why, and the
reasons are printed at the end.
"""

import argparse
import os
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class Result(unittest.TextTestResult):
    """As unittest has it, with the sentence that a test is, instead of its Python name."""

    def getDescription(self, test):
        return test.shortDescription() or str(test)


def load(path):
    loader = unittest.TestLoader()
    return loader.discover(str(path.parent), pattern=path.name, top_level_dir=str(path.parent))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="only these: names of directories or files below tests/")
    parser.add_argument("--prefix", required=True, help="where PigeonDeliver is installed")
    parser.add_argument("--trust", default="", help="given to the programs as --trust")
    parser.add_argument("--all", action="store_true", help="enumerate every fault instead of a sample")
    parser.add_argument("--seed", default=str(int(time.time())), help="of the sample of faults")
    arguments = parser.parse_args()
    os.environ["PIGEON_PREFIX"] = str(pathlib.Path(arguments.prefix).resolve())
    os.environ["PIGEON_TRUST"] = arguments.trust
    os.environ["PIGEON_ALL_FAULTS"] = "1" if arguments.all else ""
    os.environ["PIGEON_SEED"] = arguments.seed
    sys.path.insert(0, str(HERE / "lib"))

    files = sorted(HERE.glob("*/*_test.py"))
    if arguments.parts:
        files = [f for f in files if any(part in (f.parent.name, f.name, f.stem) for part in arguments.parts)]
    if not files:
        sys.exit("no tests selected")
    print(f"seed {arguments.seed}" + (", all faults" if arguments.all else ", a sample of the faults"), flush=True)
    failed, skipped, run = [], [], 0
    for file in files:
        name = f"{file.parent.name}/{file.stem}"
        begin = time.monotonic()
        print(f"-- {name}", flush=True)
        runner = unittest.TextTestRunner(resultclass=Result, verbosity=1, stream=sys.stdout)
        result = runner.run(load(file))
        print(f"-- {name}: {result.testsRun} tests, {time.monotonic() - begin:.1f} s", flush=True)
        run += result.testsRun
        skipped += [(name, why) for _, why in result.skipped]
        if not result.wasSuccessful() or result.testsRun == 0:
            failed.append(name)
    for name, why in sorted(set(skipped)):
        print(f"skipped in {name}: {why}")
    print(f"{run} tests, {len(skipped)} skipped, failed: {', '.join(failed) or 'none'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
