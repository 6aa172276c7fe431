"""Payloads and boxes of the vectors open, and their wrong ones do not."""

import pytest
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_box,
    crypto_box_seal_open,
    crypto_box_seed_keypair,
    crypto_scalarmult_base,
)

from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.lookup_keys import LookupKey
from ledger.core.sealed import (
    OpenedPayload,
    open_payload,
    payload_plaintext,
    seal_payload,
    shred_hash,
    verify_keyless,
    verify_opened,
    verify_payload_digest,
)
from ledger.core.sealed_keys import SealedKey, box_batch_key, open_box, sealed_keys_digest, x25519_from_ed25519
from ledger.core.signing import SecretKey
from tests.published.reading import Case, cases, raw, rebuild


def opened(case: Case) -> OpenedPayload:
    """Open a case's payload and compare it with the leaf, as an auditor does."""
    leaf, payload = case["leaf"], verify_payload_digest(raw(case["payload"]), raw(case["leaf"]["payload_digest"]))
    place = raw(case["batch_key"]), raw(case["log_id"]), case["source_id"], case["sequence"], raw(case["shred"])
    content = open_payload(payload, *place)
    if "keys_root" not in leaf:
        return verify_keyless(content, raw(leaf["slots_root"]))
    roots = raw(leaf["slots_root"]), raw(leaf["keys_root"]), leaf["key_class"], raw(leaf["aggregates_root"])
    return verify_opened(content, *roots)


def boxes(case: Case) -> list[SealedKey]:
    """Return the boxes that a case lists."""
    return [rebuild(SealedKey, box) for box in case["boxes"]]


@pytest.mark.parametrize("case", cases("sealed_payload", "cases"))
def test_payloads(case: Case) -> None:
    """A record and its keys seal to the payload, which opens to them."""
    secret = raw(case["entry_secret"])
    keys = tuple(LookupKey(key["type"], raw(key["value"]), key["version"]) for key in case["keys"])
    assert opened(case) == OpenedPayload(secret, keys, case["record"])
    plaintext = payload_plaintext(secret, keys, case["record"])
    assert plaintext.hex() == case["plaintext"]
    assert plaintext.startswith(case["text"].encode() + b"\x80")
    place = raw(case["log_id"]), case["source_id"], case["sequence"], raw(case["shred"]), raw(case["nonce"])
    payload = seal_payload(raw(case["batch_key"]), *place, plaintext)
    assert payload.hex() == case["payload"]
    assert payload[:32] == shred_hash(raw(case["shred"])) == raw(case["shred_hash"])
    assert payload[32:64].hex() == case["commit"]
    nonce, key = raw(case["nonce"]), raw(case["key"])
    assert crypto_aead_xchacha20poly1305_ietf_decrypt(payload[88:], None, nonce, key) == plaintext


@pytest.mark.parametrize("case", cases("sealed_payload", "refused"))
def test_wrong_payloads(case: Case) -> None:
    """A payload that is changed, moved or malformed is refused at the step named."""
    with pytest.raises((InvalidInput, VerificationFailed), match=f"^{case['fails']}: "):
        opened(case)


@pytest.mark.parametrize("case", cases("sealed_keys", "conversions"))
def test_conversions(case: Case) -> None:
    """An Ed25519 key has one X25519 form."""
    public = SecretKey.from_seed(raw(case["seed"])).public.key
    assert public.hex() == case["ed25519_public"]
    assert x25519_from_ed25519(public) == crypto_scalarmult_base(raw(case["private"])) == raw(case["public"])


@pytest.mark.parametrize("case", cases("sealed_keys", "boxes"))
def test_boxes(case: Case) -> None:
    """A batch key has one box for each recipient, which opens to it here and in libsodium."""
    box, public, private = raw(case["box"]), raw(case["recipient"]["public"]), raw(case["recipient"]["private"])
    assert box_batch_key(raw(case["batch_key"]), public) == box
    ephemeral = crypto_box_seed_keypair(raw(case["ephemeral_seed"]))
    assert ephemeral == (raw(case["ephemeral_public"]), raw(case["ephemeral_private"]))
    assert box == ephemeral[0] + crypto_box(raw(case["batch_key"]), raw(case["nonce"]), public, ephemeral[1])
    assert open_box(box, private) == crypto_box_seal_open(box, public, private) == raw(case["batch_key"])


@pytest.mark.parametrize("case", cases("sealed_keys", "digests"))
def test_digests(case: Case) -> None:
    """The digest is that of the boxes, ascending by key id."""
    assert [box.encoded.hex() for box in boxes(case)] == case["encoded"]
    assert sealed_keys_digest(boxes(case)).hex() == case["sealed_keys_digest"]


def take(case: Case) -> bytes:
    """Do with a case's boxes, recipient or box what must fail."""
    if "boxes" in case:
        return sealed_keys_digest(boxes(case))
    if "recipient_public" in case:
        return box_batch_key(raw(case["batch_key"]), raw(case["recipient_public"]))
    return open_box(raw(case["box"]), raw(case["private"]))


@pytest.mark.parametrize("case", cases("sealed_keys", "refused"))
def test_wrong_boxes(case: Case) -> None:
    """No box of another, no box that is not the one, and no list out of order is accepted."""
    with pytest.raises((InvalidInput, VerificationFailed)):
        take(case)


@pytest.mark.parametrize("case", cases("sealed_keys", "uncheckable"))
def test_unknown_suites(case: Case) -> None:
    """A box of a suite that is not known is neither right nor wrong."""
    with pytest.raises(Uncheckable):
        boxes(case)
