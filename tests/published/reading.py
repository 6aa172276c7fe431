"""The vectors' JSON, and frozen classes of what it says."""

import json
import types
import typing
from dataclasses import fields
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import pytest

from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.signing import PublicKey
from ledger.v1 import statement_pb2

T = TypeVar("T")
Case = dict[str, Any]

FOLDER: Final = Path(__file__).parents[1] / "vectors"
_BODY: Final = statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"]


def vectors(name: str) -> Case:
    """Return the content of one file."""
    return cast(Case, json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def cases(name: str, *members: str) -> list[Any]:
    """Return the cases of some members of a file, each under its own name."""
    content = vectors(name)
    return [pytest.param(case, id=case["name"]) for member in members for case in content[member]]


def raw(text: str) -> bytes:
    """Return the bytes of hex."""
    return bytes.fromhex(text)


def hashes(texts: list[str]) -> tuple[Hash, ...]:
    """Return the hashes of hex."""
    return tuple(Hash(raw(text)) for text in texts)


def public_keys(listed: list[Case]) -> tuple[PublicKey, ...]:
    """Return public keys."""
    return tuple(rebuild(PublicKey, key) for key in listed)


def body_class(field: int) -> Any:
    """Return the class of the body with this field number."""
    message: Any = next(one.message_type for one in _BODY.fields if one.number == field)
    return getattr(bodies, message.name)


def rebuild(cls: type[T], value: Case) -> T:
    """Return the frozen class that ``value`` shows member by member; an absent one is None."""
    hints = typing.get_type_hints(cls)
    shown = {field.name: _value(hints[field.name], value[field.name]) for field in _present(cls, value)}
    assert value.keys() == shown.keys()
    return cls(**shown)


def _present(cls: Any, value: Case) -> list[Any]:
    return [field for field in fields(cls) if field.name in value]


def _value(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) is tuple:
        return tuple(_value(typing.get_args(hint)[0], element) for element in value)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return _value(typing.get_args(hint)[0], value)
    if hint in (Hash, bytes):
        return raw(value)
    if hint in (int, str):
        assert type(value) is hint
        return value
    if issubclass(hint, IntEnum):
        return hint[value]
    return rebuild(hint, value)
