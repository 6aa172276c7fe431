"""Inclusion and consistency proofs of RFC 6962 §2.1.1 and §2.1.2, and proofs of whole ranges of leaves.

Provers name every node that they need, then fetch once. Verifiers check the exact length of a proof and of
each element before the first hash (RFC 9162 §2.1.3.2 and §2.1.4.2 in their closed form).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.core.encoding import MAX_SIZE, Hash, check_hash
from ledger.core.errors import BeyondTree, VerificationFailed
from ledger.core.merkle import (
    EMPTY_ROOT,
    Node,
    consistency_nodes,
    fold,
    hash_parents,
    inclusion_nodes,
    node_hash,
    range_nodes,
)

Fetch = Callable[[Sequence[Node]], Sequence[Hash]]
"""Returns the hashes of perfect subtrees, in the order asked."""


@dataclass(frozen=True, slots=True)
class RangeProof:
    """What surrounds a range of leaves: the compact ranges on its ``left`` and ``right``, left to right."""

    left: tuple[Hash, ...]
    right: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class VerifiedRange:
    """Leaves [begin, end) that lie under a root; ``_levels`` holds (first index, hashes) from the leaves up."""

    begin: int
    end: int
    _levels: tuple[tuple[int, list[Hash]], ...]

    def inclusion_path(self, index: int) -> tuple[Hash, ...]:
        """Return PATH(index) (RFC 6962 §2.1.1) of a leaf of the range; raise BeyondTree for any other."""
        if not self.begin <= index < self.end:
            raise BeyondTree("index: outside the verified range")
        path = []
        for first, hashes in self._levels:
            sibling = (index ^ 1) - first
            if sibling < len(hashes):
                path.append(hashes[sibling])
            index >>= 1
        return tuple(path)


def _check_inside(inside: bool) -> None:
    if not inside:
        raise BeyondTree("index or size: past the tree")


def _fetch_folded(groups: Sequence[Sequence[Node]], fetch: Fetch) -> tuple[Hash, ...]:
    hashes = iter(fetch([node for group in groups for node in group]))
    return tuple([fold([next(hashes) for _ in group]) for group in groups])


def prove_inclusion(index: int, size: int, fetch: Fetch) -> tuple[Hash, ...]:
    """Return PATH(index, D[size]) (RFC 6962 §2.1.1); raise BeyondTree unless 0 ≤ index < size ≤ 2^63 - 1."""
    _check_inside(0 <= index < size <= MAX_SIZE)
    return _fetch_folded(inclusion_nodes(index, size), fetch)


def prove_consistency(first: int, second: int, fetch: Fetch) -> tuple[Hash, ...]:
    """Return PROOF(first, D[second]) (RFC 6962 §2.1.2), empty for a first size of 0.

    Raises:
        BeyondTree: not 0 ≤ first ≤ second ≤ 2^63 - 1.
    """
    _check_inside(0 <= first <= second <= MAX_SIZE)
    return _fetch_folded(consistency_nodes(first, second), fetch)


def prove_range(begin: int, end: int, size: int, fetch: Fetch) -> RangeProof:
    """Return what joins the leaves [begin, end) to the root; raise BeyondTree unless 0 ≤ begin < end ≤ size."""
    _check_inside(0 <= begin < end <= size <= MAX_SIZE)
    left, right = range_nodes(0, begin), range_nodes(end, size)
    hashes = tuple(fetch([*left, *right]))
    return RangeProof(hashes[: len(left)], hashes[len(left) :])


def _checked(proof: Sequence[bytes], length: int) -> tuple[Hash, ...]:
    """Return ``proof``; raise VerificationFailed for another length, InvalidInput for an element not 32 bytes."""
    if len(proof) != length:
        raise VerificationFailed(f"proof: must have exactly {length} hashes")
    return tuple([check_hash(item, "proof") for item in proof])


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise VerificationFailed(message)


def root_from_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[bytes]) -> Hash:
    """Return the root that ``proof`` leads to from ``leaf`` at ``index`` (RFC 9162 §2.1.3.2).

    Raises:
        InvalidInput: a hash is not 32 bytes.
        VerificationFailed: not 0 ≤ index < size ≤ 2^63 - 1, or the proof has another length than these need.
    """
    _require(0 <= index < size <= MAX_SIZE, "index: not inside the tree")
    inner = (index ^ (size - 1)).bit_length()
    root = check_hash(leaf, "leaf_hash")
    for level, sibling in enumerate(_checked(proof, inner + (index >> inner).bit_count())):
        left = level >= inner or index >> level & 1
        root = node_hash(sibling, root) if left else node_hash(root, sibling)
    return root


def verify_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[bytes], root: bytes) -> Hash:
    """Return ``leaf``, which stands at ``index`` under ``root`` (RFC 9162 §2.1.3.2).

    Raises:
        InvalidInput: a hash is not 32 bytes.
        VerificationFailed: the proof does not hold.
    """
    computed = root_from_inclusion(leaf, index, size, proof)
    _require(computed == check_hash(root, "root"), "inclusion: the proof does not lead to the root")
    return leaf


def verify_consistency(first: int, root1: Hash, second: int, root2: Hash, proof: Sequence[bytes]) -> Hash:
    """Return ``root2``, whose tree of ``second`` leaves begins with the ``first`` ones of ``root1``.

    RFC 9162 §2.1.4.2; an empty first tree needs an empty proof and the empty root (C2SP tlog-witness).

    Raises:
        InvalidInput: a hash is not 32 bytes.
        VerificationFailed: the proof does not hold.
    """
    check_hash(root1, "root1")
    check_hash(root2, "root2")
    _require(0 <= first <= second <= MAX_SIZE, "consistency: the first size is not within the second")
    if first in (0, second):
        _checked(proof, 0)
        _require(first > 0 or root1 == EMPTY_ROOT, "consistency: an empty tree has another root")
        _require(first < second or root1 == root2, "consistency: two roots for one size")
        return root2
    shift = (first & -first).bit_length() - 1
    inner = ((first - 1) ^ (second - 1)).bit_length()
    border = ((first - 1) >> inner).bit_count()
    seeded = first != 1 << shift
    hashes = _checked(proof, seeded + inner - shift + border)
    old = new = hashes[0] if seeded else root1
    for level, sibling in enumerate(hashes[seeded:], shift):
        if level >= inner or (first - 1) >> level & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    _require(old == root1 and new == root2, "consistency: the proof does not lead to both roots")
    return root2


def verify_range(begin: int, leaf_hashes: Sequence[Hash], size: int, proof: RangeProof, root: Hash) -> VerifiedRange:
    """Return the paths of leaves that stand from ``begin`` on under ``root``.

    Raises:
        InvalidInput: a hash is not 32 bytes.
        VerificationFailed: no leaf, one past the tree, a proof of another length, or one that does not hold.
    """
    end = begin + len(leaf_hashes)
    _require(0 <= begin < end <= size <= MAX_SIZE, "range: empty or not inside the tree")
    left = list(_checked(proof.left, begin.bit_count()))
    right = list(_checked(proof.right, len(range_nodes(end, size))))[::-1]
    level = [check_hash(item, "leaf_hash") for item in leaf_hashes]
    levels = []
    first, height = begin, 0
    while (size - 1) >> height:
        if first & 1:
            first -= 1
            level.insert(0, left.pop())
        after = first + len(level)
        if after & 1 and after << height < size:
            level.append(_right_sibling(right, (after + 1) << height <= size))
        levels.append((first, level))
        level = _parents_of_range(level)
        first, height = first >> 1, height + 1
    _require(level[0] == check_hash(root, "root"), "range: the proof does not lead to the root")
    return VerifiedRange(begin, end, tuple(levels))


def _right_sibling(right: list[Hash], perfect: bool) -> Hash:
    """Take the next hash on the right; the last sibling may be ragged and folds all that are left."""
    return right.pop() if perfect else fold(right[::-1])


def _parents_of_range(level: list[Hash]) -> list[Hash]:
    """Return the next level of hashes that begin at an even index; the tree's last may lack a sibling."""
    parents = hash_parents(level)
    return [*parents, level[-1]] if len(level) % 2 else parents
