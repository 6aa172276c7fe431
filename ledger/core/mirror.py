"""Protobuf messages to frozen classes and back; nothing past this module sees a message.

A frozen class names its message's fields one by one. Its type hints say how each is read: a scalar as it is, ``Hash``
with its length checked, an enum as a known member, a class in turn, ``X | None`` by presence, a tuple element by
element.
"""

import types
import typing
from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.message import Message

from ledger.core.encoding import Hash, check_hash
from ledger.core.errors import InvalidInput

T = TypeVar("T")
_SCALARS = (int, str, bytes)


def read(cls: type[T], message: Message) -> T:
    """Return ``message`` as ``cls``; raise InvalidInput naming the first field that does not fit."""
    return cast(T, _reader(cast(Any, cls))(message))


def write(value: object, message: Message) -> Message:
    """Fill the empty ``message`` from the frozen ``value`` that mirrors it, and return it."""
    for name in _names(cast(Any, type(value))):
        _write_field(message, name, getattr(value, name))
    return message


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


def _write_field(message: Message, name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, tuple):
        target = getattr(message, name)
        for item in value:
            if isinstance(item, _SCALARS):
                target.append(item)
            else:
                write(item, target.add())
    elif isinstance(value, _SCALARS):
        setattr(message, name, value)
    else:
        submessage = getattr(message, name)
        submessage.SetInParent()
        write(value, submessage)


@cache
def _reader(cls: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(cls)
    readers = [_field_reader(field.name, hints[field.name]) for field in fields(cls)]
    return lambda message: cls(*[reader(message) for reader in readers])


def _field_reader(name: str, hint: Any) -> Callable[[Any], Any]:
    if typing.get_origin(hint) is tuple:
        element = _value_reader(name, typing.get_args(hint)[0])
        return lambda message: tuple([element(item) for item in getattr(message, name)])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        inner = _value_reader(name, typing.get_args(hint)[0])
        return lambda message: inner(getattr(message, name)) if message.HasField(name) else None
    value = _value_reader(name, hint)
    if hint in _SCALARS or hint is Hash or issubclass(hint, IntEnum):
        return lambda message: value(getattr(message, name))

    def required(message: Any) -> Any:
        if not message.HasField(name):
            raise InvalidInput(name, "missing")
        return value(getattr(message, name))

    return required


def _value_reader(name: str, hint: Any) -> Callable[[Any], Any]:
    if hint is Hash:
        return lambda value: check_hash(value, name)
    if hint in _SCALARS:
        return lambda value: value
    if issubclass(hint, IntEnum):
        return lambda value: _member(hint, value, name)
    return _reader(hint)


def _member(enum: type[IntEnum], value: int, name: str) -> IntEnum:
    try:
        return enum(value)
    except ValueError:
        known = ", ".join(member.name for member in enum)
        raise InvalidInput(name, f"must be one of {known}") from None
