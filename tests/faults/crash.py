"""The crash campaign: a served ledger under load dies by SIGKILL again and again, and has to keep every promise.

    python -m tests.faults crash --times 300 --seed 1

Each life is one step: start, check everything ever told, load, die, fsck. A new ledger is opened every 25 deaths, so
that every check reads the whole log.
"""

import argparse
import asyncio
import json
import shutil
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final

from ledger.core.errors import LedgerError, Unavailable
from ledger.host import lines
from tests.faults.deaths import RANDOM, STARTING_UP, STOPPING, Death, deaths
from tests.faults.harness import Harness, harness
from tests.faults.invariants import check
from tests.faults.killing import SYNCED, TORN
from tests.faults.load import Load, loaded
from tests.faults.seen import Violation
from tests.faults.sources import dice

WITNESSES: Final = ("one", "two", "three")
"""Of the log, two of them a quorum; they live on, and remember."""

LIVES: Final = 25
"""Deaths of one ledger."""

SERVES_WITHIN: Final = 2.0
"""Seconds from exec to SERVING."""


@dataclass(slots=True)
class Tally:
    """What a campaign came to."""

    deaths: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    starts: list[float] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return it as text."""
        slow = sum(seconds > SERVES_WITHIN for seconds in self.starts)
        return [
            f"{sum(self.deaths.values())} deaths: " + ", ".join(f"{n} {how}" for how, n in self.deaths.most_common()),
            ", ".join(f"{count} {what}" for what, count in self.found.items()),
            f"{len(self.starts)} starts, exec to SERVING: median {statistics.median(self.starts):.2f} s, "
            f"slowest {max(self.starts):.2f} s, {slow} above {SERVES_WITHIN} s",
        ]


@dataclass(slots=True)
class Campaign:
    """One ledger and its deaths."""

    ledger: Harness
    tally: Tally = field(default_factory=Tally)

    async def live(self, death: Death) -> None:
        """Start, check, work, die, and find the store whole; raise Violation otherwise."""
        ledger, loop = self.ledger, asyncio.get_running_loop()
        early = loop.call_later(death.seconds, ledger.kill) if death.how == STARTING_UP else None
        served = await ledger.start(*death.command) is not None
        if early is not None:
            early.cancel()
            death = replace(death, how=RANDOM) if served else death  # it was faster than its death
        if served and await self._outlived_check(death):
            async with loaded(ledger, ledger.random) as load:
                late = self._end(death)
                await ledger.ended()
                if late is not None:
                    late.cancel()  # the next process is not the one that was to die
            self._count(load)
        self._buried(death)

    async def _outlived_check(self, death: Death) -> bool:
        """Check everything; return False if the server died meanwhile: witnesses alone keep its writer busy."""
        try:
            await self._check()
        except Violation as error:
            if death.command and isinstance(error.__cause__, Unavailable):
                await self.ledger.ended()
                return False
            raise
        return True

    async def _check(self) -> None:
        """Check everything, and count what became of the batches that nobody answered."""
        logged = await check(self.ledger)
        for source in self.ledger.sources:
            for sent in source.unanswered():
                kept = sent.batch.end_sequence <= logged.get(source.name, 0)
                self.tally.found["unanswered batches kept whole" if kept else "unanswered batches not kept"] += 1

    def _end(self, death: Death) -> asyncio.TimerHandle | None:
        """Have the server end as ``death`` says; return what will kill it, unless it does so itself."""
        if death.how == STOPPING:
            self.ledger.terminate()
        elif death.command:
            return None
        return asyncio.get_running_loop().call_later(death.seconds, self.ledger.kill)

    def _buried(self, death: Death) -> None:
        ledger = self.ledger
        assert ledger.process is not None
        allowed = {-signal.SIGKILL, 0} if death.how == STOPPING else {-signal.SIGKILL}
        if ledger.process.returncode not in allowed:
            raise Violation(f"ended with {ledger.process.returncode} instead of by SIGKILL; {ledger.last_words}")
        if death.how == TORN:
            tear(ledger)
        ledger.fsck()
        self.tally.deaths[death.kind] += 1

    def _count(self, load: Load) -> None:
        self.tally.found.update(
            {
                "batches answered": load.batches - load.repeats,
                "answered again": load.repeats,
                "governance statements": load.governed,
                "verified reads": load.reads,
            }
        )

    async def finish(self) -> None:
        """Serve once more, have everything unanswered answered, work a little, stop, and check all of it again."""
        ledger = self.ledger
        if await ledger.start() is None:
            raise Violation(f"the server did not start; {ledger.last_words}")
        await self._check()
        async with loaded(ledger, ledger.random) as load:
            await load.until(lambda: load.batches >= 10)
        await load.resend()
        self._count(load)
        await check(ledger)
        if await ledger.stop() != 0:
            raise Violation(f"a stop ended with an error; {ledger.last_words}")
        found, mark = ledger.fsck(), json.loads((ledger.directory / "high-water.json").read_text())
        if (mark["size"], mark["root"]) != (found.size, found.root.hex()):
            raise Violation("after a stop the high-water mark is not what was published last")
        self.tally.found["entries acknowledged"] += len(ledger.seen.entries)
        self.tally.found["checkpoints told"] += ledger.seen.checkpoints
        self.tally.found["anchors"] += ledger.seen.anchors
        self.tally.starts += ledger.restarts
        for sign in ("internal error", "Traceback", "halted"):
            if sign in ledger.log.read_text():
                raise Violation(f"the server's log says: {sign}")


def tear(ledger: Harness) -> None:
    """Cut LevelDB's log at a random byte of what was not synced, as a power failure can during the write."""
    synced = dict(line.split() for line in (ledger.directory.parent / SYNCED).read_text().splitlines())
    for path in ledger.store.glob("*.log"):
        length = path.stat().st_size
        with path.open("r+b") as file:
            file.truncate(ledger.random.randint(int(synced.get(path.name, 0)), length))


