"""Logs of plain entries, for tiles do not care what a log holds: quick to make, of any size, honest or not."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.merkle import hash_leaves, tree_root
from ledger.core.note import SigningKey, VKey
from ledger.core.signing import SecretKey
from ledger.core.tlogtiles import (
    CHECKPOINT,
    ENTRIES,
    HEIGHT,
    Leaves,
    Tile,
    encode_entries,
    tiles_between,
)
from ledger.tiles.folder import open_writer

ORIGIN: Final = "log.example/tiles"


def secret(name: str) -> SecretKey:
    """Return the one key pair of ``name``."""
    return SecretKey.from_seed(name.encode().ljust(32, b"\0"))


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose entry i is ``word`` and i, from ``fork`` on ``other`` and i."""

    word: bytes = b"entry"
    fork: int = 2**63
    other: bytes = b"other"
    origin: str = ORIGIN
    key: SigningKey = field(default_factory=lambda: SigningKey(ORIGIN, secret("log")))

    @property
    def vkey(self) -> VKey:
        """The key that its checkpoints verify under."""
        return self.key.vkey()

    def entries(self, begin: int, end: int) -> list[bytes]:
        """Return entries [begin, end); every seventh is empty but for its number."""
        words = [self.word if index < self.fork else self.other for index in range(begin, end)]
        return [b"%s %d" % (word * (index % 7), index) for index, word in enumerate(words, begin)]

    def leaves(self, begin: int, end: int) -> Leaves:
        """Return entries [begin, end) with their hashes."""
        return Leaves.of(self.entries(begin, end))

    def note(self, size: int) -> bytes:
        """Return the signed checkpoint of the first ``size`` entries."""
        root = tree_root(hash_leaves(self.entries(0, size)))
        return sign_checkpoint(Checkpoint(self.origin, size, root), self.key).note.format()

    def tile(self, tile: Tile) -> bytes:
        """Return what a tile holds, by the definition."""
        if tile.level == ENTRIES:
            begin = tile.number * 256
            return encode_entries(self.entries(begin, begin + tile.width))
        span = 1 << HEIGHT * tile.level
        first = tile.number * 256 * span
        hashes = hash_leaves(self.entries(first, first + tile.width * span))
        return b"".join(tree_root(hashes[at : at + span]) for at in range(0, len(hashes), span))

    def files(self, size: int) -> dict[str, bytes]:
        """Return every file that the log has at ``size``, by its path."""
        return dict(_files(self, size))

    def write(self, folder: Path, *sizes: int, note: bytes = b"") -> Path:
        """Write the log to ``folder`` as it was at each of ``sizes``, under ``note`` or its own; return the folder."""
        with open_writer(folder, self.vkey, self.origin) as writer:
            for size in sizes:
                writer.append(self.leaves(writer.size, size))
                writer.publish(note or self.note(size))
        return folder


@cache
def _files(log: Log, size: int) -> dict[str, bytes]:
    return {CHECKPOINT: log.note(size), **{tile.path: log.tile(tile) for tile in tiles_between(0, size)}}


LOG: Final = Log()


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below ``folder`` by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
