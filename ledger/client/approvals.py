"""Files with which officers approve a CLOSING on machines of their own: a draft goes out, approvals come back.

    {"log_id": hex, "statement": base64}

as requests travel: the statement is the source's future one, still without place, time and seal. A draft has no
approval, an approval's statement is the draft's with one in it: algorithm, key id, signature. Both hold counts only,
and no private key.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.client.requests import PLACED, format_file, parse_file, read_text
from ledger.core import bodies
from ledger.core.bodies import Closing, Period
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput
from ledger.core.inner import approve
from ledger.core.periods import period_end, period_name, period_start
from ledger.core.rules import MAX_MINUTE
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement, encode_statement

COUNTS: Final = ("disclosures", "aborted", "embargoed", "late")
ANEW: Final = "have a new draft approved"


@dataclass(frozen=True, slots=True)
class Draft:
    """The CLOSING of one period as it is about to be said, without approvals."""

    log_id: Hash
    source_id: str
    body: Closing

    @property
    def period(self) -> str:
        """The period's name, such as 2026-11."""
        return period_name(self.body.start, period_of(self.body))

    @property
    def facts(self) -> dict[str, str]:
        """All that is approved, in words."""
        said = self.body
        return {
            "log": self.log_id.hex(),
            "source": self.source_id,
            "period": f"{self.period}, from {_day(said.start)} until {_day(said.end)} UTC",
            **{name: str(getattr(said, name).lo) for name in COUNTS},
            "sequences": f"{said.first_sequence}:{said.end_sequence}",
            "egress log": "none" if said.egress_digest == ZERO_HASH else f"SHA-256 {said.egress_digest.hex()}",
            "follows": "none"
            if said.previous == ZERO_HASH
            else f"the closing whose leaf hash is {said.previous.hex()}",
        }

    def format(self) -> str:
        """Return the file's text."""
        return format_file(self.log_id, self._statement())

    def _statement(self, *approvals: bodies.Approval) -> bytes:
        return encode_statement(Statement(self.source_id, 0, 0, replace(self.body, approvals=approvals)))

    @classmethod
    def parse(cls, text: str) -> "Draft":
        """Parse strictly; raise InvalidInput or Uncheckable unless it is a draft of a whole period's closing."""
        draft, approvals = _parse(text, "draft")
        if approvals:
            raise InvalidInput("draft", "is approved already: give the draft itself")
        return draft

    @classmethod
    def load(cls, path: Path) -> "Draft":
        """Parse the file at ``path``."""
        return cls.parse(read_text(path, "draft"))

    def approve(self, key: SecretKey) -> "OfficerApproval":
        """Return an officer's approval of exactly this."""
        (approval,) = approve(self.log_id, self.body, [key], self.source_id).approvals
        return OfficerApproval(self, approval)


@dataclass(frozen=True, slots=True)
class OfficerApproval:
    """One officer's approval of one draft; whether it is an officer's, only the source's key statement says."""

    draft: Draft
    approval: bodies.Approval

    def format(self) -> str:
        """Return the file's text."""
        return format_file(self.draft.log_id, self.draft._statement(self.approval))

    @classmethod
    def parse(cls, text: str) -> "OfficerApproval":
        """Parse strictly; raise InvalidInput or Uncheckable unless it is one approval of a draft."""
        draft, approvals = _parse(text, "approval")
        if len(approvals) != 1:
            raise InvalidInput("approval", "must hold one approval, as ledger approve writes it")
        return cls(draft, approvals[0])

    @classmethod
    def load(cls, path: Path) -> "OfficerApproval":
        """Parse the file at ``path``."""
        return cls.parse(read_text(path, "approval"))

    def check(self, draft: Draft, what: str = "approval") -> None:
        """Raise InvalidInput, saying what differs, unless it is of exactly ``draft``; ``what`` names it."""
        for difference in _differences(self.draft, draft):
            raise InvalidInput(what, difference)


def _differences(approved: Draft, said: Draft) -> Iterator[str]:
    """Yield in words what was approved otherwise than it is about to be said."""
    if approved.log_id != said.log_id:
        yield "of another log"
    if approved.source_id != said.source_id:
        yield f"of another source, {approved.source_id}"
    if (approved.body.start, approved.body.end) != (said.body.start, said.body.end):
        yield f"of {approved.period}, and {said.period} is to be closed"
    if approved.body.previous != said.body.previous:
        yield f"follows another closing than the latest; {ANEW}"
    if approved.body.egress_digest != said.body.egress_digest:
        yield "with another egress digest: the draft and the closing take the same egress log, or none"
    for name in (*COUNTS, "sequences"):
        one, other = approved.facts[name], said.facts[name]
        if one != other:
            yield f"says {name} {one}, and the closing {other}; {ANEW}"


def _day(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%d}"


def period_of(body: Closing) -> Period:
    """Return whether a CLOSING is of a day, a week or a month; raise InvalidInput unless it is of a whole one."""
    start = body.start
    for period in (Period.DAY, Period.WEEK, Period.MONTH) if start < body.end <= MAX_MINUTE else ():
        if (period_start(start, period), period_end(start, period)) == (start, body.end):
            return period
    raise InvalidInput("statement", "closes no whole day, week or month")


def _parse(text: str, what: str) -> tuple[Draft, tuple[bodies.Approval, ...]]:
    log_id, data, said = parse_file(text, what)
    body = said.body
    if not isinstance(body, Closing):
        raise InvalidInput(what, "not of a closing")
    draft = Draft(log_id, said.source_id, replace(body, approvals=()))
    if draft._statement(*body.approvals) != data:
        raise InvalidInput("statement", PLACED)
    period_of(body)
    if body.mapped_through or any(getattr(body, name).lo != getattr(body, name).hi for name in COUNTS):
        raise InvalidInput("statement", "has bands or a map, which this release does not say")
    return draft, body.approvals
