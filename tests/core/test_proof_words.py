"""Which bound a proof breaks is said in these words; the largest tree that there can be is inside all of them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ledger.core.encoding import MAX_SIZE, ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, LedgerError, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT, Node
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
from tests.core.test_proof import DATA, ROOTS

SHORT = Hash(bytes(31))
NOTHING = RangeProof((), ())

OUTSIDE = "index: not inside the tree"
WITHIN = "consistency: the first size is not within the second"
RANGE = "range: empty or not inside the tree"
LENGTH = "must be 32 bytes"

WORDS: list[tuple[Callable[..., object], tuple[Any, ...], type[LedgerError], str]] = [
    (root_from_inclusion, (DATA[0], -1, 1, ()), VerificationFailed, OUTSIDE),
    (root_from_inclusion, (DATA[0], 1, 1, ()), VerificationFailed, OUTSIDE),
    (root_from_inclusion, (DATA[0], 0, MAX_SIZE + 1, ()), VerificationFailed, OUTSIDE),
    (root_from_inclusion, (SHORT, 0, 1, ()), InvalidInput, f"leaf_hash: {LENGTH}"),
    (root_from_inclusion, (DATA[0], 0, 2, (SHORT,)), InvalidInput, f"proof: {LENGTH}"),
    (root_from_inclusion, (DATA[0], 0, 2, ()), VerificationFailed, "proof: must have exactly 1 hashes"),
    (verify_inclusion, (DATA[0], 0, 1, (), SHORT), InvalidInput, f"root: {LENGTH}"),
    (
        verify_inclusion,
        (DATA[0], 0, 1, (), ZERO_HASH),
        VerificationFailed,
        "inclusion: the proof does not lead to the root",
    ),
    (verify_consistency, (1, SHORT, 1, ROOTS[1], ()), InvalidInput, f"root1: {LENGTH}"),
    (verify_consistency, (1, ROOTS[1], 1, SHORT, ()), InvalidInput, f"root2: {LENGTH}"),
    (verify_consistency, (-1, ROOTS[1], 1, ROOTS[1], ()), VerificationFailed, WITHIN),
    (verify_consistency, (2, ROOTS[2], 1, ROOTS[1], ()), VerificationFailed, WITHIN),
    (verify_consistency, (1, ROOTS[1], MAX_SIZE + 1, ROOTS[1], ()), VerificationFailed, WITHIN),
    (
        verify_consistency,
        (0, ROOTS[1], 1, ROOTS[1], ()),
        VerificationFailed,
        "consistency: an empty tree has another root",
    ),
    (verify_consistency, (1, ROOTS[1], 1, ROOTS[2], ()), VerificationFailed, "consistency: two roots for one size"),
    (
        verify_consistency,
        (1, ROOTS[1], 2, ROOTS[2], (ZERO_HASH,)),
        VerificationFailed,
        "consistency: the proof does not lead to both roots",
    ),
    (verify_range, (-1, DATA[:1], 1, NOTHING, ROOTS[1]), VerificationFailed, RANGE),
    (verify_range, (0, [], 1, NOTHING, ROOTS[1]), VerificationFailed, RANGE),
    (verify_range, (0, DATA[:2], 1, NOTHING, ROOTS[1]), VerificationFailed, RANGE),
    (verify_range, (0, DATA[:1], MAX_SIZE + 1, NOTHING, ROOTS[1]), VerificationFailed, RANGE),
    (verify_range, (0, [SHORT], 1, NOTHING, ROOTS[1]), InvalidInput, f"leaf_hash: {LENGTH}"),
    (verify_range, (0, DATA[:1], 1, NOTHING, SHORT), InvalidInput, f"root: {LENGTH}"),
    (
        verify_range,
        (0, DATA[:1], 1, NOTHING, ROOTS[2]),
        VerificationFailed,
        "range: the proof does not lead to the root",
    ),
]


@pytest.mark.parametrize(
    ("call", "arguments", "error", "words"), WORDS, ids=[f"{i}: {w[3]}" for i, w in enumerate(WORDS)]
)
def test_where_and_why(
    call: Callable[..., object], arguments: tuple[Any, ...], error: type[LedgerError], words: str
) -> None:
    """A refusal names what is wrong, by the class of whose fault it is."""
    with pytest.raises(error) as caught:
        call(*arguments)
    assert str(caught.value) == words


def any_node(nodes: Sequence[Node]) -> list[Hash]:
    """Return a hash for every node asked for."""
    return [ZERO_HASH for _ in nodes]


def test_the_largest_tree_is_inside_the_bounds() -> None:
    """Proofs from and to the largest tree are made and verified."""
    last = MAX_SIZE - 1
    path = prove_inclusion(last, MAX_SIZE, any_node)
    root = root_from_inclusion(DATA[0], last, MAX_SIZE, path)
    assert verify_inclusion(DATA[0], last, MAX_SIZE, path, root) == DATA[0]
    proof = prove_range(last, MAX_SIZE, MAX_SIZE, any_node)
    assert verify_range(last, DATA[:1], MAX_SIZE, proof, root).inclusion_path(last) == path
    assert len(prove_consistency(last, MAX_SIZE, any_node)) == 63
    assert verify_consistency(MAX_SIZE, root, MAX_SIZE, root, ()) == root
    assert verify_consistency(0, EMPTY_ROOT, MAX_SIZE, root, ()) == root
