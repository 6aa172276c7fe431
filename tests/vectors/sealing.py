"""Sealed payloads and the boxes of their batch keys (protocol §7, §8)."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_box,
    crypto_box_seal_open,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from tests.vectors.basics import Disproven, Unchecked, h, label, require, sha256, str8, u
from tests.vectors.lookup import TYPES, Key, check_keys, derive
from tests.vectors.records import canonical_json, read_json, slots_root, stream

CLASSES = [512 << n for n in range(10)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a payload belongs, and what opens it."""

    batch_key: bytes
    log_id: bytes
    source_id: str
    sequence: int
    shred: bytes

    def key_and_commit(self) -> tuple[bytes, bytes]:
        """Return the payload's key and commit."""
        context = label("entry") + self.log_id + str8(self.source_id) + u(8, self.sequence) + self.shred
        both = hashlib.blake2b(context, key=self.batch_key, digest_size=64).digest()
        return both[:32], both[32:]

    def shred_hash(self) -> bytes:
        """Return what the payload begins with."""
        return sha256(label("shred") + self.shred)


def plaintext_of(secret: bytes, keys: Sequence[Key], record: Mapping[str, object]) -> bytes:
    """Return the padded plaintext."""
    listed = [{"type": key.type, "value": key.value.hex(), "version": key.version} for key in keys]
    text = canonical_json({"entry_secret": secret.hex(), "keys": listed, "record": dict(record)})
    size = next(size for size in CLASSES if size > len(text))
    return (text + b"\x80").ljust(size, b"\0")


def seal(place: Place, nonce: bytes, plaintext: bytes) -> bytes:
    """Return a payload."""
    key, commit = place.key_and_commit()
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, None, nonce, key)
    return place.shred_hash() + commit + nonce + sealed


def open_payload(payload: bytes, place: Place, leaf: Mapping[str, Any]) -> dict[str, object]:
    """Return the record of a payload; Disproven says which step fails. ``leaf`` holds the fields of its body."""
    require(sha256(payload) == leaf["payload_digest"], "payload digest")
    require(len(payload) - 104 in CLASSES, "payload")
    require(payload[:32] == place.shred_hash(), "shred hash")
    key, commit = place.key_and_commit()
    require(payload[32:64] == commit, "commit")
    try:
        plaintext = crypto_aead_xchacha20poly1305_ietf_decrypt(payload[88:], None, payload[64:88], key)
    except CryptoError:
        raise Disproven("decryption") from None
    secret, keys, record = _content(_unpad(plaintext))
    try:
        found = slots_root(record, secret)
        salts, padding = derive(len(keys), secret)
        require("" not in record.values() and [] not in record.values(), "a second spelling of absence")
        require(len(set(keys)) == len(keys), "a key twice")
    except Disproven:
        raise Disproven("payload content") from None
    require(found == leaf["slots_root"], "slots root")
    if not leaf.get("keys_root"):
        require(not keys, "keys")
        return record
    require(len(keys) + len(padding) == leaf["key_class"], "key class")
    try:
        check_keys(keys, salts, padding, leaf["key_class"], leaf["keys_root"])
    except Disproven:
        raise Disproven("keys root") from None
    require(stream("aggregates", secret, 32) == leaf["aggregates_root"], "aggregates root")
    return record


def _unpad(plaintext: bytes) -> bytes:
    padded = plaintext.rstrip(b"\0")
    require(padded.endswith(b"\x80"), "padding")
    require(len(plaintext) == min(size for size in CLASSES if size > len(padded) - 1), "padding")
    return padded[:-1]


def _content(text: bytes) -> tuple[bytes, list[Key], dict[str, object]]:
    try:
        content = read_json(text)
    except Disproven:
        raise Disproven("canonical JSON") from None
    try:
        require(content.keys() == {"entry_secret", "keys", "record"}, "members")
        require(re.fullmatch("[0-9a-f]{64}", content["entry_secret"]) is not None, "entry secret")
        require(isinstance(content["keys"], list) and isinstance(content["record"], dict), "members")
        return h(content["entry_secret"]), [_key(key) for key in content["keys"]], content["record"]
    except (Disproven, AttributeError, TypeError):
        raise Disproven("content") from None


def _key(key: dict[str, Any]) -> Key:
    require(key.keys() == {"type", "value", "version"} and key["type"] in TYPES, "key")
    if key["version"] != 1:
        raise Unchecked("version of the canonicaliser")
    require(re.fullmatch("([0-9a-f]{2})+", key["value"]) is not None, "key")
    return Key(key["type"], h(key["value"]))


def ephemeral_seed(batch_key: bytes, recipient: bytes) -> bytes:
    """Return the seed of a box's own key pair."""
    return hashlib.blake2b(label("box") + recipient, key=batch_key, digest_size=32).digest()


def box_of(batch_key: bytes, recipient: bytes) -> bytes:
    """Return the box of a batch key for an X25519 key; the private half of a seed is the first half of its SHA-512."""
    secret = hashlib.sha512(ephemeral_seed(batch_key, recipient)).digest()[:32]
    public = crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(public + recipient, digest_size=24).digest()
    try:
        return public + crypto_box(batch_key, nonce, recipient, secret)
    except (CryptoError, RuntimeError):
        raise Disproven("recipient") from None


def open_box(box: bytes, private: bytes) -> bytes:
    """Return the batch key of a box; raise Disproven unless it is the one box for it."""
    require(len(box) == 80, "size")
    recipient = crypto_scalarmult_base(private)
    try:
        batch_key = crypto_box_seal_open(box, recipient, private)
    except (CryptoError, RuntimeError):
        raise Disproven("box") from None
    require(box_of(batch_key, recipient) == box, "not the one that the batch key gives")
    return batch_key


def encode_box(key_id: bytes, box: bytes, suite: int) -> bytes:
    """Return a box as the digest takes it."""
    if suite != 1:
        raise Unchecked("suite")
    require(len(key_id) == 32 and len(box) == 80, "size")
    return key_id + u(1, suite) + u(2, len(box)) + box


def digest_of(boxes: Sequence[tuple[bytes, bytes, int]]) -> bytes:
    """Return the sealed keys digest of (key id, box, suite)."""
    ids = [key_id for key_id, _, _ in boxes]
    require(ids == sorted(set(ids)), "ascending")
    encoded = b"".join(encode_box(*box) for box in boxes)
    return sha256(label("sealed-keys") + encoded) if boxes else bytes(32)
