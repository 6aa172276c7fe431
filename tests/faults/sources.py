"""Sources that sign real batches in advance, keep their bytes, and know which of them were answered."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from ledger.client.exchange import Chain, to_request
from ledger.core.batch import Batch, Binding, decode_batch
from ledger.core.building import Prepared, build, prepare
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.lookup_keys import canonicalise
from ledger.v1 import disclosure_pb2
from tests.core.world import disclosure
from tests.served import Member

LARGEST: Final = 64
"""Statements of the largest batch."""


def dice(seed: int) -> Random:
    """Return a source of choices that can be repeated."""
    return Random(seed)  # noqa: S311 -- nothing secret is drawn


def prepared(count: int) -> list[Prepared]:
    """Return ``count`` prepared entries about none to five accounts each, so of different classes of keys."""
    accounts = [canonicalise("account", f"account-{number}") for number in range(5)]
    return [prepare(disclosure(*accounts[: number % 6]), os.urandom) for number in range(count)]


@dataclass(slots=True)
class Sent:
    """A signed batch as it travels, and the index it was given, None while it is unanswered."""

    request: disclosure_pb2.SubmitBatchRequest
    batch: Batch
    binding: Binding
    index: int | None = None

    @property
    def leaves(self) -> list[bytes]:
        """The exact bytes of its statements."""
        return [leaf.data for leaf in self.batch.leaves]


@dataclass(slots=True)
class Source:
    """One source: who it is, and every batch that it ever signed, in the order of its chain."""

    member: Member
    chain: Chain
    log_id: Hash
    random: Random
    pool: Sequence[Prepared]
    sent: list[Sent] = field(default_factory=list)
    largest: int = LARGEST

    @property
    def name(self) -> str:
        """Its source id."""
        return self.chain.source_id

    @property
    def answered(self) -> list[Sent]:
        """The batches that were answered: the first ones of the chain."""
        return [item for item in self.sent if item.index is not None]

    def unanswered(self, count: int = 0) -> list[Sent]:
        """Return the batches that are not answered yet, in order; sign new ones until there are ``count``."""
        waiting = [item for item in self.sent if item.index is None]
        while len(waiting) < count:
            waiting.append(self._sign())
        return waiting

    def _sign(self) -> Sent:
        """Sign a batch of random size that follows the last one."""
        last = self.sent[-1] if self.sent else None
        previous = sha256(last.batch.signed_bytes(last.binding)) if last else ZERO_HASH
        first = last.batch.end_sequence if last else 0
        minute = max(int(time.time()) // 60, last.batch.last_minute if last else 0)
        binding = Binding(self.log_id, self.chain.key_statement, previous)
        entries = self.random.choices(self.pool, k=self.random.randint(1, self.largest))
        signers = [self.member.own_key.secret.sign]
        submission = build(entries, self.name, first, minute, binding, self.chain.recipients, signers, os.urandom)
        sent = Sent(to_request(submission, 0), decode_batch(submission.statements), binding)
        self.sent.append(sent)
        return sent
