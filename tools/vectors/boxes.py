"""Boxes of batch keys with every value in between, and those that must not open."""

import hashlib
from dataclasses import dataclass
from typing import Final

from nacl.bindings import crypto_box, crypto_box_seed_keypair

from ledger.core.encoding import Hash, label
from ledger.core.sealed_keys import (
    SealedKey,
    box_batch_key,
    open_box,
    sealed_keys_digest,
    x25519_from_ed25519,
)
from vectors.plain import Json, case
from vectors.refusing import refused, uncheckable
from vectors.seeds import AUDITOR_BOX_KEY, SOURCE_KEYS, seed, x25519_public

_BATCH_KEY: Final = seed("batch key")
_SMALL: Final = (bytes(32), (1).to_bytes(32, "little"))
"""X25519 points of small order."""


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Who a batch key is boxed to."""

    key_id: Hash
    public: bytes
    private: bytes


def sealed_keys() -> Json:
    """Return boxes and their digest, and boxes to refuse."""
    source = _source()
    auditor = _Recipient(seed("auditor key id"), x25519_public(AUDITOR_BOX_KEY), AUDITOR_BOX_KEY)
    recipients = sorted((source, auditor), key=lambda recipient: recipient.key_id)
    return {
        "description": [
            (
                "conversions: an Ed25519 key (seed, ed25519_public) and the X25519 key (private, public) that it "
                "becomes; a source's own box goes to it."
            ),
            (
                'boxes: ephemeral_seed = BLAKE2b of L("box") ‖ recipient.public with key batch_key and 32 bytes of '
                "output. (ephemeral_public, ephemeral_private) = crypto_box_seed_keypair(ephemeral_seed)."
            ),
            (
                "nonce = BLAKE2b of ephemeral_public ‖ recipient.public without key and with 24 bytes of output. box "
                "= ephemeral_public ‖ crypto_box(batch_key, nonce, recipient.public, ephemeral_private): 80 bytes."
            ),
            (
                "Opening: crypto_box_seal_open with recipient.private gives batch_key; making its box for the "
                "recipient again must give the same box."
            ),
            (
                'digests: sealed_keys_digest = SHA-256(L("sealed-keys") ‖ encoded), encoded = key_id ‖ u8 suite 1 ‖ '
                "u16 80 ‖ box, one after another, ascending by key_id; zeros where there is no box."
            ),
            (
                "refused: a box that must not be accepted with private; a recipient_public that nothing may be boxed "
                "to; boxes that have no digest."
            ),
            "uncheckable: a suite that is not known.",
        ],
        "conversions": [
            case(
                "the source's key",
                seed=SOURCE_KEYS[0].seed,
                ed25519_public=SOURCE_KEYS[0].public.key,
                private=source.private,
                public=source.public,
            )
        ],
        "boxes": [_box("the source", source), _box("an auditor", auditor)],
        "digests": [
            _digest("no box", []),
            _digest("one box", [auditor]),
            _digest("two boxes, ascending by key id", recipients),
        ],
        "refused": [*_refused_boxes(auditor, source), *_refused_recipients(), *_refused_lists(recipients)],
        "uncheckable": [_unknown_suite(auditor)],
    }


def _source() -> _Recipient:
    """RFC 7748's scalar of an Ed25519 seed: the first half of SHA-512, which X25519 clamps itself."""
    scalar = bytearray(hashlib.sha512(SOURCE_KEYS[0].seed).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    private, public = bytes(scalar), x25519_from_ed25519(SOURCE_KEYS[0].public.key)
    if x25519_public(private) != public:
        raise AssertionError("another X25519 key than the core's")
    return _Recipient(seed("source key statement"), public, private)


def _box(name: str, recipient: _Recipient) -> Json:
    box = box_batch_key(_BATCH_KEY, recipient.public)
    derived = hashlib.blake2b(label("box") + recipient.public, key=_BATCH_KEY, digest_size=32).digest()
    ephemeral, private = crypto_box_seed_keypair(derived)
    nonce = hashlib.blake2b(ephemeral + recipient.public, digest_size=24).digest()
    if box != ephemeral + crypto_box(_BATCH_KEY, nonce, recipient.public, private):
        raise AssertionError("another box than the core's")
    open_box(box, recipient.private)
    return case(
        name,
        batch_key=_BATCH_KEY,
        recipient={"public": recipient.public, "private": recipient.private},
        ephemeral_seed=derived,
        ephemeral_public=ephemeral,
        ephemeral_private=private,
        nonce=nonce,
        box=box,
    )


def _sealed(recipient: _Recipient) -> SealedKey:
    return SealedKey(recipient.key_id, box_batch_key(_BATCH_KEY, recipient.public))


def _digest(name: str, recipients: list[_Recipient]) -> Json:
    boxes = [_sealed(recipient) for recipient in recipients]
    encoded = [box.encoded for box in boxes]
    return case(name, boxes=boxes, encoded=encoded, sealed_keys_digest=sealed_keys_digest(boxes))


def _refused_boxes(auditor: _Recipient, source: _Recipient) -> list[Json]:
    good = box_batch_key(_BATCH_KEY, auditor.public)
    rows = {
        "a box for another": box_batch_key(_BATCH_KEY, source.public),
        "a flipped bit in the ephemeral key": bytes([good[0] ^ 1]) + good[1:],
        "a flipped bit in the ciphertext": good[:-1] + bytes([good[-1] ^ 1]),
        "79 bytes": good[:-1],
        "81 bytes": good + b"\x00",
        "it opens, but under an ephemeral key of its own": _own_box(auditor.public, _BATCH_KEY),
        "an ephemeral key of small order": bytes(32) + good[32:],
    }
    return [_refused_box(name, box, auditor.private) for name, box in rows.items()]


def _own_box(public: bytes, content: bytes) -> bytes:
    ephemeral, private = crypto_box_seed_keypair(seed("own ephemeral"))
    nonce = hashlib.blake2b(ephemeral + public, digest_size=24).digest()
    return ephemeral + crypto_box(content, nonce, public, private)


def _refused_box(name: str, box: bytes, private: bytes) -> Json:
    return case(refused(name, lambda: open_box(box, private)), private=private, box=box)


def _refused_recipients() -> list[Json]:
    return [_refused_recipient(f"boxed to point {number} of small order", key) for number, key in enumerate(_SMALL)]


def _refused_recipient(name: str, public: bytes) -> Json:
    refused(name, lambda: box_batch_key(_BATCH_KEY, public))
    return case(name, batch_key=_BATCH_KEY, recipient_public=public)


def _refused_lists(recipients: list[_Recipient]) -> list[Json]:
    first, second = ((recipient.key_id, _sealed(recipient).box) for recipient in recipients)
    rows = {
        "key ids that descend": [second, first],
        "one key id twice": [first, first],
        "a box of 79 bytes in the list": [(first[0], first[1][:-1])],
        "a key id of 31 bytes": [(Hash(first[0][:-1]), first[1])],
    }
    return [_refused_list(name, boxes) for name, boxes in rows.items()]


def _refused_list(name: str, boxes: list[tuple[Hash, bytes]]) -> Json:
    refused(name, lambda: sealed_keys_digest([SealedKey(key_id, box) for key_id, box in boxes]))
    return case(name, boxes=[{"key_id": key_id, "box": box, "suite": 1} for key_id, box in boxes])


def _unknown_suite(recipient: _Recipient) -> Json:
    box = _sealed(recipient).box
    uncheckable("suite 2", lambda: SealedKey(recipient.key_id, box, 2))
    return case("suite 2", boxes=[{"key_id": recipient.key_id, "box": box, "suite": 2}])
