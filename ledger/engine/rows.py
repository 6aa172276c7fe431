"""What the store's rows hold besides leaves, payloads and tiles, as bytes and back.

Rows of state are RFC 8785 JSON, so that an operator can read them, with the SHA-256 of what they say: nothing else
would tell, short of a walk through the whole log, that one was changed. Rows written per batch are packed.
"""

import json
import struct
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError
from nacl.bindings import (
    crypto_secretbox,
    crypto_secretbox_MACBYTES,
    crypto_secretbox_NONCEBYTES,
    crypto_secretbox_open,
)
from nacl.exceptions import CryptoError

from ledger.core import bodies
from ledger.core.admission import SaltedKey
from ledger.core.anchors import Anchored
from ledger.core.canonical_json import encode_json
from ledger.core.closings import Book, Tally
from ledger.core.encoding import HASH_SIZE, Hash, check_hash, sha256, str8
from ledger.core.errors import InvalidInput, StoreDamaged, Uncheckable
from ledger.core.life import Life
from ledger.core.lookup_keys import SALT_SIZE, split_canonical
from ledger.core.parties import Auditor, Governing, Source
from ledger.core.sealed_keys import SealedKey
from ledger.core.signing import PublicKey
from ledger.v1 import disclosure_pb2

_BATCH: Final = struct.Struct(">QIQ32s")
_LIFE: Final = struct.Struct(">IIQQQ")
NONCE_SIZE: Final = crypto_secretbox_NONCEBYTES
QUEUE_OVERHEAD: Final = NONCE_SIZE + crypto_secretbox_MACBYTES + HASH_SIZE
"""Bytes that a row of the lookup queue has beyond its keys."""

T = TypeVar("T", str, int, bool)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """Where a batch stands in its source's chain, and which key statement it was sealed under."""

    source_id: str
    first_sequence: int
    count: int
    key_index: int
    previous: Hash


def write_batch_row(row: BatchRow) -> bytes:
    """Return u64 first sequence ‖ u32 count ‖ u64 key index ‖ previous ‖ str8 source id."""
    packed = _BATCH.pack(row.first_sequence, row.count, row.key_index, row.previous)
    return packed + str8(row.source_id)


def read_batch_row(data: bytes) -> BatchRow:
    """Return the row; raise StoreDamaged unless it is whole."""
    if len(data) <= _BATCH.size or len(data) != _BATCH.size + 1 + data[_BATCH.size]:
        raise StoreDamaged("batch row: of the wrong length")
    first, count, key_index, previous = _BATCH.unpack_from(data)
    try:
        return BatchRow(data[_BATCH.size + 1 :].decode("ascii"), first, count, key_index, Hash(previous))
    except UnicodeDecodeError:
        raise StoreDamaged("batch row: malformed") from None


def write_life(life: Life) -> bytes:
    """Return u32 until ‖ u32 extensions ‖ u64 lifted ‖ u64 delivery ‖ u64 erased."""
    return _LIFE.pack(*life.told)


def read_life(data: bytes, life: Life) -> Life:
    """Return ``life``, as its own leaf has it, with what the row says; raise StoreDamaged unless that is whole."""
    until, extensions, lifted, delivery, erased = _told(data)
    return replace(life, until=until, extensions=extensions, lifted=lifted, delivery=delivery, erased=erased)


def read_erased(data: bytes) -> int:
    """Return the index of the ERASURE that a life row names, 0 for none; raise StoreDamaged unless it is whole."""
    return _told(data)[-1]


def _told(data: bytes) -> tuple[int, ...]:
    if len(data) != _LIFE.size:
        raise StoreDamaged("life row: of the wrong length")
    return _LIFE.unpack(data)


def read_deposit(key: bytes, box: bytes) -> SealedKey:
    """Return the deposited box whose row this is; raise StoreDamaged unless it is whole."""
    try:
        return SealedKey(check_hash(key[-HASH_SIZE:], "key_id"), box)
    except InvalidInput:
        raise StoreDamaged("deposited box: malformed") from None


