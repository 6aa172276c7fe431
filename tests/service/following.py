"""What a source says of its own entries over gRPC: under embargo, lifted, delivered, corrected.

async with serving(metrics_listen="") as served:
    said = await Following.enrolled(served)
    index = await said.log(said.gagged())
    await said.log(said.lift(index))
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ledger.client.exchange import to_request
from ledger.core import bodies
from ledger.core.batch import decode_batch
from ledger.core.building import (
    Prepared,
    prepare,
    prepare_amendment,
    prepare_correction,
    prepare_delivery,
    prepare_extension,
    prepare_lift,
)
from ledger.core.lookup_keys import canonicalise
from ledger.core.rules import month_of
from ledger.core.sealed import open_payload
from ledger.core.sealed_keys import open_box, x25519_secret
from ledger.v1.disclosure_pb2 import SubmitBatchRequest
from tests.core.embargoed import DELIVERED, HANDED, ORDER, PROLONGED
from tests.core.world import disclosure
from tests.served import Member, Served
from tests.service.calls import PHONE, stub
from tests.service.hand import Hand

KEYS: Final = (canonicalise("phone", PHONE),)


@dataclass(slots=True)
class Following:
    """A source that refers to what it said; ``sent`` holds each batch by its first index."""

    hand: Hand
    sent: dict[int, SubmitBatchRequest] = field(default_factory=dict)

    @classmethod
    async def enrolled(cls, served: Served, *auditors: Member) -> "Following":
        """Enrol ``alpha``, sealing to ``auditors``, by default to a fresh one."""
        return cls(await Hand.enrolled(served, auditors=auditors))

    async def log(self, *prepared: Prepared) -> int:
        """Log entries as one batch; return the index of the first."""
        return await self.submit(self.request(*prepared))

    async def submit(self, request: SubmitBatchRequest) -> int:
        """Log a batch as it travels; return the index of the first."""
        async with self.hand.channel() as transport:
            first = int((await stub(transport, "disclosure").SubmitBatch(request)).first_index)
        self.sent[first] = request
        self.hand.follow(request)
        return first

    def request(self, *prepared: Prepared, publish: Sequence[str] = ()) -> SubmitBatchRequest:
        """Return the batch of ``prepared`` that may follow, with the fields of ``publish`` open, as it travels."""
        return to_request(self.hand.built(*prepared, publish=publish), 0)

    def target(self, index: int) -> bodies.Target:
        """Return what names an entry."""
        first, request = self._of(index)
        batch = decode_batch(tuple(request.statements))
        return bodies.Target(batch.first_sequence + index - first, batch.leaf_hashes[index - first])

    def open(self, **fields: object) -> Prepared:
        """Return a disclosure without an embargo."""
        return prepare(disclosure(*KEYS, **fields), self.hand.entropy)

    def gagged(self) -> Prepared:
        """Return a disclosure under an embargo of three months."""
        until = month_of(self.hand.minute) + 3
        return prepare(replace(disclosure(*KEYS, **ORDER), embargo=until), self.hand.entropy)

    def extension(self, index: int, number: int = 1) -> Prepared:
        """Return the extension of an embargo by a month."""
        until = month_of(self.hand.minute) + 3 + number
        return prepare_extension(self.target(index), number, until, PROLONGED, lambda body: body, self.hand.entropy)

    def delivery(self, index: int) -> Prepared:
        """Return the DELIVERY of a disclosure."""
        return prepare_delivery(self.target(index), DELIVERED, HANDED, self.hand.entropy)

    def correction(self, index: int, withheld: bool = False) -> Prepared:
        """Return the CORRECTION of a disclosure: it was withdrawn."""
        truth = disclosure(*KEYS, outcome="WITHDRAWN")
        return prepare_correction(self.target(index), truth, withheld, self.hand.entropy)

    def amendment(self, index: int) -> Prepared:
        """Return the CORRECTION of a delivery."""
        return prepare_amendment(self.target(index), HANDED, self.hand.entropy)

    def lift(self, index: int) -> Prepared:
        """Return the EMBARGO_LIFTED of an entry, with the keys that the source reads in its own payload."""
        first, request = self._of(index)
        item: Any = next(item for item in request.attachments if item.position == index - first)
        box = next(box.box for box in request.sealed_keys if box.key_id == self.hand.key_statement)
        batch_key = open_box(box, x25519_secret(self.hand.secret.seed))
        target = self.target(index)
        binding = (self.hand.served.log_id, "alpha", target.sequence)
        opened = open_payload(item.payload, batch_key, *binding, item.shred)
        return prepare_lift(target, opened.keys, opened.entry_secret)

    def _of(self, index: int) -> tuple[int, SubmitBatchRequest]:
        first = max(first for first in self.sent if first <= index)
        return first, self.sent[first]
