"""Roots and proofs are those of golang.org/x/mod/sumdb/tlog and transparency-dev/merkle."""

import base64
from collections.abc import Sequence

import pytest

from ledger.core.encoding import MAX_SIZE, Hash, sha256
from ledger.core.errors import VerificationFailed
from ledger.core.merkle import Node, fold, hash_leaves, node_hash, range_nodes, tree_root
from ledger.core.proof import (
    prove_consistency,
    prove_inclusion,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)
from tests.interop.ecosystem import Ecosystem, Job, Verdict
from tests.interop.material import every_bit_off

LEAVES = [b"%d" % number for number in range(300)]
HASHES = hash_leaves(LEAVES)
SIZES = [*range(1, 36), 63, 64, 65, 127, 128, 129, 255, 256, 257, 300]


def fetch(nodes: Sequence[Node]) -> list[Hash]:
    """Return nodes of the tree of ``LEAVES``."""
    return [tree_root(HASHES[node.index << node.level : (node.index + 1) << node.level]) for node in nodes]


def inclusion_job(leaf: Hash, index: int, size: int, proof: Sequence[bytes], root: Hash) -> Job:
    """Return the job that checks an audit path."""
    return Job.of("check-inclusion", Leaf=leaf, Index=index, Size=size, Proof=list(proof), Root=root)


def consistency_job(first: int, root1: Hash, second: int, root2: Hash, proof: Sequence[bytes]) -> Job:
    """Return the job that checks that a tree grew out of a smaller one."""
    return Job.of("check-consistency", First=first, FirstRoot=root1, Size=second, Root=root2, Proof=proof)


def imagined(node: Node, first: int) -> Hash:
    """Return the hash of a perfect subtree, made up unless it has leaves on either side of ``first``."""
    if not node.index << node.level < first < (node.index + 1) << node.level:
        return sha256(b"%d %d" % (node.level, node.index))
    children = [Node(node.level - 1, node.index * 2 + side) for side in (0, 1)]
    return node_hash(*[imagined(child, first) for child in children])


def accepted(verdict: Verdict) -> bool:
    """Tell whether every library accepts the proof; x/mod is not asked about more than 2^62 leaves."""
    return set(verdict.found) <= {"merkle", "tlog"} and not any(verdict.found.values())


def refused(verdict: Verdict) -> bool:
    """Tell whether no library accepts the proof."""
    return set(verdict.found) <= {"merkle", "tlog"} and all(verdict.found.values())


def decoded(proof: list[str] | None) -> list[bytes]:
    """Return a proof that Go wrote."""
    return [base64.b64decode(item) for item in proof or []]


@pytest.mark.parametrize("size", SIZES)
def test_every_proof_of_a_tree_verifies_in_go(ecosystem: Ecosystem, size: int) -> None:
    """Both libraries accept the path of every leaf, and the growth from every smaller tree."""
    root = tree_root(HASHES[:size])
    paths = [inclusion_job(HASHES[at], at, size, prove_inclusion(at, size, fetch), root) for at in range(size)]
    growths = [
        consistency_job(first, tree_root(HASHES[:first]), size, root, prove_consistency(first, size, fetch))
        for first in range(1, size + 1)
    ]
    assert all(map(accepted, ecosystem.judge(paths + growths)))


def test_every_proof_of_go_verifies_here(ecosystem: Ecosystem) -> None:
    """Go makes the same roots, paths and growths of the same leaves, and they verify here."""
    jobs = [Job.of("prove", Leaves=LEAVES[:size]) for size in SIZES]
    for size, verdict in zip(SIZES, ecosystem.judge(jobs), strict=True):
        root = tree_root(HASHES[:size])
        assert verdict.raw("root") == root
        for at in range(size):
            path, growth = decoded(verdict["inclusion"][at]), decoded(verdict["consistency"][at])
            assert path == list(prove_inclusion(at, size, fetch))
            assert growth == list(prove_consistency(at + 1, size, fetch))
            verify_inclusion(HASHES[at], at, size, path, root)
            verify_consistency(at + 1, tree_root(HASHES[: at + 1]), size, root, growth)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 7), (3, 7), (6, 7), (64, 65), (255, 256)])
