"""A payload is a whole record, encrypted and one ciphertext opens to one record (protocol, "Sealed payload").

plaintext    = RFC 8785 JSON ‖ 0x80 ‖ zeros to the smallest class 512·2ⁿ longer than the text
key ‖ commit = BLAKE2b-512(key = batch key; L("entry") ‖ log id ‖ str8(source id) ‖ u64 sequence ‖ shred)
payload      = SHA-256(L("shred") ‖ shred) ‖ commit ‖ nonce(24) ‖ XChaCha20-Poly1305(key, nonce, plaintext)
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from ledger.core.canonical_json import decode_json
from ledger.core.encoding import HASH_SIZE, Hash, check_hash, decode_hex, label, sha256, sha256_each, str8, u64
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.lookup_keys import LookupKey, derive_commitments
from ledger.core.slots import encode_slots, record_json, slots_root

CLASSES: Final = tuple(512 << n for n in range(10))
"""Sizes of a padded plaintext, 512 to 262,144 bytes."""

NONCE_SIZE: Final = 24
HEADER_SIZE: Final = 104
"""What a payload has beyond its class: shred hash 32, commit 32, nonce 24, authentication tag 16."""

_AGGREGATES: Final = label("aggregates")
_ENTRY: Final = label("entry")
_SHRED: Final = label("shred")
_NONCE_AT: Final = 2 * HASH_SIZE
_SEALED_AT: Final = _NONCE_AT + NONCE_SIZE


@dataclass(frozen=True, slots=True)
class OpenedPayload:
    """What one payload held: the 32-byte entry secret, the lookup keys, the present fields of the record."""

    entry_secret: bytes
    keys: tuple[LookupKey, ...]
    record_object: dict[str, object]


def aggregates_root(entry_secret: bytes) -> Hash:
    """Return SHAKE-256(L("aggregates") ‖ entry secret, 32), which stands in until aggregates are used."""
    return Hash(hashlib.shake_256(_AGGREGATES + check_hash(entry_secret, "entry_secret")).digest(HASH_SIZE))


def payload_plaintext(entry_secret: bytes, keys: Sequence[LookupKey], record_object: Mapping[str, object]) -> bytes:
    """Return the padded plaintext; raise InvalidInput past the largest class."""
    return plaintext_of_slots(entry_secret, keys, encode_slots(record_object))


def plaintext_of_slots(entry_secret: bytes, keys: Sequence[LookupKey], values: Sequence[bytes]) -> bytes:
    """Return the padded plaintext of 32 encoded values; raise InvalidInput past the largest class."""
    secret = check_hash(entry_secret, "entry_secret").hex()
    listed = ",".join([f'{{"type":"{key.type}","value":"{key.value.hex()}","version":{key.version}}}' for key in keys])
    text = f'{{"entry_secret":"{secret}","keys":[{listed}],"record":'.encode() + record_json(values) + b"}"
    for size in CLASSES:
        if len(text) < size:
            return (text + b"\x80").ljust(size, b"\x00")
    raise InvalidInput("record", f"with its keys not below {CLASSES[-1]} bytes; split it into parts")


def seal_payload(
    batch_key: bytes,
    log_id: bytes,
    source_id: str,
    sequence: int,
    shred: bytes,
    nonce: bytes,
    plaintext: bytes,
) -> bytes:
    """Return the payload of a padded plaintext under a fresh 32-byte shred and 24-byte nonce."""
    if len(nonce) != NONCE_SIZE:
        raise InvalidInput("nonce", f"must be {NONCE_SIZE} bytes")
    if len(plaintext) not in CLASSES:
        raise InvalidInput("plaintext", "not padded to a class")
    key, commit = _entry_keys(batch_key, log_id, source_id, sequence, shred)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, None, nonce, key)
    return shred_hash(shred) + commit + nonce + sealed


def shred_hash(shred: bytes) -> Hash:
    """Return SHA-256(L("shred") ‖ shred), the first 32 bytes of a payload."""
    return sha256(_SHRED + check_hash(shred, "shred"))


def payload_digest(payload: bytes) -> Hash:
    """Return SHA-256(payload), which the leaf holds."""
    return sha256(payload)


def check_shreds(payloads: Sequence[bytes], shreds: Sequence[bytes]) -> None:
    """Raise as ``check_shred`` does unless each payload begins with the hash of its shred."""
    for shred in shreds:
        check_hash(shred, "shred")
    if sha256_each(shreds, _SHRED) != [payload[:HASH_SIZE] for payload in payloads]:
        raise VerificationFailed("shred hash: the payload names another shred")


def check_payload_size(payload: bytes) -> bytes:
    """Return ``payload`` if it is the header and one class long; raise InvalidInput otherwise."""
    if len(payload) - HEADER_SIZE not in CLASSES:
        sizes = ", ".join(map(str, CLASSES))
        raise InvalidInput("payload", f"must be {HEADER_SIZE} bytes and one of {sizes}")
    return payload


def verify_payload_digest(payload: bytes, digest: bytes) -> bytes:
    """Return ``payload`` if the leaf's digest is its own; raise VerificationFailed otherwise."""
    if payload_digest(payload) != digest:
        raise VerificationFailed("payload digest: not the one in the leaf")
    return payload


