"""What a witness does not cosign, each with its status of C2SP tlog-witness."""

import pytest

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, cosign, open_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.note import Note, SignatureLine
from ledger.core.witnessing import (
    INCONSISTENT,
    MALFORMED,
    STALE,
    UNKNOWN,
    UNSIGNED,
    AddCheckpoint,
    KnownLog,
    Refusal,
)
from tests.core.witnessed import LOG, STRANGER, WITNESS, asking, decided, knowing, leaves, proof, signed


def odd(old: int, proof_: tuple[Hash, ...], checkpoint: SignedCheckpoint) -> AddCheckpoint:
    """Return a request that no honest log makes."""
    return AddCheckpoint.of(old, proof_, checkpoint)


EMPTY_WITH_ROOT = Checkpoint(LOG.name, 0, ZERO_HASH)
TEXT = f"{LOG.name}\n0\n{'A' * 43}=\n"
EMPTY_SIGNED = SignedCheckpoint(EMPTY_WITH_ROOT, Note(TEXT, (LOG.sign(TEXT),)))
SEVEN = signed(leaves(7))
BROKEN_LINE = SignatureLine(LOG.name, LOG.vkey().key_id, bytes(64))
SHORT_LINE = SignatureLine(LOG.name, LOG.vkey().key_id, b"short")


def more_lines(*lines: SignatureLine, instead: bool = False) -> AddCheckpoint:
    """Return the request for the first seven leaves with other signature lines behind or instead of the log's."""
    kept = () if instead else SEVEN.note.signatures
    return AddCheckpoint.of(0, (), SignedCheckpoint(SEVEN.checkpoint, Note(SEVEN.note.text, (*kept, *lines))))


REFUSED = {
    "another key of the log's name": (None, asking(0, leaves(7), STRANGER), UNSIGNED),
    "no signature but a witness's": (None, more_lines(cosign(SEVEN.checkpoint, 5, WITNESS), instead=True), UNSIGNED),
    "a line of the log's key that does not verify": (None, more_lines(BROKEN_LINE, instead=True), UNSIGNED),
    "a second line of the log's key that does not verify": (None, more_lines(BROKEN_LINE), UNSIGNED),
    "a line of the log's key that is too short": (None, more_lines(SHORT_LINE), UNSIGNED),
    "old past the checkpoint": (7, odd(8, (), signed(leaves(7))), MALFORMED),
    "old past the checkpoint of another signer": (7, odd(8, (), signed(leaves(7), STRANGER)), UNSIGNED),
    "old past the checkpoint, and past what is known": (4, odd(6, (), signed(leaves(5))), MALFORMED),
    "old is 0 where more is known": (4, asking(0, leaves(7)), STALE),
    "old is less than what is known": (4, asking(3, leaves(7)), STALE),
    "old is more than what is known": (4, asking(5, leaves(7)), STALE),
    "old where nothing is known": (None, asking(5, leaves(7)), STALE),
    "a smaller tree": (7, asking(4, leaves(5)), STALE),
    "a proof that is wrong, and an old that is": (4, odd(3, (ZERO_HASH,), signed(leaves(7))), STALE),
    "an empty tree with a root": (None, odd(0, (), EMPTY_SIGNED), INCONSISTENT),
    "an empty tree with a root, after the empty one": (0, odd(0, (), EMPTY_SIGNED), INCONSISTENT),
    "an empty tree with a root, where more is known": (4, odd(0, (), EMPTY_SIGNED), STALE),
    "a proof from nothing": (None, odd(0, (ZERO_HASH,), signed(leaves(7))), INCONSISTENT),
    "no proof": (4, odd(4, (), signed(leaves(7))), INCONSISTENT),
    "a proof that is too short": (4, odd(4, proof(4, leaves(7))[:-1], signed(leaves(7))), INCONSISTENT),
    "a proof that is too long": (4, odd(4, (*proof(4, leaves(7)), ZERO_HASH), signed(leaves(7))), INCONSISTENT),
    "a proof with a wrong hash": (4, odd(4, (ZERO_HASH,) * len(proof(4, leaves(7))), SEVEN), INCONSISTENT),
    "a proof for the same tree": (7, odd(7, (ZERO_HASH,), SEVEN), INCONSISTENT),
    "another history": (4, asking(4, leaves(7, fork=2)), INCONSISTENT),
    "another tree of the same size": (7, asking(7, leaves(7, fork=2)), INCONSISTENT),
}


@pytest.mark.parametrize(("size", "request_", "code"), REFUSED.values(), ids=REFUSED)
def test_everything_else_is_refused(size: int | None, request_: AddCheckpoint, code: int) -> None:
    """Each request that must not be cosigned has its status; only one of the wrong old size is told the size."""
    outcome = decided(knowing(size), request_)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert outcome.size == ((size or 0) if code == STALE else None)
    assert ": " in outcome.reason


@pytest.mark.parametrize(
    "known",
    [None, KnownLog(LOG.vkey(), "another.example")],
    ids=["a log nobody told it of", "what is known of another log"],
)
def test_an_unknown_origin_is_refused_before_its_signature_is_looked_at(known: KnownLog | None) -> None:
    """Without a key for the origin the answer is 404, whatever the signature."""
    for log in (LOG, STRANGER):
        outcome = decided(known, asking(0, leaves(7), log))
        assert outcome == Refusal(UNKNOWN, "origin: not of a log that this witness knows")


SPLITS = {
    "old is right": (7, asking(7, leaves(7, fork=2)), INCONSISTENT, True),
    "old is stale": (7, asking(4, leaves(7, fork=2)), STALE, True),
    "the other tree is larger": (7, asking(7, leaves(8, fork=2)), INCONSISTENT, False),
    "the other tree is smaller": (7, asking(4, leaves(5, fork=2)), STALE, False),
    "the same tree": (7, asking(4, leaves(7)), STALE, False),
    "nothing is known": (None, asking(4, leaves(7)), STALE, False),
    "an empty tree with a root": (0, odd(0, (), EMPTY_SIGNED), INCONSISTENT, False),
    "another signer": (7, asking(7, leaves(7, fork=2), STRANGER), UNSIGNED, False),
}


@pytest.mark.parametrize(("size", "request_", "code", "shown"), SPLITS.values(), ids=SPLITS)
def test_two_roots_for_one_size_are_kept(size: int | None, request_: AddCheckpoint, code: int, shown: bool) -> None:
    """Where the log signed another root for the size that was cosigned last, both its notes are handed out."""
    outcome = decided(knowing(size), request_)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert (outcome.split is not None) == shown
    if outcome.split:
        trees = [open_checkpoint(note.format(), LOG.vkey()).checkpoint for note in outcome.split]
        assert [tree.size for tree in trees] == [7, 7]
        assert trees[0].root != trees[1].root
