"""Mixed load on a ledger that may die at any moment; whatever it answers goes into ``seen``."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from ledger.client import keyfile
from ledger.client.range_receipt import verify_answer
from ledger.client.requests import Request, request_auditor, request_source
from ledger.client.transport import translate
from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.errors import Busy, ChainBroken, LedgerError, Unavailable
from ledger.core.merkle import leaf_hash
from ledger.core.receipt import verify_receipt
from ledger.core.rules import LEDGER
from ledger.core.sealing_policy import DEFAULT
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc, log_pb2, log_pb2_grpc
from tests.faults.harness import PATIENCE, Harness
from tests.faults.invariants import read_cosigned
from tests.faults.seen import Violation
from tests.faults.sources import Sent, Source

REPEATS: Final = 0.1
"""How often a source sends a batch again that was answered before."""


COSIGNED: Final = 0.2
"""How often a reader asks for a cosigned checkpoint, where there are witnesses."""


@dataclass(slots=True)
class Load:
    """What is going on against one server process; counts what was answered since it began."""

    ledger: Harness
    random: Random
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    batches: int = 0
    repeats: int = 0
    governed: int = 0
    reads: int = 0
    watched: int = 0
    busy: int = 0

    async def until(self, reached: Callable[[], bool]) -> None:
        """Return once ``reached`` holds; raise Violation if the server ends, breaks a promise or dawdles before."""
        for _ in range(int(PATIENCE / 0.01)):
            if reached():
                return
            if not self.ledger.running:
                break
            for task in self.tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
        raise Violation(f"the server ended or hangs under load; {self.ledger.last_words}")

    async def resend(self) -> None:
        """Send what is unanswered, source by source, until all of it is answered."""
        for source in self.ledger.sources:
            async with self.ledger.profile(source.member).role_channel() as transport:
                stub = disclosure_pb2_grpc.DisclosureServiceStub(transport)
                for sent in source.unanswered():
                    await self.send(stub, source, sent)

    # Sources

    async def record(self, source: Source) -> None:
        """Send batches of ``source``, one or two at a time, and now and then an old one again."""
        async with self.ledger.profile(source.member).role_channel() as transport:
            stub = disclosure_pb2_grpc.DisclosureServiceStub(transport)
            while not self.stopping.is_set():
                ahead = source.unanswered(self.random.randint(1, 2))
                await asyncio.gather(*(self._try(stub, source, sent, sent is ahead[0]) for sent in ahead))
                if source.answered and self.random.random() < REPEATS:
                    await self.send(stub, source, self.random.choice(source.answered))
                    self.repeats += 1

    async def _try(self, stub: Any, source: Source, sent: Sent, first: bool) -> None:
        """Send a batch; the second one may overtake the first and then is refused for the gap, to be sent again."""
        try:
            await self.send(stub, source, sent)
        except Busy:
            self.busy += 1
        except ChainBroken as error:
            if first or error.head.next_sequence >= sent.batch.first_sequence:
                raise

    async def send(self, stub: Any, source: Source, sent: Sent) -> None:
        """Send one batch and take its answer in, once that is verified; a batch never gets a second index."""
        seen, batch = self.ledger.seen, sent.batch
        known = seen.size, seen.root
        request = disclosure_pb2.SubmitBatchRequest()
        request.CopyFrom(sent.request)
        request.known_size = known[0]
        with translate():
            response = await stub.SubmitBatch(request, timeout=PATIENCE)
        pins = seen.pins
        answer = verify_answer(response, batch, sent.binding, pins.vkey, pins.origin, known)
        seen.checkpoint(answer.note)
        if sent.index not in (None, answer.first_index):
            raise Violation(f"{source.name} {batch.first_sequence}: resent, it got another index")
        for index, leaf in enumerate(batch.leaf_hashes):
            seen.entry(source.name, batch.first_sequence + index, answer.first_index + index, leaf)
        sent.index = answer.first_index
        self.batches += 1

    # Everybody else

    async def govern(self) -> None:
        """Enrol sources and accredit auditors that nobody needs, and exchange a policy for one that says the same."""
        log_id = self.ledger.served.log_id
        while not self.stopping.is_set():
            key = keyfile.generate("auditor")
            name = key.public.ed25519.hex()[:16]
            match self.random.randrange(3):
                case 0:
                    await self._govern(request_source(log_id, key.secret, f"idle-{name}", "idle"))
                case 1:
                    await self._govern(request_auditor(log_id, key.secret, key.public.x25519, f"Idle {name}"))
                case _:
                    await self._change_policy(f"# {name}\n".encode() + self.ledger.witness_policy)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), self.random.uniform(0.05, 0.3))

    async def _change_policy(self, witness_policy: bytes) -> None:
        approvers, thresholds = (self.ledger.served.approver.public.public,), (bodies.Threshold(0, 1),)
        body = bodies.PolicyChanged(0, sha256(witness_policy), sha256(DEFAULT), approvers, thresholds)
        await self._govern(Request(self.ledger.served.log_id, body), witness_policy, DEFAULT)

    async def _govern(self, request: Request, *policies: bytes) -> None:
        ledger = self.ledger
        async with ledger.served.admin() as admin:
            status = await admin.status()
            ledger.seen.checkpoint(status.checkpoint)
            body = request.numbered(status.next_number).approved([ledger.served.approver.secret]).body
            answer = await admin.govern(body, *policies)
        pins = ledger.seen.pins
        verified = verify_receipt(answer.tlog_proof, pins.vkey, pins.origin)
        ledger.seen.checkpoint(verified.checkpoint.note.format())
        ledger.seen.entry(LEDGER, verified.statement.sequence, answer.index, verified.leaf_hash)
        self.governed += 1

    async def read(self) -> None:
        """Fetch checkpoints, entries and receipts, all verified, and compare them with what was acknowledged."""
        seen = self.ledger.seen
        async with self.ledger.public() as transport:
            reader = self.ledger.reader(transport)
            while not self.stopping.is_set():
                signed = await reader.checkpoint()
                seen.checkpoint(signed.note.format())
                if seen.entries:
                    place, (index, leaf) = self.random.choice(list(seen.entries.items()))
                    _, verified = await reader.receipt(place)
                    seen.checkpoint(verified.checkpoint.note.format())
                    entry = await reader.entry(index)
                    if (verified.index, verified.leaf_hash, leaf_hash(entry.leaf)) != (index, leaf, leaf):
                        raise Violation(f"{place}: read at another place than acknowledged, or as another entry")
                if self.ledger.witnesses and self.random.random() < COSIGNED:
                    await read_cosigned(transport, seen)
                self.reads += 1

    async def watch(self) -> None:
        """Take in every checkpoint of the stream; each must be larger than the one before."""
        async with self.ledger.public() as transport:
            stub: Any = log_pb2_grpc.LogServiceStub(transport)
            size = 0
            with translate():
                async for message in stub.WatchCheckpoints(log_pb2.WatchCheckpointsRequest()):
                    checkpoint = self.ledger.seen.checkpoint(message.note)
                    if checkpoint.size <= size:
                        raise Violation(f"the stream of checkpoints went from {size} to {checkpoint.size}")
                    size = checkpoint.size
                    self.watched += 1
                    if self.stopping.is_set():
                        break


@asynccontextmanager
async def loaded(ledger: Harness, random: Random) -> AsyncIterator[Load]:
    """Keep the serving ledger busy during the block; a task ends where the server becomes unreachable.

    Raises:
        Violation: the ledger answered what it must not, or refused what it must take.
    """
    load = Load(ledger, random)
    work = [load.record(source) for source in ledger.sources]
    work += [load.read(), load.read(), load.watch(), load.govern()]
    load.tasks = tasks = [asyncio.create_task(_reachable(item)) for item in work]
    try:
        yield load
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    load.stopping.set()
    tasks[-2].cancel()  # the watcher waits for news
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


async def _reachable(work: Coroutine[Any, Any, None]) -> None:
    """Do ``work`` until the server is unreachable; any other refusal is a violation."""
    try:
        await work
    except Unavailable:
        return
    except LedgerError as error:
        raise Violation(f"under load: {type(error).__name__}: {error}") from error
