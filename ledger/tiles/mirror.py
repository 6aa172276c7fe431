"""A verified copy of a log, from its files alone: signature, history and every byte hold, or nothing is taken over."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.core.checkpoint import SignedCheckpoint
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import Node, tree_root
from ledger.core.note import VKey
from ledger.core.tlogtiles import BUNDLE_BYTES, ENTRIES, HEIGHT, WIDTH, Leaves, tile_in
from ledger.host import files
from ledger.tiles.folder import open_writer
from ledger.tiles.history import SEEN, accepted, keeping_evidence, latest, seen_before
from ledger.tiles.source import FolderSource, Source
from ledger.tiles.tree import VerifiedTree, read_leaves

THREADS: Final = 8

Progress = Callable[[int, int], object]
"""Is told how many entries are copied, and of how many."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a run came to: the checkpoint that the copy now has, and how many entries it had before."""

    signed: SignedCheckpoint
    before: int


def mirror(
    source: Source,
    folder: Path,
    log: VKey,
    origin: str | None = None,
    progress: Progress = lambda copied, size: None,
    threads: int = THREADS,
) -> Mirrored:
    """Bring the copy in ``folder`` up to the log's latest checkpoint.

    Raises:
        VerificationFailed: the log contradicts itself, or its files do not hold; the copy stays as it was.
        Unavailable: the source is out of reach, or lacks a file; the next run goes on.
        WrongLog, StoreDamaged, Locked: see ``open_writer``.
    """
    with open_writer(folder, log, origin) as writer:
        before = writer.size
        signed = latest(source, log, origin)
        note = signed.note.format()
        seen = seen_before(writer, log, origin)
        with keeping_evidence(folder, signed, seen):
            tree = accepted(source, writer, signed, seen, log)
            files.put(folder / SEEN, note)
            files.sync(folder)
            copy = _Copy(tree, FolderSource(folder))
            bundles = range(before // WIDTH, -(-tree.size // WIDTH))
            with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
                for leaves in in_order(pool, copy.leaves, bundles, threads):
                    writer.append(leaves.cut(writer.size % WIDTH))
                    progress(writer.size, tree.size)
            writer.publish(note)
        (folder / SEEN).unlink()
        return Mirrored(signed, before)


class _Copy:
    """Gives bundles of the tree; one that an earlier run left in the folder is not fetched again."""

    def __init__(self, tree: VerifiedTree, folder: FolderSource) -> None:
        self._tree, self._folder = tree, folder

    def leaves(self, number: int) -> Leaves:
        """Return the verified entries of a bundle."""
        return self._left(number) or self._tree.leaves(number)

    def _left(self, number: int) -> Leaves | None:
        tile = tile_in(self._tree.size, ENTRIES, number)
        if tile.width < WIDTH:
            return None
        try:
            data = self._folder.fetch(tile.path, BUNDLE_BYTES)
            found = None if data is None else read_leaves(tile, data)
        except (InvalidInput, VerificationFailed):
            return None  # damage of our own; the writer says so when it meets the file
        if found is None or [tree_root(found.hashes)] != self._tree.fetch([Node(HEIGHT, number)]):
            return None
        return found


def in_order(
    pool: ThreadPoolExecutor, function: Callable[[int], Leaves], numbers: Iterable[int], threads: int
) -> Iterator[Leaves]:
    """Yield ``function`` of each number, in order, with twice as many as there are threads under way."""
    waiting: deque[Future[Leaves]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(function, number))
            if len(waiting) >= 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
