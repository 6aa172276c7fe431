"""What a judgment comes to at a given time: each period of each source, counts, what is unresolved, all findings."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby, islice
from typing import Final

from ledger.core import bodies
from ledger.core.closings import Tally
from ledger.core.completeness import HOUR, Closed, Completeness, Revoked
from ledger.core.embargoes import EmbargoState
from ledger.core.encoding import Hash
from ledger.core.findings import SHOWN, Evidence, Finding, Kind, Stop, several, when
from ledger.core.kept import Chain
from ledger.core.parties import Source
from ledger.core.periods import DAY, period_end, period_name, period_start
from ledger.core.rules import LEDGER, month_of, month_text

UNRESOLVED_DAYS: Final = 30
"""Days after which a disclosure without a DELIVERY is a finding, if nobody says otherwise."""


class Status(Enum):
    """How a period stands; ``OPEN`` is one that is not due yet, ``UNCHECKED`` one behind the judgment's end."""

    ON_TIME = "on time"
    LATE = "late"
    MISSING = "missing"
    CONTRADICTED = "contradicted"
    OPEN = "not due"
    UNCHECKED = "not checked"


Counts = tuple[bodies.Count, bodies.Count, bodies.Count, bodies.Count]
"""Disclosures, aborted, embargoed, late, each as its closing says, or as the chain has it where there is none."""
ZERO: Final[Counts] = (bodies.Count(0, 0),) * 4


@dataclass(frozen=True, slots=True)
class Cell:
    """One period of one source; ``closed`` is its CLOSING, ``unresolved`` counts its disclosures without DELIVERY."""

    start: int
    end: int
    name: str
    due: int
    status: Status
    counts: Counts
    unresolved: int
    closed: Closed | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One source with its periods, ascending; ``officers_changed`` has the indexes of key changes that did so."""

    source_id: str
    service: str
    period: bodies.Period
    officers: int
    officers_changed: tuple[int, ...]
    forced: bool
    revoked: Revoked | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """What several cells come to."""

    statuses: dict[Status, int]
    counts: Counts
    unresolved: int

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> "Totals":
        """Return the sums over ``cells``; those of bands are bands."""
        statuses: Counter[Status] = Counter()
        sums, unresolved = [[0, 0] for _ in ZERO], 0
        for cell in cells:
            statuses[cell.status] += 1
            unresolved += cell.unresolved
            for total, count in zip(sums, cell.counts, strict=True):
                total[0] += count.lo
                total[1] += count.hi
        disclosures, aborted, embargoed, late = (bodies.Count(*total) for total in sums)
        return cls({status: statuses[status] for status in Status}, (disclosures, aborted, embargoed, late), unresolved)


@dataclass(frozen=True, slots=True)
class Report:
    """A judgment of ``size`` entries as of minute ``at``; rows stand by service and source, the gravest finding first.

    ``newest`` is the latest time that anything in the log has; ``bounded`` says from which minute on witnesses bound
    times, 0 for the log's beginning, None for never; ``stop`` says where the judgment ended before its time.
    """

    log_id: Hash | None
    origin: str
    size: int
    at: int
    newest: int
    witnessed: bool
    bounded: int | None
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    embargoes: tuple[EmbargoState, ...]
    stop: Stop | None

    @property
    def totals(self) -> Totals:
        """The sums over all that is shown."""
        return Totals.of(cell for row in self.rows for cell in row.cells)

    def services(self) -> dict[str, Totals]:
        """Return the sums by service."""
        groups = groupby(self.rows, key=lambda row: row.service)
        return {name: Totals.of(cell for row in rows for cell in row.cells) for name, rows in groups}

    def shown(self, begin: int, end: int) -> "Report":
        """Return the report with the periods alone that have a minute of [begin, end), and the findings in them.

        A finding that belongs to no period stays.
        """
        rows = tuple(
            replace(row, cells=tuple(cell for cell in row.cells if cell.start < end and begin < cell.end))
            for row in self.rows
        )
        periods = {row.source_id: row.period for row in rows}
        kept = tuple(
            finding
            for finding in self.findings
            if finding.kind is Kind.CONTRADICTED or _within(finding, periods.get(finding.source_id), begin, end)
        )
        embargoes = tuple(state for state in self.embargoes if begin <= state.recorded_at < end)
        return replace(self, rows=rows, findings=kept, embargoes=embargoes)


def _within(finding: Finding, period: bodies.Period | None, begin: int, end: int) -> bool:
    if period is None:
        return begin <= finding.minute < end
    start = period_start(finding.minute, period)
    return start < end and begin < period_end(start, period)


def report(judgment: Completeness, at: int, unresolved_days: int = UNRESOLVED_DAYS) -> Report:
    """Return what ``judgment`` comes to at minute ``at``."""
    state, noted = judgment.state, judgment.noted
    embargoes = tuple(judgment.embargoes.states)
    found = [*noted.findings, *noted.late.values()]
    false = [finding for finding in noted.findings if finding.kind is Kind.CONTRADICTED]
    rows = []
    if state is not None:
        sources = [source for source in state.sources.values() if source.source_id != LEDGER]
        for source in sorted(sources, key=lambda source: (source.service, source.source_id)):
            chain = judgment.entries.chains.get(source.source_id, Chain())
            row = _row(source, chain, judgment, at, false)
            rows.append(row)
            if noted.stop is None:
                found += [*_missing(row), *_unresolved(row, chain, at - unresolved_days * DAY, unresolved_days)]
    read = None if noted.stop else at
    found += [*_overdue(embargoes, read), *judgment.anchoring.found(read if judgment.size else None)]
    order = {kind: place for place, kind in enumerate(Kind)}
    found.sort(key=lambda finding: (order[finding.kind], finding.source_id, finding.minute))
    log_id = None if state is None else state.log_id
    return Report(
        *(log_id, judgment.log.name, judgment.size, at, noted.newest, judgment.witnessed),
        judgment.anchoring.begun,
        *(tuple(rows), tuple(found), embargoes, noted.stop),
    )


def _row(source: Source, chain: Chain, judgment: Completeness, at: int, contradicted: Iterable[Finding]) -> Row:
    noted, source_id = judgment.noted, source.source_id
    revoked = noted.revoked.get(source_id)
    book = source.book
    false = {period_start(found.minute, book.period) for found in contradicted if found.source_id == source_id}
    cells = tuple(_cells(source, chain, judgment, at, revoked, false))
    changed = judgment.officers_changed(source_id)
    terms = (book.period, source.officer_threshold, changed, source.forced, revoked)
    return Row(source_id, source.service, *terms, cells)


def _cells(
    source: Source, chain: Chain, judgment: Completeness, at: int, revoked: Revoked | None, false: Set[int]
) -> Iterator[Cell]:
    """Yield a source's periods from that of its enrolment on: all that were closed, and up to that of ``at``.

    ``false`` has the first minutes of those that the log contradicts. What a source dates before its own enrolment
    counts in its first period, as in its closing.
    """
    noted, book = judgment.noted, source.book
    closings = {closed.start: closed for closed in noted.closings.get(source.source_id, ())}
    tallies = {max(tally.start, book.began): tally for tally in book.tallies}
    undelivered: Counter[int] = Counter()
    for day, count in chain.undelivered.items():
        undelivered[max(period_start(day * DAY, book.period), book.began)] += count
    start, last = book.began, _last(source, [*closings, *false], at, revoked)
    while start <= last:
        end = period_end(start, book.period)
        closed = closings.get(start)
        due = closed.due if closed else end + judgment.terms(source.source_id, end).grace_hours * HOUR
        status = Status.CONTRADICTED if start in false else _status(closed, due, at, noted.stop)
        counts = closed.counts if closed else _exact(tallies.get(start))
        yield Cell(start, end, period_name(start, book.period), due, status, counts, undelivered[start], closed)
        start = end


def _last(source: Source, known: Iterable[int], at: int, revoked: Revoked | None) -> int:
    """Return the last minute of which a source owes anything, or of which anything is known.

    A revoked source owes the period of its revocation, unless it said nothing in it that a closing counts. What it did
    say in a later one, by its own dates, it owes all the same.
    """
    said = [tally.start for tally in source.book.tallies if tally.disclosures or tally.aborted]
    if revoked is None:
        return max([at, *known, *(max(tally.start, source.book.began) for tally in source.book.tallies)])
    owed = period_start(revoked.minute, source.book.period)
    return max([min(at, owed if said else owed - 1), *known, *said])


def _status(closed: Closed | None, due: int, at: int, stop: Stop | None) -> Status:
    if closed is not None:
        return Status.LATE if closed.late else Status.ON_TIME
    if stop is not None:
        return Status.UNCHECKED
    return Status.MISSING if at > due else Status.OPEN


def _exact(tally: Tally | None) -> Counts:
    """Return what the chain has of a period that is not closed."""
    if tally is None:
        return ZERO
    disclosures, aborted, embargoed, late = (bodies.Count(count, count) for count in tally.counts)
    return disclosures, aborted, embargoed, late


def _missing(row: Row) -> Iterator[Finding]:
    """Yield each closing that is due and not there; of a revoked source's last one with the revocation as evidence."""
    for cell in row.cells:
        if cell.status is not Status.MISSING:
            continue
        words = f"the closing of {cell.name} was due at {when(cell.due)} and is not in the log"
        if row.revoked is not None and row.revoked.minute < cell.end:
            words += f"; the source was revoked at {when(row.revoked.minute)} and can say no more"
            evidence = (Evidence(row.revoked.index, row.revoked.leaf_hash),)
            yield Finding(Kind.LAST_MISSING, row.source_id, cell.start, words, evidence)
        else:
            yield Finding(Kind.MISSING, row.source_id, cell.start, words)


