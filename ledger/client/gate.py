"""The release gate: data goes out only with a verified, cosigned receipt in hand.

    async with recorder.release(disclosure, artifact=path) as release:
        await send(release.chunks())

The block is entered once the record is in the log, proven, cosigned as the profile's policy asks, and the journal has
noted that the gate is open; its end is logged as DELIVERED, an exception as ABORTED. There is no other way in.
"""

import asyncio
import functools
import os
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Concatenate, Final, ParamSpec, TypeVar

from ledger.client.artifact import CHUNK, Content, Given, check_artifact, take
from ledger.client.range_receipt import Receipt
from ledger.client.reads import Pins
from ledger.client.releases import Ends, Opens, Stage
from ledger.core.building import prepare
from ledger.core.errors import (
    GateShut,
    InvalidInput,
    LedgerError,
    NotAuthenticated,
    NotPermitted,
    NotStored,
    Refused,
    Unavailable,
    Unresolved,
    VerificationFailed,
)
from ledger.core.policy import verify_quorum
from ledger.core.receipt import VerifiedReceipt, verify_receipt
from ledger.core.record_input import Disclosure

if TYPE_CHECKING:
    from ledger.client.recorder import Recorder

ADVICE: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    (
        (VerificationFailed,),
        "stop using this ledger: keep the journal and this message as evidence, and ask its operator and its witnesses",
    ),
    ((NotStored,), "nothing is sent before the journal has it: make room, open the recorder again, then release again"),
    (
        (NotAuthenticated, NotPermitted),
        "have the operator mend the certificate, open the recorder again, release again",
    ),
    ((Refused,), "the ledger refused the record, and it is not logged: mend what it says, then release again"),
    (
        (Exception,),
        "what was signed meanwhile is kept, and logged as ABORTED once the ledger answers: release again then",
    ),
)
"""What to do, by why there is no receipt; the first that fits."""


