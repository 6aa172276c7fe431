"""The keys of the store, format version 1: one byte that says what, then big-endian numbers.

| key | value |
|---|---|
| m name | ``format``, ``governing``, ``checkpoint`` (the latest signed note), ``witness_policy``, ``sealing_policy`` |
| m erasing | the indexes whose payloads are being destroyed; none, or empty, while none is |
| m cosigned | the latest note that satisfies the witness policy; none, or empty, before the first under that policy |
| e u64 index | leaf, exact bytes |
| p u64 index | payload |
| s u64 index | shred, 32 bytes |
| k u64 first index | sealed keys of the batch that begins there |
| q u64 index | lookup keys, encrypted, until the mapper has drained them |
| l u64 index | life row: what later entries say of this one; none where nothing does |
| d u64 first index, key id | a box of that batch's key for an auditor accredited later |
| t u8 level, u64 number | tile: up to 256 hashes; only full ones at level 0 |
| b u64 first index | batch row |
| c str8 source id, u64 first sequence | u64 first index of the batch |
| h source id | source row |
| a u64 index | auditor row |

A level-0 tile that is not full is never stored: its hashes are those of the entries.
"""

from typing import Final

from ledger.core.encoding import str8, u8, u64

FORMAT: Final = b"1"
"""The format version that this release reads and writes."""

META: Final = b"m"
ENTRIES: Final = b"e"
PAYLOADS: Final = b"p"
SHREDS: Final = b"s"
SEALED_KEYS: Final = b"k"
QUEUE: Final = b"q"
LIVES: Final = b"l"
DEPOSITS: Final = b"d"
TILES: Final = b"t"
BATCHES: Final = b"b"
CHAINS: Final = b"c"
SOURCES: Final = b"h"
AUDITORS: Final = b"a"

KINDS: Final = {
    META: "setting",
    ENTRIES: "entry",
    PAYLOADS: "payload",
    SHREDS: "shred",
    SEALED_KEYS: "sealed keys",
    QUEUE: "lookup queue row",
    LIVES: "life row",
    DEPOSITS: "deposited box",
    TILES: "tile",
    BATCHES: "batch row",
    CHAINS: "chain row",
    SOURCES: "source row",
    AUDITORS: "auditor row",
}
"""What each prefix holds, for error messages."""


def meta_key(name: str) -> bytes:
    """Return the key of a setting."""
    return META + name.encode("ascii")


def entry_key(index: int) -> bytes:
    """Return the key of a leaf."""
    return ENTRIES + u64(index)


def payload_key(index: int) -> bytes:
    """Return the key of a payload."""
    return PAYLOADS + u64(index)


def shred_key(index: int) -> bytes:
    """Return the key of a shred."""
    return SHREDS + u64(index)


def sealed_keys_key(first_index: int) -> bytes:
    """Return the key of a batch's sealed keys."""
    return SEALED_KEYS + u64(first_index)


def queue_key(index: int) -> bytes:
    """Return the key of an entry's queued lookup keys."""
    return QUEUE + u64(index)


def life_key(index: int) -> bytes:
    """Return the key of what later entries say of one."""
    return LIVES + u64(index)


def deposit_key(first_index: int, key_id: bytes) -> bytes:
    """Return the key of a box that was deposited for the batch that begins at ``first_index``."""
    return DEPOSITS + u64(first_index) + key_id


def tile_key(level: int, number: int) -> bytes:
    """Return the key of a tile."""
    return TILES + u8(level) + u64(number)


def batch_key(first_index: int) -> bytes:
    """Return the key of a batch row."""
    return BATCHES + u64(first_index)


def chain_key(source_id: str, first_sequence: int) -> bytes:
    """Return the key that leads from a source's sequence to its batch."""
    return CHAINS + str8(source_id) + u64(first_sequence)


def source_key(source_id: str) -> bytes:
    """Return the key of a source's row."""
    return SOURCES + source_id.encode("ascii")


def auditor_key(index: int) -> bytes:
    """Return the key of an auditor's row."""
    return AUDITORS + u64(index)


def index_of(key: bytes) -> int:
    """Return the number that a key ends with."""
    return int.from_bytes(key[-8:], "big")


def after(prefix: bytes) -> bytes:
    """Return the first key past everything under a one-byte prefix."""
    return bytes((prefix[0] + 1,))
