"""Signatures, trees, notes and witness policies come out of docs/protocol.md alone."""

import pytest
from nacl.bindings import crypto_sign_seed_keypair

from tests.vectors import notes, policies
from tests.vectors.basics import (
    Case,
    Disproven,
    check_path,
    check_signature,
    h,
    leaf_hash,
    named,
    node,
    path_of,
    root_of,
    sign,
    vectors,
)
from tests.vectors.batches import approver_id

SIGNING, MERKLE, NOTES = vectors("signing"), vectors("merkle"), vectors("notes")
HASHES = [h(item) for item in MERKLE["leaf_hashes"]]
ROOTS = [h(item) for item in MERKLE["roots"]]


@pytest.mark.parametrize("case", SIGNING["cases"], ids=named(SIGNING["cases"]))
def test_signatures_come_out_as_published(case: Case) -> None:
    """A seed gives the public key, the signature and the approver id."""
    public, message = h(case["public"]), h(case["message"])
    assert crypto_sign_seed_keypair(h(case["seed"]))[0] == public
    assert sign(h(case["seed"]), message) == h(case["signature"])
    check_signature(public, message, h(case["signature"]))
    assert approver_id({"algorithm": 1, "key": public}) == h(case["approver_id"])


@pytest.mark.parametrize("case", SIGNING["refused"], ids=named(SIGNING["refused"]))
def test_wrong_signatures_are_refused(case: Case) -> None:
    """No published wrong signature verifies."""
    with pytest.raises(Disproven):
        check_signature(h(case["public"]), h(case["message"]), h(case["signature"]))


def test_roots_are_those_of_every_size() -> None:
    """MTH of the first n leaves is the published root."""
    assert [leaf_hash(h(item)) for item in MERKLE["leaves"]] == HASHES
    assert [root_of(HASHES[:size]) for size in range(len(HASHES) + 1)] == ROOTS


def consistency(first: int, begin: int, end: int, whole: bool) -> list[bytes]:
    """Return a consistency proof, straight from RFC 9162 §2.1.4."""
    if first == end:
        return [] if whole else [root_of(HASHES[begin:end])]
    middle = begin + (1 << (end - begin - 1).bit_length() - 1)
    if first <= middle:
        return [*consistency(first, begin, middle, whole), root_of(HASHES[middle:end])]
    return [*consistency(first, middle, end, False), root_of(HASHES[begin:middle])]


@pytest.mark.parametrize("case", MERKLE["inclusion"], ids=named(MERKLE["inclusion"]))
def test_inclusion_paths_come_out_as_published(case: Case) -> None:
    """A path is the RFC's and leads to the root; under another index or with a hash left out it does not."""
    index, size, given = case["index"], case["size"], [h(step) for step in case["path"]]
    assert path_of(HASHES[:size], index) == given
    check_path(HASHES[index], index, size, given, ROOTS[size])
    for wrong in ((index + 1, given), (index, [*given, bytes(32)]), (size, given)):
        with pytest.raises(Disproven):
            check_path(HASHES[index], wrong[0], size, wrong[1], ROOTS[size])


@pytest.mark.parametrize("case", MERKLE["consistency"], ids=named(MERKLE["consistency"]))
def test_consistency_proofs_come_out_as_published(case: Case) -> None:
    """A consistency proof is the RFC's, and empty from size 0."""
    first, second = case["first"], case["second"]
    made = consistency(first, 0, second, True) if first else []
    assert made == [h(step) for step in case["proof"]]


@pytest.mark.parametrize("case", MERKLE["range"], ids=named(MERKLE["range"]))
def test_range_proofs_come_out_as_published(case: Case) -> None:
    """A range proof is the largest perfect subtrees beside the range, and with its leaves gives the root."""

    def cover(begin: int, end: int) -> list[bytes]:
        found = []
        while begin < end:
            size = max(1 << n for n in range(4) if begin % (1 << n) == 0 and begin + (1 << n) <= end)
            found.append(root_of(HASHES[begin : begin + size]))
            begin += size
        return found

    begin, end, size = case["begin"], case["end"], case["size"]
    assert cover(0, begin) == [h(item) for item in case["left"]]
    assert cover(end, size) == [h(item) for item in case["right"]]


def test_nodes_hash_left_before_right() -> None:
    """A tree of two leaves is the node of both in order."""
    assert node(*HASHES[:2]) == ROOTS[2] != node(HASHES[1], HASHES[0])


@pytest.mark.parametrize("case", NOTES["vkeys"], ids=named(NOTES["vkeys"]))
def test_verifier_keys_come_out_as_published(case: Case) -> None:
    """Name, type and public key give key id and text, and the text reads back."""
    key = notes.VKey(case["key_name"], case["key_type"], h(case["public"]))
    assert (key.key_id.hex(), key.format()) == (case["key_id"], case["vkey"])
    assert notes.VKey.parse(case["vkey"]) == key


def test_notes_and_checkpoints_open_under_the_log_key() -> None:
    """Published notes verify; a checkpoint's text holds origin, size and root."""
    log = notes.VKey.parse(NOTES["vkeys"][0]["vkey"])
    for case in NOTES["notes"]:
        note = notes.Note.parse(case["note"].encode())
        note.check(log)
        assert note.text == case["text"]
    for case in NOTES["checkpoints"]:
        given = case["checkpoint"]
        opened = notes.open_checkpoint(notes.Note.parse(case["note"].encode()), log)
        assert opened == notes.Checkpoint(given["origin"], given["size"], h(given["root"]))


def test_cosignatures_come_out_as_published() -> None:
    """Each witness's line is over the bytes given and verifies at its time."""
    witnesses = policies.Policy.parse(NOTES["policy"]).witnesses
    assert len(NOTES["cosignatures"]) == len(witnesses)
    for case, witness in zip(NOTES["cosignatures"], witnesses.values(), strict=True):
        text = case["signed_bytes"].split("\n", 2)[2]
        assert notes.cosigned_bytes(case["timestamp"], text).decode() == case["signed_bytes"]
        note = notes.Note.parse(f"{text}\n{case['line']}\n".encode())
        assert notes.cosigned_at(note, witness) == case["timestamp"]


@pytest.mark.parametrize("case", NOTES["quorum_times"], ids=named(NOTES["quorum_times"]))
def test_quorum_times_come_out_as_published(case: Case) -> None:
    """The quorum time is the latest at which those who cosigned since make a quorum."""
    assert policies.Policy.parse(NOTES["policy"]).quorum_time(case["timestamps"]) == case["quorum_time"]


@pytest.mark.parametrize("case", NOTES["refused"], ids=named(NOTES["refused"]))
def test_wrong_notes_are_refused(case: Case) -> None:
    """No published wrong note opens under the log's key."""
    log = notes.VKey.parse(NOTES["vkeys"][0]["vkey"])
    with pytest.raises(Disproven):
        notes.open_checkpoint(notes.Note.parse(case["note"].encode()), log)
