"""What operators watch: a Prometheus scrape with sizes and counts, and no more names than leaves show."""

import asyncio
import urllib.request
from typing import Final

import grpc
import pytest

from ledger.service.metrics import Metrics
from ledger.v1.disclosure_pb2 import GetHeadRequest
from ledger.v1.log_pb2 import GetInclusionProofRequest, WatchCheckpointsRequest
from tests.served import Served, serving
from tests.service.calls import PRIVATE, public_channel, refusal, stub
from tests.service.hand import Hand, private_disclosure
from tests.service.stall import stalled

CANCELLED: Final = grpc.StatusCode.CANCELLED.value[0]


def scrape(served: Served) -> dict[str, float]:
    """Return each sample of a scrape by its name and labels."""
    url = f"http://{served.server.bound.metrics}/metrics"
    with urllib.request.urlopen(url) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


async def test_a_scrape_tells_sizes_and_calls() -> None:
    """Tree size, bytes that wait and calls by method and code are scraped over HTTP; no value of a record is."""
    async with serving() as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            service, request = stub(transport, "disclosure"), hand.request(private_disclosure())
            with stalled(served) as stall:
                call = asyncio.ensure_future(service.SubmitBatch(request))
                await stall.queued(1)
                waiting = await asyncio.to_thread(scrape, served)
            await call
            await refusal(service.GetHead(GetHeadRequest(source_id="beta")))
            await refusal(stub(transport, "log").GetInclusionProof(GetInclusionProofRequest(index=9)))
        found = await asyncio.to_thread(scrape, served)
        size = sum(map(len, request.statements)) + len(request.attachments[0].payload)
        assert (waiting["ledger_tree_size"], waiting["ledger_queued_bytes"]) == (3, size)
        assert (found["ledger_tree_size"], found["ledger_queued_bytes"], found["ledger_halted"]) == (4, 0, 0)
        assert found['ledger_calls_total{code="0",method="SubmitBatch"}'] == 1
        assert found['ledger_calls_total{code="7",method="GetHead"}'] == 1
        assert found['ledger_calls_total{code="11",method="GetInclusionProof"}'] == 1
        assert found['ledger_call_seconds_count{method="SubmitBatch"}'] == 1
        told = "\n".join(found)
        assert not [value for value in (*PRIVATE, "alpha") if value in told]


async def test_the_gauges_follow_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A halted ledger is scraped as halted."""
    async with serving() as served:
        assert (await asyncio.to_thread(scrape, served))["ledger_halted"] == 0
        monkeypatch.setattr(served.server.sequencer, "halted", "for a test")
        assert (await asyncio.to_thread(scrape, served))["ledger_halted"] == 1


async def test_a_cancelled_call_is_counted_as_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that goes away is counted, not as a success and not as a fault, for calls and streams alike."""
    counted: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        monkeypatch.setattr(Metrics, "called", lambda _, method, code, seconds: counted.put_nowait((method, code)))
        async with hand.channel() as transport, public_channel(served) as public:
            watching = stub(public, "log").WatchCheckpoints(WatchCheckpointsRequest())
            await watching.read()
            with stalled(served) as stall:
                call = stub(transport, "disclosure").SubmitBatch(hand.request(private_disclosure()))
                await stall.queued(1)
                call.cancel()
                assert await counted.get() == ("SubmitBatch", CANCELLED)
            watching.cancel()
            assert await counted.get() == ("WatchCheckpoints", CANCELLED)
