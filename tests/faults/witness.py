"""The witness campaign: it is killed at every step, its clock jumps, its disk fills up, a thousand ask at once.

    python -m tests.faults witness --times 200 --seed 1

Whatever happens: never two cosignatures on trees that contradict each other, never one that was not persisted, never
a timestamp before an earlier one.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from ledger.client import keyfile
from ledger.core.errors import LedgerError
from ledger.core.split import verify_split
from ledger.core.witnessing import AddCheckpoint, KnownLog
from ledger.witness.state import State, origin_hash
from tests.core.witnessed import LOG
from tests.faults.seen import Violation
from tests.faults.sources import dice
from tests.faults.test_damage_disk import disk, fill
from tests.faults.witness_killing import BEFORE, POINTS, UNSYNCED
from tests.faults.witness_seen import Told, Tree
from tests.witness.served import exchange, head, posted

CLIENTS: Final = 16
CROWD: Final = 1000
PATIENCE: Final = 60
LIVES: Final = 20
"""Deaths of one state; then a new witness begins."""
MOST_REQUESTS: Final = 5000
"""By then a step that is waited for has come."""


@dataclass(slots=True)
class Campaign:
    """One witness and what it told; ``outcomes`` counts the answers."""

    directory: Path
    told: Told
    outcomes: Counter[str] = field(default_factory=Counter)
    process: Process | None = None
    port: int = 0
    log: list[str] = field(default_factory=list)

    async def start(self, point: str = "none", passes: int = 1) -> None:
        """Start the witness and hold what it publishes against what it told."""
        command = (sys.executable, "-m", "tests.faults.witness_killing", point, str(passes), str(self.directory))
        self.process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
        assert self.process.stderr is not None
        self.log = []
        async with asyncio.timeout(PATIENCE):
            while not self.log or '"serving"' not in self.log[-1]:
                line = await self.process.stderr.readline()
                if not line:
                    raise Violation(f"it did not start: {self.log}")
                self.log.append(line.decode())
        self.port = int(json.loads(self.log[-1])["public"].rpartition(":")[2])

    async def ended(self) -> int:
        """Return the exit code of the process once it has ended, its log read to the end."""
        assert self.process is not None
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            self.log += (await self.process.stderr.read()).decode().splitlines()
            return await self.process.wait()

    async def check(self) -> None:
        """Hold what it publishes, and what it keeps, against everything that it told."""
        answer = await exchange(self.port, head("GET", f"/{origin_hash(LOG.name)}/checkpoint"))
        if answer.code == 200:
            self.told.published(answer.body)
        elif self.told.cosigned:
            raise Violation("what was cosigned is not published any more")
        self.told.check()
        for path in (self.directory / "evidence").glob("*.split"):
            try:
                verify_split(path.read_bytes())
            except LedgerError as error:
                raise Violation(f"{path.name} is evidence of nothing: {error}") from None

    async def ask(self) -> int | None:
        """Ask once, take the answer, and return its status; None when there was none."""
        return await self._send(*self.told.request())

    async def _send(self, tree: Tree, request: AddCheckpoint) -> int | None:
        try:
            answer = await exchange(self.port, posted(request.format()))
        except (OSError, EOFError):
            self.outcomes["no answer"] += 1
            return None
        if answer.code == 200:
            self.told.answered(tree, request, answer.body)
        self.outcomes[str(answer.code)] += 1
        return answer.code

    async def load(self) -> None:
        """Ask from many sides until the process is dead."""

        async def client() -> None:
            for _ in range(MOST_REQUESTS // CLIENTS):
                if await self.ask() is None:
                    return
            raise Violation("the step it was to die at never came")

        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(client())

    async def die(self, point: str, passes: int) -> None:
        """Check everything that was told in earlier lives, and live until a step."""
        await self.start(point, passes)
        await self.check()
        await self.load()
        if await self.ended() != -signal.SIGKILL:
            raise Violation(f"it ended by itself: {self.log[-3:]}")
        if point in UNSYNCED and self.told.random.random() < 0.5:
            (self.directory / "logs" / origin_hash(LOG.name)).write_bytes((self.directory.parent / BEFORE).read_bytes())
            self.outcomes["renamings lost with the power"] += 1
        self.outcomes["deaths"] += 1

    async def crowd(self) -> None:
        """Have a thousand ask at once: some get a cosignature, and nobody anything that is not foreseen."""
        await self.start()
        await self.check()
        asked = [self.told.request() for _ in range(CROWD)]
        codes = Counter(await asyncio.gather(*(self._send(*one) for one in asked)))
        if not codes[200] or set(codes) - {200, 409, 422, 503, None}:
            raise Violation(f"a crowd of {CROWD} got {codes}")
        self.outcomes["of a crowd"] += CROWD
        await self.check()
        await self.stop()

    async def fill_up(self) -> None:
        """On a full disk nothing is cosigned; with room it goes on. The state is gone afterwards."""
        with disk(self.directory):
            await self.start()
            await self._ask_until(200)
            fill(self.directory / "ballast")
            codes = {await self.ask() for _ in range(50)}
            if 200 in codes or 503 not in codes:
                raise Violation(f"on a full disk it answered {codes}")
            await self.check()
            (self.directory / "ballast").unlink()
            await self._ask_until(200)
            await self.check()
            await self.stop("state not written", "evidence not kept")
            self.outcomes["full disks"] += 1

    async def _ask_until(self, code: int) -> None:
        for _ in range(50):
            if await self.ask() == code:
                return
        raise Violation(f"it never answered {code}")

    async def stop(self, *expected: str) -> None:
        """End it; nothing went wrong inside but a log's splits and what was ``expected``."""
        assert self.process is not None
        self.process.terminate()
        code = await self.ended()
        wrong = [
            line for line in self.log if '"error"' in line and not any(w in line for w in ("split log", *expected))
        ]
        if code != 0 or wrong:
            raise Violation(f"it ended with {code}: {wrong[:3]}")


