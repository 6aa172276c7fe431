"""The page of a completeness report: what it comes to first, then calendars, counts and findings with evidence."""

from collections.abc import Iterator, Sequence
from typing import Final

from ledger.audit.page.calendars import calendar, legend
from ledger.audit.page.chart import chart
from ledger.audit.page.findings import findings, kinds
from ledger.audit.page.markup import Markup, element, table
from ledger.audit.page.style import sheet
from ledger.audit.wording import conclusion, count_text, entries, remarks, statuses
from ledger.core.completeness_report import Report, Status, Totals
from ledger.core.findings import when

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_COUNTED: Final = ("disclosures", "aborted", "embargoed", "late disclosures", "unresolved")


def page(report: Report, shown: Report, cosigned: bool) -> str:
    """Return the page of a report, of whose periods those that are ``shown``."""
    title = f"Completeness of {report.origin}"
    head = (
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        element("title", title),
        element("style", Markup(sheet())),
    )
    main = element("main", element("h1", title), *_summary(report, shown, cosigned), *_body(report, shown))
    document = element("html", element("head", *head), element("body", main), lang="en")
    return f"<!doctype html>\n{document}\n"


def _summary(report: Report, shown: Report, cosigned: bool) -> Iterator[Markup]:
    state = "bad" if report.findings else "open" if report.stop else "good"
    yield element("p", conclusion(report), class_=f"banner {state}")
    if shown.findings:
        yield kinds(shown)
    log_id = report.log_id.hex() if report.log_id else "unknown"
    yield element("p", f"{report.size:,} entries, judged as of {when(report.at)}. Log id ", element("code", log_id))
    if notes := remarks(report, cosigned):
        yield element("ul", [element("li", note) for note in notes], class_="quiet")


def _body(report: Report, shown: Report) -> Iterator[Markup]:
    yield element("h2", "Sums")
    told = statuses(shown)
    head = ("service or source", *(status.value for status in told), *_COUNTED)
    yield table("Periods by how they stand, and what they hold", head, _sums(shown, told))
    yield element("h2", "Calendars")
    yield legend()
    for row in shown.rows:
        yield element("h3", f"{row.source_id}, of the service {row.service}")
        if row.revoked is not None:
            yield element("p", f"Revoked by entry {row.revoked.index} at {when(row.revoked.minute)}.")
        if row.forced:
            yield element("p", "A key of this source was changed without the old key's signature.")
        if row.officers_changed:
            yield element("p", f"Its officers were changed by {entries(row.officers_changed)}.")
        yield calendar(row)
    yield element("h2", f"Findings ({len(shown.findings):,})")
    yield from findings(report, shown)
    yield element("h2", "Counts over time")
    yield from chart(shown)


def _sums(shown: Report, told: Sequence[Status]) -> Iterator[list[str]]:
    for service, totals in shown.services().items():
        yield _totals(f"service {service}", totals, told)
        for row in shown.rows:
            if row.service == service:
                yield _totals(row.source_id, Totals.of(row.cells), told)


def _totals(name: str, totals: Totals, told: Sequence[Status]) -> list[str]:
    numbers = [f"{totals.statuses[status]:,}" for status in told]
    numbers += [*(count_text(count) for count in totals.counts), f"{totals.unresolved:,}"]
    return [name, *(element("td", number, class_="n") for number in numbers)]
