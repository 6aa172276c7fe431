"""With a policy in the profile nothing counts without its quorum: not a checkpoint, not a receipt, not an answer."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.client.journal import Journal
from ledger.client.reads import LogClient
from ledger.client.recorder import Recorder
from ledger.client.transport import channel
from ledger.core.checkpoint import SignedCheckpoint
from ledger.core.errors import Unavailable, VerificationFailed
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import verify_receipt
from tests.client.cosigned import pinned, with_lines
from tests.client.honest import pins
from tests.client.lying import Lying, lying
from tests.client.recording import SOURCE, chain, journal, opened_world, unchanged
from tests.core.world import disclosure, mixed
from tests.engine.cosigning import POLICY
from tests.served import Member
from tests.service.cosigning import Witnessed, witnessed

WORLD = mixed()
Read = Callable[[LogClient], Awaitable[Any]]
READS: dict[str, tuple[str, Read]] = {
    "a checkpoint": ("GetCheckpoint", lambda reader: reader.checkpoint()),
    "a receipt": ("GetReceipt", lambda reader: reader.receipt(3)),
    "an entry": ("GetCheckpoint", lambda reader: reader.entry(3)),
}


@pytest.mark.parametrize(("method", "read"), READS.values(), ids=READS)
@pytest.mark.parametrize("names", [(), ("one",), ("one", "two")], ids=["nobody", "one", "two"])
async def test_reads_need_the_quorum(method: str, read: Read, names: tuple[str, ...]) -> None:
    """What two of three witnesses cosigned is accepted; anything less is refused, and nothing is remembered of it."""
    async with lying(WORLD) as ledger:
        ledger.lies[method] = lambda answer: with_lines(answer, *names)
        reader = LogClient(ledger.channel, pinned(WORLD))
        if len(names) == 2:
            await read(reader)
            assert reader.size == WORLD.size
            return
        with pytest.raises(VerificationFailed, match="quorum: too few witnesses cosigned the checkpoint"):
            await read(reader)
        assert (reader.size, reader.latest) == (0, None)


async def test_a_broken_cosignature_is_refused() -> None:
    """One line under a witness's name that does not verify spoils the checkpoint, whatever the others say."""

    def spoil(answer: Any) -> Any:
        note = with_lines(answer, "one", "two", "three").note.decode().split("\n")
        note[-2] = note[-2][:-8] + "AAAAAAA="
        answer.note = "\n".join(note).encode()
        return answer

    async with lying(WORLD) as ledger:
        ledger.lies["GetCheckpoint"] = spoil
        with pytest.raises(VerificationFailed):
            await LogClient(ledger.channel, pinned(WORLD)).checkpoint()


def recorder(ledger: Lying, opened: Any, held: Journal, with_policy: bool = True) -> Recorder:
    """Return a recorder, its policy that of two witnesses or none."""
    world = ledger.world
    pinning = pinned(world) if with_policy else pins(world)
    return Recorder(opened, pinning, world.secrets[SOURCE], held, lambda: world.minute * 60.0)


async def test_an_answer_without_the_quorum_is_no_receipt(tmp_path: Path) -> None:
    """The recorder asks for a cosigned answer, gives no receipt for another, and settles once there is one."""
    async with lying(opened_world()) as ledger, channel(ledger.address, None) as opened:
        first = recorder(ledger, opened, journal(ledger.world, tmp_path))
        await first.start(chain(ledger.world), unchanged)
        with pytest.raises(VerificationFailed, match="quorum: too few witnesses"):
            await first.record(disclosure())
        await first.close()
        ledger.lies["SubmitBatch"] = lambda answer: with_lines(answer, "two", "three")
        again = recorder(ledger, opened, journal(ledger.world, tmp_path))
        await again.recover()
        (receipt,) = again.recovered
        verify_quorum(verify_receipt(receipt.data, ledger.world.vkey).checkpoint, Policy.parse(POLICY))
        await again.close()
    assert [request.cosigned for request in ledger.received] == [True, True]
    assert len({tuple(request.statements) for request in ledger.received}) == 1


async def test_without_a_policy_nothing_is_asked_of_witnesses(tmp_path: Path) -> None:
    """A recorder whose profile says that there are none asks for no cosigned answer, also for what it left behind."""
    async with lying(opened_world()) as ledger, channel(ledger.address, None) as opened:
        ledger.losses.append(Unavailable("lost"))
        held = recorder(ledger, opened, journal(ledger.world, tmp_path), with_policy=False)
        await held.start(chain(ledger.world), unchanged)
        await held.record(disclosure())
        await held.close()
    assert [request.cosigned for request in ledger.received] == [False, False]


def quorate(log: Witnessed, signed: SignedCheckpoint) -> SignedCheckpoint:
    """Return ``signed`` once its quorum is shown."""
    verify_quorum(signed, log.policy)
    return signed


async def enrolled(log: Witnessed) -> Member:
    """Return a source of the log whose profile has the log's policy."""
    member = await log.served.enrol(SOURCE, await log.served.accredit("Auditor"))
    assert member.profile.policy() == log.policy
    return member


async def test_profiles_bring_the_policy_and_receipts_the_quorum() -> None:
    """What is issued for a log with witnesses holds recorders and readers to their quorum, from the first call on."""
    async with witnessed() as log:
        source = await enrolled(log)
        async with source.recorder() as recording:
            receipts = [await recording.record(disclosure()) for _ in range(3)]
        for receipt in receipts:
            found = verify_receipt(receipt.data, log.served.vkey)
            assert found.index == receipt.index
            quorate(log, found.checkpoint)
        public = log.served.member("public", "anyone")
        async with public.reader() as reader:
            _, proven = await reader.receipt(receipts[-1].index)
            quorate(log, proven.checkpoint)
            assert (await reader.entry(receipts[0].index)).index == receipts[0].index
            quorate(log, await reader.checkpoint())
        async with public.reader() as reader:
            assert reader.size > receipts[-1].index
            await reader.checkpoint(at_least=log.served.server.sequencer.view.size)


async def test_without_a_quorum_there_is_no_receipt() -> None:
    """While the quorum is away no receipt comes; what was sent is settled by the next opening after it is back."""
    async with witnessed(quorum_seconds=1) as log:
        source = await enrolled(log)
        await log.covered()
        async with source.recorder(patience=2) as recording:
            await recording.record(disclosure())
            for witness in log.witnesses[1:]:
                await witness.stop()
            with pytest.raises(Unavailable, match="witnesses missing: two, three"):
                await recording.record(disclosure())
        async with log.served.member("public", "anyone").reader() as reader:
            with pytest.raises(Unavailable, match="witnesses missing: two, three"):
                await reader.entry(log.served.server.sequencer.view.size - 1)
        await log.witnesses[1].start()
        await log.covered()
        async with source.recorder() as recording:
            (receipt,) = recording.recovered
            assert receipt.sequence == 1
            quorate(log, verify_receipt(receipt.data, log.served.vkey).checkpoint)
