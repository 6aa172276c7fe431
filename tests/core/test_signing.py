"""Ed25519 is RFC 8032's, verified as libsodium does: cofactorless, canonical, no small orders."""

import hashlib

import pytest
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.signing import (
    ED25519,
    PublicKey,
    SecretKey,
    Signature,
    approver_id,
    verify_each,
    verify_signature,
)

# RFC 8032 §7.1: TEST 1, TEST 2, TEST 3
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]

# The points of order 1, 2, 4, 4, 8, 8, 8, 8 (RFC 7748 names the curve; the list is libsodium's blocklist)
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
ORDER = 2**252 + 27742317777372353535851937790883648493
KEY = SecretKey.from_seed(bytes(32))
MESSAGE = b"message"


def scalar(secret: SecretKey) -> int:
    """Return the secret scalar (RFC 8032 §5.1.5)."""
    raw = bytearray(hashlib.sha512(secret.seed).digest()[:32])
    raw[0] &= 248
    raw[31] = raw[31] & 127 | 64
    return int.from_bytes(raw, "little")


def challenge(commitment: bytes, public: bytes, message: bytes) -> int:
    """Return k = SHA-512(R ‖ A ‖ M) as a scalar."""
    return int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little") % ORDER


def signature(commitment: bytes, response: int) -> Signature:
    """Return R ‖ S."""
    return Signature(ED25519, commitment + response.to_bytes(32, "little"))


@pytest.mark.parametrize(("seed", "public", "message", "signed"), RFC_8032)
def test_rfc_8032(seed: str, public: str, message: str, signed: str) -> None:
    """The RFC's seeds give its public keys and signatures, which verify."""
    key = SecretKey.from_seed(bytes.fromhex(seed))
    assert key.public == PublicKey(ED25519, bytes.fromhex(public))
    assert key.seed.hex() == seed
    assert key.sign(bytes.fromhex(message)) == Signature(ED25519, bytes.fromhex(signed))
    raw = bytes.fromhex(message)
    assert verify_signature(key.public, raw, Signature(ED25519, bytes.fromhex(signed)), "x") == raw


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_keys_of_small_order_are_refused(point: str) -> None:
    """A key of small order would verify signatures over anything."""
    public = bytes.fromhex(point)
    for commitment in SMALL_ORDER:
        with pytest.raises(VerificationFailed, match="x: the signature does not verify"):
            verify_signature(PublicKey(ED25519, public), MESSAGE, signature(bytes.fromhex(commitment), 0), "x")


def test_commitments_of_small_order_are_refused() -> None:
    """R = 1 and S = k·a fulfil the equation, and are refused all the same."""
    commitment = bytes.fromhex(SMALL_ORDER[0])
    response = challenge(commitment, KEY.public.key, MESSAGE) * scalar(KEY) % ORDER
    with pytest.raises(VerificationFailed):
        verify_signature(KEY.public, MESSAGE, signature(commitment, response), "x")


def test_the_equation_is_cofactorless() -> None:
    """A torsion component in R, which the cofactored equation would swallow, is refused."""
    nonce = 12345
    plain = crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little"))
    twisted = crypto_core_ed25519_add(plain, bytes.fromhex(SMALL_ORDER[4]))
    for commitment, holds in ((plain, True), (twisted, False)):
        response = (nonce + challenge(commitment, KEY.public.key, MESSAGE) * scalar(KEY)) % ORDER
        if holds:
            verify_signature(KEY.public, MESSAGE, signature(commitment, response), "x")
            continue
        with pytest.raises(VerificationFailed):
            verify_signature(KEY.public, MESSAGE, signature(commitment, response), "x")


def test_s_is_reduced() -> None:
    """S + L fulfils the equation too, and is refused: a signature has one spelling."""
    raw = KEY.sign(MESSAGE).signature
    response = int.from_bytes(raw[32:], "little")
    assert verify_signature(KEY.public, MESSAGE, signature(raw[:32], response), "x") == MESSAGE
    with pytest.raises(VerificationFailed):
        verify_signature(KEY.public, MESSAGE, signature(raw[:32], response + ORDER), "x")


def test_every_change_of_a_signature_is_refused() -> None:
    """No flipped bit and no other length verifies."""
    raw = KEY.sign(MESSAGE).signature
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationFailed):
            verify_signature(KEY.public, MESSAGE, Signature(ED25519, bytes(changed)), "x")
    for other in (b"", raw[:-1], raw + b"\x00"):
        with pytest.raises(VerificationFailed, match="wrong length"):
            verify_signature(KEY.public, MESSAGE, Signature(ED25519, other), "x")


@pytest.mark.parametrize(
    ("key", "signed", "message"),
    [
        (PublicKey(2, KEY.public.key), KEY.sign(MESSAGE), "another algorithm"),
        (KEY.public, Signature(2, KEY.sign(MESSAGE).signature), "another algorithm"),
        (PublicKey(2, KEY.public.key), Signature(2, KEY.sign(MESSAGE).signature), "another algorithm"),
        (PublicKey(1, KEY.public.key[:-1]), KEY.sign(MESSAGE), "wrong length"),
        (SecretKey.from_seed(bytes([1]) * 32).public, KEY.sign(MESSAGE), "does not verify"),
        (KEY.public, KEY.sign(b"another"), "does not verify"),
    ],
)
def test_a_signature_is_one_keys_over_one_message(key: PublicKey, signed: Signature, message: str) -> None:
    """Another algorithm, key or message is refused by name."""
    with pytest.raises(VerificationFailed, match=f"what: .*{message}"):
        verify_signature(key, MESSAGE, signed, "what")


def test_every_registered_key_signs_in_order() -> None:
    """A signature too few, too many or at another's place is refused."""
    keys = [SecretKey.from_seed(bytes([number]) * 32) for number in (1, 2)]
    publics, signed = [key.public for key in keys], [key.sign(MESSAGE) for key in keys]
    assert verify_each(publics, MESSAGE, signed, "seal") == publics
    for wrong, message in (
        (signed[:1], "exactly one"),
        ([*signed, signed[0]], "exactly one"),
        (signed[::-1], "does not"),
    ):
        with pytest.raises(VerificationFailed, match=f"seal: .*{message}"):
            verify_each(publics, MESSAGE, wrong, "seal")


def test_seeds_are_32_bytes() -> None:
    """Another length is refused without a word about the seed."""
    for length in (0, 31, 33, 64):
        with pytest.raises(InvalidInput, match="seed: must be 32 bytes"):
            SecretKey.from_seed(bytes(length))


def test_a_printed_key_keeps_its_secret() -> None:
    """The seed is in no repr."""
    key = SecretKey.from_seed(sha256(b"secret"))
    assert repr(key.seed)[2:-1] not in repr(key)
    assert repr(key) == f"SecretKey(public={key.public!r})"


def test_approver_ids_bind_the_algorithm() -> None:
    """An approver's key id is SHA-256 over label, algorithm and key."""
    assert approver_id(KEY.public) == sha256(b"disclosure-ledger/v1/approver\x00\x01" + KEY.public.key)
