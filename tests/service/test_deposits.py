"""DepositSealedKeys: boxes for auditors accredited after a batch was sealed, kept beside it and served with it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import grpc
import pytest
import pytest_asyncio

from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.sealed_keys import box_batch_key, open_box, x25519_secret
from ledger.v1.audit_pb2 import StreamSealedPayloadsRequest
from ledger.v1.disclosure_pb2 import DepositSealedKeysRequest, SealedBatch, SealedKey, StreamOwnPayloadsRequest
from tests.served import Member, Served, serving
from tests.service.calls import drained, refusal, role_channel, stub, unchanged
from tests.service.following import Following

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD, STATE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION


@dataclass(frozen=True, slots=True)
class Late:
    """A source with batches at sequence 0 (one entry), 1 (two) and 3 (a lift), and auditors accredited later."""

    served: Served
    said: Following
    late: Member
    gone: Member

    def key_id(self, member: Member) -> bytes:
        """Return the key id of an auditor."""
        auditors = self.served.server.sequencer.view.auditors.values()
        return next(item.key_id for item in auditors if item.x25519_key == member.own_key.public.x25519)

    def batch_key(self) -> bytes:
        """Return the key of the first batch, as the source reads it."""
        request = self.said.sent[min(self.said.sent)]
        own = self.said.hand.key_statement
        box = next(item.box for item in request.sealed_keys if item.key_id == own)
        return open_box(box, x25519_secret(self.said.hand.secret.seed))

    def box(self, member: Member) -> SealedKey:
        """Return a fresh box of the first batch's key."""
        box = box_batch_key(self.batch_key(), member.own_key.public.x25519 or b"")
        return SealedKey(key_id=self.key_id(member), suite=1, box=box)

    def request(self, *boxes: SealedKey, first_sequence: int = 0) -> DepositSealedKeysRequest:
        """Return a deposit."""
        return DepositSealedKeysRequest(source_id="alpha", first_sequence=first_sequence, sealed_keys=boxes)

    async def deposit(self, request: DepositSealedKeysRequest) -> None:
        """Deposit boxes."""
        async with self.said.hand.channel() as transport:
            await stub(transport, "disclosure").DepositSealedKeys(request)

    async def fetched(self, member: Member) -> SealedBatch:
        """Return the first batch as an auditor gets it."""
        begin = min(self.said.sent)
        request = StreamSealedPayloadsRequest(begin=begin, end=begin + 1)
        async with role_channel(self.served, member) as transport:
            (batch,) = await drained(stub(transport, "audit").StreamSealedPayloads(request))
        assert isinstance(batch, SealedBatch)
        return batch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def late() -> AsyncIterator[Late]:
    """A log whose auditors "Late" and "Gone" came after the batches; "Gone" was removed again."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        await said.log(said.open())
        index = await said.log(said.gagged(), said.open())
        await said.log(said.lift(index))
        found = Late(served, said, await served.accredit("Late"), await served.accredit("Gone"))
        half = found.gone.own_key.public
        gone = bodies.AuditorRemoved(0, "Gone", half.public, Hash(half.x25519 or b""))
        await served.govern(Request(served.log_id, gone))
        yield found


def of_the_seal(late: Late, own: bool) -> SealedKey:
    """Return a box that the first batch's seal names, the source's own or its auditor's."""
    request = late.said.sent[min(late.said.sent)]
    return next(item for item in request.sealed_keys if (item.key_id == late.said.hand.key_statement) == own)


def made(late: Late, **changes: object) -> SealedKey:
    """Return a box for "Late" with fields changed."""
    box = late.box(late.late)
    for name, value in changes.items():
        setattr(box, name, value)
    return box


ALREADY = "sealed_keys: a box for one whom the seal names already"
NOBODY = "sealed_keys: a box for one who is no auditor of this log"
NO_BATCH = "first_sequence: no batch of the source begins there"

