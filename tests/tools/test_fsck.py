"""``ledgerctl fsck`` names the first wrong byte of a stopped ledger, ``status`` tells how a running one is."""

from collections.abc import Iterator

import pytest

from ledger.engine import schema
from ledger.engine.store import Store
from tests.cli.commands import Site, disclosure, lines, site
from tests.tools.governed import request


@pytest.fixture(scope="module")
def stopped() -> Iterator[Site]:
    """Give a ledger with two disclosures whose server was stopped."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        source = here.source("alpha", here.auditor("One"))
        here.call("ledger", "record", "-", "-p", source, given=lines(disclosure(0), disclosure(1)))
        assert here.stop() == 0
        yield here


ROWS = {
    "a leaf": (schema.entry_key(3), "batch at 3: "),
    "the ledger's own first leaf": (schema.entry_key(0), ""),
    "a payload": (schema.payload_key(4), "payload of entry 4: its digest is not the leaf's"),
    "a shred": (schema.shred_key(3), "payload of entry 3: "),
    "sealed keys": (schema.sealed_keys_key(3), "sealed keys of the batch at 3: "),
    "a batch row": (schema.batch_key(3), "batch row at 3: not what the leaves say"),
    "a chain row": (schema.chain_key("alpha", 0), "chain row of the batch at 3: missing or not what the leaves say"),
    "a source's row": (schema.source_key("alpha"), "row of alpha: missing or not what the leaves say"),
    "an auditor's row": (schema.auditor_key(1), "auditor 1: missing or not what the leaves say"),
    "the checkpoint": (schema.meta_key("checkpoint"), "checkpoint: "),
    "what governs": (schema.meta_key("governing"), "governing row: missing or not what the leaves say"),
    "a policy": (schema.meta_key("sealing_policy"), "sealing_policy: not the file whose digest is in the log"),
}


def _put(here: Site, key: bytes, value: bytes) -> bytes:
    store = Store.open(here.path("led/store"))
    try:
        before = store.require(key)
        store.write([(key, value or before[:-1] + bytes((before[-1] ^ 1,)))])
    finally:
        store.close()
    return before


@pytest.mark.parametrize(("key", "error"), ROWS.values(), ids=ROWS)
def test_one_flipped_bit_is_named(key: bytes, error: str, stopped: Site) -> None:
    """One bit changed in any kind of row ends fsck with 1 and the row's name; put back, the store is whole."""
    before = _put(stopped, key, b"")
    ran = stopped.call("ledgerctl", "fsck", "led", code=1)
    _put(stopped, key, before)
    assert ran.error.startswith(error)
    assert ran.stdout == ""
    stopped.call("ledgerctl", "fsck", "led")


def test_fsck_of_a_process_ends_as_promised(stopped: Site) -> None:
    """The installed command says what is whole, for people and programs, and ends with 1 where it is not."""
    assert stopped.run("ledgerctl", "fsck", "led").stdout.startswith("whole: 5 entries, 2 payloads, root ")
    (facts,) = stopped.call("ledgerctl", "fsck", "led", "--json").objects
    assert (facts["tree_size"], facts["payloads"]) == (5, 2)
    before = _put(stopped, schema.payload_key(3), b"")
    assert stopped.run("ledgerctl", "fsck", "led", code=1).error == "payload of entry 3: its digest is not the leaf's"
    _put(stopped, schema.payload_key(3), before)


def test_a_row_too_many_is_named(stopped: Site) -> None:
    """A row that no leaf accounts for is wrong too."""
    store = Store.open(stopped.path("led/store"))
    store.write([(schema.payload_key(9), b"x")])
    store.close()
    assert (
        "payload under 0000000000000009: belongs to no entry" in stopped.call("ledgerctl", "fsck", "led", code=1).error
    )
    store = Store.open(stopped.path("led/store"))
    store.write([], [schema.payload_key(9)])
    store.close()


def test_a_store_that_is_not_there_is_said_so(here: Site) -> None:
    """A directory without a ledger is refused with 2; one whose store is gone is damaged, which is 1."""
    assert here.call("ledgerctl", "fsck", ".", code=2).error == "ledger.toml: missing; ledgerctl init makes one"
    here.open(inside=True)
    here.path("led/store").rename(here.path("gone"))
    assert "no store is there" in here.call("ledgerctl", "fsck", "led", code=1).error


def test_status_shows_sources_and_auditors(here: Site) -> None:
    """Status lists the tree, who records and who audits, in a table and for programs alike."""
    here.open(inside=True)
    here.serve()
    here.source("alpha", here.auditor("A rather long name of an auditor that no column may cut"))
    ran = here.run("ledgerctl", "status", "-d", "led")
    assert "tree_size     3" in ran.stdout
    assert "halted        no" in ran.stdout
    assert "A rather long name of an auditor that no column may cut  accredited" in ran.stdout
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert [row["source"] for row in status["sources"]] == ["ledger", "alpha"]
    assert status["auditors"][0] == {
        "name": "A rather long name of an auditor that no column may cut",
        "state": "accredited",
        "fetches": 0,
    }
    listed = here.run("ledgerctl", "auditor", "list", "-d", "led").stdout.splitlines()
    (row,) = here.call("ledgerctl", "auditor", "list", "-d", "led", "--json").objects
    assert row["key_id"] in listed[1]


def test_a_halted_ledger_is_told_with_1(here: Site) -> None:
    """A ledger that cannot keep its high-water mark answers what is durable, then signs no more; mended, it goes on."""
    here.open(inside=True)
    here.serve()
    blocked = here.path("led/high-water.json.new")
    blocked.mkdir()
    add = ("ledgerctl", "auditor", "add", request(here, "auditor", "One"), "-d", "led")
    here.call(*add)
    another = ("ledgerctl", "auditor", "add", request(here, "auditor", "Two"), "-d", "led")
    assert here.call(*another, code=2).error.startswith("the ledger is halted: ")
    assert "halted        a write failed" in here.call("ledgerctl", "status", "-d", "led", code=1).stdout
    blocked.rmdir()
    here.stop()
    here.serve()
    (status,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert (status["tree_size"], status["halted"], status["auditors"][0]["name"]) == (2, None, "One")
    assert here.stop() == 0
    here.call("ledgerctl", "fsck", "led")
