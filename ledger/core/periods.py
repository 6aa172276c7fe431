"""Periods that sources close: UTC days, ISO weeks from Monday on, UTC months; all in minutes since the epoch."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from ledger.core.bodies import Period
from ledger.core.errors import InvalidInput

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY
"""The first Monday, 1970-01-05."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

NAME_PATTERN: Final = (
    "(19[7-9][0-9]|[2-9][0-9]{3})-((0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?|W(0[1-9]|[1-4][0-9]|5[0-3]))"
)
"""How people write a period: 2026-11, 2026-11-25, 2026-W48."""


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
            return start + monthrange(moment.year, moment.month)[1] * DAY


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


def parse_period(text: str, field: str) -> int:
    """Return the first minute of what ``period_name`` writes, whatever the period.

    Raises:
        InvalidInput: it is no such text, or no day of the calendar from 1970 on.
    """
    wrong = InvalidInput(field, "must be a month YYYY-MM, a day YYYY-MM-DD or a week YYYY-Www, from 1970 on")
    if not isinstance(text, str) or not re.fullmatch(NAME_PATTERN, text, re.ASCII):
        raise wrong
    try:
        moment = datetime.fromisoformat(f"{text}-01" if len(text) == len("2026-11") else text).replace(tzinfo=UTC)
    except ValueError:
        raise wrong from None
    return max((moment - _EPOCH) // timedelta(minutes=1), 0)
