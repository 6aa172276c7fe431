"""Who asks for a cosigned answer gets one under a quorum that covers it, or is told which witnesses are missing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from ledger.core.batch import decode_batch
from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.policy import verify_quorum
from ledger.core.receipt import verify_receipt
from ledger.v1 import disclosure_pb2, log_pb2
from tests.served import ORIGIN, serving
from tests.service.calls import public_channel, refusal, stub
from tests.service.cosigning import Witnessed, witnessed
from tests.service.hand import Hand, private_disclosure

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def quorate(log: Witnessed, note: bytes) -> SignedCheckpoint:
    """Return the checkpoint of ``note`` once its quorum is shown."""
    signed = open_checkpoint(note, log.served.vkey, ORIGIN)
    verify_quorum(signed, log.policy)
    return signed


def cosigned(hand: Hand, known_size: int = 0) -> disclosure_pb2.SubmitBatchRequest:
    """Return the next batch, to be answered under a quorum."""
    request = hand.request(private_disclosure())
    request.cosigned, request.known_size = True, known_size
    return request


async def submit(hand: Hand, request: disclosure_pb2.SubmitBatchRequest, **how: Any) -> Any:
    """Return the answer to a batch."""
    async with hand.channel() as transport:
        return await stub(transport, "disclosure").SubmitBatch(request, **how)


async def test_a_batch_is_answered_under_the_quorum() -> None:
    """The answer's checkpoint has the quorum and covers the batch; asked again, the same indexes come back under it."""
    async with witnessed() as log:
        hand = await Hand.enrolled(log.served)
        request = cosigned(hand)
        first = await submit(hand, request)
        assert quorate(log, first.checkpoint).checkpoint.size > first.first_index
        hand.follow(request)
        again = await submit(hand, request)
        assert again.first_index == first.first_index
        quorate(log, again.checkpoint)
        plain = hand.request(private_disclosure())
        answer = await submit(hand, plain)
        assert len(open_checkpoint(answer.checkpoint, log.served.vkey, ORIGIN).note.signatures) == 1


async def test_the_answer_is_never_smaller_than_what_is_known() -> None:
    """A client that saw a larger tree waits until the quorum covers that one too."""
    async with witnessed() as log:
        hand = await Hand.enrolled(log.served)
        request = cosigned(hand)
        first = await submit(hand, request)
        hand.follow(request)
        await log.covered()
        for witness in log.witnesses[1:]:
            await witness.stop()
        await log.served.accredit("Another")
        size = log.served.server.sequencer.view.size
        request.known_size = size
        call = asyncio.ensure_future(submit(hand, request))
        await log.until(lambda: log.asked("two").failures)
        assert not call.done()
        await log.witnesses[1].start()
        answer = await call
        assert answer.first_index == first.first_index
        assert quorate(log, answer.checkpoint).checkpoint.size == size
        request.known_size = 2**62
        assert quorate(log, (await submit(hand, request)).checkpoint).checkpoint.size == size


async def test_a_quorum_that_does_not_come_is_told() -> None:
    """The refusal names the witnesses that are missing; the batch is logged, and resent it is answered."""
    async with witnessed(quorum_seconds=1) as log:
        hand = await Hand.enrolled(log.served)
        await log.covered()
        for witness in log.witnesses[1:]:
            await witness.stop()
        request = cosigned(hand)
        refused = await refusal(submit(hand, request))
        assert refused.code is UNAVAILABLE
        index = log.served.server.sequencer.view.size - 1
        words = f"cosigned: no quorum for {index + 1} entries within 1 s; witnesses missing: two, three"
        assert refused.message == words
        assert log.served.rows()[b"e" + index.to_bytes(8, "big")] == request.statements[0]
        await log.witnesses[1].start()
        await log.covered()
        assert (await submit(hand, request)).first_index == index


