"""A payload opens to one record, under one key, at one place; anything else fails by name."""

import hashlib
import json

import pytest
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt

from ledger.core import sealed
from ledger.core.encoding import sha256, str8, u64
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.lookup_keys import LookupKey, canonicalise, derive_commitments
from ledger.core.sealed import (
    CLASSES,
    HEADER_SIZE,
    OpenedPayload,
    aggregates_root,
    check_payload_size,
    check_shred,
    open_payload,
    payload_digest,
    payload_plaintext,
    seal_payload,
    verify_opened,
    verify_payload_digest,
)
from ledger.core.slots import slots_root
from tests.core.test_record import FULL, MINIMAL

BATCH_KEY, LOG_ID, SHRED, SECRET = (bytes([n]) * 32 for n in (1, 2, 3, 4))
NONCE = bytes(range(24))
SOURCE, SEQUENCE = "example-source", 7
KEYS = (canonicalise("phone", "+12025550100"), canonicalise("ip", "2001:db8::1"))


def sealed_text(plaintext: bytes) -> bytes:
    """Seal any padded plaintext at the usual place."""
    return seal_payload(BATCH_KEY, LOG_ID, SOURCE, SEQUENCE, SHRED, NONCE, plaintext)


def opened(payload: bytes) -> OpenedPayload:
    """Open at the usual place."""
    return open_payload(payload, BATCH_KEY, LOG_ID, SOURCE, SEQUENCE, SHRED)


def padded(text: bytes) -> bytes:
    """Pad like the protocol, whatever the text."""
    return (text + b"\x80").ljust(512, b"\x00")


PAYLOAD = sealed_text(payload_plaintext(SECRET, KEYS, FULL))
SMALL = sealed_text(payload_plaintext(SECRET, (), {"notes": "x"}))


def test_a_payload_opens_to_what_was_sealed() -> None:
    """Secret, keys and record come back, and give the leaf's roots."""
    content = opened(PAYLOAD)
    assert content == OpenedPayload(SECRET, KEYS, FULL)
    commitments = derive_commitments(KEYS, SECRET)
    roots = (slots_root(FULL, SECRET), commitments.root, commitments.key_class, aggregates_root(SECRET))
    assert verify_opened(content, *roots) is content


def test_the_layout_is_the_protocols() -> None:
    """Header, class and digest are those of the protocol."""
    assert len(PAYLOAD) - HEADER_SIZE in CLASSES
    assert CLASSES[0] == 512
    assert CLASSES[-1] == 262_144
    assert PAYLOAD[:32] == sha256(b"disclosure-ledger/v1/shred\x00" + SHRED)
    assert PAYLOAD[64:88] == NONCE
    assert payload_digest(PAYLOAD) == sha256(PAYLOAD)
    assert verify_payload_digest(PAYLOAD, sha256(PAYLOAD)) == PAYLOAD
    text = payload_plaintext(SECRET, KEYS[:1], {"notes": "x"}).rstrip(b"\x00")
    assert text == (
        b'{"entry_secret":"' + SECRET.hex().encode() + b'","keys":[{"type":"phone","value":"'
        b'2b3132303235353530313030","version":1}],"record":{"notes":"x"}}\x80'
    )


def test_every_one_bit_flip_is_refused() -> None:
    """No single bit of a payload can change unnoticed."""
    for bit in range(8 * len(SMALL)):
        changed = bytearray(SMALL)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationFailed):
            opened(bytes(changed))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_key": bytes(32)}, "commit"),
        ({"log_id": bytes(32)}, "commit"),
        ({"source_id": "other-source"}, "commit"),
        ({"sequence": SEQUENCE + 1}, "commit"),
        ({"shred": bytes(32)}, "shred hash"),
    ],
)
def test_a_payload_opens_at_its_own_place_only(change: dict[str, object], message: str) -> None:
    """Another key, log, source, sequence or shred is refused: a payload cannot be replayed."""
    place: dict[str, object] = {"batch_key": BATCH_KEY, "log_id": LOG_ID, "source_id": SOURCE}
    place |= {"sequence": SEQUENCE, "shred": SHRED} | change
    with pytest.raises(VerificationFailed, match=message):
        open_payload(PAYLOAD, **place)  # type: ignore[arg-type]


def test_a_swapped_payload_fails_by_digest_and_roots() -> None:
    """Another valid payload is not the leaf's: neither its digest nor its roots agree."""
    other = sealed_text(payload_plaintext(bytes(32), KEYS, MINIMAL))
    with pytest.raises(VerificationFailed, match="payload digest"):
        verify_payload_digest(other, payload_digest(PAYLOAD))
    with pytest.raises(VerificationFailed, match="slots root"):
        verify_opened(opened(other), slots_root(FULL, SECRET), bytes(32), 4, bytes(32))


def test_a_ciphertext_under_two_keys_fails_by_commit() -> None:
    """Whoever holds a ciphertext that two keys authenticate still commits to one of them."""
    other_key = bytes(32)
    key, commit = sealed._entry_keys(other_key, LOG_ID, SOURCE, SEQUENCE, SHRED)
    body = encrypt(payload_plaintext(SECRET, KEYS, MINIMAL), None, NONCE, key)
    payload = PAYLOAD[:64] + NONCE + body
    with pytest.raises(VerificationFailed, match="commit"):
        open_payload(payload, other_key, LOG_ID, SOURCE, SEQUENCE, SHRED)
    with pytest.raises(VerificationFailed, match="decryption"):
        opened(payload)
    honest = PAYLOAD[:32] + commit + NONCE + body
    assert open_payload(honest, other_key, LOG_ID, SOURCE, SEQUENCE, SHRED).record_object == MINIMAL


