"""A completeness report for a terminal: a matrix to grasp at a glance, the sums, and every finding in words."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from ledger.audit.calendar import SYMBOLS, UNITS, lines
from ledger.audit.wording import count_text, entries, headline, remarks, statuses
from ledger.cli.outcome import printable, show
from ledger.core.completeness_report import Report, Row, Status, Totals
from ledger.core.findings import Finding

STYLES: Final = {
    Status.ON_TIME: "green",
    Status.LATE: "yellow",
    Status.MISSING: "bold red",
    Status.CONTRADICTED: "bold reverse red",
    Status.OPEN: "dim",
    Status.UNCHECKED: "magenta",
}
COUNTED: Final = ("disclosures", "aborted", "embargoed", "late disclosures")
MOST: Final = 50
"""Findings that are written out; --json and --html have all."""


def tell(report: Report, shown: Report, cosigned: bool) -> None:
    """Print a report, of whose periods those that are ``shown``."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(printable(headline(report))))
    for service, rows in groupby(shown.rows, key=lambda row: row.service):
        console.print(Text(printable(f"service {service}")))
        for row in rows:
            for line in _matrix(row):
                console.print(line)
    console.print(_legend())
    told = statuses(shown)
    show(("", *(status.value for status in told), *COUNTED, "unresolved"), _sums(shown, told))
    _findings(report, shown)
    for remark in remarks(report, cosigned):
        print(printable(remark))


def _matrix(row: Row) -> Iterator[Text]:
    marks = [f"a closing each {UNITS[row.period]}"]
    marks += ["a key was forced"] if row.forced else []
    marks += [f"officers changed by {entries(row.officers_changed)}"] if row.officers_changed else []
    marks += [f"revoked by entry {row.revoked.index}"] if row.revoked else []
    yield Text(printable(f"  {row.source_id}: {', '.join(marks)}"))
    for line in lines(row):
        text = Text(f"    {line.label:8}")
        for cell in line.cells:
            text.append(SYMBOLS[cell.status] if cell else " ", STYLES[cell.status] if cell else "")
        text.rstrip()
        yield text


def _legend() -> Text:
    text = Text()
    for status, symbol in SYMBOLS.items():
        text.append(symbol, STYLES[status]).append(f" {status.value}   ")
    text.rstrip()
    return text


def _sums(shown: Report, statuses: Sequence[Status]) -> Iterator[list[str]]:
    for service, totals in shown.services().items():
        for row in shown.rows:
            if row.service == service:
                yield [f"  {row.source_id}", *_cells(Totals.of(row.cells), statuses)]
        yield [f"all of {service}", *_cells(totals, statuses)]


def _cells(totals: Totals, statuses: Sequence[Status]) -> list[str]:
    periods = (str(totals.statuses[status]) for status in statuses)
    return [*periods, *(count_text(count) for count in totals.counts), str(totals.unresolved)]


def _findings(report: Report, shown: Report) -> None:
    elsewhere = len(report.findings) - len(shown.findings)
    print(f"findings: {len(report.findings)}" + (f", {elsewhere} of them in periods not shown" if elsewhere else ""))
    for finding in shown.findings[:MOST]:
        print(printable(_line(finding)))
    if len(shown.findings) > MOST:
        print(f"  and {len(shown.findings) - MOST} more, which --json and --html have")


def _line(finding: Finding) -> str:
    where = ""
    if finding.evidence:
        first = finding.evidence[0]
        more = f" and {finding.count - 1} more" if finding.count > 1 else ""
        where = f" [entry {first.index}, leaf hash {first.leaf_hash.hex()}{more}]"
    return f"  {finding.kind.value.upper()} {finding.source_id}: {finding.words}{where}"
