"""The small log that batches, log and receipts share: one source, two auditors, keys changed with and without the old.

0 LOG_OPENED · 1 SOURCE_ENROLLED · 2 AUDITOR_ADDED · 3 one DISCLOSURE · 4…5 two · 6 SOURCE_KEY_CHANGED · 7…11 five ·
12 SOURCE_KEY_CHANGED, forced · 13 one · 14 POLICY_CHANGED · 15 AUDITOR_ADDED · 16 AUDITOR_REMOVED · 17 SOURCE_REVOKED ·
18 ANCHOR of the first 17, cosigned by two witnesses. How log.json goes on behind it is told in ``vectors.becoming``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from ledger.core import bodies
from ledger.core.admission import Submission
from ledger.core.batch import OPENING, Batch, Binding, decode_batch, sign_batch
from ledger.core.building import Prepared, build, prepare
from ledger.core.chain import LogState
from ledger.core.checkpoint import Checkpoint, cosign, sign_checkpoint
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.inner import approve
from ledger.core.life import Lives
from ledger.core.merkle import tree_root
from ledger.core.note import SigningKey
from ledger.core.record_input import Disclosure
from ledger.core.rules import LEDGER
from ledger.core.sealed_keys import x25519_from_ed25519
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement
from vectors import seeds
from vectors.governing import accreditation, enrolment, key_change
from vectors.records import DISCLOSURES, disclosure


@dataclass(frozen=True, slots=True)
class Logged:
    """A batch in the log: index of its first statement, what its seal binds, index of its key statement."""

    first: int
    batch: Batch
    binding: Binding
    key_index: int
    key: SecretKey
    submission: Submission | None = None
    secrets: tuple[bytes, ...] = ()
    """Batch key, then shred and nonce of each entry."""


@dataclass(slots=True)
class History:
    """A log that grows by batches, each checked from its bytes as a verifier does."""

    state: LogState
    logged: list[Logged]
    minute: int = seeds.MINUTE
    source_id: str = seeds.SOURCE
    source_key: SecretKey = seeds.SOURCE_KEYS[0]
    auditors: dict[Hash, Hash] = field(default_factory=dict)
    lives: Lives = field(default_factory=Lives)

    @classmethod
    def open(cls) -> "History":
        """Return the log with LOG_OPENED alone."""
        opened = Statement(LEDGER, 0, seeds.MINUTE, seeds.LOG_OPENED)
        batch = decode_batch(sign_batch([opened], OPENING, ZERO_HASH, [seeds.LEDGER_KEY.sign]))
        return cls(LogState.open(batch), [Logged(0, batch, OPENING, 0, seeds.LEDGER_KEY)])

    @property
    def leaves(self) -> list[bytes]:
        """The log's leaves by index."""
        return [leaf.data for logged in self.logged for leaf in logged.batch.leaves]

    @property
    def leaf_hashes(self) -> list[Hash]:
        """Their hashes."""
        return [hashed for logged in self.logged for hashed in logged.batch.leaf_hashes]

    def govern(self, body: bodies.Governance) -> Hash:
        """Log the next governance statement with as many approvals as it needs; return its leaf hash."""
        body = cast(bodies.Governance, replace(cast(Any, body), number=self.state.governing.next_number))
        approvers = seeds.APPROVERS[: self.state.governing.threshold(type(body))]
        said = Statement(LEDGER, self._next(LEDGER), self.minute, approve(self.state.log_id, body, approvers))
        leaves = sign_batch([said], self._binding(LEDGER), ZERO_HASH, [seeds.LEDGER_KEY.sign])
        return self._place(LEDGER, leaves, seeds.LEDGER_KEY).leaf_hashes[0]

    def state_own(self, body: bodies.Anchor | bodies.AuditReport) -> None:
        """Log a statement of the ledger's that nobody approves."""
        said = Statement(LEDGER, self._next(LEDGER), self.minute, body)
        leaves = sign_batch([said], self._binding(LEDGER), ZERO_HASH, [seeds.LEDGER_KEY.sign])
        self._place(LEDGER, leaves, seeds.LEDGER_KEY)

    def disclose(self, name: str, disclosures: Sequence[Disclosure]) -> None:
        """Log one batch of disclosures."""
        entry = seeds.Entropy(f"{name}, entry secret")
        self.say(name, [prepare(item, entry) for item in disclosures])

    def say(self, name: str, prepared: Sequence[Prepared]) -> None:
        """Log one batch of the source."""
        submission, secrets = self.draft(name, prepared)
        self._place(self.source_id, submission.statements, self.source_key, submission, secrets)

    def utter(self, said: Sequence[tuple[int, bodies.Body]]) -> None:
        """Log one batch of the source, each statement at its own minute, with digests of payloads that never were."""
        first = self._next(self.source_id)
        statements = [Statement(self.source_id, first + at, minute, body) for at, (minute, body) in enumerate(said)]
        self.minute = statements[-1].recorded_at
        key = self.source_key
        leaves = sign_batch(statements, self._binding(self.source_id), seeds.seed("sealed keys digest"), [key.sign])
        self._place(self.source_id, leaves, key)

    def draft(self, name: str, prepared: Sequence[Prepared]) -> tuple[Submission, tuple[bytes, ...]]:
        """Return what ``say`` would log, and its secrets: the same for the first statements if more are to follow."""
        sealing = seeds.Entropy(f"{name}, sealing")
        own = self.state.source(self.source_id).key_statement
        submission = build(
            prepared,
            self.source_id,
            self._next(self.source_id),
            self.minute,
            self._binding(self.source_id),
            {own: x25519_from_ed25519(self.source_key.public.key), **self.auditors},
            [self.source_key.sign],
            sealing,
        )
        return submission, tuple(sealing.taken)

    def _next(self, source_id: str) -> int:
        return self.state.sources[source_id].next_sequence

    def _binding(self, source_id: str) -> Binding:
        source = self.state.source(source_id)
        return Binding(self.state.log_id, source.key_statement, source.previous)

    def _place(
        self,
        source_id: str,
        leaves: Sequence[bytes],
        key: SecretKey,
        submission: Submission | None = None,
        secrets: tuple[bytes, ...] = (),
    ) -> Batch:
        binding, key_index = self._binding(source_id), self.state.source(source_id).key_index
        batch, first = decode_batch(leaves), self.state.size
        self.lives.take(batch, first, self.state.replay(batch, self.lives.find))
        self.logged.append(Logged(first, batch, binding, key_index, key, submission, secrets))
        return batch