def check_shred(payload: bytes, shred: bytes) -> bytes:
    """Return ``shred`` if the payload begins with its hash; raise VerificationFailed otherwise."""
    check_shreds((payload,), (shred,))
    return shred


def payload_key(payload: bytes, batch_key: bytes, log_id: bytes, source_id: str, sequence: int, shred: bytes) -> bytes:
    """Return the key of a payload; raise VerificationFailed unless shred and commit are those it begins with."""
    check_shred(check_payload_size(payload), shred)
    key, commit = _entry_keys(batch_key, log_id, source_id, sequence, shred)
    if not hmac.compare_digest(payload[HASH_SIZE:_NONCE_AT], commit):
        raise VerificationFailed("commit: another batch key, log, source or sequence")
    return key


def open_payload(
    payload: bytes, batch_key: bytes, log_id: bytes, source_id: str, sequence: int, shred: bytes
) -> OpenedPayload:
    """Return what the payload of this log, source and sequence holds; raise VerificationFailed by step.

    The digest is ``verify_payload_digest``'s to check, the leaf's roots ``verify_opened``'s.
    """
    key = payload_key(payload, batch_key, log_id, source_id, sequence, shred)
    nonce, sealed = payload[_NONCE_AT:_SEALED_AT], payload[_SEALED_AT:]
    try:
        plaintext = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, None, nonce, key)
    except CryptoError:
        raise VerificationFailed("decryption: the ciphertext is not authentic") from None
    return _parse(_unpad(plaintext))


def verify_opened(opened: OpenedPayload, slots: bytes, keys: bytes, key_class: int, aggregates: bytes) -> OpenedPayload:
    """Return ``opened`` if it gives the leaf's slots root, keys root, key class and aggregates root.

    A mismatch, with the batch key revealed, convicts the source that signed the leaf.
    """
    try:
        commitments = derive_commitments(opened.keys, opened.entry_secret)
        found = slots_root(opened.record_object, opened.entry_secret)
    except InvalidInput as error:
        raise VerificationFailed(f"payload content: {error}") from None
    if found != slots:
        raise VerificationFailed("slots root: the record does not give it")
    if commitments.key_class != key_class:
        raise VerificationFailed("key class: the keys do not give it")
    if commitments.root != keys:
        raise VerificationFailed("keys root: the keys do not give it")
    if aggregates_root(opened.entry_secret) != aggregates:
        raise VerificationFailed("aggregates root: the entry secret does not give it")
    return opened


def verify_keyless(opened: OpenedPayload, slots: bytes) -> OpenedPayload:
    """Return ``opened`` if it gives the slots root of a leaf to which no lookup keys belong, and has none itself."""
    try:
        found = slots_root(opened.record_object, opened.entry_secret)
    except InvalidInput as error:
        raise VerificationFailed(f"payload content: {error}") from None
    if found != slots:
        raise VerificationFailed("slots root: the record does not give it")
    if opened.keys:
        raise VerificationFailed("keys: the leaf is of a statement that has none")
    return opened


def _entry_keys(batch_key: bytes, log_id: bytes, source_id: str, sequence: int, shred: bytes) -> tuple[bytes, bytes]:
    """The key and the commit come from one hash: whoever fixes the commit has fixed the key."""
    context = _ENTRY + check_hash(log_id, "log_id") + str8(source_id) + u64(sequence)
    data = context + check_hash(shred, "shred")
    both = hashlib.blake2b(data, key=check_hash(batch_key, "batch_key"), digest_size=64).digest()
    return both[:32], both[32:]


def _unpad(plaintext: bytes) -> bytes:
    text = plaintext.rstrip(b"\x00")
    if not text.endswith(b"\x80"):
        raise VerificationFailed("padding: no 0x80 before the zeros")
    if min(size for size in CLASSES if size >= len(text)) != len(plaintext):
        raise VerificationFailed("padding: not the smallest class")
    return text[:-1]


def _parse(text: bytes) -> OpenedPayload:
    try:
        content = decode_json(text, "payload")
    except InvalidInput:
        raise VerificationFailed("canonical JSON: the content is not RFC 8785") from None
    match content:
        case {"entry_secret": str(secret), "keys": list(keys), "record": dict(record), **other} if not other:
            try:
                opened = check_hash(decode_hex(secret, "entry_secret"), "entry_secret")
                return OpenedPayload(opened, tuple(_key(key) for key in keys), record)
            except InvalidInput:
                raise _malformed() from None
        case _:
            raise _malformed()


def _key(given: object) -> LookupKey:
    match given:
        case {"type": str(name), "value": str(value), "version": int(version), **other} if not other:
            if isinstance(version, bool):
                raise _malformed()
            return LookupKey(name, decode_hex(value, "keys.value"), version)
        case _:
            raise _malformed()


def _malformed() -> VerificationFailed:
    return VerificationFailed("content: not an entry secret, keys and a record")
