"""The state that a log's leaves add up to: keys, chains, auditors, policy. Everything that changes it lives here.

A ``LogState`` is fed batches in index order. ``check`` says whether one may follow, ``apply`` makes it so. The writer
keeps one, and whoever replays stored or mirrored leaves builds the same one again (protocol §3, §4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn

from ledger.core import bodies
from ledger.core.anchors import Anchored, check_anchor
from ledger.core.batch import OPENING, Batch, Binding, verify_seal
from ledger.core.checkpoint import Checkpoint
from ledger.core.closings import Book, needs_order
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import (
    ChainBroken,
    InvalidInput,
    KeySuperseded,
    Refused,
    UnknownSource,
    WrongLog,
)
from ledger.core.inner import verify_approvals, verify_inner
from ledger.core.life import Find, Keys, Life, Officers, Place, follow
from ledger.core.note import VKey
from ledger.core.parties import Auditor, Governing, Source
from ledger.core.rules import LEDGER
from ledger.core.slots import verify_opening
from ledger.core.statement import Statement, body_name

ADMITTED: Final = (
    bodies.LogOpened,
    bodies.SourceEnrolled,
    bodies.SourceKeyChanged,
    bodies.SourceRevoked,
    bodies.AuditorAdded,
    bodies.AuditorRemoved,
    bodies.AuditReport,
    bodies.Anchor,
    bodies.Erasure,
    bodies.PolicyChanged,
    bodies.Disclosure,
    bodies.Delivery,
    bodies.Correction,
    bodies.EmbargoLifted,
    bodies.EmbargoExtended,
    bodies.Closing,
)
"""The bodies that this release admits."""


@dataclass(slots=True)
class LogState:
    """Keys, chains, auditors and policy of one log after ``size`` entries."""

    governing: Governing
    size: int
    sources: dict[str, Source] = field(default_factory=dict)
    auditors: dict[Hash, Auditor] = field(default_factory=dict)

    @classmethod
    def open(cls, batch: Batch) -> "LogState":
        """Return the state after index 0; raise InvalidInput or NotAuthenticated unless it is a valid LOG_OPENED."""
        body = batch.leaves[0].statement.body
        if not isinstance(body, bodies.LogOpened):
            raise InvalidInput("log_opened", "index 0 must be LOG_OPENED")
        if batch.seal.sealed_keys_digest != ZERO_HASH:
            raise InvalidInput("sealed_keys_digest", "must be zeros in a batch without payloads")
        digest = verify_seal(batch, OPENING, body.ledger_keys)
        log_id = batch.leaf_hashes[0]
        governing = Governing(
            log_id,
            body.origin,
            body.checkpoint_vkey,
            1,
            body.approvers,
            body.thresholds,
            body.witness_policy_digest,
            body.sealing_policy_digest,
            0,
            Anchored(0, batch.last_minute, 0),
        )
        book = Book.begin(bodies.Period.MONTH, batch.first_minute)
        own = Source(LEDGER, LEDGER, body.ledger_keys, log_id, 0, tuple(key.key for key in body.ledger_keys), book)
        return cls(governing, 1, {LEDGER: _advance(own, batch, digest)})

    @property
    def log_id(self) -> Hash:
        """The leaf hash of LOG_OPENED."""
        return self.governing.log_id

    def source(self, source_id: str) -> Source:
        """Return a source that may speak; raise UnknownSource otherwise."""
        source = self.sources.get(source_id)
        if source is None:
            raise UnknownSource("source_id: not enrolled in this log")
        if source.revoked:
            raise UnknownSource("source_id: revoked")
        return source

    def check_binding(self, source_id: str, binding: Binding) -> Source:
        """Return the source; raise WrongLog, UnknownSource, KeySuperseded or ChainBroken unless all is current."""
        if binding.log_id != self.log_id:
            raise WrongLog("log_id: another log's")
        source = self.source(source_id)
        if binding.key_statement != source.key_statement:
            raise KeySuperseded("key_statement: not the source's current one", source.key_statement)
        if binding.previous != source.previous:
            raise ChainBroken("previous: does not follow the source's latest batch", source.head)
        return source

    def check_chain(self, batch: Batch, source: Source) -> None:
        """Raise ChainBroken or InvalidInput unless ``batch`` continues its source's sequence and time."""
        if batch.first_sequence != source.next_sequence:
            raise ChainBroken("sequence: does not follow the source's latest statement", source.head)
        if batch.first_minute < source.recorded_at:
            raise InvalidInput("recorded_at", "must not lie before the source's latest statement")
        for _, said in batch.others:
            check_admitted(said.body)
        sealed = any(leaf.roots is not None for leaf in batch.leaves)
        if sealed == (batch.seal.sealed_keys_digest == ZERO_HASH):
            raise InvalidInput("sealed_keys_digest", "zeros exactly where a batch has no payloads")
        self._check_closings(batch, source)

    def _check_closings(self, batch: Batch, source: Source) -> None:
        """Raise unless each CLOSING, and what is late for a closed period, is what the chain says."""
        if any(needs_order(said.body) for _, said in batch.others):
            source.book.take(batch)
        for _, said in batch.others:
            if isinstance(said.body, bodies.Closing):
                verify_approvals(self.log_id, said.body, source.officers, 0, batch.source_id)

    def follow(self, batch: Batch, find: Find, travelled: Mapping[int, Keys] | None = None) -> dict[Place, Life]:
        """Return the lives that the next batch changes, as ``ledger.core.life.follow`` does, and raise as it does."""
        source = self.sources[batch.source_id]
        officers = Officers(source.officers, source.officer_threshold)
        return follow(batch, self.size, find, self.log_id, officers, travelled)

    def replay(self, batch: Batch, find: Find) -> dict[Place, Life]:
        """Check the next batch from its leaves alone, seal included, and apply it.

        Returns the lives that it changes; ``find`` gives what others have come to.
        """
        source = self.source(batch.source_id)
        binding = Binding(self.log_id, source.key_statement, source.previous)
        self.check_chain(batch, source)
        for _, said in batch.others:
            check_openings(said.body)
        digest = verify_seal(batch, binding, source.keys)
        changed = self.follow(batch, find)
        self.apply(batch, digest)
        return changed

    def apply(self, batch: Batch, digest: Hash) -> None:
        """Advance over a checked batch; ledger bodies are checked and take effect one by one, all or none.

        Raises:
            InvalidInput, VerificationFailed, Refused: a ledger body may not follow; nothing has changed.
        """
        source = self.sources[batch.source_id]
        if batch.source_id == LEDGER:
            after = replace(self, sources=dict(self.sources), auditors=dict(self.auditors))
            for position, leaf in enumerate(batch.leaves):
                after._govern(leaf.statement, batch.leaf_hashes[position], self.size + position)
            self.governing, self.sources, self.auditors = after.governing, after.sources, after.auditors
        self.sources[batch.source_id] = _advance(source, batch, digest)
        self.size += batch.count

    def check_governance(self, body: bodies.Governance) -> None:
        """Raise unless ``body`` may be the next governance statement: number, approvals, signatures, state."""
        if body.number != self.governing.next_number:
            raise Refused(f"number: the next governance statement is number {self.governing.next_number}")
        match body:
            case bodies.SourceEnrolled():
                if body.source_id in self.sources:
                    raise Refused("source_id: was enrolled before")
                self._check_new_keys([key.key for key in body.keys])
                verify_inner(self.log_id, body, "proofs_of_possession", body.keys)
            case bodies.SourceKeyChanged():
                self._check_key_change(body)
            case bodies.SourceRevoked():
                if body.final_sequence != self.source(body.source_id).next_sequence:
                    raise ChainBroken("final_sequence: must be the source's head", self.source(body.source_id).head)
            case bodies.AuditorAdded():
                self._check_new_keys([body.signing_key.key, body.x25519_key])
                verify_inner(self.log_id, body, "signatures", [body.signing_key])
            case bodies.AuditorRemoved():
                self._auditor(body)
            case _:
                pass
        threshold = self.governing.threshold(type(body))
        verify_approvals(self.log_id, body, self.governing.approvers, threshold)

    def _check_key_change(self, body: bodies.SourceKeyChanged) -> None:
        source = self.source(body.source_id)
        if body.replaces != source.key_statement:
            raise KeySuperseded("replaces: not the source's current key statement", source.key_statement)
        if body.service != source.service:
            raise Refused("service: a source stays with its service")
        if body.closing_period != source.book.period:
            raise Refused("closing_period: stays as it was enrolled")
        self._check_new_keys([key.key for key in body.keys])
        verify_inner(self.log_id, body, "proofs_of_possession", body.keys)
        if body.old_key_signatures:
            verify_inner(self.log_id, body, "old_key_signatures", source.keys)

    def _check_new_keys(self, keys: list[bytes]) -> None:
        used = {key for source in self.sources.values() for key in source.past_keys}
        for auditor in self.auditors.values():
            used |= {auditor.signing_key.key, auditor.x25519_key}
        if not used.isdisjoint(keys):
            raise Refused("keys: a key is never enrolled twice")

    def _auditor(self, body: bodies.AuditorRemoved) -> Auditor:
        for auditor in self.auditors.values():
            same = (auditor.name, auditor.signing_key, auditor.x25519_key)
            if not auditor.removed and same == (body.name, body.signing_key, body.x25519_key):
                return auditor
        raise Refused("signing_key: no accredited auditor has this name and these keys")

    def check_anchor(self, body: bodies.Anchor, index: int) -> Checkpoint:
        """Return the checkpoint that ``body`` anchors if it may stand at ``index``; raise as ``check_anchor`` does."""
        governing = self.governing
        log = VKey.parse(governing.checkpoint_vkey)
        return check_anchor(body, log, governing.origin, index, governing.anchored)

    def check_report(self, body: bodies.AuditReport, index: int) -> None:
        """Raise Refused or VerificationFailed unless an accredited auditor may report this at ``index``."""
        auditor = self.auditors.get(body.auditor)
        if auditor is None or auditor.removed:
            raise Refused("auditor: no accredited auditor has this key id")
        if body.end > index:
            raise Refused(f"end: must be at most {index}")
        verify_inner(self.log_id, body, "signatures", [auditor.signing_key])

    def _govern(self, statement: Statement, leaf_hash: Hash, index: int) -> None:
        body = statement.body
        if isinstance(body, bodies.AuditReport):
            self.check_report(body, index)
            return
        if isinstance(body, bodies.Anchor):
            anchored = Anchored(index, statement.recorded_at, self.check_anchor(body, index).size)
            self.governing = replace(self.governing, anchored=anchored)
            return
        if not isinstance(body, bodies.Governance):
            _refuse(body)
        self.check_governance(body)
        governing = replace(self.governing, next_number=body.number + 1)
        match body:
            case bodies.SourceEnrolled() | bodies.SourceKeyChanged():
                self._set_keys(body, leaf_hash, index, statement.recorded_at)
            case bodies.SourceRevoked():
                self.sources[body.source_id] = replace(self.sources[body.source_id], revoked=True)
            case bodies.AuditorAdded():
                auditor = Auditor(body.name, leaf_hash, index, body.signing_key, body.x25519_key)
                self.auditors[leaf_hash] = auditor
            case bodies.AuditorRemoved():
                auditor = self._auditor(body)
                self.auditors[auditor.key_id] = replace(auditor, removed=True)
            case bodies.PolicyChanged():
                governing = replace(
                    governing,
                    approvers=body.approvers,
                    thresholds=body.thresholds,
                    witness_policy_digest=body.witness_policy_digest,
                    sealing_policy_digest=body.sealing_policy_digest,
                    policy_index=index,
                )
            case bodies.Erasure():
                pass  # what it does to its target is for ``follow``
            case _:
                _refuse(body)
        self.governing = governing

    def _set_keys(
        self, body: bodies.SourceEnrolled | bodies.SourceKeyChanged, leaf_hash: Hash, index: int, minute: int
    ) -> None:
        keys = tuple(key.key for key in body.keys)
        if isinstance(body, bodies.SourceEnrolled):
            self.sources[body.source_id] = Source(
                body.source_id,
                body.service,
                body.keys,
                leaf_hash,
                index,
                keys,
                Book.begin(body.closing_period, minute),
                body.grace_hours,
                body.officers,
                body.officer_threshold,
            )
            return
        old = self.sources[body.source_id]
        self.sources[body.source_id] = replace(
            old,
            keys=body.keys,
            key_statement=leaf_hash,
            key_index=index,
            past_keys=(*old.past_keys, *keys),
            grace_hours=body.grace_hours,
            officers=body.officers,
            officer_threshold=body.officer_threshold,
            forced=old.forced or not body.old_key_signatures,
        )


def check_admitted(body: bodies.Body) -> None:
    """Raise InvalidInput unless this release admits ``body`` with what it carries."""
    if not isinstance(body, ADMITTED):
        _refuse(body)


def check_openings(body: bodies.Body) -> None:
    """Raise VerificationFailed unless each public opening leads to the disclosure's slots root (protocol §5)."""
    if isinstance(body, bodies.Disclosure):
        for opening in body.openings:
            verify_opening(opening, body.slots_root)


def _refuse(body: bodies.Body) -> NoReturn:
    raise InvalidInput("body", f"{body_name(type(body))} is not admitted by this release")


def _advance(source: Source, batch: Batch, digest: Hash) -> Source:
    book = source.book.take(batch) if batch.source_id != LEDGER else source.book
    return replace(source, next_sequence=batch.end_sequence, recorded_at=batch.last_minute, previous=digest, book=book)
