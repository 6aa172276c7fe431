"""A ledger under a quorum: the real writer, servicers, cosigner and witnesses, without sockets; any of them may go.

standing = Watched.create(directory)          # three witnesses, a quorum of two, one field public
standing.leave_out(["one", "two"])            # no quorum from now on
standing.leave_out([])                        # all are back
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar
from unittest import mock

from urllib3.exceptions import HTTPError

from ledger.client.profile import Profile
from ledger.client.requests import request_source
from ledger.core.bodies import Period
from ledger.core.note import Note, SigningKey, VKey
from ledger.core.policy import Policy
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.witnessing import KnownLog, witness_vkey
from ledger.service import cosigning
from ledger.service.anchoring import Intervals
from ledger.service.authorise import Identity
from ledger.service.cosigning import Cosigner
from ledger.service.disclosure import DisclosureServicer
from ledger.service.log import LogServicer
from ledger.service.server import UNCONFIRMED
from ledger.service.waiting import Quorum, Watchers
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc, log_pb2_grpc
from ledger.witness.client import WitnessClient
from ledger.witness.state import State
from ledger.witness.telling import Metrics
from ledger.witness.witness import Witness
from tests.core.world import ORIGIN, World, secret
from tests.engine.cosigning import NAMES, WITNESSES, set_policy
from tests.engine.ledger import Ledger, nothing
from tests.faults.clients_ledger import SOURCE, Killed, Standing
from tests.faults.clients_network import Network

MARK: Final = "accounts_disclosed"
"""The field that says which record an entry is of; the log makes it public."""
SEALING: Final = SealingPolicy(1, (MARK,)).format()
SUBMIT: Final = "/ledger.v1.DisclosureService/SubmitBatch"
SECONDS: Final = 10.0
"""How long a quorum is waited for that is there; one that is not is not waited for."""
FILE: Final = "witness-policy"

T = TypeVar("T")


def _policy() -> bytes:
    lines = [f"witness {name} {witness_vkey(key).format()} http://{key.name}/" for name, key in WITNESSES.items()]
    return "\n".join([*lines, f"group g 2 {' '.join(NAMES)}", "quorum g", ""]).encode()


POLICY: Final = _policy()


@dataclass(slots=True)
class Near:
    """A witness with its state on disk; ``away`` it answers nothing, ``deaf`` so many of its answers are lost."""

    state: State
    key: SigningKey
    clock: Callable[[], float]
    away: bool = False
    deaf: int = 0
    witness: Witness = field(init=False)

    def start(self) -> None:
        """Start it (again) on what it kept."""
        self.witness = Witness(self.state, self.key, Metrics(), self.clock)

    def answer(self, request: bytes) -> tuple[int, bytes, float]:
        """Return status, body and Retry-After; raise as a connection does."""
        if self.away:
            raise HTTPError("away")
        reply = self.witness.add_checkpoint(request)
        if self.deaf:
            self.deaf -= 1
            raise HTTPError("the answer was lost")
        return reply.code, reply.body, 0.0

    @property
    def size(self) -> int:
        """The size of the largest tree that it cosigned."""
        known = self.state.known(ORIGIN)
        return known.size if known is not None else 0


class Lie(Enum):
    """What a ledger answers that is not honest."""

    UNCOSIGNED = "without its witnesses' lines"
    ELSEWHERE = "another index"


class Post(Network):
    """A network that keeps every batch that was ever sent on it, and a ledger behind it that may lie."""

    def __init__(self, far: "Watched") -> None:
        super().__init__(far)
        self.sent: dict[bytes, None] = {}
        self.lies: deque[Lie] = deque()

    async def call(self, path: str, data: bytes) -> list[bytes]:
        """Return the answers to a call, or raise as a client's stub does."""
        if path == SUBMIT:
            self.sent[data] = None
        answers = await super().call(path, data)
        if path == SUBMIT and self.lies:
            answers = [_lie(self.lies.popleft(), answers[0])]
        return answers

    async def again(self, number: int) -> None:
        """Deliver a batch that was sent at any time before, whatever became of it."""
        if self.sent:
            await self.arrive([(SUBMIT, list(self.sent)[number % len(self.sent)])])


def _lie(lie: Lie, data: bytes) -> bytes:
    answer = disclosure_pb2.SubmitBatchResponse.FromString(data)
    if lie is Lie.ELSEWHERE:
        answer.first_index += 1
    else:
        note = Note.parse(answer.checkpoint)
        answer.checkpoint = replace(note, signatures=note.signatures[:1]).format()
    return answer.SerializeToString()


