"""Rounds of cosigning: every witness is asked for the latest checkpoint, and the quorum's note goes to the writer.

Witnesses remember what a restored backup has forgotten. So a writer that is held at its start is released by the first
quorum that cosigns what it has. And it is halted where so many witnesses contradict it that no quorum is left without
them: one alone may be wrong or lie, and need not be believed.

One checkpoint at a time, so that the lines of all are about the same one. Each witness is asked on a thread of its own
and within its own time: a slow one holds nobody up, and takes part again in the round that runs when it is done.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Final, TypeVar

import structlog

from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.errors import (
    Busy,
    Contradicted,
    InvalidInput,
    LedgerError,
    Refused,
    Unavailable,
    VerificationFailed,
)
from ledger.core.note import Note, VKey
from ledger.core.policy import Policy, Witness
from ledger.engine.reader import Reader
from ledger.engine.sequencer import Sequencer, View
from ledger.service.anchoring import Intervals, due_minute
from ledger.service.metrics import Metrics
from ledger.witness.client import Given, WitnessClient

FIRST_DELAY: Final = 0.25
LONGEST_DELAY: Final = 30.0
"""Seconds that a witness is left alone after a failure, doubling from the first to the longest."""
ANCHOR_RETRY: Final = 60.0
"""Seconds until a refused ANCHOR is tried again, and the longest between two looks at the clock."""
STALE_ROUND: Final = 60.0
"""Seconds after which a round without a quorum begins anew: its lines are to say when the quorum saw the log."""

WITNESS_SECONDS: Final = 20.0
"""Seconds after which a request is given up, however it goes on: more than the client's own timeouts add up to."""

BEHIND: Final = (
    "its witnesses cosigned what this log does not have: restore the newest store, or find out who forked it"
)
"""Why a writer is halted that too many witnesses contradict."""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Asked:
    """One witness: ``name`` fit to be shown, what it cosigned since the start, and how it failed last.

    ``client`` is None for one that cannot be asked. ``size`` is of the largest tree, ``timestamp`` of the latest
    cosignature (0 for none), ``failures`` counts those in a row, ``contradicts`` says that it cosigned what this log
    does not have; it is not asked again before ``not_before`` (the loop's time).
    """

    witness: Witness
    name: str
    client: WitnessClient | None = None
    size: int = 0
    timestamp: int = 0
    failures: int = 0
    failure: str = ""
    contradicts: bool = False
    not_before: float = 0
    task: "asyncio.Task[None] | None" = None

    @property
    def busy(self) -> bool:
        """Whether it is being asked."""
        return self.task is not None and not self.task.done()


@dataclass(slots=True)
class _Round:
    """The checkpoint that everyone is asked about, and the note with the lines so far of witnesses by policy name."""

    signed: SignedCheckpoint
    note: Note
    begun: float
    names: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return self.signed.checkpoint.size


