"""Signed notes: a text and signature lines under named keys (C2SP signed-note).

    text LF LF ("— " name " " base64(key id ‖ signature) LF)+

A key id is four bytes and no identity: a line belongs to a key when name and id both match, and counts when
the key's signature verifies.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.core.encoding import decode_base64, decode_hex, encode_base64, sha256, u8
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.signing import ED25519 as _SCHEME
from ledger.core.signing import KEY_SIZE, PublicKey, SecretKey, Signature, verify_signature

ED25519: Final = 0x01
"""The key type that signs the text itself."""
COSIGNATURE: Final = 0x04
"""The Ed25519 key type that signs a timestamp and a checkpoint (C2SP tlog-cosignature)."""

MAX_NOTE: Final = 1024 * 1024
MAX_SIGNATURES: Final = 100
ID_SIZE: Final = 4
SKEY_PREFIX: Final = "PRIVATE+KEY+"

_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


def check_text(text: str, field: str) -> str:
    """Return ``text``; raise InvalidInput unless it is UTF-8 without control bytes other than LF."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(field, "not UTF-8") from None
    if _CONTROL.search(text):
        raise InvalidInput(field, "has a control byte")
    return text


def check_name(name: str) -> str:
    """Return a key name; raise InvalidInput when it is empty or has a space or plus sign."""
    check_text(name, "key name")
    if not name or "+" in name or any(map(str.isspace, name)):
        raise InvalidInput("key name", "empty, or with a space or plus sign")
    return name


def key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    """Return SHA-256(name ‖ LF ‖ u8 type ‖ public key)[:4] (C2SP signed-note)."""
    return sha256(name.encode() + b"\n" + u8(algorithm) + public_key)[:ID_SIZE]


