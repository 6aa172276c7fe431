"""What a source's CLOSINGs have to say, counted from its statements one by one (protocol §9)."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tests.vectors.basics import require
from tests.vectors.batches import ZEROS
from tests.vectors.wire import Message

DAY, WEEK, MONTH = 1, 2, 3
COUNTS: Final = ("disclosures", "aborted", "embargoed", "late")
_EPOCH: Final = date(1970, 1, 1)
_DELIVERY_ABORTED: Final = 2


def bounds(minute: int, period: int) -> tuple[int, int]:
    """Return the first minute of the period in which a minute lies, and the first one after it."""
    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).date()
    number = day.toordinal() - _EPOCH.toordinal()
    if period == DAY:
        first, days = number, 1
    elif period == WEEK:
        first, days = number - day.weekday(), 7
    else:
        first, days = number - day.day + 1, monthrange(day.year, day.month)[1]
    return max(first, 0) * 1440, (first + days) * 1440


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of the chain: what it adds to each of ``COUNTS``."""

    sequence: int
    minute: int
    counts: tuple[int, int, int, int]

    @classmethod
    def of(cls, statement: Message) -> "Said":
        """Return what a statement adds: of parts only the first is a disclosure."""
        disclosure, delivery = statement["disclosure"], statement["delivery"]
        counts = [0, 0, 0, 0]
        if disclosure is not None and (disclosure["part"] is None or disclosure["part"]["index"] == 0):
            counts = [1, 0, int(disclosure["embargo"] is not None), int(disclosure["late_for"] is not None)]
        if delivery is not None and delivery["result"] == _DELIVERY_ABORTED:
            counts[1] = 1
        return cls(statement["sequence"], statement["recorded_at"], (counts[0], counts[1], counts[2], counts[3]))


@dataclass(slots=True)
class Closings:
    """The periods of one source: start minutes of that of its enrolment, and of those that it closed."""

    period: int
    began: int
    next_start: int
    closed: list[int] = field(default_factory=list)
    end_sequence: int = 0
    latest: bytes = ZEROS
    said: list[Said] = field(default_factory=list)

    @classmethod
    def begin(cls, period: int, enrolled: int) -> "Closings":
        """Return those of a source that was enrolled at this minute."""
        start, _ = bounds(enrolled, period)
        return cls(period, start, start)

    def take(self, statement: Message, hashed: bytes) -> None:
        """Go on behind a statement; raise Disproven unless it is what the chain says."""
        self.said.append(Said.of(statement))
        disclosure, closing = statement["disclosure"], statement["closing"]
        if disclosure is not None and disclosure["late_for"] is not None:
            require(disclosure["late_for"]["period_start"] in self.closed, "late_for")
        if closing is not None:
            self._check(closing, statement["recorded_at"])
            self.closed.append(closing["start"])
            self.next_start, self.end_sequence, self.latest = closing["end"], closing["end_sequence"], hashed

    def _check(self, closing: Message, minute: int) -> None:
        _, end = bounds(self.next_start, self.period)
        require((closing["start"], closing["end"]) == (self.next_start, end), "start, end")
        require(minute >= end, "recorded_at")
        first, last = self.end_sequence, next(one.sequence for one in self.said if one.minute >= end)
        require((closing["first_sequence"], closing["end_sequence"]) == (first, last), "first_sequence, end_sequence")
        require(closing["previous"] == self.latest, "previous")
        require(closing["mapped_through"] <= closing["end_sequence"], "mapped_through")
        for name, count in zip(COUNTS, total(one for one in self.said if first <= one.sequence < last), strict=True):
            require(closing[name]["lo"] <= count <= closing[name]["hi"], name)

    def tallies(self) -> list[dict[str, int]]:
        """Return the counts of each period that is not closed and in which something was said."""
        held: dict[int, list[Said]] = {}
        for one in self.said[self.end_sequence :]:
            held.setdefault(bounds(one.minute, self.period)[0], []).append(one)
        return [
            {"start": start, "first": items[0].sequence, **dict(zip(COUNTS, total(items), strict=True))}
            for start, items in held.items()
        ]


def total(said: Iterable[Said]) -> list[int]:
    """Return the counts of statements together."""
    counts = [0] * len(COUNTS)
    for one in said:
        counts = [count + more for count, more in zip(counts, one.counts, strict=True)]
    return counts
