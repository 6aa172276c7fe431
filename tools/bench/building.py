"""Building: record → slots → keys root → sealed payload → statement on one core, beside its raw cryptography."""

import hashlib
import os
import time
from dataclasses import dataclass
from typing import Final

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from bench.scene import BATCH, Builder, disclosure
from ledger.core.building import prepare
from ledger.core.canonical_json import encode_json

_NODES: Final = 32 + 31 + 4 + 4 + 3 + 1
"""SHA-256 of one entry: slot leaves and nodes, key commitments, their leaves and nodes, the statement's leaf."""


@dataclass(frozen=True, slots=True)
class Building:
    """Entries a second, and the same for hashes, JSON and encryption alone."""

    rate: float
    raw: float


def run(builder: Builder, count: int) -> Building:
    """Build ``count`` entries in batches of 512, and do their raw work on the same bytes."""
    disclosures = [disclosure(number) for number in range(count)]
    started = time.perf_counter()
    plaintexts = []
    for begin in range(0, count, BATCH):
        entries = [prepare(item, os.urandom) for item in disclosures[begin : begin + BATCH]]
        plaintexts += [entry.plaintext for entry in entries]
        builder.add(entries)
    rate = count / (time.perf_counter() - started)
    builder.built.clear()
    records = [item.record.to_json_object() for item in disclosures]
    started = time.perf_counter()
    for record, plaintext in zip(records, plaintexts, strict=True):
        _raw(record, plaintext)
    return Building(rate, count / (time.perf_counter() - started))


def _raw(record: dict[str, object], plaintext: bytes) -> None:
    """Do what the formats cannot do without, with nothing around it."""
    sha256, node = hashlib.sha256, bytes(65)
    for value in record.values():
        encode_json(value)
    encode_json(record)
    hashlib.shake_256(node).digest(512)
    hashlib.shake_256(node).digest(112)
    hashlib.shake_256(node).digest(32)
    for _ in range(_NODES):
        sha256(node).digest()
    hashlib.blake2b(node, key=node[:32], digest_size=64).digest()
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, None, os.urandom(24), os.urandom(32))
    sha256(sealed).digest()
