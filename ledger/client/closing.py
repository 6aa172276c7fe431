"""Closings on the source's side: which periods are over, what is said of each, and who approves it (protocol §9)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledger.client.approvals import Draft, OfficerApproval
from ledger.client.profile import AUTO, HAND
from ledger.client.range_receipt import Receipt
from ledger.core import bodies
from ledger.core.closings import Book
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import ConfigInvalid, InvalidInput, Refused, VerificationFailed
from ledger.core.inner import approve, signed_bytes
from ledger.core.periods import period_end, period_name, period_start
from ledger.core.signing import PublicKey, SecretKey, Signature, approver_id, verify_signature
from ledger.core.statement import Statement

LONGEST_REST: Final = 60.0
"""Seconds after which an idle recorder looks at the clock again: it may have been set, or the machine have slept."""

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Officers:
    """The officers whom a source's key statement names, and how many of them have to approve a closing."""

    keys: tuple[PublicKey, ...] = ()
    threshold: int = 0

    def check(self, given: Sequence[SecretKey], approvals: Sequence[bodies.Approval] = ()) -> None:
        """Raise InvalidInput for the key of a stranger, Refused unless there are enough with those who approved."""
        if not all(key.public in self.keys for key in given):
            raise InvalidInput("officer", "not the key of an officer of this source")
        if len({approver_id(key.public) for key in given} | {item.key_id for item in approvals}) < self.threshold:
            raise Refused(
                f"officer: {self.threshold} of this source's officers approve a closing; give their keys or approvals"
            )

    def verify(
        self, said: Draft, approvals: Sequence[OfficerApproval], given: Sequence[SecretKey] = ()
    ) -> list[bodies.Approval]:
        """Return the approvals of ``said`` that came in files, beside those that the keys ``given`` will make.

        Raises:
            InvalidInput: one is of something else, or a stranger's, or its officer approves already, or it is not
                signed by that officer.
        """
        message = signed_bytes(said.log_id, said.body, "approvals", said.source_id)
        known = {approver_id(key): key for key in self.keys}
        seen = {approver_id(key.public) for key in given}
        for number, item in enumerate(approvals, start=1):
            what, approval = f"approval {number}", item.approval
            item.check(said, what)
            if approval.key_id not in known:
                raise InvalidInput(what, "not by an officer whom this source's key statement names")
            if approval.key_id in seen:
                raise InvalidInput(what, "by an officer who approves already: each approves once")
            seen.add(approval.key_id)
            signature = Signature(approval.algorithm, approval.signature)
            try:
                verify_signature(known[approval.key_id], message, signature, what)
            except VerificationFailed:
                raise InvalidInput(what, "its signature is not its officer's over this closing") from None
        return [item.approval for item in approvals]


NOBODY: Final = Officers()


@dataclass(frozen=True, slots=True)
class Closed:
    """A period that was closed: what was said of it, and the receipt of that."""

    body: bodies.Closing
    receipt: Receipt


class Closer:
    """How a recorder closes: by itself or by hand, with the keys of those officers who approve."""

    def __init__(self, how: str = AUTO, given: Sequence[SecretKey] = ()) -> None:
        if how not in (AUTO, HAND):
            raise ConfigInvalid([f"close: must be {AUTO} or {HAND}"])
        self._auto, self.given = how == AUTO, tuple(given)
        self._told = False
        self._reasons: set[str] = set()

    def due(self, book: Book | None, minute: int, officers: Officers) -> bool:
        """Return whether the recorder has to close a period at ``minute``; say once where it is not able to."""
        if book is None or not self._auto or minute < book.end:
            return False
        if len({key.public for key in self.given}) >= officers.threshold:
            return True
        if not self._told:
            self._told = True
            name = period_name(book.start, book.period)
            _logger.warning(
                "the closing of %s is due and needs its officers: ledger close --draft FILE asks them", name
            )
        return False

    def rest(self, book: Book | None, now: float) -> float | None:
        """Return how many seconds an idle recorder may rest, None for as long as there is no work."""
        if book is None or not self._auto:
            return None
        left = book.end * 60 - now
        return min(left, LONGEST_REST) if left > 0 else LONGEST_REST

    def failed(self, error: Exception) -> None:
        """Tell, each reason once, why a closing which nobody waits for is not logged yet."""
        if str(error) not in self._reasons:
            self._reasons.add(str(error))
            _logger.warning("a closing that is due is not logged yet: %s", error)


def next_closing(
    book: Book,
    sequence: int,
    source_id: str,
    log_id: Hash,
    approving: Sequence[SecretKey],
    egress: Hash = ZERO_HASH,
    approvals: Sequence[bodies.Approval] = (),
) -> bodies.Closing:
    """Return the CLOSING that says exactly what the next period held, to stand at ``sequence``, approvals included."""
    said = replace(book.next_closing(sequence), egress_digest=egress, approvals=tuple(approvals))
    return approve(log_id, said, approving, source_id)


def closings_due(book: Book, sequence: int, source_id: str, minute: int, last: int) -> list[bodies.Closing]:
    """Return what is to be said of the periods that are over at ``minute`` and begin no later than ``last``.

    Nothing is signed yet: each ``previous`` but the first is left open.
    """
    said = []
    while book.end <= minute and book.start <= last:
        body = book.next_closing(sequence)
        said.append(body)
        book = book.add(Statement(source_id, sequence, minute, body), ZERO_HASH)
        sequence += 1
    return said


def draft_of(
    log_id: Hash, source_id: str, due: Sequence[bodies.Closing], through: int | None, egress: Hash = ZERO_HASH
) -> Draft:
    """Return what officers are to approve: the first of the closings that are ``due``.

    Raises:
        Refused: none is due.
        InvalidInput: ``through`` was given, and is a later period, whose closing names the one before it.
    """
    if not due:
        raise Refused("draft: no period is over that is not closed already")
    draft = Draft(log_id, source_id, replace(due[0], egress_digest=egress))
    if through is not None and len(due) > 1:
        raise InvalidInput("through", f"{draft.period} is to be closed first: each closing names the one before it")
    return draft


def check_over(period: bodies.Period, minute: int, through: int) -> int:
    """Return ``through``, a minute of the last period to be closed; raise InvalidInput unless that is over."""
    if period_end(period_start(through, period), period) > minute:
        raise InvalidInput("through", "names a period that is not over yet")
    return through
