"""Views of a log and of its fork: bare checkpoints, trees, receipts, and sources that fail where a test says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.audit.compare import View, view_of
from ledger.core.merkle import hash_leaves, tree_root
from ledger.core.proof import prove_inclusion
from ledger.core.tlogproof import TlogProof
from ledger.core.tlogtiles import CHECKPOINT, WIDTH, Tile, encode_hashes
from tests.core.test_merkle import node_of
from tests.core.world import World, disclosure, mixed
from tests.tiles.logs import LOG, Log
from tests.tiles.sources import Memory

VKEY: Final = LOG.vkey


def bare(log: Log, size: int, name: str = "bare") -> View:
    """Return the view in a checkpoint alone."""
    return view_of(name, log.note(size), VKEY)


def tree(log: Log, size: int, without: Mapping[str, bytes] | None = None, name: str = "tree") -> View:
    """Return the view in a log's files, some of them replaced, or missing where empty."""
    files = {path: data for path, data in {**log.files(size), **(without or {})}.items() if data}
    return view_of(name, Memory(files), VKEY)


def proof(log: Log, index: int, size: int, extra: bytes = b"") -> bytes:
    """Return the tlog-proof of an entry."""
    hashes = hash_leaves(log.entries(0, size))
    path = prove_inclusion(index, size, lambda nodes: [node_of(hashes, node) for node in nodes])
    return TlogProof(index, path, log.note(size), extra).format()


def hash_files(log: Log, size: int) -> dict[str, bytes]:
    """Return the files of a log but for its entries: quick also where there are many."""
    files = {CHECKPOINT: log.note(size)}
    hashes, level = hash_leaves(log.entries(0, size)), 0
    while hashes:
        rows = [hashes[at : at + WIDTH] for at in range(0, len(hashes), WIDTH)]
        files |= {Tile(level, number, len(row)).path: encode_hashes(row) for number, row in enumerate(rows)}
        hashes, level = [tree_root(row) for row in rows if len(row) == WIDTH], level + 1
    return files


@dataclass(frozen=True, slots=True)
class OfWorld(Log):
    """The files of a ledger's log; ``leaves_`` are its entries."""

    leaves_: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, world: World) -> "OfWorld":
        """Return those of ``world``."""
        return cls(origin=world.log.name, key=world.log, leaves_=tuple(world.leaves))

    def entries(self, begin: int, end: int) -> list[bytes]:
        """Return entries [begin, end)."""
        return list(self.leaves_[begin:end])


def parted() -> tuple[World, World]:
    """Return two histories of one log, of different sizes, that begin with the entries of ``mixed``."""
    here, there = mixed(), mixed()
    here.disclose("beta", *[disclosure(notes="here")] * 2)
    there.disclose("beta", *[disclosure(notes="there")] * 3)
    return here, there
