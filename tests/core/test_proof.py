"""Proofs are RFC 6962's, and nothing else verifies."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.encoding import MAX_SIZE, ZERO_HASH, Hash
from ledger.core.errors import BeyondTree, InvalidInput, LedgerError, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT, Node, leaf_hash, range_nodes, tree_root
from ledger.core.proof import (
    RangeProof,
    prove_consistency,
    prove_inclusion,
    prove_range,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
    verify_range,
)
from tests.core import rfc6962
from tests.core.test_merkle import hashes, leaves, node_of

LARGEST = 130
DATA = hashes(LARGEST)
NODES: dict[Node, Hash] = {
    node: node_of(DATA, node)
    for level in range(8)
    for node in (Node(level, index) for index in range(LARGEST >> level))
}
ROOTS = [tree_root(DATA[:size]) for size in range(LARGEST + 1)]

sizes = st.integers(1, LARGEST)


def fetch(nodes: Sequence[Node]) -> list[Hash]:
    """Return the hashes of the test tree's nodes."""
    return [NODES[node] for node in nodes]


def wrong_proofs(proof: Sequence[Hash]) -> list[tuple[Hash, ...]]:
    """Return proofs shortened, lengthened, and with one bit flipped in each hash."""
    flipped = [(*proof[:at], Hash(bytes([item[0] ^ 1]) + item[1:]), *proof[at + 1 :]) for at, item in enumerate(proof)]
    return [tuple(proof[1:]), tuple(proof[:-1])] * bool(proof) + [(*proof, ZERO_HASH), *flipped]


def refused(call: Callable[..., object], *arguments: object) -> None:
    """Assert that the arguments are refused as evidence that does not hold."""
    with pytest.raises(VerificationFailed):
        call(*arguments)


def test_every_proof_up_to_130() -> None:
    """All inclusion and consistency proofs up to 130 leaves verify, and hash to one constant."""
    rolling = hashlib.sha256()
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = prove_inclusion(index, size, fetch)
            assert verify_inclusion(DATA[index], index, size, path, ROOTS[size]) == DATA[index]
            rolling.update(b"".join(path))
        for first in range(size + 1):
            proof = prove_consistency(first, size, fetch)
            assert verify_consistency(first, ROOTS[first], size, ROOTS[size], proof) == ROOTS[size]
            rolling.update(b"".join(proof))
    assert rolling.hexdigest() == "be41596f68e56637f534110ba3521dafd7e402a3f9ae5a13474699a38e223e32"


@given(sizes, st.data())
def test_proofs_are_the_transcribed_ones(size: int, data: st.DataObject) -> None:
    """A proof is the transcribed PATH or PROOF."""
    index = data.draw(st.integers(0, size - 1))
    assert list(prove_inclusion(index, size, fetch)) == rfc6962.path(index, leaves(size))
    assert list(prove_consistency(index + 1, size, fetch)) == rfc6962.proof(index + 1, leaves(size))


@given(sizes, st.data())
def test_wrong_inclusion_is_refused(size: int, data: st.DataObject) -> None:
    """A path of another length or content, another leaf, root or index does not verify."""
    index = data.draw(st.integers(0, size - 1))
    path = prove_inclusion(index, size, fetch)
    leaf, root = DATA[index], ROOTS[size]
    for wrong in wrong_proofs(path):
        refused(verify_inclusion, leaf, index, size, wrong, root)
    refused(verify_inclusion, ZERO_HASH, index, size, path, root)
    refused(verify_inclusion, leaf, index, size, path, ZERO_HASH)
    for other in {*range(size)} - {index}:
        refused(verify_inclusion, leaf, other, size, path, root)


@given(sizes, st.data())
def test_wrong_consistency_is_refused(size: int, data: st.DataObject) -> None:
    """A proof of another length or content, or between other roots, does not verify."""
    first = data.draw(st.integers(0, size))
    proof = prove_consistency(first, size, fetch)
    for wrong in wrong_proofs(proof):
        refused(verify_consistency, first, ROOTS[first], size, ROOTS[size], wrong)
    refused(verify_consistency, first, ZERO_HASH, size, ROOTS[size], proof)
    if first:
        refused(verify_consistency, first, ROOTS[first], size, ZERO_HASH, proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (1, 1), (5, 4), (0, MAX_SIZE + 1)])
def test_index_outside_the_tree(index: int, size: int) -> None:
    """An index that the tree does not have is neither proven nor verified."""
    with pytest.raises(BeyondTree):
        prove_inclusion(index, size, fetch)
    refused(root_from_inclusion, DATA[0], index, size, ())


@pytest.mark.parametrize(("first", "second"), [(-1, 1), (2, 1), (1, MAX_SIZE + 1)])
def test_sizes_out_of_order(first: int, second: int) -> None:
    """A shrinking tree, or one beyond the largest, is neither proven nor verified."""
    with pytest.raises(BeyondTree):
        prove_consistency(first, second, fetch)
    refused(verify_consistency, first, ROOTS[1], second, ROOTS[1], ())