class Cosigner:
    """Keeps the latest checkpoint cosigned, and anchors it; ``run`` until cancelled. Lives on the event loop."""

    def __init__(
        self,
        sequencer: Sequencer,
        reader: Reader,
        metrics: Metrics,
        intervals: Intervals,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sequencer, self._reader, self._metrics = sequencer, reader, metrics
        self._intervals, self._clock = intervals, clock
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._policy: Policy | None = None
        self._asked: dict[str, Asked] = {}
        self._round: _Round | None = None
        self._no_anchor_before = 0.0
        self.settled = asyncio.Event()
        """Set once the writer is neither held nor waits for what its witnesses say."""
        if sequencer.held is None:
            self.settled.set()
        sequencer.listen(self._heard)

    @property
    def witnesses(self) -> list[Asked]:
        """How each witness of the policy is, in its order; empty while the policy asks for nobody."""
        return list(self._asked.values())

    def missing(self, size: int) -> list[str]:
        """Return the names of the witnesses that have not cosigned a tree of ``size`` since the start."""
        return [witness.name for witness in self.witnesses if witness.size < size]

    def _heard(self, view: View) -> None:
        """Wake up for what the writer published; a policy that asks for nobody leaves nothing to do."""
        if view.policy.quorum is not None or view.policy != self._policy:
            self._rouse()

    def _rouse(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to wake
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Ask, keep and anchor until cancelled, or until the writer takes nothing more."""
        try:
            while True:
                try:
                    await self._turn()
                except Unavailable:
                    return
                except Exception as error:
                    structlog.get_logger("ledger").error("cosigning failed, goes on", type=type(error).__name__)
                    self._round = None
                    await asyncio.sleep(FIRST_DELAY)
        finally:
            self._dismiss()

    async def _turn(self) -> None:
        """Do what is to be done now; if that is nothing, wait until something happens or is due."""
        self._wake.clear()
        view = self._sequencer.view
        if view.policy != self._policy:
            self._adopt(view.policy)
        if not await self._settle(view):
            delay = self._step(view)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._wake.wait()

    def _step(self, view: View) -> float:
        """Begin what is to be begun, and return the seconds after which to look again if nothing happens."""
        now = self._loop.time()
        settled = _covered(view) and self._sequencer.held is None and not self._anchor_due(view)
        if view.policy.quorum is None or settled:
            self._round = None
            return ANCHOR_RETRY
        idle = not any(witness.busy for witness in self.witnesses)
        if self._round is None or (idle and (self._round.size < view.size or self._round.begun + STALE_ROUND < now)):
            signed = open_checkpoint(view.note, VKey.parse(view.governing.checkpoint_vkey), view.governing.origin)
            self._round = _Round(signed, signed.note, now)
        later = [ANCHOR_RETRY]
        for key, witness in self._asked.items():
            if witness.busy or key in self._round.names or witness.client is None:
                continue
            if witness.not_before > now:
                later.append(witness.not_before - now)
            else:
                witness.task = asyncio.create_task(self._ask(key, witness, witness.client, self._round))
        return min(later)

    async def _settle(self, view: View) -> bool:
        """Hand to the writer what is ready, and return whether there was anything.

        A tree that is cosigned already is asked about once more before it is anchored: what an ANCHOR is worth is the
        time at which its quorum saw the log. Where there is always more to cosign, the note that is kept is new enough.
        """
        found = self._round
        if found is not None and self._policy is not None and self._policy.satisfied(found.names):
            self._round = None
            self._release()
            if view.cosigned is None or view.cosigned.size < found.size:
                await self._write(self._sequencer.keep(found.note.format()), "cosigned note refused")
            elif self._anchor_due(view):
                await self._anchor(found.note.format())
            return True
        if view.cosigned is None or _covered(view) or not self._anchor_due(view):
            return False
        await self._anchor(view.cosigned.note)
        return True

    def _anchor_due(self, view: View) -> bool:
        """Return whether an ANCHOR is due now, and none was tried just before."""
        due = None if self._sequencer.held is not None else due_minute(view, self._intervals)
        return due is not None and self._clock() >= max(due * 60, self._no_anchor_before)

    async def _anchor(self, note: bytes) -> None:
        self._no_anchor_before = self._clock() + ANCHOR_RETRY
        await self._write(self._sequencer.anchor(note), "anchor refused")

    def _release(self) -> None:
        """Have a held writer begin: a quorum has cosigned what it has."""
        if self._sequencer.held is not None:
            self._sequencer.release()
            self.settled.set()
            structlog.get_logger("ledger").info("confirmed by the witnesses")

    async def _write(self, future: "Future[int]", refused: str) -> None:
        """Wait for the writer; raise Unavailable when it takes nothing more, log what it refuses otherwise."""
        try:
            await asyncio.wrap_future(future)
        except Unavailable:
            raise
        except LedgerError as error:
            structlog.get_logger("ledger").error(refused, reason=str(error))

    async def _ask(self, key: str, witness: Asked, client: WitnessClient, asked: _Round) -> None:
        log = structlog.get_logger("ledger")
        try:
            async with asyncio.timeout(WITNESS_SECONDS):
                given = await in_thread(lambda: self._cosign(client, asked.signed))
        except TimeoutError:
            _connect(witness)  # a thread may hold the old client for as long as the witness likes
            self._failed(witness, Unavailable(f"witness: no whole answer within {WITNESS_SECONDS:g} s"))
        except Exception as error:
            self._failed(witness, error)
        else:
            if witness.failures:
                log.info("witness answers again", witness=witness.name)
            witness.size, witness.timestamp = max(witness.size, asked.size), given.timestamp
            witness.failures, witness.failure, witness.not_before, witness.contradicts = 0, "", 0, False
            self._metrics.cosigned(witness.name, asked.size, given.timestamp)
            if asked is self._round:
                asked.note = asked.note.with_signature(given.line)
                asked.names.add(key)
        finally:
            self._wake.set()

    def _cosign(self, client: WitnessClient, signed: SignedCheckpoint) -> Given:
        size = signed.checkpoint.size
        return client.cosign(signed, lambda old: self._reader.consistency(old, size))

    def _failed(self, witness: Asked, error: Exception) -> None:
        delay = min(FIRST_DELAY * 2 ** min(witness.failures, 10), LONGEST_DELAY)
        if isinstance(error, Busy):
            delay = max(delay, error.retry_after)
        reason = str(error) if isinstance(error, LedgerError) else type(error).__name__
        if reason != witness.failure:
            log = structlog.get_logger("ledger")
            tell = log.error if isinstance(error, Refused | VerificationFailed) else log.warning
            tell("witness failed", witness=witness.name, reason=reason)
        witness.failures, witness.failure = witness.failures + 1, reason
        witness.not_before = self._loop.time() + delay
        self._metrics.witness_failed(witness.name)
        if isinstance(error, Contradicted) and not 0 < error.size <= self._sequencer.view.size:
            witness.contradicts = True
            self._halt_without_quorum()

    def _halt_without_quorum(self) -> None:
        """Halt the writer if too few witnesses are left that do not contradict it."""
        rest = {name for name, witness in self._asked.items() if not witness.contradicts}
        if self._policy is not None and not self._policy.satisfied(rest):
            self._sequencer.halt(BEHIND)
            self.settled.set()

    def _adopt(self, policy: Policy) -> None:
        """Take up the witnesses of another policy; what was asked of the old ones counts for nothing."""
        self._dismiss()
        self._policy, self._round = policy, None
        asked = policy.witnesses if policy.quorum is not None else ()
        self._asked = {witness.name: _asked(witness) for witness in asked}
        self._metrics.forget_witnesses()

    def _dismiss(self) -> None:
        for witness in self.witnesses:
            if witness.task is not None:
                witness.task.cancel()
            if witness.client is not None:
                witness.client.close()
        self._asked = {}


def _covered(view: View) -> bool:
    """Return whether all that is published is cosigned."""
    return view.cosigned is not None and view.cosigned.size >= view.size


def _asked(witness: Witness) -> Asked:
    """Return a witness that was not asked yet; one that cannot be asked says why."""
    asked = Asked(witness, witness.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    try:
        _connect(asked)
    except InvalidInput as error:
        asked.failures, asked.failure = 1, str(error)
    return asked


def _connect(asked: Asked) -> None:
    """Give a witness a new client; raise InvalidInput where the policy has no URL of any use."""
    if asked.witness.url is None:
        raise InvalidInput("url", "the policy has none")
    asked.client = WitnessClient(asked.witness.vkey, asked.witness.url)


async def in_thread(call: Callable[[], Answer]) -> Answer:
    """Return what ``call`` returns on a thread of its own, which nothing waits for once nobody does."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Answer] = loop.create_future()

    def settle(answer: Answer | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(answer)  # type: ignore[arg-type]  # there is an answer where there is no error

    def run() -> None:
        answer, failure = None, None
        try:
            answer = call()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, answer, failure)

    Thread(target=run, name="witness", daemon=True).start()
    return await future
