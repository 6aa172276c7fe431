"""No part of a receipt can be exchanged for another: each is bound to the checkpoint, the batch or the key."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.core import bodies
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import LedgerError, Uncheckable, VerificationFailed
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.receipt import format_receipt, verify_receipt
from ledger.core.signing import Signature
from ledger.core.statement import Seal, Statement, encode_statement
from tests.core.world import World, inclusion_path, mixed, secret

WORLD = mixed()
ELSEWHERE = World.open(sealing_policy=b'{"min_auditors":1,"publish":["outcome"]}')
SEAL, OTHER_SEAL = WORLD.receipt_extra(5).seal, WORLD.receipt_extra(3).seal
PATH = WORLD.receipt_extra(5).batch_path


def key_statement(index: int) -> dict[str, object]:
    """Return the fields that make the entry at ``index`` a receipt's key statement."""
    return {
        "key_statement": WORLD.leaves[index],
        "key_statement_index": index,
        "key_statement_path": WORLD.inclusion(index),
    }


def refuse(index: int, message: str, **change: Any) -> None:
    """Assert that the receipt of ``index`` with a part of its extra changed is disproven."""
    extra = replace(WORLD.receipt_extra(index), **change)
    receipt = format_receipt(index, WORLD.inclusion(index), WORLD.checkpoint(), extra)
    with pytest.raises(VerificationFailed, match=message):
        verify_receipt(receipt, WORLD.vkey)


SIGNATURE = "seal: the signature does not verify"
NO_PATH = "inclusion: the proof does not lead to the root"

CHANGED: dict[str, tuple[int, str, dict[str, object]]] = {
    "the leaf of a sibling": (5, NO_PATH, {"leaf": WORLD.leaves[4]}),
    "the leaf of another source": (12, NO_PATH, {"leaf": WORLD.leaves[9]}),
    "the batch path of a sibling": (5, SIGNATURE, {"batch_path": WORLD.receipt_extra(4).batch_path}),
    "a batch path too short": (5, "proof: must have exactly 2 hashes", {"batch_path": PATH[:1]}),
    "a batch path too long": (5, "proof: must have exactly 2 hashes", {"batch_path": (*PATH, ZERO_HASH)}),
    "a first sequence below": (5, "seal: stands on the last statement", {"first_sequence": 0}),
    "a first sequence above": (5, SIGNATURE, {"first_sequence": 2}),
    "a first sequence past the leaf": (5, "sequence: lies outside the batch", {"first_sequence": 3}),
    "a count too small for the leaf": (5, "sequence: lies outside the batch", {"count": 1}),
    "a count that makes the leaf the last": (5, "seal: stands on the last statement", {"count": 2}),
    "a count of a larger batch": (5, SIGNATURE, {"count": 4}),
    "a count of none": (3, "sequence: lies outside the batch", {"count": 0}),
    "the last of a larger batch": (6, "seal: stands on the last statement", {"count": 4}),
    "another predecessor": (5, SIGNATURE, {"previous": sha256(b"other")}),
    "no predecessor": (5, SIGNATURE, {"previous": ZERO_HASH}),
    "the seal of another batch": (5, SIGNATURE, {"seal": OTHER_SEAL}),
    "a seal for other boxes": (5, SIGNATURE, {"seal": replace(SEAL, sealed_keys_digest=ZERO_HASH)}),
    "a seal without a signature": (5, "seal: exactly one signature", {"seal": replace(SEAL, signatures=())}),
    "a signature too many": (
        5,
        "seal: exactly one signature a registered key",
        {"seal": replace(SEAL, signatures=SEAL.signatures * 2)},
    ),
    "a signature by another algorithm": (
        5,
        "seal: signed with another algorithm",
        {"seal": Seal(SEAL.sealed_keys_digest, (Signature(2, SEAL.signatures[0].signature),))},
    ),
    "a short signature": (
        5,
        "seal: key or signature of the wrong length",
        {"seal": Seal(SEAL.sealed_keys_digest, (Signature(1, bytes(63)),))},
    ),
    "another seal than the leaf's own": (6, "seal: stands on the last statement", {"seal": OTHER_SEAL}),
    "the key of another source": (11, "key_statement: does not name the leaf's source", key_statement(7)),
    "the key that was replaced": (9, SIGNATURE, key_statement(1)),
    "the forced key's predecessor": (12, SIGNATURE, key_statement(8)),
    "a key of later": (5, "key_statement: must lie below the receipt's index", key_statement(7)),
    "the entry as its own key": (7, "key_statement: must lie below the receipt's index", key_statement(7)),
    "LOG_OPENED for a source": (5, "key_statement: does not name the leaf's source", key_statement(0)),
    "a source's key for the ledger": (16, "key_statement: does not name the leaf's source", key_statement(1)),
    "an auditor's key": (5, "key_statement: does not name the leaf's source", key_statement(2)),
    "a disclosure as key": (5, "key_statement: does not name the leaf's source", key_statement(3)),
    "a key statement not in the log": (
        5,
        NO_PATH,
        {"key_statement": WORLD.leaves[1].replace(secret("alpha 0").public.key, secret("forger").public.key)},
    ),
    "a key statement of another place": (5, NO_PATH, {"key_statement_index": 2}),
    "a key statement without its path": (5, "proof: must have exactly", {"key_statement_path": ()}),
    "no key statement": (5, NO_PATH, {"key_statement": b""}),
    "a key statement for index 0": (0, "key_statement: index 0 has none", {"key_statement": WORLD.leaves[0]}),
    "a key index for index 0": (0, "key_statement: index 0 has none", {"key_statement_index": 1}),
    "a key path for index 0": (0, "key_statement: index 0 has none", {"key_statement_path": (ZERO_HASH,)}),
    "a predecessor for index 0": (0, "previous: index 0 has none", {"previous": sha256(b"other")}),
    "a count for index 0": (0, "seal: stands on the last statement", {"count": 2}),
    "LOG_OPENED of another log": (5, NO_PATH, {"log_opened": ELSEWHERE.leaves[0]}),
    "another statement as LOG_OPENED": (
        5,
        "log_opened: is another statement",
        {"log_opened": WORLD.leaves[1], "log_opened_path": WORLD.inclusion(1)},
    ),
    "LOG_OPENED without its path": (5, "proof: must have exactly", {"log_opened_path": ()}),
    "LOG_OPENED on another path": (5, NO_PATH, {"log_opened_path": WORLD.inclusion(1)}),
}