def cosigned(hashes: Sequence[Hash], key: SigningKey = seeds.LOG_KEY, origin: str = seeds.ORIGIN) -> bytes:
    """Return the note of the tree over leaf hashes, signed by ``key`` and cosigned by two witnesses."""
    checkpoint = Checkpoint(origin, len(hashes), tree_root(hashes))
    note = sign_checkpoint(checkpoint, key).note
    for number, witness in enumerate(seeds.WITNESSES[:2]):
        note = note.with_signature(cosign(checkpoint, seeds.WITNESS_TIME + number, witness))
    return note.format()


@cache
def history() -> History:
    """Return the log up to its ANCHOR."""
    return begin()


def begin() -> History:
    """Return another log of the same entries, to go on with."""
    log = History.open()
    log_id = log.state.log_id
    named = [disclosure(name) for name in DISCLOSURES]
    key_statement = log.govern(enrolment(log_id))
    auditor = accreditation(log_id, "First Auditor", seeds.AUDITOR_KEY, seeds.AUDITOR_BOX_KEY)
    log.auditors[log.govern(auditor)] = auditor.x25519_key
    log.disclose("batch of one", named[:1])
    log.minute += 1
    log.disclose("batch of two", named[1:3])
    key_statement = log.govern(key_change(log_id, key_statement, 1, forced=False))
    log.source_key = seeds.SOURCE_KEYS[1]
    log.minute += 59
    log.disclose("batch of five", [*named, named[0]])
    log.govern(key_change(log_id, key_statement, 2, forced=True))
    log.source_key = seeds.SOURCE_KEYS[2]
    log.disclose("batch after a forced change", named[:1])
    _end(log)
    return log


def _end(log: History) -> None:
    log_id, opened = log.state.log_id, seeds.LOG_OPENED
    approvers = (*opened.approvers, seeds.secret_key("approver 2").public)
    log.minute += 24 * 60
    policy = sha256(seeds.WITNESS_POLICY), sha256(seeds.SEALING_POLICY)
    log.govern(bodies.PolicyChanged(0, *policy, approvers, (bodies.Threshold(0, 2),)))
    log.govern(accreditation(log_id, "Second Auditor", seeds.SECOND_AUDITOR_KEY, seeds.seed("auditor 2 X25519")))
    log.govern(
        bodies.AuditorRemoved(0, "First Auditor", seeds.AUDITOR_KEY.public, seeds.x25519_public(seeds.AUDITOR_BOX_KEY))
    )
    head = log.state.source(seeds.SOURCE).next_sequence
    log.govern(bodies.SourceRevoked(0, seeds.SOURCE, head, bodies.RevocationReason.RETIRED))
    log.state_own(bodies.Anchor(cosigned(log.leaf_hashes[:17])))
