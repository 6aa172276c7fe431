"""Every step of a commit fails, before and after it took effect; everything is verified again after each."""

from collections.abc import Callable
from concurrent.futures import Future

import pytest

from ledger.core.bodies import Anchor
from ledger.core.errors import Unavailable
from ledger.engine.fsck import check
from tests.core.world import disclosure
from tests.engine.cosigning import cosigned, set_policy
from tests.engine.ledger import TIMEOUT, Ledger
from tests.faults.persisting import KEEPING, STEPS, Step, fail


def batch(ledger: Ledger) -> None:
    """Log a batch of three."""
    ledger.world.disclose("alpha", disclosure(), disclosure(), disclosure())


def governance(ledger: Ledger) -> None:
    """Accredit an auditor."""
    ledger.world.add_auditor(f"auditor {ledger.world.size}")


def group(ledger: Ledger) -> None:
    """Log batches of two sources and governance, sent at once: the writer may take any number of them together."""
    ledger.world.disclose("alpha")
    ledger.world.enrol(f"source-{ledger.world.size}")
    ledger.world.disclose("beta", disclosure(), disclosure())


def anchor(ledger: Ledger) -> None:
    """Log the ANCHOR of all there is."""
    ledger.world.say_as_ledger(Anchor(cosigned(ledger)))


def verify(ledger: Ledger, size: int) -> None:
    """Raise unless exactly the first ``size`` entries of the world are published, served and stored."""
    assert (ledger.view.size, ledger.view.root) == (size, ledger.world.root(size))
    assert ledger.view.note == ledger.world.checkpoint(size)
    assert ledger.reader.leaves(0, size) == ledger.world.leaves[:size]


def outcomes(ledger: Ledger) -> list[int | BaseException]:
    """Send what the world has logged, all of it at once; a writer that has halted by then refuses there and then."""
    futures: list[Future[int]] = []
    for placed in ledger.world.placed[ledger.followed :]:
        ledger.followed += 1
        try:
            futures.append(ledger.send(placed))
        except Unavailable as error:
            futures.append(Future())
            futures[-1].set_exception(error)
    return [future.exception(TIMEOUT) or future.result() for future in futures]


def attempt(ledger: Ledger, step: Step, after: bool, work: Callable[[Ledger], None]) -> None:
    """Have ``work`` meet the fault, verify what is published then, restart, verify, send again, and verify all."""
    old = ledger.world.size
    ledger.seconds += 10  # the mark is due
    work(ledger)
    sent = ledger.world.placed[ledger.followed :]
    with pytest.MonkeyPatch.context() as patch:
        fail(ledger, patch, step, after)
        found = outcomes(ledger)
        ledger.sequencer.stop()
        assert ledger.sequencer.halted == "a write failed (OSError); restart"
        for placed, outcome in zip(sent, found, strict=True):
            if placed.first < ledger.view.size:
                assert outcome == placed.first
            else:
                assert str(outcome) == f"the ledger is halted: {ledger.sequencer.halted}"
        reached = {placed.first + placed.batch.count for placed in sent}  # whatever the writer took together
        assert ledger.view.size in (reached if step.published[after] else {old})
        verify(ledger, ledger.view.size)
    ledger.reopen()
    size = ledger.view.size
    assert size in (reached if step.stored[after] else {old})
    verify(ledger, size)
    assert check(ledger.store).size == size
    for placed in sent:
        if placed.submission is not None or placed.first >= size:  # governance is numbered: it goes in once
            assert ledger.send(placed).result(TIMEOUT) == placed.first
    ledger.check()


@pytest.mark.parametrize("after", [False, True], ids=["before it did anything", "after it did all"])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_that_fails_leaves_the_old_log_or_the_new(ledger: Ledger, step: Step, after: bool) -> None:
    """Who is answered is published, what is published is stored; a restart has all or nothing; resent, all is in."""
    set_policy(ledger)
    for work in (batch, governance, group, anchor):
        attempt(ledger, step, after, work)


@pytest.mark.parametrize("after", [False, True], ids=["before it did anything", "after it did all"])
@pytest.mark.parametrize("step", KEEPING.values(), ids=KEEPING)
def test_a_cosigned_note_is_kept_or_the_one_before(ledger: Ledger, step: Step, after: bool) -> None:
    """Whichever was shown is stored; a fault leaves the old note or the new one, and the log as it was."""
    set_policy(ledger)
    kept = [ledger.sequencer.keep(cosigned(ledger)).result(TIMEOUT)]
    batch(ledger)
    kept.append(ledger.follow())
    ledger.seconds += 10  # the mark is due
    with pytest.MonkeyPatch.context() as patch:
        fail(ledger, patch, step, after)
        outcome = ledger.sequencer.keep(cosigned(ledger)).exception(TIMEOUT)
        ledger.sequencer.stop()
        assert ledger.sequencer.halted == "a write failed (OSError); restart"
        assert (outcome is None) == step.published[after]
        assert cosigned_size(ledger) == kept[step.published[after]]
    ledger.reopen()
    assert cosigned_size(ledger) == kept[step.stored[after]]
    verify(ledger, kept[1])
    assert check(ledger.store).size == kept[1]
    if not step.stored[after]:
        assert ledger.sequencer.keep(cosigned(ledger)).result(TIMEOUT) == kept[1]


def cosigned_size(ledger: Ledger) -> int:
    """Return the size of the cosigned tree that readers see."""
    assert ledger.view.cosigned is not None
    return ledger.view.cosigned.size


def test_fault_after_fault_on_one_log(ledger: Ledger) -> None:
    """A log that meets every fault in a row, and once more in reverse, is in the end as if none had been."""
    faults = [(step, after) for step in STEPS.values() for after in (False, True)]
    for step, after in [*faults, *reversed(faults)]:
        attempt(ledger, step, after, batch)


@pytest.mark.parametrize("after", [False, True], ids=["before it did anything", "after it did all"])
@pytest.mark.parametrize("name", [name for name in STEPS if "the" in name and "mark" in name])
def test_a_mark_that_cannot_be_written_on_stopping(ledger: Ledger, name: str, after: bool) -> None:
    """A stop that cannot write the mark says so; the entries are there, and the mark, old or new, still fits them."""
    batch(ledger)
    size = ledger.follow()
    with pytest.MonkeyPatch.context() as patch:
        fail(ledger, patch, STEPS[name], after)
        with pytest.raises(OSError, match="Input/output error"):
            ledger.sequencer.stop()
    ledger.store.close()
    ledger.start()
    verify(ledger, size)


def test_every_write_is_one_synced_batch(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no death of a process can show: each commit asks LevelDB for a single batch, atomic and synced."""
    asked: list[dict[str, object]] = []
    database = ledger.store._database

    class Watched:
        """The database, its batches listed."""

        def write_batch(self, **how: object) -> object:
            asked.append(how)
            return database.write_batch(**how)

        def __getattr__(self, name: str) -> object:
            return getattr(database, name)

    monkeypatch.setattr(ledger.store, "_database", Watched())
    batch(ledger)
    governance(ledger)
    ledger.follow()
    assert asked == [{"transaction": True, "sync": True}] * 2
