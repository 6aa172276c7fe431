"""Sealed payloads as the ledger hands them out, and what one that may opens them to (protocol §7, §8)."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import grpc

from ledger.client.reads import Entry
from ledger.client.transport import translate
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, NotPermitted, Refused, VerificationFailed
from ledger.core.opened import Recorded
from ledger.core.sealed import OpenedPayload, open_payload, verify_keyless, verify_opened, verify_payload_digest
from ledger.core.sealed_keys import open_box
from ledger.v1 import audit_pb2, audit_pb2_grpc, disclosure_pb2, disclosure_pb2_grpc


@dataclass(frozen=True, slots=True)
class Sealed:
    """One payload with the shred, and the batch that it travelled in."""

    payload: bytes
    shred: bytes
    batch: disclosure_pb2.SealedBatch


async def own_payloads(
    channel: grpc.aio.Channel, source_id: str, begin: int, end: int
) -> AsyncIterator[disclosure_pb2.SealedBatch]:
    """Yield a source's own payloads of sequences [begin, end), batch by batch; the channel is the source's."""
    stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
    request = disclosure_pb2.StreamOwnPayloadsRequest(source_id=source_id, begin=begin, end=end)
    with translate():
        async for batch in stub.StreamOwnPayloads(request):
            yield batch


async def audited_payloads(
    channel: grpc.aio.Channel, begin: int, end: int
) -> AsyncIterator[disclosure_pb2.SealedBatch]:
    """Yield the payloads of entries [begin, end), batch by batch; the channel is an accredited auditor's."""
    stub: Any = audit_pb2_grpc.AuditServiceStub(channel)
    with translate():
        async for batch in stub.StreamSealedPayloads(audit_pb2.StreamSealedPayloadsRequest(begin=begin, end=end)):
            yield batch


def find_payload(batches: Iterable[disclosure_pb2.SealedBatch], index: int) -> Sealed:
    """Return an entry's payload and its batch; raise Refused where the ledger gives none."""
    for batch in batches:
        for erased in batch.erased:
            if erased.index == index:
                raise Refused(f"payload: the ledger says that it was erased, at entry {erased.erasure}")
        for sealed in batch.payloads:
            if sealed.index == index:
                return Sealed(sealed.payload, sealed.shred, batch)
    raise Refused("payload: the ledger gives none of this entry, and no erasure")


def find_key(batch: disclosure_pb2.SealedBatch, *secrets: bytes) -> bytes:
    """Return the key in the first box of a batch, or deposited for it, that one of some X25519 keys opens.

    Raises:
        NotPermitted: they open none.
    """
    for item, secret in product((*batch.sealed_keys, *batch.deposited), secrets):
        try:
            return open_box(item.box, secret)
        except (VerificationFailed, InvalidInput):
            continue
    raise NotPermitted("key: opens no box of the entry's batch, which was sealed to others or to an earlier key")


def open_sealed(entry: Entry, log_id: Hash, sealed: Sealed, batch_key: bytes) -> OpenedPayload:
    """Return what a payload holds once it gives all that the entry's leaf says.

    Raises:
        VerificationFailed: it does not, which convicts the source if the batch key is its own.
    """
    statement = entry.statement
    body = statement.body
    if not isinstance(body, Recorded):
        raise VerificationFailed("statement: has no sealed payload")
    try:
        verify_payload_digest(sealed.payload, body.payload_digest)
        opened = open_payload(sealed.payload, batch_key, log_id, statement.source_id, statement.sequence, sealed.shred)
        if isinstance(body, bodies.Disclosure) or (isinstance(body, bodies.Correction) and body.keys_root):
            return verify_opened(opened, body.slots_root, body.keys_root, body.key_class, body.aggregates_root)
        return verify_keyless(opened, body.slots_root)
    except InvalidInput as error:
        raise VerificationFailed(str(error)) from None


async def open_own(channel: grpc.aio.Channel, entry: Entry, log_id: Hash, *secrets: bytes) -> OpenedPayload:
    """Return what the source's own entry holds, fetched, and opened with one of its keys; raise as the parts do."""
    statement = entry.statement
    fetched = own_payloads(channel, statement.source_id, statement.sequence, statement.sequence + 1)
    sealed = find_payload([batch async for batch in fetched], entry.index)
    return open_sealed(entry, log_id, sealed, find_key(sealed.batch, *secrets))
