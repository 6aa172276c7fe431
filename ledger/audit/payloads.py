"""Sealed payloads fetched, opened locally, and each held against its leaf (protocol §7, §8)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import grpc

from ledger.audit.boxes import Auditor, Boxed, open_boxes
from ledger.audit.orders import order_finding
from ledger.audit.seals import check_seals
from ledger.client.payloads import Sealed, audited_payloads, open_sealed
from ledger.client.reads import Entry, LogClient
from ledger.core import bodies
from ledger.core.encoding import MAX_SIZE, Hash
from ledger.core.errors import Uncheckable, VerificationFailed
from ledger.core.life import target_of
from ledger.core.merkle import leaf_hash
from ledger.core.sealed import OpenedPayload
from ledger.core.statement import Statement, roots_of

MISSING: Final = "the payload is missing, and no erasure explains it"
STRAY: Final = "the ledger gives a payload, and the statement has none"
KEPT: Final = "said to be erased, and the ledger still gives the payload"
NO_ERASURE: Final = "said to be erased, by an entry that is no ERASURE of it"
OTHER_BOXES: Final = "sealed keys: not the boxes that the seal signs"

WINDOW: Final = 4096
"""Entries asked for at once."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry with a sealed payload, or one that says something of such a one.

    ``payload`` is what it holds; ``finding`` says what is wrong, ``unchecked`` why nothing can be said of it, and
    ``erased`` is the index of the ERASURE that destroyed it, which is ``erasure``. ``sealed`` is kept where the payload
    or its boxes are what is wrong.
    """

    entry: Entry
    payload: OpenedPayload | None = None
    finding: str = ""
    unchecked: str = ""
    erased: int = 0
    erasure: Statement | None = None
    sealed: Sealed | None = None

    @property
    def has_payload(self) -> bool:
        """Whether something was sealed to go with it."""
        return roots_of(self.entry.statement.body) is not None


@dataclass(frozen=True, slots=True)
class _Given:
    """What the ledger gives of a range, by index: payloads with what their boxes come to, and erasures."""

    payloads: dict[int, tuple[Sealed, Boxed]] = field(default_factory=dict)
    erasures: dict[int, int] = field(default_factory=dict)


async def open_range(
    channel: grpc.aio.Channel, reader: LogClient, auditor: Auditor, begin: int, end: int
) -> AsyncIterator[Opened]:
    """Yield each of entries [begin, end) that has a payload or refers to another entry, in order.

    Raises:
        NotPermitted, NotAuthenticated: the channel is no auditor's.
        BeyondTree: ``end`` lies past the published tree.
        VerificationFailed: the log itself does not verify.
    """
    for first in range(begin, end, WINDOW):
        stop = min(first + WINDOW, end)
        entries = [entry async for entry in reader.entries(first, stop)]
        given = await _given(channel, auditor, first, stop)
        seals = await check_seals(reader, entries)
        for entry, sealing in zip(entries, seals, strict=True):
            sealed, boxed = given.payloads.get(entry.index, (None, None))
            erasure = given.erasures.get(entry.index)
            if sealing.finding:
                yield Opened(entry, finding=sealing.finding)
            elif roots_of(entry.statement.body) is None:
                if sealed is not None:
                    yield Opened(entry, finding=STRAY)
                elif target_of(entry.statement) is not None:
                    yield Opened(entry)
            elif erasure is not None:
                yield await _erased(reader, entry, sealed, erasure)
            elif sealed is None or boxed is None:
                yield Opened(entry, finding=MISSING)
            else:
                yield open_entry(entry, reader.pins.log_id, sealed, boxed, sealing.digest)


async def _given(channel: grpc.aio.Channel, auditor: Auditor, begin: int, end: int) -> _Given:
    given = _Given()
    async for batch in audited_payloads(channel, begin, end):
        boxed = open_boxes(batch, auditor)
        for item in batch.payloads:
            given.payloads[item.index] = Sealed(item.payload, item.shred, batch), boxed
        given.erasures.update((item.index, item.erasure) for item in batch.erased)
    return given


async def _erased(reader: LogClient, entry: Entry, sealed: Sealed | None, erasure: int) -> Opened:
    """Return an entry as erased once the log shows that it was, and nothing is left of it."""
    if sealed is not None:
        return Opened(entry, finding=KEPT)
    if erasure < (await reader.checkpoint(min(erasure + 1, MAX_SIZE))).checkpoint.size:
        said = (await reader.entry(erasure)).statement
        body = said.body
        target = bodies.Target(entry.statement.sequence, leaf_hash(entry.leaf))
        if isinstance(body, bodies.Erasure) and (body.source_id, body.target) == (entry.statement.source_id, target):
            return Opened(entry, erased=erasure, erasure=said)
    return Opened(entry, finding=NO_ERASURE)


def open_entry(entry: Entry, log_id: Hash, sealed: Sealed, boxed: Boxed, digest: bytes) -> Opened:
    """Return ``entry``'s payload once it gives all that the leaf says, or the first thing that does not fit.

    ``digest`` is that of the boxes that the seal of the entry's batch signs.
    """
    if boxed.digest and boxed.digest != digest:
        return Opened(entry, finding=OTHER_BOXES)
    if not boxed.batch_key:
        return Opened(entry, finding=boxed.finding, unchecked=boxed.unchecked, sealed=sealed)
    try:
        payload = open_sealed(entry, log_id, sealed, boxed.batch_key)
    except VerificationFailed as error:
        return Opened(entry, finding=str(error), sealed=sealed)
    except Uncheckable as error:
        return Opened(entry, unchecked=str(error))
    if boxed.wrong:
        return Opened(entry, payload, boxed.wrong, sealed=sealed)
    return Opened(entry, payload, order_finding(entry.statement.body, payload.record_object))
