"""One batch of a source at a time: built, sealed, signed, stored durably, sent until it is answered, and checked.

The bytes that were stored are resent until they are answered, so a retry never doubles an entry and a crash never loses
one.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

import grpc

from ledger.client.closing import NOBODY, Officers
from ledger.client.journal import Journal, Position
from ledger.client.range_receipt import Receipt, verify_answer
from ledger.client.reads import Pins
from ledger.client.releases import Mark
from ledger.client.transport import translate
from ledger.core.admission import Submission
from ledger.core.batch import Batch, Binding, decode_batch
from ledger.core.building import Prepared, build
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import Busy, InvalidInput, LedgerError, Refused, Unavailable, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.signing import SecretKey
from ledger.v1 import disclosure_pb2, disclosure_pb2_grpc

P = ParamSpec("P")
T = TypeVar("T")

FEW: Final = 8
"""Statements of a batch that is decoded and checked here and now: another thread would take longer to reach."""

FIRST_DELAY: Final = 0.05
LONGEST_DELAY: Final = 5.0
"""Seconds between resends, doubling from the first to the longest."""

NOT_LOGGED: Final = (InvalidInput, Refused)
"""What says that a batch neither is in the log nor can be: whatever was logged once is answered with its indexes again,
before anything else is asked. No other error says that, for an earlier attempt of the same bytes may have arrived."""

Answered = tuple[list[Receipt], Position]
"""The receipts of a batch, and where its chain stands once the journal settles it there."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom a recorder speaks as, and to whom it seals: key id to X25519 key, the source's own included.

    ``publish`` names the fields that stand open in the leaf of a disclosure without an embargo; ``key_index`` is where
    the key statement stands, which names the officers.
    """

    source_id: str
    key_statement: Hash
    recipients: Mapping[Hash, bytes]
    publish: tuple[str, ...] = ()
    officers: Officers = NOBODY
    key_index: int = 0


class Exchange:
    """Batches out, answers in; ``patience`` is how many seconds an answer is waited for, None for ever.

    Its journal holds a batch from before it is sent until its caller settles it there; one refused is discarded.
    """

    def __init__(
        self,
        channel: grpc.aio.Channel,
        pins: Pins,
        key: SecretKey,
        journal: Journal,
        patience: float | None = None,
    ) -> None:
        self._stub: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
        self._pins, self._key, self._journal, self._patience = pins, key, journal, patience
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self.trouble: LedgerError | None = None
        """Why the batch on its way is not answered yet, if it had to be sent again."""

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function returns in the recorder's one other thread; raise Unavailable once that has gone."""
        try:
            done = asyncio.get_running_loop().run_in_executor(self._worker, partial(function, *args, **kwargs))
        except RuntimeError:
            raise Unavailable("the recorder is closed") from None
        return await done

    def close(self) -> None:
        """Let the other thread finish."""
        self._worker.shutdown()

    def unanswered(self) -> disclosure_pb2.SubmitBatchRequest | None:
        """Return the batch that the journal still has, or None; raise StoreDamaged if it cannot be read."""
        pending = self._journal.pending()
        if pending is None:
            return None
        request = disclosure_pb2.SubmitBatchRequest.FromString(pending)
        request.cosigned = self._pins.policy is not None
        return request

    async def say(
        self,
        chain: Chain,
        prepared: Sequence[Prepared],
        minute: int,
        marks: Sequence[Mark | None] = (),
        numbers: Sequence[int] = (),
    ) -> Answered:
        """Sign, store and send a batch, and return what its answer proves.

        Raises:
            InvalidInput, Refused: the ledger refuses it; it has left the journal.
            NotAuthenticated, NotPermitted, Unavailable, VerificationFailed: it is unanswered, and in the journal.
        """
        return await self.send(await self.work(self._sign, chain, prepared, minute, marks, numbers))

    async def send(self, request: disclosure_pb2.SubmitBatchRequest) -> Answered:
        """Send until answered; the batch is decoded, to be held against the answer, while that is on its way."""
        sending = asyncio.ensure_future(self._send(request))
        few = len(request.statements) <= FEW
        try:
            await asyncio.sleep(0)  # it is sent before anything else is done
            data = tuple(request.statements)
            batch = decode_batch(data) if few else await self.work(decode_batch, data)
            response = await sending
        finally:
            sending.cancel()
        checked = (request, batch, response)
        return self._check(*checked) if few else await self.work(self._check, *checked)

    def _sign(
        self,
        chain: Chain,
        prepared: Sequence[Prepared],
        minute: int,
        marks: Sequence[Mark | None],
        numbers: Sequence[int],
    ) -> disclosure_pb2.SubmitBatchRequest:
        """Build, seal and sign a batch, and store it durably."""
        position = self._journal.position
        submission = build(
            prepared,
            chain.source_id,
            position.next_sequence,
            minute,
            Binding(self._pins.log_id, chain.key_statement, position.previous),
            chain.recipients,
            [self._key.sign],
            os.urandom,
            chain.publish,
        )
        request = to_request(submission, position.size)
        request.cosigned = self._pins.policy is not None
        first = position.next_sequence
        noted = {
            first + number: (leaf_hash(submission.statements[number]), mark)
            for number, mark in enumerate(marks)
            if mark is not None
        }
        self._journal.store(first, request.SerializeToString(deterministic=True), noted, numbers)
        return request

    async def _send(self, request: disclosure_pb2.SubmitBatchRequest) -> disclosure_pb2.SubmitBatchResponse:
        """Send until answered and return the answer; what is refused for good leaves the journal."""
        try:
            return await self._resend(request)
        except NOT_LOGGED:
            self._journal.discard()
            raise

    async def _resend(self, request: disclosure_pb2.SubmitBatchRequest) -> disclosure_pb2.SubmitBatchResponse:
        """Return the answer; raise Unavailable once patience has run out, also with a server that says nothing."""
        delay = FIRST_DELAY
        deadline = math.inf if self._patience is None else time.monotonic() + self._patience
        self.trouble = None
        while True:
            left = None if deadline == math.inf else max(deadline - time.monotonic(), 0)
            try:
                with translate():
                    answer: disclosure_pb2.SubmitBatchResponse = await self._stub.SubmitBatch(request, timeout=left)
                    self.trouble = None
                    return answer
            except (Unavailable, Busy) as error:
                if self.trouble is None or time.monotonic() < deadline:  # after it, the error says no more than that
                    self.trouble = error
                if left is not None and left <= delay:
                    raise Unavailable(f"not answered within {self._patience} s: {self.trouble}") from None
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    def _check(
        self,
        request: disclosure_pb2.SubmitBatchRequest,
        batch: Batch,
        response: disclosure_pb2.SubmitBatchResponse,
    ) -> Answered:
        """Return the receipts that the answer proves, and where the chain stands with it."""
        position = self._journal.position
        binding = Binding(Hash(request.log_id), Hash(request.key_statement), Hash(request.previous))
        known = (request.known_size, position.root)
        pins = self._pins
        answer = verify_answer(response, batch, binding, pins.vkey, pins.origin, known, pins.policy)
        return answer.receipts(), advance(position, batch, binding, answer.size, answer.root)


