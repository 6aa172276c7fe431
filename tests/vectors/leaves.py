"""Leaves, read strictly and with every rule of their fields (protocol §2, §4)."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.vectors import rules, wire
from tests.vectors.basics import Disproven, Unchecked, require
from tests.vectors.document import SCALARS, bodies, messages
from tests.vectors.wire import Message

SEAL: Final = 536870911


def read(data: bytes) -> Message:
    """Return the statement of a leaf; raise Unchecked for what version 1 does not know, else Disproven."""
    try:
        require(1 <= len(data) <= 16384, "size")
        outer = list(wire.pairs(data))
    except Disproven:
        if data.startswith(b"\x08") and not data.startswith(b"\x08\x01"):
            raise Unchecked("version") from None
        raise
    version = [content for number, content in outer if number == 1]
    if not version or version[-1] != 1:
        raise Unchecked("version")
    if any(number >= 16 and number not in bodies() and number != SEAL for number, _ in outer):
        raise Unchecked("body")
    if any(number == 5 for number, _ in outer):
        raise Unchecked("extension")
    statement = wire.decode("Statement", data)
    require(body_of(statement) != 0, "body")
    _check(statement)
    return statement


def body_of(statement: Message) -> int:
    """Return the number of the one body; 0 unless there is exactly one."""
    present = [number for number, (name, _) in bodies().items() if statement[name.lower()] is not None]
    return present[0] if len(present) == 1 else 0


def said(statement: Message) -> tuple[str, Message]:
    """Return the body's name and the body."""
    name = bodies()[body_of(statement)][0]
    return name, statement[name.lower()]


def unsealed(data: bytes) -> bytes:
    """Return a leaf without its seal."""
    return data.split(wire.varint(SEAL << 3 | 2))[0] if read(data)["seal"] is not None else data


def _check(statement: Message) -> None:
    require(rules.SOURCE_ID.fullmatch(statement["source_id"]) is not None, "source_id")
    require(statement["sequence"] <= 2**63 - 2, "sequence")
    require(statement["recorded_at"] <= 4_223_371_679, "recorded_at")
    require((bodies()[body_of(statement)][1] == "ledger") == (statement["source_id"] == "ledger"), "who says it")
    name, body = said(statement)
    check_fields(name, body)
    if statement["seal"] is not None:
        check_fields("Seal", statement["seal"])
    rules.check(name, body)
    if name == "DISCLOSURE" and body["embargo"] is not None:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=statement["recorded_at"])
        month = (moment.year - 1970) * 12 + moment.month - 1
        require(1 <= body["embargo"]["until"] - month <= 36 and not body["openings"], "embargo")


def check_fields(name: str, message: Message) -> None:
    """Sizes of hashes, members of enums, presence of messages, at every depth."""
    for field in messages()[name]:
        held = message[field.name]
        for value in held if field.repeated else [held]:
            if field.type == "hash":
                require(len(value) == 32, field.name)
            elif field.type == "enum":
                require(value in field.members.values(), field.name)
            elif field.type not in SCALARS:
                require(value is not None or field.optional, field.name)
                if value is not None:
                    check_fields(field.type, value)
