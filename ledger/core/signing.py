"""Ed25519 as libsodium verifies it: cofactorless, S < L, small-order A and R refused (protocol §1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

from ledger.core.encoding import Hash, label, sha256, u8
from ledger.core.errors import InvalidInput, VerificationFailed

ED25519: Final = 1
KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: ``algorithm`` 1 is Ed25519, ``key`` its 32 bytes."""

    algorithm: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature by a key that the context names: 64 bytes for algorithm 1."""

    algorithm: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class SecretKey:
    """An Ed25519 private key: ``public`` and the 64-byte form libsodium signs with."""

    public: PublicKey
    _secret: bytes

    @classmethod
    def from_seed(cls, seed: bytes) -> "SecretKey":
        """Return the key pair of a 32-byte seed (RFC 8032 §5.1.5)."""
        if len(seed) != KEY_SIZE:
            raise InvalidInput("seed", f"must be {KEY_SIZE} bytes")
        public, secret = crypto_sign_seed_keypair(seed)
        return cls(PublicKey(ED25519, public), secret)

    @property
    def seed(self) -> bytes:
        """The 32-byte seed."""
        return self._secret[:KEY_SIZE]

    def sign(self, message: bytes) -> Signature:
        """Return the signature over ``message``."""
        return Signature(ED25519, crypto_sign(message, self._secret)[:crypto_sign_BYTES])

    def __repr__(self) -> str:
        return f"SecretKey(public={self.public!r})"


Signer = Callable[[bytes], Signature]
"""What signs a message; a key, or a device that holds one."""


def approver_id(key: PublicKey) -> Hash:
    """Return SHA-256(L("approver") ‖ u8 algorithm ‖ public key), an approver's or officer's key id (protocol §4)."""
    return sha256(label("approver") + u8(key.algorithm) + key.key)


def verify_signature(key: PublicKey, message: bytes, signature: Signature, what: str) -> bytes:
    """Return ``message``; raise VerificationFailed unless ``signature`` is ``key``'s over it."""
    if signature.algorithm != key.algorithm or key.algorithm != ED25519:
        raise VerificationFailed(f"{what}: signed with another algorithm than the key's")
    if len(signature.signature) != crypto_sign_BYTES or len(key.key) != KEY_SIZE:
        raise VerificationFailed(f"{what}: key or signature of the wrong length")
    try:
        return crypto_sign_open(signature.signature + message, key.key)
    except CryptoError:
        raise VerificationFailed(f"{what}: the signature does not verify") from None


def verify_each(
    keys: Sequence[PublicKey], message: bytes, signatures: Sequence[Signature], what: str
) -> Sequence[PublicKey]:
    """Return ``keys``; raise VerificationFailed unless each signed ``message``, in order, and nobody else did."""
    if len(signatures) != len(keys):
        raise VerificationFailed(f"{what}: exactly one signature a registered key is needed")
    for key, signature in zip(keys, signatures, strict=True):
        verify_signature(key, message, signature, what)
    return keys
