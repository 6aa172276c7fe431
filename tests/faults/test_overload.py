"""Overload in short: whoever is refused is told when to come back, memory stays bounded, garbage changes nothing."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from ledger.client.exchange import to_request
from ledger.core.batch import MAX_BATCH, Binding
from ledger.core.building import build
from ledger.core.encoding import ZERO_HASH
from tests.faults import overload
from tests.faults.harness import Harness, harness
from tests.faults.invariants import check
from tests.faults.overload import FEW, QUEUE, connect, press, retry_delay
from tests.faults.seen import Violation
from tests.faults.soak_watching import watched
from tests.faults.sources import Source, dice, prepared

FLOOD = 150
"""Calls at once, of a megabyte each: far more than may wait."""

ALLOWED = 300 * 1024 * 1024
"""Bytes by which memory may grow meanwhile."""


@pytest.fixture
async def ledger(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    """A server with the smallest queue that can be configured, and a few sources."""
    monkeypatch.setenv("LEDGER_QUEUE_BYTES", str(QUEUE))
    async with harness(dice(1), [f"source-{number}" for number in range(FEW)]) as served:
        yield served


def largest(source: Source) -> bytes:
    """Return a batch of as many statements as there may be, which only the writer refuses: its key is no source's."""
    binding = Binding(source.log_id, ZERO_HASH, ZERO_HASH)
    entries, signers = prepared(1) * MAX_BATCH, [source.member.own_key.secret.sign]
    minute, recipients = int(time.time()) // 60, source.chain.recipients
    submission = build(entries, source.name, 0, minute, binding, recipients, signers, os.urandom)
    return to_request(submission, 0).SerializeToString()


async def test_a_flood_is_refused_before_it_fills_the_memory(ledger: Harness) -> None:
    """What waits to be examined counts: past the bound calls are told to come back, and no memory is taken for them."""
    source = ledger.sources[0]
    data = largest(source)
    outcomes: list[grpc.StatusCode] = []
    async with watched(ledger) as seen, connect(ledger, source) as channel:
        submit: Any = channel.unary_unary("/ledger.v1.DisclosureService/SubmitBatch")

        async def call() -> None:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await submit(data)
            outcomes.append(refusal.value.code())
            if refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                assert retry_delay(refusal.value) > 0

        await asyncio.gather(call(), call())  # starts the processes that examine
        before = seen.look().memory
        await asyncio.gather(*(call() for _ in range(FLOOD)))
        seen.look()
    assert set(outcomes) == {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.FAILED_PRECONDITION}
    assert seen.peak < before + ALLOWED
    async with ledger.served.admin() as admin:
        assert (await admin.status()).queued_bytes == 0


async def test_garbage_on_every_port_changes_nothing(ledger: Harness) -> None:
    """While random bytes come in through every port, sources are served, health says SERVING, and nothing is lost."""
    await overload.pelt(ledger, rounds=5)
    assert sum(sent.index is not None for source in ledger.sources for sent in source.sent) == 20
    assert await ledger.stop() == 0
    assert "internal error" not in ledger.last_words


async def test_everyone_is_served_in_the_end(ledger: Harness) -> None:
    """Each batch of a closed loop on every connection is acknowledged, and the log holds it once, in order."""
    phase = await press(ledger, len(ledger.sources), batches=4, seconds=60)
    assert len(phase.took) == 4 * len(ledger.sources)
    logged = await check(ledger)
    assert sum(logged.values()) - logged["ledger"] == phase.entries


@pytest.mark.parametrize(
    ("code", "details"),
    [
        (grpc.StatusCode.UNAVAILABLE, "gone"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "no word on when to come back"),
        (grpc.StatusCode.INTERNAL, "internal error"),
    ],
)
def test_any_other_refusal_under_overload_is_a_violation(code: grpc.StatusCode, details: str) -> None:
    """The campaign is able to fail: only RESOURCE_EXHAUSTED with retry information passes."""
    error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details)
    with pytest.raises(Violation, match=f"^under overload: {code.name}: {details}$"):
        retry_delay(error)