def write_source(source: Source) -> bytes:
    """Return a source's row."""
    return _dump(
        {
            "source_id": source.source_id,
            "service": source.service,
            "keys": _keys(source.keys),
            "key_statement": source.key_statement.hex(),
            "key_index": source.key_index,
            "past_keys": [key.hex() for key in source.past_keys],
            "book": _book(source.book),
            "grace_hours": source.grace_hours,
            "officers": _keys(source.officers),
            "officer_threshold": source.officer_threshold,
            "forced": source.forced,
            "revoked": source.revoked,
            "next_sequence": source.next_sequence,
            "recorded_at": source.recorded_at,
            "previous": source.previous.hex(),
        }
    )


def read_source(data: bytes) -> Source:
    """Return a source; raise StoreDamaged unless the row is whole."""
    row = _load(data, "source row")
    try:
        source = Source(
            _value(str, row["source_id"]),
            _value(str, row["service"]),
            _read_keys(row["keys"]),
            _hash(row["key_statement"]),
            _value(int, row["key_index"]),
            tuple(bytes.fromhex(key) for key in row["past_keys"]),
            _read_book(row["book"]),
            _value(int, row["grace_hours"]),
            _read_keys(row["officers"]),
            _value(int, row["officer_threshold"]),
            _value(bool, row["forced"]),
            _value(bool, row["revoked"]),
            _value(int, row["next_sequence"]),
            _value(int, row["recorded_at"]),
            _hash(row["previous"]),
        )
        _check_same(write_source(source), data, "source row")
    except (KeyError, TypeError, ValueError, InvalidInput):
        raise StoreDamaged("source row: malformed") from None
    return source


def write_auditor(auditor: Auditor) -> bytes:
    """Return an auditor's row."""
    return _dump(
        {
            "name": auditor.name,
            "key_id": auditor.key_id.hex(),
            "index": auditor.index,
            "signing_key": _keys((auditor.signing_key,)),
            "x25519_key": auditor.x25519_key.hex(),
            "removed": auditor.removed,
        }
    )


def read_auditor(data: bytes) -> Auditor:
    """Return an auditor; raise StoreDamaged unless the row is whole."""
    row = _load(data, "auditor row")
    try:
        (key,) = _read_keys(row["signing_key"])
        auditor = Auditor(
            _value(str, row["name"]),
            _hash(row["key_id"]),
            _value(int, row["index"]),
            key,
            _hash(row["x25519_key"]),
            _value(bool, row["removed"]),
        )
        _check_same(write_auditor(auditor), data, "auditor row")
    except (KeyError, TypeError, ValueError, InvalidInput):
        raise StoreDamaged("auditor row: malformed") from None
    return auditor


def write_governing(governing: Governing) -> bytes:
    """Return the row of what the ledger's own chain has settled."""
    return _dump(
        {
            "log_id": governing.log_id.hex(),
            "origin": governing.origin,
            "checkpoint_vkey": governing.checkpoint_vkey,
            "next_number": governing.next_number,
            "approvers": _keys(governing.approvers),
            "thresholds": [[row.body, row.count] for row in governing.thresholds],
            "witness_policy_digest": governing.witness_policy_digest.hex(),
            "sealing_policy_digest": governing.sealing_policy_digest.hex(),
            "policy_index": governing.policy_index,
            "anchored": _anchored(governing.anchored),
        }
    )


def read_governing(data: bytes) -> Governing:
    """Return what the ledger's own chain has settled; raise StoreDamaged unless the row is whole."""
    row = _load(data, "governing row")
    try:
        governing = Governing(
            _hash(row["log_id"]),
            _value(str, row["origin"]),
            _value(str, row["checkpoint_vkey"]),
            _value(int, row["next_number"]),
            _read_keys(row["approvers"]),
            tuple(bodies.Threshold(_value(int, body), _value(int, count)) for body, count in row["thresholds"]),
            _hash(row["witness_policy_digest"]),
            _hash(row["sealing_policy_digest"]),
            _value(int, row["policy_index"]),
            _read_anchored(row["anchored"]),
        )
        _check_same(write_governing(governing), data, "governing row")
    except (KeyError, TypeError, ValueError, InvalidInput):
        raise StoreDamaged("governing row: malformed") from None
    return governing


def write_sealed_keys(sealed_keys: tuple[SealedKey, ...]) -> bytes:
    """Return a batch's boxes."""
    message = disclosure_pb2.SealedBatch()
    for item in sealed_keys:
        message.sealed_keys.add(key_id=item.key_id, suite=item.suite, box=item.box)
    return message.SerializeToString(deterministic=True)


