"""Recorders whose process dies, whose calls go wrong and whose ledger is killed, in any order that Hypothesis finds.

Nothing of it may lose a record, log one twice, break the chain, or leave the source unable to go on:

- a record whose receipt came back is in the log, at the receipt's index, once, and the receipt verifies;
- one that was refused as not logged is not in the log, and never will be;
- one whose outcome nobody knew is settled when the recorder is opened again: in the log once, or never in it;
- whoever was told that an outcome is unknown, by a process that lived on, gets the receipt when it opens again;
- the source's sequence has no gap, and the log's leaves alone give its state.

    python -m tests.faults clients --examples 2000 --steps 50 --seed 1
"""

import argparse
import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ledger.client import journal, recorder
from ledger.client.opening import open_recorder
from ledger.client.profile import Profile
from ledger.client.range_receipt import Receipt
from ledger.client.recorder import Recorder
from ledger.core.building import prepare
from ledger.core.encoding import Hash
from ledger.core.errors import Busy, InvalidInput, KeySuperseded, LedgerError, Refused, StoreDamaged, Unavailable
from ledger.core.receipt import verify_receipt
from tests.core.world import disclosure, replay
from tests.faults.clients_ledger import AUDITORS, SOURCE, Standing, key_file
from tests.faults.clients_life import Died, Life
from tests.faults.clients_network import Fault, Network, Wire

OPENINGS: Final = 40
"""Attempts after which a recorder that does not open is stuck: there are never as many faults waiting."""

PATIENCE: Final = 30.0
"""Seconds after which a call that nobody answers fails the campaign."""

TALLY: Final[Counter[str]] = Counter()
"""What the campaign came across."""

MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- mkdtemp makes a folder of its own
"""Where files cost least: what a loss of power leaves is told by ``Life``, not by the disk."""

FUSES: Final = st.none() | st.integers(0, 3) | st.integers(0, 45)