def test_consistency_from_nothing() -> None:
    """From an empty tree only the empty proof and the empty root are consistent."""
    assert verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ()) == EMPTY_ROOT
    refused(verify_consistency, 0, EMPTY_ROOT, 0, ROOTS[1], ())
    refused(verify_consistency, 0, ROOTS[1], 1, ROOTS[1], ())
    refused(verify_consistency, 0, EMPTY_ROOT, 1, ROOTS[1], (ZERO_HASH,))


def test_largest_index() -> None:
    """A path for the last leaf of the largest tree has 62 hashes and is computed."""
    assert len(root_from_inclusion(DATA[0], MAX_SIZE - 1, MAX_SIZE, DATA[:62])) == 32
    refused(root_from_inclusion, DATA[0], MAX_SIZE - 1, MAX_SIZE, DATA[:63])


def test_hashes_are_32_bytes() -> None:
    """A hash of another length is malformed wherever it stands."""
    short = Hash(bytes(31))
    calls: list[tuple[Callable[..., object], tuple[object, ...]]] = [
        (verify_inclusion, (short, 0, 1, (), ROOTS[1])),
        (verify_inclusion, (DATA[0], 0, 1, (), short)),
        (verify_inclusion, (DATA[0], 0, 2, (short,), ROOTS[2])),
        (verify_consistency, (1, short, 1, ROOTS[1], ())),
        (verify_consistency, (1, ROOTS[1], 1, short, ())),
        (verify_consistency, (1, ROOTS[1], 2, ROOTS[2], (short,))),
        (verify_range, (0, [short], 1, RangeProof((), ()), ROOTS[1])),
        (verify_range, (0, [DATA[0]], 1, RangeProof((), ()), short)),
        (verify_range, (0, [DATA[0]], 2, RangeProof((), (short,)), ROOTS[2])),
        (verify_range, (1, [DATA[1]], 2, RangeProof((short,), ()), ROOTS[2])),
    ]
    for call, arguments in calls:
        with pytest.raises(InvalidInput):
            call(*arguments)


def test_every_range_up_to_40() -> None:
    """Every range of every tree up to 40 leaves verifies and yields the path of each of its leaves."""
    for size in range(1, 41):
        paths = [prove_inclusion(index, size, fetch) for index in range(size)]
        for begin in range(size):
            for end in range(begin + 1, size + 1):
                proof = prove_range(begin, end, size, fetch)
                verified = verify_range(begin, DATA[begin:end], size, proof, ROOTS[size])
                assert [verified.inclusion_path(index) for index in range(begin, end)] == paths[begin:end]


@given(sizes, st.data())
def test_range_proof_is_two_compact_ranges(size: int, data: st.DataObject) -> None:
    """A range proof consists of the nodes before the range and those after it, and no change of it verifies."""
    begin = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(begin + 1, size))
    proof = prove_range(begin, end, size, fetch)
    assert proof.left == tuple(fetch(range_nodes(0, begin)))
    assert proof.right == tuple(fetch(range_nodes(end, size)))
    between, root = DATA[begin:end], ROOTS[size]
    for wrong in wrong_proofs(proof.left):
        refused(verify_range, begin, between, size, RangeProof(wrong, proof.right), root)
    for wrong in wrong_proofs(proof.right):
        refused(verify_range, begin, between, size, RangeProof(proof.left, wrong), root)
    for at in range(len(between)):
        refused(verify_range, begin, [*between[:at], ZERO_HASH, *between[at + 1 :]], size, proof, root)
    refused(verify_range, begin, between, size, proof, ZERO_HASH)


def test_range_bounds() -> None:
    """A range must have a leaf and lie inside the tree, and only its own leaves have paths."""
    empty = RangeProof((), ())
    for begin, count, size in ((0, 0, 0), (0, 0, 5), (-1, 2, 2), (0, 3, 2), (MAX_SIZE, 1, MAX_SIZE + 1)):
        refused(verify_range, begin, DATA[:count], size, empty, ROOTS[1])
        with pytest.raises(BeyondTree):
            prove_range(begin, begin + count, size, fetch)
    verified = verify_range(3, DATA[3:5], 9, prove_range(3, 5, 9, fetch), ROOTS[9])
    for index in (2, 5, -1):
        with pytest.raises(BeyondTree):
            verified.inclusion_path(index)


def test_batch_of_1024() -> None:
    """A full batch in a larger tree yields paths that verify one by one."""
    tree = hashes(3000)
    root = tree_root(tree)
    proof = prove_range(1900, 2924, 3000, lambda nodes: [node_of(tree, node) for node in nodes])
    verified = verify_range(1900, tree[1900:2924], 3000, proof, root)
    for index in range(1900, 2924):
        verify_inclusion(tree[index], index, 3000, verified.inclusion_path(index), root)


@given(
    st.integers(-1, 70),
    st.integers(-1, 70),
    st.lists(st.binary(min_size=31, max_size=33), max_size=9),
)
def test_invented_proofs_are_refused(index: int, size: int, proof: list[bytes]) -> None:
    """Hashes made up at random prove nothing and raise nothing but ledger errors."""
    if (index, size, proof) == (0, 1, []):
        return
    with pytest.raises(LedgerError):
        verify_inclusion(leaf_hash(b""), index, size, proof, ZERO_HASH)
