"""A batch is one run of one source's statements under one seal at its end."""

import pickle
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import (
    MAX_BATCH,
    decode_batch,
    sign_batch,
)
from ledger.core.errors import InvalidInput, Uncheckable
from ledger.core.merkle import leaf_hash
from ledger.core.rules import LEDGER
from ledger.core.signing import Signature
from ledger.core.statement import MAX_SEQUENCE, MAX_STATEMENT, Seal, Statement, decode_leaf, encode_statement
from tests.core.examples import LOG_OPENED
from tests.core.rfc6962 import mth
from tests.core.test_plain_shape import plain
from tests.core.test_seal import BOUND, BOXES, KEY, run, signed
from tests.core.world import START


def test_what_a_batch_says() -> None:
    """Its place, its minutes, its seal, its root without the seal, and the log's leaf hashes with it."""
    statements = run(3, first=5)
    leaves = signed(statements)
    batch = decode_batch(leaves)
    assert (batch.source_id, batch.first_sequence, batch.end_sequence, batch.count) == ("alpha", 5, 8, 3)
    assert (batch.first_minute, batch.last_minute) == (START, START + 2)
    assert batch.leaves == tuple(decode_leaf(data) for data in leaves)
    assert batch.leaf_hashes == tuple(leaf_hash(data) for data in leaves)
    assert batch.root == mth([encode_statement(statement) for statement in statements])
    assert batch.root != mth(leaves)
    assert batch.seal.sealed_keys_digest == BOXES


def test_a_batch_travels_between_processes() -> None:
    """It arrives as it was, and what was recognised by its shape is not parsed on the way."""
    for batch in (decode_batch(signed(run(3, first=5))), decode_batch(signed(plain(4)))):
        arrived = pickle.loads(pickle.dumps(batch))  # noqa: S301 -- made here
        assert arrived == batch
        assert [leaf.is_plain for leaf in arrived.leaves] == [leaf.is_plain for leaf in batch.leaves]
        unsealed = [leaf_hash(leaf.unsealed) for leaf in batch.leaves]
        assert list(arrived.unsealed_hashes) == list(batch.unsealed_hashes) == unsealed


def test_a_batch_has_1024_statements_at_most() -> None:
    """The largest batch decodes, one more and none at all are refused."""
    leaves = signed(run(MAX_BATCH))
    assert decode_batch(leaves).count == MAX_BATCH == 1024
    for data in ([], [leaves[0], *leaves]):
        with pytest.raises(InvalidInput, match=r"^batch: must have 1 to 1024 statements$"):
            decode_batch(data)


def test_the_last_sequence_ends_a_batch() -> None:
    """Sequences end at their bound, within a batch too."""
    assert decode_batch(signed(run(2, first=MAX_SEQUENCE - 1))).end_sequence == MAX_SEQUENCE + 1
    with pytest.raises(InvalidInput, match=r"^sequence: must be at most"):
        decode_batch(signed(run(2, first=MAX_SEQUENCE)))


def test_a_minute_may_stand_still() -> None:
    """Statements of one minute are one batch."""
    still = [replace(statement, recorded_at=START) for statement in run(3)]
    assert decode_batch(signed(still)).last_minute == START


SEAL = Seal(BOXES, (Signature(1, b"x"),))
FIRST, SECOND, THIRD = run(3)
LAST = replace(THIRD, seal=SEAL)
LEDGERS = Statement(LEDGER, 1, START, bodies.Anchor(b""), SEAL)


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        pytest.param([FIRST, SECOND, THIRD], "seal: missing on the last statement", id="no seal"),
        pytest.param(
            [replace(FIRST, seal=SEAL), SECOND, LAST],
            "seal: only the last statement of a batch has one",
            id="a seal on the first",
        ),
        pytest.param(
            [FIRST, replace(SECOND, seal=SEAL), THIRD],
            "seal: only the last statement of a batch has one",
            id="a seal before the last",
        ),
        pytest.param([FIRST, LAST], "sequence: must go up by one within the batch", id="a gap"),
        pytest.param([SECOND, FIRST, LAST], "sequence: must go up by one within the batch", id="out of order"),
        pytest.param([THIRD, LAST], "sequence: must go up by one within the batch", id="twice"),
        pytest.param(
            [FIRST, replace(SECOND, source_id="beta"), LAST], "source_id: differs within the batch", id="two sources"
        ),
        pytest.param([FIRST, LEDGERS], "source_id: differs within the batch", id="a source and the ledger"),
        pytest.param(
            [FIRST, replace(SECOND, recorded_at=START - 1), LAST],
            "recorded_at: must not decrease within the batch",
            id="back in time",
        ),
        pytest.param(
            [FIRST, SECOND, replace(LAST, recorded_at=SECOND.recorded_at - 1)],
            "recorded_at: must not decrease within the batch",
            id="back in time at the end",
        ),
        pytest.param(
            [Statement(LEDGER, 1, START, LOG_OPENED, SEAL)],
            "log_opened: is alone in the first batch of the ledger's chain",
            id="an opening in the middle",
        ),
        pytest.param(
            [Statement(LEDGER, 0, START, LOG_OPENED), LEDGERS],
            "log_opened: is alone in the first batch of the ledger's chain",
            id="an opening in company",
        ),
    ],
)
def test_what_is_not_one_batch_is_refused(statements: Sequence[Statement], message: str) -> None:
    """One source, one seal at the end, sequences without gaps, time that does not go back, openings alone."""
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        decode_batch([encode_statement(statement) for statement in statements])


def test_an_unknown_leaf_makes_a_batch_uncheckable() -> None:
    """A batch with a body of a later release is not refused as malformed."""
    first, last = signed(run(2))
    with pytest.raises(Uncheckable):
        decode_batch([b"\x08\x02" + first[2:], last])


def test_a_batch_past_16_kib_is_not_signed() -> None:
    """A last statement that only its seal makes too long is refused before anybody sees it."""
    bare = len(encode_statement(Statement(LEDGER, 1, START, bodies.Anchor(bytes(8192))))) - 8192
    full = Statement(LEDGER, 1, START, bodies.Anchor(bytes(MAX_STATEMENT - bare)))
    assert len(encode_statement(full)) == MAX_STATEMENT
    with pytest.raises(InvalidInput, match=r"^statement: longer than 16384 bytes$"):
        sign_batch([full], BOUND, BOXES, [KEY.sign])
