"""An erased payload is no finding once the log shows the ERASURE of this very entry."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.audit.boxes import known_auditor
from ledger.audit.payloads import KEPT, MISSING, NO_ERASURE, open_range
from ledger.client.reads import LogClient
from ledger.core.tlogproof import TlogProof
from ledger.v1 import log_pb2
from tests.audit.audited import ONE, audited, erased, opened
from tests.client.cosigned import cosigned, pinned
from tests.client.lying import Lying, lying
from tests.core.world import World


def with_erasures() -> World:
    """Return a log whose entries 4 and 8 are erased by 9 and 10."""
    world = audited()
    world.govern(world.erasure(4))
    world.govern(world.erasure(8))
    return world


async def test_an_erased_entry_names_its_erasure() -> None:
    """Declared erasures are told with the entry that says so; the others open, and the ERASURE is told too."""
    world = with_erasures()
    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = erased(world)
        found = await opened(ledger, ONE.x25519_secret)
    assert {index: item.erased for index, item in found.items() if item.erased} == {4: 9, 8: 10}
    assert not any(item.finding or item.unchecked for item in found.values())
    assert [index for index, item in found.items() if item.payload] == [3, 5, 6]
    assert [index for index, item in found.items() if not item.has_payload] == [9, 10]


async def test_a_missing_payload_that_nobody_declares_is_a_finding() -> None:
    """The log has an ERASURE, of another entry: this one is missing."""
    world = with_erasures()

    def without(batches: list[Any]) -> list[Any]:
        return [batch for batch in erased(world)(batches) if not any(item.index == 3 for item in batch.payloads)]

    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = without
        found = await opened(ledger, ONE.x25519_secret)
    assert {index: item.finding for index, item in found.items() if item.finding} == {3: MISSING}


OTHERS = {
    "the ERASURE of another entry": 10,
    "an entry that is no ERASURE": 3,
    "the opening of the log": 0,
    "the end of the tree": 11,
    "an entry far past the tree": 2**64 - 1,
}


@pytest.mark.parametrize("index", OTHERS.values(), ids=OTHERS)
async def test_an_erasure_that_is_none_of_this_entry_is_a_finding(index: int) -> None:
    """The ledger cannot explain what is missing with anything but the ERASURE that names source, sequence and leaf."""
    world = with_erasures()

    def misnamed(batches: list[Any]) -> list[Any]:
        for batch in erased(world)(batches):
            for item in batch.erased:
                if item.index == 4:
                    item.erasure = index
        return batches

    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = misnamed
        found = await opened(ledger, ONE.x25519_secret)
    assert {at: item.finding for at, item in found.items() if item.finding} == {4: NO_ERASURE}
    assert (found[4].erased, found[8].erased) == (0, 10)


async def test_a_payload_that_is_kept_in_spite_of_its_erasure_is_a_finding() -> None:
    """What is erased is not given any more, not even with the ERASURE beside it."""
    world = with_erasures()

    def kept(batches: list[Any]) -> list[Any]:
        for batch in batches:
            for item in batch.payloads:
                if item.index == 4:
                    batch.erased.add(index=4, sequence=item.sequence, erasure=9)
        return batches

    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = kept
        found = await opened(ledger, ONE.x25519_secret, 0, 8)
    assert {at: item.finding for at, item in found.items() if item.finding} == {4: KEPT}


async def test_an_erasure_that_the_quorum_has_not_seen_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a witness policy the ERASURE is looked for in a checkpoint that covers it, not in the one read before."""
    world = with_erasures()

    def slow(_: Lying, request: Any) -> Any:
        return log_pb2.Checkpoint(note=cosigned(world.checkpoint(max(request.min_size, 9)), "one", "two"))

    def slow_receipt(_: Lying, request: Any) -> Any:
        proof = TlogProof.parse(world.receipt(request.index.index, max(request.min_size, 9)))
        return log_pb2.Receipt(tlog_proof=replace(proof, checkpoint=cosigned(proof.checkpoint, "one", "two")).format())

    monkeypatch.setattr(Lying, "get_checkpoint", slow)
    monkeypatch.setattr(Lying, "get_receipt", slow_receipt)
    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = erased(world)
        reader = LogClient(ledger.channel, pinned(world))
        auditor = await known_auditor(reader, ONE.x25519_secret)
        found = [item async for item in open_range(ledger.channel, reader, auditor, 0, 9)]
    assert [item.erased for item in found if item.erased] == [9, 10]
    assert not any(item.finding for item in found)
