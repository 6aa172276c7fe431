"""What an auditor holds against the papers: embargoes against their orders, emergencies against what has to follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ledger.core import bodies
from ledger.core.errors import InvalidInput
from ledger.core.life import Place
from ledger.core.record_kinds import INDEFINITE, rfc3339
from ledger.core.rules import parse_month
from ledger.core.statement import Statement

TOO_LONG: Final = "embargo: longer than its order"
NO_ORDER: Final = "embargo: its record has no order with an end, or without one"


def order_finding(body: bodies.Body, record: Mapping[str, object]) -> str:
    """Return what is wrong with the embargo that ``body`` lays or prolongs, given its own record; empty for nothing.

    An embargo ends with the first of a month, the one after its order's end at the latest.
    """
    match body:
        case bodies.Disclosure(embargo=bodies.Embargo(until)) | bodies.EmbargoExtended(until=until):
            return _hold(until, record.get("nondisclosure_order"))
        case _:
            return ""


def _hold(until: int, order: object) -> str:
    match order:
        case {"expires_at": str(end)} if end == INDEFINITE:
            return ""
        case {"expires_at": str(end)}:
            try:
                return TOO_LONG if until > parse_month(end[:7], "expires_at") + 1 else ""
            except InvalidInput:
                return NO_ORDER
        case _:
            return NO_ORDER


@dataclass(frozen=True, slots=True)
class Due:
    """An emergency whose papers have not come yet, and the time by which they have to: text as records have it."""

    index: int
    place: Place
    at: str


class Papers:
    """Disclosures that said when their legal basis would follow, until a CORRECTION has one."""

    def __init__(self) -> None:
        self._due: dict[Place, Due] = {}

    def take(self, index: int, statement: Statement, record: Mapping[str, object]) -> None:
        """Take the record of an entry that was opened."""
        due = record.get("legal_basis_due_at")
        place = (statement.source_id, statement.sequence)
        match statement.body:
            case bodies.Disclosure() if isinstance(due, str):
                self._due[place] = Due(index, place, due)
            case bodies.Correction(target):
                first = self._due.get((statement.source_id, target.sequence))
                if first is not None and "legal_basis" in record:
                    del self._due[first.place]
                elif first is not None and isinstance(due, str):
                    self._due[first.place] = Due(first.index, first.place, due)

    def overdue(self, minute: int) -> list[Due]:
        """Return those whose time had passed at a minute since the epoch, by index."""
        now = rfc3339(datetime.fromtimestamp(minute * 60, UTC))
        return sorted([due for due in self._due.values() if due.at < now], key=lambda due: due.index)
