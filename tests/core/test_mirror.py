"""Frozen classes mirror their messages field by field; what does not fit is refused by name."""

import types
import typing
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from ledger.core import bodies, mirror
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput
from ledger.core.signing import Signature
from ledger.core.statement import Seal, body_message, encode_body
from ledger.v1 import statement_pb2
from tests.core.examples import ANSWER, BODIES, CLOSING, EMBARGOED, LOG_OPENED, SOURCE_ENROLLED, SOURCE_KEY_CHANGED
from tests.core.strategies import BODY_CLASSES, descriptor_of

TYPES: dict[Any, set[int]] = {
    int: {FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64},
    str: {FieldDescriptor.TYPE_STRING},
    bytes: {FieldDescriptor.TYPE_BYTES},
    Hash: {FieldDescriptor.TYPE_BYTES},
}


def pairs() -> dict[type, Descriptor]:
    """Return each class with the message it mirrors, nested ones included."""
    found: dict[type, Descriptor] = {}
    rest: list[tuple[type, Descriptor]] = [(body, descriptor_of(body)) for body in BODY_CLASSES]
    rest.append((Seal, statement_pb2.Seal.DESCRIPTOR))
    while rest:
        cls, descriptor = rest.pop()
        found[cls] = descriptor
        hints = typing.get_type_hints(cls)
        for field in descriptor.fields:
            if field.message_type is not None:
                rest.append(((typing.get_args(hints[field.name]) or (hints[field.name],))[0], field.message_type))
    return found


PAIRS = [pytest.param(cls, descriptor, id=cls.__name__) for cls, descriptor in pairs().items()]


def test_every_body_is_mirrored() -> None:
    """The union of body classes and the oneof of messages are the same, by name."""
    messages = [field.message_type for field in statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields]
    assert [body.__name__ for body in BODY_CLASSES] == [message.name for message in messages if message is not None]


@pytest.mark.parametrize(("cls", "descriptor"), PAIRS)
def test_classes_and_messages_have_the_same_fields(cls: type, descriptor: Descriptor) -> None:
    """A class names its message's fields and no other, repeated ones as tuples, with the same types."""
    hints = typing.get_type_hints(cls)
    assert sorted(hints) == sorted(field.name for field in descriptor.fields)
    for field in descriptor.fields:
        hint = hints[field.name]
        assert (typing.get_origin(hint) is tuple) == field.is_repeated
        if typing.get_origin(hint) is types.UnionType:
            assert field.type == FieldDescriptor.TYPE_MESSAGE
        inner = (typing.get_args(hint) or (hint,))[0]
        if hint is not Hash and field.type == FieldDescriptor.TYPE_MESSAGE:
            assert field.message_type is not None
            assert inner.__name__ == field.message_type.name
        elif field.enum_type is not None:
            prefix = "".join(f"_{letter}" if letter.isupper() else letter for letter in inner.__name__)
            named = {f"{prefix[1:].upper()}_{member.name}": int(member) for member in inner}
            named[f"{prefix[1:].upper()}_UNSPECIFIED"] = 0
            assert {value.name: value.number for value in field.enum_type.values} == named
        else:
            assert field.type in TYPES[inner]


@pytest.mark.parametrize(("cls", "descriptor"), PAIRS)
def test_messages_have_only_what_has_one_spelling(cls: type, descriptor: Descriptor) -> None:
    """No map, float, group, optional scalar or oneof stands below the statement (protocol §1)."""
    assert not descriptor.oneofs
    for field in descriptor.fields:
        assert field.type in {FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_ENUM}.union(*TYPES.values())
        assert field.has_presence == (field.type == FieldDescriptor.TYPE_MESSAGE and not field.is_repeated)
        assert field.message_type is None or not field.message_type.GetOptions().map_entry


def without(body: bodies.Body, name: str) -> Message:
    """Return the message of ``body`` with a field cleared."""
    message = body_message(body)
    message.ClearField(name)
    return message


REQUIRED = [
    pytest.param(BODIES[name], field.name, id=f"{name}.{field.name}")
    for name in BODIES
    for field in descriptor_of(type(BODIES[name])).fields
    if field.has_presence and typing.get_origin(typing.get_type_hints(type(BODIES[name]))[field.name]) is None
]