REFUSED: dict[str, tuple[Callable[[Late], DepositSealedKeysRequest], grpc.StatusCode, str]] = {
    "no box": (lambda late: late.request(), BAD, "sealed_keys: must be 1 to 64"),
    "65 boxes": (lambda late: late.request(*[made(late)] * 65), BAD, "sealed_keys: must be 1 to 64"),
    "one auditor twice": (
        lambda late: late.request(made(late), made(late)),
        BAD,
        "sealed_keys: key ids do not ascend strictly",
    ),
    "a short box": (lambda late: late.request(made(late, box=bytes(79))), BAD, "sealed_keys.box: must be 80 bytes"),
    "an unknown suite": (lambda late: late.request(made(late, suite=2)), BAD, "sealed_keys.suite: only 1 is known"),
    "a short key id": (lambda late: late.request(made(late, key_id=b"x")), BAD, "sealed_keys.key_id: must be 32 bytes"),
    "a sequence to come": (
        lambda late: late.request(made(late), first_sequence=4),
        BAD,
        "first_sequence: the source has not used it",
    ),
    "the last sequence there is": (
        lambda late: late.request(made(late), first_sequence=2**64 - 1),
        BAD,
        "first_sequence: the source has not used it",
    ),
    "the middle of a batch": (lambda late: late.request(made(late), first_sequence=2), BAD, NO_BATCH),
    "a batch without payloads": (
        lambda late: late.request(made(late), first_sequence=3),
        BAD,
        "first_sequence: that batch has no payloads",
    ),
    "the source itself": (lambda late: late.request(of_the_seal(late, True)), BAD, ALREADY),
    "an auditor of the seal": (lambda late: late.request(of_the_seal(late, False)), BAD, ALREADY),
    "a stranger": (lambda late: late.request(made(late, key_id=bytes(32))), STATE, NOBODY),
    "a removed auditor": (lambda late: late.request(late.box(late.gone)), STATE, NOBODY),
}


@pytest.mark.parametrize(("request_", "code", "message"), REFUSED.values(), ids=REFUSED)
async def test_a_deposit_that_does_not_fit_is_refused(
    late: Late, request_: Callable[[Late], DepositSealedKeysRequest], code: grpc.StatusCode, message: str
) -> None:
    """Boxes of the wrong shape, for the wrong batch or the wrong recipient are refused by name, and none is kept."""
    async with late.said.hand.channel() as transport, unchanged(late.served):
        answer = await refusal(stub(transport, "disclosure").DepositSealedKeys(request_(late)))
    assert (answer.code, answer.message) == (code, message)


async def test_another_sources_batch_is_refused(late: Late) -> None:
    """A certificate is bound to its source: no other deposits for it, and one that the log never had finds nothing."""
    beta = late.served.member("source", "beta")
    async with role_channel(late.served, beta) as transport, unchanged(late.served):
        service, request = stub(transport, "disclosure"), late.request(made(late))
        answer = await refusal(service.DepositSealedKeys(request))
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
        request.source_id = "beta"
        answer = await refusal(service.DepositSealedKeys(request))
        assert answer.message == "first_sequence: the source has not used it"


async def test_a_deposited_box_opens_for_its_auditor(late: Late) -> None:
    """A box is served beside those of the seal, the next one takes its place, and a restart keeps it."""
    assert list((await late.fetched(late.late)).deposited) == []
    first, second = made(late, box=bytes(80)), late.box(late.late)
    for box in (first, second):
        await late.deposit(late.request(box))
        assert list((await late.fetched(late.late)).deposited) == [box]
    request = late.said.sent[min(late.said.sent)]
    await late.served.stop()
    await late.served.start()
    again, own = late.served.member("auditor", "Late"), late.served.member("source", "alpha")
    batch = await late.fetched(again)
    assert (list(batch.deposited), list(batch.sealed_keys)) == ([second], list(request.sealed_keys))
    assert open_box(second.box, late.late.own_key.x25519_secret) == late.batch_key()
    async with role_channel(late.served, own) as transport:
        asked = StreamOwnPayloadsRequest(source_id="alpha", begin=0, end=3)
        batches = await drained(stub(transport, "disclosure").StreamOwnPayloads(asked))
    assert [len(item.deposited) for item in batches] == [1, 0]
