"""A record says who received whose data, what, when and on which paper (protocol, "Record and slots").

Slots 0 to 27 of an entry hold it, salted; section "Record and slots" of docs/protocol.md gives the bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

from ledger.core.errors import InvalidInput
from ledger.core.record_fields import FIELDS
from ledger.core.record_kinds import (
    INDEFINITE,
    Artifact,
    DataRange,
    NondisclosureOrder,
    Recipient,
    Structure,
)

__all__ = [
    "Artifact",
    "DataRange",
    "DisclosureRecord",
    "NondisclosureOrder",
    "PartialRecord",
    "Recipient",
    "embargo_order",
]

DISCLOSING = ("FULL", "PARTIAL")
"""The outcomes that make a DISCLOSURE; every other one makes a CORRECTION."""

_NAMES = tuple(field.name for field in FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureRecord:
    """One handover, valid from construction on; None is absent (protocol, "Record and slots").

    Times are ``YYYY-MM-DDTHH:MM:SS.mmmZ``; an aware datetime becomes that, a mapping its object, a list is
    sorted. Raises InvalidInput that names every mistake, never a value.
    """

    COMPLETE: ClassVar[bool] = True
    """Whether the required fields have to be there."""

    request_reference: str | None = None
    provider_reference: str | None = None
    authority_name: str | None = None
    authority_type: str | None = None
    authority_country: str | None = None
    requester_verification: str | None = None
    transmission_route: str | None = None
    legal_process: str | None = None
    legal_basis: str | None = None
    offence_category: str | None = None
    urgency: str | None = None
    legal_basis_due_at: str | None = None
    data_categories: tuple[str, ...] | None = None
    accounts_requested: int | None = None
    accounts_disclosed: int | None = None
    data_range: DataRange | None = None
    received_at: str | None = None
    decided_at: str | None = None
    produced_at: str | None = None
    outcome: str | None = None
    rejection_reason: str | None = None
    nondisclosure_order: NondisclosureOrder | None = None
    user_notice: str | None = None
    artifact: Artifact | None = None
    recipient: Recipient | None = None
    approvals: tuple[str, ...] | None = None
    source_system: str | None = None
    notes: str | None = None

    def __post_init__(self) -> None:
        problems: list[str] = []
        faulty: set[str] = set()
        for field in FIELDS:
            before = len(problems)
            given = getattr(self, field.name)
            checked = None if given is None else field.kind.check(given, field.name, problems)
            if len(problems) > before:
                faulty.add(field.name)
            elif self.COMPLETE and field.required and checked is None:
                problems.append(f"{field.name}: required")
            object.__setattr__(self, field.name, checked)
        problems += _order_problems(self) + _condition_problems(self, faulty)
        if problems:
            raise InvalidInput("record", "; ".join(problems))

    @property
    def is_disclosure(self) -> bool:
        """True where data was handed over, so that a DISCLOSURE is logged and not a CORRECTION."""
        return self.outcome in DISCLOSING

    def to_json_object(self) -> dict[str, object]:
        """Return the present fields only, each in the form whose RFC 8785 JSON its slot holds."""
        present: dict[str, object] = {}
        for field in FIELDS:
            value = getattr(self, field.name)
            if value is None:
                continue
            if isinstance(field.kind, Structure):
                value = field.kind.to_json(value)
            elif isinstance(value, tuple):
                value = list(value)
            present[field.name] = value
        return present

    @classmethod
    def from_json_object(cls, given: Mapping[str, object]) -> Self:
        """Return the record of an object of fields; null and unknown names are refused."""
        if not isinstance(given, Mapping):
            raise InvalidInput("record", "must be an object")
        if not given.keys() <= set(_NAMES):
            raise InvalidInput("record", f"has an unknown field; known are {', '.join(_NAMES)}")
        nulls = [name for name in _NAMES if name in given and given[name] is None]
        if nulls:
            raise InvalidInput("record", f"null in {', '.join(nulls)}; leave an absent field out")
        return cls(**given)  # type: ignore[arg-type]  # construction checks every type


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialRecord(DisclosureRecord):
    """What a DELIVERY or EMBARGO_EXTENDED says in fields of a record: any of them, and none is required."""

    COMPLETE: ClassVar[bool] = False


def embargo_order(record: DisclosureRecord) -> NondisclosureOrder:
    """Return the order that an embargo rests on; raise InvalidInput where the record has none."""
    if record.nondisclosure_order is None:
        raise InvalidInput("nondisclosure_order", "required for an embargo")
    return record.nondisclosure_order


def _order_problems(record: DisclosureRecord) -> list[str]:
    """Times of one form compare as texts."""
    problems = []
    steps = (("received_at", record.received_at), ("decided_at", record.decided_at))
    known = [step for step in (*steps, ("produced_at", record.produced_at)) if step[1] is not None]
    for (earlier, first), (later, second) in pairwise(known):
        if str(first) > str(second):
            problems.append(f"{later}: before {earlier}")
    span, order = record.data_range, record.nondisclosure_order
    if span is not None and span.start >= span.end:
        problems.append("data_range.to: not after data_range.from")
    if order is not None and order.expires_at != INDEFINITE and order.issued_at >= order.expires_at:
        problems.append("nondisclosure_order.expires_at: not after nondisclosure_order.issued_at")
    requested, disclosed = record.accounts_requested, record.accounts_disclosed
    if requested is not None and disclosed is not None and disclosed > requested:
        problems.append("accounts_disclosed: more than accounts_requested")
    return problems


def _condition_problems(record: DisclosureRecord, faulty: set[str]) -> list[str]:
    """A field that is itself faulty decides nothing about the others."""
    problems = []
    if record.rejection_reason is not None and record.outcome != "REJECTED" and "outcome" not in faulty:
        problems.append("rejection_reason: only with outcome REJECTED")
    if record.legal_basis_due_at is not None and record.urgency != "EMERGENCY" and "urgency" not in faulty:
        problems.append("legal_basis_due_at: only with urgency EMERGENCY")
    handed_over = record.is_disclosure and record.accounts_disclosed
    if handed_over and record.artifact is None and "artifact" not in faulty:
        problems.append("artifact: required where data was handed over")
    return problems
