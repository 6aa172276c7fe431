"""A witness cosigns what extends the largest tree it has seen; every row of C2SP tlog-witness."""

import pytest

from ledger.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign,
    sign_checkpoint,
    verify_cosignatures,
)
from ledger.core.encoding import MAX_SIZE, ZERO_HASH
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import COSIGNATURE, Note, SigningKey
from ledger.core.witnessing import (
    Accepted,
    AddCheckpoint,
    KnownLog,
    Latest,
    witness_vkey,
)
from tests.core.witnessed import LOG, NOW, STRANGER, WITNESS, asking, decided, knowing, leaves, proof, signed

SEVEN = signed(leaves(7))


ACCEPTED = {
    "the first tree": (None, asking(0, leaves(7))),
    "the first tree is empty": (None, asking(0, leaves(0))),
    "a tree after the empty one": (0, asking(0, leaves(5))),
    "a larger tree": (4, asking(4, leaves(7))),
    "a far larger tree": (1, asking(1, leaves(130))),
    "the same tree again": (7, asking(7, leaves(7))),
    "the empty tree again": (0, asking(0, leaves(0))),
}


@pytest.mark.parametrize(("size", "request_"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_extends_the_known_tree_is_cosigned(size: int | None, request_: AddCheckpoint) -> None:
    """The line is the witness's over that checkpoint at that time, and what is persisted opens under both keys."""
    outcome = decided(knowing(size), request_)
    assert isinstance(outcome, Accepted)
    note = request_.note.with_signature(outcome.line)
    key = witness_vkey(WITNESS)
    assert verify_cosignatures(SignedCheckpoint(request_.checkpoint, note), [key]) == {key: NOW}
    assert outcome.known.latest is not None
    assert outcome.known.latest.signed.note == note
    assert Latest.open(note.format(), LOG.vkey(), LOG.name, key) == outcome.known.latest


TIMES = {"later": (NOW + 9, NOW + 9), "the same second": (NOW, NOW), "a clock set back": (5, NOW), "no clock": (0, NOW)}


@pytest.mark.parametrize(("time", "stamped"), TIMES.values(), ids=TIMES)
def test_no_timestamp_is_before_an_earlier_one(time: int, stamped: int) -> None:
    """A clock that is behind the last cosignature of the log does not move its time back."""
    outcome = decided(knowing(4), asking(4, leaves(7)), time)
    assert isinstance(outcome, Accepted)
    assert outcome.known.timestamp == stamped


@pytest.mark.parametrize("time", [-1, 0])
def test_no_timestamp_is_0(time: int) -> None:
    """Where no time is known, by clock or earlier cosignature, the timestamp is 1."""
    outcome = decided(knowing(None), asking(0, leaves(7)), time)
    assert isinstance(outcome, Accepted)
    assert outcome.known.timestamp == 1


def test_lines_of_strangers_are_ignored_and_not_kept() -> None:
    """Lines under keys that the witness does not know change nothing, and only verified ones are persisted."""
    lines = [STRANGER.sign(SEVEN.note.text), *(cosign(SEVEN.checkpoint, 5, key) for key in (STRANGER, WITNESS))]
    request = AddCheckpoint.of(
        0, (), SignedCheckpoint(SEVEN.checkpoint, Note(SEVEN.note.text, (*SEVEN.note.signatures, *lines)))
    )
    outcome = decided(knowing(None), request)
    assert isinstance(outcome, Accepted)
    assert outcome.known.latest is not None
    assert outcome.known.latest.signed.note.signatures == (*SEVEN.note.signatures, outcome.line)


def test_extension_lines_are_cosigned() -> None:
    """A checkpoint with extension lines is cosigned as a whole."""
    checkpoint = signed(leaves(7), LOG, LOG.name, "more")
    outcome = decided(knowing(4), AddCheckpoint.of(4, proof(4, leaves(7)), checkpoint))
    assert isinstance(outcome, Accepted)
    assert outcome.known.latest is not None
    assert outcome.known.latest.signed.checkpoint.extensions == ("more",)


def test_the_largest_tree_is_cosigned() -> None:
    """A first tree of 2^63 - 1 leaves is cosigned like any other."""
    largest = sign_checkpoint(Checkpoint(LOG.name, MAX_SIZE, ZERO_HASH), LOG)
    outcome = decided(knowing(None), AddCheckpoint.of(0, (), largest))
    assert isinstance(outcome, Accepted)
    assert outcome.known.size == MAX_SIZE


def test_before_the_first_cosignature_the_tree_is_empty() -> None:
    """What is known of a new log is size 0, the empty root and time 0."""
    known = knowing(None)
    assert (known.size, known.root, known.timestamp) == (0, EMPTY_ROOT, 0)


@pytest.mark.parametrize("origin", ["", "two\nlines", "a\tb", "\ud800"])
def test_origins_that_no_checkpoint_has_are_refused(origin: str) -> None:
    """An origin is one line of text."""
    with pytest.raises(InvalidInput, match=r"^origin: "):
        KnownLog(LOG.vkey(), origin)


def test_a_key_that_signs_no_log_is_refused() -> None:
    """A log's key signs the text itself: one for cosignatures is refused."""
    with pytest.raises(InvalidInput, match="vkey: a log's must be of key type 01"):
        KnownLog(LOG.vkey(COSIGNATURE), LOG.name)


OTHER = SigningKey("other.example", WITNESS.secret)


@pytest.mark.parametrize(
    ("log", "origin", "witness"),
    [(STRANGER, LOG.name, WITNESS), (LOG, "another.example", WITNESS), (LOG, LOG.name, OTHER)],
    ids=["of another log", "of another origin", "cosigned by another witness"],
)
def test_what_was_persisted_by_others_does_not_open(log: SigningKey, origin: str, witness: SigningKey) -> None:
    """The persisted note opens under the log's key, its origin and the witness's key alone."""
    latest = knowing(7).latest
    assert latest is not None
    with pytest.raises(VerificationFailed):
        Latest.open(latest.signed.note.format(), log.vkey(), origin, witness_vkey(witness))
