"""What may not be said of an entry, or reported, in the small log: each is a batch that does not follow."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ledger.core import bodies
from ledger.core.batch import Binding, sign_batch
from ledger.core.chain import LogState
from ledger.core.encoding import ZERO_HASH
from ledger.core.inner import approve
from ledger.core.life import Lives
from ledger.core.merkle import leaf_hash
from ledger.core.rules import LEDGER
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement, encode_statement, roots_of
from vectors import seeds
from vectors.becoming import (
    AMENDED,
    CORRECTED,
    DELIVERED,
    GAGGED,
    OPEN,
    PART,
    STILL,
    UNTIL,
    accredited,
    continued,
)
from vectors.closing import closed
from vectors.governing import report
from vectors.saying import disclosure_body

Wrong = tuple[int, Sequence[bytes]]
"""A size of the log, and leaves that may not follow then."""

_GAGGED, _EXTENDED, _CORRECTED = 21, 23, 25
"""Sizes: one embargo, which was extended twice, which was then corrected and not lifted."""
_PAYLOAD: Final = (seeds.seed("slots root"), seeds.seed("payload"))
_KEYS: Final = (seeds.seed("keys root"), 4, seeds.seed("aggregates root"))


def wrong_lives() -> dict[str, Wrong]:
    """Return statements about others that may not be said, erasures and reports among them, by what is wrong."""
    return _targets() | _deliveries() | _corrections() | _embargoes() | _erasures() | _reports()


def replayed(size: int) -> tuple[LogState, Lives]:
    """Return what the first ``size`` entries add up to."""
    opened, *rest = closed().logged
    state, lives = LogState.open(opened.batch), Lives()
    lives.take(opened.batch, 0, {})
    for logged in rest:
        if logged.first < size:
            lives.take(logged.batch, logged.first, state.replay(logged.batch, lives.find))
    return state, lives


def _targets() -> dict[str, Wrong]:
    source, disclosed = continued().state.source(seeds.OTHER_SOURCE), disclosure_body()
    own = bodies.Target(source.next_sequence, ZERO_HASH)
    later = Statement(source.source_id, source.next_sequence + 1, source.recorded_at, disclosed)
    ahead = bodies.Target(later.sequence, leaf_hash(encode_statement(later)))
    return {
        "a target with another leaf hash": _said(_delivery(replace(_target(STILL), sequence=PART - 1))),
        "a target of another source": _said(_delivery(_target(0, seeds.SOURCE))),
        "a target that stands later in the batch": _said(_delivery(ahead), disclosed, disclosed),
        "a target that is the statement itself": _said(_delivery(own)),
        "two statements that may be said, and a third that may not": _said(
            disclosed, _delivery(_target(PART - 1)), _delivery(own)
        ),
    }


def _deliveries() -> dict[str, Wrong]:
    twice = _delivery(_target(GAGGED))
    return {
        "a second delivery": _said(_delivery(_target(OPEN))),
        "two deliveries in one batch": _said(twice, replace(twice, result=bodies.DeliveryResult.ABORTED)),
        "a delivery of a delivery": _said(_delivery(_target(DELIVERED))),
        "a delivery of a second part": _said(_delivery(_target(PART))),
    }


def _corrections() -> dict[str, Wrong]:
    def correction(sequence: int, *keys: Any) -> Wrong:
        return _said(bodies.Correction(_target(sequence), *_PAYLOAD, *keys))

    return {
        "a correction with keys of a delivery": correction(DELIVERED, *_KEYS),
        "a correction without keys of a disclosure": correction(STILL),
        "a correction of a correction": correction(CORRECTED, *_KEYS),
        "a correction of a correction without keys": correction(AMENDED),
        "a correction of a lift": correction(CORRECTED + 1),
        "a correction of what was erased": correction(OPEN, *_KEYS),
    }


def _embargoes() -> dict[str, Wrong]:
    def extension(
        number: int, until: int, officers: Sequence[SecretKey] = (), at: int = GAGGED, size: int = _GAGGED
    ) -> Wrong:
        body = bodies.EmbargoExtended(_target(at), number, until, *_PAYLOAD)
        return _said(approve(continued().state.log_id, body, officers, seeds.OTHER_SOURCE), size=size)

    third, one, both = (3, UNTIL + 6), seeds.OFFICERS[:1], seeds.OFFICERS
    return {
        "a lift of what is under no embargo": _said(bodies.EmbargoLifted(_target(OPEN))),
        "a second lift": _said(bodies.EmbargoLifted(_target(GAGGED))),
        "a lift of a correction before its target": _said(bodies.EmbargoLifted(_target(CORRECTED)), size=_CORRECTED),
        "an extension out of turn": extension(2, UNTIL + 2),
        "an extension to the same month": extension(1, UNTIL),
        "an extension past its cap": extension(1, UNTIL + 37),
        "a first extension approved by a stranger": extension(1, UNTIL + 1, [seeds.OFFICER]),
        "a third extension without approval": extension(*third, size=_EXTENDED),
        "a third extension with one approval of two": extension(*third, one, size=_EXTENDED),
        "a third extension approved by the log's approvers": extension(*third, seeds.APPROVERS, size=_EXTENDED),
        "an extension of what is under no embargo": extension(1, UNTIL + 1, at=OPEN, size=_size()),
        "an extension of what was lifted": extension(4, UNTIL + 8, both, size=_size()),
        "an extension of a correction": extension(1, UNTIL + 1, at=CORRECTED, size=_CORRECTED),
    }


def _erasures() -> dict[str, Wrong]:
    def erasure(sequence: int, approvers: int = 2, source_id: str = seeds.OTHER_SOURCE, own: str = "") -> Wrong:
        body = bodies.Erasure(0, own or source_id, _target(sequence, source_id), "Example Act, section 9")
        numbered = replace(body, number=continued().state.governing.next_number)
        return _governed(approve(continued().state.log_id, numbered, seeds.APPROVERS[:approvers]))

    return {
        "an erasure under embargo": erasure(STILL),
        "an erasure of the delivery of what is under embargo": erasure(STILL + 1),
        "an erasure of a correction of that delivery": erasure(STILL + 2),
        "a second erasure": erasure(OPEN),
        "an erasure of what has no payload": erasure(CORRECTED + 1),
        "an erasure of an entry of nobody": erasure(0, own="nobody.example"),
        "an erasure of another source's entry": erasure(0, source_id=seeds.SOURCE, own=seeds.OTHER_SOURCE),
        "an erasure with one approval of two": erasure(GAGGED, 1),
    }


def _reports() -> dict[str, Wrong]:
    log_id, auditor, size = continued().state.log_id, accredited(continued()), _size()
    removed = next(one.key_id for one in continued().state.auditors.values() if one.removed)
    good = report(log_id, auditor, size)
    return {
        "a report past the log": _governed(report(log_id, auditor, size + 1)),
        "a report by nobody": _governed(report(log_id, ZERO_HASH, size)),
        "a report by an auditor who was removed": _governed(report(log_id, removed, size, seeds.AUDITOR_KEY)),
        "a report signed by another": _governed(report(log_id, auditor, size, seeds.AUDITOR_KEY)),
        "a report without a signature": _governed(replace(good, signatures=())),
        "a report of more than was signed": _governed(replace(good, begin=1)),
    }


def _size() -> int:
    return continued().state.size


def _target(sequence: int, source_id: str = seeds.OTHER_SOURCE) -> bodies.Target:
    life = continued().lives.find(source_id, sequence)
    return bodies.Target(sequence, ZERO_HASH if life is None else life.leaf_hash)


def _delivery(target: bodies.Target) -> bodies.Delivery:
    return bodies.Delivery(target, bodies.DeliveryResult.DELIVERED, *_PAYLOAD)


def _governed(body: bodies.Body) -> Wrong:
    """What would be the ledger's next statement behind the whole log."""
    return _size(), batch(LEDGER, [body], seeds.LEDGER_KEY, _size())


def _said(*said: bodies.Body, size: int = 0) -> Wrong:
    """What would be the second source's next batch in the log of ``size`` entries, the whole one by default."""
    return size or _size(), batch(seeds.OTHER_SOURCE, said, seeds.OTHER_SOURCE_KEY, size or _size())


def batch(source_id: str, said: Sequence[bodies.Body], key: SecretKey, size: int, minute: int = 0) -> Sequence[bytes]:
    """Return the leaves of what would be the next batch of a source, or of the ledger, behind ``size`` entries.

    It is of the minute of the one before, unless another is given.
    """
    state, _ = replayed(size)
    source = state.source(source_id)
    binding = Binding(state.log_id, source.key_statement, source.previous)
    first, minute = source.next_sequence, minute or source.recorded_at
    statements = [Statement(source_id, first + at, minute, body) for at, body in enumerate(said)]
    sealed = seeds.seed("sealed keys digest") if any(roots_of(body) for body in said) else ZERO_HASH
    return sign_batch(statements, binding, sealed, [key.sign])
