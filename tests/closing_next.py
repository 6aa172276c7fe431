"""What a source may try to say at the end of a period: the right CLOSING, wrong ones, and what stands before them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, cast

from ledger.core import bodies
from ledger.core.bodies import Count
from ledger.core.closings import Book
from ledger.core.errors import LedgerError
from ledger.core.merkle import leaf_hash
from ledger.core.parties import Source
from ledger.core.periods import DAY
from ledger.core.rules import month_of
from ledger.core.statement import Statement, encode_statement
from tests.two_logs import Said
from vectors import seeds
from vectors.saying import disclosure_body

COUNTS: Final = ("disclosures", "aborted", "embargoed", "late")
NUMBERS: Final = ("start", "end", "first_sequence", "end_sequence")


def closing(source: Source, said: Said) -> bodies.Closing:
    """Return the CLOSING that is right behind ``said``, where what may not be said is passed over."""
    book, first = source.book, source.next_sequence
    for at, (minute, body) in enumerate(said):
        statement = Statement(source.source_id, first + at, minute, body)
        try:
            book = book.add(statement, leaf_hash(encode_statement(statement)))
        except LedgerError:
            continue
    return book.next_closing(first + len(said))


def changed(right: bodies.Closing) -> Iterator[bodies.Closing]:
    """Yield a CLOSING, then others that differ from it in one field."""
    yield right
    changes: list[dict[str, object]] = [
        {name: max(0, getattr(right, name) + step)} for name in NUMBERS for step in (-DAY, -1, 1, DAY)
    ]
    for name in COUNTS:
        number = getattr(right, name).lo
        bands = (0, number), (number, number + 9), (number + 1, number + 9), (0, max(0, number - 1))
        changes += [{name: Count(lo, hi)} for lo, hi in bands]
    changes.append({"previous": seeds.seed("other")})
    changes += [{"mapped_through": through} for through in (right.end_sequence, right.end_sequence + 1)]
    for change in changes:
        yield cast(bodies.Closing, replace(cast(Any, right), **change))


def before(book: Book, minute: int) -> Iterator[Said]:
    """Yield what may stand before a CLOSING in its batch, at this minute, and what may not."""
    yield []
    yield [(minute, disclosure_body())]
    yield [(minute, disclosure_body(part=bodies.Part(at, 2))) for at in range(2)]
    yield [(minute, disclosure_body(embargo=bodies.Embargo(month_of(minute) + 1)))]
    for start in (book.began - DAY, book.began, book.began + 1, book.start - DAY, book.start, book.end):
        yield [(minute, disclosure_body(late_for=bodies.LateFor(start)))]
