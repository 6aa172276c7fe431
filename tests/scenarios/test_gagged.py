"""A source keeps a disclosure secret for ever behind a gag order."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ledger.cli import embargo
from ledger.cli.following import OwnReads
from ledger.client.history import History
from ledger.core import rules
from ledger.core.building import Prepared
from ledger.core.rules import month_of, month_text
from tests.cli.commands import disclosure, lines
from tests.scenarios.stage import SIZE, Stage

NOW: Final = month_of(int(time.time()) // 60)
ORDER: Final = {
    "basis": "NATIONAL",
    "issued_at": "2026-01-01T00:00:00.000Z",
    "expires_at": "2099-01-01T00:00:00.000Z",
    "scope": "USER",
}


def gagged(number: int, ahead: int) -> dict[str, Any]:
    """Return a disclosure under an embargo that ends so many months ahead."""
    return {**disclosure(number, nondisclosure_order=ORDER), "embargo": month_text(NOW + ahead)}


@pytest.fixture(scope="module")
def gag(shared: Stage) -> Iterator[Stage]:
    """A served ledger whose entry ``SIZE`` is under an embargo of two months."""
    with shared.served():
        shared.call("ledger", "record", "-", "-p", "alpha", given=lines(gagged(80, 2)))
        shared.path("order.json").write_text(json.dumps({"nondisclosure_order": ORDER}))
        yield shared


def listed(scene: Stage, ahead: int, code: int) -> dict[str, Any]:
    """Return what a stranger reads of the embargo, so many months from now."""
    words = ("ledger", "embargo", "list", "-p", "anyone", "--json", "--at", month_text(NOW + ahead))
    (row,) = scene.call(*words, code=code).objects
    return row


def test_it_is_counted_and_due_in_public(gag: Stage) -> None:
    """From the first day everybody sees that there is an embargo and when it ends, and after that it is overdue."""
    assert (listed(gag, 0, 0)["index"], listed(gag, 0, 0)["until"]) == (SIZE, month_text(NOW + 2))
    assert listed(gag, 2, 1)["state"] == "OVERDUE"
    assert "1 overdue" in gag.call("ledger", "embargo", "list", "-p", "anyone", "--at", "2099-01", code=1).stderr


def test_a_report_on_the_log_finds_it_overdue(gag: Stage) -> None:
    """``ledger completeness`` has what is kept secret past its month among its findings."""
    said = gag.call("ledger", "completeness", "-p", "anyone", "--at", f"{month_text(NOW + 7)}-01", code=1).stdout
    assert "EMBARGO OVERDUE alpha: " in said


def test_no_embargo_is_past_the_cap(gag: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source whose client knows no cap is refused by the ledger."""
    with monkeypatch.context() as patch:
        patch.setattr(rules, "MAX_EMBARGO_MONTHS", 1200)
        ran = gag.call("ledger", "record", "-", "-p", "alpha", given=lines(gagged(81, 40)), code=2)
    assert "embargo.until: must be 1 to 36 months after recorded_at's month" in ran.stderr
    assert len(gag.call("ledger", "entries", ":", "-p", "anyone", "--json").objects) == SIZE + 1


def test_extensions_are_numbered_and_the_third_is_not_its_own(gag: Stage) -> None:
    """Each extension is an entry that a stranger counts; from the third on the source needs an officer's approval."""
    extend = ("ledger", "embargo", "extend", SIZE, "--order", "order.json", "-p", "alpha", "--until")
    for ahead in (3, 4):
        gag.call(*extend, month_text(NOW + ahead))
    assert "approvals: 1 are needed" in gag.call(*extend, month_text(NOW + 5), code=2).stderr
    row = listed(gag, 0, 0)
    assert (row["extensions"], row["until"]) == (2, month_text(NOW + 4))
    (history,) = gag.call("ledger", "history", SIZE, "-p", "anyone", "--json").objects
    assert [entry["body"] for entry in history["entries"]] == ["DISCLOSURE", "EMBARGO_EXTENDED", "EMBARGO_EXTENDED"]
    assert listed(gag, 4, 1)["state"] == "OVERDUE"


def test_a_correction_that_is_not_lifted_keeps_it_open(gag: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that lifts the disclosure and keeps its correction's keys is overdue all the same."""
    whole = embargo._lifts

    async def first(reads: OwnReads, found: History) -> list[Prepared]:
        return (await whole(reads, found))[:1]

    words = ("ledger", "record", "-", "-p", "alpha", "--json")
    index = gag.call(*words, given=lines(gagged(82, 2))).objects[0]["index"]
    truth = json.dumps(disclosure(83, nondisclosure_order=ORDER))
    gag.call("ledger", "correct", index, "-", "-p", "alpha", given=truth)
    with monkeypatch.context() as patch:
        patch.setattr(embargo, "_lifts", first)
        gag.call("ledger", "embargo", "lift", index, "-p", "alpha")
    ran = gag.call("ledger", "embargo", "list", "-p", "anyone", "--json", "--at", month_text(NOW + 2), code=1)
    rows = {row["index"]: row["state"] for row in ran.objects}
    assert rows[index] == f"lifted by entry {index + 2}, but not of its corrections of sequence 10: OVERDUE"
