"""``ledgerctl erase``: what was sealed in an entry is destroyed by an approved statement, and everybody is told so."""

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest

from ledger.client import profile
from ledger.engine import schema
from ledger.engine.store import Store
from ledger.v1.audit_pb2 import StreamSealedPayloadsRequest
from ledger.v1.disclosure_pb2 import SealedBatch
from tests.cli.commands import Site, disclosure, lines, site
from tests.service.calls import drained, stub
from tests.tools.governed import approved, governed

BASIS: Final = ("--basis", "Art. 17 GDPR")
COUNT: Final = 20


def record(here: Site) -> None:
    """Record twenty disclosures from index 3 on, sealed to the auditor "One"."""
    given = lines(*(disclosure(number) for number in range(COUNT)))
    here.call("ledger", "record", "-", "-p", here.source("alpha", here.auditor("One")), given=given)


@pytest.fixture(scope="module")
def here() -> Iterator[Site]:
    """Give a ledger of twenty disclosures, served by a process and governed by one key in its directory."""
    with site() as found:
        found.open(inside=True)
        found.serve()
        record(found)
        yield found


def rows(here: Site, *keys: bytes) -> list[bytes | None]:
    """Return rows of the stopped ledger's store."""
    store = Store.open(here.path("led/store"))
    try:
        return [store.get(key) for key in keys]
    finally:
        store.close()


def held(here: Site, values: list[bytes]) -> list[bytes]:
    """Return 16-byte pieces of ``values`` that are in a file below the ledger's directory."""
    files = [path.read_bytes() for path in sorted(here.path("led").rglob("*")) if path.is_file()]
    pieces = [value[at : at + 16] for value in values for at in range(0, len(value) - 15, 16)]
    return [piece for piece in pieces if any(piece in data for data in files)]


async def fetched(here: Site, name: str, begin: int, end: int) -> list[SealedBatch]:
    """Return what an auditor is given of entries [begin, end)."""
    async with profile.load(here.path(name)).role_channel() as transport:
        request = StreamSealedPayloadsRequest(begin=begin, end=end)
        return await drained(stub(transport, "audit").StreamSealedPayloads(request))


