"""Signatures and trees of the vectors hold, and their wrong ones do not."""

from collections.abc import Sequence

import pytest

from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import Node, leaf_hash, merkle_root, tree_root
from ledger.core.proof import (
    RangeProof,
    prove_consistency,
    prove_inclusion,
    prove_range,
    verify_consistency,
    verify_inclusion,
    verify_range,
)
from ledger.core.signing import PublicKey, SecretKey, Signature, approver_id, verify_signature
from tests.published.reading import Case, cases, hashes, raw, vectors

MERKLE = vectors("merkle")
LEAF_HASHES = hashes(MERKLE["leaf_hashes"])
ROOTS = hashes(MERKLE["roots"])


def nodes(wanted: Sequence[Node]) -> list[Hash]:
    """Return perfect subtrees of the leaves."""
    return [tree_root(LEAF_HASHES[node.index << node.level : (node.index + 1) << node.level]) for node in wanted]


@pytest.mark.parametrize("case", cases("signing", "cases"))
def test_signatures(case: Case) -> None:
    """Key, approver id and signature come of seed and message, and the signature verifies."""
    key = SecretKey.from_seed(raw(case["seed"]))
    signature = key.sign(raw(case["message"]))
    assert (key.public.key.hex(), approver_id(key.public).hex()) == (case["public"], case["approver_id"])
    assert signature.signature.hex() == case["signature"]
    assert verify_signature(key.public, raw(case["message"]), signature, "case") == raw(case["message"])


@pytest.mark.parametrize("case", cases("signing", "refused"))
def test_wrong_signatures(case: Case) -> None:
    """A signature that libsodium refuses does not verify."""
    key, signature = PublicKey(1, raw(case["public"])), Signature(1, raw(case["signature"]))
    with pytest.raises(VerificationFailed, match=r"^case: "):
        verify_signature(key, raw(case["message"]), signature, "case")


def test_leaf_hashes_and_roots() -> None:
    """The root of each size is that of its leaves."""
    leaves = [raw(leaf) for leaf in MERKLE["leaves"]]
    assert tuple(leaf_hash(leaf) for leaf in leaves) == LEAF_HASHES
    assert tuple(merkle_root(leaves[:size]) for size in range(len(leaves) + 1)) == ROOTS


@pytest.mark.parametrize("case", cases("merkle", "inclusion"))
def test_inclusion(case: Case) -> None:
    """The path is made as given, and leads to the root."""
    index, size, path = case["index"], case["size"], hashes(case["path"])
    assert prove_inclusion(index, size, nodes) == path
    assert verify_inclusion(LEAF_HASHES[index], index, size, path, ROOTS[size]) == LEAF_HASHES[index]


@pytest.mark.parametrize("case", cases("merkle", "consistency"))
def test_consistency(case: Case) -> None:
    """The proof is made as given, and leads to both roots."""
    first, second, proof = case["first"], case["second"], hashes(case["proof"])
    assert prove_consistency(first, second, nodes) == proof
    assert verify_consistency(first, ROOTS[first], second, ROOTS[second], proof) == ROOTS[second]


@pytest.mark.parametrize("case", cases("merkle", "range"))
def test_ranges(case: Case) -> None:
    """What surrounds the range is as given, and with its leaves leads to the root."""
    begin, end, size = case["begin"], case["end"], case["size"]
    proof = RangeProof(hashes(case["left"]), hashes(case["right"]))
    assert prove_range(begin, end, size, nodes) == proof
    verified = verify_range(begin, LEAF_HASHES[begin:end], size, proof, ROOTS[size])
    assert (verified.begin, verified.end) == (begin, end)


def verify_any(case: Case) -> object:
    """Verify a wrong case as what it is."""
    if "path" in case:
        (leaf,) = hashes([case["leaf_hash"]])
        return verify_inclusion(leaf, case["index"], case["size"], hashes(case["path"]), raw(case["root"]))
    if "proof" in case:
        first, second = hashes([case["first_root"], case["second_root"]])
        return verify_consistency(case["first"], first, case["second"], second, hashes(case["proof"]))
    proof, (root,) = RangeProof(hashes(case["left"]), hashes(case["right"])), hashes([case["root"]])
    return verify_range(case["begin"], hashes(case["leaf_hashes"]), case["size"], proof, root)


@pytest.mark.parametrize("case", cases("merkle", "refused_inclusion", "refused_consistency", "refused_range"))
def test_wrong_proofs(case: Case) -> None:
    """No wrong path, consistency proof or range verifies."""
    with pytest.raises((InvalidInput, VerificationFailed)):
        verify_any(case)
