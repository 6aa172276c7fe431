"""The JSON Schema 2020-12 of a disclosure is generated from the field table (protocol, "Record and slots").

It states every rule that a schema can; the order of times and counts, Unicode form and country lists are
checked by ``DisclosureRecord`` alone.
"""

from typing import Final

from ledger.core.lookup_keys import KEY_TYPES, MAX_KEYS, REQUEST
from ledger.core.periods import NAME_PATTERN
from ledger.core.record_fields import FIELDS
from ledger.core.record_kinds import (
    COUNTRY_PATTERN,
    INDEFINITE,
    LIST_LIMIT,
    TEXT_LIMIT,
    TIME_PATTERN,
    Choice,
    Country,
    Integer,
    Kind,
    ListOf,
    Pattern,
    Structure,
    Text,
    Time,
)

EMBARGO_PATTERN: Final = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def record_schema() -> dict[str, object]:
    """Return the JSON Schema of ``{"record": {...}, "keys": [...]}``."""
    record = {
        "type": "object",
        "additionalProperties": False,
        "required": [field.name for field in FIELDS if field.required],
        "properties": {field.name: _property(field.kind, field.required) for field in FIELDS},
        "allOf": _conditions(),
    }
    keys = {"type": "array", "maxItems": MAX_KEYS, "uniqueItems": True, "items": {"oneOf": _key_schemas()}}
    return {
        "$schema": _DIALECT,
        "title": "Disclosure",
        "type": "object",
        "additionalProperties": False,
        "required": ["record"],
        "properties": {
            "record": record,
            "keys": keys,
            "embargo": {"type": "string", "pattern": EMBARGO_PATTERN},
            "late_for": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
        },
        "allOf": [_embargo_needs_an_order()],
    }


def _property(kind: Kind, required: bool) -> dict[str, object]:
    """An optional text or list may be empty, which means absent."""
    schema = _schema(kind)
    if isinstance(kind, Text):
        return {**schema, "minLength": 1} if required else schema
    if isinstance(kind, ListOf):
        return {**schema, "minItems": 1} if required else schema
    if required or isinstance(kind, Integer | Structure):
        return schema
    return {"anyOf": [schema, {"const": ""}]}


def _schema(kind: Kind) -> dict[str, object]:
    match kind:
        case Text(limit=limit):
            return {"type": "string", "maxLength": limit}
        case Pattern(pattern=pattern):
            return {"type": "string", "pattern": f"^{pattern}$"}
        case Country():
            return {"type": "string", "pattern": f"^{COUNTRY_PATTERN}$"}
        case Choice(known=known):
            return {"enum": list(known)}
        case Integer():
            return {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
        case Time(indefinite=indefinite):
            time = {"type": "string", "pattern": f"^{TIME_PATTERN}$"}
            return {"anyOf": [time, {"const": INDEFINITE}]} if indefinite else {**time}
        case ListOf(element=element):
            items = _property(element, required=True)
            return {"type": "array", "items": items, "maxItems": LIST_LIMIT, "uniqueItems": True}
        case Structure(members=members):
            return {
                "type": "object",
                "additionalProperties": False,
                "required": [name for name, _, required in members if required],
                "properties": {name: _property(member, required) for name, member, required in members},
            }
    raise AssertionError("a kind without a schema")


def _conditions() -> list[dict[str, object]]:
    def has(name: str, schema: dict[str, object]) -> dict[str, object]:
        return {"required": [name], "properties": {name: schema}}

    not_empty: dict[str, object] = {"not": {"const": ""}}
    handed_over = {
        "required": ["outcome", "accounts_disclosed"],
        "properties": {"outcome": {"enum": ["FULL", "PARTIAL"]}, "accounts_disclosed": {"minimum": 1}},
    }
    return [
        {"if": has("rejection_reason", not_empty), "then": has("outcome", {"const": "REJECTED"})},
        {"if": has("legal_basis_due_at", not_empty), "then": has("urgency", {"const": "EMERGENCY"})},
        {"if": handed_over, "then": {"required": ["artifact"]}},
    ]


def _embargo_needs_an_order() -> dict[str, object]:
    order = {"required": ["nondisclosure_order"], "properties": {"nondisclosure_order": {"type": "object"}}}
    return {"if": {"required": ["embargo"]}, "then": {"properties": {"record": order}}}


def _key_schemas() -> list[dict[str, object]]:
    text = {"type": "string", "minLength": 1, "maxLength": TEXT_LIMIT}
    plain = {
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "value"],
        "properties": {"type": {"enum": [name for name in KEY_TYPES if name != REQUEST]}, "value": text},
    }
    request = {
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "authority", "reference"],
        "properties": {"type": {"const": REQUEST}, "authority": text, "reference": text},
    }
    return [plain, request]