def _unresolved(row: Row, chain: Chain, before: int, days: int) -> Iterator[Finding]:
    """Yield by period the disclosures without a DELIVERY that were recorded on days which ended before ``before``."""
    begin = 0  # of the first cell: what is dated before the enrolment counts there
    for cell in row.cells:
        end = bisect_left(chain.days, cell.end // DAY)
        old = [day for day in chain.days[begin:end] if chain.undelivered[day] > 0 and (day + 1) * DAY <= before]
        begin = end
        count = sum(chain.undelivered[day] for day in old)
        if not count:
            continue
        first = islice((sequence for day in old for sequence in chain.unresolved(day)), SHOWN)
        evidence = [Evidence(chain.index(sequence), chain.prefix(sequence)) for sequence in first]
        what = "disclosure" if count == 1 else "disclosures"
        words = f"{count} {what} of {cell.name} without a delivery for more than {days} days"
        yield several(Kind.UNRESOLVED, row.source_id, cell.start, words, evidence, count)


def _overdue(embargoes: Iterable[EmbargoState], at: int | None) -> Iterator[Finding]:
    """Yield the embargoes that are overdue at minute ``at``; where that is None, as nobody read on, that were once."""
    for state in embargoes:
        if not (state.late if at is None else state.overdue(month_of(at))):
            continue
        ended = f"its embargo ended with {month_text(state.until)}"
        words = f"{ended}, and it was lifted or extended too late" if state.late else f"{ended} and was not lifted"
        evidence = (Evidence(state.index, state.leaf_hash),)
        yield Finding(Kind.OVERDUE, state.source_id, state.recorded_at, words, evidence)
