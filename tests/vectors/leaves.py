"""Leaves and batches, read strictly and with every rule of their fields (protocol §2 to §4)."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from tests.vectors import wire
from tests.vectors.basics import Disproven, Unchecked, require
from tests.vectors.document import SCALARS, bodies, messages
from tests.vectors.notes import VKey
from tests.vectors.sealing import box_of
from tests.vectors.wire import Message

SEAL: Final = 536870911
_SOURCE_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[!-~]([ -~]*[!-~])?")


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
    require(_SOURCE_ID.fullmatch(statement["source_id"]) is not None, "source_id")
    require(statement["sequence"] <= 2**63 - 2, "sequence")
    require(statement["recorded_at"] <= 4_223_371_679, "recorded_at")
    require((bodies()[body_of(statement)][1] == "ledger") == (statement["source_id"] == "ledger"), "who says it")
    name, body = said(statement)
    check_fields(name, body)
    if statement["seal"] is not None:
        check_fields("Seal", statement["seal"])
    if name in _RULES:
        _RULES[name](body)
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


def _ascending(values: Sequence[Any], what: str) -> None:
    require(all(a < b for a, b in pairwise(values)), what)


def _keys(keys: Sequence[Message], what: str) -> None:
    require(all(key["algorithm"] == 1 and len(key["key"]) == 32 for key in keys), what)


def _registered(keys: Sequence[Message], what: str) -> None:
    _ascending([key["algorithm"] for key in keys], what)
    require(len(keys) > 0, what)
    _keys(keys, what)


def _distinct(keys: Sequence[Message], what: str) -> None:
    _keys(keys, what)
    require(len({key["key"] for key in keys}) == len(keys), what)


def _disclosure(body: Message) -> None:
    require(body["key_class"] in (4, 16, 64, 256), "key_class")
    part = body["part"]
    require(part is None or (2 <= part["count"] <= 64 and part["index"] < part["count"]), "part")
    _ascending([opening["position"] for opening in body["openings"]], "openings")


def _enrolment(body: Message) -> None:
    _enrolled_id(body)
    require(_SOURCE_ID.fullmatch(body["service"]) is not None, "service")
    _registered(body["keys"], "keys")
    require(body["grace_hours"] <= 744, "grace_hours")
    _distinct(body["officers"], "officers")
    require(body["officer_threshold"] <= len(body["officers"]), "officer_threshold")


def _enrolled_id(body: Message) -> None:
    require(_SOURCE_ID.fullmatch(body["source_id"]) is not None and body["source_id"] != "ledger", "source_id")


def _policy(body: Message) -> None:
    _distinct(body["approvers"], "approvers")
    _ascending([row["body"] for row in body["thresholds"]], "thresholds")
    require(all(row["count"] <= len(body["approvers"]) for row in body["thresholds"]), "thresholds")


def _opened(body: Message) -> None:
    require(_NAME.fullmatch(body["origin"]) is not None, "origin")
    require(VKey.parse(body["checkpoint_vkey"]).name == body["origin"], "checkpoint_vkey")
    _registered(body["ledger_keys"], "ledger_keys")
    _policy(body)


def _auditor(body: Message) -> None:
    require(_NAME.fullmatch(body["name"]) is not None, "name")
    _keys([body["signing_key"]], "signing_key")
    box_of(bytes(32), body["x25519_key"])


def _closing(body: Message) -> None:
    require(body["start"] < body["end"] and body["first_sequence"] <= body["end_sequence"], "closing")
    counts = [body[name] for name in ("disclosures", "aborted", "embargoed", "late")]
    require(all(count["lo"] <= count["hi"] for count in counts), "counts")


def _answer(body: Message) -> None:
    require((body["inclusion"] is None) != (body["denial"] is None), "answer")


_RULES: Final[dict[str, Callable[[Message], None]]] = {
    "DISCLOSURE": _disclosure,
    "SOURCE_ENROLLED": _enrolment,
    "SOURCE_KEY_CHANGED": _enrolment,
    "SOURCE_REVOKED": _enrolled_id,
    "LOG_OPENED": _opened,
    "POLICY_CHANGED": _policy,
    "AUDITOR_ADDED": _auditor,
    "AUDITOR_REMOVED": _auditor,
    "CLOSING": _closing,
    "CHALLENGE_ANSWER": _answer,
}
