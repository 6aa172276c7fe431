"""Disclosures as people write them, what their slots hold, and inputs that are no disclosure."""

from typing import Final

from ledger.core.canonical_json import encode_json
from ledger.core.lookup_keys import derive_commitments
from ledger.core.record_input import Disclosure, disclosure_from_object
from ledger.core.sealed import aggregates_root
from ledger.core.slots import SLOT_NAMES, slots_root
from vectors.plain import Json, case
from vectors.refusing import refused
from vectors.seeds import seed

REQUIRED: Final[Json] = {
    "authority_type": "POLICE",
    "authority_country": "NO",
    "legal_process": "SEARCH_WARRANT",
    "urgency": "ROUTINE",
    "data_categories": ["SUBSCRIBER"],
    "accounts_disclosed": 0,
    "produced_at": "2026-06-28T10:00:00.000Z",
    "outcome": "FULL",
    "recipient": {"name": "Example Police"},
}
ARTIFACT: Final[Json] = {"sha256": seed("artifact").hex(), "bytes": 9_007_199_254_740_991, "media_type": "text/csv"}
_SPAN: Final[Json] = {"from": "2026-01-01T00:00:00.000Z", "to": "2026-02-01T00:00:00.000Z"}
_ORDER: Final[Json] = {
    "scope": "USER",
    "basis": "NATIONAL",
    "issued_at": "2026-06-01T12:00:00.000Z",
    "expires_at": "INDEFINITE",
}
EVERY_FIELD: Final[Json] = {
    **REQUIRED,
    "request_reference": "EX-2026/0001",
    "provider_reference": "LE-77",
    "authority_name": "Example District Police",
    "authority_country": "DE-BY",
    "requester_verification": "CALLBACK",
    "transmission_route": "DOMESTIC",
    "legal_basis": "Example Act, section 4",
    "offence_category": "fraud",
    "urgency": "EMERGENCY",
    "legal_basis_due_at": "2026-07-01T00:00:00.000Z",
    "data_categories": ["TRAFFIC", "CONTENT", "IP_ADDRESS"],
    "accounts_requested": 3,
    "accounts_disclosed": 2,
    "data_range": _SPAN,
    "received_at": "2026-06-28T08:00:00.000Z",
    "decided_at": "2026-06-28T09:00:00.001Z",
    "nondisclosure_order": _ORDER,
    "user_notice": "PROHIBITED",
    "artifact": ARTIFACT,
    "recipient": {"name": "Example Desk", "key_id": "0123abcd"},
    "approvals": ["lawyer 2", "lawyer", "lawyer!"],
    "source_system": "desk/4.2",
    "notes": "Second copy went by courier.",
}
_PHONE: Final[Json] = {"type": "phone", "value": "+47 (21) 00 00 00"}
_REQUEST: Final[Json] = {"type": "request", "authority": "Example Police", "reference": "EX-2026/0001"}

DISCLOSURES: Final[dict[str, Json]] = {
    "required fields only, no key": {"record": REQUIRED},
    "every field, two keys": {"record": EVERY_FIELD, "keys": [_PHONE, _REQUEST]},
    "texts that JSON escapes or sorts with care": {
        "record": {
            **REQUIRED,
            "authority_name": 'Pol "isen" \\ Oslo / Ærø',
            "approvals": ["～", "😀", "z", "é"],
            "notes": "<&> 🙂 \u00a0",
        },
        "keys": [{"type": "username", "value": "Zoë"}],
    },
    "empty texts and lists are absent": {
        "record": {**REQUIRED, "notes": "", "approvals": [], "urgency": "ROUTINE", "user_notice": ""},
        "keys": [],
    },
}
_REJECTION: Final[Json] = {
    "record": {**REQUIRED, "outcome": "REJECTED", "rejection_reason": "INCOMPLETE", "urgency": "ROUTINE"}
}
_CASES: Final = {**DISCLOSURES, "a rejection, which makes no DISCLOSURE": _REJECTION}


def disclosure(name: str) -> Disclosure:
    """Return a disclosure of the table."""
    return disclosure_from_object(DISCLOSURES[name])