@pytest.mark.parametrize(("index", "message", "change"), CHANGED.values(), ids=CHANGED)
def test_a_part_exchanged_is_disproven(index: int, message: str, change: dict[str, object]) -> None:
    """With one part taken from elsewhere, or left out, the receipt is refused and says which part fails."""
    refuse(index, message, **change)


@pytest.mark.parametrize("level", range(2))
def test_each_hash_of_the_batch_path_counts(level: int) -> None:
    """One other hash on the way to the batch root gives another root, which nobody sealed."""
    path: tuple[Hash, ...] = (*PATH[:level], sha256(b"other"), *PATH[level + 1 :])
    refuse(5, SIGNATURE, batch_path=path)


@pytest.mark.parametrize("index", [4, 6, 0, 16, 17, 2**62])
def test_the_index_is_the_entrys_own(index: int) -> None:
    """The receipt of one entry under the index of another, or of none, is refused."""
    receipt = format_receipt(index, WORLD.inclusion(5), WORLD.checkpoint(), WORLD.receipt_extra(5))
    with pytest.raises(LedgerError):
        verify_receipt(receipt, WORLD.vkey)


@pytest.mark.parametrize("size", [6, 16])
def test_paths_and_checkpoint_belong_together(size: int) -> None:
    """The paths of one tree size do not verify under a checkpoint of another, however well signed."""
    receipt = format_receipt(5, WORLD.inclusion(5), WORLD.checkpoint(size), WORLD.receipt_extra(5))
    with pytest.raises(VerificationFailed):
        verify_receipt(receipt, WORLD.vkey)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """The same operator's key over the leaves of another log does not vouch for this entry."""
    other = mixed(sealing_policy=ELSEWHERE.sealing_policy)
    assert other.vkey == WORLD.vkey
    receipt = format_receipt(5, WORLD.inclusion(5), other.checkpoint(), WORLD.receipt_extra(5))
    with pytest.raises(VerificationFailed, match=NO_PATH):
        verify_receipt(receipt, WORLD.vkey)


def test_a_changed_ledger_key_is_uncheckable() -> None:
    """An entry of the ledger's own chain under a later key is not disproven: this release does not know such keys."""
    changed = bodies.KeyChanged(9, bodies.LedgerKey.CHAIN, "", (), b"", ZERO_HASH)
    leaf = encode_statement(Statement("ledger", 50, WORLD.minute, changed))
    leaves = [*WORLD.leaves, leaf, WORLD.leaves[1]]
    hashes = [leaf_hash(data) for data in leaves]
    index, size = len(leaves) - 1, len(leaves)
    extra = replace(
        WORLD.receipt_extra(1),
        key_statement=leaf,
        key_statement_index=index - 1,
        key_statement_path=inclusion_path(hashes, index - 1),
        log_opened_path=inclusion_path(hashes, 0),
    )
    note = sign_checkpoint(Checkpoint(WORLD.log.name, size, tree_root(hashes)), WORLD.log).note.format()
    with pytest.raises(Uncheckable, match="key_statement: changed ledger keys are not known"):
        verify_receipt(format_receipt(index, inclusion_path(hashes, index), note, extra), WORLD.vkey)