@asynccontextmanager
async def campaign(random: Random, tally: Tally | None = None) -> AsyncIterator[Campaign]:
    """Open a ledger to die; at the end everything is checked once more."""
    async with harness(random, witnesses=WITNESSES) as ledger:
        await ledger.stop()
        one = Campaign(ledger, tally or Tally())
        yield one
        await one.finish()


async def run(times: int, seed: int) -> Tally:
    """Run the campaign; a violation keeps the ledger's directory and says where."""
    random, tally = dice(seed), Tally()
    plan, began = deaths(times, random), time.monotonic()
    while plan:
        lives, plan = plan[:LIVES], plan[LIVES:]
        async with campaign(dice(random.getrandbits(64)), tally) as one:
            for death in lives:
                try:
                    await one.live(death)
                except (Violation, LedgerError) as error:
                    kept = Path(tempfile.mkdtemp(prefix="ledger-violation-")) / "kept"
                    shutil.copytree(one.ledger.directory.parent, kept, ignore=shutil.ignore_patterns("*.sock"))
                    raise Violation(f"dying {death}: {error}\nthe ledger is kept in {kept}") from error
        print(f"{sum(tally.deaths.values())} of {times} deaths, {time.monotonic() - began:.0f} s", flush=True)
    return tally


def main(arguments: Sequence[str]) -> int:
    """Return 0 if every promise was kept and every start served in time, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults crash", description=__doc__)
    parser.add_argument("--times", type=int, default=300, help="deaths (300)")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn: deaths, batch sizes, repeats (1)")
    options = parser.parse_args(arguments)
    lines.set_up("error")  # the witnesses in this process would tell of each cosignature
    try:
        tally = asyncio.run(run(options.times, options.seed))
    except Violation as violation:
        print(f"VIOLATION with seed {options.seed}: {violation}")
        return 1
    print("\n".join(["0 violations", *tally.lines()]))
    return int(max(tally.starts) > SERVES_WITHIN)
