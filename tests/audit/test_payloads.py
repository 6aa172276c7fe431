"""An auditor opens what was sealed to it, and nobody else does."""

import pytest

from ledger.audit import payloads
from ledger.audit.boxes import known_auditor
from ledger.audit.payloads import open_range
from ledger.core.errors import BeyondTree, NotPermitted
from tests.audit.audited import KEY, ONE, TWO, UNOPENED, audited, opened
from tests.client.lying import lying
from tests.core.world import RECORD, disclosure
from tests.served import serving


async def test_an_auditor_opens_what_was_sealed_to_it() -> None:
    """Every disclosure comes with its very record and keys, and nothing else comes."""
    async with lying(audited()) as ledger:
        found = await opened(ledger, ONE.x25519_secret)
    assert [index for index, item in found.items() if not item.finding] == [3, 4, 5, 6, 8]
    contents = {index: item.payload for index, item in found.items() if item.payload is not None}
    assert contents[3].keys == (KEY,)
    assert contents[3].record_object == {**RECORD, "notes": "first"}
    assert [contents[index].record_object["notes"] for index in (4, 5, 6)] == [f"of three: {n}" for n in range(3)]


@pytest.mark.parametrize("window", [1, 2, 3, 100])
async def test_ranges_and_windows_may_cut_batches(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    """However a range is fetched, each disclosure in it appears once."""
    monkeypatch.setattr(payloads, "WINDOW", window)
    async with lying(audited()) as ledger:
        found = await opened(ledger, ONE.x25519_secret, 5, 9)
    assert [(index, item.finding) for index, item in found.items()] == [(5, ""), (6, ""), (8, "")]


@pytest.mark.parametrize(
    ("secret", "readable"), [(TWO.x25519_secret, [8]), (b"\x09" * 32, [])], ids=["a later auditor", "a stranger"]
)
async def test_who_has_no_box_opens_nothing(secret: bytes, readable: list[int]) -> None:
    """What is not boxed to a key stays closed to it, and that is said for each entry."""
    async with lying(audited()) as ledger:
        found = await opened(ledger, secret)
    assert [index for index, item in found.items() if item.payload is not None] == readable
    assert {item.unchecked for index, item in found.items() if index not in readable} == {UNOPENED}
    assert not any(item.finding for item in found.values())


async def test_an_accredited_auditor_reads_a_real_ledger() -> None:
    """Over its own certificate an auditor opens the records; a source's opens none, and nobody reads past the tree."""
    async with serving() as served:
        auditor = await served.accredit("Auditor One")
        source = await served.enrol("alpha", auditor)
        async with source.recorder() as recorder:
            receipt = await recorder.record(disclosure(KEY, notes="first"))
        async with auditor.reader(as_role=True) as reader, auditor.profile.role_channel() as channel:
            who = await known_auditor(reader, auditor.own_key.x25519_secret)
            (found,) = [item async for item in open_range(channel, reader, who, 0, receipt.index + 1)]
            with pytest.raises(BeyondTree):
                await anext(open_range(channel, reader, who, 0, receipt.index + 2))
        async with source.reader() as reader, source.profile.role_channel() as channel:
            with pytest.raises(NotPermitted):
                await anext(open_range(channel, reader, who, 0, receipt.index + 1))
    assert found.payload is not None
    assert (found.payload.record_object["notes"], found.payload.keys) == ("first", (KEY,))