def disclosures() -> Json:
    """Return disclosures with the JSON of every present slot and the roots it leads to, and inputs to refuse."""
    return {
        "description": [
            (
                "cases: input is what a person writes (docs/record.schema.json). slots: of each present field its RFC "
                "8785 JSON as text, whose UTF-8 bytes are the slot's value. A list is sorted by the UTF-8 bytes of "
                "its elements' JSON; an empty text or list is absent."
            ),
            (
                "keys: canonical keys (lookup_keys.json). slots_root: slots.json, positions by slot_names. keys_root "
                "and key_class: lookup_keys.json, keys in the order of input."
            ),
            'aggregates_root = SHAKE-256(L("aggregates") ‖ entry_secret), 32 bytes.',
            "refused: inputs that must not be accepted.",
        ],
        "slot_names": list(SLOT_NAMES),
        "cases": [_disclosure(name, given) for name, given in _CASES.items()],
        "refused": [_refused(name, given) for name, given in _wrong().items()],
    }


def _disclosure(name: str, written: Json) -> Json:
    secret, given = seed(f"disclosure {name}"), disclosure_from_object(written)
    record = given.record.to_json_object()
    commitments = derive_commitments(given.keys, secret)
    return case(
        name,
        input=written,
        slots={field: encode_json(record[field]).decode() for field in SLOT_NAMES if field in record},
        keys=[key.canonical for key in given.keys],
        entry_secret=secret,
        slots_root=slots_root(record, secret),
        keys_root=commitments.root,
        key_class=commitments.key_class,
        aggregates_root=aggregates_root(secret),
    )


def _wrong() -> dict[str, Json]:
    def record(**changes: object) -> Json:
        return {"record": {**REQUIRED, **changes}}

    return {
        "a required field is missing": {"record": {name: REQUIRED[name] for name in REQUIRED if name != "outcome"}},
        "a required text is empty": record(recipient={"name": ""}),
        "a field is unknown": record(colour="red"),
        "a member is unknown": record(recipient={"name": "Example Police", "colour": "red"}),
        "a field is null": record(notes=None),
        "the disclosure has an unknown member": {"record": REQUIRED, "extra": 1},
        "a time without milliseconds": record(produced_at="2026-06-28T10:00:00Z"),
        "a time with an offset": record(produced_at="2026-06-28T10:00:00.000+00:00"),
        "a time in month 13": record(produced_at="2026-13-28T10:00:00.000Z"),
        "a country in lower case": record(authority_country="no"),
        "a country that does not exist": record(authority_country="ZZ"),
        "a choice in lower case": record(outcome="full"),
        "an integer of 2^53": record(accounts_disclosed=2**53, artifact=ARTIFACT),
        "a negative integer": record(accounts_disclosed=-1),
        "true for an integer": record(accounts_disclosed=True),
        "a list with an element twice": record(data_categories=["CONTENT", "CONTENT"]),
        "a list with an empty element": record(approvals=[""]),
        "a list of 65": record(approvals=[f"{n}" for n in range(65)]),
        "a text of 501 characters": record(legal_basis="a" * 501),
        "notes of 4,001 characters": record(notes="a" * 4001),
        "a text with a line feed": record(notes="a\nb"),
        "a text with a bidirectional control": record(notes="a\u202eb"),
        "a text that is not NFC": record(notes="e\u0301"),
        "a digest in upper case": record(artifact={**ARTIFACT, "sha256": "AB" * 32}),
        "data handed over without artifact": record(accounts_disclosed=1),
        "rejection_reason without REJECTED": record(rejection_reason="OTHER"),
        "legal_basis_due_at without EMERGENCY": record(legal_basis_due_at="2026-07-01T00:00:00.000Z"),
        "more accounts disclosed than requested": record(accounts_disclosed=2, accounts_requested=1, artifact=ARTIFACT),
        "received after produced": record(received_at="2026-06-28T10:00:00.001Z"),
        "a data range that is empty": record(data_range={**_SPAN, "to": _SPAN["from"]}),
        "an order that expires when issued": record(nondisclosure_order={**_ORDER, "expires_at": _ORDER["issued_at"]}),
        "a key twice in two spellings": {
            "record": REQUIRED,
            "keys": [{"type": "email", "value": "a@EXAMPLE.org"}, {"type": "email", "value": "A@example.org"}],
        },
        "a request as one text": {"record": REQUIRED, "keys": [{"type": "request", "value": "EX-2026/0001"}]},
        "257 keys": {"record": REQUIRED, "keys": [{"type": "account", "value": f"{n}"} for n in range(257)]},
    }


def _refused(name: str, given: Json) -> Json:
    refused(name, lambda: disclosure_from_object(given))
    return case(name, input=given)
