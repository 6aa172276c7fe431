"""Key files: JSON of mode 0600, private part optionally under a passphrase, and a ``.pub`` half that may travel.

    {"kind": "source", "version": 1, "public": {"ed25519": hex}, "secret": {"ed25519": hex}}

Kinds: source, auditor (with an X25519 key of its own), approver, witness (with the name its signatures bear). With a
passphrase ``secret`` is {"argon2id": {"salt", "operations", "bytes"}, "nonce", "ciphertext"}: XChaCha20-Poly1305 under
an argon2id key, the public half as associated data.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nacl import pwhash
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from ledger.core.encoding import HASH_SIZE, decode_hex
from ledger.core.errors import InvalidInput, NotAuthenticated, NotPermitted
from ledger.core.note import COSIGNATURE, SigningKey, VKey
from ledger.core.signing import PublicKey, SecretKey

KINDS: Final = ("source", "auditor", "approver", "witness")
_VERSION: Final = 1
_NONCE_SIZE: Final = 24
_MAX_OPERATIONS: Final = 16
_MAX_MEMORY: Final = 1024**3
"""What a file may ask argon2id for: a stranger's file must not take the machine down."""


@dataclass(frozen=True, slots=True)
class PublicHalf:
    """The half that may travel; ``x25519`` is empty but for auditors, ``name`` but for witnesses and auditors."""

    kind: str
    ed25519: bytes
    x25519: bytes = b""
    name: str = ""

    @property
    def public(self) -> PublicKey:
        """The Ed25519 key."""
        return PublicKey(1, self.ed25519)

    def vkey(self) -> VKey:
        """Return a witness's verifier key, for cosignatures."""
        return VKey.of(self.name, COSIGNATURE, self.ed25519)

    def to_object(self) -> dict[str, str]:
        """Return the present members, keys in hex."""
        members = {"ed25519": self.ed25519.hex(), "x25519": self.x25519.hex(), "name": self.name}
        return {name: value for name, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A whole key: what ``keygen`` makes and private calls need."""

    public: PublicHalf
    secret: SecretKey
    x25519_secret: bytes = b""

    def __repr__(self) -> str:
        return f"KeyFile(public={self.public!r})"

    def signing_key(self) -> SigningKey:
        """Return a witness's note-signing key."""
        return SigningKey(self.public.name, self.secret)


def generate(kind: str, name: str = "", entropy: Callable[[int], bytes] = os.urandom) -> KeyFile:
    """Return a fresh key; raise InvalidInput for an unknown kind, or a witness without a name."""
    if kind not in KINDS:
        raise InvalidInput("kind", f"must be one of {', '.join(KINDS)}")
    if kind == "witness":
        SigningKey(name, SecretKey.from_seed(bytes(HASH_SIZE)))
    secret = SecretKey.from_seed(entropy(HASH_SIZE))
    box = entropy(HASH_SIZE) if kind == "auditor" else b""
    half = PublicHalf(kind, secret.public.key, crypto_scalarmult_base(box) if box else b"", name)
    return KeyFile(half, secret, box)


def save(path: Path, key: KeyFile, passphrase: bytes | None = None) -> Path:
    """Write ``path`` (0600) and ``path``.pub, both new; return the latter. Raise FileExistsError over an old one."""
    half = path.with_name(path.name + ".pub")
    if half.exists():
        raise FileExistsError(17, "exists already; nothing was changed", str(half))
    secret = {"ed25519": key.secret.seed.hex()}
    if key.x25519_secret:
        secret["x25519"] = key.x25519_secret.hex()
    head = _head(key.public)
    content = {**head, "secret": secret if passphrase is None else _lock(secret, head, passphrase)}
    _create(path, content, 0o600)
    _create(half, head, 0o644)
    return half


def load(path: Path | str, passphrase: Callable[[], bytes] | None = None) -> KeyFile:
    """Return the key at ``path``; ``passphrase`` is asked only where one is needed.

    Raises:
        InvalidInput: malformed, or its halves do not belong together.
        NotPermitted: readable by others.
        NotAuthenticated: a passphrase is needed and missing, or it is wrong.
    """
    path = Path(path)
    if path.stat().st_mode & 0o077:
        raise NotPermitted(f"{path}: readable by others; chmod 600 it")
    content = _content(path)
    half = _half(content, path)
    secret = content.get("secret")
    if not isinstance(secret, dict):
        raise InvalidInput(str(path), "has no private half")
    if "ciphertext" in secret:
        if passphrase is None:
            raise NotAuthenticated(f"{path}: needs its passphrase")
        secret = _unlock(secret, _head(half), passphrase(), path)
    seed = _key(secret, "ed25519", path)
    box = _key(secret, "x25519", path) if half.kind == "auditor" else b""
    key = SecretKey.from_seed(seed)
    if key.public.key != half.ed25519 or (box and crypto_scalarmult_base(box) != half.x25519):
        raise InvalidInput(str(path), "its private half belongs to another key")
    return KeyFile(half, key, box)


def load_public(path: Path) -> PublicHalf:
    """Return the public half at ``path``, from a key file or its ``.pub``; raise InvalidInput if malformed."""
    return _half(_content(path), path)


def _head(half: PublicHalf) -> dict[str, Any]:
    return {"kind": half.kind, "version": _VERSION, "public": half.to_object()}


def _create(path: Path, content: Mapping[str, Any], mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
        file.flush()
        os.fsync(descriptor)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (ValueError, RecursionError):
        raise InvalidInput(str(path), "not a key file") from None
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        raise InvalidInput(str(path), "not a key file of this version")
    return content


def _half(content: Mapping[str, Any], path: Path) -> PublicHalf:
    kind, public = content.get("kind"), content.get("public")
    if kind not in KINDS or not isinstance(public, dict):
        raise InvalidInput(str(path), f"kind must be one of {', '.join(KINDS)}, with a public half")
    name = public.get("name", "")
    if not isinstance(name, str):
        raise InvalidInput(str(path), "name must be a text")
    box = _key(public, "x25519", path) if kind == "auditor" else b""
    return PublicHalf(kind, _key(public, "ed25519", path), box, name)


def _key(members: Mapping[str, Any], name: str, path: Path) -> bytes:
    value = members.get(name)
    raw = decode_hex(value, name) if isinstance(value, str) else b""
    if len(raw) != HASH_SIZE:
        raise InvalidInput(str(path), f"{name} must be {HASH_SIZE} bytes in hex")
    return raw


def _associated(head: Mapping[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True, separators=(",", ":")).encode()


def _lock(secret: Mapping[str, str], head: Mapping[str, Any], passphrase: bytes) -> dict[str, Any]:
    parameters = {
        "salt": os.urandom(pwhash.argon2id.SALTBYTES).hex(),
        "operations": pwhash.argon2id.OPSLIMIT_MODERATE,
        "bytes": pwhash.argon2id.MEMLIMIT_MODERATE,
    }
    nonce = os.urandom(_NONCE_SIZE)
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        json.dumps(secret).encode(), _associated(head), nonce, _stretch(passphrase, parameters)
    )
    return {"argon2id": parameters, "nonce": nonce.hex(), "ciphertext": sealed.hex()}


def _unlock(locked: Mapping[str, Any], head: Mapping[str, Any], passphrase: bytes, path: Path) -> dict[str, Any]:
    try:
        parameters = locked["argon2id"]
        if not (parameters["operations"] <= _MAX_OPERATIONS and parameters["bytes"] <= _MAX_MEMORY):
            raise InvalidInput(str(path), "asks more of argon2id than is allowed")
        nonce, sealed = bytes.fromhex(locked["nonce"]), bytes.fromhex(locked["ciphertext"])
        key = _stretch(passphrase, parameters)
        opened = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, _associated(head), nonce, key)
    except CryptoError as error:
        if isinstance(error, ValueError | TypeError):
            raise InvalidInput(str(path), "its private half is malformed") from None
        raise NotAuthenticated(f"{path}: wrong passphrase, or a damaged file") from None
    except (KeyError, TypeError, ValueError):
        raise InvalidInput(str(path), "its private half is malformed") from None
    content: dict[str, Any] = json.loads(opened)
    return content


def _stretch(passphrase: bytes, parameters: Mapping[str, Any]) -> bytes:
    salt = bytes.fromhex(parameters["salt"])
    return pwhash.argon2id.kdf(
        HASH_SIZE, passphrase, salt, opslimit=parameters["operations"], memlimit=parameters["bytes"]
    )
