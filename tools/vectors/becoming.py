"""How the small log goes on: a second source with officers, and all that can become of an entry.

19 SOURCE_ENROLLED · 20 DISCLOSURE under embargo · 21…23 three times extended, the third time approved · 24 its
CORRECTION · 25, 26 both lifted · 27 DISCLOSURE, 28 its DELIVERY in the same batch · 29 CORRECTION of the DELIVERY ·
30 CORRECTION of 27 · 31 ERASURE of 27 · 32 DISCLOSURE still under embargo, 33 its DELIVERY, 34 CORRECTION of that ·
35, 36 two parts · 37 AUDIT_REPORT of the first 37. How its days are closed is told in ``vectors.closing``.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from ledger.core import bodies
from ledger.core.building import (
    Approve,
    Prepared,
    prepare,
    prepare_amendment,
    prepare_correction,
    prepare_delivery,
    prepare_extension,
    prepare_lift,
)
from ledger.core.encoding import Hash
from ledger.core.inner import approve
from ledger.core.merkle import leaf_hash
from ledger.core.record import PartialRecord
from ledger.core.record_input import disclosure_from_object
from ledger.core.signing import SecretKey
from ledger.core.statement import decode_leaf
from vectors import seeds
from vectors.governing import other_enrolment, report
from vectors.history import History, begin
from vectors.records import EVERY_FIELD, REQUIRED, disclosure
from vectors.sealing import HANDED

UNTIL: Final = seeds.MONTH + 3
"""The month in which every embargo of this log ends at first."""
GAGGED, CORRECTED, OPEN, DELIVERED, AMENDED, STILL, PART = 0, 4, 7, 8, 9, 11, 15
"""Sequences of the second source: two entries whose embargo was lifted, a disclosure with its DELIVERY and the
CORRECTION of that, the first of three entries that are still under embargo, a second part."""

_ORDER: Final = PartialRecord.from_json_object({"nondisclosure_order": EVERY_FIELD["nondisclosure_order"]})
_GAGGED: Final = replace(disclosure("every field, two keys"), embargo=UNTIL)
_OPEN: Final = disclosure("texts that JSON escapes or sorts with care")
_WITHDRAWN: Final = disclosure_from_object({"record": {**REQUIRED, "outcome": "WITHDRAWN"}})


def accredited(log: History) -> Hash:
    """Return the key id of the auditor who is accredited in the end."""
    return next(auditor.key_id for auditor in log.state.auditors.values() if not auditor.removed)


@cache
def continued() -> History:
    """Return the log of ``history`` with what becomes of entries behind it."""
    return go_on()


def go_on() -> History:
    """Return another log of the same entries, to go on with."""
    log = begin()
    log.govern(other_enrolment(log.state.log_id))
    log.source_id, log.source_key = seeds.OTHER_SOURCE, seeds.OTHER_SOURCE_KEY
    log.auditors = {accredited(log): log.state.auditors[accredited(log)].x25519_key}
    _embargo(log)
    _handover(log)
    _still(log)
    log.state_own(report(log.state.log_id, accredited(log), log.state.size))
    return log


def _embargo(log: History) -> None:
    """Log a DISCLOSURE under embargo that is extended, corrected and lifted."""
    disclosing, correcting = seeds.Entropy("under embargo"), seeds.Entropy("corrected under embargo")
    log.say("under embargo, batch", [prepare(_GAGGED, disclosing)])
    target = _target(log, GAGGED)
    for number in (1, 2, 3):
        officers = _approved(log, seeds.OFFICERS if number == 3 else ())
        until, entropy = UNTIL + 2 * number, seeds.Entropy(f"extension {number}")
        log.say(f"extension {number}, batch", [prepare_extension(target, number, until, _ORDER, officers, entropy)])
    log.say("corrected under embargo, batch", [prepare_correction(target, _GAGGED, True, correcting)])
    lifts = [
        prepare_lift(target, _GAGGED.keys, disclosing.taken[0]),
        prepare_lift(_target(log, CORRECTED), _GAGGED.keys, correcting.taken[0]),
    ]
    log.minute += 60
    log.say("lifted", lifts)


def _handover(log: History) -> None:
    """Log a DISCLOSURE that is delivered, corrected and erased."""
    name = "delivered at once"
    disclosed = prepare(_OPEN, seeds.Entropy(name))
    log.say(name, [disclosed, _delivery(drafted(log, name, [disclosed]), "delivery")])
    log.say("amended", [prepare_amendment(_target(log, DELIVERED), HANDED, seeds.Entropy("amendment"))])
    target = _target(log, OPEN)
    log.say("withdrawn", [prepare_correction(target, _WITHDRAWN, False, seeds.Entropy("correction"))])
    log.govern(bodies.Erasure(0, log.source_id, target, "Example Act, section 9"))


def _still(log: History) -> None:
    """Log a DISCLOSURE that stays under embargo with what hangs on it, and a handover of two parts."""
    name = "still under embargo"
    said = [prepare(_GAGGED, seeds.Entropy(name))]
    said.append(_delivery(drafted(log, name, said), "delivery under embargo"))
    said.append(prepare_amendment(drafted(log, name, said), HANDED, seeds.Entropy("amendment under embargo")))
    log.say(name, said)
    log.say("parts", [_part(index) for index in range(2)])


def _part(index: int) -> Prepared:
    return having(prepare(_OPEN, seeds.Entropy(f"part {index}")), part=bodies.Part(index, 2))


def having(whole: Prepared, **members: object) -> Prepared:
    """Return a DISCLOSURE with these members in place of its own."""

    def say(digest: Hash, publish: Sequence[str]) -> bodies.Body:
        body = whole.say(digest, publish)
        if not isinstance(body, bodies.Disclosure):
            raise TypeError("only a DISCLOSURE has these members")
        return replace(body, **members)  # type: ignore[arg-type]  # the caller names real members

    return replace(whole, say=say)


def _approved(log: History, officers: Sequence[SecretKey]) -> Approve:
    return lambda body: approve(log.state.log_id, body, officers, log.source_id)


def _delivery(target: bodies.Target, name: str) -> Prepared:
    return prepare_delivery(target, bodies.DeliveryResult.DELIVERED, HANDED, seeds.Entropy(name))


def _target(log: History, sequence: int) -> bodies.Target:
    life = log.lives.find(log.source_id, sequence)
    if life is None:
        raise ValueError("nothing stands there")
    return bodies.Target(sequence, life.leaf_hash)


def drafted(log: History, name: str, prepared: Sequence[Prepared]) -> bodies.Target:
    """Return what refers to the last of ``prepared`` from a later statement of the same batch."""
    submission, _ = log.draft(name, prepared)
    last = decode_leaf(submission.statements[-1])
    return bodies.Target(last.statement.sequence, leaf_hash(last.unsealed))