def advance(position: Position, batch: Batch, binding: Binding, size: int, root: Hash) -> Position:
    """Return where the recorder stands after ``batch`` was answered under a tree of ``size`` and ``root``.

    Raises:
        VerificationFailed: a closing in it, or what is late, contradicts what the chain holds.
    """
    try:
        book = None if position.book is None else position.book.take(batch)
    except LedgerError as error:
        raise VerificationFailed(f"answer: the ledger logged what it must refuse: {error}") from None
    return replace(
        position,
        next_sequence=batch.end_sequence,
        previous=sha256(batch.signed_bytes(binding)),
        recorded_at=batch.last_minute,
        size=size,
        root=root,
        book=book,
    )


def to_request(submission: Submission, known_size: int) -> disclosure_pb2.SubmitBatchRequest:
    """Return a submission as it travels."""
    binding = submission.binding
    request = disclosure_pb2.SubmitBatchRequest(
        log_id=binding.log_id,
        key_statement=binding.key_statement,
        previous=binding.previous,
        statements=submission.statements,
        known_size=known_size,
    )
    for item in submission.attachments:
        attachment = request.attachments.add(
            position=item.position, payload=item.payload, shred=item.shred, padding=item.padding
        )
        for key, salt in item.keys:
            attachment.keys.add(type=key.type, value=key.value, version=key.version, salt=salt)
    for box in submission.sealed_keys:
        request.sealed_keys.add(key_id=box.key_id, suite=box.suite, box=box.box)
    return request