@dataclass(slots=True)
class Watched(Standing):
    """The ledger and its witnesses; ``kills`` counts its deaths inside a write."""

    witnesses: dict[str, Near] = field(default_factory=dict)
    kills: int = 0
    watchers: Watchers = field(init=False)
    quorum: Quorum = field(init=False)
    cosigner: Cosigner = field(init=False)
    cosigning: "asyncio.Task[None]" = field(init=False)

    @classmethod
    def create(cls, directory: Path, witnesses: "dict[str, Near] | None" = None) -> "Watched":
        """Open the log below ``directory`` and fill ``witnesses``; call it on the event loop that will serve."""
        ledger = Ledger.create(directory, World.open(sealing_policy=SEALING))
        set_policy(ledger, POLICY)
        (directory / FILE).write_bytes(POLICY)
        standing = cls(ledger)
        standing.witnesses = {} if witnesses is None else witnesses
        for name, key in WITNESSES.items():
            state = State(directory / name, witness_vkey(key))
            state.prepare()
            state.add(KnownLog(ledger.world.vkey, ORIGIN))
            standing.witnesses[name] = Near(state, key, standing.clock)
            standing.witnesses[name].start()
        standing.add_services()
        standing.change_auditor()
        standing.keys.append(secret(f"{SOURCE} 0"))
        standing.govern(request_source(standing.log_id, standing.keys[0], SOURCE, "mail", Period.DAY))
        return standing

    @property
    def profile(self) -> Profile:
        """The source's profile, which asks for the quorum."""
        alone: Profile = Standing.profile.__get__(self)  # super() knows no dataclass with slots
        return replace(alone, witnesses=FILE)

    @property
    def policy(self) -> Policy:
        """Whom receipts need."""
        return Policy.parse(POLICY)

    def clock(self) -> float:
        """Return the seconds since the epoch by everyone's clock."""
        return self.ledger.world.minute * 60.0

    # Running

    def add_services(self) -> None:
        """Put servicers and a cosigner around the writer that runs now."""
        ledger, sequencer = self.ledger, self.ledger.sequencer
        self.watchers = Watchers(sequencer)
        self.cosigner = Cosigner(sequencer, ledger.reader, self.metrics, Intervals(60, 1440), self.clock)
        self.quorum = Quorum(sequencer, self.watchers, self.cosigner.missing, SECONDS)
        log = LogServicer(sequencer, ledger.reader, ledger.store, self.watchers, self.quorum, self.metrics)
        disclosure = DisclosureServicer(
            sequencer, ledger.reader, lambda _: Identity("source", SOURCE), self.metrics, self.examiners, self.quorum
        )
        log_pb2_grpc.add_LogServiceServicer_to_server(log, self.handlers)  # type: ignore[arg-type]  # no server at all
        disclosure_pb2_grpc.add_DisclosureServiceServicer_to_server(disclosure, self.handlers)  # type: ignore[arg-type]
        self.cosigning = asyncio.create_task(self.cosigner.run())
        self._expect()

    def leave_out(self, names: Collection[str]) -> None:
        """Have these witnesses be away, and the others be there, each started again if it was not."""
        for name, witness in self.witnesses.items():
            back = witness.away and name not in names
            witness.away = name in names
            if back:
                witness.start()
        self._expect()

    @property
    def has_quorum(self) -> bool:
        """Whether enough witnesses are there."""
        return self.policy.satisfied([name for name, witness in self.witnesses.items() if not witness.away])

    def _expect(self) -> None:
        self.quorum._seconds = SECONDS if self.has_quorum else 0.0
        for asked in self.cosigner.witnesses:
            asked.not_before = 0
        self.cosigner._rouse()

    async def serve(self, path: str, data: bytes) -> list[bytes]:
        """Serve one call of the source, started again first if it was killed, and confirmed if it can be."""
        if self.ledger.sequencer.halted is not None:
            self.restart()
        if self.has_quorum:
            with suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    await self.cosigner.settled.wait()
        self.ledger.minute = self.ledger.world.minute
        return await self.handlers.serve(path, data)

    def kill(self, after: bool) -> None:
        """Have one of the next three writes be the last thing it does, or what it does not come to."""
        loop, watchers = asyncio.get_running_loop(), self.watchers
        self.kills += 1
        left = [None] * (self.kills % 3)

        def die() -> None:
            if left:
                left.pop()
                return
            loop.call_soon_threadsafe(watchers.close)  # who waits for a quorum has lost the connection
            raise Killed

        if after:
            self.ledger.store.after = die
        else:
            self.ledger.store.before = die

    def restart(self, killed: bool = False) -> None:
        """End the process, ``killed`` or in good order, and start another one, which its witnesses have to confirm."""
        self._quiet()
        if killed:
            self.ledger.sequencer.halted = "killed"
        self.ledger.reopen()
        self.ledger.sequencer.hold(UNCONFIRMED)
        self.add_services()

    def _quiet(self) -> None:
        self.ledger.store.before = self.ledger.store.after = nothing
        self.watchers.close()
        self.cosigning.cancel()

    async def end(self) -> None:
        """End it for good."""
        self._quiet()
        await asyncio.wait([self.cosigning])
        self.close()


@contextmanager
def near(witnesses: Mapping[str, Near]) -> Iterator[None]:
    """Have cosigners ask these witnesses on their own thread, and again after a moment."""

    class NearClient(WitnessClient):
        """A client whose requests go to the witness that its URL names."""

        def __init__(self, vkey: VKey, url: str) -> None:
            super().__init__(vkey, url)
            self._name = next(name for name, key in WITNESSES.items() if key.name in url)

        def _send(self, request: bytes) -> tuple[int, bytes, float]:
            return witnesses[self._name].answer(request)

    async def at_once(call: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        return call()

    quick: dict[str, Any] = {"FIRST_DELAY": 0.001, "LONGEST_DELAY": 0.004, "WitnessClient": NearClient}
    with mock.patch.multiple(cosigning, in_thread=at_once, **quick):
        yield
