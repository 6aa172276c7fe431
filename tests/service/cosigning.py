"""Witnesses around a served ledger: real ones in this process, each with a key, a state and a port of its own.

async with witnessed() as log:                # three witnesses, a quorum of two
    await log.covered()                       # the published tree is cosigned
    await log.witnesses[0].stop()             # gone, until start()
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from ledger.core.note import SigningKey, VKey
from ledger.core.policy import Policy
from ledger.core.witnessing import KnownLog, witness_vkey
from ledger.engine.cosigned import CosignedTree
from ledger.host.listening import listen
from ledger.service.cosigning import Asked
from ledger.witness.face import MAX_CONNECTIONS, Face, Server
from ledger.witness.state import State
from ledger.witness.telling import Metrics
from ledger.witness.witness import Witness
from tests.core.world import secret
from tests.served import ORIGIN, Served, serving

NAMES = ("one", "two", "three")
SECONDS = 30
"""How long a test waits for witnesses before it fails."""


@dataclass(slots=True)
class Running:
    """A witness below ``directory`` that can be stopped and started on the same port."""

    name: str
    directory: Path
    key: SigningKey
    port: int
    clock: Callable[[], float] = time.time
    task: "asyncio.Task[None] | None" = None
    server: Server | None = None

    @property
    def state(self) -> State:
        """Its state."""
        return State(self.directory, witness_vkey(self.key))

    @property
    def size(self) -> int:
        """The size of the test log's largest tree that it cosigned."""
        known = self.state.known(ORIGIN)
        return known.size if known is not None else 0

    def line(self) -> str:
        """Return its line in a policy."""
        return f"witness {self.name} {witness_vkey(self.key).format()} http://127.0.0.1:{self.port}/"

    def know(self, vkey: VKey) -> None:
        """Cosign the test log from now on."""
        self.state.prepare()
        self.state.add(KnownLog(vkey, ORIGIN))

    async def start(self) -> None:
        """Serve."""
        self.state.prepare()
        face = Face(Witness(self.state, self.key, Metrics(), self.clock), Metrics())
        self.server = Server(face)
        public = listen("127.0.0.1", self.port, MAX_CONNECTIONS)
        self.port = public.getsockname()[1]

        async def serve(server: Server) -> None:
            with public:
                await server.serve([public])
            face.close()

        self.task = asyncio.create_task(serve(self.server))

    async def stop(self) -> None:
        """Stop serving."""
        if self.server is not None and self.task is not None:
            self.server.should_exit = True
            await self.task
        self.server = self.task = None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A served ledger, its witnesses, and the policy that names them."""

    served: Served
    witnesses: list[Running]
    raw_policy: bytes

    @property
    def policy(self) -> Policy:
        """The policy."""
        return Policy.parse(self.raw_policy)

    def asked(self, name: str) -> Asked:
        """Return how the server finds a witness."""
        return self.served.server._cosigner._asked[name]

    async def until(self, holds: Callable[[], object]) -> None:
        """Return once ``holds()``."""
        async with asyncio.timeout(SECONDS):
            while not holds():  # noqa: ASYNC110 -- the writer and the witnesses tell nobody in here
                await asyncio.sleep(0)

    async def covered(self) -> CosignedTree:
        """Return the cosigned tree once it is the published one."""
        sequencer = self.served.server.sequencer
        await self.until(lambda: sequencer.view.cosigned and sequencer.view.cosigned.size == sequencer.view.size)
        return cast(CosignedTree, sequencer.view.cosigned)


@asynccontextmanager
async def running(names: Sequence[str] = NAMES) -> AsyncIterator[list[Running]]:
    """Serve witnesses that know no log yet, and stop those that still run at the end."""
    with TemporaryDirectory(prefix="witnesses-") as folder:
        found = [
            Running(name, Path(folder) / name, SigningKey(f"{name}.example", secret(f"witness {name}")), 0)
            for name in names
        ]
        for witness in found:
            await witness.start()
        try:
            yield found
        finally:
            for witness in found:
                await witness.stop()


def policy_of(witnesses: Sequence[Running], quorum: str = "2") -> bytes:
    """Return the policy that asks for ``quorum`` of these witnesses."""
    group = " ".join(witness.name for witness in witnesses)
    return "\n".join([*(witness.line() for witness in witnesses), f"group g {quorum} {group}", "quorum g", ""]).encode()


@asynccontextmanager
async def witnessed(quorum: str = "2", names: tuple[str, ...] = NAMES, **how: Any) -> AsyncIterator[Witnessed]:
    """Serve a log whose policy asks for ``quorum`` of these witnesses; ``how`` goes to ``serving``."""
    async with running(names) as found:
        policy = policy_of(found, quorum)
        async with serving(
            witness_policy=policy, started=False, **{"metrics_listen": "", "opened_at": time.time(), **how}
        ) as served:
            for witness in found:
                witness.know(served.vkey)
            await served.start()
            try:
                yield Witnessed(served, found, policy)
            finally:
                await served.stop()
