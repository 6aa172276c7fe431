"""A receipt alone proves entry, log, signer and place to whoever knows the log's verifier key."""

import pytest

from ledger.core.checkpoint import cosign
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, LedgerError, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import MAX_EXTRA, ReceiptExtra, format_receipt, verify_receipt
from ledger.core.statement import decode_leaf
from tests.core.world import ORIGIN, mixed, secret

WORLD = mixed()
FORCED = {11, 12, 15}
"""The entries that beta sealed under its forced key."""


@pytest.mark.parametrize("index", range(WORLD.size))
def test_every_entry_has_a_receipt_that_verifies(index: int) -> None:
    """Whoever said it, and under each checkpoint since, a receipt gives back entry, log, keys and digest."""
    placed = WORLD.batch_at(index)
    for size in range(index + 1, WORLD.size + 1):
        verified = verify_receipt(WORLD.receipt(index, size), WORLD.vkey, ORIGIN)
        assert (verified.index, verified.leaf_hash) == (index, leaf_hash(WORLD.leaves[index]))
        assert verified.statement == decode_leaf(WORLD.leaves[index]).statement
        assert (verified.log_id, verified.opened) == (WORLD.log_id, decode_leaf(WORLD.leaves[0]).statement.body)
        assert verified.batch_digest == sha256(placed.batch.signed_bytes(placed.binding))
        checkpoint = verified.checkpoint.checkpoint
        assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, size, WORLD.root(size))
        assert verified.forced == (index in FORCED)
        assert not verified.log_key_changed


def test_the_keys_are_those_of_the_time() -> None:
    """A receipt names the keys that sealed its entry: the ledger's own, alpha's first, and alpha's second."""
    for index, name in ((0, "chain"), (1, "chain"), (3, "alpha 0"), (9, "alpha 1"), (16, "chain")):
        assert verify_receipt(WORLD.receipt(index), WORLD.vkey).keys == (secret(name).public,)


def test_a_chain_links_from_receipt_to_receipt() -> None:
    """The digest that one batch's receipt gives is the predecessor that the next batch's carries."""
    first = verify_receipt(WORLD.receipt(3), WORLD.vkey).batch_digest
    assert [WORLD.receipt_extra(index).previous for index in (4, 5, 6)] == [first] * 3
    second = verify_receipt(WORLD.receipt(5), WORLD.vkey).batch_digest
    assert WORLD.receipt_extra(9).previous == second


def test_another_verifier_key_or_origin_is_refused() -> None:
    """The receipt is under one log's key and origin, whatever else it holds."""
    receipt = WORLD.receipt(5)
    for key in (SigningKey(ORIGIN, secret("other")), SigningKey("other.example", WORLD.log.secret)):
        with pytest.raises(VerificationFailed, match="note: no signature by a known key"):
            verify_receipt(receipt, key.vkey())
    with pytest.raises(VerificationFailed, match="checkpoint: of another origin than the one expected"):
        verify_receipt(receipt, WORLD.vkey, "other.example")


def test_a_changed_checkpoint_key_is_reported() -> None:
    """A checkpoint under another key than the one the log opened with verifies under it, and says so."""
    world = mixed()
    world.log = SigningKey(ORIGIN, secret("later checkpoints"))
    assert verify_receipt(world.receipt(5), world.vkey).log_key_changed


def test_the_log_opens_under_the_checkpoints_origin() -> None:
    """A checkpoint of another name over the same leaves is no checkpoint of the log that LOG_OPENED names."""
    world = mixed()
    world.log = SigningKey("other.example", world.log.secret)
    with pytest.raises(VerificationFailed, match="log_opened: opens a log of another origin"):
        verify_receipt(world.receipt(5), world.vkey)


def test_a_cosigned_receipt_satisfies_the_witness_policy() -> None:
    """Cosignatures on the receipt's checkpoint count; without the witness the same receipt is the operator's word."""
    witness = SigningKey("witness.example", secret("witness"))
    policy = Policy.parse(f"witness w {witness.vkey(COSIGNATURE).format()}\nquorum w\n".encode())
    plain = verify_receipt(WORLD.receipt(5), WORLD.vkey).checkpoint
    with pytest.raises(VerificationFailed, match="quorum: too few witnesses"):
        verify_quorum(plain, policy)
    note = plain.note.with_signature(cosign(plain.checkpoint, 1_764_000_000, witness))
    receipt = format_receipt(5, WORLD.inclusion(5), note.format(), WORLD.receipt_extra(5))
    verified = verify_receipt(receipt, WORLD.vkey)
    assert verify_quorum(verified.checkpoint, policy).timestamps == {"w": 1_764_000_000}
    line = receipt.index("— witness.example".encode())
    for at in range(line, len(receipt)):
        for bit in range(8):
            changed = receipt[:at] + bytes([receipt[at] ^ 1 << bit]) + receipt[at + 1 :]
            with pytest.raises(LedgerError):
                verify_quorum(verify_receipt(changed, WORLD.vkey).checkpoint, policy)


def test_the_extra_reads_back() -> None:
    """What travels in the extra line is decoded to what was encoded, for each kind of entry."""
    for index in (0, 1, 3, 5, 12):
        extra = WORLD.receipt_extra(index)
        assert ReceiptExtra.decode(extra.encode()) == extra


GOOD = WORLD.receipt_extra(5).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "seal: missing", id="nothing"),
        pytest.param(GOOD[:-1], "extra: does not parse", id="cut short"),
        pytest.param(GOOD + b"\xff", "extra: does not parse", id="a stray byte"),
        pytest.param(GOOD + b"\x60\x01", "extra: is not in canonical form", id="an unknown field"),
        pytest.param(GOOD + GOOD, "extra: is not in canonical form", id="every field twice"),
        pytest.param(GOOD + b"\x28\x03", "extra: is not in canonical form", id="a field out of order"),
        pytest.param(b"\x20\x00" + GOOD, "extra: is not in canonical form", id="an explicit default"),
        pytest.param(bytes(MAX_EXTRA + 1), "extra: must be at most 262144 bytes", id="longer than the bound"),
        pytest.param(bytes(MAX_EXTRA), "extra: does not parse", id="as long as the bound"),
        pytest.param(b"\x12\x00", "sealed_keys_digest: must be 32 bytes", id="a seal without its digest"),
    ],
)
def test_an_extra_has_one_spelling(data: bytes, message: str) -> None:
    """What does not encode back to the same bytes, or is too long, is refused by field."""
    with pytest.raises(InvalidInput, match=message):
        ReceiptExtra.decode(data)
