"""What a policy makes public stands open in every leaf from its statement on, and in no other."""

from typing import Final

import grpc
import pytest

from ledger.core import bodies
from ledger.core.encoding import Hash, sha256
from ledger.core.receipt import verify_receipt
from ledger.core.sealing_policy import DEFAULT, SealingPolicy
from ledger.engine import schema
from ledger.v1.disclosure_pb2 import PolicyInForce, SubmitBatchRequest
from ledger.v1.log_pb2 import EntryIndex, GetPoliciesRequest, GetReceiptRequest
from tests.served import ORIGIN, Served, serving
from tests.service.calls import local_channel, public_channel, refusal, stub, unchanged
from tests.service.following import Following
from tests.service.governing import policy, ready, request_of
from tests.service.hand import private_disclosure

STATE: Final = grpc.StatusCode.FAILED_PRECONDITION
WORDS: Final = "openings: not the fields that the policy in force makes public"
COUNTRY: Final = ("authority_country", "outcome")


async def publish(served: Served, *names: str) -> int:
    """Make fields public and return the index of the statement that says so."""
    sealing = SealingPolicy(publish=names).format()
    body = ready(served, policy(served, sealing_policy_digest=sha256(sealing)))
    async with local_channel(served) as transport:
        request = request_of(body, witness_policy=b"quorum none\n", sealing_policy=sealing)
        return int((await stub(transport, "admin").Govern(request)).index)


async def refused(said: Following, request: SubmitBatchRequest) -> None:
    """Show that a batch is refused for what it opens, and that its maker is told why."""
    async with said.hand.channel() as transport, unchanged(said.hand.served):
        answer = await refusal(stub(transport, "disclosure").SubmitBatch(request))
    assert (answer.code, answer.message, answer.details) == (STATE, WORDS, (PolicyInForce(),))


async def opened(served: Served, index: int) -> tuple[str, ...]:
    """Return the names of the fields that stand open in an entry, as anyone reads it."""
    async with public_channel(served) as transport:
        request = GetReceiptRequest(index=EntryIndex(index=index))
        receipt = (await stub(transport, "log").GetReceipt(request)).tlog_proof
    body = verify_receipt(receipt, served.vkey, ORIGIN).statement.body
    assert isinstance(body, bodies.Disclosure)
    return tuple(opening.name for opening in body.openings)


@pytest.mark.parametrize("wrong", [(), ("outcome",), (*COUNTRY, "urgency"), ("authority_country", "urgency")])
async def test_a_batch_that_does_not_open_what_the_policy_says_is_refused(wrong: tuple[str, ...]) -> None:
    """Fewer, more or other fields than the policy's are refused, beside good ones too; its own are admitted."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        await publish(served, *COUNTRY)
        await refused(said, said.request(said.open(), said.gagged(), publish=wrong))
        index = await said.submit(said.request(said.open(), said.gagged(), said.open(), publish=COUNTRY))
        assert index == 4


async def test_a_policy_holds_until_the_next() -> None:
    """What was public before a change stays so in its leaf, and what follows opens what the new policy says."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        for names in (COUNTRY, (), ("urgency",)):
            await publish(served, *names)
            for wrong in {(), COUNTRY, ("urgency",)} - {names}:
                await refused(said, said.request(said.open(), publish=wrong))
            index = await said.submit(said.request(said.open(), publish=names))
            assert await opened(served, index) == names


async def test_a_recorder_takes_a_new_policy_up_by_itself() -> None:
    """A recorder that was open when the policy changed opens the new fields in what it records next."""
    async with serving(metrics_listen="") as served:
        source = await served.enrol("alpha", await served.accredit("One"))
        async with source.recorder() as recorder:
            await recorder.record(private_disclosure())
            await publish(served, *COUNTRY)
            receipt = await recorder.record(private_disclosure())
            assert await opened(served, receipt.index) == COUNTRY


async def test_policies_name_the_statement_that_holds_their_digests() -> None:
    """The index is of LOG_OPENED, then of the latest change, over a restart too."""
    async with serving(metrics_listen="") as served:
        async with public_channel(served) as transport:
            found = await stub(transport, "log").GetPolicies(GetPoliciesRequest())
            assert (found.index, found.sealing_policy) == (0, DEFAULT)
        await served.accredit("One")
        index = await publish(served, *COUNTRY)
        for restarted in (False, True):
            if restarted:
                await served.stop()
                await served.start()
            async with public_channel(served) as transport:
                found = await stub(transport, "log").GetPolicies(GetPoliciesRequest())
            assert (found.index, index) == (2, 2)
            assert sha256(found.sealing_policy) == Hash(served.server.sequencer.view.governing.sealing_policy_digest)


async def test_policies_are_those_of_what_is_published() -> None:
    """While a change is stored and not yet published the policy served is the one that the index names."""
    async with serving(metrics_listen="") as served:
        later = SealingPolicy(publish=COUNTRY).format()
        served.server._store.write([(schema.meta_key("sealing_policy"), later)])
        async with public_channel(served) as transport:
            found = await stub(transport, "log").GetPolicies(GetPoliciesRequest())
        served.server._store.write([(schema.meta_key("sealing_policy"), DEFAULT)])
        assert (found.index, found.sealing_policy) == (0, DEFAULT)
