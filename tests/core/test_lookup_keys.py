"""An identifier has one spelling, and its commitment shows neither it nor how many there are."""

import hashlib

import pytest

from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.lookup_keys import (
    LookupKey,
    canonicalise,
    canonicalise_request,
    commitment,
    derive_commitments,
    key_class,
    keys_root,
    verify_canonical,
    verify_keys_root,
)
from ledger.core.merkle import merkle_root

SECRET = bytes(range(32))
PHONE = canonicalise("phone", "+12025550100")
EMAIL = canonicalise("email", "a@example.com")

CANONICAL = [
    ("phone", "+12025550100", "+12025550100"),
    ("phone", "+1 (202) 555-0100", "+12025550100"),
    ("email", "Ada.L@EXAMPLE.com", "ada.l@example.com"),
    ("email", "ÄB@example.com", "Äb@example.com"),
    ("account", "00012", "00012"),
    ("username", "Ada_L", "Ada_L"),
    ("ip", "2001:DB8:0:0::1", "2001:db8::1"),
    ("ip", "192.0.2.1", "192.0.2.1"),
    ("ip", "::ffff:192.0.2.1", "192.0.2.1"),
    ("artifact", "AB" * 32, "ab" * 32),
]


@pytest.mark.parametrize(("key_type", "given", "expected"), CANONICAL)
def test_spellings_become_one(key_type: str, given: str, expected: str) -> None:
    """Each type's spellings give the canonical value, which gives itself again."""
    key = canonicalise(key_type, given)
    assert key == LookupKey(key_type, expected.encode())
    assert verify_canonical(key) is key


def test_requests_fold_ascii_letters() -> None:
    """A request is two length-prefixed texts, ASCII letters lower-cased, all else as given."""
    key = canonicalise_request("Polizei ÄB", "CASE-1")
    assert key.value == b"\x00\x0b" + "polizei Äb".encode() + b"\x00\x06case-1"
    assert verify_canonical(key) is key
    assert canonicalise_request("ab", "c") != canonicalise_request("a", "bc")


def test_canonical_bytes() -> None:
    """The canonical key is version, type and value, each with its length."""
    assert PHONE.canonical == b"\x01\x05phone\x00\x0c+12025550100"
    salt = bytes(16)
    assert commitment(salt, PHONE) == sha256(b"disclosure-ledger/v1/key\x00" + salt + PHONE.canonical)


@pytest.mark.parametrize(
    ("key_type", "value"),
    [
        ("phone", "12025550100"),
        ("phone", "+1"),
        ("phone", "+999 1234567"),
        ("phone", "+1202555010"),
        ("phone", "+12025550100;ext=5"),
        ("phone", "+1202555CALL"),
        ("phone", "+" + "1" * 20),
        ("email", "example.com"),
        ("email", "a@b@example.com"),
        ("email", "a b@example.com"),
        ("account", ""),
        ("account", "x" * 501),
        ("account", "a\x00"),
        ("username", "e\u0301"),
        ("username", "a\u202eb"),
        ("ip", "2001:db8::g"),
        ("ip", "fe80::1%eth0"),
        ("ip", "192.0.2.01"),
        ("artifact", "ab"),
        ("request", "x"),
        ("shoe", "x"),
        ("account", 12),
    ],
)
def test_what_is_no_identifier_is_refused(key_type: str, value: str) -> None:
    """A value outside its type, an unknown type and a request without parts are refused, unquoted."""
    with pytest.raises(InvalidInput) as refused:
        canonicalise(key_type, value)
    assert not value or len(str(value)) < 3 or str(value) not in str(refused.value)


@pytest.mark.parametrize(
    ("key_type", "value"),
    [
        ("phone", b"+1 2025550100"),
        ("email", b"A@example.com"),
        ("ip", b"2001:0db8::1"),
        ("artifact", b"AB" * 32),
        ("account", b"\xff"),
        ("request", b"\x00\x01A\x00\x01b"),
        ("request", b"\x00\x01a\x00\x02b"),
        ("request", b"\x00\x01a\x00\x01bc"),
        ("request", b"\x00"),
        ("request", b"\x00\x00\x00\x00"),
        ("request", b"\x00\x01\xff\x00\x01b"),
    ],
)
def test_other_spellings_are_not_canonical(key_type: str, value: bytes) -> None:
    """A key whose value does not give itself again is refused at admission."""
    with pytest.raises(InvalidInput):
        verify_canonical(LookupKey(key_type, value))


