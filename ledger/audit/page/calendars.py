"""The calendar of each source: a table whose cells say by sign, number, words and shade how a period stands."""

from ledger.audit.calendar import COLUMNS, SYMBOLS, UNITS, lines
from ledger.audit.page.markup import Markup, element, table
from ledger.audit.page.style import SHADES, class_of
from ledger.audit.wording import count_text
from ledger.core.completeness_report import Cell, Row, Status


def calendar(row: Row) -> Markup:
    """Return a source's calendar."""
    most = max([cell.counts[0].hi for cell in row.cells], default=0)
    head = ["", *map(str, range(1, COLUMNS[row.period] + 1))]
    caption = f"{row.source_id} by {UNITS[row.period]}, with disclosures"
    rows = [[line.label, *(_cell(cell, most) for cell in line.cells)] for line in lines(row)]
    return table(caption, head, rows, f"calendar {UNITS[row.period]}")


def legend() -> Markup:
    """Return what the signs mean."""
    items = [element("li", f"{symbol} {status.value}", class_=class_of(status)) for status, symbol in SYMBOLS.items()]
    return element("ul", items, class_="legend", aria_label="Signs in the calendars")


def _cell(cell: Cell | None, most: int) -> Markup:
    if cell is None:
        return element("td", "")
    words = f"{cell.name}: {cell.status.value}, {count_text(cell.counts[0])} disclosures"
    sign = element("span", element("b", SYMBOLS[cell.status]), count_text(cell.counts[0]), aria_hidden="true")
    classes = class_of(cell.status)
    if cell.status is Status.ON_TIME:
        classes += f" shade{_shade(cell.counts[0].hi, most)}"
    return element("td", sign, element("span", words, class_="unseen"), class_=classes, title=words)


def _shade(count: int, most: int) -> int:
    """Return which shade a count has: the lightest is zero alone, the others are thirds of the most."""
    if count == 0:
        return 0
    return 1 + min((count - 1) * (len(SHADES) - 1) // most, len(SHADES) - 2)
