"""Every kind of file call that the server makes, failed by strace, at its first, second, … occurrence in a run.

What a run is, and what has to hold after it, is told in ``damage_runs``.

    python -m tests.faults syscalls --seed 1 --times 100      # without --times: every call, every occurrence
"""

import argparse
import asyncio
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.damage_runs import WENT_ON, Runs, Took
from tests.faults.harness import harness
from tests.faults.seen import Violation
from tests.faults.syscalls_faults import ERRORS, Fault, faults, occurrences, strace

NOT_MET: Final = "not met"
"""What becomes of a fault in a call that this run did not make so often."""


@dataclass(frozen=True, slots=True)
class Syscalls:
    """The ledger that the faults happen to, one after the other."""

    runs: Runs

    @property
    def directory(self) -> Path:
        """The ledger's directory."""
        return self.runs.ledger.directory

    @property
    def trace(self) -> Path:
        """Where strace writes."""
        return self.directory.parent / "trace"

    async def survey(self) -> Counter[tuple[str, str]]:
        """Stop the server and return what calls a run of it makes."""
        await self.runs.ledger.stop()
        took = await self.runs.run(*strace(self.trace, ",".join(ERRORS)))
        if took.how != WENT_ON:
            raise Violation(f"without a fault the server {took}")
        return occurrences(self.directory, self.trace)

    async def suffer(self, fault: Fault) -> Took:
        """Run the stopped server with one fault, then without; return how it took the fault."""
        took = await self.runs.run(*fault.command(self.directory, self.trace))
        await self.runs.recover(fault)
        return took if "(INJECTED)" in self.trace.read_text(errors="replace") else Took(NOT_MET)


def missing() -> str:
    """Return what has to be installed for this campaign, "" when it can run."""
    return "" if shutil.which("strace") else "strace: apt-get install strace"


async def campaign(seed: int, times: int | None) -> int:
    """Run the faults, all or ``times`` of them chosen by ``seed``; print what came of them; return the exit code."""
    random = Random(seed)  # noqa: S311 -- chooses faults, not keys
    outcomes: Counter[str] = Counter()
    async with harness(random) as ledger:
        syscalls = Syscalls(Runs(ledger))
        found = await syscalls.survey()
        chosen = list(faults(found))
        print(f"{sum(found.values())} calls of {len(found)} kinds, {len(chosen)} faults", flush=True)
        if times is not None and times < len(chosen):
            chosen = sorted(random.sample(chosen, times), key=str)
        for number, fault in zip(count(1), chosen, strict=False):
            try:
                took = await syscalls.suffer(fault)
            except Violation as error:
                ledger.kill()
                print(f"VIOLATION {fault}: {error}", flush=True)
                outcomes["violations"] += 1
                continue
            outcomes[took.how] += 1
            print(f"{number:4} {fault!s:48} {took}", flush=True)
    print(f"seed {seed}: " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items())))
    return 1 if outcomes["violations"] else 0


def main(arguments: list[str]) -> int:
    """Run ``python -m tests.faults syscalls``."""
    parser = argparse.ArgumentParser("syscalls", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int)
    chosen = parser.parse_args(arguments)
    if missing():
        print(missing(), file=sys.stderr)
        return 2
    return asyncio.run(campaign(chosen.seed, chosen.times))
