"""SubmitBatch logs a batch whole or not at all, gives the same bytes the same answer, and refuses other bytes."""

import asyncio

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from ledger.client.range_receipt import verify_answer
from ledger.core.batch import decode_batch
from ledger.core.encoding import ZERO_HASH
from ledger.core.receipt import verify_receipt
from ledger.v1.disclosure_pb2 import GetHeadRequest, SubmitBatchRequest
from ledger.v1.log_pb2 import WatchCheckpointsRequest
from tests.served import ORIGIN, serving
from tests.service.calls import refusal, role_channel, stub, unchanged
from tests.service.hand import Hand, private_disclosure
from tests.service.stall import stalled


def size_of(*requests: SubmitBatchRequest) -> int:
    """Return how many bytes of a queue the requests take at most."""
    return sum(request.ByteSize() for request in requests)


@pytest.mark.parametrize("count", [1, 9, 40], ids=["one", "examined at once", "examined in another process"])
async def test_an_answer_proves_the_whole_batch(count: int) -> None:
    """From the answer and its own leaves alone a source gets a receipt for each entry."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        known = served.server.sequencer.view
        request = hand.request(*[private_disclosure()] * count)
        request.known_size = known.size
        async with hand.channel() as transport:
            answer = await stub(transport, "disclosure").SubmitBatch(request)
        batch = decode_batch(tuple(request.statements))
        proven = verify_answer(answer, batch, hand.binding, served.vkey, ORIGIN, (known.size, known.root))
        assert (proven.first_index, proven.size) == (known.size, known.size + count)
        for position, receipt in enumerate(proven.receipts()):
            verified = verify_receipt(receipt.data, served.vkey, ORIGIN)
            assert verified.index == known.size + position
            assert verified.statement == batch.leaves[position].statement


async def test_the_same_bytes_get_the_same_indexes_again() -> None:
    """A batch sent again is answered with its indexes under the newest checkpoint, and is written once."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        first, second = hand.request(private_disclosure(), private_disclosure()), None
        async with hand.channel() as transport:
            service = stub(transport, "disclosure")
            answer = await service.SubmitBatch(first)
            hand.follow(first)
            second = hand.request(private_disclosure())
            later = await service.SubmitBatch(second)
            async with unchanged(served):
                again = await service.SubmitBatch(first)
        assert again.first_index == answer.first_index == later.first_index - 2
        assert again.checkpoint == later.checkpoint
        batch, known = decode_batch(tuple(first.statements)), (0, ZERO_HASH)
        hand.previous = ZERO_HASH
        assert len(verify_answer(again, batch, hand.binding, served.vkey, ORIGIN, known).receipts()) == 2


async def test_the_same_bytes_sent_twice_at_once_are_logged_once() -> None:
    """Two calls with one batch that wait together get one and the same answer."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        request = hand.request(private_disclosure())
        async with hand.channel() as transport:
            service = stub(transport, "disclosure")
            with stalled(served) as stall:
                calls = [asyncio.ensure_future(service.SubmitBatch(request)) for _ in range(4)]
                await stall.queued(4)
            answers = await asyncio.gather(*calls)
        assert {answer.first_index for answer in answers} == {3}
        assert served.server.sequencer.view.size == 4


async def test_other_bytes_at_a_used_sequence_are_refused_with_the_head() -> None:
    """A source cannot say two things at one sequence, not even one that begins or ends like what it said."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        one, other = hand.request(private_disclosure()), hand.request(private_disclosure())
        two = hand.request(private_disclosure(), private_disclosure())
        async with hand.channel() as transport:
            service = stub(transport, "disclosure")
            await service.SubmitBatch(two)
            hand.follow(two)
            within = hand.request(private_disclosure())
            hand.next_sequence = 1
            inside = hand.request(private_disclosure())
            hand.next_sequence = 2
            for request in (one, other, inside):
                async with unchanged(served):
                    answer = await refusal(service.SubmitBatch(request))
                assert answer.code is grpc.StatusCode.ALREADY_EXISTS
                assert answer.message == "sequence: other bytes stand there"
                assert answer.details == (hand.head(),)
            assert (await service.SubmitBatch(within)).first_index == 5


async def test_a_full_queue_says_when_to_come_back() -> None:
    """While the writer is held up, what does not fit the queue is refused with a time to retry after, and then fits."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        requests = []
        for _ in range(3):
            requests.append(hand.request(*[private_disclosure()] * 9))
            hand.follow(requests[-1])
        await served.stop()
        served.how["queue_bytes"] = size_of(*requests[:2])
        await served.start()
        async with role_channel(served, hand.member) as transport:
            service = stub(transport, "disclosure")
            with stalled(served) as stall:
                waiting = []
                for request in requests[:2]:
                    waiting.append(asyncio.ensure_future(service.SubmitBatch(request)))
                    await stall.queued(1)
                answer = await refusal(service.SubmitBatch(requests[2]))
                assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert answer.message == "queue: full"
                (retry,) = answer.details
                assert isinstance(retry, RetryInfo)
                assert retry.retry_delay.ToMilliseconds() == 250
            assert [item.first_index for item in await asyncio.gather(*waiting)] == [3, 12]
            assert (await service.SubmitBatch(requests[2])).first_index == 21


async def test_a_cancelled_call_logs_the_whole_batch_and_a_retry_finds_it() -> None:
    """A caller that goes away mid-call leaves a batch that is there whole; sending it again gives its indexes."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        request = hand.request(*[private_disclosure()] * 9)
        async with hand.channel() as transport:
            service = stub(transport, "disclosure")
            checkpoints = stub(transport, "log").WatchCheckpoints(WatchCheckpointsRequest())
            before = await checkpoints.read()
            with stalled(served) as stall:
                call = service.SubmitBatch(request)
                await stall.queued(1)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
            assert await checkpoints.read() != before
            hand.follow(request)
            assert await service.GetHead(GetHeadRequest(source_id="alpha")) == hand.head()
            async with unchanged(served):
                assert (await service.SubmitBatch(request)).first_index == 3


async def test_a_stop_answers_what_is_queued_and_refuses_what_is_new() -> None:
    """Batches that wait when the ledger stops are answered and are there after a restart; new calls are refused."""
    async with serving(metrics_listen="") as served:
        hands = [await Hand.enrolled(served, name) for name in ("alpha", "beta", "gamma")]
        requests = [hand.request(private_disclosure()) for hand in hands]
        channels = [hand.channel() for hand in hands]
        services = [stub(transport, "disclosure") for transport in channels]
        watching = stub(channels[0], "log").WatchCheckpoints(WatchCheckpointsRequest())
        await watching.read()
        with stalled(served) as stall:
            pairs = zip(services, requests, strict=True)
            calls = [asyncio.ensure_future(service.SubmitBatch(request)) for service, request in pairs]
            await stall.queued(3)
            stopping = asyncio.ensure_future(served.stop())
            assert await watching.read() is grpc.aio.EOF
            late = await refusal(services[0].GetHead(GetHeadRequest(source_id="alpha")))
            assert late.code is grpc.StatusCode.UNAVAILABLE
        answers = await asyncio.gather(*calls)
        await stopping
        for transport in channels:
            await transport.close()
        await served.start()
        assert served.server.sequencer.view.size == 10
        assert {answer.first_index for answer in answers} == {7, 8, 9}
        for hand, request, answer in zip(hands, requests, answers, strict=True):
            async with unchanged(served), role_channel(served, hand.member) as transport:
                again = await stub(transport, "disclosure").SubmitBatch(request)
            assert again.first_index == answer.first_index