SECRET_JSON = json.dumps(SECRET.hex()).encode()
CONTENTS = [
    (b"\x00" * 512, "padding: no 0x80"),
    (padded(b"")[:511] + b"\x01", "padding: no 0x80"),
    (padded(b"{}")[:511] + b"x", "padding: no 0x80"),
    (b"{}\x80".ljust(1024, b"\x00"), "padding: not the smallest"),
    (b"x" * 511 + b"\x80", "canonical JSON"),
    (padded(b"garbage"), "canonical JSON"),
    (padded(b'{"entry_secret": ""}'), "canonical JSON"),
    (padded(b'{"record":{},"keys":[],"entry_secret":' + SECRET_JSON + b"}"), "canonical JSON"),
    (padded(b"[]"), "content"),
    (padded(b'{"entry_secret":"ab","keys":[],"record":{}}'), "content"),
    (padded(b'{"entry_secret":"AB","keys":[],"record":{}}'), "content"),
    (padded(b'{"entry_secret":' + SECRET_JSON + b',"keys":[],"record":{},"x":1}'), "content"),
    (padded(b'{"entry_secret":' + SECRET_JSON + b',"keys":[1],"record":{}}'), "content"),
    (
        padded(b'{"entry_secret":' + SECRET_JSON + b',"keys":[{"type":"ip","value":"00","version":true}],"record":{}}'),
        "content",
    ),
    (
        padded(b'{"entry_secret":' + SECRET_JSON + b',"keys":[{"type":"shoe","value":"00","version":1}],"record":{}}'),
        "content",
    ),
]


@pytest.mark.parametrize(("plaintext", "message"), CONTENTS)
def test_a_sealed_content_that_is_malformed_is_refused(plaintext: bytes, message: str) -> None:
    """Wrong padding, other JSON than RFC 8785 and other members convict whoever sealed them."""
    with pytest.raises(VerificationFailed, match=message):
        opened(sealed_text(plaintext))


def test_a_key_of_a_later_version_cannot_be_checked() -> None:
    """An unknown canonicaliser version is neither proven nor disproven."""
    later = b',"keys":[{"type":"ip","value":"00","version":2}],"record":{}}'
    with pytest.raises(Uncheckable):
        opened(sealed_text(padded(b'{"entry_secret":' + SECRET_JSON + later)))


def test_each_root_is_compared() -> None:
    """A leaf with another slots root, key class, keys root or aggregates root is a mismatch by name."""
    content = opened(PAYLOAD)
    commitments = derive_commitments(KEYS, SECRET)
    right = (slots_root(FULL, SECRET), commitments.root, commitments.key_class, aggregates_root(SECRET))
    wrong: tuple[object, ...] = (bytes(32), bytes(32), 16, bytes(32))
    names = ("slots root", "keys root", "key class", "aggregates root")
    for position, name in enumerate(names):
        roots = (*right[:position], wrong[position], *right[position + 1 :])
        with pytest.raises(VerificationFailed, match=name):
            verify_opened(content, *roots)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        OpenedPayload(SECRET, (KEYS[0], KEYS[0]), FULL),
        OpenedPayload(SECRET, KEYS, {"subject": "x"}),
        OpenedPayload(SECRET, KEYS, {"notes": ""}),
    ],
)
def test_a_content_without_roots_is_a_mismatch(content: OpenedPayload) -> None:
    """A doubled key or an unknown or empty field, sealed by a source, convicts it too."""
    with pytest.raises(VerificationFailed, match="payload content"):
        verify_opened(content, bytes(32), bytes(32), 4, bytes(32))


def test_sizes_are_the_smallest_class() -> None:
    """A text one byte below a class fits it, a text as long takes the next; past the largest is refused."""
    empty = len(payload_plaintext(SECRET, (), {"notes": "x"}).rstrip(b"\x00")) - 2
    for length, size in ((511, 512), (512, 1024), (262_143, 262_144)):
        plaintext = payload_plaintext(SECRET, (), {"notes": "x" * (length - empty)})
        assert len(plaintext) == size
        assert opened(sealed_text(plaintext)).keys == ()
    with pytest.raises(InvalidInput, match="262144"):
        payload_plaintext(SECRET, (), {"notes": "x" * (262_144 - empty)})


def test_wrong_sizes_are_bad_input() -> None:
    """Truncations and other lengths of payload, keys, shreds and nonces are refused before any cryptography."""
    for payload in (b"", PAYLOAD[:-1], PAYLOAD + b"\x00", PAYLOAD[:HEADER_SIZE]):
        with pytest.raises(InvalidInput, match="payload"):
            check_payload_size(payload)
    with pytest.raises(InvalidInput, match="shred"):
        check_shred(PAYLOAD, b"")
    with pytest.raises(InvalidInput, match="nonce"):
        seal_payload(BATCH_KEY, LOG_ID, SOURCE, 0, SHRED, b"", bytes(512))
    with pytest.raises(InvalidInput, match="plaintext"):
        seal_payload(BATCH_KEY, LOG_ID, SOURCE, 0, SHRED, NONCE, b"x")
    with pytest.raises(InvalidInput, match="batch_key"):
        seal_payload(b"", LOG_ID, SOURCE, 0, SHRED, NONCE, bytes(512))
    with pytest.raises(InvalidInput, match="notes: holds null"):
        payload_plaintext(SECRET, (LookupKey("account", b"1"),), {"notes": None})


def test_the_key_schedule_is_blake2b() -> None:
    """The commit is the second half of BLAKE2b-512 over label, log, source, sequence and shred."""
    data = b"disclosure-ledger/v1/entry\x00" + LOG_ID + str8(SOURCE) + u64(SEQUENCE) + SHRED
    assert PAYLOAD[32:64] == hashlib.blake2b(data, key=BATCH_KEY, digest_size=64).digest()[32:]
