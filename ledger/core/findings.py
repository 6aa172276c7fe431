"""What a completeness report can find, which rule each finding is measured by, and what shows it (protocol §9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

GRACE: Final = 5
"""Minutes that recorded_at may lie after the quorum time of a checkpoint that covers it."""
ANCHOR_INTERVAL: Final = 25 * 60
"""Minutes from one ANCHOR's quorum time after which the next one is missing: it is due once a day at least."""
SHOWN: Final = 20
"""Entries that are kept as the evidence of one finding; it counts those beyond."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(Enum):
    """Kinds of findings, the gravest first."""

    CONTRADICTED = "contradicted"
    MISSING = "closing missing"
    LAST_MISSING = "last closing missing"
    LATE = "closing late"
    COUNTERSIGNATURE = "countersignature missing"
    FORCED = "key change forced"
    OFFICERS = "officers weakened"
    OVERDUE = "embargo overdue"
    LATE_DISCLOSURES = "late disclosures"
    UNRESOLVED = "unresolved disclosures"
    BACKDATED = "recorded ahead of witnesses"
    ANCHOR = "anchor missing"


RULES: Final = {
    Kind.CONTRADICTED: "a log admits no statement that breaks a rule (protocol §3, §4, §9)",
    Kind.MISSING: "each period is closed by its end and the hours of grace, also with zero (protocol §9)",
    Kind.LAST_MISSING: "a revoked source's last closing stays due (protocol §4)",
    Kind.LATE: "a closing is on time by its effective time (protocol §9)",
    Kind.COUNTERSIGNATURE: "as many officers approve a closing as were asked for when its period ended (protocol §4)",
    Kind.FORCED: "a key change bears the old key's signature, or every report says so (protocol §4)",
    Kind.OFFICERS: "a key change leaves as many of the officers as had to approve before it, asks for no fewer, and "
    "where it asks for several, not for strangers alone",
    Kind.OVERDUE: "an embargo is lifted or extended before its month (protocol §4)",
    Kind.LATE_DISCLOSURES: "a disclosure is logged before its period is closed (protocol §9)",
    Kind.UNRESOLVED: "a DELIVERY says what became of a disclosure (protocol §4)",
    Kind.BACKDATED: f"recorded_at is at most {GRACE} minutes after the quorum time of an anchored checkpoint that "
    "covers it (protocol §9)",
    Kind.ANCHOR: "the log anchors what its witnesses see once a day at least, also at rest (protocol §4, §9)",
}
"""The rule that a finding of each kind is measured by."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entry that shows it: its index and leaf hash, or as much of that as is kept."""

    index: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; ``minute`` lies in the period that it belongs to, 0 for one that belongs to none.

    ``count`` is how many entries it is about, of which ``evidence`` has the first ones; a missing closing has none.
    """

    kind: Kind
    source_id: str
    minute: int
    words: str
    evidence: tuple[Evidence, ...] = ()
    count: int = 1

    @property
    def rule(self) -> str:
        """The rule that it is measured by."""
        return RULES[self.kind]


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the judgment ended, before the entry at ``index``, and why; a log that is ``convicted`` broke a rule."""

    index: int
    words: str
    convicted: bool


def several(kind: Kind, source_id: str, minute: int, words: str, evidence: Sequence[Evidence], count: int) -> Finding:
    """Return one finding about ``count`` entries, with the first few as its evidence."""
    return Finding(kind, source_id, minute, words, tuple(evidence[:SHOWN]), count)


def when(minute: int) -> str:
    """Return a minute since the epoch as people write it."""
    return (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M UTC")


def lasting(minutes: int) -> str:
    """Return a time span in words: 3 days 2 h, 2 h 5 min, 7 min."""
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} {'day' if days == 1 else 'days'}" + (f" {hours} h" if hours else "")
    return f"{hours} h {left} min" if hours else f"{left} min"