def read_sealed_keys(data: bytes) -> tuple[SealedKey, ...]:
    """Return a batch's boxes; raise StoreDamaged unless they are what ``write_sealed_keys`` wrote."""
    try:
        message = disclosure_pb2.SealedBatch.FromString(data)
        boxes = tuple([SealedKey(Hash(item.key_id), item.box, item.suite) for item in message.sealed_keys])
    except (DecodeError, InvalidInput, Uncheckable):
        raise StoreDamaged("sealed keys: malformed") from None
    if write_sealed_keys(boxes) != data:
        raise StoreDamaged("sealed keys: malformed")
    return boxes


def seal_lookup_keys(keys: tuple[SaltedKey, ...], leaf_hash: Hash, queue_key: bytes, nonce: bytes) -> bytes:
    """Return the lookup keys of the entry with this leaf hash, encrypted for the mapper.

    nonce(24) ‖ XSalsa20-Poly1305(leaf hash ‖ for each key in the record's order: salt(16) ‖ canonical key)
    """
    plaintext = leaf_hash + b"".join([salt + key.canonical for key, salt in keys])
    return nonce + crypto_secretbox(plaintext, nonce, queue_key)


def open_lookup_keys(data: bytes, leaf_hash: Hash, queue_key: bytes) -> tuple[SaltedKey, ...]:
    """Return an entry's lookup keys with their salts; raise StoreDamaged unless the row is whole and the entry's."""
    try:
        plaintext = crypto_secretbox_open(data[NONCE_SIZE:], data[:NONCE_SIZE], queue_key)
    except (CryptoError, ValueError):
        raise StoreDamaged("lookup queue row: does not decrypt") from None
    if plaintext[:HASH_SIZE] != leaf_hash:
        raise StoreDamaged("lookup queue row: of another entry")
    found: list[SaltedKey] = []
    rest = plaintext[HASH_SIZE:]
    while rest:
        key, after = split_canonical(rest[SALT_SIZE:])
        found.append((key, rest[:SALT_SIZE]))
        rest = after
    return tuple(found)


def _dump(row: dict[str, Any]) -> bytes:
    text = encode_json(row, "row")
    return b'{"row":%b,"sha256":"%b"}' % (text, sha256(text).hex().encode())


def _load(data: bytes, what: str) -> dict[str, Any]:
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        raise StoreDamaged(f"{what}: not JSON") from None
    if not isinstance(whole, dict):
        raise StoreDamaged(f"{what}: not an object")
    row = whole.get("row")
    if not isinstance(row, dict):
        raise StoreDamaged(f"{what}: malformed")
    return row


def _check_same(written: bytes, data: bytes, what: str) -> None:
    if written != data:
        raise StoreDamaged(f"{what}: changed since it was written; run ledgerctl fsck")


def _book(book: Book) -> dict[str, Any]:
    tallies = [[tally.start, tally.first, *tally.counts] for tally in book.tallies]
    return {
        "period": book.period.name,
        "began": book.began,
        "start": book.start,
        "sequence": book.sequence,
        "closing": book.closing.hex(),
        "tallies": tallies,
    }


def _read_book(row: dict[str, Any]) -> Book:
    return Book(
        bodies.Period[row["period"]],
        _value(int, row["began"]),
        _value(int, row["start"]),
        _value(int, row["sequence"]),
        _hash(row["closing"]),
        tuple([Tally(*[_value(int, number) for number in tally]) for tally in row["tallies"]]),
    )


def _anchored(anchored: Anchored) -> dict[str, int]:
    return {"index": anchored.index, "recorded_at": anchored.recorded_at, "size": anchored.size}


def _read_anchored(row: dict[str, Any]) -> Anchored:
    return Anchored(_value(int, row["index"]), _value(int, row["recorded_at"]), _value(int, row["size"]))


def _keys(keys: tuple[PublicKey, ...]) -> list[list[Any]]:
    return [[key.algorithm, key.key.hex()] for key in keys]


def _read_keys(rows: list[list[Any]]) -> tuple[PublicKey, ...]:
    return tuple(PublicKey(_value(int, algorithm), bytes.fromhex(key)) for algorithm, key in rows)


def _value(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise TypeError
    return value


def _hash(text: str) -> Hash:
    raw = bytes.fromhex(text)
    if len(raw) != 32:
        raise ValueError
    return Hash(raw)