def test_an_erasure_destroys_what_was_sealed() -> None:
    """Neither payload nor shred nor queued keys are in any file after it; the rest opens, and all proofs hold."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        here.pin_ports()
        record(here)
        assert here.stop() == 0
        keys = (schema.payload_key(9), schema.shred_key(9), schema.queue_key(9))
        before = [row for row in rows(here, *keys) if row is not None]
        assert len(before) == 3
        assert held(here, before)
        here.serve()
        ran = here.run("ledgerctl", "erase", "9", *BASIS, "-d", "led")
        assert ran.stdout == f"entry {COUNT + 3}: erasure of entry 9: Art. 17 GDPR\n"
        said, warned, receipt = ran.stderr.splitlines()
        assert said == "entry 9: DISCLOSURE of alpha, sequence 6; basis: Art. 17 GDPR"
        assert warned.endswith("are destroyed and cannot be brought back; its leaf stays")
        verified = here.call("ledger", "verify", receipt.removeprefix("receipt: "), "--log", "led/log.vkey").stdout
        assert "ERASURE" in verified
        batches = asyncio.run(fetched(here, "One", 3, COUNT + 3))
        erased = [(item.index, item.sequence, item.erasure) for batch in batches for item in batch.erased]
        assert erased == [(9, 6, COUNT + 3)]
        payloads = [item.index for batch in batches for item in batch.payloads]
        assert payloads == [*range(3, 9), *range(10, COUNT + 3)]
        assert here.stop() == 0
        assert held(here, before) == []
        assert rows(here, *keys) == [None, None, None]
        assert f"{COUNT - 1} payloads" in here.call("ledgerctl", "fsck", "led").stdout


def test_an_erasure_for_programs(here: Site) -> None:
    """With ``--json`` the line names index, body and receipt, and that no file still holds anything."""
    before = int(here.call("ledgerctl", "status", "-d", "led", "--json").objects[0]["tree_size"])
    (row,) = here.call("ledgerctl", "erase", "4", *BASIS, "-d", "led", "--json").objects
    receipt = f"led/receipts/{before}.tlog-proof"
    assert row == {"index": before, "body": "ERASURE", "receipt": receipt, "traces": []}


WRONG: dict[str, tuple[list[str], str]] = {
    "an entry to come": (["999", *BASIS], "index: the log has "),
    "LOG_OPENED": (["0", *BASIS], "index: entry 0, LOG_OPENED, has no payload"),
    "an auditor's accreditation": (["1", *BASIS], "index: entry 1, AUDITOR_ADDED, has no payload"),
    "an empty basis": (["5", "--basis", ""], "legal_basis: must be 1 to 500 bytes without control characters"),
    "a basis that steers a terminal": (["5", "--basis", "a\x1b[2J"], "legal_basis: must be 1 to 500 bytes"),
    "a basis too long": (["5", "--basis", "a" * 501], "legal_basis: must be 1 to 500 bytes"),
}


@pytest.mark.parametrize(("words", "error"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_erased_is_said(words: list[str], error: str, here: Site) -> None:
    """No entry, no payload, no reason: refused in a line, and nothing is logged, not even as a proposal."""
    (before,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    for more in ((), ("--propose", "no.json")):
        assert here.call("ledgerctl", "erase", *words, "-d", "led", *more, code=2).error.startswith(error)
    assert not here.path("no.json").exists()
    (after,) = here.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert after["tree_size"] == before["tree_size"]


def test_nothing_is_erased_twice(here: Site) -> None:
    """The second time the entry is named that says so, at once and for a proposal alike."""
    (row,) = here.call("ledgerctl", "erase", "6", *BASIS, "-d", "led", "--json").objects
    for more in ((), ("--propose", "twice.json")):
        error = here.call("ledgerctl", "erase", "6", *BASIS, "-d", "led", *more, code=2).error
        assert error == f"index: erased already, by entry {row['index']}"
    assert not here.path("twice.json").exists()


def test_no_index_and_no_basis_is_a_mistake_of_use(here: Site) -> None:
    """Without ``--basis``, or with an index below 0, nothing is asked of the ledger."""
    for words in (["7"], ["--basis", "x"], ["-1", *BASIS]):
        result = here.start("ledgerctl", "erase", *words, "-d", "led")
        _, stderr = result.communicate(timeout=60)
        assert (result.returncode, "Usage: ledgerctl erase" in stderr) == (2, True)


def test_a_proposed_erasure_travels_to_its_approvers() -> None:
    """Nothing is destroyed before enough approvers signed; ``apply`` destroys, and says what is left to do."""
    with governed() as here:
        here.call("ledger", "keygen", "auditor", "-o", "One.key", "--name", "One")
        where = ("--log-id", here.log_id)
        here.call("ledger", "request", "auditor", "-k", "One.key", "-o", "One.request", "--name", "One", *where)
        here.call("ledgerctl", "auditor", "add", "One.request", "-d", "led", *approved())
        here.call("ledger", "keygen", "source", "-o", "alpha.key")
        here.call("ledger", "request", "source", "-k", "alpha.key", "-o", "alpha.request", "--id", "alpha", *where)
        here.call("ledgerctl", "enroll", "alpha.request", "-d", "led", *approved())
        here.call("ledgerctl", "certs", "source", "alpha", "-o", "alpha", "-d", "led", "--auditor", "One.key.pub")
        here.path("alpha.key").rename(here.path("alpha/source.key"))
        here.call("ledger", "record", "-", "-p", here.path("alpha"), given=lines(disclosure(1)))
        words = ("ledgerctl", "erase", "3", *BASIS, "-d", "led")
        assert "approvals: 2 are needed, 1 at hand" in here.call(*words, *approved("ann"), code=2).stderr
        ran = here.call(*words, *approved("ann"), "--propose", "e.json")
        assert "e.json: proposal for erasure of entry 3: Art. 17 GDPR; approvers run: " in ran.stderr
        assert "approvals: 2 are needed" in here.call("ledgerctl", "apply", "e.json", "-d", "led", code=2).error
        here.call("ledger", "approve", "e.json", "-k", "bob.key")
        (row,) = here.call("ledgerctl", "apply", "e.json", "-d", "led", "--json").objects
        assert (row["index"], row["body"], row["traces"]) == (4, "ERASURE", [])
        here.call("ledger", "verify", row["receipt"], "--log", "led/log.vkey")
        assert here.stop() == 0
        assert rows(here, schema.payload_key(3), schema.shred_key(3), schema.queue_key(3)) == [None, None, None]
        here.call("ledgerctl", "fsck", "led")
