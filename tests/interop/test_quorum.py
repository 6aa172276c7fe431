"""A ledger whose policy names a public witness answers under its cosignature."""

import time

from ledger.core.checkpoint import open_checkpoint
from ledger.core.note import COSIGNATURE
from ledger.core.policy import Policy, verify_quorum
from ledger.v1 import disclosure_pb2
from tests.interop.ecosystem import Ecosystem
from tests.interop.material import identity, key
from tests.served import ORIGIN, serving
from tests.service.calls import stub
from tests.service.hand import Hand, private_disclosure

WITNESS = key("public-witness.example")
VKEY = WITNESS.vkey(COSIGNATURE)


async def answered(hand: Hand) -> bytes:
    """Have a disclosure logged and return the checkpoint of the answer, which waits for the quorum."""
    request: disclosure_pb2.SubmitBatchRequest = hand.request(private_disclosure())
    request.cosigned = True
    async with hand.channel() as transport:
        answer = await stub(transport, "disclosure").SubmitBatch(request)
    hand.follow(request)
    return bytes(answer.checkpoint)


async def test_answers_are_cosigned_by_a_public_witness(ecosystem: Ecosystem) -> None:
    """Each answer's checkpoint satisfies the policy here and in Go, as omniwitness follows the ledger's growth."""
    with ecosystem.witness(WITNESS.format()) as witness:
        policy = f"witness public {VKEY.format()} {witness.url}\nquorum public\n".encode()
        async with serving(started=False, witness_policy=policy, opened_at=time.time(), metrics_listen="") as served:
            witness.know(served.vkey, ORIGIN)
            await served.start()
            try:
                hand = await Hand.enrolled(served)
                notes = [await answered(hand) for _ in range(3)]
            finally:
                await served.stop()
    for raw in notes:
        verify_quorum(open_checkpoint(raw, served.vkey, ORIGIN), Policy.parse(policy))
    judged = ecosystem.ask("judge-policy", Policy=policy, Notes=notes)
    assert judged["satisfied"] == [True] * len(notes)
    opening = {"VKey": served.vkey.format(), "Origin": ORIGIN, "Witnesses": [VKEY.format()]}
    opened = ecosystem.ask("open-checkpoint", Note=notes[-1], **opening)
    assert opened["verified"] == [identity(served.vkey), identity(VKEY)]
