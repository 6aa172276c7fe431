"""Periods that sources close: UTC days, ISO weeks from Monday on, UTC months; all in minutes since the epoch."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from ledger.core.bodies import Period

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY
"""The first Monday, 1970-01-05."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)
def period_start(minute: int, period: Period) -> int:
    """Return the first minute of the period that ``minute`` lies in; the first week of 1970 begins with the epoch."""
    match period:
        case Period.DAY:
            return minute - minute % DAY
        case Period.WEEK:
            return max(minute - (minute - _MONDAY) % WEEK, 0)
        case _:
            moment = _EPOCH + timedelta(minutes=minute)
            return _minute(moment.year, moment.month)


def period_end(start: int, period: Period) -> int:
    """Return the first minute after the period that begins at ``start``."""
    match period:
        case Period.DAY:
            return start + DAY
        case Period.WEEK:
            return start - (start - _MONDAY) % WEEK + WEEK
        case _:
            moment = _EPOCH + timedelta(minutes=start)
            return _minute(moment.year + moment.month // 12, moment.month % 12 + 1)


def _minute(year: int, month: int) -> int:
    return (datetime(year, month, 1, tzinfo=UTC) - _EPOCH) // timedelta(minutes=1)


def period_name(start: int, period: Period) -> str:
    """Return how people write a period: 2026-11-25, 2026-W48, 2026-11."""
    moment = _EPOCH + timedelta(minutes=start)
    match period:
        case Period.DAY:
            return moment.strftime("%Y-%m-%d")
        case Period.WEEK:
            year, week, _ = moment.isocalendar()
            return f"{year}-W{week:02}"
        case _:
            return moment.strftime("%Y-%m")
