"""Recorders whose process dies, whose calls go wrong and whose ledger is killed, in any order that Hypothesis finds.

Nothing of it may lose a record, log one twice, break the chain, or leave the source unable to go on:

- a record whose receipt came back is in the log, at the receipt's index, once, and the receipt verifies;
- one that was refused as not logged is not in the log, and never will be;
- one whose outcome nobody knew is settled when the recorder is opened again: in the log once, or never in it;
- whoever was told that an outcome is unknown, by a process that lived on, gets the receipt when it opens again;
- the source's sequence has no gap, and the log's leaves alone give its state.

    python -m tests.faults clients --examples 2000 --steps 50 --seed 1
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.client import exchange
from tests.faults import machines
from tests.faults.clients_ledger import AUDITORS, Standing
from tests.faults.clients_network import Fault, Network
from tests.faults.clients_owner import Owner
from tests.faults.clients_told import TALLY, Told

PATIENCE: Final = 30.0
"""Seconds after which a call that nobody answers fails the campaign."""

MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 -- mkdtemp makes a folder of its own
"""Where files cost least: what a loss of power leaves is told by ``Life``, not by the disk."""

FUSES: Final = st.none() | st.integers(0, 3) | st.integers(0, 45)


class Clients(RuleBasedStateMachine):
    """One source at one ledger.

    Rules that do not apply do nothing instead of having preconditions: what is drawn next must not depend on threads.
    """

    def __init__(self) -> None:
        super().__init__()
        TALLY["examples"] += 1
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-clients-", dir=MEMORY))
        self.standing: Standing = self.run(self._create())
        self.network = Network(self.standing)
        self.told = Told(self.standing)
        self.owner = Owner(self.standing, self.network, self.told, self.folder)
        self.soon = mock.patch.object(exchange, "FIRST_DELAY", 0.0)
        self.soon.start()

    async def _create(self) -> Standing:
        return Standing.create(self.folder)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what ``work`` comes to; raise TimeoutError if it hangs."""
        return self.loop.run_until_complete(asyncio.wait_for(work, PATIENCE))

    def do(self, work: Callable[..., Any], *arguments: object) -> Any:
        """Call ``work`` at a calm ledger, on the event loop, which servicers need to be made."""

        async def call() -> Any:
            await self.standing.calm()
            return work(*arguments)

        return self.run(call())

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
        self.reopen(fuse, power, patient)
        self.owner.life.fuse, self.owner.life.power = fuse, power
        if self.owner.recorder is not None:
            self.run(self.owner.record(count, leaves))

    @rule(fuse=FUSES, power=st.booleans(), patient=st.booleans())
    def reopen(self, fuse: int | None, power: bool, patient: bool) -> None:
        """Open the recorder if there is none; its process may die over it."""
        if self.owner.recorder is None and not self.owner.revoked:
            self.owner.life.fuse, self.owner.life.power = fuse, power
            self.run(self.owner.open(patient))

    @rule()
    def close(self) -> None:
        """Close the recorder in good order."""
        self.owner.life.fuse = None
        self.run(self.owner.close())

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        """Stop or kill the ledger between two writes, and start it again."""
        TALLY["ledger killed"] += killed
        self.do(self.standing.restart, killed)

    @rule(minutes=st.sampled_from((1, 3, 60)), skew=st.sampled_from((-3, 0, 5, 6, 20)))
    def pass_time(self, minutes: int, skew: int) -> None:
        """Let time pass, the recorder's clock being ``skew`` minutes wrong from now on."""
        self.standing.ledger.world.minute += minutes
        self.owner.skew = skew

    @rule()
    def arrive(self) -> None:
        """Deliver what was delayed."""
        late, self.network.late = self.network.late, []
        self.run(self.network.arrive(late))

    @rule(forced=st.booleans())
    def change_key(self, forced: bool) -> None:
        """Change the source's key, which its recorder finds out."""
        if not self.owner.revoked:
            self.do(self.standing.change_key, forced)

    @rule()
    def change_auditor(self) -> None:
        """Remove the auditor that open recorders seal to."""
        if self.standing.auditors < len(AUDITORS):
            self.do(self.standing.change_auditor)

    @rule(really=st.sampled_from((False, False, False, True)))
    def revoke(self, really: bool) -> None:
        """Revoke the source now and then, perhaps with a batch on its way."""
        if really and not self.owner.revoked:
            self.do(self.standing.revoke)
            self.owner.revoked = True

    # What must hold

    @invariant()
    def holds(self) -> None:
        """Raise unless what callers were told is so."""
        self.told.holds()

    def teardown(self) -> None:
        """End all disturbance: the source goes on, unless it is revoked, and everything verifies."""
        try:
            self.network.faults.clear()
            self.arrive()
            self.close()
            self.owner.skew = 0
            self.run(self.owner.open(patient=True))
            if not self.owner.revoked:
                before = len(self.told.receipted)
                self.run(self.owner.record(1))
                assert len(self.told.receipted) == before + 1, "the source cannot go on"
            self.told.verify()
        finally:
            self.dispose()

    def dispose(self) -> None:
        """Take everything away."""
        self.soon.stop()
        self.run(self.owner.close())
        self.standing.close()
        self.loop.close()
        shutil.rmtree(self.folder)


def campaign(examples: int, steps: int, number: int | None = None) -> None:
    """Run ``examples`` of up to ``steps`` steps, the same ones each time, or those of seed ``number``."""
    machines.run(Clients, examples, steps, number)


def main(arguments: Sequence[str]) -> int:
    """Run the long form and tell what it came across."""
    return machines.tell("clients", (__doc__ or "").partition("\n")[0], arguments, campaign, TALLY)
