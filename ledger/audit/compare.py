"""Whether two views of one log are one history, and evidence where they are not (``ledger.core.split``).

A view is a signed checkpoint, with the tree under it where its tiles are at hand, or with the leaves that a receipt
shows. Which history is the true one cannot be told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ledger.core.bodies import LogOpened
from ledger.core.checkpoint import SignedCheckpoint
from ledger.core.errors import InvalidInput, Unavailable, Uncheckable, VerificationFailed
from ledger.core.merkle import Node, leaf_hash
from ledger.core.note import VKey
from ledger.core.proof import prove_inclusion, verify_inclusion
from ledger.core.receipt import ReceiptExtra
from ledger.core.split import Leaf, open_view, split_by_leaves
from ledger.core.statement import decode_leaf
from ledger.core.tlogproof import HEADER, TlogProof
from ledger.core.tlogtiles import ENTRIES, WIDTH, partial_tiles
from ledger.tiles.contradiction import contradiction
from ledger.tiles.source import Source, fetch_checkpoint
from ledger.tiles.tree import VerifiedTree

NO_TILES: Final = "comes without its tiles"


@dataclass(frozen=True, slots=True)
class View:
    """One side under its ``name``: ``lacking`` says why there is no tree, ``leaves`` are by index and proven."""

    name: str
    signed: SignedCheckpoint
    tree: VerifiedTree | None = None
    lacking: str = NO_TILES
    leaves: Mapping[int, Leaf] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many entries its tree has."""
        return self.signed.checkpoint.size

    @property
    def note(self) -> bytes:
        """Its checkpoint as the log signed it."""
        return self.signed.note.format()

    def leaf(self, index: int) -> Leaf | None:
        """Return a leaf with its proof, or None where this view does not show it; raises as ``VerifiedTree``."""
        if self.tree is None or index >= self.size:
            return self.leaves.get(index)
        (hashed,) = self.tree.fetch([Node(0, index)])
        path = prove_inclusion(index, self.size, self.tree.fetch)
        return Leaf(hashed, TlogProof(index, path, self.note))


def key_in(raw: bytes) -> VKey | None:
    """Return the key that a receipt's LOG_OPENED names, unverified, or None for what is no receipt."""
    try:
        body = decode_leaf(ReceiptExtra.decode(TlogProof.parse(raw).extra).log_opened).statement.body
        return VKey.parse(body.checkpoint_vkey) if isinstance(body, LogOpened) else None
    except (InvalidInput, Uncheckable):
        return None


def view_of(name: str, given: bytes | Source, log: VKey) -> View:
    """Return the view in a checkpoint's or receipt's bytes, or in the files of a log.

    Raises:
        Uncheckable: it is none, or not signed by ``log``.
        Unavailable: the files are out of reach.
    """
    try:
        if not isinstance(given, bytes):
            return _of_files(name, _Once(given), log)
        if not given.startswith(HEADER.encode()):
            return View(name, open_view(given, log))
        proof = TlogProof.parse(given)
        signed = open_view(proof.checkpoint, log)
        return View(name, signed, leaves=_leaves_of(proof, signed))
    except (InvalidInput, VerificationFailed) as error:
        raise Uncheckable(f"{name}: {error}") from None


class _Once:
    """Asks a source for each file once."""

    def __init__(self, source: Source) -> None:
        self.fetch = lru_cache(maxsize=None)(source.fetch)


def _of_files(name: str, source: Source, log: VKey) -> View:
    note = fetch_checkpoint(source)
    if note is None:
        raise Unavailable(f"{name}: has no checkpoint; is this where a log is?")
    signed = open_view(note, log)
    try:
        return View(name, signed, VerifiedTree(source, signed.checkpoint))
    except (VerificationFailed, Unavailable) as error:
        return View(name, signed, lacking=f"lacks its tiles ({error})")


def _leaves_of(proof: TlogProof, signed: SignedCheckpoint) -> dict[int, Leaf]:
    """Return the leaves that a receipt proves; of a proof that is no receipt, none."""
    try:
        extra = ReceiptExtra.decode(proof.extra)
    except InvalidInput:
        return {}
    shown = [(proof.index, extra.leaf, proof.path), (0, extra.log_opened, extra.log_opened_path)]
    if extra.key_statement:
        shown.append((extra.key_statement_index, extra.key_statement, extra.key_statement_path))
    checkpoint, note = signed.checkpoint, signed.note.format()
    leaves = {}
    for index, leaf, path in shown:
        hashed = verify_inclusion(leaf_hash(leaf), index, checkpoint.size, path, checkpoint.root)
        leaves[index] = Leaf(hashed, TlogProof(index, path, note))
    return leaves


def compare(one: View, other: View, log: VKey) -> bytes | None:
    """Return evidence that ``log`` signed two histories, or None where the two views are one.

    Evidence names the first leaf that differs where both trees are at hand, and any other that both views show.

    Raises:
        Uncheckable: of two logs, or what would show it is not at hand.
        Unavailable: a tile is missing or out of reach.
    """
    small, large = sorted((one, other), key=lambda view: view.size)
    if small.signed.checkpoint.origin != large.signed.checkpoint.origin:
        raise Uncheckable("could not be compared: the two are of different origins, not views of one log")
    if small.size == 0:
        return None
    if large.tree is None and small.size < large.size:
        found = _by_leaves(small, large, log)
        if found is None:
            bare = small.tree is None and large.lacking == NO_TILES
            why = "neither side has the tree" if bare else f"{large.name}, the larger, {large.lacking}"
            raise Uncheckable(f"could not be compared: {why}")
        return found
    try:
        found = contradiction(small.signed, large.signed, large.tree, log)
    except VerificationFailed as error:
        raise Uncheckable(f"could not be compared: {large.name}: {error}") from None
    return found and (_by_leaves(small, large, log) or found)


def _by_leaves(small: View, large: View, log: VKey) -> bytes | None:
    """Return the evidence in one leaf, or None where no such leaf can be had: nobody needs to give us any."""
    try:
        if small.tree is not None and large.tree is not None:
            indexes = [first_difference(small.tree, large.tree)]
        else:
            indexes = sorted({*small.leaves, *large.leaves})
        for index in indexes:
            one, other = small.leaf(index), large.leaf(index)
            if one is not None and other is not None and one.hash != other.hash:
                return split_by_leaves(log, one, other)
    except (VerificationFailed, Unavailable):
        pass
    return None


def first_difference(small: VerifiedTree, large: VerifiedTree) -> int:
    """Return the lowest index whose leaves differ; the larger tree does not begin with the smaller one.

    Every hash of the smaller tree is under one of its partial tiles, and what differs there is followed down: at most
    two tiles a level are read of each tree. Raises as ``VerifiedTree``.
    """
    edge = reversed([tile for tile in partial_tiles(small.size) if tile.level != ENTRIES])
    level, index = next((tile.level, at) for tile in edge for at in _differing(small, large, tile.level, tile.number))
    while level:
        level, index = level - 1, next(_differing(small, large, level - 1, index))
    return index


def _differing(small: VerifiedTree, large: VerifiedTree, level: int, number: int) -> Iterator[int]:
    """Yield where at ``level`` the hashes of a tile differ; those that only the larger tree has do not count."""
    pairs = zip(small.tile(level, number), large.tile(level, number), strict=False)
    return (number * WIDTH + at for at, (one, other) in enumerate(pairs) if one != other)
