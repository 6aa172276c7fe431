"""A real ledger in a process of its own, that may be killed, and all that it ever told.

    async with harness(dice(1)) as ledger:             # opened, two sources and an auditor enrolled, serving
        async with loaded(ledger, ledger.random):        # tests.faults.load: sources, readers, watchers, governance
            ledger.kill()                                # SIGKILL; or stop(), or let it die by itself
        ledger.fsck()                                    # on a copy: the next start has to recover the store itself
        await ledger.start()                             # seconds from exec to SERVING, None if it ended before
        await check(ledger)                              # tests.faults.invariants
        assert await ledger.stop() == 0

Ports are chosen by the system at every start, so channels are made anew for every process.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ledger.client.opening import chain_of
from ledger.client.profile import Profile
from ledger.client.reads import LogClient, Pins
from ledger.client.transport import channel
from ledger.core.policy import Policy
from ledger.engine.fsck import Checked
from ledger.engine.fsck import check as check_store
from ledger.engine.store import Store
from ledger.service import server
from ledger.service.server import Bound
from ledger.service.setup import NO_WITNESSES
from tests.faults.seen import Seen, Violation
from tests.faults.sources import Source, dice, prepared
from tests.served import ORIGIN, Member, Served, serving
from tests.service.cosigning import Running, policy_of, running

ROOT: Final = Path(__file__).parents[2]
SERVE: Final = (sys.executable, "-m", "ledger", "serve")
PATIENCE: Final = 60.0
"""Seconds after which a server that neither serves nor ends counts as hanging."""


@dataclass(slots=True)
class Harness:
    """A ledger below ``served.directory``, its process, its sources, and everything it told."""

    served: Served
    random: Random
    seen: Seen
    sources: list[Source] = field(default_factory=list)
    witnesses: list[Running] = field(default_factory=list)
    """The witnesses of its log, which outlive it; ``witness_policy`` asks for two of them."""
    process: "subprocess.Popen[bytes] | None" = None
    restarts: list[float] = field(default_factory=list)
    """Seconds from exec to SERVING of every start."""

    @property
    def directory(self) -> Path:
        """The ledger's directory."""
        return self.served.directory

    @property
    def witness_policy(self) -> bytes:
        """Its witness policy."""
        return policy_of(self.witnesses) if self.witnesses else NO_WITNESSES

    @property
    def store(self) -> Path:
        """Its store."""
        return self.directory / "store"

    @property
    def log(self) -> Path:
        """The file that gathers what the servers write to stdout and stderr."""
        return self.directory.parent / "server.log"

    @property
    def last_words(self) -> str:
        """The end of that file, for messages."""
        return f"its last words: {self.log.read_text(errors='replace')[-2000:]}"

    @property
    def bound(self) -> Bound:
        """Where the server listens; raise Violation if none says so."""
        bound = server.serving(self.directory)
        if bound is None:
            raise Violation("no server says that it serves")
        return bound

    # The process

    async def start(self, *command: str, **environment: str) -> float | None:
        """Start ``command`` DIR, by default ``ledger serve``; return seconds to SERVING, or None if it ended before."""
        (self.directory / server.SERVING).unlink(missing_ok=True)
        began = time.monotonic()
        self.process = self._spawn(command or SERVE, environment)
        while time.monotonic() - began < PATIENCE:
            if await self.is_serving():
                self.restarts.append(time.monotonic() - began)
                return self.restarts[-1]
            if self.process.poll() is not None:
                return None
            await asyncio.sleep(0.01)
        self.kill()
        raise Violation(f"the server neither serves nor ends; {self.last_words}")

    def _spawn(self, command: Sequence[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as lines:
            return subprocess.Popen(
                [*command, str(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                cwd=ROOT,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    async def is_serving(self) -> bool:
        """Return whether a server of this directory says SERVING."""
        bound = server.serving(self.directory)
        if bound is None:
            return False
        async with grpc.aio.insecure_channel(f"unix:{bound.socket}") as transport:
            stub = health_pb2_grpc.HealthStub(transport)
            with suppress(grpc.aio.AioRpcError):
                answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
        return False

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End the process, and what it started, by SIGKILL."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def terminate(self) -> None:
        """Ask it to stop."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    async def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for the process to end and return its exit code, negative for a signal; raise Violation if it hangs."""
        assert self.process is not None
        try:
            return await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            raise Violation(f"the server did not end within {seconds} s; {self.last_words}") from None

    async def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.terminate()
        return await self.ended()

    # Its store, while no process has it

    def fsck(self) -> Checked:
        """Recompute a copy of the stopped store; raise StoreDamaged, or Violation if it lacks what was told."""
        assert not self.running
        copy = self.directory.parent / "fsck"
        shutil.copytree(self.store, copy)
        store = Store.open(copy)
        try:
            found = check_store(store)
        finally:
            store.close()
            shutil.rmtree(copy)
        if found.size < self.seen.size:
            raise Violation(f"a tree of {self.seen.size} was signed and told, the store holds {found.size}")
        if self.seen.roots.get(found.size, found.root) != found.root:
            raise Violation(f"the stored tree of {found.size} is not the one that was told")
        return found

    # Channels to it

    def profile(self, member: Member) -> Profile:
        """Return a member's profile with the addresses of now."""
        bound = self.bound
        return replace(member.profile, address=bound.public, role_address=bound.role)

    def public(self) -> grpc.aio.Channel:
        """Return a channel to the public listener."""
        return channel(self.bound.public, (self.directory / "certs" / "ca.crt").read_bytes())

    def reader(self, transport: grpc.aio.Channel) -> LogClient:
        """Return a reader that holds the log to the largest tree seen."""
        return LogClient(transport, self.seen.pins, self.seen.size, self.seen.root)

    async def enrol(self, *names: str) -> None:
        """Enrol sources that seal to one auditor."""
        pool = prepared(48)
        auditor = await self.served.accredit("Auditor")
        for name in names:
            member = await self.served.enrol(name, auditor)
            async with self.public() as transport:
                chain = await chain_of(self.reader(transport), member.profile, member.own_key)
            random = dice(self.random.getrandbits(64))
            self.sources.append(Source(member, chain, self.served.log_id, random, pool))


@asynccontextmanager
async def harness(
    random: Random, names: Sequence[str] = ("alpha", "beta"), witnesses: Sequence[str] = ()
) -> AsyncIterator[Harness]:
    """Open a ledger, serve it and enrol ``names``; at the end kill what still runs and take everything away."""
    async with running(witnesses) as found:
        policy = policy_of(found) if found else NO_WITNESSES
        async with serving(started=False, witness_policy=policy) as served:
            for witness in found:
                witness.know(served.vkey)
            seen = Seen(Pins(ORIGIN, served.vkey, served.log_id), policy=Policy.parse(policy) if found else None)
            async with _run(Harness(served, random, seen, witnesses=found), names) as ledger:
                yield ledger


@asynccontextmanager
async def _run(ledger: Harness, names: Sequence[str]) -> AsyncIterator[Harness]:
    try:
        if await ledger.start() is None:
            raise Violation(f"the server did not start; {ledger.last_words}")
        await ledger.enrol(*names)
        yield ledger
    finally:
        ledger.kill()
