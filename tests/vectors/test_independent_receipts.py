"""Receipts verify end to end from docs/protocol.md alone."""

import pytest

from tests.vectors import forging, leaves, notes, policies, receipts
from tests.vectors.basics import Case, Disproven, h, leaf_hash, named, require, vectors
from tests.vectors.test_independent_statements import from_json

RECEIPTS = vectors("receipts")
POLICY = policies.Policy.parse(RECEIPTS["policy"])


def check(case: Case) -> None:
    """Raise Disproven unless a receipt verifies and, where the case asks for it, satisfies the policy."""
    verified = receipts.verify(case["receipt"].encode(), notes.VKey.parse(RECEIPTS["vkey"]))
    require(not case["policy"] or POLICY.satisfied(set(times(verified))), "quorum")


def times(verified: receipts.Verified) -> dict[str, int]:
    """Return when each witness of the policy cosigned the receipt's checkpoint."""
    found = {name: notes.cosigned_at(verified.note, witness) for name, witness in POLICY.witnesses.items()}
    return {name: time for name, time in found.items() if time is not None}


@pytest.mark.parametrize("case", RECEIPTS["cases"], ids=named(RECEIPTS["cases"]))
def test_receipts_prove_what_is_published(case: Case) -> None:
    """A receipt verifies under the log's key and shows the entry, its source and the state of its key."""
    verified = receipts.verify(case["receipt"].encode(), notes.VKey.parse(case["vkey"]))
    proves, statement = case["proves"], verified.statement
    assert {
        "index": verified.index,
        "leaf_hash": leaf_hash(verified.leaf).hex(),
        "log_id": verified.log_id.hex(),
        "size": verified.checkpoint.size,
        "root": verified.checkpoint.root.hex(),
        "source_id": statement["source_id"],
        "sequence": statement["sequence"],
        "recorded_at": statement["recorded_at"],
        "keys": [{"algorithm": key["algorithm"], "key": key["key"].hex()} for key in verified.keys],
        "forced": verified.forced,
        "log_key_changed": verified.log_key_changed,
        "batch_digest": verified.batch_digest.hex(),
    } == proves
    assert times(verified) == case.get("timestamps", {})


@pytest.mark.parametrize("case", RECEIPTS["cases"], ids=named(RECEIPTS["cases"]))
def test_the_extra_data_is_the_message_published(case: Case) -> None:
    """The extra line of the file decodes to the fields that the vectors show."""
    assert receipts.read(case["receipt"].encode()).extra == from_json("ReceiptExtra", case["extra"])


@pytest.mark.parametrize("case", RECEIPTS["refused"], ids=named(RECEIPTS["refused"]))
def test_wrong_receipts_are_refused(case: Case) -> None:
    """No published wrong receipt verifies; where the policy is asked for, the quorum is what fails."""
    with pytest.raises(Disproven) as error:
        check(case)
    assert (str(error.value) == "quorum") == case["policy"]


@pytest.mark.parametrize("name", forging.HONEST)
def test_receipts_made_here_verify(name: str) -> None:
    """What is made with the published keys by the document's rules is a receipt."""
    assert receipts.verify(forging.HONEST[name].encode(), forging.LOG).checkpoint.size == 3


@pytest.mark.parametrize("name", forging.FORGED)
def test_receipts_forged_with_all_keys_are_refused(name: str) -> None:
    """Where ledger and source forge together and sign everything, the check of the one wrong thing refuses it."""
    with pytest.raises(Disproven):
        receipts.verify(forging.FORGED[name].encode(), forging.LOG)


def test_an_unsealed_leaf_of_a_receipt_is_a_prefix() -> None:
    """The bytes that the batch's tree holds are the leaf's own, without the seal at their end."""
    for case in RECEIPTS["cases"]:
        leaf = h(case["extra"]["leaf"])
        assert leaf.startswith(leaves.unsealed(leaf))
