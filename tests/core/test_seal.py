"""A seal signs the bytes of protocol §3, and moves to no other log, key, position or chain."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.core.batch import OPENING, Binding, decode_batch, sign_batch, signed_bytes, verify_seal
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput, NotAuthenticated, Uncheckable
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey, Signature
from ledger.core.statement import Seal, Statement, decode_leaf, encode_statement
from tests.core.examples import DISCLOSURE, LOG_OPENED, hashed
from tests.core.rfc6962 import mth
from tests.core.world import START, secret

KEY, OTHER = secret("alpha"), secret("beta")
BOUND = Binding(hashed("log"), hashed("key statement"), hashed("previous"))
BOXES = hashed("sealed keys")


def run(count: int, first: int = 0) -> list[Statement]:
    """Return consecutive statements of alpha, a minute apart."""
    return [Statement("alpha", first + position, START + position, DISCLOSURE) for position in range(count)]


def signed(statements: Sequence[Statement]) -> tuple[bytes, ...]:
    """Return the leaves of a batch sealed by alpha under ``BOUND``."""
    return sign_batch(statements, BOUND, BOXES, [KEY.sign])


def by_hand(source_id: bytes, first: int, count: int, root: bytes) -> bytes:
    """Return the signed bytes of a batch under ``BOUND`` as protocol §3 spells them."""
    head = b"disclosure-ledger/v1/batch\x00" + BOUND.log_id + bytes([len(source_id)]) + source_id
    numbers = first.to_bytes(8, "big") + count.to_bytes(4, "big")
    return head + BOUND.key_statement + numbers + root + BOUND.previous + BOXES


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_the_seal_signs_the_bytes_of_the_protocol(count: int) -> None:
    """Label, log, source, key statement, place, count, root without the seal, previous and boxes, in this order."""
    statements = run(count, first=258)
    leaves = signed(statements)
    unsealed = [encode_statement(statement) for statement in statements]
    assert leaves[:-1] == tuple(unsealed[:-1])
    message = by_hand(b"alpha", 258, count, mth(unsealed))
    seal = Seal(BOXES, (KEY.sign(message),))
    assert leaves[-1] == encode_statement(replace(statements[-1], seal=seal))
    batch = decode_batch(leaves)
    assert batch.signed_bytes(BOUND) == message
    assert verify_seal(batch, BOUND, [KEY.public]) == sha256(message)


OPENED = decode_batch(signed(run(3, first=5)))
ROOT, ANOTHER = OPENED.root, hashed("another")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(signed_bytes(replace(BOUND, log_id=ANOTHER), "alpha", 5, 3, ROOT, BOXES), id="another log"),
        pytest.param(signed_bytes(replace(BOUND, key_statement=ANOTHER), "alpha", 5, 3, ROOT, BOXES), id="another key"),
        pytest.param(signed_bytes(replace(BOUND, previous=ANOTHER), "alpha", 5, 3, ROOT, BOXES), id="another chain"),
        pytest.param(signed_bytes(OPENING, "alpha", 5, 3, ROOT, BOXES), id="no log yet"),
        pytest.param(signed_bytes(BOUND, "beta", 5, 3, ROOT, BOXES), id="another source"),
        pytest.param(signed_bytes(BOUND, "alph", 5, 3, ROOT, BOXES), id="a shorter name"),
        pytest.param(signed_bytes(BOUND, "alpha", 6, 3, ROOT, BOXES), id="another place"),
        pytest.param(signed_bytes(BOUND, "alpha", 5, 4, ROOT, BOXES), id="another count"),
        pytest.param(signed_bytes(BOUND, "alpha", 5, 3, ANOTHER, BOXES), id="other statements"),
        pytest.param(signed_bytes(BOUND, "alpha", 5, 3, ROOT, ANOTHER), id="other boxes"),
        pytest.param(signed_bytes(BOUND, "alpha", 5, 3, ROOT, BOXES).replace(b"batch", b"inner"), id="another label"),
        pytest.param(signed_bytes(BOUND, "alpha", 5, 3, ROOT, BOXES)[:-1], id="one byte less"),
        pytest.param(signed_bytes(BOUND, "alpha", 5, 3, ROOT, BOXES) + b"\x00", id="one byte more"),
    ],
)
def test_a_seal_over_anything_else_is_refused(message: bytes) -> None:
    """A seal made for another log, key, chain, source, place, count, content or label does not verify here."""
    batch = replace(OPENED, seal=Seal(BOXES, (KEY.sign(message),)))
    assert message != OPENED.signed_bytes(BOUND)
    with pytest.raises(NotAuthenticated, match=r"^seal: the signature does not verify$"):
        verify_seal(batch, BOUND, [KEY.public])


@pytest.mark.parametrize("name", ["log_id", "key_statement", "previous"])
def test_a_seal_does_not_move(name: str) -> None:
    """The same batch offered to another log, under another key statement or behind another batch is refused."""
    bindings = {
        "log_id": replace(BOUND, log_id=ANOTHER),
        "key_statement": replace(BOUND, key_statement=ANOTHER),
        "previous": replace(BOUND, previous=ANOTHER),
    }
    with pytest.raises(NotAuthenticated, match=r"^seal: the signature does not verify$"):
        verify_seal(OPENED, bindings[name], [KEY.public])


def test_a_seal_does_not_move_to_other_statements() -> None:
    """No statement of the batch can be left out, changed or sealed again with the seal of another place."""
    *rest, last = signed(run(3, first=5))
    seal = decode_leaf(last).statement.seal
    elsewhere = [*(encode_statement(item) for item in run(2, first=6)), b""]
    elsewhere[-1] = encode_statement(replace(run(3, first=6)[2], seal=seal))
    changed = [encode_statement(replace(run(3, first=5)[0], recorded_at=START - 1)), *rest[1:], last]
    for leaves in ([rest[1], last], [last], elsewhere, changed):
        with pytest.raises(NotAuthenticated):
            verify_seal(decode_batch(leaves), BOUND, [KEY.public])


def test_every_flipped_bit_of_a_batch_shows() -> None:
    """A changed bit anywhere in a batch is refused: by a leaf, by the batch, or by the seal."""
    leaves = signed(run(2))
    for at, data in enumerate(leaves):
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises((InvalidInput, Uncheckable, NotAuthenticated)):
                verify_seal(decode_batch([*leaves[:at], bytes(flipped), *leaves[at + 1 :]]), BOUND, [KEY.public])


def test_exactly_the_registered_keys_sign() -> None:
    """Signatures too many, too few, of another key or of another algorithm are refused as not authentic."""
    message = OPENED.signed_bytes(BOUND)
    right, wrong = KEY.sign(message), OTHER.sign(message)
    for signatures in ((), (right, right), (right, wrong), (wrong,), (Signature(2, right.signature),)):
        with pytest.raises(NotAuthenticated, match=r"^seal: "):
            verify_seal(replace(OPENED, seal=Seal(BOXES, signatures)), BOUND, [KEY.public])
    two = [KEY.public, PublicKey(2, bytes(32))]
    with pytest.raises(NotAuthenticated, match=r"^seal: exactly one signature a registered key is needed$"):
        verify_seal(OPENED, BOUND, two)


def test_each_signer_signs_in_the_order_given() -> None:
    """Two registered keys give two signatures, which verify in that order only."""
    batch = decode_batch(sign_batch(run(2), BOUND, BOXES, [KEY.sign, OTHER.sign]))
    assert verify_seal(batch, BOUND, [KEY.public, OTHER.public]) == sha256(batch.signed_bytes(BOUND))
    with pytest.raises(NotAuthenticated):
        verify_seal(batch, BOUND, [OTHER.public, KEY.public])


def test_the_opening_binds_zeros() -> None:
    """LOG_OPENED is signed with zeros for log, key statement and previous batch."""
    assert Binding(ZERO_HASH, ZERO_HASH, ZERO_HASH) == OPENING
    leaves = sign_batch([Statement(LEDGER, 0, START, LOG_OPENED)], OPENING, ZERO_HASH, [secret("chain").sign])
    batch = decode_batch(leaves)
    head = b"disclosure-ledger/v1/batch\x00" + bytes(32) + b"\x06ledger" + bytes(32)
    message = head + bytes(8) + b"\x00\x00\x00\x01" + mth([batch.leaves[0].unsealed]) + bytes(64)
    assert verify_seal(batch, OPENING, [secret("chain").public]) == Hash(sha256(message))
