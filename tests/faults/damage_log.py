"""A log that has every kind of row, what its clients were told, and copies of it that something was done to."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ledger.client.exchange import to_request
from ledger.core.bodies import DeliveryResult, Target
from ledger.core.building import prepare_delivery
from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.encoding import Hash
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.record import PartialRecord
from ledger.core.sealed_keys import SealedKey
from ledger.engine import schema
from ledger.engine.store import Store
from ledger.v1 import audit_pb2, disclosure_pb2, log_pb2
from tests.engine.cosigning import NAMES, NOW, POLICY, WITNESSES
from tests.served import ORIGIN, Member, Served, serving
from tests.service.calls import answered, public_channel, role_channel
from tests.service.hand import Hand, private_disclosure

SIZES: Final = (1, 3, 252, 1, 2)
"""Statements of the source's batches: with the ledger's own they fill the first tile and begin another.

The last but one is the DELIVERY of the first disclosure.
"""
OWN: Final = 5
"""The ledger's own statements: opening, auditor, source, and before the DELIVERY an ANCHOR and a later auditor."""

Call = tuple[str, str, Any]
"""Service, method and request."""

Change = Callable[[Path], None]
"""What is done to a stopped ledger's directory."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A stopped log, all of its rows, and what its clients were told when nothing was damaged."""

    served: Served
    hand: Hand
    auditor: Member
    rows: dict[bytes, bytes]
    leaves: tuple[bytes, ...]
    answers: tuple[tuple[Call, Any], ...]
    sent: disclosure_pb2.SubmitBatchRequest
    following: disclosure_pb2.SubmitBatchRequest

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.leaves)

    def root(self, size: int | None = None) -> Hash:
        """Return the root of the true leaves."""
        return tree_root([leaf_hash(leaf) for leaf in self.leaves[:size]])


@asynccontextmanager
async def whole() -> AsyncIterator[Whole]:
    """Fill a log, ask everything once, and stop it."""
    async with serving(started=False, metrics_listen="", witness_policy=POLICY, confirm_start=False) as served:
        await served.start()
        auditor = await served.accredit("One")
        hand = await Hand.enrolled(served, "alpha", [auditor])
        target: Target | None = None
        for number, count in enumerate(SIZES):
            if number == len(SIZES) - 2:  # what was written so far moves into tables; the rest lies in the journal
                await served.stop()
                await served.start()
                await _witness(served)
                await _deposit(served, await served.accredit("Late"))
            if number == len(SIZES) - 2 and target is not None:
                said = prepare_delivery(target, DeliveryResult.DELIVERED, PartialRecord(), hand.entropy)
                sent = to_request(hand.built(said), 0)
            else:
                sent = hand.request(*[private_disclosure()] * count)
            target = target or Target(0, leaf_hash(sent.statements[0]))
            async with role_channel(served, hand.member) as transport:
                await answered(transport, "disclosure", "SubmitBatch", sent)
            hand.follow(sent)
        answers = tuple([(call, await ask(served, hand, auditor, call)) for call in calls(OWN + sum(SIZES))])
        following = hand.request(private_disclosure(), private_disclosure())
        rows = served.rows()
        await served.stop()
        leaves = tuple(rows[schema.entry_key(index)] for index in range(OWN + sum(SIZES)))
        yield Whole(served, hand, auditor, rows, leaves, answers, sent, following)


async def _deposit(served: Served, late: Member) -> None:
    """Have the writer keep a box of the first batch's key for an auditor accredited later; nobody opens it."""
    sequencer = served.server.sequencer
    key_id = next(item.key_id for item in sequencer.view.auditors.values() if item.name == late.profile.name)
    await asyncio.wrap_future(sequencer.deposit(3, (SealedKey(key_id, bytes(80)),)))


async def _witness(served: Served) -> None:
    """Have the writer keep a note that the quorum cosigned, and anchor it."""
    sequencer = served.server.sequencer
    signed = open_checkpoint(sequencer.view.note, served.vkey, ORIGIN)
    note = signed.note
    for number, name in enumerate(NAMES):
        note = note.with_signature(cosign(signed.checkpoint, NOW + number, WITNESSES[name]))
    for future in (sequencer.keep(note.format()), sequencer.anchor(note.format())):
        await asyncio.wrap_future(future)


def calls(size: int) -> Iterator[Call]:
    """Yield what clients ask of a log of ``size``: entries from its ends and middle, by every method that reads."""
    for index in (0, 1, 2, 3, 4, 6, 7, 200, size - 1):
        yield "log", "GetReceipt", log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=index))
        yield "log", "GetInclusionProof", log_pb2.GetInclusionProofRequest(index=index, size=size)
    for sequence in (0, 1, 3, 4, 100, size - OWN - 1):
        entry = log_pb2.SourceSequence(source_id="alpha", sequence=sequence)
        yield "log", "GetReceipt", log_pb2.GetReceiptRequest(source=entry)
    yield "log", "StreamEntries", log_pb2.StreamEntriesRequest(begin=0, end=size, size=size)
    yield "log", "GetConsistencyProof", log_pb2.GetConsistencyProofRequest(first=130, second=size)
    yield "log", "GetCheckpoint", log_pb2.GetCheckpointRequest(cosigned=True)
    yield "log", "GetPolicies", log_pb2.GetPoliciesRequest()
    yield "log", "GetDirectory", log_pb2.GetDirectoryRequest()
    yield "disclosure", "GetHead", disclosure_pb2.GetHeadRequest(source_id="alpha")
    own = disclosure_pb2.StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=size - OWN)
    yield "disclosure", "StreamOwnPayloads", own
    yield "audit", "StreamSealedPayloads", audit_pb2.StreamSealedPayloadsRequest(begin=0, end=size)


async def ask(served: Served, hand: Hand, auditor: Member, call: Call) -> Any:
    """Return the answer to a call made by whoever may make it."""
    service, method, request = call
    members = {"disclosure": hand.member, "audit": auditor}
    transport = role_channel(served, members[service]) if service in members else public_channel(served)
    async with transport:
        return await answered(transport, service, method, request)


def flipped(value: bytes, bit: int) -> bytes:
    """Return ``value`` with one bit changed."""
    changed = bytearray(value)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


@asynccontextmanager
async def serving_copy(held: Whole, change: Change) -> AsyncIterator[Served]:
    """Serve a copy of the log that ``change`` was done to; raise what its start raises."""
    copy = held.served.directory.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(held.served.directory, copy)
    change(copy)
    served = replace(held.served, directory=copy)
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


def sampled(rows: dict[bytes, bytes], prefix: bytes) -> list[bytes]:
    """Return keys of one kind: every setting, of the others the first, one between, and the last."""
    keys = sorted(key for key in rows if key[:1] == prefix)
    return keys if prefix == schema.META else sorted({keys[0], keys[len(keys) // 2], keys[-1]})


def row_bit(held: Whole, key: bytes, bit: int) -> Change:
    """Return the change of one bit of a row, under checksums that fit it."""

    def change(directory: Path) -> None:
        store = Store.open(directory / "store")
        store.write([(key, flipped(held.rows[key], bit))])
        store.close()

    return change
