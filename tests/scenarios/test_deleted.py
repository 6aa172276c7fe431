"""The operator deletes what was sealed: with an approved statement that says so, or without."""

from typing import Final

import pytest

from ledger.engine import schema
from ledger.engine.store import Store
from tests.scenarios.stage import FIRST, SIZE, Stage

GONE: Final = FIRST + 2
"""The entry whose payload is gone."""


@pytest.fixture(scope="module")
def deleted(shared: Stage) -> Stage:
    """A stopped ledger without one of its payloads."""
    store = Store.open(shared.ledger / "store")
    try:
        store.write([], [schema.payload_key(GONE), schema.shred_key(GONE)])
    finally:
        store.close()
    return shared


def test_an_auditor_finds_what_is_missing(deleted: Stage) -> None:
    """The leaf stays, so that a payload that nobody declared erased is a finding, which the auditor has logged."""
    with deleted.served():
        ran = deleted.call("ledger", "audit", "open", f":{SIZE}", "-p", "One", code=1)
        (row,) = [line for line in ran.stdout.splitlines() if line.split()[0] == str(GONE)]
        assert row.rstrip().endswith("the payload is missing, and no erasure explains it")
        assert "5 payloads opened and held against their leaves, 1 findings" in ran.stderr
        deleted.call("ledger", "audit", "report", f":{SIZE}", "-p", "One", "-o", "found.json", code=1)
    said = deleted.call("ledger", "verify", "found.json.tlog-proof", "--log", "led/log.vkey").stdout
    assert "AUDIT_REPORT" in said


def test_the_operators_own_check_finds_it(deleted: Stage) -> None:
    """``ledgerctl fsck`` misses the payload of an entry that no ERASURE names."""
    assert deleted.call("ledgerctl", "fsck", "led", code=1).error == f"payload of entry {GONE}: missing"


def test_a_declared_erasure_is_no_finding(scene: Stage) -> None:
    """An approved ERASURE is an entry that everybody reads; auditor and check then expect nothing there."""
    with scene.served():
        scene.call("ledgerctl", "erase", GONE, "--basis", "Art. 17 GDPR", "-d", "led")
        ran = scene.call("ledger", "audit", "open", f":{SIZE}", "-p", "One")
        assert f"erased by entry {SIZE}" in ran.stdout
        (history,) = scene.call("ledger", "history", GONE, "-p", "anyone", "--json").objects
        assert [entry["body"] for entry in history["entries"]] == ["DISCLOSURE", "ERASURE"]
    scene.call("ledgerctl", "fsck", "led")
