"""Releases, the waiting room and closings under a quorum, with everything around them failing in any order.

The real recorder with its journal, the real writer, servicers, cosigner and witnesses; Hypothesis draws what happens to
each of them. Nothing of it may release without a receipt, lose a record, or double an entry:

- whoever is let through has a receipt that verifies offline under the quorum, of an entry that is in the log;
- what was put off is in the log in the end, once, in order, or aside with the reason why the log refuses it;
- every entry of the source is one that was asked for, and is there once;
- every release that is in the log has one end: DELIVERED if somebody was let through, ABORTED if not or if the block
  failed;
- closings leave no gap in time or in sequence.

    python -m tests.faults releases --examples 2000 --steps 50 --seed 1
"""

import asyncio
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from unittest import mock

import structlog
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.client import exchange
from ledger.core.errors import Unresolved
from tests.faults import machines
from tests.faults.clients import MEMORY, PATIENCE
from tests.faults.clients_life import Died
from tests.faults.clients_network import Fault
from tests.faults.releases_ledger import Lie, Near, Post, Watched, near
from tests.faults.releases_owner import REST, Doing, Job, Owner, restless
from tests.faults.releases_told import TALLY, Told

PATIENT: Final = 0.1
PATIENCES: Final = st.sampled_from((PATIENT, 0.0))
"""Seconds that a recorder waits for an answer."""

FUSES: Final = st.sampled_from((*[None] * 60, *range(48)))
TURNS: Final = st.sampled_from((0, 0, 0, 1, 2, 4, 8))
QUITS: Final = st.sampled_from((*[None] * 12, *range(12)))

DOINGS: Final = st.lists(st.builds(Doing, st.sampled_from(Job), TURNS, QUITS), min_size=2, max_size=5)
WRONG: Final = st.lists(st.sampled_from((*Fault, *Lie, *Lie)), max_size=2)
AWAY: Final = st.sampled_from(((), (), ("one",), ("three",), ("one", "two"), ("one", "two", "three")))
USUAL: Final = st.lists(
    st.sampled_from((Job.ENTER, Job.ENTER, Job.LEAVE, Job.FAIL, Job.RECORD, Job.PUT_OFF, Job.FLUSH)),
    min_size=1,
    max_size=3,
)


