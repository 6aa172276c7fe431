"""A source that makes its batches by hand, so that it can say what no client would, or say it with another's key."""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.client import profile
from ledger.client.exchange import to_request
from ledger.client.transport import translate
from ledger.core.batch import Binding
from ledger.core.building import Prepared, build
from ledger.core.chain import LogState
from ledger.core.sealed_keys import x25519_from_ed25519
from ledger.core.signing import SecretKey
from ledger.engine import schema
from ledger.engine.store import Store
from ledger.v1 import disclosure_pb2
from tests.core.world import replay
from tests.service.calls import stub

DAYS: Final = "SCENARIO_DAYS_AHEAD"
"""The environment variable by which a dishonest server's clock runs ahead."""


def ahead() -> float:
    """Return the time of a server in whose days the scenario plays."""
    return time.time() + int(os.environ.get(DAYS, "0")) * 86_400


def minute_of(days: int) -> int:
    """Return the minute that lies so many days ahead of now."""
    return int(time.time()) // 60 + days * 24 * 60


def leaves(directory: Path) -> list[bytes]:
    """Return what a stopped ledger has."""
    store = Store.open(directory / "store")
    try:
        return [data for _, data in store.range(schema.ENTRIES, schema.after(schema.ENTRIES))]
    finally:
        store.close()


def state(directory: Path) -> LogState:
    """Return what the leaves of a stopped ledger add up to, each batch checked."""
    return replay(leaves(directory))


def request(
    known: LogState,
    source_id: str,
    prepared: Sequence[Prepared],
    key: SecretKey,
    *,
    minute: int | None = None,
    skipped: int = 0,
    auditors: bool = True,
) -> disclosure_pb2.SubmitBatchRequest:
    """Return the batch of a source that may follow, or ``skipped`` places later, signed and sealed by ``key``.

    ``minute`` is recorded_at, by default now; without ``auditors`` only the source itself can open it.
    """
    source = known.sources[source_id]
    recipients = {source.key_statement: x25519_from_ed25519(source.keys[0].key)}
    if auditors:
        recipients |= {item.key_id: item.x25519_key for item in known.auditors.values()}
    binding = Binding(known.log_id, source.key_statement, source.previous)
    recorded_at = minute_of(0) if minute is None else minute
    place = (source_id, source.next_sequence + skipped, recorded_at, binding, recipients, [key.sign], os.urandom)
    return to_request(build(prepared, *place), 0)


def send(folder: Path, sent: disclosure_pb2.SubmitBatchRequest) -> int:
    """Submit a batch under the certificate of a source's folder; return its first index, or raise as it is refused."""

    async def call() -> int:
        async with profile.load(folder).role_channel() as transport:
            with translate():
                answer = await stub(transport, "disclosure").SubmitBatch(sent)
        return int(answer.first_index)

    return asyncio.run(call())
