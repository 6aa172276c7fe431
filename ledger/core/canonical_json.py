"""Canonical JSON is RFC 8785 narrowed to what a record holds: no null, no fraction, |n| < 2**53, ASCII names.

Within these bounds sorting names by code point equals RFC 8785's order by UTF-16 unit, and the escapes are
the same, so the interpreter's own encoder gives RFC 8785 bytes (protocol, "Record and slots").
"""

import json
from typing import Final

from ledger.core.errors import InvalidInput

INTEGER_BOUND: Final = 2**53
"""Integers stay below this in absolute value, where every JSON parser keeps them exact."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def encode_json(value: object, field: str = "json") -> bytes:
    """Return the RFC 8785 bytes of ``value``; raise InvalidInput outside the bounds above."""
    try:
        _check(value, field)
        return _ENCODER.encode(value).encode()
    except (UnicodeEncodeError, RecursionError):
        raise InvalidInput(field, "not Unicode text, or nested too deeply") from None


def decode_json(data: bytes, field: str = "json") -> object:
    """Return the value of canonical JSON; raise InvalidInput unless it encodes to the same bytes."""
    try:
        value: object = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise InvalidInput(field, "not JSON") from None
    if encode_json(value, field) != data:
        raise InvalidInput(field, "not canonical JSON")
    return value


def _check(value: object, field: str) -> None:
    kind = type(value)
    if kind is str or kind is bool:
        return
    if kind is int:
        if not -INTEGER_BOUND < value < INTEGER_BOUND:  # type: ignore[operator]  # kind is int, known to us alone
            raise InvalidInput(field, "an integer is not below 2**53")
    elif isinstance(value, list):
        for element in value:
            _check(element, field)
    elif isinstance(value, dict):
        for name, member in value.items():
            if type(name) is not str or not name.isascii():
                raise InvalidInput(field, "a member name is not ASCII text")
            _check(member, field)
    else:
        raise InvalidInput(field, "holds null, a fraction, or what JSON does not have")
