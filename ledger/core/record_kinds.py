"""The kinds of value that a field of a record may hold (protocol, "Record and slots").

A kind turns a value into its canonical form or adds a sentence to ``problems``. No sentence carries a value.
An empty text or list is the same as an absent one and becomes None.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import pycountry

from ledger.core.canonical_json import INTEGER_BOUND, encode_json

TEXT_LIMIT: Final = 500
NOTES_LIMIT: Final = 4000
LIST_LIMIT: Final = 64
INDEFINITE: Final = "INDEFINITE"
"""The expiry of an order that names no end."""

TIME_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
COUNTRY_PATTERN: Final = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"
SHA256_PATTERN: Final = r"[0-9a-f]{64}"
MEDIA_TYPE_PATTERN: Final = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORBIDDEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def text_problem(text: str, limit: int) -> str | None:
    """Say why ``text`` is too long, not NFC or has control or bidi characters; None where it is fine."""
    if len(text) > limit:
        return f"longer than {limit} characters"
    if text.isascii():
        return None if text.isprintable() else "has a control character"
    if any(unicodedata.category(character) in _FORBIDDEN for character in text):
        return "has a control character"
    if not _BIDI.isdisjoint(text):
        return "has a bidirectional control character"
    if not unicodedata.is_normalized("NFC", text):
        return "not in Unicode normalization form C"
    return None


def rfc3339(moment: datetime) -> str:
    """Return ``YYYY-MM-DDTHH:MM:SS.mmmZ`` of an aware ``moment``, microseconds cut off."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Kind(Protocol):
    """What a field may hold."""

    def check(self, value: object, path: str, problems: list[str]) -> object:
        """Return the canonical form, or None where it is absent or a problem was added."""
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """Free text of at most ``limit`` characters."""

    limit: int = TEXT_LIMIT

    def check(self, value: object, path: str, problems: list[str]) -> str | None:
        """Return the text unchanged."""
        problem = text_problem(value, self.limit) if isinstance(value, str) else "must be a text"
        if problem:
            problems.append(f"{path}: {problem}")
        return None if problem or not value else str(value)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text that one regular expression describes; ``meaning`` says it in words."""

    pattern: str
    meaning: str

    def check(self, value: object, path: str, problems: list[str]) -> str | None:
        """Return the text unchanged."""
        if value == "":
            return None
        if isinstance(value, str) and re.fullmatch(self.pattern, value, re.ASCII):
            return value
        problems.append(f"{path}: must be {self.meaning}")
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list of values."""

    known: tuple[str, ...]

    def check(self, value: object, path: str, problems: list[str]) -> str | None:
        """Return the value, or list the known ones."""
        if value == "":
            return None
        if isinstance(value, str) and value in self.known:
            return value
        problems.append(f"{path}: must be one of {', '.join(self.known)}")
        return None


@dataclass(frozen=True, slots=True)
class Country:
    """An ISO 3166-1 alpha-2 code, or an ISO 3166-2 code of a part of a country."""

    def check(self, value: object, path: str, problems: list[str]) -> str | None:
        """Return the code unchanged; only upper case is a code."""
        if value == "":
            return None
        if isinstance(value, str) and re.fullmatch(COUNTRY_PATTERN, value, re.ASCII):
            divisions, countries = pycountry.subdivisions, pycountry.countries
            found = divisions.get(code=value) if "-" in value else countries.get(alpha_2=value)  # type: ignore[no-untyped-call]
            if found:
                return value
        problems.append(f"{path}: must be an ISO 3166-1 alpha-2 or ISO 3166-2 code")
        return None


@dataclass(frozen=True, slots=True)
class Integer:
    """A count from 0 to 2**53 - 1."""

    def check(self, value: object, path: str, problems: list[str]) -> int | None:
        """Return the integer; true and false are none."""
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < INTEGER_BOUND:
            return value
        problems.append(f"{path}: must be an integer from 0 to 2**53 - 1")
        return None