@dataclass(frozen=True, slots=True)
class VKey:
    """A verifier key: ``algorithm`` 01 or 04, ``key_id`` 4 bytes, ``public_key`` 32 (C2SP signed-note)."""

    name: str
    key_id: bytes
    algorithm: int
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.algorithm not in (ED25519, COSIGNATURE):
            raise Uncheckable("vkey: a key type that this release does not know")
        if len(self.public_key) != KEY_SIZE:
            raise InvalidInput("vkey", f"the public key must be {KEY_SIZE} bytes")
        if self.key_id != key_id(self.name, self.algorithm, self.public_key):
            raise InvalidInput("vkey", "the key id is another key's")

    @classmethod
    def of(cls, name: str, algorithm: int, public_key: bytes) -> "VKey":
        """Return the key with the id that it must have."""
        return cls(name, key_id(check_name(name), algorithm, public_key), algorithm, public_key)

    @classmethod
    def parse(cls, text: str) -> "VKey":
        """Parse ``name+hex8+base64(type ‖ public key)``.

        Raises:
            InvalidInput: malformed, or the key id is not the key's.
            Uncheckable: a key type that this release does not know.
        """
        return cls(*_parse_key(text, "vkey"))

    def format(self) -> str:
        """Return ``name+hex8+base64(type ‖ public key)``."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(u8(self.algorithm) + self.public_key)}"


def _parse_key(text: str, field: str) -> tuple[str, bytes, int, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3 or len(parts[1]) != 2 * ID_SIZE:
        raise InvalidInput(field, "not name+hex8+base64")
    name, hashed, encoded = parts
    material = decode_base64(encoded, field)
    if not material:
        raise InvalidInput(field, "without a key type")
    return name, decode_hex(hashed, field), material[0], material[1:]


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line of a note: ``key_id`` is 4 bytes, ``blob`` the key type's signature, at least a byte."""

    name: str
    key_id: bytes
    blob: bytes

    @classmethod
    def parse(cls, line: str) -> "SignatureLine":
        """Parse ``— name base64(key id ‖ signature)`` without its LF; raise InvalidInput if malformed."""
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—":
            raise InvalidInput("signature line", "not a dash, a name and base64")
        raw = decode_base64(parts[2], "signature line")
        if len(raw) <= ID_SIZE:
            raise InvalidInput("signature line", "shorter than a key id and a byte")
        return cls(check_name(parts[1]), raw[:ID_SIZE], raw[ID_SIZE:])

    def format(self) -> str:
        """Return ``— name base64(key id ‖ signature)`` without its LF."""
        return f"— {self.name} {encode_base64(self.key_id + self.blob)}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A named Ed25519 key that signs notes; golang's ``PRIVATE+KEY+name+hex8+base64(01 ‖ seed)``."""

    name: str
    secret: SecretKey

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Parse a golang signer key; raise InvalidInput unless it is one of type 01."""
        if not text.startswith(SKEY_PREFIX):
            raise InvalidInput("signing key", "does not begin with PRIVATE+KEY")
        name, hashed, algorithm, seed = _parse_key(text[len(SKEY_PREFIX) :], "signing key")
        if algorithm != ED25519:
            raise InvalidInput("signing key", "not an Ed25519 key")
        key = cls(name, SecretKey.from_seed(seed))
        if key.vkey().key_id != hashed:
            raise InvalidInput("signing key", "the key id is another key's")
        return key

    def format(self) -> str:
        """Return ``PRIVATE+KEY+name+hex8+base64(01 ‖ seed)``."""
        encoded = encode_base64(u8(ED25519) + self.secret.seed)
        return f"{SKEY_PREFIX}{self.name}+{self.vkey().key_id.hex()}+{encoded}"

    def vkey(self, algorithm: int = ED25519) -> VKey:
        """Return the verifier key of this key under a key type; each type has its own key id."""
        return VKey.of(self.name, algorithm, self.secret.public.key)

    def sign(self, text: str) -> SignatureLine:
        """Return the type 01 signature line over ``text``."""
        return SignatureLine(self.name, self.vkey().key_id, self.secret.sign(text.encode()).signature)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in LF, and its signature lines, which parsing does not verify."""

    text: str
    signatures: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """Parse a note of at most 1 MiB and 100 signatures; raise InvalidInput if malformed."""
        if len(raw) > MAX_NOTE:
            raise InvalidInput("note", f"longer than {MAX_NOTE} bytes")
        try:
            decoded = check_text(raw.decode("utf-8"), "note")
        except UnicodeDecodeError:
            raise InvalidInput("note", "not UTF-8") from None
        text, blank, tail = decoded.rpartition("\n\n")
        if not blank or not tail.endswith("\n"):
            raise InvalidInput("note", "without a blank line and signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise InvalidInput("note", f"more than {MAX_SIGNATURES} signatures")
        return cls(text + "\n", tuple([SignatureLine.parse(line) for line in lines]))

    def format(self) -> bytes:
        """Return the note's bytes; raise InvalidInput when they would not parse back to it."""
        lines = "".join([f"{line.format()}\n" for line in self.signatures])
        raw = check_text(f"{self.text}\n{lines}", "note").encode()
        if Note.parse(raw) != self:
            raise InvalidInput("note", "cannot be written")
        return raw

    def with_signature(self, line: SignatureLine) -> "Note":
        """Return the note with ``line`` last, instead of any of the same name and key id."""
        others = [old for old in self.signatures if (old.name, old.key_id) != (line.name, line.key_id)]
        return Note(self.text, (*others, line))


def verify_bytes(vkey: VKey, message: bytes, signature: bytes) -> bytes:
    """Return ``message``; raise VerificationFailed unless ``signature`` is the Ed25519 one of ``vkey``."""
    return verify_signature(
        PublicKey(_SCHEME, vkey.public_key), message, Signature(_SCHEME, signature), "signature line"
    )


def keyed_lines(note: Note, vkeys: Iterable[VKey], algorithm: int) -> list[tuple[VKey, SignatureLine]]:
    """Return the lines that claim to be by one of ``vkeys``, not yet verified, each with its key.

    Raises:
        InvalidInput: a key is of another type, or two keys share a name and key id.
    """
    known: dict[tuple[str, bytes], VKey] = {}
    for vkey in vkeys:
        if vkey.algorithm != algorithm:
            raise InvalidInput("vkey", f"must be of key type {algorithm:02x}")
        if known.setdefault((vkey.name, vkey.key_id), vkey) != vkey:
            raise InvalidInput("vkey", "two keys share a name and key id")
    pairs = [(known.get((line.name, line.key_id)), line) for line in note.signatures]
    return [(vkey, line) for vkey, line in pairs if vkey is not None]


def verify_note(note: Note, vkeys: Iterable[VKey]) -> Note:
    """Return the note with nothing but its verified type 01 signatures, one a key (C2SP signed-note).

    Raises:
        VerificationFailed: a signature line of a known key does not verify, or there is none of a known key.
    """
    message = note.text.encode()
    verified: dict[VKey, SignatureLine] = {}
    for vkey, line in keyed_lines(note, vkeys, ED25519):
        verify_bytes(vkey, message, line.blob)
        verified.setdefault(vkey, line)
    if not verified:
        raise VerificationFailed("note: no signature by a known key")
    return Note(note.text, tuple(verified.values()))


def open_note(raw: bytes, vkeys: Iterable[VKey]) -> Note:
    """Return the note in ``raw`` with nothing but its verified signatures (C2SP signed-note).

    Raises:
        InvalidInput: malformed.
        VerificationFailed: a signature line of a known key does not verify, or there is none of a known key.
    """
    return verify_note(Note.parse(raw), vkeys)
