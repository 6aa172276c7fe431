"""Inclusion, consistency and range proofs that must not verify."""

from collections.abc import Sequence

from ledger.core.encoding import Hash, sha256
from ledger.core.merkle import tree_root
from ledger.core.proof import (
    RangeProof,
    prove_consistency,
    prove_inclusion,
    prove_range,
    verify_consistency,
    verify_inclusion,
    verify_range,
)
from vectors.plain import Json, case
from vectors.proving import fetch_from
from vectors.refusing import refused

_INDEX, _SIZE, _BEGIN, _END = 4, 7, 2, 5


def wrong_inclusion(hashes: Sequence[Hash]) -> list[Json]:
    """Return paths of a leaf hash at index 4 of 7 that do not lead to the root."""
    path, leaf, root = prove_inclusion(_INDEX, _SIZE, fetch_from(hashes)), hashes[_INDEX], tree_root(hashes[:_SIZE])
    rows: list[tuple[str, Hash, int, int, Sequence[bytes], Hash]] = [
        ("another leaf", hashes[0], _INDEX, _SIZE, path, root),
        ("another index", leaf, 5, _SIZE, path, root),
        ("an index past the tree", leaf, 7, _SIZE, path, root),
        ("a size whose path is shorter", leaf, _INDEX, 6, path, root),
        ("another root", leaf, _INDEX, _SIZE, path, sha256(root)),
        ("the last hash left out", leaf, _INDEX, _SIZE, path[:-1], root),
        ("a hash too many", leaf, _INDEX, _SIZE, (*path, path[0]), root),
        ("hashes swapped", leaf, _INDEX, _SIZE, path[::-1], root),
        ("a hash of 31 bytes", leaf, _INDEX, _SIZE, (path[0][:-1], *path[1:]), root),
        ("a path to the only leaf of a tree", leaf, 0, 1, (leaf,), leaf),
    ]
    return [_inclusion(*row) for row in rows]


def _inclusion(name: str, leaf: Hash, index: int, size: int, path: Sequence[bytes], root: Hash) -> Json:
    refused(name, lambda: verify_inclusion(leaf, index, size, path, root))
    return case(name, leaf_hash=leaf, index=index, size=size, path=path, root=root)


def wrong_consistency(hashes: Sequence[Hash]) -> list[Json]:
    """Return proofs between trees that do not show that one continues the other."""
    three, four, seven = (tree_root(hashes[:size]) for size in (3, 4, _SIZE))
    proof, whole = (prove_consistency(first, _SIZE, fetch_from(hashes)) for first in (3, 4))
    rows: list[tuple[str, int, Hash, int, Hash, Sequence[bytes]]] = [
        ("another first root", 3, sha256(three), _SIZE, seven, proof),
        ("another second root", 3, three, _SIZE, sha256(seven), proof),
        ("sizes swapped", _SIZE, seven, 3, three, proof),
        ("another first size", 4, four, _SIZE, seven, proof),
        ("a hash too many", 3, three, _SIZE, seven, (*proof, proof[0])),
        ("the last hash left out", 3, three, _SIZE, seven, proof[:-1]),
        ("hashes swapped", 3, three, _SIZE, seven, proof[::-1]),
        ("no proof", 4, four, _SIZE, seven, ()),
        ("the first root before a proof that needs none", 4, four, _SIZE, seven, (four, *whole)),
        ("equal sizes, other roots", _SIZE, sha256(seven), _SIZE, seven, ()),
        ("equal sizes, and a proof", _SIZE, seven, _SIZE, seven, (seven,)),
        ("from the empty tree, with a proof", 0, tree_root([]), _SIZE, seven, (seven,)),
        ("from the empty tree, with another root", 0, three, _SIZE, seven, ()),
    ]
    return [_consistency(*row) for row in rows]


def _consistency(name: str, first: int, root1: Hash, second: int, root2: Hash, proof: Sequence[bytes]) -> Json:
    refused(name, lambda: verify_consistency(first, root1, second, root2, proof))
    return case(name, first=first, first_root=root1, second=second, second_root=root2, proof=proof)


def wrong_range(hashes: Sequence[Hash]) -> list[Json]:
    """Return proofs of [2, 5) of 7 that do not lead to the root."""
    good, held, root = prove_range(_BEGIN, _END, _SIZE, fetch_from(hashes)), hashes[_BEGIN:_END], tree_root(hashes[:7])
    left, right = good.left, good.right
    rows: list[tuple[str, int, Sequence[Hash], RangeProof, Hash]] = [
        ("another root", _BEGIN, held, good, sha256(root)),
        ("a leaf left out", _BEGIN, held[:-1], good, root),
        ("leaves swapped", _BEGIN, held[::-1], good, root),
        ("another begin", 3, held, good, root),
        ("a hash on the left too many", _BEGIN, held, RangeProof((*left, left[0]), right), root),
        ("no hash on the left", _BEGIN, held, RangeProof((), right), root),
        ("right and left swapped", _BEGIN, held, RangeProof(right, left), root),
        ("a hash on the right left out", _BEGIN, held, RangeProof(left, right[:-1]), root),
        ("no leaf", _BEGIN, [], good, root),
        ("past the tree", 5, held, good, root),
    ]
    return [_range(*row) for row in rows]


def _range(name: str, begin: int, held: Sequence[Hash], proof: RangeProof, root: Hash) -> Json:
    refused(name, lambda: verify_range(begin, held, _SIZE, proof, root))
    members = {"begin": begin, "leaf_hashes": held, "size": _SIZE, "left": proof.left, "right": proof.right}
    return case(name, **members, root=root)
