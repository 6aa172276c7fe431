"""A profile: what a client needs to know of one ledger, a TOML file with paths relative to itself.

It pins the log (origin, verifier key, log id), says where it is and whom its certificates come from, which witnesses
must have cosigned, and for a source which auditors it seals to.
"""

import json
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import grpc
from cryptography import x509

from ledger.client.reads import Pins
from ledger.client.transport import channel
from ledger.core.encoding import HASH_SIZE, Hash, check_hash, decode_hex
from ledger.core.errors import ConfigInvalid, LedgerError, NotAuthenticated
from ledger.core.note import VKey
from ledger.core.policy import Policy

FILE: Final = "profile.toml"
NO_WITNESSES: Final = "none"
AUTO: Final = "auto"
HAND: Final = "hand"
"""Whether a source's recorder closes periods by itself, which it does unless the profile says otherwise."""


@dataclass(frozen=True, slots=True)
class AllowedAuditor:
    """An auditor that a source seals to, once the log names the same keys: 32 bytes each."""

    name: str
    ed25519: bytes
    x25519: bytes


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile; addresses are HOST:PORT, empty strings are absent."""

    directory: Path
    origin: str
    vkey: str
    log_id: str
    address: str
    authority: str = "ca.crt"
    role_address: str = ""
    role: str = "public"
    name: str = ""
    certificate: str = ""
    certificate_key: str = ""
    key: str = ""
    state: str = "state"
    witnesses: str = NO_WITNESSES
    close: str = ""
    auditors: tuple[AllowedAuditor, ...] = field(default=())

    @property
    def pins(self) -> Pins:
        """What reads are held to."""
        return Pins(self.origin, VKey.parse(self.vkey), Hash(decode_hex(self.log_id, "log_id")), self.policy())

    def path(self, name: str) -> Path:
        """Return a path that the profile names."""
        return self.directory / name

    def policy(self) -> Policy | None:
        """Return the witness policy, or None where the profile says that there are no witnesses.

        Raises:
            ConfigInvalid: the policy's file is missing or malformed, or it asks for nobody, which is to be said here.
        """
        if self.witnesses == NO_WITNESSES:
            return None
        path = self.path(self.witnesses)
        try:
            policy = Policy.parse(path.read_bytes())
        except (OSError, LedgerError) as error:
            reason = str(error) if isinstance(error, LedgerError) else error.strerror
            raise ConfigInvalid([f"{path}: {reason}; it is the witness policy that the profile names"]) from None
        if policy.quorum is None:
            raise ConfigInvalid([f'{path}: asks for nobody; the profile has to say witnesses = "{NO_WITNESSES}"'])
        return policy

    def public_channel(self) -> grpc.aio.Channel:
        """Return a channel to the public listener."""
        return channel(self.address, self.path(self.authority).read_bytes())

    def role_channel(self, now: float | None = None) -> grpc.aio.Channel:
        """Return a channel to the role listener; raise NotAuthenticated for a missing or expired certificate."""
        if not (self.role_address and self.certificate and self.certificate_key):
            raise NotAuthenticated("profile: has no role_address, certificate and certificate_key")
        certificate = self.path(self.certificate).read_bytes()
        try:
            expires = x509.load_pem_x509_certificate(certificate).not_valid_after_utc.timestamp()
        except ValueError:
            raise NotAuthenticated(f"{self.path(self.certificate)}: not a certificate in PEM") from None
        if (time.time() if now is None else now) >= expires:
            raise NotAuthenticated("certificate: expired; ask the operator for a new one")
        key = self.path(self.certificate_key).read_bytes()
        return channel(self.role_address, self.path(self.authority).read_bytes(), certificate, key)


_TEXTS: Final = tuple(item.name for item in fields(Profile) if item.name not in ("directory", "auditors"))
_REQUIRED: Final = ("origin", "vkey", "log_id", "address", "witnesses")
_AUDITOR: Final = {"name", "ed25519", "x25519"}


def load(path: Path | str) -> Profile:
    """Return the profile at ``path``, a file or the directory it lies in; raise ConfigInvalid with every mistake."""
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigInvalid([f"{file}: missing; ledgerctl certs makes one"]) from None
    except (ValueError, RecursionError) as error:
        raise ConfigInvalid([f"{file}: not TOML: {error}"]) from None
    problems = _problems(content)
    if problems:
        raise ConfigInvalid([f"{file}: {problem}" for problem in problems])
    auditors = tuple(
        AllowedAuditor(row["name"], bytes.fromhex(row["ed25519"]), bytes.fromhex(row["x25519"]))
        for row in content.get("auditors", [])
    )
    texts = {name: content[name] for name in _TEXTS if name in content}
    return Profile(file.parent, auditors=auditors, **texts)


def _problems(content: Mapping[str, Any]) -> list[str]:
    problems = [f"{name}: unknown" for name in content if name not in (*_TEXTS, "auditors")]
    problems += [f"{name}: missing" for name in _REQUIRED if name not in content]
    problems += [f"{name}: must be a text" for name in _TEXTS if name in content and not isinstance(content[name], str)]
    problems += _pin_problems(content)
    if content.get("close", AUTO) not in (AUTO, HAND):
        problems.append(f"close: must be {AUTO} or {HAND}")
    rows = content.get("auditors", [])
    if not isinstance(rows, list):
        return [*problems, "auditors: must be a list of tables"]
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != _AUDITOR or not all(isinstance(row[name], str) for name in row):
            problems.append(f"auditors[{number}]: must have name, ed25519 and x25519")
            continue
        for name in ("ed25519", "x25519"):
            if not _is_hash(row[name]):
                problems.append(f"auditors[{number}].{name}: must be {HASH_SIZE} bytes in hex")
    return problems


def _pin_problems(content: Mapping[str, Any]) -> list[str]:
    problems = []
    vkey, log_id = content.get("vkey"), content.get("log_id")
    try:
        if isinstance(vkey, str):
            VKey.parse(vkey)
    except LedgerError as error:
        problems.append(f"vkey: {error}")
    if isinstance(log_id, str) and not _is_hash(log_id):
        problems.append(f"log_id: must be {HASH_SIZE} bytes in hex")
    return problems


def _is_hash(text: str) -> bool:
    try:
        return bool(check_hash(decode_hex(text, "hash"), "hash"))
    except LedgerError:
        return False


def save(path: Path, profile: Profile) -> None:
    """Write ``profile``; raise FileExistsError over an old one."""
    lines = [f"{name} = {_quote(getattr(profile, name))}" for name in _TEXTS if getattr(profile, name)]
    for auditor in profile.auditors:
        lines += [
            "",
            "[[auditors]]",
            f"name = {_quote(auditor.name)}",
            f"ed25519 = {_quote(auditor.ed25519.hex())}",
            f"x25519 = {_quote(auditor.x25519.hex())}",
        ]
    with path.open("x", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _quote(text: str) -> str:
    """TOML's basic strings take JSON's escapes, but for its surrogate pairs, and must escape DELETE too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
