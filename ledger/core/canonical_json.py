"""Canonical JSON is RFC 8785 narrowed to what a record holds: no null, no fraction, |n| < 2**53, ASCII names.

Within these bounds sorting names by code point equals RFC 8785's order by UTF-16 unit, and the escapes are
the same, so the interpreter's own encoder gives RFC 8785 bytes (protocol, "Record and slots").
"""

import json
from json.encoder import encode_basestring
from typing import Final

from ledger.core.errors import InvalidInput

INTEGER_BOUND: Final = 2**53
"""Integers stay below this in absolute value, where every JSON parser keeps them exact."""


def encode_json(value: object, field: str = "json") -> bytes:
    """Return the RFC 8785 bytes of ``value``; raise InvalidInput outside the bounds above."""
    try:
        return _written(value, field).encode()
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


def _written(value: object, field: str) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value)  # type: ignore[arg-type]  # kind is str, known to us alone
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        if not -INTEGER_BOUND < value < INTEGER_BOUND:  # type: ignore[operator]  # likewise
            raise InvalidInput(field, "an integer is not below 2**53")
        return str(value)
    if isinstance(value, list):
        return f"[{','.join([_written(element, field) for element in value])}]"
    if isinstance(value, dict):
        if not all(type(name) is str and name.isascii() for name in value):
            raise InvalidInput(field, "a member name is not ASCII text")
        return (
            "{"
            + ",".join([f"{encode_basestring(name)}:{_written(value[name], field)}" for name in sorted(value)])
            + "}"
        )
    raise InvalidInput(field, "holds null, a fraction, or what JSON does not have")
