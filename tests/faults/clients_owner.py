"""Who records: opens a recorder, uses it, loses it, and opens another one on what is left."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Final
from unittest import mock

from ledger.client import journal
from ledger.client.opening import open_recorder
from ledger.client.profile import Profile
from ledger.client.recorder import Recorder
from ledger.core.building import prepare
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import Busy, InvalidInput, KeySuperseded, LedgerError, Refused, StoreDamaged, Unavailable
from ledger.core.statement import roots_of
from tests.core.world import disclosure
from tests.faults.clients_ledger import Standing, key_file
from tests.faults.clients_life import Died, Life
from tests.faults.clients_network import Network, Wire
from tests.faults.clients_told import TALLY, Told

OPENINGS: Final = 40
"""Attempts after which a recorder that does not open is stuck: there are never as many faults waiting."""


@dataclass(slots=True)
class Owner:
    """The source's process, one life after the other; ``holding`` is the number of the key it uses."""

    standing: Standing
    network: Network
    told: Told
    folder: Path
    life: Life = field(init=False)
    recorder: Recorder | None = None
    holding: int = 0
    skew: int = 0
    """Minutes by which its clock is ahead of the ledger's."""
    revoked: bool = False
    refusal: str = ""
    """Why the last opening failed."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        durable = self.folder / "durable"
        durable.mkdir()
        self.life = Life(self.folder / "state", durable)

    def clock(self) -> float:
        """Return the seconds since the epoch by its clock."""
        return (self.standing.ledger.world.minute + self.skew) * 60.0

    async def record(self, count: int, leaves: int | None = None) -> None:
        """Record ``count`` disclosures at once; the first caller leaves after so many turns of the loop, if any."""
        assert self.recorder is not None
        entries = [prepare(disclosure(), os.urandom) for _ in range(count)]
        calls = [asyncio.ensure_future(self.recorder.submit(entry)) for entry in entries]
        if leaves is not None:
            for _ in range(leaves):
                await asyncio.sleep(0)
            calls[0].cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for entry, outcome in zip(entries, outcomes, strict=True):
            said = roots_of(entry.say(ZERO_HASH, ()))
            assert said is not None
            self.told.note(Hash(said.slots_root), outcome)
        if self.life.left is not None:
            await self._bury()
        elif any(isinstance(outcome, Unavailable) for outcome in outcomes):
            await self.close()

    async def open(self, patient: bool) -> None:
        """Open a recorder, trying again and with the key that is asked for, until it opens or is revoked."""
        for _ in range(OPENINGS):
            await self._open(None if patient else 0.0)
            if self.recorder is not None:
                self.told.settle(self.recorder.recovered)
                return
            if self.revoked and self.refusal.startswith("UnknownSource"):
                self.told.settle(())
                return
        raise AssertionError(f"the source is stuck: {self.refusal}")

    async def _open(self, patience: float | None) -> None:
        life, key = self.life, key_file(self.standing.keys[self.holding])
        mortal = SimpleNamespace(connect=life.connect, Error=sqlite3.Error)
        self.refusal = "its process died"
        with (
            mock.patch.object(Profile, "role_channel", return_value=Wire(self.network, life)),
            mock.patch.object(journal, "sqlite3", mortal),
        ):
            opening = open_recorder(self.standing.profile, key, self.clock, patience, life.directory)
            try:
                self.recorder = await self._stack.enter_async_context(opening)
            except Died:
                await self._bury()
            except LedgerError as error:
                self._refused(error)

    def _refused(self, error: LedgerError) -> None:
        """Find out what to do; raise what an honest ledger and a sound disk give no reason for."""
        self.refusal = f"{type(error).__name__}: {error}"
        if isinstance(error, Refused):
            self.told.owed.clear()  # settled, and nobody is there to get receipts
        match error:
            case StoreDamaged() if str(error).endswith("open it with the key that signed it"):
                self.holding -= 1
            case KeySuperseded():
                self.holding = len(self.standing.keys) - 1
            case InvalidInput() | Refused() | Unavailable() | Busy():
                pass
            case _:
                raise error

    async def close(self) -> None:
        """End the process, if there is one, in good order."""
        if self.recorder is None:
            return
        with suppress(Died):
            await self._stack.aclose()
        self.recorder = None
        if self.life.left is not None:
            await self._bury()
        else:
            self.life.keep()

    async def _bury(self) -> None:
        """Let go of what died, and continue from what it left."""
        TALLY["died, power lost" if self.life.power else "died"] += 1
        self.told.owed.clear()
        with suppress(Died):
            await self._stack.aclose()
        self.recorder = None
        assert self.life.left is not None
        if self.life.directory.exists():
            shutil.rmtree(self.life.directory)
        self.life = Life(self.life.left, self.life.durable)
