"""Who is accredited when: what was sealed before opens through deposited boxes alone, and removal ends it."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.audit.boxes import GARBAGE_DEPOSITED, known_auditor
from ledger.audit.payloads import Opened, open_range
from ledger.client.payloads import audited_payloads, find_key, own_payloads
from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import NotPermitted, TooFewAuditors
from ledger.core.sealed_keys import box_batch_key, x25519_secret
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc
from tests.audit.audited import TWO, UNOPENED, audited, opened
from tests.client.lying import lying
from tests.core.world import World, disclosure
from tests.served import Member, Served, serving


async def audit(auditor: Member) -> dict[int, Opened]:
    """Return what an auditor finds in the whole log."""
    async with auditor.reader(as_role=True) as reader, auditor.profile.role_channel() as channel:
        who = await known_auditor(reader, auditor.own_key.x25519_secret)
        size = (await reader.checkpoint()).checkpoint.size
        return {item.entry.index: item async for item in open_range(channel, reader, who, 0, size)}


async def deposit(served: Served, source: Member, auditor: Member) -> None:
    """Have the source box the key of its first batch to an auditor that came later."""
    async with auditor.reader() as reader:
        key_id = (await known_auditor(reader, auditor.own_key.x25519_secret)).key_id
    async with source.profile.role_channel() as channel:
        (batch,) = [item async for item in own_payloads(channel, "alpha", 0, 1)]
        key = find_key(batch, x25519_secret(source.own_key.secret.seed))
        box = box_batch_key(key, auditor.own_key.public.x25519)
        sealed = [disclosure_pb2.SealedKey(key_id=key_id or b"", suite=1, box=box)]
        stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
        await stub.DepositSealedKeys(
            disclosure_pb2.DepositSealedKeysRequest(source_id="alpha", first_sequence=0, sealed_keys=sealed)
        )


async def test_an_auditor_added_today_opens_yesterdays_through_deposited_boxes() -> None:
    """What was sealed before is closed to it until the source deposits a box of that batch's key."""
    async with serving() as served:
        first = await served.accredit("First")
        source = await served.enrol("alpha", first)
        async with source.recorder() as recorder:
            one = await recorder.record(disclosure(notes="one"))
            two = await recorder.record(disclosure(notes="two"))
        late = await served.accredit("Late")
        before = await audit(late)
        assert {index: item.unchecked for index, item in before.items()} == {one.index: UNOPENED, two.index: UNOPENED}
        await deposit(served, source, late)
        after = await audit(late)
    opens = after[one.index].payload
    assert opens is not None
    assert opens.record_object["notes"] == "one"
    assert (after[two.index].payload, after[two.index].unchecked) == (None, UNOPENED)


async def test_a_removed_auditor_gets_nothing_and_is_not_boxed_to() -> None:
    """Its certificate fetches no payload any more, and a source that trusts nobody else seals nothing."""
    async with serving() as served:
        auditor, other = await served.accredit("Gone"), await served.accredit("Other")
        source = await served.enrol("alpha", auditor, other)
        alone = await served.enrol("beta", auditor)
        key = auditor.own_key
        await served.govern(
            Request(served.log_id, bodies.AuditorRemoved(0, "Gone", key.public.public, Hash(key.public.x25519)))
        )
        async with source.recorder() as recorder:
            receipt = await recorder.record(disclosure())
        with pytest.raises(NotPermitted, match=r"^auditor: the log names none of this name, or it was removed$"):
            await audit(auditor)
        with pytest.raises(TooFewAuditors):
            async with alone.recorder():
                pass
        found = (await audit(other))[receipt.index]
        async with other.profile.role_channel() as channel, other.reader() as reader:
            gone = await known_auditor(reader, auditor.own_key.x25519_secret)
            (batch,) = [item async for item in audited_payloads(channel, receipt.index, receipt.index + 1)]
    assert found.payload is not None
    assert gone.key_id in gone.known
    assert gone.key_id not in {box.key_id for box in batch.sealed_keys}


def deposited(world: World, box: bytes) -> Callable[[list[Any]], list[Any]]:
    """Return a lie that gives auditor two a box of the first batch, outside the seal."""
    key_id = next(key for key, item in world.state.auditors.items() if item.name == "two")

    def lie(batches: list[Any]) -> list[Any]:
        batches[0].deposited.add(key_id=key_id, suite=1, box=box)
        return batches

    return lie


DEPOSITED = {
    "garbage": (b"?" * 80, GARBAGE_DEPOSITED),
    "too short": (b"?" * 79, GARBAGE_DEPOSITED),
    "the box of another key": (
        box_batch_key(bytes(32), TWO.x25519),
        "commit: another batch key, log, source or sequence",
    ),
}


@pytest.mark.parametrize(("box", "finding"), DEPOSITED.values(), ids=DEPOSITED)
async def test_a_deposited_box_has_to_open_too(box: bytes, finding: str) -> None:
    """A deposited box is held against the payload as any other."""
    world = audited()
    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = deposited(world, box)
        found = await opened(ledger, TWO.x25519_secret)
    assert {index: item.finding for index, item in found.items() if item.finding} == {3: finding}
    assert {item.unchecked for index, item in found.items() if index in (4, 5, 6)} == {UNOPENED}
