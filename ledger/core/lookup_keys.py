"""A lookup key is one identifier of a person in its only spelling (protocol, "Lookup keys").

canonical key = u8 1 ‖ str8(type) ‖ u16 length ‖ value
commitment    = SHA-256(L("key") ‖ salt(16) ‖ canonical key)
keys root     = MTH over all commitments and padding, sorted bytewise
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import phonenumbers

from ledger.core.encoding import Hash, check_hash, label, sha256, str8, u8, u16
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.merkle import hash_leaves, hash_parents, merkle_root
from ledger.core.record_kinds import TEXT_LIMIT, text_problem

VERSION: Final = 1
SALT_SIZE: Final = 16
CLASSES: Final = (4, 16, 64, 256)
MAX_KEYS: Final = CLASSES[-1]
REQUEST: Final = "request"
KEY_TYPES: Final = ("phone", "email", "account", "ip", "username", "artifact", REQUEST)

_KEY: Final = label("key")
_KEY_SALTS: Final = label("key-salts")
_HEADS: Final = {name: u8(VERSION) + str8(name) for name in KEY_TYPES}
_PHONE: Final = re.compile(r"\+[0-9 ().-]{2,40}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
"""Only ASCII letters fold: folding others depends on the Unicode version and the language."""

T = TypeVar("T", bound=bytes)


@dataclass(frozen=True, slots=True)
class LookupKey:
    """One identifier: a known type, the canonical value as bytes, the version of the canonicaliser."""

    type: str
    value: bytes
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise Uncheckable(f"keys.version: only {VERSION} is known")
        if self.type not in KEY_TYPES:
            raise InvalidInput("keys.type", f"must be one of {', '.join(KEY_TYPES)}")
        if not 0 < len(self.value) <= 0xFFFF:
            raise InvalidInput("keys.value", "must be 1 to 65535 bytes")

    @property
    def canonical(self) -> bytes:
        """u8 version ‖ str8(type) ‖ u16 length ‖ value (protocol, "Lookup keys")."""
        return _HEADS[self.type] + u16(len(self.value)) + self.value


@dataclass(frozen=True, slots=True)
class KeyCommitments:
    """What hides an entry's keys: salts in key order, padding of 32 bytes each, class and root."""

    salts: tuple[bytes, ...]
    padding: tuple[bytes, ...]
    key_class: int
    root: Hash


def canonicalise(key_type: str, value: str) -> LookupKey:
    """Return the key of an identifier as people write it; raise InvalidInput where it is none of its type."""
    if key_type == REQUEST or key_type not in KEY_TYPES:
        known = ", ".join(name for name in KEY_TYPES if name != REQUEST)
        raise InvalidInput("keys.type", f"must be one of {known}, or {REQUEST} with authority and reference")
    return LookupKey(key_type, _canonical(key_type, _text(value, "keys.value")).encode())


def _canonical(key_type: str, text: str) -> str:
    match key_type:
        case "phone":
            text = _phone(text)
        case "email":
            if not _EMAIL.fullmatch(text):
                raise InvalidInput("keys.value", "not an e-mail address")
            text = text.translate(_LOWER)
        case "ip":
            text = _ip(text)
        case "artifact":
            if not _SHA256.fullmatch(text):
                raise InvalidInput("keys.value", "not a SHA-256 in 64 hexadecimal digits")
            text = text.lower()
    return text


def canonicalise_request(authority: str, reference: str) -> LookupKey:
    """Return the key of an authority's request; both parts are required and ASCII letters fold."""
    parts = ((authority, "keys.authority"), (reference, "keys.reference"))
    raw = [_text(part, field).translate(_LOWER).encode() for part, field in parts]
    return LookupKey(REQUEST, b"".join(u16(len(part)) + part for part in raw))


def split_canonical(data: bytes) -> tuple[LookupKey, bytes]:
    """Return the key whose canonical form ``data`` begins with, and what follows it.

    Raises:
        InvalidInput: it is cut short, or no known type.
        Uncheckable: another version of the canonicaliser.
    """
    end = 2 + int.from_bytes(data[1:2], "big")
    at = end + 2
    length = int.from_bytes(data[end:at], "big")
    if len(data) < at + length:
        raise InvalidInput("key", "cut short")
    return LookupKey(data[2:end].decode("ascii", "replace"), data[at : at + length], data[0]), data[at + length :]


def verify_canonical(key: LookupKey) -> LookupKey:
    """Return ``key`` if canonicalising its value gives it again; raise InvalidInput otherwise."""
    try:
        if key.type == REQUEST:
            same = _request_again(key.value) == key
        else:
            text = _text(key.value.decode(), "keys.value")
            same = _canonical(key.type, text) == text
    except UnicodeDecodeError:
        raise InvalidInput("keys.value", "not UTF-8") from None
    if not same:
        raise InvalidInput("keys.value", f"not the canonical form of type {key.type}")
    return key


def commitment(salt: bytes, key: LookupKey) -> Hash:
    """Return SHA-256(L("key") ‖ salt(16) ‖ canonical key)."""
    return sha256(_KEY + salt + key.canonical)


def key_class(count: int) -> int:
    """Return the smallest of 4, 16, 64 and 256 that holds ``count`` keys."""
    for size in CLASSES:
        if count <= size:
            return size
    raise InvalidInput("keys", f"more than {MAX_KEYS}; split the disclosure into parts")


