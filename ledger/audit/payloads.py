"""Sealed payloads fetched, opened locally, and each held against its leaf (protocol §7, §8)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc

from ledger.client.reads import Entry, LogClient
from ledger.client.transport import translate
from ledger.core import bodies
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.sealed import OpenedPayload, open_payload, verify_opened, verify_payload_digest
from ledger.core.sealed_keys import open_box
from ledger.v1 import audit_pb2, audit_pb2_grpc, disclosure_pb2

SEALED_TO_OTHERS: Final = "sealed before this auditor was accredited, or not to it"
"""Why nothing can be said of a payload: no box of its batch opens with the auditor's key."""

WINDOW: Final = 4096
"""Entries asked for at once."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A disclosure entry: what its payload holds, or in ``finding`` why it does not show that."""

    entry: Entry
    payload: OpenedPayload | None
    finding: str = ""


async def open_range(
    channel: grpc.aio.Channel, reader: LogClient, x25519_secret: bytes, begin: int, end: int
) -> AsyncIterator[Opened]:
    """Yield every disclosure among entries [begin, end), opened with an auditor's X25519 key or with the finding.

    Raises:
        NotPermitted, NotAuthenticated: the channel is no auditor's.
        BeyondTree: ``end`` lies past the published tree.
        VerificationFailed: the log itself does not verify.
    """
    stub: Any = audit_pb2_grpc.AuditServiceStub(channel)
    for first in range(begin, end, WINDOW):
        stop = min(first + WINDOW, end)
        entries = [entry async for entry in reader.entries(first, stop)]
        sealed: dict[int, tuple[disclosure_pb2.SealedPayload, bytes | None]] = {}
        request = audit_pb2.StreamSealedPayloadsRequest(begin=first, end=stop)
        with translate():
            async for batch in stub.StreamSealedPayloads(request):
                key = _batch_key(batch.sealed_keys, x25519_secret)
                sealed.update((item.index, (item, key)) for item in batch.payloads)
        for entry in entries:
            if isinstance(entry.statement.body, bodies.Disclosure):
                payload, key = sealed.get(entry.index, (None, None))
                yield open_entry(entry, reader.pins.log_id, payload, key)


def _batch_key(boxes: Sequence[disclosure_pb2.SealedKey], x25519_secret: bytes) -> bytes | None:
    for box in boxes:
        try:
            return open_box(box.box, x25519_secret)
        except (VerificationFailed, InvalidInput):
            continue
    return None


def open_entry(
    entry: Entry, log_id: bytes, payload: disclosure_pb2.SealedPayload | None, batch_key: bytes | None
) -> Opened:
    """Return ``entry``'s payload once it gives all that the leaf says, or the first thing that does not fit."""
    statement = entry.statement
    body = statement.body
    if payload is None:
        return Opened(entry, None, "the payload is missing, and no erasure explains it")
    if batch_key is None:
        return Opened(entry, None, SEALED_TO_OTHERS)
    if not isinstance(body, bodies.Disclosure):
        return Opened(entry, None, "no disclosure, yet it has a payload")
    try:
        verify_payload_digest(payload.payload, body.payload_digest)
        opened = open_payload(
            payload.payload, batch_key, log_id, statement.source_id, statement.sequence, payload.shred
        )
        verify_opened(opened, body.slots_root, body.keys_root, body.key_class, body.aggregates_root)
    except (VerificationFailed, InvalidInput, Uncheckable) as error:
        return Opened(entry, None, str(error))
    return Opened(entry, opened)