@pytest.mark.parametrize("seconds", [1.5, 0.2], ids=["short", "too short to wait at all"])
async def test_a_call_waits_no_longer_than_its_deadline(seconds: float) -> None:
    """The caller's own deadline ends the wait, in time to say what is missing; what it sent is logged all the same."""
    async with witnessed() as log:
        hand = await Hand.enrolled(log.served)
        await log.covered()
        for witness in log.witnesses[1:]:
            await witness.stop()
        sequencer = log.served.server.sequencer
        size, request = sequencer.view.size, cosigned(hand)
        refused = await refusal(submit(hand, request, timeout=seconds))
        assert refused.code in (UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        if seconds > 1:
            assert refused.message.endswith("witnesses missing: two, three")
        await log.until(lambda: sequencer.view.size == size + 1)


async def test_a_stop_ends_the_wait() -> None:
    """Who waits for a quorum when the ledger stops is told so at once, and may send again."""
    async with witnessed() as log:
        hand = await Hand.enrolled(log.served)
        await log.covered()
        for witness in log.witnesses[1:]:
            await witness.stop()
        call = asyncio.ensure_future(refusal(submit(hand, cosigned(hand))))
        await log.until(lambda: log.asked("two").failures)
        await log.served.stop()
        refused = await call
        assert (refused.code, refused.message) == (UNAVAILABLE, "cosigned: the ledger is stopping")
        await log.served.start()


async def test_under_quorum_none_no_answer_is_cosigned() -> None:
    """A log whose policy asks for nobody refuses to wait, logs nothing, and refuses nothing for good."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        size = served.server.sequencer.view.size
        async with public_channel(served) as public:
            log = stub(public, "log")
            calls = (
                submit(hand, cosigned(hand)),
                log.GetCheckpoint(log_pb2.GetCheckpointRequest(cosigned=True)),
                log.GetReceipt(log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=0), cosigned=True)),
            )
            for call in calls:
                refused = await refusal(call)
                assert refused.code is UNAVAILABLE
                assert refused.message == "cosigned: the witness policy of this log asks for nobody"
        assert served.server.sequencer.view.size == size


Ask = Callable[[Any, int], Awaitable[Any]]


async def test_reads_are_answered_under_the_quorum() -> None:
    """A checkpoint and a receipt, asked for cosigned, bear the quorum, and cover what is asked for."""
    async with witnessed() as log:
        hand = await Hand.enrolled(log.served)
        request = cosigned(hand)
        index = (await submit(hand, request)).first_index
        async with public_channel(log.served) as public:
            service = stub(public, "log")
            size = log.served.server.sequencer.view.size
            got = await service.GetCheckpoint(log_pb2.GetCheckpointRequest(cosigned=True, min_size=size))
            assert quorate(log, got.note).checkpoint.size == size
            for asked in (
                log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=index), cosigned=True),
                log_pb2.GetReceiptRequest(source=log_pb2.SourceSequence(source_id="alpha"), cosigned=True),
            ):
                receipt = verify_receipt((await service.GetReceipt(asked)).tlog_proof, log.served.vkey)
                assert receipt.index == index
                quorate(log, receipt.checkpoint.note.format())
                (leaf,) = decode_batch(tuple(request.statements)).leaves
                assert receipt.statement == leaf.statement


async def test_reads_wait_for_the_quorum() -> None:
    """What is published and not yet cosigned is waited for; what is not published is out of range."""
    async with witnessed(quorum_seconds=1) as log:
        tree = await log.covered()
        for witness in log.witnesses[:2]:
            await witness.stop()
        await log.served.accredit("One")
        size = log.served.server.sequencer.view.size
        async with public_channel(log.served) as public:
            service = stub(public, "log")
            old = await service.GetCheckpoint(log_pb2.GetCheckpointRequest(cosigned=True))
            assert old.note == tree.note
            receipt = log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=size - 1), cosigned=True)
            waiting = log_pb2.GetCheckpointRequest(cosigned=True, min_size=size)
            for call in (service.GetReceipt(receipt), service.GetCheckpoint(waiting)):
                refused = await refusal(call)
                assert refused.code is UNAVAILABLE
                assert refused.message.endswith("witnesses missing: one, two")
            receipt.index.index = size
            assert (await refusal(service.GetReceipt(receipt))).code is grpc.StatusCode.OUT_OF_RANGE
            await log.witnesses[0].start()
            await log.covered()
            assert quorate(log, (await service.GetCheckpoint(waiting)).note).checkpoint.size == size


@pytest.mark.parametrize("quorum", ["any", "all"])
async def test_any_quorum_is_met(quorum: str) -> None:
    """One witness of three or all three: what the policy asks for is what the note has."""
    async with witnessed(quorum=quorum) as log:
        quorate(log, (await log.covered()).note)
