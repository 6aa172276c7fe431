"""Over gRPC: what travels with a statement about another, and what an erasure leaves to be fetched."""

from collections.abc import Callable

import grpc
import pytest

from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.life import Life
from ledger.core.statement import decode_leaf
from ledger.engine import rows, schema
from ledger.v1.audit_pb2 import StreamSealedPayloadsRequest
from ledger.v1.disclosure_pb2 import ErasedPayload, StreamOwnPayloadsRequest, SubmitBatchRequest
from tests.served import serving
from tests.service.calls import drained, local_channel, refusal, role_channel, stub, unchanged
from tests.service.following import Following
from tests.service.governing import ready, request_of

Change = Callable[[SubmitBatchRequest, SubmitBatchRequest], object]
"""Changes a request; the second one is of a disclosure whose keys travel."""


def with_keys(request: SubmitBatchRequest, other: SubmitBatchRequest) -> None:
    """Let the keys of another disclosure travel."""
    request.attachments[0].keys.extend(other.attachments[0].keys)
    request.attachments[0].padding.extend(other.attachments[0].padding)


def with_padding(request: SubmitBatchRequest, other: SubmitBatchRequest) -> None:
    """Let nothing but padding travel."""
    request.attachments[0].padding.extend(other.attachments[0].padding)


@pytest.mark.parametrize("change", [with_keys, with_padding])
async def test_keys_of_an_embargoed_disclosure_stay_with_its_source(change: Change) -> None:
    """Keys or padding beside a disclosure under embargo, its extension or its correction refuse the batch."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        other = said.request(said.open())
        index = await said.log(said.gagged())
        delivered = await said.log(said.open())
        for prepared in (said.gagged(), said.extension(index), said.delivery(delivered)):
            request = said.request(prepared)
            change(request, other)
            async with said.hand.channel() as transport, unchanged(served):
                answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
            assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
            words = "travel with no DELIVERY or EMBARGO_EXTENDED, and not under an embargo"
            assert answer.violations == [("keys", words)]


async def test_a_correction_has_its_keys_unless_it_is_under_embargo() -> None:
    """Keys travel with the correction of an open disclosure, and with that of an embargoed one they are refused."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        gagged, opened = await said.log(said.gagged()), await said.log(said.open())
        words = "travel with the CORRECTION of a DISCLOSURE, unless that is under embargo"
        for wrong in (said.correction(gagged), said.correction(opened, withheld=True)):
            async with said.hand.channel() as transport, unchanged(served):
                answer = await refusal(stub(transport, "disclosure").SubmitBatch(said.request(wrong)))
            assert answer.violations == [("keys", words)]
        await said.log(said.correction(gagged, withheld=True), said.correction(opened))


LIFTS: dict[str, tuple[Change, str, str]] = {
    "without its keys": (lambda lift, _: lift.attachments[0].ClearField("keys"), "keys.padding", "do not add up"),
    "without padding": (lambda lift, _: lift.attachments[0].ClearField("padding"), "keys.padding", "do not add up"),
    "with another entry's": (
        lambda lift, other: lift.attachments[0].keys[0].CopyFrom(other.attachments[0].keys[0]),
        "keys",
        "must give the keys root of the entry whose embargo is lifted",
    ),
    "with nothing beside it": (
        lambda lift, _: lift.ClearField("attachments"),
        "attachments",
        "each statement with a payload or keys needs exactly one, in their order",
    ),
    "with a payload": (
        lambda lift, other: setattr(lift.attachments[0], "payload", other.attachments[0].payload),
        "payload",
        "an EMBARGO_LIFTED has none",
    ),
    "with a shred": (
        lambda lift, other: setattr(lift.attachments[0], "shred", other.attachments[0].shred),
        "payload",
        "an EMBARGO_LIFTED has none",
    ),
}


