"""Values of our own classes as JSON can hold them, and back, field by field; for state that is kept, never on the wire.

Classes are read by their type hints, strictly: ``bytes`` are hex, a mapping is a list of pairs, a class a list of its
fields in order. What does not fit raises InvalidInput.
"""

import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from ledger.core.encoding import Hash, check_hash, decode_hex
from ledger.core.errors import InvalidInput

T = TypeVar("T")


def plain(value: Any) -> Any:
    """Return ``value`` in texts, numbers, truth values, lists and None."""
    match value:
        case Enum():
            return value.value
        case bool() | int() | str() | None:
            return value
        case bytes():
            return value.hex()
        case dict():
            return [[plain(key), plain(item)] for key, item in value.items()]
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return [plain(getattr(value, field.name)) for field in fields(value)]


def restored(cls: type[T], value: Any) -> T:
    """Return the ``cls`` that ``plain`` made ``value`` of; raise InvalidInput if it is of none."""
    return cast(T, _reader(cast(Any, cls))(value))


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = _reader(arguments[0])
        return lambda value: None if value is None else inner(value)
    if origin in (tuple, list):
        element = _reader(arguments[0])
        if origin is tuple and arguments[1:] != (...,):
            elements = [_reader(argument) for argument in arguments]
            return lambda value: tuple([read(item) for read, item in zip(elements, _row(value, elements), strict=True)])
        return lambda value: origin([element(item) for item in _list(value)])
    if origin is dict:
        pair = [_reader(argument) for argument in arguments]
        return lambda value: dict(
            [[read(part) for read, part in zip(pair, _row(item, pair), strict=True)] for item in _list(value)]
        )
    if hint is Hash:
        return lambda value: check_hash(decode_hex(_exact(value, str), "state"), "state")
    if hint is bytes:
        return lambda value: decode_hex(_exact(value, str), "state")
    if is_dataclass(hint):
        return _class_reader(cast(Any, hint))
    if issubclass(hint, Enum):
        return lambda value: _member(hint, value)
    return lambda value: _exact(value, hint)


def _class_reader(cls: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(cls)
    readers = [_reader(hints[field.name]) for field in fields(cls)]
    return lambda value: cls(*[read(item) for read, item in zip(readers, _row(value, readers), strict=True)])


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", _exact(value, list))


def _row(value: Any, expected: list[Any]) -> list[Any]:
    found = _list(value)
    if len(found) != len(expected):
        raise InvalidInput("state", "a row has more or fewer values than it should")
    return found


def _exact(value: Any, cls: type) -> Any:
    if type(value) is not cls:
        raise InvalidInput("state", "a value is of another type than it should be")
    return value


def _member(enum: Any, value: Any) -> Any:
    try:
        return enum(value)
    except ValueError:
        raise InvalidInput("state", "a value is none of those that it may be") from None
