"""A record is valid from construction on and says every mistake at once, without a value."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest

from ledger.core.errors import InvalidInput
from ledger.core.record import Artifact, DataRange, DisclosureRecord, Recipient, embargo_order
from ledger.core.record_fields import FIELDS
from ledger.core.record_kinds import rfc3339
from ledger.core.record_schema import record_schema

T0, T1, T2 = (f"2026-03-0{day}T10:00:00.000Z" for day in (1, 2, 3))
MINIMAL: dict[str, object] = {
    "authority_type": "POLICE",
    "authority_country": "NO",
    "legal_process": "SEARCH_WARRANT",
    "urgency": "ROUTINE",
    "data_categories": ["SUBSCRIBER"],
    "accounts_disclosed": 1,
    "produced_at": T2,
    "outcome": "FULL",
    "artifact": {"sha256": "ab" * 32, "bytes": 4096, "media_type": "application/zip"},
    "recipient": {"name": "Example Police", "key_id": "k1"},
}
FULL: dict[str, object] = {
    **MINIMAL,
    "request_reference": "CASE-1",
    "provider_reference": "P-1",
    "authority_name": "Example Police",
    "authority_country": "US-CA",
    "requester_verification": "CALLBACK",
    "transmission_route": "DIRECT",
    "legal_basis": "§ 1 Example Act",
    "offence_category": "fraud",
    "urgency": "EMERGENCY",
    "legal_basis_due_at": T2,
    "data_categories": ["IP_ADDRESS", "SUBSCRIBER"],
    "accounts_requested": 2,
    "data_range": {"from": T0, "to": T1},
    "received_at": T0,
    "decided_at": T1,
    "nondisclosure_order": {"basis": "NSL", "issued_at": T0, "expires_at": "INDEFINITE", "scope": "BOTH"},
    "user_notice": "PROHIBITED",
    "approvals": ["approver-a", "approver-é"],
    "source_system": "egress-1",
    "notes": "synthetic",
}
REJECTED: dict[str, object] = {**MINIMAL, "outcome": "REJECTED", "rejection_reason": "INCOMPLETE"}
ORDER: dict[str, object] = {"basis": "NSL", "issued_at": T0, "expires_at": T1, "scope": "BOTH"}

VALID = {
    "every required field": MINIMAL,
    "every field": FULL,
    "a rejection with its reason": REJECTED,
    "empty texts and lists": {**MINIMAL, "notes": "", "approvals": [], "user_notice": "", "received_at": ""},
    "an order that ends": {**MINIMAL, "nondisclosure_order": ORDER},
    "nothing handed over": {**{k: v for k, v in MINIMAL.items() if k != "artifact"}, "accounts_disclosed": 0},
    "a recipient without a key": {**MINIMAL, "recipient": {"name": "Example Court"}},
}

# field, value, what the message says, whether the schema can know
INVALID: list[tuple[str, object, str, bool]] = [
    ("request_reference", 7, "request_reference: must be a text", True),
    ("request_reference", "x" * 501, "longer than 500 characters", True),
    ("notes", "x" * 4001, "longer than 4000 characters", True),
    ("notes", "a\nb", "has a control character", False),
    ("notes", "é\x85", "has a control character", False),
    ("notes", "\ud800", "has a control character", False),
    ("notes", "a\u202eb", "has a bidirectional control character", False),
    ("notes", "e\u0301", "not in Unicode normalization form C", False),
    ("authority_type", "SHERIFF", "authority_type: must be one of COURT, PROSECUTOR", True),
    ("authority_type", "", "authority_type: required", True),
    ("authority_country", "no", "ISO 3166-1", True),
    ("authority_country", "XX", "ISO 3166-1", False),
    ("authority_country", "US-ZZ", "ISO 3166-1", False),
    ("authority_country", "", "authority_country: required", True),
    ("authority_country", False, "ISO 3166-1", True),
    ("data_categories", [], "data_categories: required", True),
    ("data_categories", "EMAIL", "must be a list", True),
    ("data_categories", ["EMAIL", "EMAIL"], "has an element twice", True),
    ("data_categories", ["MOOD"], "must be one of SUBSCRIBER", True),
    ("approvals", [""], "has an empty element", True),
    ("approvals", [f"a{n}" for n in range(65)], "more than 64 elements", True),
    ("accounts_disclosed", True, "must be an integer", True),
    ("accounts_disclosed", -1, "must be an integer", True),
    ("accounts_disclosed", 2**53, "must be an integer", True),
    ("accounts_requested", 0, "accounts_disclosed: more than accounts_requested", False),
    ("produced_at", "2026-03-03T10:00:00Z", "must be a UTC time", True),
    ("produced_at", "2026-13-03T10:00:00.000Z", "must be a UTC time", False),
    ("produced_at", "2026-03-03T10:00:00.000Z\n", "must be a UTC time", False),
    ("produced_at", datetime(2026, 3, 3), "must be a UTC time", True),
    ("received_at", "2026-03-04T10:00:00.000Z", "produced_at: before received_at", False),
    ("decided_at", "2026-03-04T10:00:00.000Z", "produced_at: before decided_at", False),
    ("data_range", {"from": T1, "to": T1}, "data_range.to: not after data_range.from", False),
    ("data_range", {"from": T1}, "data_range.to: required", True),
    ("data_range", [], "data_range: must be an object", True),
    ("data_range", {"from": T0, "to": T1, "by": T1}, "unknown member; known are from, to", True),
    ("nondisclosure_order", {**ORDER, "expires_at": T0}, "not after nondisclosure_order.issued_at", False),
    ("nondisclosure_order", {**ORDER, "expires_at": "NEVER"}, "or INDEFINITE", True),
    ("nondisclosure_order", {**ORDER, "scope": ""}, "nondisclosure_order.scope: required", True),
    ("artifact", {"sha256": "AB" * 32, "bytes": 1, "media_type": "a/b"}, "64 lower-case", True),
    ("artifact", {"sha256": "", "bytes": 1, "media_type": "a/b"}, "artifact.sha256: required", True),
    ("artifact", {"sha256": "ab" * 32, "bytes": 1, "media_type": "zip"}, "media type", True),
    ("recipient", {"name": ""}, "recipient.name: required", True),
    ("recipient", None, "null in recipient", True),
    ("rejection_reason", "OTHER", "only with outcome REJECTED", True),
    ("legal_basis_due_at", T2, "only with urgency EMERGENCY", True),
    ("subject_name", "x", "unknown field; known are request_reference", True),
]


@pytest.mark.parametrize("given", VALID.values(), ids=VALID)
def test_valid_records_survive_and_satisfy_the_schema(given: dict[str, object]) -> None:
    """A valid record reads back equal, and the schema takes it before and after."""
    record = DisclosureRecord.from_json_object(given)
    again = record.to_json_object()
    assert DisclosureRecord.from_json_object(again) == record
    assert list(again.values()).count("") == 0
    for shown in (given, again):
        jsonschema.validate({"record": shown}, record_schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(("field", "value", "message", "schema_knows"), INVALID)
def test_invalid_fields_are_named_without_their_value(
    field: str, value: object, message: str, schema_knows: bool
) -> None:
    """One mistake is refused with field and bound, and by the schema where a schema can know."""
    given = {**MINIMAL, field: value}
    with pytest.raises(InvalidInput) as refused:
        DisclosureRecord.from_json_object(given)
    assert message in str(refused.value)
    valid = jsonschema.Draft202012Validator(record_schema()).is_valid({"record": given})
    assert valid is not schema_knows


@pytest.mark.parametrize("name", [field.name for field in FIELDS if field.required])
def test_required_fields(name: str) -> None:
    """A record without a required field is refused by record and schema."""
    given = {key: value for key, value in MINIMAL.items() if key != name}
    with pytest.raises(InvalidInput, match=f"{name}: required"):
        DisclosureRecord.from_json_object(given)
    assert not jsonschema.Draft202012Validator(record_schema()).is_valid({"record": given})


def test_slots_are_the_table() -> None:
    """Slot numbers run from 0 to 27 and the dataclass has the same fields in the same order."""
    assert [field.slot for field in FIELDS] == list(range(28))
    assert [field.name for field in FIELDS] == [field.name for field in fields(DisclosureRecord)]
    assert FIELDS[23].name == "artifact"


def test_schema_is_a_schema() -> None:
    """The schema satisfies the 2020-12 meta-schema."""
    jsonschema.Draft202012Validator.check_schema(record_schema())


def test_every_mistake_is_reported_and_no_value() -> None:
    """All mistakes of one record come in one error, and none quotes what was given."""
    with pytest.raises(InvalidInput) as refused:
        DisclosureRecord(
            authority_type="SECRET-1", outcome="SECRET-2", urgency="SECRET-3", rejection_reason="OTHER", notes="\x00"
        )
    message = str(refused.value)
    for name in ("authority_type", "outcome", "urgency", "notes", "recipient", "produced_at"):
        assert f"{name}: " in message
    assert "SECRET" not in message
    assert "only with" not in message


def test_artifact_is_required_for_data() -> None:
    """A disclosure of at least one account names what was handed over; a faulty artifact is not also missing."""
    with pytest.raises(InvalidInput, match="artifact: required"):
        DisclosureRecord.from_json_object({k: v for k, v in MINIMAL.items() if k != "artifact"})
    with pytest.raises(InvalidInput) as refused:
        DisclosureRecord.from_json_object({**MINIMAL, "artifact": "x"})
    assert str(refused.value) == "record: artifact: must be an object"


def test_lists_are_sorted_and_objects_typed() -> None:
    """Lists sort by the UTF-8 bytes of their elements' JSON; mappings become dataclasses and back."""
    record = DisclosureRecord.from_json_object({**MINIMAL, "approvals": ["é", "a b", "a", 'a"']})
    assert record.approvals == ("a b", "a", 'a"', "é")
    assert record.artifact == Artifact("ab" * 32, 4096, "application/zip")
    assert record.to_json_object()["artifact"] == MINIMAL["artifact"]
    built = DisclosureRecord.from_json_object({**MINIMAL, "recipient": Recipient("x"), "data_range": DataRange(T0, T1)})
    assert built.to_json_object()["recipient"] == {"name": "x"}
    assert built.data_range == DataRange(T0, T1)