@asynccontextmanager
async def campaign(random: Random) -> AsyncIterator[Campaign]:
    """Make a witness that knows the log; kill it in the end, should it still run."""
    with tempfile.TemporaryDirectory(prefix="wit-") as directory:
        key = keyfile.generate("witness", "witness.example", random.randbytes)
        vkey = key.public.vkey()
        state = State(Path(directory) / "state", vkey)
        state.prepare()
        state.add(KnownLog(LOG.vkey(), LOG.name))
        keyfile.save(state.directory / "witness.key", key)
        one = Campaign(state.directory, Told(vkey, random))
        try:
            yield one
        finally:
            if one.process is not None and one.process.returncode is None:
                one.process.kill()
                await one.process.wait()


async def run(times: int, seed: int) -> Counter[str]:
    """Run the campaign: each step in turn, before and after it, then the crowd and the full disk."""
    random, outcomes = dice(seed), Counter[str]()
    points = list(POINTS)
    random.shuffle(points)
    for first in range(0, times, LIVES):
        async with campaign(dice(random.getrandbits(64))) as one:
            for number in range(first, min(times, first + LIVES)):
                point = points[number % len(points)]
                passes = random.randint(1, POINTS[point][0].passes)
                try:
                    await one.die(point, passes)
                except (Violation, ExceptionGroup) as error:
                    raise Violation(f"dying {point}, pass {passes}: {error}") from error
            await one.crowd()
            if os.geteuid() == 0:
                await one.fill_up()
            outcomes += one.outcomes
        print(f"{min(times, first + LIVES)} of {times} deaths", flush=True)
    return outcomes


def main(arguments: Sequence[str]) -> int:
    """Return 0 if every promise was kept, else 1."""
    parser = argparse.ArgumentParser("witness", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="deaths (100)")
    parser.add_argument("--seed", type=int, default=1, help="what is drawn: steps, passes, requests (1)")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        print("without root no disk is filled up")
    try:
        outcomes = asyncio.run(run(options.times, options.seed))
    except Violation as violation:
        print(f"VIOLATION with seed {options.seed}: {violation}")
        return 1
    print("0 violations: " + ", ".join(f"{number} {what}" for what, number in sorted(outcomes.items())))
    return 0
