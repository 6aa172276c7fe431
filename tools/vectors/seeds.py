"""The cast of the vectors: every key, secret and identifier, from SHA-256 of what it is called.

None of it may be used anywhere else, and no identifier belongs to anybody.
"""

from typing import Final

from nacl.bindings import crypto_scalarmult_base

from ledger.core import bodies
from ledger.core.encoding import Hash, sha256
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.core.sealing_policy import DEFAULT
from ledger.core.signing import SecretKey

ORIGIN: Final = "ledger.example/log"
SOURCE: Final = "messenger.eu-1"
SERVICE: Final = "messenger"
OTHER_SOURCE: Final = "mail.eu-2"
OTHER_SERVICE: Final = "mail"
MINUTE: Final = 29_711_520
"""2026-06-29T00:00Z, in minutes."""
MONTH: Final = (2026 - 1970) * 12 + 5
"""The month of ``MINUTE``, in months since 1970-01."""
WITNESS_TIME: Final = 60 * MINUTE
"""``MINUTE`` in seconds."""


def seed(name: str) -> Hash:
    """Return the 32 bytes that stand for randomness called ``name``."""
    return sha256(b"disclosure-ledger test vectors: " + name.encode())


def secret_key(name: str) -> SecretKey:
    """Return the Ed25519 key pair whose seed is called ``name``."""
    return SecretKey.from_seed(seed(name))


def x25519_public(private: bytes) -> Hash:
    """Return the X25519 public key of a private one."""
    return Hash(crypto_scalarmult_base(private))


class Entropy:
    """Randomness that is none: call n of ``name`` gives bytes of SHA-256 of name and n, and is remembered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.taken: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        """Return the next piece, at most 32 bytes."""
        piece = seed(f"{self.name} {len(self.taken)}")[:size]
        self.taken.append(piece)
        return piece


LOG_KEY: Final = SigningKey(ORIGIN, secret_key("checkpoint key"))
LEDGER_KEY: Final = secret_key("ledger key")
SOURCE_KEYS: Final = tuple(secret_key(f"source key {n}") for n in range(3))
AUDITOR_KEY: Final = secret_key("auditor key")
AUDITOR_BOX_KEY: Final = seed("auditor X25519 key")
APPROVERS: Final = (secret_key("approver 0"), secret_key("approver 1"))
OFFICER: Final = secret_key("officer")
OTHER_SOURCE_KEY: Final = secret_key("other source key")
OFFICERS: Final = (secret_key("officer 1"), secret_key("officer 2"))
SECOND_AUDITOR_KEY: Final = secret_key("auditor 2")
VRF_KEY: Final = Hash(secret_key("VRF key").public.key)
WITNESSES: Final = tuple(SigningKey(f"witness-{n}.example", secret_key(f"witness {n}")) for n in range(3))

WITNESS_POLICY: Final = "".join(
    [
        f"log {LOG_KEY.vkey().format()}\n",
        *(f"witness w{n} {key.vkey(COSIGNATURE).format()}\n" for n, key in enumerate(WITNESSES)),
        "group two-of-three 2 w0 w1 w2\n",
        "quorum two-of-three\n",
    ]
).encode()
SEALING_POLICY: Final = DEFAULT

LOG_OPENED: Final = bodies.LogOpened(
    seed("log random"),
    ORIGIN,
    LOG_KEY.vkey().format(),
    (LEDGER_KEY.public,),
    VRF_KEY,
    tuple(key.public for key in APPROVERS),
    (bodies.Threshold(0, 1), bodies.Threshold(29, 2)),
    sha256(WITNESS_POLICY),
    sha256(SEALING_POLICY),
)
