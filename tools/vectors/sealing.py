"""Payloads with every value in between."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.core.encoding import Hash, label, str8, u64
from ledger.core.lookup_keys import LookupKey, derive_commitments
from ledger.core.record import PartialRecord
from ledger.core.record_input import Disclosure
from ledger.core.sealed import (
    aggregates_root,
    open_payload,
    payload_digest,
    payload_plaintext,
    seal_payload,
    shred_hash,
    verify_keyless,
    verify_opened,
    verify_payload_digest,
)
from ledger.core.slots import slots_root
from vectors.plain import Json, case
from vectors.records import disclosure
from vectors.seeds import SOURCE, seed

_BATCH_KEY: Final = seed("batch key")
SECRET: Final = seed("sealed payload, entry secret")
SEALED_AT: Final = 88
HANDED: Final = PartialRecord.from_json_object({"produced_at": "2026-06-29T10:00:00.000Z"})
"""What a DELIVERY says."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a payload belongs and what opens it."""

    batch_key: bytes = _BATCH_KEY
    log_id: bytes = seed("log id")
    source_id: str = SOURCE
    sequence: int = 300
    shred: bytes = seed("shred")

    def seal(self, plaintext: bytes) -> bytes:
        """Return the payload of a padded plaintext."""
        nonce = seed("nonce")[:24]
        return seal_payload(self.batch_key, self.log_id, self.source_id, self.sequence, self.shred, nonce, plaintext)


@dataclass(frozen=True, slots=True)
class Keyless:
    """What the leaf of a body without a keys root says of the payload."""

    payload_digest: Hash
    slots_root: Hash


@dataclass(frozen=True, slots=True)
class Leaf(Keyless):
    """What the leaf of a DISCLOSURE says of the payload."""

    keys_root: Hash
    key_class: int
    aggregates_root: Hash


def sealed_payload() -> Json:
    """Return payloads and what they open to."""
    names = ("required fields only, no key", "every field, two keys", "texts that JSON escapes or sorts with care")
    return {
        "description": [
            (
                'text: RFC 8785 JSON of {"entry_secret", "keys": [{"type", "value", "version"}], "record": {present '
                "fields}}, entry secret and value in hex. plaintext = text ‖ 80 ‖ zeros to the smallest of 512·2ⁿ, n "
                "from 0 to 9, that is longer than text."
            ),
            (
                'key ‖ commit = BLAKE2b of L("entry") ‖ log_id ‖ str8(source_id) ‖ u64 sequence ‖ shred with key '
                "batch_key and 64 bytes of output, 32 bytes each."
            ),
            (
                'shred_hash = SHA-256(L("shred") ‖ shred). payload = shred_hash ‖ commit ‖ nonce(24) ‖ '
                "XChaCha20-Poly1305-IETF(key, nonce, plaintext) without associated data. payload_digest = "
                "SHA-256(payload)."
            ),
            (
                "cases: seal and compare, open and compare with leaf. slots_root: slots.json; keys_root, key_class: "
                "lookup_keys.json; aggregates_root: disclosures.json. The leaf of a DELIVERY, EMBARGO_EXTENDED or "
                "CORRECTION of these has the first two only, the payload no keys."
            ),
            (
                "refused: an opener must stop, with everything given beside the payload. It checks in this order: "
                "payload digest; payload (its size); shred hash; commit; decryption; padding (80 before the zeros, "
                "smallest class); canonical JSON; content (those three members and no other, well-formed); payload "
                "content (a field or key that cannot be); slots root; key class; keys root; aggregates root, or where "
                "the leaf has no keys_root, slots root; keys (none). fails names the first that does not hold."
            ),
        ],
        "cases": [
            *(_payload(name, disclosure(name)) for name in names),
            _payload("what a DELIVERY says, one field", HANDED),
        ],
    }


def _payload(name: str, written: Disclosure | PartialRecord) -> Json:
    said, keys = (written.record, written.keys) if isinstance(written, Disclosure) else (written, ())
    record, place = said.to_json_object(), Place()
    plaintext = payload_plaintext(SECRET, keys, record)
    payload = place.seal(plaintext)
    leaf = leaf_of(payload, keys, record) if said is not written else keyless_of(payload, record)
    open_all(payload, place, leaf)
    key, commit = _key_and_commit(place)
    if payload[32:64] != commit:
        raise AssertionError("another commit than the core's")
    return case(
        name,
        entry_secret=SECRET,
        keys=[{"type": key.type, "value": key.value, "version": key.version} for key in keys],
        record=record,
        text=plaintext.rstrip(b"\x00")[:-1].decode(),
        plaintext=plaintext,
        **given(place),
        key=key,
        commit=commit,
        shred_hash=shred_hash(place.shred),
        nonce=seed("nonce")[:24],
        payload=payload,
        leaf=leaf,
    )


def given(place: Place) -> Json:
    """Return a place member by member."""
    return {
        "batch_key": place.batch_key,
        "log_id": place.log_id,
        "source_id": place.source_id,
        "sequence": place.sequence,
        "shred": place.shred,
    }


def _key_and_commit(place: Place) -> tuple[bytes, bytes]:
    context = label("entry") + place.log_id + str8(place.source_id) + u64(place.sequence)
    both = hashlib.blake2b(context + place.shred, key=place.batch_key, digest_size=64).digest()
    return both[:32], both[32:]


def leaf_of(payload: bytes, keys: Sequence[LookupKey], record: Json) -> Leaf:
    """Return what the leaf of a payload with this content says."""
    derived = derive_commitments(keys, SECRET)
    roots = derived.root, derived.key_class, aggregates_root(SECRET)
    return Leaf(payload_digest(payload), slots_root(record, SECRET), *roots)


def keyless_of(payload: bytes, record: Json) -> Keyless:
    """Return what the leaf of a body without a keys root says of this payload."""
    return Keyless(payload_digest(payload), slots_root(record, SECRET))


def open_all(payload: bytes, place: Place, leaf: Keyless) -> None:
    """Open a payload and compare it with its leaf, every check in the order of protocol §7."""
    verify_payload_digest(payload, leaf.payload_digest)
    opened = open_payload(payload, place.batch_key, place.log_id, place.source_id, place.sequence, place.shred)
    if isinstance(leaf, Leaf):
        verify_opened(opened, leaf.slots_root, leaf.keys_root, leaf.key_class, leaf.aggregates_root)
    else:
        verify_keyless(opened, leaf.slots_root)