def test_key_bounds() -> None:
    """A key has a known version and type and 1 to 65535 bytes."""
    with pytest.raises(Uncheckable):
        LookupKey("phone", b"x", 2)
    with pytest.raises(InvalidInput, match="must be one of phone"):
        LookupKey("shoe", b"x")
    for size in (0, 65536):
        with pytest.raises(InvalidInput, match="1 to 65535"):
            LookupKey("account", bytes(size))


@pytest.mark.parametrize(
    ("count", "size"), [(0, 4), (4, 4), (5, 16), (16, 16), (17, 64), (64, 64), (65, 256), (256, 256)]
)
def test_classes(count: int, size: int) -> None:
    """The class is the smallest that holds the keys, and every class verifies."""
    keys = [LookupKey("account", b"%d" % n) for n in range(count)]
    derived = derive_commitments(keys, SECRET)
    assert key_class(count) == derived.key_class == size
    assert len(derived.salts) == count
    assert len(derived.padding) == size - count
    salted = list(zip(keys, derived.salts, strict=True))
    assert verify_keys_root(salted, derived.padding, size, derived.root) == derived.root


def test_more_than_the_largest_class() -> None:
    """257 keys are refused with the bound."""
    with pytest.raises(InvalidInput, match="more than 256"):
        key_class(257)


def test_commitments_are_one_stream() -> None:
    """Salts are 16-byte pieces of one SHAKE-256 stream, padding the 32-byte pieces after them."""
    stream = hashlib.shake_256(b"disclosure-ledger/v1/key-salts\x00" + SECRET).digest(2 * 16 + 2 * 32)
    derived = derive_commitments([PHONE, EMAIL], SECRET)
    assert b"".join((*derived.salts, *derived.padding)) == stream
    leaves = [commitment(stream[:16], PHONE), commitment(stream[16:32], EMAIL), *derived.padding]
    assert derived.root == merkle_root(sorted(leaves)) == keys_root(leaves[::-1])


def test_keys_appear_once() -> None:
    """A doubled key or commitment is refused."""
    with pytest.raises(InvalidInput, match="a key appears twice"):
        derive_commitments([PHONE, PHONE], SECRET)
    with pytest.raises(InvalidInput, match="a commitment appears twice"):
        keys_root([bytes(32), bytes(32)])


def test_admission_is_strict() -> None:
    """Wrong keys, salts, padding, class or root are refused, each for its own reason."""
    derived = derive_commitments([PHONE, EMAIL], SECRET)
    salted = [(PHONE, derived.salts[0]), (EMAIL, derived.salts[1])]
    padding, root = derived.padding, derived.root
    loose = (LookupKey("email", b"A@example.com"), derived.salts[1])
    wide = (*padding, *(bytes([n]) * 32 for n in range(12)))
    bad_input = [
        ([*salted[:1], loose], padding, 4, "not the canonical form of type email"),
        ([salted[0], (PHONE, derived.salts[1])], padding, 4, "a key appears twice"),
        ([salted[0], (EMAIL, bytes(15))], padding, 4, "keys.salt: must be 16 bytes"),
        (salted, (padding[0], b""), 4, "keys.padding: must be 32 bytes"),
        (salted, wide, 16, "not the smallest class"),
        (salted, padding[:1], 4, "do not add up"),
        (salted, (padding[0], padding[0]), 4, "a commitment appears twice"),
    ]
    for keys, pieces, size, message in bad_input:
        with pytest.raises(InvalidInput, match=message):
            verify_keys_root(keys, pieces, size, root)
    with pytest.raises(VerificationFailed, match="keys root"):
        verify_keys_root([(PHONE, derived.salts[1]), (EMAIL, derived.salts[0])], padding, 4, root)