class Release:
    """One handover of one artifact to the record's one recipient; made by ``Recorder.release``, entered once.

    Entering raises:
        InvalidInput: the record is no disclosure, or its artifact is not the one given.
        GateShut: no receipt, for the reason that is its cause; nobody was let through.
        Refused: this release was used already.

    ``timeout`` is how many seconds the receipt, and at the end the DELIVERY, are waited for; None: as long as the
    recorder's patience. Where the end cannot be logged in time, what the block did stands: ``unresolved`` says so, an
    ``Unresolved`` warning is given, and this recorder or the next opening logs it.
    """

    def __init__(self, recorder: "Recorder", disclosure: Disclosure, artifact: Given, timeout: float | None) -> None:
        self._recorder, self._disclosure, self._given = recorder, disclosure, artifact
        self._timeout = timeout
        self._used = self._open = False
        self._receipt: Receipt | None = None
        self._proof: VerifiedReceipt | None = None
        self._content: Content | None = None
        self.delivery: Receipt | None = None
        """The receipt of the DELIVERY, once the block has ended and that is logged."""
        self.unresolved = ""
        """Why the end is not logged yet; empty where it is."""

    @property
    def receipt(self) -> Receipt:
        """The receipt of the DISCLOSURE, for the recipient to keep; raise Refused where the gate never opened."""
        if self._receipt is None:
            raise Refused("release: has no receipt, because the gate did not open")
        return self._receipt

    @property
    def proof(self) -> VerifiedReceipt:
        """What the receipt proves; raise Refused where the gate never opened."""
        if self._proof is None:
            raise Refused("release: has no receipt, because the gate did not open")
        return self._proof

    @property
    def content(self) -> Content:
        """The artifact's digest and size, as they are in the record; raise Refused where the gate never opened."""
        if self._content is None:
            raise Refused("release: has no receipt, because the gate did not open")
        return self._content

    def open(self) -> BinaryIO:
        """Return a reader of the artifact; a file that is not what was hashed raises before its last bytes.

        Raises Refused outside of the block, also while reading, and for an artifact known by its digest alone,
        InvalidInput for a file that cannot be read, VerificationFailed for one that changed.
        """
        self._check_open()
        return self.content.open(self._check_open)

    def _check_open(self) -> None:
        if not self._open:
            raise Refused("release: the gate is not open")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what ``open`` reads, read in a thread; raise as it does."""
        with self.open() as file:
            while piece := await asyncio.to_thread(file.read, CHUNK):
                yield piece

    async def __aenter__(self) -> "Release":
        """Let through with a receipt, or raise."""
        if self._used:
            raise Refused("release: used already; a receipt lets data out once, so ask for another")
        self._used = True
        content = await asyncio.to_thread(take, self._given)
        check_artifact(self._disclosure.record, content)
        prepared = prepare(self._disclosure, os.urandom)
        recorder, asked = self._recorder, None
        try:
            asked = recorder.give(prepared, Opens(content.digest))
            async with asyncio.timeout(self._timeout):
                receipt = await asked
            proof = verified(receipt, recorder.pins)
            await recorder.reach(receipt.sequence, Stage.ENTERED)
        except BaseException as error:
            if asked is not None and asked.done() and not asked.cancelled() and asked.exception() is None:
                recorder.leave(asked.result().sequence, Stage.ASKED)  # it may have been noted as entered
                recorder.abort(asked.result())
            if isinstance(error, InvalidInput) or not isinstance(error, LedgerError | TimeoutError):
                raise
            raise self._shut(error) from error
        self._content, self._receipt, self._proof, self._open = content, receipt, proof, True
        return self

    def _shut(self, error: LedgerError | TimeoutError) -> GateShut:
        why = str(error)
        if isinstance(error, TimeoutError):
            trouble = self._recorder.trouble
            why = f"no receipt within {self._timeout} s" + (f": {trouble}" if trouble is not None else "")
        advice = next(words for classes, words in ADVICE if isinstance(error, classes))
        return GateShut(f"the gate stays shut, nothing was handed over: {why}; {advice}")

    async def __aexit__(
        self, cls: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Log how it ended: DELIVERED, or after an exception of any kind ABORTED."""
        self._open = False
        stage = Stage.DELIVERED if error is None else Stage.ABORTED
        recorder, target = self._recorder, self.receipt.target
        try:
            ended = recorder.give(recorder.end_of(target, stage.result), Ends(target.sequence))
        except Unavailable as closed:
            self._leave(stage, str(closed))
            return
        try:
            await asyncio.wait({ended}, timeout=self._timeout)
        except asyncio.CancelledError:
            ended.add_done_callback(look)
            recorder.leave(target.sequence, stage)
            raise
        if not ended.done():
            ended.add_done_callback(look)
            trouble = recorder.trouble or f"no answer within {self._timeout} s"
            self._leave(stage, str(trouble))
        elif (failure := ended.exception()) is not None:
            self._leave(stage, str(failure))
        else:
            self.delivery = ended.result()

    def _leave(self, stage: Stage, why: str) -> None:
        """Leave the end to this recorder, should it still come to it, and to the next opening."""
        receipt = self.receipt
        self._recorder.leave(receipt.sequence, stage)
        self.unresolved = (
            f"entry {receipt.source_id}:{receipt.sequence} ended as {stage.name}, which is not in the log yet: {why}; "
            "what the block did stands, and what is left to say the recorder's next opening says"
        )
        warnings.warn(Unresolved(self.unresolved), stacklevel=3)


def verified(receipt: Receipt, pins: Pins) -> VerifiedReceipt:
    """Return what a receipt proves by its bytes alone, cosigned as the policy asks.

    Raises:
        VerificationFailed: it does not, or is of another entry or log.
    """
    try:
        proof = verify_receipt(receipt.data, pins.vkey, pins.origin)
    except InvalidInput as error:
        raise VerificationFailed(f"receipt: {error}") from None
    if (proof.log_id, proof.leaf_hash) != (pins.log_id, receipt.leaf_hash):
        raise VerificationFailed("receipt: of another entry than the one that was recorded")
    if pins.policy is not None:
        verify_quorum(proof.checkpoint, pins.policy)
    return proof


P = ParamSpec("P")
T = TypeVar("T")


def gated(
    recorder: "Callable[[], Recorder]",
    describe: Callable[P, tuple[Disclosure, Given]],
    timeout: float | None = None,
) -> Callable[[Callable[Concatenate[Release, P], Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Decorate an async function that hands data out: it runs inside a release, which is its first argument.

    ``describe`` makes disclosure and artifact of the call's own arguments, ``recorder`` returns the open recorder.
    Calls raise as entering a ``Release`` does.
    """

    def decorate(function: Callable[Concatenate[Release, P], Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(function)
        async def handed(*args: P.args, **kwargs: P.kwargs) -> T:
            disclosure, artifact = describe(*args, **kwargs)
            async with recorder().release(disclosure, artifact, timeout) as release:
                return await function(release, *args, **kwargs)

        return handed

    return decorate


def look(future: "asyncio.Future[Any]") -> None:
    """Look at how a future ended that nobody waits for, so that the loop does not complain."""
    if not future.cancelled():
        future.exception()