class Clients(RuleBasedStateMachine):
    """One source at one ledger; what is known of a record is kept by its slots root.

    Rules that do not apply do nothing instead of having preconditions: what is drawn next must not depend on threads.
    """

    def __init__(self) -> None:
        super().__init__()
        TALLY["examples"] += 1
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-clients-", dir=MEMORY))
        self.patches = AsyncExitStack()
        self.standing: Standing = self.run(self._create())
        self.network = Network(self.standing)
        self.durable = self.folder / "durable"
        self.durable.mkdir()
        self.life = Life(self.folder / "state", self.durable)
        self.stack = AsyncExitStack()
        self.recorder: Recorder | None = None
        self.holding = 0
        self.skew = 0
        self.revoked = False
        self.receipts: list[Receipt] = []
        self.receipted: dict[Hash, int] = {}
        self.refused: set[Hash] = set()
        self.unknown: set[Hash] = set()
        self.owed: set[Hash] = set()
        self.logged: dict[Hash, int] = {}
        self.read = 0
        self.soon = mock.patch.object(recorder, "FIRST_DELAY", 0.0)
        self.soon.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what ``work`` comes to; raise TimeoutError if it hangs."""
        return self.loop.run_until_complete(asyncio.wait_for(work, PATIENCE))

    async def _create(self) -> Standing:
        return Standing.create(self.folder)

    def do(self, work: Callable[..., Any], *arguments: object) -> Any:
        """Call ``work`` at a calm ledger, on the event loop, which servicers need to be made."""

        async def call() -> Any:
            await self.standing.calm()
            return work(*arguments)

        return self.run(call())

    def clock(self) -> float:
        """The recorder's clock in seconds, ``skew`` minutes past the ledger's."""
        return (self.standing.ledger.world.minute + self.skew) * 60.0

    # What may happen

    @rule(fault=st.sampled_from(Fault))
    def disturb(self, fault: Fault) -> None:
        """Have a call to come go wrong."""
        if len(self.network.faults) < 4:
            self.network.faults.append(fault)

    @rule(
        count=st.sampled_from((1, 1, 2, 7)),
        fuse=FUSES,
        power=st.booleans(),
        patient=st.booleans(),
        leaves=st.none() | st.integers(0, 3),
    )
    def record(self, count: int, fuse: int | None, power: bool, patient: bool, leaves: int | None) -> None:
        """Record, opening the recorder if need be; perhaps the process dies, or one caller leaves after a while."""
        self.life.fuse, self.life.power = fuse, power
        if self.recorder is None and not self.revoked:
            self.open(patient)
        if self.recorder is not None:
            self.run(self._record(count, leaves))

    async def _record(self, count: int, leaves: int | None) -> None:
        assert self.recorder is not None
        entries = [prepare(disclosure(), os.urandom) for _ in range(count)]
        calls = [asyncio.ensure_future(self.recorder.submit(entry)) for entry in entries]
        if leaves is not None:
            for _ in range(leaves):
                await asyncio.sleep(0)
            calls[0].cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for entry, outcome in zip(entries, outcomes, strict=True):
            self._note(entry.slots_root, outcome)
        if self.life.left is not None:
            await self._bury()
        elif any(isinstance(outcome, Unavailable) for outcome in outcomes):
            await self._close()
        self.last = outcomes

    def _note(self, root: Hash, outcome: "Receipt | BaseException") -> None:
        match outcome:
            case Receipt():
                TALLY["receipts"] += 1
                self.receipts.append(outcome)
                self.receipted[root] = outcome.index
            case InvalidInput() | Refused():
                TALLY["refused"] += 1
                self.refused.add(root)
            case Unavailable():
                TALLY["unknown"] += 1
                self.unknown.add(root)
                self.owed.add(root)
            case asyncio.CancelledError():
                self.unknown.add(root)
            case _:
                raise AssertionError(f"{type(outcome).__name__}: {outcome}") from outcome

    @rule()
    def close(self) -> None:
        """Close the recorder in good order."""
        self.life.fuse = None
        self.run(self._close())

    @rule(fuse=FUSES, power=st.booleans(), patient=st.booleans())
    def reopen(self, fuse: int | None, power: bool, patient: bool) -> None:
        """Open the recorder, which may die over it."""
        if self.recorder is None and not self.revoked:
            self.life.fuse, self.life.power = fuse, power
            self.open(patient)

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        """Stop or kill the ledger between two writes, and start it again."""
        TALLY["ledger killed"] += killed
        self.do(self.standing.restart, killed)

    @rule(minutes=st.sampled_from((1, 3, 60)), skew=st.sampled_from((-3, 0, 5, 6, 20)))
    def pass_time(self, minutes: int, skew: int) -> None:
        """Let time pass, the recorder's clock being ``skew`` minutes wrong from now on."""
        self.standing.ledger.world.minute += minutes
        self.skew = skew

    @rule()
    def arrive(self) -> None:
        """Deliver what was delayed."""
        late, self.network.late = self.network.late, []
        self.run(self.network.arrive(late))

    @rule(forced=st.booleans())
    def change_key(self, forced: bool) -> None:
        """Change the source's key, which its recorder finds out."""
        if not self.revoked:
            self.do(self.standing.change_key, forced)

    @rule()
    def change_auditor(self) -> None:
        """Remove the auditor that open recorders seal to."""
        if self.standing.auditors < len(AUDITORS):
            self.do(self.standing.change_auditor)

    @rule(really=st.sampled_from((False, False, False, True)))
    def revoke(self, really: bool) -> None:
        """Revoke the source now and then, perhaps with a batch on its way."""
        if really and not self.revoked:
            self.do(self.standing.revoke)
            self.revoked = True

    # Lives

    def open(self, patient: bool) -> None:
        """Open a recorder as its owner would, trying again and with the key that is asked for, until it opens."""
        for _ in range(OPENINGS):
            self.run(self._open(None if patient else 0.0))
            if self.recorder is not None:
                self.settle()
                return
            if self.revoked and self.said == "UnknownSource":
                self.settle()
                return
        raise AssertionError(f"the source is stuck: {self.said}")

    async def _open(self, patience: float | None) -> None:
        life, profile = self.life, self.standing.profile
        key = key_file(self.standing.keys[self.holding])
        self.said = ""
        shim = SimpleNamespace(connect=life.connect, Error=sqlite3.Error)
        with (
            mock.patch.object(Profile, "role_channel", return_value=Wire(self.network, life)),
            mock.patch.object(journal, "sqlite3", shim),
        ):
            opening = open_recorder(profile, key, self.clock, patience, life.directory)
            try:
                self.recorder = await self.stack.enter_async_context(opening)
            except Died:
                await self._bury()
            except LedgerError as error:
                self._refused(error)

    def _refused(self, error: LedgerError) -> None:
        self.said = type(error).__name__
        if isinstance(error, Refused):
            self.owed.clear()  # settled, and nobody is there to get receipts
        match error:
            case StoreDamaged() if str(error).endswith("open it with the key that signed it"):
                self.holding -= 1
            case KeySuperseded():
                self.holding = len(self.standing.keys) - 1
            case InvalidInput() | Refused() | Unavailable() | Busy():
                self.said = f"{type(error).__name__}" if self.revoked else f"{type(error).__name__}: {error}"
            case _:
                raise error

    def settle(self) -> None:
        """Hold every unknown record to what the opening made of it."""
        self.look()
        recovered = [] if self.recorder is None else self.recorder.recovered
        TALLY["recovered"] += len(recovered)
        self.receipts += recovered
        told = {receipt.index for receipt in recovered}
        assert {self.logged[root] for root in self.owed & self.logged.keys()} <= told, "a receipt lost"
        self.owed.clear()
        self.refused |= {root for root in self.unknown if root not in self.logged}
        self.unknown.clear()

    async def _close(self) -> None:
        """End the recorder's process, if there is one, in good order."""
        if self.recorder is None:
            return
        with suppress(Died):
            await self.stack.aclose()
        self.recorder = None
        if self.life.left is not None:
            await self._bury()
        else:
            self.life.keep()

    async def _bury(self) -> None:
        """Let go of what died, and continue from what it left."""
        TALLY["died, power lost" if self.life.power else "died"] += 1
        self.owed.clear()
        with suppress(Died):
            await self.stack.aclose()
        self.recorder = None
        assert self.life.left is not None
        if self.life.directory.exists():
            shutil.rmtree(self.life.directory)
        self.life = Life(self.life.left, self.durable)

    # What must hold

    def look(self) -> None:
        """Read what was logged since the last time; raise unless the chain has no gap and nothing twice."""
        size = self.standing.ledger.view.size
        for index, sequence, root in self.standing.logged(self.read, size):
            assert sequence == len(self.logged), "a gap in the chain"
            assert root not in self.logged, "a record twice"
            self.logged[root] = index
        self.read = size

    @invariant()
    def holds(self) -> None:
        """Raise unless what callers were told is so."""
        self.look()
        assert all(self.logged.get(root) == index for root, index in self.receipted.items()), "a record lost"
        assert not self.refused & self.logged.keys(), "logged, though its caller was told it was not"

    def teardown(self) -> None:
        """End all disturbance: the source goes on, every receipt verifies, and the leaves give the state."""
        try:
            self._finish()
        finally:
            self.soon.stop()
            self.run(self._close())
            self.standing.close()
            self.loop.close()
            shutil.rmtree(self.folder)

    def _finish(self) -> None:
        self.network.faults.clear()
        self.arrive()
        self.life.fuse, self.skew = None, 0
        self.run(self._close())
        self.open(patient=True)
        if not self.revoked:
            before = len(self.receipts)
            self.run(self._record(1, None))
            assert len(self.receipts) == before + 1, f"the source cannot go on: {self.last}"
        self.holds()
        ledger = self.standing.ledger
        for receipt in self.receipts:
            verified = verify_receipt(receipt.data, ledger.world.vkey)
            assert (verified.index, verified.statement.sequence) == (receipt.index, receipt.sequence)
        state = replay(ledger.reader.leaves(0, ledger.view.size))
        assert state.sources[SOURCE] == self.standing.source


def campaign(examples: int, steps: int, number: int | None = None) -> None:
    """Run ``examples`` of up to ``steps`` steps, the same ones each time, or those of seed ``number``."""
    machine = Clients if number is None else seed(number)(Clients)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=number is None,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def main(arguments: Sequence[str]) -> int:
    """Run the long form and tell what it came across."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults clients", description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    campaign(chosen.examples, chosen.steps, chosen.seed)
    print(", ".join(f"{what} {count:,}" for what, count in TALLY.items()), "- no violation")
    return 0
