"""Destroying what an ERASURE names: payload, shred and queued lookup keys, down to the bytes of LevelDB's files.

A row that is deleted stays in the files until they are rewritten, and so does one that was put and deleted between two
compactions. So each row is overwritten, deleted and its range compacted, twice, and then the files are searched
(protocol §4, §7). What was begun is noted in the same write that takes the rows away: a start goes on with it.
"""

import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ledger.core.errors import StoreDamaged
from ledger.core.life import Life
from ledger.engine import schema
from ledger.engine.store import FILLER, Store

ROUNDS: Final = 5
"""How often rows are overwritten and compacted before the rest is left to the next start: a read may hold a file."""

ERASING: Final = schema.meta_key("erasing")
_PIECE: Final = 16
_PIECES: Final = 4
_INDEX: Final = 8


def rows_of(life: Life) -> list[bytes]:
    """Return the keys of all rows that an erasure of this entry destroys; its lookup keys may have come with a lift."""
    index = life.index
    return [schema.payload_key(index), schema.shred_key(index), schema.queue_key(life.lifted or index)]


def begin(store: Store, life: Life) -> tuple[tuple[bytes, bytes], list[bytes], list[bytes]]:
    """Return what the write that erases an entry adds and deletes, and pieces of what is to be found nowhere after."""
    keys = rows_of(life)
    pieces = [piece for key in keys for piece in _pieces(store.get(key) or b"")]
    return (ERASING, (store.get(ERASING) or b"") + b"".join(keys)), keys, pieces


def finish(store: Store, pieces: Sequence[bytes] = ()) -> list[str]:
    """Destroy what an erasure has begun on; return the files that still have something of it, none if all is done."""
    noted = store.get(ERASING)
    if noted is None:
        return []
    keys = _read(noted)
    for rest in range(ROUNDS, 0, -1):
        store.destroy(keys)
        traces = find_traces(store.path, pieces)
        if rest < ROUNDS and not traces:  # twice at least: the first may only have moved them
            store.write([], [ERASING])
            return []
    return traces


def overwritten(store: Store) -> frozenset[bytes]:
    """Return the keys of rows that are overwritten and not deleted yet, as a death in an erasure leaves them."""
    return frozenset(key for key in _read(store.get(ERASING) or b"") if store.get(key) == FILLER)


def find_traces(path: Path, pieces: Sequence[bytes]) -> list[str]:
    """Return the names of the files below ``path`` that hold any of ``pieces``."""
    return [file.name for file in sorted(path.rglob("*")) if not file.is_dir() and _holds(file, pieces)]


def _holds(file: Path, pieces: Iterable[bytes]) -> bool:
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return any(data.find(piece) >= 0 for piece in pieces)
    except (FileNotFoundError, ValueError):  # taken away meanwhile, or empty
        return False


def _pieces(row: bytes) -> list[bytes]:
    """Return a few pieces of a row: LevelDB's log may cut a row, but not within each of them."""
    pieces = [row[at : at + _PIECE] for at in range(0, len(row) - _PIECE + 1, _PIECE)]
    return pieces[:: max(1, len(pieces) // _PIECES)]


def _read(noted: bytes) -> list[bytes]:
    size = 1 + _INDEX
    if len(noted) % size:
        raise StoreDamaged("setting erasing: of the wrong length")
    return [noted[at : at + size] for at in range(0, len(noted), size)]
