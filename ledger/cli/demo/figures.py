"""Published counts of fulfilled requests and affected users, and the disclosures that they must have been.

The counts are real. Who was concerned nobody published, so identifiers come from ranges that can belong to nobody:
numbers that regulators keep for fiction while they last, then accounts of no service, documentation addresses
(RFC 3849) and example domains (RFC 2606).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pycountry

from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import LookupKey, canonicalise
from ledger.core.record import Artifact, DisclosureRecord, Recipient
from ledger.core.record_input import Disclosure

QUARTER_DAYS: Final = 95
"""The longest row that is read; longer ones are sums of others."""

SOURCE: Final = (
    "requests that Telegram told its users in each country it had fulfilled, and users affected, by quarter; "
    "collected by Te-k/telegram-transparency, CC BY 4.0"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One country (ISO 3166-1 alpha-2) and quarter: days from ``start`` to before ``end``, UTC."""

    country: str
    start: datetime
    end: datetime
    requests: int
    users: int


def _built_in(country: str, start: tuple[int, int], requests: int, users: int) -> Row:
    year, month = start
    end = datetime(year + (month > 9), (month + 2) % 12 + 1, 1, tzinfo=UTC)
    return Row(country, datetime(year, month, 1, tzinfo=UTC), end, requests, users)


BUILT_IN: Final = (
    _built_in("FR", (2024, 1), 4, 17),
    _built_in("FR", (2024, 4), 6, 37),
    _built_in("FR", (2024, 7), 210, 632),
    _built_in("HU", (2024, 1), 0, 0),
    _built_in("AE", (2025, 1), 0, 0),
    _built_in("MX", (2025, 4), 0, 0),
    _built_in("KZ", (2026, 1), 41, 991),
)
"""What the demo records unless it is given a file of figures; of SOURCE."""


def load(path: Path) -> tuple[Row, ...]:
    """Return the one-quarter rows of ``{alpha-3: [{"from", "to", "requests", "users"}]}``, dates as YYYYMMDD.

    Raises:
        InvalidInput: the file is not of that form; the message names country and field.
    """
    try:
        content = json.loads(path.read_text())
    except (ValueError, RecursionError):
        raise InvalidInput("figures", "not JSON") from None
    if not isinstance(content, dict):
        raise InvalidInput("figures", "must be an object with a list of rows for each country")
    rows = [_row(code, given) for code, listed in content.items() for given in _list(code, listed)]
    found = tuple(row for row in rows if row.end - row.start <= timedelta(days=QUARTER_DAYS))
    if not found:
        raise InvalidInput("figures", f"no row of at most {QUARTER_DAYS} days")
    return found


def _list(code: str, listed: object) -> list[Any]:
    if not isinstance(listed, list):
        raise InvalidInput(f"figures.{code}", "must be a list of rows")
    return listed


def _row(code: str, given: Any) -> Row:
    country = pycountry.countries.get(alpha_3=code)
    if country is None:
        raise InvalidInput("figures", "a key that is no ISO 3166-1 alpha-3 code")
    try:
        start, last = (datetime.strptime(given[name], "%Y%m%d").replace(tzinfo=UTC) for name in ("from", "to"))
        end = last + timedelta(days=1)
        requests, users = given["requests"], given["users"]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InvalidInput(f"figures.{code}", "a row needs from and to as YYYYMMDD, requests and users") from None
    counts_fit = type(requests) is int and type(users) is int and requests >= 0 and users >= 0
    if not counts_fit or start > last or (users and not requests):
        raise InvalidInput(f"figures.{code}", "counts must be whole numbers, and users need a request")
    return Row(country.alpha_2, start, end, requests, users)


def people() -> Iterator[LookupKey]:
    """Yield identifiers of nobody, each once, without end."""
    for prefix in ("+447700900", "+44207946", "+44113496", "+44114496", "+44115496", "+44116496", "+44117496"):
        digits = 13 - len(prefix)
        for number in range(1000):
            yield canonicalise("phone", f"{prefix}{number:0{digits}}")
    for area in (202, 212, 213, 305, 312, 404, 415, 503, 602, 702):
        for number in range(100, 200):
            yield canonicalise("phone", f"+1{area}5550{number}")
    for number in count():
        yield canonicalise("account", f"demo-{number:08}")
        yield canonicalise("ip", f"2001:db8::{number >> 16:x}:{number & 0xFFFF:x}")
        yield canonicalise("email", f"person{number}@example.org")


def disclosures(rows: Sequence[Row]) -> Iterator[Disclosure]:
    """Yield a disclosure for each request, a row's users spread over its requests as evenly as they go."""
    persons = people()
    for row in rows:
        for position in range(row.requests):
            users = (position + 1) * row.users // row.requests - position * row.users // row.requests
            keys = tuple([next(persons) for _ in range(users)])
            yield Disclosure(_record(row, position, users), keys)


def _record(row: Row, position: int, users: int) -> DisclosureRecord:
    produced = row.start + (row.end - row.start) * (2 * position + 1) / (2 * row.requests)
    reference = f"{row.country}-{row.start:%Y%m}-{position:05}"
    return DisclosureRecord(
        request_reference=reference,
        authority_name=f"Example Prosecutor of {row.country}",
        authority_type="PROSECUTOR",
        authority_country=row.country,
        requester_verification="SIGNED_ORDER",
        transmission_route="DOMESTIC",
        legal_process="COURT_ORDER",
        urgency="ROUTINE",
        data_categories=("IP_ADDRESS", "PHONE_NUMBER"),
        accounts_disclosed=users,
        received_at=_text(produced - timedelta(days=9)),
        decided_at=_text(produced - timedelta(days=2)),
        produced_at=_text(produced),
        outcome="FULL",
        user_notice="SENT_AFTER",
        artifact=Artifact(sha256(reference.encode()).hex(), 1024 * (users + 1), "application/zip") if users else None,
        recipient=Recipient(f"Example Prosecutor of {row.country}"),
    )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
