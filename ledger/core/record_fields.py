"""The 28 fields of a record, by slot number, with what each may hold (protocol, "Record and slots")."""

from dataclasses import dataclass
from typing import Final

from ledger.core.record_kinds import (
    MEDIA_TYPE_PATTERN,
    NOTES_LIMIT,
    SHA256_PATTERN,
    Artifact,
    Choice,
    Country,
    DataRange,
    Integer,
    Kind,
    ListOf,
    NondisclosureOrder,
    Pattern,
    Recipient,
    Structure,
    Text,
    Time,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its slot for good, its name, what it holds, whether every record has it."""

    slot: int
    name: str
    kind: Kind
    required: bool = False


def _choice(known: str) -> Choice:
    return Choice(tuple(known.split()))


FIELDS: Final = (
    Field(0, "request_reference", Text()),
    Field(1, "provider_reference", Text()),
    Field(2, "authority_name", Text()),
    Field(
        3,
        "authority_type",
        _choice(
            "COURT PROSECUTOR POLICE INTELLIGENCE REGULATOR TAX_CUSTOMS CIVIL_LITIGANT PRIVATE_PARTY DATA_SUBJECT OTHER"
        ),
        required=True,
    ),
    Field(4, "authority_country", Country(), required=True),
    Field(5, "requester_verification", _choice("VERIFIED_CHANNEL CALLBACK SIGNED_ORDER NONE")),
    Field(
        6,
        "transmission_route",
        _choice("DIRECT MLAT EPOC CLOUD_ACT_AGREEMENT LETTER_ROGATORY BUDAPEST_PROTOCOL DOMESTIC CONTRACT OTHER"),
    ),
    Field(
        7,
        "legal_process",
        _choice(
            "SUBPOENA COURT_ORDER SEARCH_WARRANT PEN_REGISTER WIRETAP NSL FISA EPOC EPOC_PRESERVATION"
            " DSA_ORDER EMERGENCY CIVIL_ORDER CONSENT CONTRACT OTHER"
        ),
        required=True,
    ),
    Field(8, "legal_basis", Text()),
    Field(9, "offence_category", Text()),
    Field(10, "urgency", _choice("ROUTINE EMERGENCY"), required=True),
    Field(11, "legal_basis_due_at", Time()),
    Field(
        12,
        "data_categories",
        ListOf(
            _choice(
                "SUBSCRIBER IP_ADDRESS PHONE_NUMBER EMAIL DEVICE_ID LOGIN_HISTORY TRAFFIC LOCATION CONTACTS"
                " CONTENT PAYMENT OTHER"
            )
        ),
        required=True,
    ),
    Field(13, "accounts_requested", Integer()),
    Field(14, "accounts_disclosed", Integer(), required=True),
    Field(15, "data_range", Structure(DataRange, (("from", Time(), True), ("to", Time(), True)))),
    Field(16, "received_at", Time()),
    Field(17, "decided_at", Time()),
    Field(18, "produced_at", Time(), required=True),
    Field(
        19,
        "outcome",
        _choice("FULL PARTIAL NO_DATA_HELD REJECTED WITHDRAWN CHALLENGED FRAUDULENT"),
        required=True,
    ),
    Field(
        20,
        "rejection_reason",
        _choice(
            "INCOMPLETE INVALID_AUTHORITY INSUFFICIENT_INFORMATION NOT_CONTROLLER DATA_NOT_HELD IMPOSSIBLE"
            " OFFENCE_NOT_COVERED IMMUNITY_PRIVILEGE CONFLICT_OF_LAW OTHER"
        ),
    ),
    Field(
        21,
        "nondisclosure_order",
        Structure(
            NondisclosureOrder,
            (
                ("basis", _choice("US_2705B NSL EU_EEVIDENCE HIPAA_SUSPENSION NATIONAL OTHER"), True),
                ("issued_at", Time(), True),
                ("expires_at", Time(indefinite=True), True),
                ("scope", _choice("USER PUBLIC BOTH"), True),
            ),
        ),
    ),
    Field(22, "user_notice", _choice("NOT_REQUIRED SENT_BEFORE SENT_AFTER DELAYED PROHIBITED FAILED")),
    Field(
        23,
        "artifact",
        Structure(
            Artifact,
            (
                ("sha256", Pattern(SHA256_PATTERN, "64 lower-case hexadecimal digits"), True),
                ("bytes", Integer(), True),
                ("media_type", Pattern(MEDIA_TYPE_PATTERN, "a lower-case media type, type/subtype"), True),
            ),
        ),
    ),
    Field(
        24,
        "recipient",
        Structure(Recipient, (("name", Text(), True), ("key_id", Text(), False))),
        required=True,
    ),
    Field(25, "approvals", ListOf(Text())),
    Field(26, "source_system", Text()),
    Field(27, "notes", Text(NOTES_LIMIT)),
)
