"""The witness campaign in short; and what holds its cosignatures against each other does find what is wrong."""

import pytest

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, cosign, sign_checkpoint
from ledger.core.witnessing import witness_vkey
from tests.core.witnessed import LOG, WITNESS, root
from tests.faults.seen import Violation
from tests.faults.sources import dice
from tests.faults.test_damage_disk import MOUNTS
from tests.faults.witness import campaign
from tests.faults.witness_seen import Told, Tree

DEATHS = {
    "before deciding": 7,
    "after deciding": 5,
    "after renaming it": 6,
    "before syncing the directory": 2,
    "after syncing the directory": 3,
    "before keeping evidence": 1,
    "before answering": 9,
}


@pytest.mark.timeout(300)  # processes start many times over
async def test_a_witness_that_dies_keeps_every_promise() -> None:
    """Killed at any step, with power or without, its clock jumping: all it ever cosigned is one history.

    That includes what a thousand get who ask at once, in the end.
    """
    async with campaign(dice(1)) as one:
        for point, passes in DEATHS.items():
            await one.die(point, passes)
        await one.crowd()
    assert (one.outcomes["deaths"], one.outcomes["of a crowd"]) == (len(DEATHS), 1000)
    assert one.outcomes["200"] > len(DEATHS)


@MOUNTS
async def test_a_full_disk_ends_cosigning_until_there_is_room() -> None:
    """Nothing is cosigned that cannot be persisted; with room it goes on."""
    async with campaign(dice(2)) as one:
        await one.fill_up()
    assert one.outcomes["503"] > 0


def told(*cosigned: tuple[Tree, int]) -> Told:
    """Return what a witness told that cosigned these trees at these times."""
    told = Told(witness_vkey(WITNESS), dice(1))
    told.cosigned = list(cosigned)
    return told


SEVEN = Tree(7)
WRONG = {
    "two trees of one size": told((SEVEN, 1), (SEVEN.turned(3, 1), 1)),
    "a larger tree of another history": told((SEVEN, 1), (Tree(9, ((6, 1),)), 1)),
    "a time that went back": told((SEVEN, 5), (Tree(9), 4)),
    "a time that went back between the same tree's": told((SEVEN, 5), (SEVEN, 9), (Tree(9), 8)),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_contradictions_are_found(wrong: Told) -> None:
    """Trees that are not one history, and times out of order, are violations."""
    with pytest.raises(Violation):
        wrong.check()


def test_one_history_is_none() -> None:
    """A history that turns where nothing was cosigned yet is one history."""
    told((SEVEN, 5), (Tree(9, ((7, 1),)), 5), (SEVEN, 4), (Tree(300, ((7, 1), (9, 2))), 6)).check()


def test_a_witness_that_forgets_is_found() -> None:
    """A published tree that is smaller than one cosigned is a violation."""
    one = told((SEVEN, 1))
    one.latest = SEVEN
    checkpoint = Checkpoint(LOG.name, 4, root(Tree(4).leaves))
    signed = sign_checkpoint(checkpoint, LOG)
    published = SignedCheckpoint(checkpoint, signed.note.with_signature(cosign(checkpoint, 1, WITNESS)))
    with pytest.raises(Violation):
        one.published(published.note.format())
