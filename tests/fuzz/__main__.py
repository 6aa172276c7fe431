"""Runs targets for minutes rather than hundreds of inputs; a failing input is kept in a file."""

import argparse
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.driving import Broken, Target, try_input
from tests.fuzz.mutating import changed
from tests.fuzz.targets import TARGETS

HANGS_AFTER = 60
"""Seconds of one input, for loops outside of this package's lines: here nothing else depends on time."""


def _hang(signum: int, frame: FrameType | None) -> None:
    raise Broken(f"no answer after {HANGS_AFTER} s")


def run(target: Target, seconds: float, seed: int, kept: Path) -> bool:
    """Feed one target for so long; print the figures, or keep the input that broke it and return False."""
    chance, ends, counts = Random(seed), time.monotonic() + seconds, Counter[bool]()  # noqa: S311 -- a printed seed
    while time.monotonic() < ends:
        data = changed(chance, target.mutate, target.seeds)
        signal.alarm(HANGS_AFTER)
        try:
            counts[try_input(target, data)] += 1
        except Exception as error:
            signal.alarm(0)
            file = kept / f"{target.name.replace(' ', '-').replace('/', '-')}.{seed}.input"
            file.write_bytes(data)
            print(f"{target.name}: {type(error).__name__}: {error}\n  {file}", flush=True)
            return False
        signal.alarm(0)
    print(f"{target.name}: {counts[True] + counts[False]} inputs, {counts[True]} of them accepted", flush=True)
    return True


def main() -> None:
    """Run every target, or those named; exit 1 where one broke its promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="for each target")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may be given again")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"), help="of an earlier run")
    parser.add_argument("--keep", type=Path, default=Path(), help="directory for inputs that broke a target")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, _hang)
    print(f"seed {given.seed}", flush=True)
    names = given.target or list(TARGETS)
    kept = [run(TARGETS[name], 60 * given.minutes, given.seed, given.keep) for name in names]
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
