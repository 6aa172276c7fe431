"""Mirroring from local tiles with full verification, beside the raw hashing of the same bytes on one core."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.merkle import hash_leaves, hash_parents
from ledger.core.note import SigningKey
from ledger.core.signing import SecretKey
from ledger.core.tlogtiles import WIDTH, Leaves
from ledger.tiles.folder import open_writer
from ledger.tiles.mirror import mirror
from ledger.tiles.source import FolderSource

ENTRY: Final = 600
"""Bytes of an entry."""


@dataclass(frozen=True, slots=True)
class Mirroring:
    """Entries a second: copied and verified, written without verification, and their hashes alone."""

    rate: float
    written: float
    raw: float


def run(folder: Path, count: int) -> Mirroring:
    """Write a log of ``count`` entries into ``folder``, mirror it, and hash its bytes."""
    key = SigningKey("log.example/bench", SecretKey.from_seed(os.urandom(32)))
    started = time.perf_counter()
    with open_writer(folder / "log", key.vkey()) as writer:
        for entries in _bundles(count):
            writer.append(Leaves.of(entries))
        checkpoint = Checkpoint(key.name, writer.size, writer.root())
        writer.publish(sign_checkpoint(checkpoint, key).note.format())
    written = count / (time.perf_counter() - started)
    started = time.perf_counter()
    found = mirror(FolderSource(folder / "log"), folder / "mirror", key.vkey())
    rate = found.signed.checkpoint.size / (time.perf_counter() - started)
    return Mirroring(rate, written, raw(count))


def _bundles(count: int) -> Iterator[list[bytes]]:
    """Yield ``count`` entries, each another, a bundle at a time."""
    padding = os.urandom(ENTRY - 8)
    for begin in range(0, count, WIDTH):
        yield [index.to_bytes(8, "big") + padding for index in range(begin, min(begin + WIDTH, count))]


def raw(count: int) -> float:
    """Return entries a second of nothing but their leaf hashes and the hashes of the tree above."""
    bundles = list(_bundles(count))
    started = time.perf_counter()
    for entries in bundles:
        level = hash_leaves(entries)
        while len(level) > 1:
            level = hash_parents(level)
    return count / (time.perf_counter() - started)