@pytest.mark.parametrize(("change", "field", "bound"), LIFTS.values(), ids=LIFTS)
async def test_a_lift_brings_the_keys(change: Change, field: str, bound: str) -> None:
    """A lift is admitted with the keys of its target and nothing else, and once."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        index = await said.log(said.gagged())
        request, wrong = said.request(said.lift(index)), SubmitBatchRequest()
        wrong.CopyFrom(request)
        change(wrong, said.request(said.open()))
        async with said.hand.channel() as transport, unchanged(served):
            answer = await refusal(stub(transport, "disclosure").SubmitBatch(wrong))
        assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
        ((found, description),) = answer.violations
        assert found == field
        assert bound in description
        assert await said.submit(request) == index + 1
        again = said.request(said.lift(index))
        async with said.hand.channel() as transport, unchanged(served):
            answer = await refusal(stub(transport, "disclosure").SubmitBatch(again))
        assert answer.code is grpc.StatusCode.FAILED_PRECONDITION
        assert answer.message == "target: is under no embargo, or that was lifted"


async def test_what_is_erased_is_named_to_whoever_fetches_it() -> None:
    """Auditor and source get the ERASURE's index in place of an erased payload, and the batch's others whole."""
    async with serving(metrics_listen="") as served:
        auditor = await served.accredit("Auditor One")
        said = await Following.enrolled(served, auditor)
        first = await said.log(said.open(), said.open(), said.open())
        erasure = await served.govern(
            Request(served.log_id, bodies.Erasure(0, "alpha", said.target(first + 1), "Art. 17 GDPR"))
        )
        for restarted in (False, True):
            if restarted:
                await served.stop()
                await served.start()
                auditor, source = served.member("auditor", "Auditor One"), served.member("source", "alpha")
            else:
                source = said.hand.member
            async with role_channel(served, auditor) as transport:
                request = StreamSealedPayloadsRequest(begin=0, end=erasure + 1)
                (audited,) = await drained(stub(transport, "audit").StreamSealedPayloads(request))
            async with role_channel(served, source) as transport:
                service = stub(transport, "disclosure")
                (own,) = await drained(
                    service.StreamOwnPayloads(StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=3))
                )
                (alone,) = await drained(
                    service.StreamOwnPayloads(StreamOwnPayloadsRequest(source_id="alpha", begin=1, end=2))
                )
            assert audited == own
            assert list(own.erased) == [ErasedPayload(index=first + 1, sequence=1, erasure=erasure)]
            assert [item.sequence for item in own.payloads] == [0, 2]
            assert (list(alone.payloads), list(alone.erased)) == ([], list(own.erased))


async def test_an_erasure_is_told_once_it_is_published() -> None:
    """While rows are being destroyed, before the ERASURE is published, readers are asked to come again."""
    async with serving(metrics_listen="") as served:
        auditor = await served.accredit("Auditor One")
        said = await Following.enrolled(served, auditor)
        index = await said.log(said.open())
        target = said.target(index)
        body = decode_leaf(said.sent[index].statements[0]).statement.body
        size, store = served.server.sequencer.view.size, served.server._store
        store.write([(schema.life_key(index), rows.write_life(Life(index, target.leaf_hash, body, erased=size)))])
        audited = StreamSealedPayloadsRequest(begin=index, end=index + 1)
        own = StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=1)
        async with role_channel(served, auditor) as transport:
            answers = [await refusal(drained(stub(transport, "audit").StreamSealedPayloads(audited)))]
        async with said.hand.channel() as transport:
            answers.append(await refusal(drained(stub(transport, "disclosure").StreamOwnPayloads(own))))
        store.write([], [schema.life_key(index)])
        for answer in answers:
            assert answer.code is grpc.StatusCode.UNAVAILABLE
            assert answer.message == "payload: is being erased; ask again in a moment"


async def test_what_may_not_be_erased_is_refused() -> None:
    """An entry under embargo, one without a payload, one that is not there and one erased before stay as they are."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        gagged, opened = await said.log(said.gagged()), await said.log(said.open())
        lifted = await said.log(said.gagged())
        lift = await said.log(said.lift(lifted))
        target = said.target(opened)
        erasure = await served.govern(Request(served.log_id, bodies.Erasure(0, "alpha", target, "Art. 17 GDPR")))
        wrong = {
            "target: is under embargo; erase it once that is lifted": said.target(gagged),
            "target: has no payload": said.target(lift),
            "target: no earlier statement of this source has this sequence": bodies.Target(9, target.leaf_hash),
            "target.leaf_hash: not the one of that statement": bodies.Target(0, target.leaf_hash),
            f"target: erased by entry {erasure}": target,
        }
        for message, named in wrong.items():
            body = ready(served, Request(served.log_id, bodies.Erasure(0, "alpha", named, "Art. 17 GDPR")))
            async with local_channel(served) as transport, unchanged(served):
                answer = await refusal(stub(transport, "admin").Govern(request_of(body)))
            assert (answer.code, answer.message) == (grpc.StatusCode.FAILED_PRECONDITION, message)
