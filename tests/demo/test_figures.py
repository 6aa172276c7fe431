"""Published counts become exactly the disclosures that they must have been."""

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from ledger.cli.demo.figures import BUILT_IN, Row, disclosures, load, people
from ledger.core.errors import InvalidInput

QUARTER = {"from": "20240101", "to": "20240331"}


def figures(path: Path, content: Any) -> Path:
    """Write ``content`` as a figures file."""
    file = path / "figures.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_quarters_are_read_and_sums_left_out(tmp_path: Path) -> None:
    """Rows of at most 95 days are read under the alpha-2 code; a year's row is a sum of others."""
    year = {"from": "20240101", "to": "20241231", "requests": 9, "users": 9}
    rows = load(figures(tmp_path, {"FRA": [{**QUARTER, "requests": 4, "users": 17}, year]}))
    assert [(row.country, row.requests, row.users) for row in rows] == [("FR", 4, 17)]
    assert (rows[0].end - rows[0].start).days == 91


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "figures: not JSON"),
        ([], "figures: must be an object"),
        ({"FRA": {}}, "figures.FRA: must be a list"),
        ({"XXX": [{}]}, "figures: a key that is no ISO 3166-1 alpha-3 code"),
        ({"FRA": [{}]}, "figures.FRA: a row needs"),
        ({"FRA": ["x"]}, "figures.FRA: a row needs"),
        ({"FRA": [{**QUARTER, "from": "2024-01-01", "requests": 1, "users": 1}]}, "figures.FRA: a row needs"),
        ({"FRA": [{**QUARTER, "requests": -1, "users": 1}]}, "figures.FRA: counts"),
        ({"FRA": [{**QUARTER, "requests": True, "users": 1}]}, "figures.FRA: counts"),
        ({"FRA": [{**QUARTER, "requests": 0, "users": 1}]}, "figures.FRA: counts"),
        ({"FRA": [{"from": "20240401", "to": "20240331", "requests": 1, "users": 1}]}, "figures.FRA: counts"),
        ({}, "figures: no row of at most 95 days"),
    ],
)
def test_bad_figures_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    """Whatever is not a figures file is refused by country and field."""
    with pytest.raises(InvalidInput, match=message):
        load(figures(tmp_path, content))


def test_each_request_is_a_disclosure() -> None:
    """Requests and users add up to what was published, for every country and quarter."""
    requests: Counter[str] = Counter()
    users: Counter[str] = Counter()
    for disclosure in disclosures(BUILT_IN):
        month = str(disclosure.record.produced_at)[:7]
        quarter = f"{disclosure.record.authority_country} {month[:5]}{(int(month[5:]) - 1) // 3}"
        requests[quarter] += 1
        users[quarter] += disclosure.record.accounts_disclosed or 0
        assert len(disclosure.keys) == disclosure.record.accounts_disclosed
    for row in BUILT_IN:
        quarter = f"{row.country} {row.start.year}-{(row.start.month - 1) // 3}"
        assert (requests[quarter], users[quarter]) == (row.requests, row.users)


def test_users_are_spread_evenly() -> None:
    """No two requests of a row differ by more than one user, fewer users than requests included."""
    first = BUILT_IN[0]
    for requests, users in ((4, 17), (10, 3), (7, 7), (1, 0)):
        row = Row(first.country, first.start, first.end, requests, users)
        counts = [len(disclosure.keys) for disclosure in disclosures([row])]
        assert (len(counts), sum(counts)) == (requests, users)
        assert max(counts) - min(counts) <= 1


def test_times_spread_over_the_quarter() -> None:
    """produced_at ascends from the quarter's first days to its last, and stays inside it."""
    row = BUILT_IN[2]
    times = [str(disclosure.record.produced_at) for disclosure in disclosures([row])]
    assert times == sorted(times)
    assert len(set(times)) == row.requests
    assert f"{row.start:%Y-%m-%d}" <= times[0] < times[-1] < f"{row.end:%Y-%m-%d}"


def test_identifiers_belong_to_nobody() -> None:
    """Each identifier stands once, and comes from a range kept for fiction or documentation."""
    found = list(islice(people(), 12_000))
    assert len(set(found)) == len(found)
    for key in found:
        text = key.value.decode()
        match key.type:
            case "phone":
                national = phonenumbers.format_number(
                    phonenumbers.parse(text), phonenumbers.PhoneNumberFormat.NATIONAL
                ).replace(" ", "")
                assert text.startswith("+447700900") or "496" in national or "7946" in national or "555-01" in national
            case "ip":
                assert text.startswith("2001:db8::")
            case "email":
                assert text.endswith("@example.org")
            case _:
                assert (key.type, text[:5]) == ("account", "demo-")
