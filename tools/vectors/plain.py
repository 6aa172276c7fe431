"""Values as JSON: bytes as lower-case hex, enums by name, dataclasses as objects without absent members."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum

Json = dict[str, object]
"""One JSON object."""


def plain(value: object) -> object:
    """Return ``value`` in JSON's own types."""
    if isinstance(value, IntEnum):
        return value.name
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if is_dataclass(value):
        members = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: plain(member) for name, member in members if member is not None}
    if isinstance(value, list | tuple):
        return [plain(element) for element in value]
    raise TypeError(type(value).__name__)


def case(name: str, **members: object) -> Json:
    """Return a named case."""
    return {"name": name, **{member: plain(value) for member, value in members.items()}}
