"""The operator restores yesterday's backup, so that the disclosures since then never were."""

import shutil
from collections.abc import Iterator

import pytest

from tests.cli.commands import disclosure, lines
from tests.scenarios.stage import SIZE, Stage, fresh


@pytest.fixture(scope="module")
def today(whole: Stage) -> Iterator[Stage]:
    """The ledger one disclosure later, with a receipt in ``later``; yesterday's with its mark is ``yesterday``."""
    with fresh(whole) as found:
        found.copied("led", "yesterday")
        found.copied("alpha", "helper")
        with found.served():
            given = lines(disclosure(99))
            found.call("ledger", "record", "-", "-p", "alpha", "--receipts", "later", given=given)
            found.call("ledger", "checkpoint", "-p", "anyone")
        yield found


def test_its_own_mark_keeps_it_from_starting(today: Stage) -> None:
    """Yesterday's store beside today's mark is told to be an old copy, and nothing is served or signed."""
    restored = today.copied("led", "restored")
    shutil.rmtree(restored / "store")
    shutil.copytree(today.path("yesterday/store"), restored / "store")
    error = today.here.run("ledger", "serve", restored, code=2).error
    assert error.startswith(f"the store has {SIZE} entries but {SIZE + 1} were signed: it is an old copy")


def test_whoever_remembers_is_told(today: Stage) -> None:
    """With the mark restored too it serves: a reader who saw more refuses it, and the source records nothing there."""
    with today.served(name="yesterday"):
        error = today.call("ledger", "checkpoint", "-p", "anyone", code=1).error
        assert "smaller than the last one seen" in error
        ran = today.call("ledger", "record", "-", "-p", "alpha", given=lines(disclosure(100)), code=1)
        assert "smaller than the last one seen" in ran.stderr
        assert ran.stdout == ""


def test_a_receipt_convicts_once_it_goes_on(today: Stage) -> None:
    """As soon as the restored ledger says something else, the receipt of what was taken back convicts it."""
    today.copied("yesterday", "later on")
    with today.served(name="later on"):
        today.call("ledger", "record", "-", "-p", "helper", given=lines(disclosure(101), disclosure(102)))
    today.exported("tiles", of="later on")
    words = ("ledger", "compare", "later/alpha-6.tlog-proof", "tiles", "--log", "led/log.vkey")
    assert f"signed two histories: entry {SIZE} is " in today.call(*words, code=1).stdout
    assert f"entry {SIZE} is " in today.convicts(today.path("split.evidence"))