def test_aware_datetimes_become_utc_milliseconds() -> None:
    """An aware datetime is converted to UTC and cut to milliseconds."""
    moment = datetime(2026, 3, 3, 12, 0, 0, 123999, timezone(timedelta(hours=2)))
    record = DisclosureRecord.from_json_object({**MINIMAL, "produced_at": moment})
    assert record.produced_at == rfc3339(moment) == "2026-03-03T10:00:00.123Z"
    assert rfc3339(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_outcomes_that_disclose() -> None:
    """FULL makes a disclosure, REJECTED does not."""
    assert DisclosureRecord.from_json_object(MINIMAL).is_disclosure
    assert not DisclosureRecord.from_json_object(REJECTED).is_disclosure


def test_an_embargo_needs_an_order() -> None:
    """An embargo rests on the order in slot 21."""
    order = embargo_order(DisclosureRecord.from_json_object({**MINIMAL, "nondisclosure_order": ORDER}))
    assert order.basis == "NSL"
    with pytest.raises(InvalidInput, match="required for an embargo"):
        embargo_order(DisclosureRecord.from_json_object(MINIMAL))


def test_a_record_is_an_object() -> None:
    """Anything but an object is no record."""
    with pytest.raises(InvalidInput, match="must be an object"):
        DisclosureRecord.from_json_object([])  # type: ignore[arg-type]
