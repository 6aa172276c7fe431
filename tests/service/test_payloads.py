"""Sealed payloads: a source reads its own, an auditor reads all and is counted, and nobody reads past the log."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import grpc
import pytest
import pytest_asyncio

from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.sealed import open_payload, verify_opened, verify_payload_digest
from ledger.core.sealed_keys import open_box
from ledger.core.statement import decode_leaf
from ledger.engine import schema
from ledger.engine.reader import Reader, SealedEntries
from ledger.v1.admin_pb2 import GetStatusRequest
from ledger.v1.audit_pb2 import StreamSealedPayloadsRequest
from ledger.v1.disclosure_pb2 import SealedBatch, StreamOwnPayloadsRequest, SubmitBatchRequest
from ledger.v1.log_pb2 import GetReceiptRequest, SourceSequence
from tests.core.world import RECORD
from tests.served import Member, serving
from tests.service.calls import PHONE, drained, local_channel, refusal, role_channel, stub, unchanged
from tests.service.hand import Hand, private_disclosure

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTS: Final = (3, 1, 4)
"""Statements of the source's batches: sequences 0…7, indexes 3…10."""


class Two:
    """A source, its auditor, and the batches that are logged."""

    def __init__(self, hand: Hand, auditor: Member, requests: list[SubmitBatchRequest]) -> None:
        self.hand, self.auditor, self.requests = hand, auditor, requests
        self.served = hand.served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two() -> AsyncIterator[Two]:
    """A log with three batches of one source."""
    async with serving(metrics_listen="") as served:
        auditor = await served.accredit("Auditor One")
        hand, requests = await Hand.enrolled(served, "alpha", [auditor]), []
        async with hand.channel() as transport:
            for count in COUNTS:
                requests.append(hand.request(*[private_disclosure()] * count))
                await stub(transport, "disclosure").SubmitBatch(requests[-1])
                hand.follow(requests[-1])
        yield Two(hand, auditor, requests)


async def own(two: Two, begin: int, end: int) -> list[SealedBatch]:
    """Return the source's payloads of [begin, end)."""
    async with two.hand.channel() as transport:
        request = StreamOwnPayloadsRequest(source_id="alpha", begin=begin, end=end)
        return await drained(stub(transport, "disclosure").StreamOwnPayloads(request))


async def audited(two: Two, begin: int, end: int) -> list[SealedBatch]:
    """Return the payloads that the auditor gets of [begin, end)."""
    async with role_channel(two.served, two.auditor) as transport:
        request = StreamSealedPayloadsRequest(begin=begin, end=end)
        return await drained(stub(transport, "audit").StreamSealedPayloads(request))


@pytest.mark.parametrize(
    ("begin", "end", "sequences"),
    [
        (0, 8, [[0, 1, 2], [3], [4, 5, 6, 7]]),
        (1, 6, [[1, 2], [3], [4, 5]]),
        (2, 3, [[2]]),
        (3, 4, [[3]]),
        (5, 7, [[5, 6]]),
    ],
)
async def test_a_source_reads_back_what_it_sent(two: Two, begin: int, end: int, sequences: list[list[int]]) -> None:
    """A range of sequences gives the payloads, shreds and boxes as they were sent, batch by batch."""
    batches = await own(two, begin, end)
    assert [[item.sequence for item in batch.payloads] for batch in batches] == sequences
    sent = [item for request in two.requests for item in request.attachments]
    for batch in batches:
        for item in batch.payloads:
            assert item.index == item.sequence + 3
            assert (item.payload, item.shred) == (sent[item.sequence].payload, sent[item.sequence].shred)
        number = [0, 0, 0, 1, 2, 2, 2, 2][batch.payloads[0].sequence]
        assert list(batch.sealed_keys) == list(two.requests[number].sealed_keys)


async def test_an_auditor_opens_what_is_boxed_to_it(two: Two) -> None:
    """An auditor's key opens each payload to the record and keys that the leaf commits to."""
    leaves = [decode_leaf(data) for request in two.requests for data in request.statements]
    opened = 0
    for batch in await audited(two, 0, 11):
        key_id = next(key for key in two.hand.recipients if key != two.hand.key_statement)
        box = next(item.box for item in batch.sealed_keys if item.key_id == key_id)
        batch_key = open_box(box, two.auditor.own_key.x25519_secret)
        for item in batch.payloads:
            body = leaves[item.sequence].statement.body
            assert isinstance(body, bodies.Disclosure)
            verify_payload_digest(item.payload, body.payload_digest)
            log_id = two.served.log_id
            found = open_payload(item.payload, batch_key, log_id, "alpha", item.sequence, item.shred)
            verify_opened(found, body.slots_root, body.keys_root, body.key_class, body.aggregates_root)
            assert found.record_object == RECORD
            assert [key.value for key in found.keys] == [PHONE.encode()]
            opened += 1
    assert opened == sum(COUNTS)


@pytest.mark.parametrize(("begin", "end", "counts"), [(0, 11, [3, 1, 4]), (4, 9, [2, 1, 2]), (0, 3, []), (6, 7, [1])])
async def test_an_auditor_gets_a_range_of_the_log(two: Two, begin: int, end: int, counts: list[int]) -> None:
    """Entries without a payload are left out, and batches are cut at the ends of the range."""
    assert [len(batch.payloads) for batch in await audited(two, begin, end)] == counts