def test_changed_paths_are_refused_by_all(ecosystem: Ecosystem, index: int, size: int) -> None:
    """No flipped bit of leaf, path or root, no other index, size or length passes in any library or here."""
    path, root, leaf = list(prove_inclusion(index, size, fetch)), tree_root(HASHES[:size]), HASHES[index]
    changed: list[tuple[Hash, int, int, Sequence[bytes], Hash]] = [
        *((Hash(other), index, size, path, root) for other in every_bit_off(leaf)),
        *((leaf, index, size, path, Hash(other)) for other in every_bit_off(root)),
        *(
            (leaf, index, size, [*path[:at], other, *path[at + 1 :]], root)
            for at, item in enumerate(path)
            for other in every_bit_off(item)
        ),
        *((leaf, other, size, path, root) for other in range(size + 2) if other != index),
        (leaf, index, size, [*path, root], root),
        (leaf, index, size, path[:-1], root) if path else (leaf, index, size, [leaf], root),
    ]
    for case, verdict in zip(changed, ecosystem.judge([inclusion_job(*case) for case in changed]), strict=True):
        assert refused(verdict), case
        with pytest.raises(VerificationFailed):
            verify_inclusion(*case)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 7), (6, 7), (7, 7), (64, 65), (128, 256)])
def test_changed_growths_are_refused_by_all(ecosystem: Ecosystem, first: int, second: int) -> None:
    """No flipped bit of a root or proof, no other size or length passes in any library or here."""
    root1, root2 = tree_root(HASHES[:first]), tree_root(HASHES[:second])
    proof = list(prove_consistency(first, second, fetch))
    changed: list[tuple[int, Hash, int, Hash, Sequence[bytes]]] = [
        *((first, Hash(other), second, root2, proof) for other in every_bit_off(root1)),
        *((first, root1, second, Hash(other), proof) for other in every_bit_off(root2)),
        *(
            (first, root1, second, root2, [*proof[:at], other, *proof[at + 1 :]])
            for at, item in enumerate(proof)
            for other in every_bit_off(item)
        ),
        *((other, root1, second, root2, proof) for other in range(1, second + 2) if other != first),
        (first, root1, second, root2, [*proof, root2]),
        (first, root1, second, root2, proof[:-1]) if proof else (first, root1, second, root2, [root1]),
    ]
    for case, verdict in zip(changed, ecosystem.judge([consistency_job(*case) for case in changed]), strict=True):
        assert refused(verdict), case
        with pytest.raises(VerificationFailed):
            verify_consistency(*case)


@pytest.mark.parametrize("size", [2**31, 2**32 + 1, 2**62, 2**62 + 2**61 + 7, MAX_SIZE])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_paths_in_the_largest_trees(ecosystem: Ecosystem, size: int, place: str) -> None:
    """A path of made-up hashes leads to one root in trees that nobody can build."""
    index = {"first": 0, "middle": size // 2, "last": size - 1}[place]
    inner = (index ^ (size - 1)).bit_length()
    path = [sha256(b"%d" % at) for at in range(inner + (index >> inner).bit_count())]
    leaf = sha256(b"leaf")
    root = root_from_inclusion(leaf, index, size, path)
    right, wrong = ecosystem.judge(
        [inclusion_job(leaf, index, size, path, root), inclusion_job(leaf, index, size, path, node_hash(root, root))]
    )
    assert accepted(right)
    assert refused(wrong)


@pytest.mark.parametrize("size", [2**32 + 1, 2**62 + 2**61 + 7, MAX_SIZE])
@pytest.mark.parametrize("first", [1, 2**31, 2**32 - 1, 2**32])
def test_growths_of_the_largest_trees(ecosystem: Ecosystem, first: int, size: int) -> None:
    """A tree whose perfect subtrees have made-up hashes grows by the same proof in every library."""

    def made_up(nodes: Sequence[Node]) -> list[Hash]:
        return [imagined(node, first) for node in nodes]

    root1, root2 = (fold(made_up(range_nodes(0, end))) for end in (first, size))
    proof = prove_consistency(first, size, made_up)
    assert verify_consistency(first, root1, size, root2, proof) == root2
    assert accepted(ecosystem.judge([consistency_job(first, root1, size, root2, proof)])[0])
