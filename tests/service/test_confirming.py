"""A store that is older than what was signed signs nothing: witnesses remember what a backup has forgotten."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ledger.core.errors import Unavailable
from ledger.service import server
from ledger.service.cosigning import BEHIND
from tests.service.calls import public_channel
from tests.service.cosigning import Witnessed, witnessed


@asynccontextmanager
async def restored(log: Witnessed, *up: int, **how: object) -> AsyncIterator[int]:
    """Have the ledger log one entry more, seen by the witnesses ``up`` alone, and serve yesterday's backup again.

    The backup has its own high-water mark, and all witnesses are up in the end. Yields the size that it has.
    """
    served = log.served
    size = (await log.covered()).size
    await log.until(lambda: not served.server._cosigner.missing(size))
    await served.stop()
    backup = served.directory.with_name("backup")
    shutil.copytree(served.directory, backup, ignore=shutil.ignore_patterns("*.sock"))
    for number, witness in enumerate(log.witnesses):
        if number not in up:
            await witness.stop()
    served.how["confirm_start"] = False
    await served.start()
    await served.accredit("Forgotten")
    await log.until(lambda: all(log.witnesses[number].size == size + 1 for number in up))
    await served.stop()
    for number, witness in enumerate(log.witnesses):
        if number not in up:
            await witness.start()
    shutil.rmtree(served.directory)
    backup.rename(served.directory)
    served.how.update({"confirm_start": True, **how})
    await served.start()
    yield size


async def health(log: Witnessed) -> int:
    """Return what the health service says of the whole server."""
    async with public_channel(log.served) as transport:
        answer = await health_pb2_grpc.HealthStub(transport).Check(health_pb2.HealthCheckRequest())
    return int(answer.status)


async def test_a_restored_backup_signs_nothing() -> None:
    """Behind its witnesses a ledger is halted from its start on, says why, and stays readable."""
    async with witnessed() as log, restored(log, 0, 1, 2) as size:
        sequencer = log.served.server.sequencer
        assert sequencer.halted == BEHIND
        with pytest.raises(
            Unavailable, match="the ledger is halted: its witnesses cosigned what this log does not have"
        ):
            await log.served.accredit("Another")
        assert sequencer.view.size == size
        async with log.served.admin() as admin:
            assert (await admin.status()).halted == BEHIND
        await log.until(lambda: log.served.server._watch is not None and log.served.server._watch.done())
        assert await health(log) == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_ledger_that_did_not_ask_halts_with_its_first_fork() -> None:
    """Told not to wait at its start, it finds out with the first checkpoint that its witnesses refuse."""
    async with witnessed() as log, restored(log, 0, 1, 2, confirm_start=False) as size:
        sequencer = log.served.server.sequencer
        assert sequencer.hindrance is None
        await log.served.accredit("Another")
        assert sequencer.view.size == size + 1
        await log.until(lambda: sequencer.halted)
        assert sequencer.halted == BEHIND
        assert [len(list(witness.state.evidence.iterdir())) for witness in log.witnesses].count(1) >= 2


async def test_one_witness_alone_halts_nothing() -> None:
    """As long as the others make a quorum, a witness that claims more is shown and logged, and need not be right."""
    async with witnessed() as log, restored(log, 0) as size:
        sequencer = log.served.server.sequencer
        await log.until(lambda: sequencer.hindrance is None)
        await log.until(lambda: log.asked("one").contradicts)
        assert (
            log.asked("one").failure == f"witness: it cosigned a larger tree, of {size + 1} entries, than this log has"
        )
        await log.served.accredit("Another")
        assert (await log.covered()).size == size + 1
        assert sequencer.halted is None


async def test_unreachable_witnesses_are_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a quorum has confirmed it, a ledger serves what is published and records nothing, and says so."""
    monkeypatch.setattr(server, "_CONFIRM", 0.05)
    async with witnessed() as log:
        size = (await log.covered()).size
        await log.until(lambda: not log.served.server._cosigner.missing(size))
        await log.served.stop()
        for witness in log.witnesses:
            await witness.stop()
        await log.served.start()
        with pytest.raises(
            Unavailable, match="records nothing for now: not confirmed yet by a quorum of its witnesses"
        ):
            await log.served.accredit("Early")
        async with log.served.admin() as admin:
            assert (await admin.status()).halted == server.UNCONFIRMED
        assert await health(log) == health_pb2.HealthCheckResponse.SERVING
        await log.witnesses[0].start()
        await asyncio.sleep(0)
        assert log.served.server.sequencer.held is not None
        await log.witnesses[1].start()
        await log.until(lambda: log.served.server.sequencer.held is None)
        await log.served.accredit("In time")
        assert (await log.covered()).size == size + 1


async def test_witnesses_that_are_gone_for_good_can_be_left_behind(tmp_path: Path) -> None:
    """Whoever says so records without asking them; there is no quorum, but a way on to another policy."""
    async with witnessed(confirm_start=False) as log:
        await log.covered()
        await log.served.stop()
        for witness in log.witnesses:
            await witness.stop()
        await log.served.start()
        await log.served.accredit("Without them")


async def test_an_anchor_that_is_due_waits_for_the_witnesses() -> None:
    """A start with an ANCHOR due asks first and anchors then: what it may not sign yet does not end its asking."""
    now = [time.time()]
    async with witnessed(clock=lambda: now[0]) as log:
        size = (await log.covered()).size
        await log.served.stop()
        now[0] += 7 * 24 * 3600
        await log.served.start()
        await log.until(lambda: log.served.server.sequencer.view.size > size)
        assert log.served.server.sequencer.hindrance is None