async def test_each_fetch_is_counted_and_shown(two: Two) -> None:
    """The operator sees how many payloads an auditor's certificate fetched."""

    async def fetches() -> int:
        async with local_channel(two.served) as transport:
            (row,) = (await stub(transport, "admin").GetStatus(GetStatusRequest())).auditors
        assert row.name == "Auditor One"
        return int(row.fetches)

    before = await fetches()
    await audited(two, 4, 9)
    await audited(two, 6, 7)
    assert await fetches() == before + 6
    scraped = two.served.server._metrics.registry.get_sample_value(
        "ledger_payload_fetches_total", {"auditor": "Auditor One"}
    )
    assert scraped == before + 6


@pytest.mark.parametrize(
    ("begin", "end", "code", "message"),
    [
        (0, 12, grpc.StatusCode.OUT_OF_RANGE, "end: must be at most {size}"),
        (0, 2**64 - 1, grpc.StatusCode.OUT_OF_RANGE, "end: must be at most {size}"),
        (2, 2, grpc.StatusCode.INVALID_ARGUMENT, "begin: must lie below end"),
        (2**64 - 1, 1, grpc.StatusCode.INVALID_ARGUMENT, "begin: must lie below end"),
    ],
)
async def test_ranges_past_the_log_are_refused(
    two: Two, begin: int, end: int, code: grpc.StatusCode, message: str
) -> None:
    """Past its head a source, and past the tree an auditor, is told the bound; a range that is none is malformed."""
    async with unchanged(two.served):
        for call, size in ((audited, 11), (own, 8)):
            answer = await refusal(call(two, begin, end))
            assert (answer.code, answer.message) == (code, message.format(size=size))


async def test_a_row_that_is_lost_is_data_loss() -> None:
    """A payload's row that is missing from the store is told as damage, by what is missing and what to do."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        lost: dict[str, tuple[bytes, Any]] = {
            "shred": (schema.shred_key(3), StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=1)),
            "chain row": (schema.chain_key("alpha", 0), StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=1)),
        }
        async with hand.channel() as transport:
            await stub(transport, "disclosure").SubmitBatch(hand.request(private_disclosure()))
            for what, (key, request) in lost.items():
                served.server._store.write([], [key])
                answer = await refusal(drained(stub(transport, "disclosure").StreamOwnPayloads(request)))
                assert answer.code is grpc.StatusCode.DATA_LOSS
                assert answer.message == f"{what}: missing; run ledgerctl fsck"
            asked = GetReceiptRequest(source=SourceSequence(source_id="alpha", sequence=0))
            answer = await refusal(stub(transport, "log").GetReceipt(asked))
            assert (answer.code, answer.message) == (
                grpc.StatusCode.DATA_LOSS,
                "chain row: missing; run ledgerctl fsck",
            )


async def test_only_auditors_that_the_log_names_fetch() -> None:
    """A certificate alone opens nothing: a name that the log never had, or names as removed, is refused."""
    async with serving(metrics_listen="") as served:
        auditor = await served.accredit("Auditor One")
        stranger = served.member("auditor", "Auditor Two")
        await served.accredit("Auditor Three")
        request = StreamSealedPayloadsRequest(begin=0, end=1)
        async with role_channel(served, stranger) as transport:
            answer = await refusal(drained(stub(transport, "audit").StreamSealedPayloads(request)))
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
        half = auditor.own_key.public
        gone = bodies.AuditorRemoved(0, "Auditor One", half.public, Hash(half.x25519))
        async with role_channel(served, auditor) as transport:
            assert await drained(stub(transport, "audit").StreamSealedPayloads(request)) == []
            await served.govern(Request(served.log_id, gone))
            answer = await refusal(drained(stub(transport, "audit").StreamSealedPayloads(request)))
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
        assert answer.message == "auditor: the log names none of this name, or it was removed"


async def test_who_is_removed_during_a_fetch_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow reader may be at a fetch for long: each batch is handed to who is an auditor then."""
    async with serving(metrics_listen="") as served:
        auditor = await served.accredit("Auditor One")
        hand = await Hand.enrolled(served, "alpha", [auditor])
        async with hand.channel() as transport:
            for _ in range(3):
                request = hand.request(private_disclosure())
                await stub(transport, "disclosure").SubmitBatch(request)
                hand.follow(request)
        half = auditor.own_key.public
        asked = Request(served.log_id, bodies.AuditorRemoved(0, "Auditor One", half.public, Hash(half.x25519)))
        async with served.admin() as admin:
            gone = asked.numbered((await admin.status()).next_number).approved([served.approver.secret]).body
        sealed = Reader.sealed

        def removing(reader: Reader, begin: int, end: int) -> Iterator[SealedEntries]:
            first, *rest = sealed(reader, begin, end)
            yield first
            served.server.sequencer.govern(gone).result()
            yield from rest

        monkeypatch.setattr(Reader, "sealed", removing)
        async with role_channel(served, auditor) as transport:
            fetching = stub(transport, "audit").StreamSealedPayloads(StreamSealedPayloadsRequest(begin=0, end=6))
            assert len((await fetching.read()).payloads) == 1
            answer = await refusal(fetching.read())
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
