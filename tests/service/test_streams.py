"""Streams are cut into bounded messages, follow the log as it grows, and end when the ledger stops."""

import asyncio
from typing import Any

import grpc
import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.service import log as log_service
from ledger.service.metrics import Metrics
from ledger.service.waiting import Watchers
from ledger.v1 import disclosure_pb2, log_pb2
from tests.core.world import disclosure
from tests.served import ORIGIN, serving
from tests.service.calls import drained, public_channel, stub
from tests.service.hand import Hand, private_disclosure
from tests.service.stall import stalled


async def test_a_chunk_has_at_most_so_many_entries() -> None:
    """More than 1,024 entries come in several messages, in order and without a gap."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            await stub(transport, "disclosure").SubmitBatch(hand.request(*[private_disclosure()] * 1024))
            chunks = await drained(stub(transport, "log").StreamEntries(log_pb2.StreamEntriesRequest(end=1027)))
        assert [chunk.first_index for chunk in chunks] == [0, 1024]
        assert [len(chunk.leaves) for chunk in chunks] == [1024, 3]


async def test_a_chunk_has_at_most_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that fill a message before they are many are cut by bytes, and a larger one still travels, alone."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            await stub(transport, "disclosure").SubmitBatch(hand.request(*[private_disclosure()] * 9))
            request = log_pb2.StreamEntriesRequest(begin=3, end=12)
            (whole,) = await drained(stub(transport, "log").StreamEntries(request))
            plain = len(whole.leaves[1])
            for bound, counts in ((3 * plain, [3, 3, 2, 1]), (plain - 1, [1] * 9)):
                monkeypatch.setattr(log_service, "CHUNK_BYTES", bound)
                chunks = await drained(stub(transport, "log").StreamEntries(request))
                assert [len(chunk.leaves) for chunk in chunks] == counts
                assert [leaf for chunk in chunks for leaf in chunk.leaves] == list(whole.leaves)


async def test_a_watcher_sees_the_newest_checkpoint_after_each_growth() -> None:
    """The first message is the latest checkpoint, each later one a newer one, and the stream ends with the server."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        async with public_channel(served) as public, hand.channel() as transport:
            watching = stub(public, "log").WatchCheckpoints(log_pb2.WatchCheckpointsRequest())
            seen = [await watching.read()]
            for _ in range(3):
                request = hand.request(private_disclosure())
                answer = await stub(transport, "disclosure").SubmitBatch(request)
                hand.follow(request)
                seen.append(await watching.read())
                assert seen[-1].note == answer.checkpoint
            await served.stop()
            assert await watching.read() is grpc.aio.EOF
            assert await watching.code() is grpc.StatusCode.OK
        sizes = [open_checkpoint(item.note, served.vkey, ORIGIN).checkpoint.size for item in seen]
        assert sizes == [3, 4, 5, 6]
        await served.start()


async def test_a_slow_watcher_skips_to_the_newest_checkpoint() -> None:
    """Checkpoints that were published while nobody looked are left out, but for the newest."""
    async with serving(metrics_listen="") as served:
        watchers, sequencer = served.server._watchers, served.server.sequencer
        unused: Any = None
        service = log_service.LogServicer(sequencer, unused, unused, watchers, unused, Metrics())
        stream: Any = service.WatchCheckpoints(log_pb2.WatchCheckpointsRequest(), unused)
        assert (await anext(stream)).note == sequencer.view.note
        await served.accredit("One")
        await served.accredit("Two")
        assert open_checkpoint((await anext(stream)).note, served.vkey, ORIGIN).checkpoint.size == 3
        await stream.aclose()


async def test_a_watcher_that_goes_away_leaves_nothing_behind() -> None:
    """After a watcher cancels, the ledger publishes and stops as if there had been none."""
    async with serving(metrics_listen="") as served:
        async with public_channel(served) as public:
            watching = stub(public, "log").WatchCheckpoints(log_pb2.WatchCheckpointsRequest())
            await watching.read()
            watching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await watching.read()
        await served.accredit("One")
        assert served.server.sequencer.view.size == 2


async def test_what_is_not_yet_durable_is_not_shown() -> None:
    """While a batch waits for its write, checkpoint, head and entries are those before it."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            before = await stub(transport, "log").GetCheckpoint(log_pb2.GetCheckpointRequest())
            request = hand.request(private_disclosure(), disclosure())
            with stalled(served) as stall:
                call = asyncio.ensure_future(stub(transport, "disclosure").SubmitBatch(request))
                await stall.queued(1)
                assert await stub(transport, "log").GetCheckpoint(log_pb2.GetCheckpointRequest()) == before
                asked = disclosure_pb2.GetHeadRequest(source_id="alpha")
                assert await stub(transport, "disclosure").GetHead(asked) == hand.head()
            await call
            assert await stub(transport, "log").GetCheckpoint(log_pb2.GetCheckpointRequest()) != before


async def test_a_closed_watch_ends_every_wait() -> None:
    """Whoever waits for the next checkpoint when the watch is closed, or comes later, waits no more."""
    async with serving(metrics_listen="") as served:
        watchers = Watchers(served.server.sequencer)
        waiting = asyncio.ensure_future(watchers.next())
        done, _ = await asyncio.wait([waiting], timeout=0)
        assert not done
        watchers.close()
        await waiting
        await watchers.next()
