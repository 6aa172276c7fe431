"""What a CLOSING may not say, and what is late for no closed period, in the small log."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from ledger.core import bodies
from ledger.core.inner import approve, sign_inner
from ledger.core.periods import DAY
from ledger.core.statement import decode_leaf
from vectors import seeds
from vectors.closing import FIFTH, NINTH, SEVENTH, closed, day
from vectors.saying import disclosure_body
from vectors.wrong_lives import Wrong, batch

_SOURCE: Final = seeds.OTHER_SOURCE
_TWO: Final = bodies.Count(2, 2)


def wrong_closings() -> dict[str, Wrong]:
    """Return statements that may not follow, by what is wrong."""
    return _places() | _counts() | _approvals() | _late() | {"a key change to another closing period": _changed()}


def right(index: int) -> bodies.Closing:
    """Return a CLOSING of the log."""
    body = decode_leaf(closed().leaves[index]).statement.body
    if not isinstance(body, bodies.Closing):
        raise TypeError("no CLOSING stands there")
    return body


def _places() -> dict[str, Wrong]:
    fifth, end = right(FIFTH), right(FIFTH).end_sequence
    sixth = replace(right(FIFTH + 1), previous=fifth.previous)
    return {
        "a closing of the period after the next": _closing(sixth),
        "a closing of two periods": _closing(fifth, end=fifth.end + DAY),
        "a closing of half a period": _closing(fifth, end=fifth.end - DAY // 2),
        "a closing that begins late": _closing(fifth, start=fifth.start + 1),
        "a closing of a period that is closed": _said(NINTH, day(9), right(SEVENTH)),
        "a closing in the last minute of its period": _said(FIFTH, fifth.end - 1, fifth),
        "a closing behind a gap in sequence": _closing(fifth, first_sequence=fifth.first_sequence + 1),
        "a closing that overlaps the one before": _closing(fifth, first_sequence=fifth.first_sequence - 1),
        "a closing without its last statement": _closing(fifth, end_sequence=end - 1, mapped_through=0),
        "a closing that counts itself in": _closing(fifth, end_sequence=end + 1),
        "a closing without the one before": _closing(fifth, previous=bytes(32)),
        "a closing mapped past its end": _closing(fifth, mapped_through=end + 1),
    }


def _counts() -> dict[str, Wrong]:
    fifth = right(FIFTH)
    return {
        "a closing that counts each part": _closing(fifth, disclosures=bodies.Count(4, 4)),
        "a closing with a band above the number": _closing(fifth, disclosures=bodies.Count(4, 499)),
        "a closing with a band below the number": _closing(fifth, embargoed=bodies.Count(0, 0)),
        "a closing without its aborted one": _closing(fifth, aborted=bodies.Count(0, 0)),
        "a closing without its late one": _closing(fifth, late=bodies.Count(0, 0)),
        "a closing with one late too many": _closing(fifth, late=_TWO),
    }


def _approvals() -> dict[str, Wrong]:
    log_id, bare = closed().state.log_id, replace(right(FIFTH), approvals=())
    return {
        "a closing approved by a stranger": _closing(approve(log_id, bare, [seeds.OFFICER], _SOURCE)),
        "a closing approved by the log's approvers": _closing(approve(log_id, bare, seeds.APPROVERS, _SOURCE)),
        "a closing with another band than was approved": _closing(right(FIFTH), disclosures=bodies.Count(0, 999)),
    }


def _late() -> dict[str, Wrong]:
    def late(start: int, *more: bodies.Body) -> Wrong:
        return _said(FIFTH, day(7), disclosure_body(late_for=bodies.LateFor(start)), *more)

    return {
        "late for the period to be closed next": late(day(5)),
        "late for the day before that of enrolment": late(day(0)),
        "late for no first minute of a period": late(day(4) + 1),
        "late for what is closed later in the batch": late(day(5), right(FIFTH)),
    }


def _changed() -> Wrong:
    """Return a change to the second source's key that makes its days weeks."""
    state, size = closed().state, len(closed().leaves)
    source, key = state.source(_SOURCE), seeds.secret_key("another key of the other source")
    body = bodies.SourceKeyChanged(
        state.governing.next_number,
        source.source_id,
        source.service,
        (key.public,),
        bodies.Period.WEEK,
        source.grace_hours,
        replaces=source.key_statement,
    )
    proven = replace(body, proofs_of_possession=sign_inner(state.log_id, body, "proofs_of_possession", [key]))
    said = approve(state.log_id, proven, seeds.APPROVERS)
    return size, batch("ledger", [said], seeds.LEDGER_KEY, size)


def _closing(body: bodies.Closing, **changes: object) -> Wrong:
    """Return ``body`` with these changes in place of the CLOSING of the fifth day."""
    return _said(FIFTH, day(7), cast(bodies.Closing, replace(cast(Any, body), **changes)))


def _said(size: int, minute: int, *said: bodies.Body) -> Wrong:
    leaves: Sequence[bytes] = batch(_SOURCE, said, seeds.OTHER_SOURCE_KEY, size, minute)
    return size, leaves