@pytest.mark.parametrize(("body", "name"), REQUIRED)
def test_a_class_without_none_is_required(body: bodies.Body, name: str) -> None:
    """A missing submessage is refused by name, not read as one of defaults."""
    with pytest.raises(InvalidInput, match=f"^{name}: missing$"):
        mirror.read(type(body), without(body, name))


def test_some_submessages_are_required() -> None:
    """Targets, counts and signing keys are, embargo, part and predecessor are not."""
    names = {parameter.values[1] for parameter in REQUIRED}
    assert names == {"target", "disclosures", "aborted", "embargoed", "late", "signing_key", "maker"}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (LOG_OPENED, "predecessor"),
        (EMBARGOED, "embargo"),
        (EMBARGOED, "late_for"),
        (EMBARGOED, "part"),
        (ANSWER, "inclusion"),
        (BODIES["denial"], "denial"),
    ],
)
def test_optional_is_told_by_presence(body: bodies.Body, name: str) -> None:
    """A missing optional submessage is None, and nothing else changes."""
    read = mirror.read(type(body), without(body, name))
    assert getattr(read, name) is None
    assert read == replace(body, **{name: None})  # type: ignore[arg-type]  # the names above are theirs


def test_a_present_default_is_present() -> None:
    """An embargo until month 0 is written, and is another thing than no embargo."""
    body = replace(EMBARGOED, embargo=bodies.Embargo(0))
    read = mirror.read(bodies.Disclosure, statement_pb2.Disclosure.FromString(encode_body(body)))
    assert read.embargo == bodies.Embargo(0)


@dataclass(frozen=True, slots=True)
class Signed:
    """A message whose only field is a list."""

    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message with one that may be empty."""

    seal: Signed | None


def test_a_present_message_of_nothing_is_present() -> None:
    """A submessage without a single field is written, and is another thing than none."""
    for value, data in ((Sealed(Signed(())), b"\xfa\xff\xff\xff\x0f\x00"), (Sealed(None), b"")):
        message = statement_pb2.Statement()
        assert mirror.write(value, message) is message
        assert message.SerializeToString() == data
        assert mirror.read(Sealed, message) == value


@pytest.mark.parametrize(
    ("body", "change", "message"),
    [
        pytest.param(CLOSING, {"previous": b""}, "previous: must be 32 bytes", id="a missing hash"),
        pytest.param(CLOSING, {"previous": bytes(31)}, "previous: must be 32 bytes", id="a short hash"),
        pytest.param(CLOSING, {"egress_digest": bytes(33)}, "egress_digest: must be 32 bytes", id="a long hash"),
        pytest.param(
            SOURCE_KEY_CHANGED, {"replaces": bytes(20)}, "replaces: must be 32 bytes", id="a short hash of many fields"
        ),
        pytest.param(
            SOURCE_ENROLLED, {"closing_period": 0}, "closing_period: must be one of DAY, WEEK, MONTH", id="no period"
        ),
        pytest.param(
            SOURCE_ENROLLED, {"closing_period": 4}, "closing_period: must be one of DAY, WEEK, MONTH", id="a new period"
        ),
        pytest.param(
            SOURCE_ENROLLED, {"closing_period": -1}, "closing_period: must be one of DAY, WEEK, MONTH", id="a debt"
        ),
        pytest.param(
            BODIES["audit_report"],
            {"checks": [1, 9]},
            "checks: must be one of LOG, PAYLOADS, LOOKUP_MAP, CLOSINGS",
            id="a new check in a list",
        ),
        pytest.param(
            EMBARGOED, {"openings": [{"path": [bytes(32), bytes(31)]}]}, "path: must be 32 bytes", id="a hash in a list"
        ),
        pytest.param(BODIES["delivery"], {"target": {"leaf_hash": b"x"}}, "leaf_hash: must be 32 bytes", id="nested"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(body: bodies.Body, change: dict[str, Any], message: str) -> None:
    """A hash of another length and an unknown member are refused with field and bound."""
    changed = body_message(body)
    for name in change:
        changed.ClearField(name)
    changed.MergeFrom(type(changed)(**change))
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        mirror.read(type(body), changed)


def test_enums_are_members() -> None:
    """What is read is a member, not a bare number."""
    read = mirror.read(bodies.SourceEnrolled, body_message(SOURCE_ENROLLED))
    assert isinstance(read.closing_period, IntEnum)
    assert read.closing_period is bodies.Period.MONTH
