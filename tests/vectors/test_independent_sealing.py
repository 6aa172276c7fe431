"""Sealed payloads and the boxes of their keys come out of docs/protocol.md alone."""

import hashlib

import pytest
from nacl.bindings import crypto_scalarmult_base, crypto_sign_ed25519_pk_to_curve25519

from tests.vectors import sealing
from tests.vectors.basics import Case, Disproven, Unchecked, h, named, vectors
from tests.vectors.test_independent_records import keys_of

PAYLOADS, BOXES = vectors("sealed_payload"), vectors("sealed_keys")


def place_of(case: Case) -> sealing.Place:
    """Return where a payload belongs."""
    return sealing.Place(h(case["batch_key"]), h(case["log_id"]), case["source_id"], case["sequence"], h(case["shred"]))


def leaf_of(case: Case) -> dict[str, object]:
    """Return what the leaf says of a payload."""
    return {name: value if name == "key_class" else h(value) for name, value in case["leaf"].items()}


@pytest.mark.parametrize("case", PAYLOADS["cases"], ids=named(PAYLOADS["cases"]))
def test_payloads_come_out_as_published(case: Case) -> None:
    """Record, keys and secrets give plaintext, key, commit and payload; the payload opens to the record."""
    place = place_of(case)
    plaintext = sealing.plaintext_of(h(case["entry_secret"]), keys_of(case), case["record"])
    assert plaintext == h(case["plaintext"])
    assert place.key_and_commit() == (h(case["key"]), h(case["commit"]))
    assert place.shred_hash() == h(case["shred_hash"])
    assert sealing.seal(place, h(case["nonce"]), plaintext) == h(case["payload"])
    assert sealing.open_payload(h(case["payload"]), place, leaf_of(case)) == case["record"]


@pytest.mark.parametrize("case", PAYLOADS["refused"], ids=named(PAYLOADS["refused"]))
def test_wrong_payloads_fail_at_their_step(case: Case) -> None:
    """Each published wrong payload is refused by the step that the vectors name."""
    with pytest.raises(Disproven) as error:
        sealing.open_payload(h(case["payload"]), place_of(case), leaf_of(case))
    assert str(error.value) == case["fails"]


def test_a_source_boxes_to_its_own_signing_key() -> None:
    """The X25519 key of an Ed25519 key comes out as published, public and private."""
    for case in BOXES["conversions"]:
        assert crypto_sign_ed25519_pk_to_curve25519(h(case["ed25519_public"])) == h(case["public"])
        scalar = bytearray(hashlib.sha512(h(case["seed"])).digest()[:32])
        scalar[0], scalar[31] = scalar[0] & 248, scalar[31] & 127 | 64
        assert bytes(scalar) == h(case["private"])
        assert crypto_scalarmult_base(bytes(scalar)) == h(case["public"])


@pytest.mark.parametrize("case", BOXES["boxes"], ids=named(BOXES["boxes"]))
def test_boxes_come_out_as_published(case: Case) -> None:
    """Batch key and recipient give the one box, which opens to the batch key."""
    batch_key, recipient = h(case["batch_key"]), case["recipient"]
    public = h(recipient["public"])
    assert sealing.ephemeral_seed(batch_key, public) == h(case["ephemeral_seed"])
    assert sealing.box_of(batch_key, public) == h(case["box"])
    assert sealing.open_box(h(case["box"]), h(recipient["private"])) == batch_key


def boxes_of(case: Case) -> list[tuple[bytes, bytes, int]]:
    """Return the boxes of a case."""
    return [(h(box["key_id"]), h(box["box"]), box["suite"]) for box in case["boxes"]]


@pytest.mark.parametrize("case", BOXES["digests"], ids=named(BOXES["digests"]))
def test_digests_come_out_as_published(case: Case) -> None:
    """Boxes give their encoding and the sealed keys digest."""
    assert [sealing.encode_box(*box) for box in boxes_of(case)] == [h(item) for item in case["encoded"]]
    assert sealing.digest_of(boxes_of(case)) == h(case["sealed_keys_digest"])


def take_boxes(case: Case) -> None:
    """Do what a refused case must not let anybody do: hash a list, make a box, or open one."""
    if "boxes" in case:
        sealing.digest_of(boxes_of(case))
    elif "recipient_public" in case:
        sealing.box_of(h(case["batch_key"]), h(case["recipient_public"]))
    else:
        sealing.open_box(h(case["box"]), h(case["private"]))


@pytest.mark.parametrize("case", BOXES["refused"], ids=named(BOXES["refused"]))
def test_wrong_boxes_are_refused(case: Case) -> None:
    """No published wrong box opens, none can be made for a point of small order, no wrong list has a digest."""
    with pytest.raises(Disproven):
        take_boxes(case)


@pytest.mark.parametrize("case", BOXES["uncheckable"], ids=named(BOXES["uncheckable"]))
def test_unknown_suites_are_not_judged(case: Case) -> None:
    """A box of a suite that is not known could not be checked."""
    with pytest.raises(Unchecked):
        sealing.digest_of(boxes_of(case))
