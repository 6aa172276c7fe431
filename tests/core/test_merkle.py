"""The Merkle tree is RFC 6962's."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.encoding import MAX_SIZE, Hash
from ledger.core.errors import InvalidInput
from ledger.core.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Node,
    consistency_nodes,
    fold,
    inclusion_nodes,
    leaf_hash,
    merkle_root,
    range_nodes,
    tree_root,
)
from tests.core import rfc6962

CT_LEAVES = [
    bytes.fromhex(item)
    for item in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = ("6e340b9c", "fac54203", "aeb6bcfe", "d37ee418", "4e3bbb1f", "76e67dad", "ddb89be4")
CT_ROOT_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"

bounds = st.tuples(st.integers(0, MAX_SIZE), st.integers(0, MAX_SIZE)).map(sorted)


def leaves(size: int) -> list[bytes]:
    """Return ``size`` distinct leaves."""
    return [index.to_bytes(4, "big") for index in range(size)]


def hashes(size: int) -> list[Hash]:
    """Return the leaf hashes of ``leaves``."""
    return [leaf_hash(data) for data in leaves(size)]


def node_of(data: list[Hash], node: Node) -> Hash:
    """Return the hash of a perfect subtree over leaf hashes."""
    return tree_root(data[node.index << node.level : (node.index + 1) << node.level])


def test_ct_roots() -> None:
    """The eight leaves of the Certificate Transparency test data give their published roots."""
    for size, start in enumerate(CT_ROOTS, 1):
        assert merkle_root(CT_LEAVES[:size]).hex().startswith(start)
    assert merkle_root(CT_LEAVES).hex() == CT_ROOT_8


def test_tessera_root() -> None:
    """The fifteen leaves of Tessera's test log give its published root."""
    words = "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten"
    root = merkle_root([word.encode() for word in words.split()])
    assert root == base64.b64decode("rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=")


def test_empty_root() -> None:
    """The tree without leaves has the hash of nothing as its root."""
    assert merkle_root([]) == tree_root([]) == CompactRange().root() == EMPTY_ROOT == rfc6962.mth([])
    assert EMPTY_ROOT.hex().startswith("e3b0c442")


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_root_is_mth(data: list[bytes]) -> None:
    """Any list of leaves has the root of the transcribed definition."""
    assert merkle_root(data) == rfc6962.mth(data)


@given(st.lists(st.integers(0, 40), max_size=8))
def test_compact_range_grows_like_a_tree(steps: list[int]) -> None:
    """A compact range extended in any steps has the tree's root and the tree's nodes."""
    data = hashes(sum(steps))
    grown, single = CompactRange(), CompactRange()
    for step in steps:
        before = grown.copy()
        completed = grown.extend(data[grown.size : grown.size + step])
        assert completed == [
            [node_of(data, Node(level, index)) for index in range(before.size >> level, grown.size >> level)]
            for level in range(len(completed))
        ]
        assert (grown.size >> len(completed)) == (before.size >> len(completed)) or not step
        assert before.root() == tree_root(data[: before.size])
        assert grown.root() == tree_root(data[: grown.size])
        assert grown.hashes == [node_of(data, node) for node in range_nodes(0, grown.size)]
    for item in data:
        single.append(item)
    assert single == grown == CompactRange(grown.size, grown.hashes)


def test_compact_range_refuses_what_is_none() -> None:
    """A compact range has one hash of 32 bytes for each set bit of its size, and an end."""
    one = hashes(1)
    for size, given_hashes in ((-1, []), (0, one), (1, []), (3, one), (MAX_SIZE + 1, one)):
        with pytest.raises(InvalidInput, match=r"^(range|hashes): "):
            CompactRange(size, given_hashes)
    with pytest.raises(InvalidInput, match=r"^hashes: must be 32 bytes$"):
        CompactRange(1, [Hash(bytes(31))])
    full = CompactRange(MAX_SIZE, one * 63)
    with pytest.raises(InvalidInput):
        full.append(one[0])
    assert full.size == MAX_SIZE


@given(bounds)
def test_range_nodes_cover(ends: list[int]) -> None:
    """Range nodes cover a range without gap, and no two of them are halves of one node."""
    begin, end = ends
    nodes = range_nodes(begin, end)
    at = begin
    for node in nodes:
        assert node.index << node.level == at
        at += 1 << node.level
    assert at == end
    for left, right in pairwise(nodes):
        assert Node(left.level, left.index ^ 1) != right
    assert range_nodes(0, end) == sorted(range_nodes(0, end), reverse=True)


@pytest.mark.parametrize(("begin", "end"), [(-1, 0), (1, 0), (0, MAX_SIZE + 1)])
def test_range_bounds(begin: int, end: int) -> None:
    """A range that is backwards, or beyond any tree, is refused."""
    with pytest.raises(InvalidInput):
        range_nodes(begin, end)
    with pytest.raises(InvalidInput):
        inclusion_nodes(begin - 1, end)
    with pytest.raises(InvalidInput):
        consistency_nodes(begin, end)


def test_planners_are_path_and_proof() -> None:
    """The planned nodes fold to the transcribed PATH and PROOF for every pair up to 24."""
    for size in range(1, 25):
        data, hashed = leaves(size), hashes(size)
        for m in range(size):
            path = [fold([node_of(hashed, node) for node in group]) for group in inclusion_nodes(m, size)]
            assert path == rfc6962.path(m, data)
        for m in range(1, size + 1):
            proof = [fold([node_of(hashed, node) for node in group]) for group in consistency_nodes(m, size)]
            assert proof == rfc6962.proof(m, data)
        assert consistency_nodes(0, size) == []


def test_planners_reach_the_largest_tree() -> None:
    """The largest tree's paths have at most 63 hashes."""
    assert len(inclusion_nodes(0, MAX_SIZE)) == 63
    assert len(inclusion_nodes(MAX_SIZE - 1, MAX_SIZE)) == 62
    assert len(consistency_nodes(1, MAX_SIZE)) == 63