class Releases(RuleBasedStateMachine):
    """One source at one ledger with three witnesses.

    Rules that do not apply do nothing instead of having preconditions: what is drawn next must not depend on threads.
    """

    def __init__(self) -> None:
        super().__init__()
        TALLY["examples"] += 1
        self.patches = ExitStack()
        self.patches.enter_context(mock.patch.object(exchange, "FIRST_DELAY", 0.001))
        self.patches.enter_context(restless())
        self.witnesses: dict[str, Near] = {}
        self.patches.enter_context(near(self.witnesses))
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # what a dead process leaves is nobody's
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-releases-", dir=MEMORY))
        self.standing: Watched = self.run(self._create())
        self.post = Post(self.standing)
        self.told = Told(self.standing)
        self.owner = Owner(self.standing, self.post, self.told, self.folder)

    async def _create(self) -> Watched:
        return Watched.create(self.folder, self.witnesses)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what ``work`` comes to; raise TimeoutError if it hangs."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Unresolved)
            return self.loop.run_until_complete(asyncio.wait_for(work, PATIENCE))

    def disturb(self, wrong: Sequence[Fault | Lie]) -> None:
        """Have calls to come go wrong, and batches to come be answered with lies."""
        for one in wrong:
            if isinstance(one, Lie):
                self.post.lies.append(one)
            else:
                self.post.faults.append(one)

    def call(self, work: Callable[..., Any], *arguments: object) -> Any:
        """Call ``work`` at a calm ledger, on the event loop, which servicers need to be made."""

        async def call() -> Any:
            await self.standing.calm()
            return work(*arguments)

        return self.run(call())

    # What may happen

    @rule(away=AWAY, deaf=st.sampled_from((0, 0, 1, 3)))
    def change_witnesses(self, away: tuple[str, ...], deaf: int) -> None:
        """Have some witnesses be away, and some answers of one of them get lost."""
        self.call(self.standing.leave_out, away)
        self.witnesses["three"].deaf = deaf

    @rule(doings=DOINGS, wrong=WRONG, fuse=FUSES, power=st.booleans(), patience=PATIENCES)
    def act(
        self, doings: list[Doing], wrong: list[Fault | Lie], fuse: int | None, power: bool, patience: float
    ) -> None:
        """Do several things at once, opening the recorder if need be, while calls go wrong and the process may die."""
        self.reopen((), None, power, patience, flush=True)
        self.disturb(wrong)
        self.owner.life.fuse, self.owner.life.power = fuse, power
        if self.owner.recorder is not None:
            self.run(self.owner.do(doings))
            self.owner.life.fuse = None

    @rule(jobs=USUAL)
    def work(self, jobs: list[Job]) -> None:
        """Do what is usually done, in a process that lives on."""
        self.act([Doing(job) for job in jobs], [], None, False, PATIENT)

    @rule(wrong=WRONG, fails=st.booleans(), jobs=USUAL)
    def hand_over(self, wrong: list[Fault | Lie], fails: bool, jobs: list[Job]) -> None:
        """Enter a block while calls go wrong, and end it while other things are done."""
        self.act([Doing(Job.ENTER)], wrong, None, False, PATIENT)
        self.work([Job.FAIL if fails else Job.LEAVE, *jobs])

    @rule(wrong=WRONG, fuse=FUSES, power=st.booleans(), patience=PATIENCES, flush=st.booleans())
    def reopen(self, wrong: Sequence[Fault | Lie], fuse: int | None, power: bool, patience: float, flush: bool) -> None:
        """Open the recorder if there is none, while calls go wrong and the process may die."""
        if self.owner.recorder is None:
            self.disturb(wrong)
            self.owner.life.fuse, self.owner.life.power = fuse, power
            self.run(self.owner.open(patience, flush))

    @rule(count=st.integers(1, 3), late=st.booleans(), fuse=FUSES, power=st.booleans())
    def put_off(self, count: int, late: bool, fuse: int | None, power: bool) -> None:
        """Put records off while no recorder is open."""
        if self.owner.recorder is not None:
            return
        self.owner.life.fuse, self.owner.life.power = fuse, power
        try:
            self.owner.put_off(self.owner.ask_off(count, late))
        except Died:
            self.run(self.owner.bury())
        self.owner.life.fuse = None

    @rule(fuse=FUSES)
    def close(self, fuse: int | None) -> None:
        """Close the recorder, with or without blocks that are still open."""
        self.owner.life.fuse = fuse
        self.run(self.owner.close())
        self.owner.life.fuse = None

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        """Stop or kill the ledger between two writes, and start it again."""
        TALLY["ledger killed"] += killed
        self.call(self.standing.restart, killed)

    @rule(minutes=st.sampled_from((1, 61, 24 * 60, 3 * 24 * 60)))
    def pass_time(self, minutes: int) -> None:
        """Let time pass, perhaps past the end of periods, and a recorder without work notice it."""
        self.standing.ledger.world.minute += minutes
        self.run(asyncio.sleep(2 * REST))
        if self.owner.life.left is not None:
            self.run(self.owner.bury())

    @rule(number=st.none() | st.integers(0, 40))
    def arrive(self, number: int | None) -> None:
        """Deliver what was delayed, or once more what was sent at any time, perhaps by a process that died since."""
        if number is not None:
            self.run(self.post.again(number))
            return
        late, self.post.late = self.post.late, []
        self.run(self.post.arrive(late))

    # What must hold

    @invariant()
    def holds(self) -> None:
        """Raise unless the log bears out what recorders did."""
        self.told.holds()

    def finish(self) -> None:
        """End all disturbance: a last recorder opens, delivers and closes, and all came to its end."""
        self.post.faults.clear()
        self.post.lies.clear()
        self.call(self.standing.leave_out, ())
        self.arrive(None)
        self.close(None)
        self.standing.ledger.world.minute += 24 * 60
        self.run(self.owner.open(None))
        self.run(self.owner.do([Doing(Job.FLUSH), Doing(Job.CLOSE)]))
        self.close(None)
        for number in range(len(self.post.sent)):
            self.arrive(number)
        self.told.verify(self.owner.aside())

    def teardown(self) -> None:
        """Have it end well, and take everything away."""
        try:
            self.finish()
        finally:
            self.dispose()

    def dispose(self) -> None:
        """Take everything away."""
        self.run(self.owner.close())
        self.run(self.standing.end())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.patches.close()
        shutil.rmtree(self.folder)


def campaign(examples: int, steps: int, number: int | None = None) -> None:
    """Run ``examples`` of up to ``steps`` steps, the same ones each time, or those of seed ``number``."""
    machines.run(Releases, examples, steps, number)


def main(arguments: Sequence[str]) -> int:
    """Run the long form, without a word of what goes wrong on the way, and tell what it came across."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("ledger").setLevel(logging.ERROR)
    return machines.tell("releases", (__doc__ or "").partition("\n")[0], arguments, campaign, TALLY)
