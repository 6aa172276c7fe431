"""ANCHORs in a log: a cosigned checkpoint of this very log, older than its own place, each larger than the last."""

from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.anchors import Anchored
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.checkpoint import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH, sha256
from ledger.core.errors import InvalidInput, LedgerError, Refused, VerificationFailed
from ledger.core.life import Lives
from ledger.core.note import Note, SigningKey
from ledger.core.statement import Statement
from tests.core.world import START, World, replay, secret
from tests.vectors import replay as second
from tests.vectors.basics import Disproven

WITNESS = SigningKey("witness.example", secret("witness"))


def cosigned(world: World, size: int | None = None) -> bytes:
    """Return the log's checkpoint with one cosignature."""
    signed = open_checkpoint(world.checkpoint(size), world.vkey)
    return signed.note.with_signature(cosign(signed.checkpoint, 1_767_139_200, WITNESS)).format()


def grown() -> World:
    """Return a log of four entries, the last of them an ANCHOR over the first three."""
    world = World.open()
    world.enrol("alpha")
    world.enrol("beta")
    world.minute += 60
    world.say_as_ledger(bodies.Anchor(cosigned(world)))
    return world


def test_an_anchor_is_remembered() -> None:
    """The state knows the latest ANCHOR's index, minute and size, from its leaves alone; before any, LOG_OPENED's."""
    assert World.open().state.governing.anchored == Anchored(0, START, 0)
    world = grown()
    assert world.state.governing.anchored == Anchored(3, START + 60, 3)
    assert replay(world.leaves) == world.state


def test_anchors_take_no_number_and_need_no_approval() -> None:
    """Governance goes on with the number it had, in any order with ANCHORs, also within one batch."""
    world = grown()
    number = world.state.governing.next_number
    world.say_as_ledger(bodies.Anchor(cosigned(world)))
    world.minute += 1
    world.enrol("gamma")
    world.say_as_ledger(bodies.Anchor(cosigned(world, 5)), bodies.Anchor(cosigned(world, 6)))
    assert world.state.governing.next_number == number + 1
    assert world.state.governing.anchored == Anchored(7, START + 61, 6)
    assert replay(world.leaves) == world.state


def noted(text: str, *signatures: SigningKey) -> bytes:
    """Return a note over ``text``."""
    return Note(text, tuple(key.sign(text) for key in signatures)).format()


WORLD = grown()
LOG = WORLD.log
OTHER = SigningKey(LOG.name, secret("another log"))
CHECKPOINT = Checkpoint(LOG.name, 4, WORLD.root())
REFUSED: dict[str, tuple[bytes, type[LedgerError], str]] = {
    "nothing": (b"", InvalidInput, "note: without a blank line"),
    "no note": (b"note", InvalidInput, "note: without a blank line"),
    "no checkpoint": (noted("text\n", LOG), InvalidInput, "checkpoint: not three or more lines"),
    "another log's": (
        sign_checkpoint(replace(CHECKPOINT, origin="other.example"), LOG).note.format(),
        VerificationFailed,
        "checkpoint: of another origin",
    ),
    "signed by another key": (
        sign_checkpoint(CHECKPOINT, OTHER).note.format(),
        VerificationFailed,
        "note: no signature by a known key",
    ),
    "signed by a witness only": (
        Note(CHECKPOINT.format(), (cosign(CHECKPOINT, 1, WITNESS),)).format(),
        VerificationFailed,
        "note: no signature by a known key",
    ),
    "changed": (
        sign_checkpoint(CHECKPOINT, LOG).note.format().replace(b"\n4\n", b"\n3\n"),
        VerificationFailed,
        "signature",
    ),
    "over its own place": (
        sign_checkpoint(replace(CHECKPOINT, size=5), LOG).note.format(),
        Refused,
        "checkpoint: covers the ANCHOR's own place; its size must be at most 4",
    ),
    "anchored before": (cosigned(WORLD, 3), Refused, "checkpoint: anchored already; its size must be more than 3"),
    "smaller than the one before": (cosigned(WORLD, 1), Refused, "its size must be more than 3"),
}


@pytest.mark.parametrize(("note", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_anchors_nothing_is_refused(note: bytes, error: type[LedgerError], message: str) -> None:
    """Another log's, an unsigned, a too large or an old checkpoint is refused, and nothing has changed."""
    world = deepcopy(WORLD)
    head, binding = world.state.source("ledger").head, world.binding("ledger")
    statement = Statement("ledger", head.next_sequence, world.minute, bodies.Anchor(note))
    batch = decode_batch(sign_batch([statement], binding, ZERO_HASH, [world.chain.sign]))
    before = deepcopy(world.state)
    for attempt in (
        lambda batch: world.state.replay(batch, Lives().find),
        lambda batch: world.state.apply(batch, sha256(b"digest")),
    ):
        with pytest.raises(error, match=message):
            attempt(batch)
        assert world.state == before
    with pytest.raises(Disproven):
        second.replay([*world.leaves, *(leaf.data for leaf in batch.leaves)])


def test_the_second_implementation_replays_anchors() -> None:
    """What was written from the document alone takes the same ANCHORs."""
    assert second.replay(WORLD.leaves).anchored == WORLD.state.governing.anchored.size == 3


def test_the_largest_tree_before_it_may_be_anchored() -> None:
    """An ANCHOR may cover everything up to its own place."""
    world = deepcopy(WORLD)
    index = world.say_as_ledger(bodies.Anchor(cosigned(world)))
    assert world.state.governing.anchored == Anchored(index, world.minute, index)
