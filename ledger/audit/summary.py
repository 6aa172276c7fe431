"""Disclosures counted by what their records say, as the latest correction has it (domain: a transparency report)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from ledger.audit.payloads import Opened
from ledger.core import bodies
from ledger.core.errors import InvalidInput
from ledger.core.life import Place
from ledger.core.record import DISCLOSING
from ledger.core.rules import month_of, month_text

COUNTS: Final = ("disclosures", "accounts_disclosed", "aborted", "corrected", "withdrawn")
"""A disclosure is one of disclosures, aborted and withdrawn; accounts are those of disclosures alone."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _categories(record: Mapping[str, object], _: int) -> list[str]:
    given = record.get("data_categories")
    return [_text(item) for item in given] if isinstance(given, list) and given else [""]


COLUMNS: Final[Mapping[str, Callable[[Mapping[str, object], int], list[str]]]] = {
    "country": lambda record, _: [_text(record.get("authority_country"))],
    "process": lambda record, _: [_text(record.get("legal_process"))],
    "category": _categories,
    "month": lambda _, minute: [month_text(month_of(minute))],
}
"""By what can be counted: what a record that was logged in a minute says there. Each category counts for itself."""


@dataclass(slots=True)
class _Case:
    """One disclosure, as far as it is counted."""

    minute: int
    groups: list[tuple[str, ...]] = field(default_factory=list)
    accounts: int = 0
    withdrawn: bool = False
    aborted: bool = False
    corrected: bool = False

    @property
    def counts(self) -> tuple[int, ...]:
        disclosed = not (self.withdrawn or self.aborted)
        aborted = self.aborted and not self.withdrawn
        return disclosed, self.accounts if disclosed else 0, aborted, self.corrected, self.withdrawn


class Summary:
    """Counts the disclosures of a range that were opened; a few words are kept of each."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Count by ``columns``; raise InvalidInput unless they are known, and each stands once."""
        if not columns or not set(columns) <= COLUMNS.keys() or len(set(columns)) < len(columns):
            raise InvalidInput("summary", f"must be some of {','.join(COLUMNS)}, each once")
        self.columns = tuple(columns)
        self._cases: dict[Place, _Case] = {}

    def take(self, opened: Opened) -> None:
        """Take the next entry of the range; parts of a disclosure after the first count nothing."""
        statement, payload = opened.entry.statement, opened.payload
        place = (statement.source_id, statement.sequence)
        match statement.body:
            case bodies.Disclosure() as body if payload is not None and not (body.part and body.part.index):
                self._cases[place] = case = _Case(statement.recorded_at)
                self._say(case, payload.record_object)
            case bodies.Correction(target) if (statement.source_id, target.sequence) in self._cases:
                case = self._cases[statement.source_id, target.sequence]
                case.corrected = True
                if payload is not None:
                    self._say(case, payload.record_object)
            case bodies.Delivery(target, bodies.DeliveryResult.ABORTED):
                if (statement.source_id, target.sequence) in self._cases:
                    self._cases[statement.source_id, target.sequence].aborted = True

    def _say(self, case: _Case, record: Mapping[str, object]) -> None:
        accounts = record.get("accounts_disclosed")
        case.groups = list(product(*[COLUMNS[name](record, case.minute) for name in self.columns]))
        case.accounts = accounts if isinstance(accounts, int) else 0
        case.withdrawn = record.get("outcome") not in DISCLOSING

    def rows(self) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        """Return what the columns say and the ``COUNTS``, ascending by the former."""
        found: dict[tuple[str, ...], tuple[int, ...]] = {}
        for case in self._cases.values():
            for group in case.groups:
                before = found.get(group, (0,) * len(COUNTS))
                found[group] = tuple([one + other for one, other in zip(before, case.counts, strict=True)])
        return sorted(found.items())
