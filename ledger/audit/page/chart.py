"""Disclosures over time as bars, one a month, with the same numbers as a table for who cannot see them."""

from collections.abc import Iterable
from typing import Final

from ledger.audit.page.markup import Markup, element, table
from ledger.audit.wording import count_text
from ledger.core.bodies import Count, Period
from ledger.core.completeness_report import ZERO, Counts, Report
from ledger.core.periods import period_name, period_start

HEIGHT: Final = 160
"""Of the longest bar; units of the drawing."""
STEP: Final = 28
WIDEST: Final = 60
"""Bars that are drawn; the table has all."""
_FOOT: Final = 60


def months(report: Report) -> dict[str, Counts]:
    """Return the counts of all sources by the month that a period begins in, ascending."""
    found: dict[str, Counts] = {}
    for cell in sorted((cell for row in report.rows for cell in row.cells), key=lambda cell: cell.start):
        name = period_name(period_start(cell.start, Period.MONTH), Period.MONTH)
        found[name] = _sum(found.get(name, ZERO), cell.counts)
    return found


def chart(report: Report) -> Iterable[Markup]:
    """Return the drawing and the table of ``months``."""
    counts = months(report)
    if not counts:
        return []
    bars = list(counts.items())[-WIDEST:]
    most = max(max(found[0].hi for _, found in bars), 1)
    label = f"Disclosures by month, from {bars[0][0]} to {bars[-1][0]}; at most {most:,} in a month"
    drawn = [_bar(number, name, found[0].hi, most) for number, (name, found) in enumerate(bars)]
    size = f"0 0 {STEP * len(bars) + 8} {HEIGHT + _FOOT + 20}"
    width = STEP * len(bars) + 8
    svg = element("svg", element("title", label), drawn, viewBox=size, width=width, role="img", aria_label=label)
    head = ("month", "disclosures", "aborted", "embargoed", "late")
    rows = [
        [name, *(element("td", count_text(count), class_="n") for count in found)] for name, found in counts.items()
    ]
    return [svg, table("Counts by month, of all sources", head, rows)]


def _bar(number: int, name: str, count: int, most: int) -> Markup:
    tall = round(HEIGHT * count / most)
    left, top = STEP * number + 6, HEIGHT - tall + 16
    middle = left + 10
    turned = f"rotate(-90 {middle} {HEIGHT + 24})"
    return Markup(
        element("rect", x=left, y=top, width=20, height=tall)
        + element("text", f"{count:,}", x=middle, y=top - 4, text_anchor="middle", font_size=10)
        + element("text", name, x=middle, y=HEIGHT + 27, text_anchor="end", font_size=11, transform=turned)
    )


def _sum(one: Counts, other: Counts) -> Counts:
    disclosures, aborted, embargoed, late = (Count(a.lo + b.lo, a.hi + b.hi) for a, b in zip(one, other, strict=True))
    return disclosures, aborted, embargoed, late