@dataclass(frozen=True, slots=True)
class Time:
    """RFC 3339 UTC with milliseconds, or ``INDEFINITE`` where a field allows it."""

    indefinite: bool = False

    def check(self, value: object, path: str, problems: list[str]) -> str | None:
        """Return the text form; an aware datetime is converted to it."""
        if value == "":
            return None
        if self.indefinite and value == INDEFINITE:
            return INDEFINITE
        try:
            if isinstance(value, datetime) and value.tzinfo is not None:
                return rfc3339(value)
            if isinstance(value, str) and re.fullmatch(TIME_PATTERN, value, re.ASCII):
                datetime.fromisoformat(value)
                return value
        except (ValueError, OverflowError):
            pass  # a month 13 or an hour 25; in UTC outside of the years 1 to 9999
        or_indefinite = f" or {INDEFINITE}" if self.indefinite else ""
        problems.append(f"{path}: must be a UTC time YYYY-MM-DDTHH:MM:SS.mmmZ{or_indefinite}")
        return None


@dataclass(frozen=True, slots=True)
class ListOf:
    """At most 64 different elements of one kind, kept sorted by the UTF-8 bytes of their JSON."""

    element: Kind

    def check(self, value: object, path: str, problems: list[str]) -> tuple[object, ...] | None:
        """Return the sorted elements; an empty or doubled element is a problem."""
        if not isinstance(value, list | tuple):
            problems.append(f"{path}: must be a list")
            return None
        if len(value) > LIST_LIMIT:
            problems.append(f"{path}: has more than {LIST_LIMIT} elements")
            return None
        before = len(problems)
        elements = [self.element.check(element, path, problems) for element in value]
        if len(problems) > before:
            return None
        if None in elements:
            problems.append(f"{path}: has an empty element")
            return None
        if len(set(elements)) < len(elements):
            problems.append(f"{path}: has an element twice")
            return None
        return tuple(sorted(elements, key=encode_json)) or None


@dataclass(frozen=True, slots=True)
class DataRange:
    """The span of the data handed over; ``from`` and ``to`` in JSON."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class NondisclosureOrder:
    """The order that forbids telling; ``expires_at`` is a time or ``INDEFINITE``."""

    basis: str
    issued_at: str
    expires_at: str
    scope: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """What was handed over: SHA-256 in hex, size in bytes, media type."""

    sha256: str
    bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who received it: a name and, where there is one, the id of the key it was encrypted to."""

    name: str
    key_id: str | None = None


Struct = DataRange | NondisclosureOrder | Artifact | Recipient


@dataclass(frozen=True, slots=True)
class Structure:
    """An object of fixed members; ``members`` are (name in JSON, kind, required) in ``shape``'s order."""

    shape: type[DataRange] | type[NondisclosureOrder] | type[Artifact] | type[Recipient]
    members: tuple[tuple[str, Kind, bool], ...]

    def check(self, value: object, path: str, problems: list[str]) -> Struct | None:
        """Return the object as its dataclass."""
        given = self.to_json(value) if isinstance(value, self.shape) else value
        if not isinstance(given, Mapping):
            problems.append(f"{path}: must be an object")
            return None
        before = len(problems)
        names = [name for name, _, _ in self.members]
        if not given.keys() <= set(names):
            problems.append(f"{path}: has an unknown member; known are {', '.join(names)}")
        checked = [self._member(given, member, path, problems) for member in self.members]
        build: Callable[..., Struct] = self.shape
        return None if len(problems) > before else build(*checked)

    def to_json(self, value: Struct) -> dict[str, object]:
        """Return the present members under their JSON names."""
        attributes: tuple[str, ...] = self.shape.__slots__
        pairs = [(member[0], getattr(value, name)) for member, name in zip(self.members, attributes, strict=True)]
        return {name: held for name, held in pairs if held is not None}

    @staticmethod
    def _member(given: Mapping[str, object], member: tuple[str, Kind, bool], path: str, problems: list[str]) -> object:
        name, kind, required = member
        before = len(problems)
        checked = kind.check(given[name], f"{path}.{name}", problems) if name in given else None
        if required and checked is None and len(problems) == before:
            problems.append(f"{path}.{name}: required")
        return checked
