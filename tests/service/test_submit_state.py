"""SubmitBatch against a log whose state has moved on: keys changed, sources revoked, auditors removed, time passed."""

from dataclasses import replace

import grpc

from ledger.client.requests import Request, request_key_change
from ledger.core import bodies
from ledger.core.encoding import Hash, sha256
from ledger.core.statement import decode_leaf
from ledger.v1.disclosure_pb2 import AuditorMinimum, GetHeadRequest, SourceHead
from ledger.v1.log_pb2 import EntryIndex, GetDirectoryRequest, GetReceiptRequest
from tests.core.world import secret
from tests.served import Served, serving
from tests.service.calls import NOW, public_channel, refusal, stub, unchanged
from tests.service.hand import Hand, private_disclosure

STATE = grpc.StatusCode.FAILED_PRECONDITION


async def enrolment(served: Served, hand: Hand) -> bodies.SourceEnrolled:
    """Return the statement that enrolled ``hand``, read from the log."""
    async with public_channel(served) as transport:
        rows = (await stub(transport, "log").GetDirectory(GetDirectoryRequest())).sources
        index = next(row.key_statement_index for row in rows if row.head == hand.head())
    body = decode_leaf(served.rows()[b"e" + index.to_bytes(8, "big")]).statement.body
    assert isinstance(body, bodies.SourceEnrolled)
    return body


async def test_a_batch_under_a_superseded_key_is_refused_with_the_current_one() -> None:
    """After a key change only the new key's statement may be named; what was logged before stays as it is."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        before, new = hand.request(private_disclosure()), secret("alpha's next")
        current = await enrolment(served, hand)
        change = request_key_change(served.log_id, current, hand.key_statement, new, hand.secret)
        async with hand.channel() as transport:
            service = stub(transport, "disclosure")
            await service.SubmitBatch(before)
            hand.follow(before)
            after = hand.request(private_disclosure())
            index = await served.govern(change)
            head = await service.GetHead(GetHeadRequest(source_id="alpha"))
            assert head.key_statement not in (b"", hand.key_statement)
            async with unchanged(served):
                answer = await refusal(service.SubmitBatch(after))
                assert (answer.code, answer.message) == (STATE, "key_statement: not the source's current one")
                assert answer.details == (SourceHead(key_statement=head.key_statement),)
                assert (await service.SubmitBatch(before)).first_index == 3
            own = hand.recipients.pop(hand.key_statement)
            hand.key_statement = Hash(head.key_statement)
            hand.recipients[hand.key_statement] = own
            renewed = hand.resealed(hand.request(private_disclosure()), secret=new)
            async with unchanged(served):
                old = await refusal(service.SubmitBatch(hand.resealed(renewed)))
                assert old.code is grpc.StatusCode.UNAUTHENTICATED
            logged = await service.SubmitBatch(renewed)
            assert (logged.first_index, logged.evidence.key_statement_index) == (index + 1, index)
            again = await service.SubmitBatch(before)
            assert again.evidence.key_statement_index == 2


async def test_a_revoked_source_says_nothing_more() -> None:
    """After its revocation a source's batches are refused; its head says so, and repeats still find their place."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        before = hand.request(private_disclosure())
        async with hand.channel() as transport:
            service = stub(transport, "disclosure")
            await service.SubmitBatch(before)
            hand.follow(before)
            await served.govern(
                Request(served.log_id, bodies.SourceRevoked(0, "alpha", 1, bodies.RevocationReason.RETIRED))
            )
            async with unchanged(served):
                answer = await refusal(service.SubmitBatch(hand.request(private_disclosure())))
                assert (answer.code, answer.message) == (STATE, "source_id: revoked")
                head = hand.head()
                head.revoked = True
                assert await service.GetHead(GetHeadRequest(source_id="alpha")) == head
                assert (await service.SubmitBatch(before)).first_index == 3


async def test_a_box_for_a_removed_auditor_is_refused() -> None:
    """Whoever was removed is no auditor any more: a batch boxed to it is refused with the minimum."""
    async with serving(metrics_listen="") as served:
        member = await served.accredit("One")
        hand = await Hand.enrolled(served, "alpha", [member])
        key = member.own_key.public
        await served.govern(Request(served.log_id, bodies.AuditorRemoved(0, "One", key.public, Hash(key.x25519))))
        async with hand.channel() as transport, unchanged(served):
            answer = await refusal(stub(transport, "disclosure").SubmitBatch(hand.request(private_disclosure())))
        assert (answer.code, answer.message) == (STATE, "sealed_keys: a box for one who is no auditor of this log")
        assert answer.details == (AuditorMinimum(minimum=1),)


async def test_recorded_at_stays_between_the_last_statement_and_five_minutes_ahead() -> None:
    """Five minutes ahead of the ledger's clock is admitted and six are not; nothing is dated before what was said."""
    async with serving(metrics_listen="", clock=lambda: NOW) as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            service, now = stub(transport, "disclosure"), int(NOW) // 60
            for minute, bound in (
                (now + 6, "must be at most 5 minutes ahead of the ledger's clock"),
                (now - 1_000_000, ""),
                (now + 5, ""),
                (now + 4, "must not lie before the source's latest statement"),
                (now + 6, "must be at most 5 minutes ahead of the ledger's clock"),
                (now + 5, ""),
            ):
                hand.minute = minute
                request = hand.request(private_disclosure())
                if not bound:
                    await service.SubmitBatch(request)
                    hand.follow(request)
                    continue
                async with unchanged(served):
                    answer = await refusal(service.SubmitBatch(request))
                assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
                assert answer.violations == [("recorded_at", bound)]
        assert hand.next_sequence == 3


async def test_a_broken_chain_is_refused_with_the_head() -> None:
    """A batch that leaves a sequence out, or follows another batch than the latest, is told where the chain stands."""
    async with serving(metrics_listen="") as served:
        hand = await Hand.enrolled(served)
        async with hand.channel() as transport:
            service, first = stub(transport, "disclosure"), hand.request(private_disclosure())
            await service.SubmitBatch(first)
            hand.follow(first)
            gap = hand.resealed(hand.request(private_disclosure()), lambda item: replace(item, sequence=2))
            fork = hand.request(private_disclosure())
            fork.previous = sha256(b"another batch")
            for request, field in ((gap, "sequence: "), (hand.resealed(fork), "previous: ")):
                async with unchanged(served):
                    answer = await refusal(service.SubmitBatch(request))
                assert answer.code is STATE
                assert answer.message.startswith(field)
                assert answer.details == (hand.head(),)
            async with public_channel(served) as public:
                request_ = GetReceiptRequest(index=EntryIndex(index=4))
                assert (await refusal(stub(public, "log").GetReceipt(request_))).code is grpc.StatusCode.OUT_OF_RANGE
