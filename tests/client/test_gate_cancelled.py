"""Who is cancelled between the note that the gate is open and the block was not let through, and the log says so."""

import asyncio
from collections import deque
from pathlib import Path

import pytest

from ledger.client.releases import Stage
from ledger.core.errors import Unavailable
from tests.client.gating import DATA, described, said
from tests.client.lying import lying
from tests.client.recording import opened_world, recording


async def test_cancelled_at_the_open_gate_is_aborted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where this recorder stops before it can log that, so that the next opening settles it."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path, patience=0.3) as recorder:
            reach = recorder.reach

            async def stopped(sequence: int, stage: Stage) -> None:
                await reach(sequence, stage)
                ledger.refusals = deque([Unavailable("gone")] * 100)
                with pytest.raises(Unavailable):
                    await recorder.record(described())
                entering.cancel()
                await asyncio.sleep(0)

            monkeypatch.setattr(recorder, "reach", stopped)
            entering = asyncio.ensure_future(recorder.release(described(), DATA).__aenter__())
            with pytest.raises(asyncio.CancelledError):
                await entering
        ledger.refusals.clear()
        async with recording(ledger, tmp_path) as recorder:
            assert [item.note.stage for item in recorder.settled] == [Stage.ASKED]
        assert said(ledger.world) == ["DISCLOSURE", "DISCLOSURE", "ABORTED 0"]
