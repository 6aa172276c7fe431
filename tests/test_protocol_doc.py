"""docs/protocol.md says what the contract and the published vectors say."""

import re
from functools import cache
from typing import Final

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from ledger.core.chain import ADMITTED
from ledger.core.record_fields import FIELDS
from ledger.core.statement import body_name
from ledger.v1 import receipt_pb2, statement_pb2
from tests.vectors import document, leaves
from tests.vectors.basics import h, vectors
from tests.vectors.document import Field

CONSTANTS: Final = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": "SHA-256 of nothing",
}
"""Long hex of the text that is no vector's."""

_HEX: Final = re.compile(r"\b(?:[0-9a-f]{2}){16,}\b")
_VKEY: Final = re.compile(r"`([^` ]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)`")
_LINK: Final = re.compile(r"\]\(([^)#]+)\)")
_ANCHOR: Final = re.compile(r"\]\(#([^)]+)\)")
_MINUTES: Final = re.compile(r"\[(\d\d,\d{3},\d{3}), (\d\d,\d{3},\d{3})\)")
_TYPES: Final = {
    FieldDescriptor.TYPE_UINT32: {"u32"},
    FieldDescriptor.TYPE_UINT64: {"u64"},
    FieldDescriptor.TYPE_STRING: {"text"},
    FieldDescriptor.TYPE_BYTES: {"bytes", "hash"},
    FieldDescriptor.TYPE_ENUM: {"enum"},
}


@cache
def text() -> str:
    """Return the document."""
    return "\n".join(document.lines())


@cache
def published() -> str:
    """Return all vectors as one text."""
    return "".join(path.read_text() for path in sorted(document.DOCUMENT.parents[1].glob("tests/vectors/*.json")))


def contract() -> dict[str, Descriptor]:
    """Return every message that a leaf or a receipt can hold, a body under its name in the protocol."""
    names: dict[str, str] = {}
    for field in statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields:
        assert field.message_type is not None
        names[field.message_type.name] = field.name.upper()
    found: dict[str, Descriptor] = {}
    waiting = [receipt_pb2.ReceiptExtra.DESCRIPTOR, statement_pb2.Statement.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        found[names.get(message.name, message.name)] = message
        inner = [field.message_type for field in message.fields if field.message_type is not None]
        waiting += [one for one in inner if names.get(one.name, one.name) not in found]
    return found


def test_every_message_has_its_table() -> None:
    """The document has a table for each message of the contract, and for no other."""
    assert document.messages().keys() == contract().keys()


@pytest.mark.parametrize("name", sorted(contract()))
def test_tables_have_the_fields_of_the_contract(name: str) -> None:
    """Numbers, names, types and lists of a table are those of the compiled descriptor."""
    message, table = contract()[name], document.messages()[name]
    assert [(row.number, row.name) for row in table] == [(field.number, field.name) for field in message.fields]
    for row, field in zip(table, message.fields, strict=True):
        assert row.repeated == field.is_repeated
        assert row.type in types_of(field)
        assert row.type != "enum" or row.members == members_of(field)


def types_of(field: FieldDescriptor) -> set[str]:
    """Return what the document may call a field's type; a message goes by its heading."""
    if field.message_type is None:
        return _TYPES[field.type]
    return {name for name, message in contract().items() if message.full_name == field.message_type.full_name}


def members_of(field: FieldDescriptor) -> dict[str, int]:
    """Return an enum's members without prefix and without the unspecified one."""
    assert field.enum_type is not None
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", field.enum_type.name).upper() + "_"
    return {value.name.removeprefix(prefix): value.number for value in field.enum_type.values if value.number}


def test_bodies_are_those_of_the_contract() -> None:
    """The table of bodies has the numbers and names of the oneof."""
    fields = statement_pb2.Statement.DESCRIPTOR.oneofs_by_name["body"].fields
    assert {number: name for number, (name, _) in document.bodies().items()} == {
        field.number: field.name.upper() for field in fields
    }


def test_the_text_says_what_is_admitted() -> None:
    """A body is marked "not yet" exactly where this release refuses it."""
    rows = re.findall(r"^\| \d+ \| ([A-Z_]+) \| (?:ledger|source) \| ([^|]+) \|", text(), re.MULTILINE)
    assert {name for name, admitted in rows if admitted != "not yet"} == {body_name(body) for body in ADMITTED}


def test_slots_are_those_of_the_record() -> None:
    """The table of a record has each field at its slot, and marks the required ones."""
    assert document.slots() == tuple(field.name for field in FIELDS)
    required = re.findall(r"^\| \d+ \| `(\w+)` \| \*\*required\*\*", text(), re.MULTILINE)
    assert required == [field.name for field in FIELDS if field.required]


def test_long_hex_is_published() -> None:
    """Each hex value of 16 bytes or more stands in a file of vectors, or is a constant."""
    found = {value for value in _HEX.findall(text()) if value not in CONSTANTS}
    assert len(found) > 20
    assert [value for value in sorted(found) if value not in published()] == []


def test_verifier_keys_are_published() -> None:
    """Each verifier key of the text stands in a file of vectors."""
    keys = _VKEY.findall(text())
    assert keys
    assert [key for key in keys if key not in published()] == []


def test_links_lead_somewhere() -> None:
    """Each file that the document names exists, each file of vectors is named, each heading linked is there."""
    folder = document.DOCUMENT.parent
    linked = {(folder / link).resolve() for link in _LINK.findall(text())}
    assert [path for path in sorted(linked) if not path.exists()] == []
    assert set((folder.parent / "tests" / "vectors").glob("*.json")) <= linked
    headings = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in document.lines()}
    assert set(_ANCHOR.findall(text())) <= headings


def test_the_example_of_a_closing_is_published() -> None:
    """The CLOSING that the text tells of stands in the log, and each period that it names is shown beside it."""
    log = vectors("log")
    said = [leaves.read(h(leaf)) for leaf in log["leaves"]]
    closings = {one["sequence"]: one["closing"] for one in said if one["closing"] is not None}
    told = re.search(r"says at sequence (\d+) that \[(\S+), (\S+)\) held the\s+sequences \[(\d+), (\d+)\)", text())
    assert told is not None
    sequence, *bounds = [int(number.replace(",", "")) for number in told.groups()]
    assert bounds == [closings[sequence][name] for name in ("start", "end", "first_sequence", "end_sequence")]
    named = {tuple(int(minute.replace(",", "")) for minute in found) for found in _MINUTES.findall(text())}
    assert len(named) > 3
    assert named <= {(one["start"], one["end"]) for one in [*log["periods"], closings[sequence]]}


def test_labels_are_those_of_the_code() -> None:
    """The table of labels has each label that the code hashes or signs under, and those of the map to come."""
    rows = [line for line in document.lines() if line.startswith("| `") and "§" in line]
    named = {name for line in rows for name in re.findall(r"`([a-z-]+)` \| §\d", line)}
    source = "".join(path.read_text() for path in (document.DOCUMENT.parents[1] / "ledger" / "core").glob("*.py"))
    assert named == set(re.findall(r'label\("([a-z-]+)"\)', source)) | {"tag", "additions"}


def test_an_enum_row_names_its_members() -> None:
    """A field's rule gives the members of its enum by number and name."""
    row = Field(4, "reason", "enum", False, "1 RETIRED, 2 KEY_COMPROMISED")
    assert row.members == {"RETIRED": 1, "KEY_COMPROMISED": 2}
