"""Periods are UTC days, ISO weeks from Monday and months, and follow each other without a gap."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.bodies import Period
from ledger.core.errors import InvalidInput
from ledger.core.periods import DAY, parse_period, period_end, period_name, period_start
from ledger.core.rules import MAX_MINUTE

PERIODS = st.sampled_from(Period)
MINUTES = st.integers(0, 4_000_000_000)


def minute(text: str) -> int:
    """Return the minute of a date, or of a date and time, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


@pytest.mark.parametrize(
    ("at", "period", "start", "end", "name"),
    [
        ("2026-11-25T23:59", Period.DAY, "2026-11-25", "2026-11-26", "2026-11-25"),
        ("2026-11-25T00:00", Period.WEEK, "2026-11-23", "2026-11-30", "2026-W48"),
        ("2026-11-23T00:00", Period.WEEK, "2026-11-23", "2026-11-30", "2026-W48"),
        ("2026-11-22T23:59", Period.WEEK, "2026-11-16", "2026-11-23", "2026-W47"),
        ("2027-01-01T12:00", Period.WEEK, "2026-12-28", "2027-01-04", "2026-W53"),
        ("2026-12-31T23:59", Period.MONTH, "2026-12-01", "2027-01-01", "2026-12"),
        ("2028-02-29T00:00", Period.MONTH, "2028-02-01", "2028-03-01", "2028-02"),
        ("1970-01-01T00:00", Period.WEEK, "1970-01-01", "1970-01-05", "1970-W01"),
        ("1970-01-05T00:00", Period.WEEK, "1970-01-05", "1970-01-12", "1970-W02"),
    ],
)
def test_each_minute_lies_in_one_period(at: str, period: Period, start: str, end: str, name: str) -> None:
    """Start, end and name are what a calendar says."""
    begin = period_start(minute(at), period)
    assert (begin, period_end(begin, period)) == (minute(start), minute(end))
    assert period_name(begin, period) == name


@given(MINUTES, PERIODS)
def test_periods_tile_time(at: int, period: Period) -> None:
    """A minute lies between the start and the end of its period, and the end begins the next one."""
    start = period_start(at, period)
    end = period_end(start, period)
    assert start <= at < end
    assert period_start(end, period) == end
    assert period_start(end - 1, period) == start


@pytest.mark.parametrize(("period", "after"), [(Period.DAY, 0), (Period.WEEK, 2 * DAY), (Period.MONTH, 0)])
def test_the_last_minute_lies_in_a_period_too(period: Period, after: int) -> None:
    """A period that ends with the year 9999, or after it, has an end like any other."""
    start = period_start(MAX_MINUTE, period)
    assert period_end(start, period) == MAX_MINUTE + 1 + after


NAMES = {
    "a month": ("2026-10", datetime(2026, 10, 1, tzinfo=UTC)),
    "a day": ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
    "a week": ("2026-W01", datetime(2025, 12, 29, tzinfo=UTC)),
    "the first week": ("1970-W01", datetime(1970, 1, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize(("text", "moment"), NAMES.values(), ids=NAMES)
def test_what_people_write_names_a_first_minute(text: str, moment: datetime) -> None:
    """A month, a day and a week begin at midnight UTC; the first week of 1970 with the epoch."""
    assert parse_period(text, "period") == int(moment.timestamp()) // 60


@given(MINUTES, PERIODS)
def test_a_name_leads_back_to_its_period(at: int, period: Period) -> None:
    """What ``period_name`` writes of the years up to 9999 is read again."""
    start = period_start(at, period)
    assert parse_period(period_name(start, period), "period") == start


@pytest.mark.parametrize(
    "text",
    [
        "2026",
        "2026-13",
        "2026-11-31",
        "2026-W54",
        "2025-W53",
        "1969-12",
        "2026-11-25T00",
        "2026-11 ",
        "\u0662026-11",
        7,
    ],
)
def test_what_names_no_period_is_refused(text: str) -> None:
    """The error says how a period is written, and not what was."""
    with pytest.raises(InvalidInput, match=r"^late_for: must be a month YYYY-MM, a day YYYY-MM-DD or a week YYYY-Www"):
        parse_period(text, "late_for")
