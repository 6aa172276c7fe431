"""Many tasks record, few batches travel, and everyone gets a receipt that stands alone."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client import exchange
from ledger.client import recorder as recorders
from ledger.core.batch import MAX_BATCH
from ledger.core.building import prepare
from ledger.core.errors import InvalidInput, Unavailable
from ledger.core.lookup_keys import LookupKey, canonicalise
from ledger.core.receipt import verify_receipt
from tests.client.lying import lying
from tests.client.recording import opened_world, recording
from tests.core.world import Entropy, disclosure
from tests.served import serving

LARGE = "n" * 4000


async def test_calls_of_many_tasks_coalesce(tmp_path: Path) -> None:
    """Calls that arrive together travel together, and what arrives meanwhile is the next batch."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        first = [asyncio.create_task(recorder.record(disclosure(notes=str(number)))) for number in range(50)]
        await ledger.held.wait()
        receipts = await asyncio.gather(*first, *(recorder.record(disclosure()) for _ in range(30)))
    assert [len(request.statements) for request in ledger.received] == [50, 30]
    assert [receipt.sequence for receipt in receipts] == list(range(80))


async def test_each_receipt_stands_alone_against_a_real_ledger() -> None:
    """Nothing but the log's verifier key is needed to verify what each call returned."""
    async with serving() as served:
        source = await served.enrol("alpha", await served.accredit("Auditor One"))
        async with source.recorder() as recorder:
            receipts = await asyncio.gather(*(recorder.record(disclosure()) for _ in range(20)))
            receipts.append(await recorder.record(disclosure()))
    assert len({receipt.index for receipt in receipts}) == 21
    for receipt in receipts:
        verified = verify_receipt(receipt.data, served.vkey)
        statement = verified.statement
        assert verified.index == receipt.index
        assert (statement.source_id, statement.sequence) == (receipt.source_id, receipt.sequence)
        assert verified.log_id == served.log_id


async def test_no_batch_has_more_than_the_bound(tmp_path: Path) -> None:
    """Past 1,024 statements the rest waits for the next batch."""
    entropy = Entropy()
    prepared = [prepare(disclosure(), entropy) for _ in range(MAX_BATCH + 1)]
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        receipts = await asyncio.gather(*(recorder.submit(item) for item in prepared))
    assert [len(request.statements) for request in ledger.received] == [MAX_BATCH, 1]
    assert [receipt.sequence for receipt in receipts] == list(range(MAX_BATCH + 1))


async def test_large_records_are_split_over_batches_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is closed before it would grow past its bytes; one that is larger alone still travels."""
    monkeypatch.setattr(recorders, "BATCH_BYTES", 20_000)
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        items = [disclosure(notes=LARGE) for _ in range(5)] + [disclosure() for _ in range(3)]
        await asyncio.gather(*map(recorder.record, items))
    assert [len(request.statements) for request in ledger.received] == [2, 2, 4]


def test_a_prepared_entry_takes_no_more_room_than_it_says() -> None:
    """Leaf, payload, shred, keys, salts and padding of an entry together are within its stated size."""
    world = opened_world()
    for count in (0, 1, 4, 5, 17, 65, 256):
        keys = tuple(canonicalise("account", f"account-{number}") for number in range(count))
        prepared = prepare(disclosure(*keys), Entropy())
        travels = exchange.to_request(world.submission("alpha", disclosure(*keys)), 2**62)
        fixed = 3 * 34 + 11 + sum(118 for _ in travels.sealed_keys)
        assert travels.ByteSize() - fixed <= prepared.size


async def test_a_disclosure_that_cannot_be_logged_fails_alone(tmp_path: Path) -> None:
    """What does not fit a payload, or has a key that is not canonical, is refused before it joins a batch."""
    bad = [
        disclosure(*(canonicalise("username", f"{number:03}" + "ø" * 450) for number in range(256))),
        disclosure(LookupKey("phone", b"not a number")),
        disclosure(outcome="REJECTED", rejection_reason="OTHER"),
    ]
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        outcomes = await asyncio.gather(
            *(recorder.record(item) for item in [disclosure(), *bad, disclosure()]), return_exceptions=True
        )
    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt", *["InvalidInput"] * 3, "Receipt"]
    assert [str(error).partition(":")[0] for error in outcomes[1:4]] == ["record", "keys.value", "outcome"]
    assert [len(request.statements) for request in ledger.received] == [2]


async def test_a_batch_that_cannot_be_built_leaves_nothing_behind(tmp_path: Path) -> None:
    """A prepared entry of a shape that no payload has fails with its batch, and the recorder goes on."""
    good = prepare(disclosure(), Entropy())
    odd = replace(good, plaintext=b"not padded")
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        with pytest.raises(InvalidInput, match=r"^plaintext: not padded to a class$"):
            await recorder.submit(odd)
        assert (await recorder.submit(good)).sequence == 0


async def test_time_never_goes_back(tmp_path: Path) -> None:
    """A clock that was set back gives the minute of the statement before."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        await recorder.record(disclosure())
        ledger.world.minute -= 4
        await recorder.record(disclosure())
        entries = [leaf.statement for placed in ledger.world.placed[-2:] for leaf in placed.batch.leaves]
    assert entries[0].recorded_at == entries[1].recorded_at


async def test_a_closed_recorder_takes_nothing(tmp_path: Path) -> None:
    """Before it is started and after it is closed, a call fails at once."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            last = asyncio.create_task(recorder.record(disclosure()))
            await asyncio.sleep(0)
        assert (await last).sequence == 0
        with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
            await recorder.record(disclosure())
