"""A batch key has one box for each recipient, which the stock sealed box opens."""

import pytest
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.signing import SigningKey

from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.sealed_keys import (
    BOX_SIZE,
    SealedKey,
    box_batch_key,
    open_box,
    sealed_keys_digest,
    verify_box,
    x25519_from_ed25519,
    x25519_secret,
)

BATCH_KEY = bytes(range(32))
PRIVATE = PrivateKey(bytes([7]) * 32)
RECIPIENT = bytes(PRIVATE.public_key)
BOX = box_batch_key(BATCH_KEY, RECIPIENT)
IDS = [Hash(bytes([n]) * 32) for n in range(3)]


def test_the_stock_sealed_box_opens_it() -> None:
    """libsodium's own sealed box opens a box of 80 bytes."""
    assert len(BOX) == BOX_SIZE
    assert SealedBox(PRIVATE).decrypt(BOX) == BATCH_KEY
    assert open_box(BOX, bytes(PRIVATE)) == BATCH_KEY


def test_a_box_is_recomputed_by_whoever_holds_the_key() -> None:
    """The box is a function of batch key and recipient, and another key gives another box."""
    assert verify_box(box_batch_key(BATCH_KEY, RECIPIENT), BATCH_KEY, RECIPIENT) == BATCH_KEY
    other = bytes(PrivateKey(bytes([8]) * 32).public_key)
    for batch_key, recipient in ((bytes(32), RECIPIENT), (BATCH_KEY, other), (b"", RECIPIENT)):
        with pytest.raises(VerificationFailed, match="not the one"):
            verify_box(BOX, batch_key, recipient)


def test_a_random_sealed_box_is_refused() -> None:
    """A box that opens but is not the deterministic one is refused: auditors could be told different keys."""
    with pytest.raises(VerificationFailed, match="not the one"):
        open_box(SealedBox(PublicKey(RECIPIENT)).encrypt(BATCH_KEY), bytes(PRIVATE))


def test_every_one_bit_flip_of_a_box_is_refused() -> None:
    """No single bit of a box can change, and no other key opens it."""
    for bit in range(8 * BOX_SIZE):
        changed = bytearray(BOX)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationFailed):
            open_box(bytes(changed), bytes(PRIVATE))
    with pytest.raises(VerificationFailed, match="does not open"):
        open_box(BOX, bytes([8]) * 32)
    with pytest.raises(VerificationFailed, match="does not open"):
        open_box(bytes(BOX_SIZE), bytes(PRIVATE))


def test_ed25519_keys_convert() -> None:
    """A signing key's X25519 form opens what was boxed to its public key's X25519 form."""
    signing = SigningKey(bytes([9]) * 32)
    recipient = x25519_from_ed25519(bytes(signing.verify_key))
    private = bytes(signing.to_curve25519_private_key())
    assert open_box(box_batch_key(BATCH_KEY, recipient), private) == BATCH_KEY
    assert x25519_secret(bytes([9]) * 32) == private


@pytest.mark.parametrize("public_key", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, b"x"])
def test_bad_ed25519_keys_are_refused(public_key: bytes) -> None:
    """A point of small order, off the curve or of another length has no X25519 form."""
    with pytest.raises(InvalidInput, match="public_key"):
        x25519_from_ed25519(public_key)


@pytest.mark.parametrize("recipient", [bytes(32), b"\x01" + bytes(31)])
def test_small_order_recipients_are_refused(recipient: bytes) -> None:
    """A box to a point of small order would be readable by all."""
    with pytest.raises(InvalidInput, match="recipient"):
        box_batch_key(BATCH_KEY, recipient)


def test_digest_covers_ids_suite_and_boxes_in_order() -> None:
    """The digest hashes key id, suite, length and box of each, ascending by key id; no boxes give zeros."""
    boxes = [SealedKey(key_id, BOX) for key_id in IDS]
    data = b"".join(key_id + b"\x01\x00\x50" + BOX for key_id in IDS)
    assert sealed_keys_digest(boxes) == sha256(b"disclosure-ledger/v1/sealed-keys\x00" + data)
    assert sealed_keys_digest([]) == ZERO_HASH
    for wrong in (boxes[::-1], [boxes[0], boxes[0]]):
        with pytest.raises(InvalidInput, match="ascend"):
            sealed_keys_digest(wrong)


def test_sizes_and_suite() -> None:
    """A box has 80 bytes, a key id 32, and only suite 1 is known."""
    with pytest.raises(InvalidInput, match="80 bytes"):
        SealedKey(IDS[0], BOX[1:])
    with pytest.raises(InvalidInput, match="80 bytes"):
        open_box(BOX[1:], bytes(PRIVATE))
    with pytest.raises(InvalidInput, match="key_id"):
        SealedKey(Hash(b""), BOX)
    with pytest.raises(Uncheckable):
        SealedKey(IDS[0], BOX, 2)
