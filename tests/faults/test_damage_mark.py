"""A high-water mark that cannot be written stops the ledger from signing, and never costs what is logged."""

import io
import json

import grpc
import pytest
import structlog

from ledger.engine.store import Store
from ledger.host.lines import set_up
from ledger.service.server import serving as bound_of
from ledger.v1.log_pb2 import GetReceiptRequest, SourceSequence
from tests.served import Served, serving
from tests.service.calls import answered, public_channel, refusal, role_channel, stub
from tests.service.hand import Hand, private_disclosure

HALTED = "the ledger is halted: a write failed (Is a directory); see to the disk, then restart"


async def sent(served: Served, hand: Hand) -> None:
    """Send a batch that is answered."""
    request = hand.request(private_disclosure())
    async with role_channel(served, hand.member) as transport:
        await answered(transport, "disclosure", "SubmitBatch", request)
    hand.follow(request)


async def test_without_its_mark_the_ledger_halts_and_is_read() -> None:
    """The batch is durable and answered; the next one is refused; reads go on; the log says why at a stop."""
    lines = io.StringIO()
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        await sent(served, hand)
        await served.stop()
        set_up("info", lines)
        await served.start()
        (served.directory / "high-water.json.new").mkdir()
        await sent(served, hand)
        request = hand.request(private_disclosure())
        async with role_channel(served, hand.member) as transport, public_channel(served) as public:
            answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
            assert (answer.code, answer.message) == (grpc.StatusCode.UNAVAILABLE, HALTED)
            for sequence in (0, 1):
                entry = SourceSequence(source_id="alpha", sequence=sequence)
                assert (await answered(public, "log", "GetReceipt", GetReceiptRequest(source=entry))).tlog_proof
        size = served.server.sequencer.view.size
        await served.stop()
        structlog.reset_defaults()
        (event,) = [row for row in map(json.loads, lines.getvalue().splitlines()) if row["event"] == "halted"]
        assert event["reason"] == HALTED.removeprefix("the ledger is halted: ")
        (served.directory / "high-water.json.new").rmdir()
        await served.start()
        assert served.server.sequencer.view.size == size
        async with role_channel(served, hand.member) as transport:
            answer = await answered(transport, "disclosure", "SubmitBatch", request)
        assert answer.first_index == size


async def test_a_mark_that_cannot_be_written_at_a_stop_is_told() -> None:
    """The stop raises what the system said, and leaves neither a lock nor the file that says who serves."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        await sent(served, hand)
        (served.directory / "high-water.json.new").mkdir()
        with pytest.raises(IsADirectoryError, match=r"high-water\.json\.new"):
            await served.stop()
        Store.open(served.directory / "store").close()
        assert bound_of(served.directory) is None
        (served.directory / "high-water.json.new").rmdir()
        await served.start()
