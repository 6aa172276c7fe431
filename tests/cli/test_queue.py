"""``ledger record --queue`` and ``ledger queue``: what is put off waits unseen, and is delivered with receipts."""

import shutil
from pathlib import Path

import pytest

from tests.cli.commands import disclosure, lines
from tests.cli.conftest import Standing
from tests.core.embargoed import ORDER

SECRET = "SYNTHETIC-SECRET"


@pytest.fixture
def source(standing: Standing, request: pytest.FixtureRequest) -> Path:
    """A source of its own for each test."""
    name = f"queued-{len(list(standing.here.directory.iterdir()))}"
    return standing.here.source(name, standing.auditor)


def put_off(standing: Standing, source: Path, *numbers: int) -> None:
    """Put disclosures off."""
    given = lines(*(disclosure(number, notes=f"{SECRET} {number}") for number in numbers))
    standing.here.call("ledger", "record", "-", "-p", source, "--queue", given=given)


def test_what_waits_is_listed_and_not_shown(standing: Standing, source: Path) -> None:
    """Number, time, size class and state; the record only where it is asked for."""
    here = standing.here
    first = here.call("ledger", "record", "-", "-p", source, "--queue", given=lines(disclosure(1, notes=SECRET)))
    assert first.stdout == "number 1\n"
    assert first.stderr.startswith("1 wait to be recorded, nothing of them may be handed over yet")
    given = lines({**disclosure(2), "late_for": "2026-10"})
    assert here.call("ledger", "record", "-", "-p", source, "--queue", "--json", given=given).objects == [{"number": 2}]
    listed = here.call("ledger", "queue", "list", "-p", source)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["number", "1", "2"]
    assert listed.stderr == "2 in the queue, 0 of them refused\n"
    facts = here.call("ledger", "queue", "list", "-p", source, "--json").objects
    assert [(row["number"], row["state"], row["reason"]) for row in facts] == [(1, "waiting", ""), (2, "waiting", "")]
    assert {row["size"] for row in facts} <= {512 << step for step in range(10)}
    for ran in (first, listed, here.call("ledger", "queue", "list", "-p", source, "--json")):
        assert SECRET not in ran.stdout + ran.stderr
        assert "+1202555" not in ran.stdout + ran.stderr
    one, two = here.call("ledger", "queue", "list", "-p", source, "--show").objects
    assert one["disclosure"]["record"]["notes"] == SECRET
    assert one["disclosure"]["keys"] == [{"type": "phone", "value": "+12025550001"}]
    assert "late_for" not in one["disclosure"]
    assert two["disclosure"]["late_for"] == "2026-10-01"
    given = lines({**disclosure(3, **ORDER), "embargo": "2027-03"})
    here.call("ledger", "record", "-", "-p", source, "--queue", given=given)
    assert here.call("ledger", "queue", "list", "-p", source, "--show").objects[2]["disclosure"]["embargo"] == "2027-03"


def test_what_waits_is_delivered_with_receipts(standing: Standing, source: Path) -> None:
    """In order, each receipt verifies, and nothing is left to be delivered twice."""
    here = standing.here
    put_off(standing, source, 1, 2)
    ran = here.call("ledger", "queue", "flush", "-p", source, "--receipts", "flushed", "--json")
    assert [(row["sequence"], row["what"]) for row in ran.objects] == [(0, "waited as 1"), (1, "waited as 2")]
    assert ran.stderr == "2 delivered, receipts in flushed\n"
    for row in ran.objects:
        vkey = here.path("led/checkpoint.vkey")
        assert here.path(row["receipt"]).read_text().startswith("c2sp.org/tlog-proof@v1\n"), vkey
    assert here.call("ledger", "queue", "flush", "-p", source).stderr == "0 delivered\n"
    assert here.call("ledger", "queue", "list", "-p", source).stderr == "0 in the queue, 0 of them refused\n"


def test_recording_delivers_what_waits_first(standing: Standing, source: Path) -> None:
    """What is new follows it, and every receipt is handed out."""
    put_off(standing, source, 1)
    ran = standing.here.call("ledger", "record", "-", "-p", source, "--json", given=lines(disclosure(2)))
    assert [row["sequence"] for row in ran.objects] == [0, 1]
    assert ran.stderr.startswith("1 that waited in the queue are recorded\n1 recorded")


def test_one_is_dropped_after_asking(standing: Standing, source: Path) -> None:
    """Without a yes it stays, and what is not there is told."""
    here = standing.here
    put_off(standing, source, 1, 2)
    here.call("ledger", "queue", "drop", "1", "-p", source, given="n\n", code=1)
    here.call("ledger", "queue", "drop", "1", "-p", source, given="y\n")
    assert here.call("ledger", "queue", "drop", "2", "-p", source, "--yes").stderr == "number 2 is dropped\n"
    wrong = here.call("ledger", "queue", "drop", "2", "-p", source, "--yes", code=2)
    assert wrong.error == "number: nothing waits under it"


def test_what_the_log_refuses_stays_with_its_reason(standing: Standing, source: Path) -> None:
    """Exit 2, the others are delivered, and tried again it is refused again until it is dropped."""
    here = standing.here
    given = lines({**disclosure(1), "late_for": "2026-10"}, disclosure(2))
    here.call("ledger", "record", "-", "-p", source, "--queue", given=given)
    for options, delivered in (((), 1), ((), 0), (("--again",), 0)):
        ran = here.call("ledger", "queue", "flush", "-p", source, *options, code=2)
        reason = "number 1 is refused: late_for: names no closed period of this source"
        assert ran.stderr.splitlines() == [reason, f"{delivered} delivered"]
    (row,) = here.call("ledger", "queue", "list", "-p", source, "--json").objects
    assert (row["state"], row["reason"]) == ("refused", "late_for: names no closed period of this source")
    here.call("ledger", "queue", "drop", "1", "-p", source, "--yes")


def test_a_ledger_out_of_reach_leaves_all_waiting(standing: Standing, source: Path) -> None:
    """The queue is as it was, and delivered once the ledger is back."""
    here, settings = standing.here, source / "profile.toml"
    put_off(standing, source, 1)
    before = settings.read_text()
    away = [
        line if "address" not in line else f'{line.partition(" = ")[0]} = "127.0.0.1:1"' for line in before.split("\n")
    ]
    settings.write_text("\n".join(away))
    here.call("ledger", "queue", "flush", "-p", source, "--patience", "0.1", code=2)
    put_off(standing, source, 2)
    settings.write_text(before)
    assert here.call("ledger", "queue", "flush", "-p", source).stderr == "2 delivered\n"


def test_an_earlier_key_opens_what_it_sealed(standing: Standing, source: Path) -> None:
    """After a key change both keys are needed once."""
    here = standing.here
    put_off(standing, source, 1)
    for end in ("", ".pub"):
        shutil.move(source / f"source.key{end}", source / f"old.key{end}")
    here.call("ledger", "keygen", "source", "-o", source / "source.key")
    failed = here.call("ledger", "queue", "list", "-p", source, code=1)
    assert failed.error.startswith(
        "waiting room: number 1 does not decrypt with this key; where it was put off under an"
    )
    old = ("--old-key", source / "old.key")
    assert "not the one the log names" in here.call("ledger", "queue", "flush", "-p", source, *old, code=2).error
    assert here.call("ledger", "queue", "list", "-p", source).stderr == "1 in the queue, 0 of them refused\n"
