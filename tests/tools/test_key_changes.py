"""A source's key is exchanged with its old key's word, or by force for all to see; a revoked source is refused."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.client.requests import Request
from tests.cli.commands import Ran, Site, disclosure, lines, site


@dataclass(frozen=True, slots=True)
class Life:
    """A ledger whose source changed its key twice, the second time by force; a receipt from each time."""

    here: Site
    auditor: Path
    source: Path
    receipts: tuple[str, str, str]


def _record(here: Site, source: Path, number: int, code: int = 0) -> Ran:
    words = ("ledger", "record", "-", "-p", source, "--receipts", "receipts", "--json")
    return here.call(*words, given=lines(disclosure(number)), code=code)


def _change(here: Site, source: Path, key: str, *old: str) -> Ran:
    here.call("ledger", "keygen", "source", "-o", key)
    return here.call("ledger", "request", "key-change", "-k", key, "-p", source, "-o", f"{key}.request", *old)


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """Record, change the key, record, force another one, record."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        auditor = here.auditor("One")
        source = here.source("alpha", auditor)
        receipts = [_record(here, source, 0).objects[0]["receipt"]]
        assert "signed by the old key" in _change(here, source, "second", "--old-key", "alpha.key").stderr
        here.run("ledgerctl", "change-key", "second.request", "-d", "led")
        assert "not the one the log names" in _record(here, source, 9, code=2).stderr
        shutil.copy(here.path("second"), source / "source.key")
        receipts.append(_record(here, source, 1).objects[0]["receipt"])
        assert "it can only be forced" in _change(here, source, "third").stderr
        ran = here.run("ledgerctl", "change-key", "third.request", "-d", "led", "--forced")
        assert ran.stdout.endswith(": FORCED key change of alpha\n")
        shutil.copy(here.path("third"), source / "source.key")
        receipts.append(_record(here, source, 2).objects[0]["receipt"])
        first, second, third = receipts
        yield Life(here, auditor, source, (first, second, third))


def test_a_forced_key_is_reported_for_good(life: Life) -> None:
    """Receipts under a forced key say so, in words and in JSON; those under other keys, and older ones, do not."""
    here = life.here
    said = [here.call("ledger", "verify", name, "--log", "led/log.vkey").stdout for name in life.receipts]
    assert ["FORCED" in text for text in said] == [False, False, True]
    rows = here.call("ledger", "verify", *life.receipts, "--log", "led/log.vkey", "--json").objects
    assert [row["forced_key"] for row in rows] == [False, False, True]
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert {row["source"]: row["state"] for row in status["sources"]}["alpha"] == "forced key"


def test_the_chain_goes_on_under_every_key(life: Life) -> None:
    """Three keys signed sequences 0, 1 and 2, and the auditor opens all of them."""
    rows = life.here.call("ledger", "audit", "open", ":", "-p", life.auditor, "--json").objects
    assert [(row["sequence"], row["record"]["notes"]) for row in rows[:3]] == [(n, f"note {n}") for n in range(3)]


MISMATCHES = {
    "force that is not needed": (["second.request", "--forced"], "forced: the old key signed: leave --forced out"),
    "force that is not asked for": (["third.request"], "forced: the old key did not sign; --forced logs it so"),
    "a change that was made already": (["second.request"], ""),
}


@pytest.mark.parametrize(("words", "error"), MISMATCHES.values(), ids=MISMATCHES)
def test_force_is_said_exactly_where_it_is_used(words: list[str], error: str, life: Life) -> None:
    """``--forced`` is refused with the old key's signature and required without; no change is logged twice."""
    ran = life.here.call("ledgerctl", "change-key", *words, "-d", "led", code=2)
    assert ran.error.startswith(error)


def test_a_profile_names_log_and_source(life: Life) -> None:
    """With ``--profile`` a request takes log id and source id from there."""
    here = life.here
    here.call("ledger", "keygen", "source", "-o", "fourth")
    ran = here.call("ledger", "request", "source", "-k", "fourth", "-p", life.source, "-o", "fourth.request")
    assert "request to enroll source alpha" in ran.stderr
    assert Request.load(here.path("fourth.request")).log_id.hex() == here.log_id
    assert "was enrolled before" in here.call("ledgerctl", "enroll", "fourth.request", "-d", "led", code=2).error


def test_only_an_enrolled_source_changes_its_key(life: Life) -> None:
    """A key change of a source that the log does not name is not even written."""
    words = ("ledger", "request", "key-change", "-k", "second", "-p", life.source, "-o", "no.request", "--id", "nobody")
    assert life.here.call(*words, code=2).error == "source_id: not enrolled in this log"
    assert not life.here.path("no.request").exists()


def test_a_revoked_source_is_refused(life: Life) -> None:
    """Once revoked a source records nothing, is not revoked again, and its receipts stay valid."""
    here = life.here
    other = here.source("beta", life.auditor)
    (row,) = _record(here, other, 3).objects
    ran = here.run("ledgerctl", "revoke", "beta", "--reason", "key_compromised", "-d", "led")
    assert ran.stdout.endswith(": revocation of beta\n")
    assert _record(here, other, 4, code=2).stderr.endswith("error: source_id: revoked in this log\n")
    assert "revoked already" in here.call("ledgerctl", "revoke", "beta", "--reason", "other", "-d", "led", code=2).error
    here.call("ledger", "verify", row["receipt"], "--log", "led/log.vkey")


def test_nothing_is_sealed_to_a_removed_auditor(life: Life) -> None:
    """A source that seals only to a removed auditor is refused, and the ledger hands the auditor nothing more."""
    here = life.here
    going = here.auditor("Going")
    source = here.source("gamma", going)
    (row,) = _record(here, source, 5).objects
    assert here.run("ledgerctl", "auditor", "remove", "Going", "-d", "led").stdout.endswith(
        "removal of auditor Going\n"
    )
    assert "accredited in this log" in _record(here, source, 6, code=2).stderr
    states = [item["state"] for item in here.call("ledgerctl", "auditor", "list", "-d", "led", "--json").objects]
    assert states == ["accredited", "removed"]
    fetch = ("ledger", "audit", "open", str(row["index"]), "-p", going)
    assert "it was removed" in here.call(*fetch, code=2).error