def derive_commitments(keys: Sequence[LookupKey], entry_secret: bytes) -> KeyCommitments:
    """Return salts, padding, class and root of ``keys`` in record order (protocol, "Lookup keys")."""
    check_hash(entry_secret, "entry_secret")
    size = key_class(len(keys))
    salted = SALT_SIZE * len(keys)
    stream = hashlib.shake_256(_KEY_SALTS + entry_secret).digest(salted + 32 * (size - len(keys)))
    salts = tuple(stream[at : at + SALT_SIZE] for at in range(0, salted, SALT_SIZE))
    padding = tuple(stream[at : at + 32] for at in range(salted, len(stream), 32))
    commitments = [commitment(salt, key) for salt, key in zip(salts, keys, strict=True)]
    _refuse_doubled(keys)
    return KeyCommitments(salts, padding, size, keys_root((*commitments, *padding)))


def keys_root(commitments: Sequence[bytes]) -> Hash:
    """Return MTH over the commitments sorted bytewise; raise InvalidInput for a doubled one."""
    return merkle_root(_sorted(commitments))


def _sorted(commitments: Sequence[T]) -> list[T]:
    if len(set(commitments)) < len(commitments):
        raise InvalidInput("keys", "a commitment appears twice")
    return sorted(commitments)


def verify_keys_root(
    salted_keys: Sequence[tuple[LookupKey, bytes]],
    padding: Sequence[bytes],
    expected_class: int,
    expected_root: bytes,
) -> Hash:
    """Return the root, which canonical (key, salt) pairs and padding give that fill the smallest class.

    Raises InvalidInput for what breaks a rule and VerificationFailed where the root differs.
    """
    verify_keys_roots([(salted_keys, padding, expected_class, expected_root)])
    return Hash(expected_root)


def verify_keys_roots(
    entries: Iterable[tuple[Sequence[tuple[LookupKey, bytes]], Sequence[bytes], int, bytes]],
) -> None:
    """Check entries of (salted keys, padding, class, root) as ``verify_keys_root`` does one.

    A class is a power of two, so the trees of one class are hashed side by side, level by level.
    """
    levels: dict[int, list[Hash]] = {}
    roots: dict[int, list[bytes]] = {}
    for salted_keys, padding, size, root in entries:
        levels.setdefault(size, []).extend(_commitments(salted_keys, padding, size))
        roots.setdefault(size, []).append(root)
    for size, expected in roots.items():
        level = hash_leaves(levels[size])
        while len(level) > len(expected):
            level = hash_parents(level)
        if level != expected:
            raise VerificationFailed("keys root: the keys do not give it")


def given_root(salted_keys: Sequence[tuple[LookupKey, bytes]], padding: Sequence[bytes]) -> tuple[Hash, int]:
    """Return the keys root that canonical (key, salt) pairs and padding give, and their class.

    Raises InvalidInput for what breaks a rule, or fills no class.
    """
    size = key_class(len(salted_keys))
    return merkle_root(_commitments(salted_keys, padding, size)), size


def _commitments(salted_keys: Sequence[tuple[LookupKey, bytes]], padding: Sequence[bytes], size: int) -> list[Hash]:
    """Return the ``size`` commitments of one entry, sorted; raise InvalidInput for what breaks a rule."""
    if key_class(len(salted_keys)) != size:
        raise InvalidInput("key_class", "not the smallest class that holds the keys")
    if len(salted_keys) + len(padding) != size:
        raise InvalidInput("keys.padding", "keys and padding do not add up to the class")
    commitments = [check_hash(piece, "keys.padding") for piece in padding]
    for key, salt in salted_keys:
        verify_canonical(key)
        if len(salt) != SALT_SIZE:
            raise InvalidInput("keys.salt", f"must be {SALT_SIZE} bytes")
        commitments.append(commitment(salt, key))
    if len(salted_keys) > 1:
        _refuse_doubled([key for key, _ in salted_keys])
    return _sorted(commitments)


def _refuse_doubled(keys: Sequence[LookupKey]) -> None:
    if len({key.canonical for key in keys}) < len(keys):
        raise InvalidInput("keys", "a key appears twice")


def _text(value: str, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput(field, "must be a text that is not empty")
    problem = text_problem(value, TEXT_LIMIT)
    if problem:
        raise InvalidInput(field, problem)
    return value


def _phone(text: str) -> str:
    """A zero that stands twice before the number is taken off once a time, so what remains has to stay as it is."""
    written = _e164(text)
    if written != text and _e164(written) != written:
        raise InvalidInput("keys.value", "not a telephone number: a trunk prefix stands twice")
    return written


def _e164(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise InvalidInput("keys.value", "not a telephone number with + and country code")
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = phonenumbers.PhoneNumber()
    if not phonenumbers.is_possible_number(number):
        raise InvalidInput("keys.value", "not a possible telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _ip(text: str) -> str:
    """An IPv4 address mapped into IPv6 is that IPv4 address; a scope is local and refused."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise InvalidInput("keys.value", "not an IP address") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise InvalidInput("keys.value", "an IP address with a scope")
        return str(address.ipv4_mapped or address)
    return str(address)


def _request_again(value: bytes) -> LookupKey:
    first = 2 + int.from_bytes(value[:2], "big")
    second = first + 2 + int.from_bytes(value[first : first + 2], "big")
    if len(value) != second:
        raise InvalidInput("keys.value", "not two length-prefixed texts")
    return canonicalise_request(value[2:first].decode(), value[first + 2 : second].decode())
