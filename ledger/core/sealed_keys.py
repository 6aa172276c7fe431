"""A batch key is boxed to each auditor; whoever holds it can recompute every box (protocol, "Sealed keys").

(epk, esk) = crypto_box_seed_keypair(BLAKE2b(32 bytes, key = batch key, L("box") ‖ recipient))
nonce      = BLAKE2b(24 bytes, epk ‖ recipient)
box        = epk ‖ crypto_box(batch key), 80 bytes, which libsodium's sealed box opens
digest     = SHA-256(L("sealed-keys") ‖ for each box: key id(32) ‖ u8 suite ‖ u16 length ‖ box)
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from nacl.bindings import (
    crypto_box,
    crypto_box_seal_open,
    crypto_box_seed_keypair,
    crypto_scalarmult_base,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

from ledger.core.encoding import HASH_SIZE, ZERO_HASH, Hash, check_hash, label, sha256, u8, u16
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed

SUITE: Final = 1
BOX_SIZE: Final = 80

_BOX: Final = label("box")
_SEALED_KEYS: Final = label("sealed-keys")


@dataclass(frozen=True, slots=True)
class SealedKey:
    """One box of the batch key: the recipient's key id, the box, the suite (1: X25519, XSalsa20-Poly1305)."""

    key_id: Hash
    box: bytes
    suite: int = SUITE

    def __post_init__(self) -> None:
        check_hash(self.key_id, "sealed_keys.key_id")
        if self.suite != SUITE:
            raise Uncheckable(f"sealed_keys.suite: only {SUITE} is known")
        if len(self.box) != BOX_SIZE:
            raise InvalidInput("sealed_keys.box", f"must be {BOX_SIZE} bytes")

    @property
    def encoded(self) -> bytes:
        """key id(32) ‖ u8 suite ‖ u16 length ‖ box (protocol, "Sealed keys")."""
        return self.key_id + u8(self.suite) + u16(len(self.box)) + self.box


def x25519_from_ed25519(public_key: bytes) -> bytes:
    """Return the X25519 form of an Ed25519 public key; raise InvalidInput for no such point."""
    try:
        return crypto_sign_ed25519_pk_to_curve25519(check_hash(public_key, "public_key"))
    except (CryptoError, RuntimeError):
        raise InvalidInput("public_key", "not an Ed25519 public key") from None


def x25519_secret(seed: bytes) -> bytes:
    """Return the X25519 private key of the Ed25519 key that ``seed`` makes: it opens what is boxed to the former."""
    _, secret = crypto_sign_seed_keypair(check_hash(seed, "seed"))
    return crypto_sign_ed25519_sk_to_curve25519(secret)


def box_batch_key(batch_key: bytes, recipient: bytes) -> bytes:
    """Return the one box of ``batch_key`` for a recipient's X25519 key, 80 bytes."""
    check_hash(recipient, "recipient")
    seed = hashlib.blake2b(_BOX + recipient, key=check_hash(batch_key, "batch_key"), digest_size=32).digest()
    ephemeral, secret = crypto_box_seed_keypair(seed)
    nonce = hashlib.blake2b(ephemeral + recipient, digest_size=24).digest()
    try:
        return ephemeral + crypto_box(batch_key, nonce, recipient, secret)
    except (CryptoError, RuntimeError):
        raise InvalidInput("recipient", "a point of small order, which hides nothing") from None


def check_recipient(recipient: bytes, field: str) -> bytes:
    """Return an X25519 key; raise InvalidInput naming ``field`` unless something can be boxed to it."""
    try:
        box_batch_key(ZERO_HASH, recipient)
    except InvalidInput as error:
        raise InvalidInput(field, error.message) from None
    return recipient


def open_box(box: bytes, private_key: bytes) -> bytes:
    """Return the batch key in ``box`` for an X25519 private key; VerificationFailed where it is not ours.

    A box that opens and yet is not the one the batch key gives is refused: others would recompute another.
    """
    return verify_box(box, unseal_box(box, private_key), crypto_scalarmult_base(private_key))


def unseal_box(box: bytes, private_key: bytes) -> bytes:
    """Return what ``box`` holds for an X25519 private key, whatever it gives; raise as ``open_box`` does."""
    if len(box) != BOX_SIZE:
        raise InvalidInput("box", f"must be {BOX_SIZE} bytes")
    recipient = crypto_scalarmult_base(check_hash(private_key, "private_key"))
    try:
        return crypto_box_seal_open(box, recipient, private_key)
    except (CryptoError, RuntimeError):
        raise VerificationFailed("box: does not open with this key") from None


def verify_box(box: bytes, batch_key: bytes, recipient: bytes) -> bytes:
    """Return ``batch_key`` if ``box`` is its box for an X25519 key; raise VerificationFailed otherwise."""
    if len(batch_key) != HASH_SIZE or box_batch_key(batch_key, recipient) != box:
        raise VerificationFailed("box: not the one that the batch key gives")
    return batch_key


def sealed_keys_digest(boxes: Sequence[SealedKey]) -> Hash:
    """Return the digest that a seal signs; zeros where a batch has no payloads and so no boxes."""
    if not boxes:
        return ZERO_HASH
    if any(first.key_id >= second.key_id for first, second in pairwise(boxes)):
        raise InvalidInput("sealed_keys", "key ids do not ascend strictly")
    return sha256(_SEALED_KEYS + b"".join(box.encoded for box in boxes))
