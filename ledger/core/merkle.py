"""The Merkle tree of RFC 6962 §2.1: leaf SHA-256(00 ‖ data), node SHA-256(01 ‖ left ‖ right).

A tree of n leaves splits at the largest power of two below n. Nodes are addressed by the perfect subtrees
that never change once full; a ragged subtree is the fold of the perfect ones that it consists of.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from ledger.core.encoding import MAX_SIZE, Hash, check_hash, sha256, sha256_each
from ledger.core.errors import InvalidInput

EMPTY_ROOT: Final = sha256(b"")
"""The root of the tree without leaves."""

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A perfect subtree: the leaves [index << level, (index + 1) << level)."""

    level: int
    index: int


def leaf_hash(data: bytes) -> Hash:
    """Return SHA-256(00 ‖ data) (RFC 6962 §2.1)."""
    return Hash(hashlib.sha256(LEAF_PREFIX + data).digest())


def hash_leaves(data: Iterable[bytes]) -> list[Hash]:
    """Return the leaf hash of each item."""
    return sha256_each(data, LEAF_PREFIX)


def node_hash(left: bytes, right: bytes) -> Hash:
    """Return SHA-256(01 ‖ left ‖ right) (RFC 6962 §2.1)."""
    return Hash(hashlib.sha256(NODE_PREFIX + left + right).digest())


def hash_parents(level: Sequence[Hash]) -> list[Hash]:
    """Return the parents of adjacent pairs; a hash without a sibling is left out."""
    new, prefix, hashes = hashlib.sha256, NODE_PREFIX, iter(level)
    parents = [new(prefix + left + right).digest() for left, right in zip(hashes, hashes, strict=False)]
    return cast("list[Hash]", parents)


def tree_root(leaf_hashes: Sequence[Hash]) -> Hash:
    """Return MTH over leaves that are already hashed (RFC 6962 §2.1), level by level."""
    level = leaf_hashes
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        parents = hash_parents(level)
        if len(level) % 2:
            parents.append(level[-1])
        level = parents
    return level[0]


def merkle_root(data: Iterable[bytes]) -> Hash:
    """Return MTH(data) (RFC 6962 §2.1)."""
    return tree_root(hash_leaves(data))


def fold(hashes: Sequence[Hash]) -> Hash:
    """Return the root over the hashes of a compact range, left to right and at least one."""
    *rest, root = hashes
    for sibling in reversed(rest):
        root = node_hash(sibling, root)
    return root


def check_bounds(begin: int, end: int) -> None:
    """Raise InvalidInput unless 0 ≤ begin ≤ end ≤ 2^63 - 1."""
    if not 0 <= begin <= end <= MAX_SIZE:
        raise InvalidInput("range", f"must satisfy 0 <= begin <= end <= {MAX_SIZE}")


def range_nodes(begin: int, end: int) -> list[Node]:
    """Return the maximal perfect subtrees that cover the leaves [begin, end), left to right."""
    check_bounds(begin, end)
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        if begin:
            level = min(level, (begin & -begin).bit_length() - 1)
        nodes.append(Node(level, begin >> level))
        begin += 1 << level
    return nodes


def _split(begin: int, end: int) -> int:
    """Return where the subtree over [begin, end), of two leaves or more, divides."""
    return begin + (1 << (end - begin - 1).bit_length() - 1)


def inclusion_nodes(index: int, size: int) -> list[list[Node]]:
    """Return PATH(index, D[size]) (RFC 6962 §2.1.1), leaf to root: for each hash the nodes it folds."""
    check_bounds(index + 1, size)
    begin, end = 0, size
    path = []
    while end - begin > 1:
        middle = _split(begin, end)
        if index < middle:
            path.append(range_nodes(middle, end))
            end = middle
        else:
            path.append(range_nodes(begin, middle))
            begin = middle
    return path[::-1]


def consistency_nodes(first: int, second: int) -> list[list[Node]]:
    """Return PROOF(first, D[second]) (RFC 6962 §2.1.2) in its order: for each hash the nodes it folds.

    Nothing is needed to get from an empty tree to any other.
    """
    check_bounds(first, second)
    begin, end = 0, second
    proof = []
    while 0 < first < end:
        middle = _split(begin, end)
        if first <= middle:
            proof.append(range_nodes(middle, end))
            end = middle
        else:
            proof.append(range_nodes(begin, middle))
            begin = middle
    if begin:
        proof.append(range_nodes(begin, end))
    return proof[::-1]


@dataclass(slots=True)
class CompactRange:
    """A growing tree of ``size`` leaves, kept as the hashes of ``range_nodes(0, size)``."""

    size: int = 0
    hashes: list[Hash] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_bounds(0, self.size)
        if len(self.hashes) != self.size.bit_count():
            raise InvalidInput("hashes", "not as many as the size has set bits")
        self.hashes = [check_hash(item, "hashes") for item in self.hashes]

    def copy(self) -> "CompactRange":
        """Return another range that grows on its own."""
        return CompactRange(self.size, self.hashes)

    def append(self, leaf: Hash) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaf_hashes: Sequence[Hash]) -> list[list[Hash]]:
        """Add leaf hashes in order; return the perfect subtrees that this completed, by level, the leaves first."""
        check_bounds(self.size, self.size + len(leaf_hashes))
        level, size = list(leaf_hashes), self.size
        self.size += len(leaf_hashes)
        kept: list[Hash] = []
        completed = []
        while level:
            completed.append(level)
            if size & 1:
                level = [self.hashes.pop(), *level]
            if len(level) & 1:
                kept.append(level[-1])
            level = hash_parents(level)
            size >>= 1
        self.hashes += reversed(kept)
        return completed

    def root(self) -> Hash:
        """Return the tree's root."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT
