"""Whether witnesses saw a log as often as they should, and whether sources ran ahead of them (protocol §9).

Only what a quorum says counts: when an ANCHOR was recorded is the operator's own word, like any other date.
"""

from dataclasses import dataclass, field

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.checkpoint import Checkpoint
from ledger.core.encoding import Hash
from ledger.core.findings import ANCHOR_INTERVAL, GRACE, Evidence, Finding, Kind, lasting, when
from ledger.core.note import Note
from ledger.core.rules import LEDGER


@dataclass(frozen=True, slots=True)
class Minute:
    """The first entry of a source that it recorded at ``minute``."""

    index: int
    leaf_hash: Hash
    minute: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What an ANCHOR at ``index`` says of the log: its first ``size`` entries have this root, as the log signed."""

    index: int
    leaf_hash: Hash
    size: int
    root: Hash


def claim_of(index: int, leaf_hash: Hash, body: bodies.Anchor) -> Claim:
    """Return what an ANCHOR that a log admitted says of it; raise InvalidInput for a note that holds no checkpoint."""
    checkpoint = Checkpoint.parse(Note.parse(body.checkpoint).text)
    return Claim(index, leaf_hash, checkpoint.size, checkpoint.root)


@dataclass(slots=True)
class Anchoring:
    """What is known of ANCHORs while batches come by in index order.

    ``since`` is the latest minute at which a quorum of the policy at hand saw the log; it begins where that is the
    log's own (``known``), else with the first ANCHOR that satisfies it, None before. ``begun`` says when that was, 0
    for the log's beginning. ``gaps`` are findings. ``ahead`` has by source what no ANCHOR covers yet, one entry a
    minute, if anything is ``witnessed``. ``claims`` are still to be held against the log's own tree, which leaves alone
    do not give.
    """

    witnessed: bool
    known: bool = False
    begun: int | None = None
    since: int | None = None
    gaps: list[Finding] = field(default_factory=list)
    ahead: dict[str, list[Minute]] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)

    def take(self, batch: Batch, first: int, minute: int, own: bool) -> None:
        """Take a batch at index ``first``; ``own``: the log's witness policy is the one at hand."""
        if not self.witnessed:
            return
        if own and not self.known:  # what it found of a log that had another policy was no fault of the log
            self.known, self.begun, self.since, self.gaps = True, minute if first else 0, minute, []
        seen = self.ahead.setdefault(batch.source_id, [])
        ends = (0, batch.first_minute), (batch.count - 1, batch.last_minute)
        for at, recorded in ends:
            if not seen or seen[-1].minute < recorded:
                seen.append(Minute(first + at, batch.leaf_hashes[at], recorded))

    def anchor(self, claim: Claim, size: int, minute: int) -> list[Finding]:
        """Return which sources an ANCHOR convicts that vouches for ``size`` entries at ``minute``, zeros for none."""
        self.claims.append(claim)
        if not size:
            return []
        if self.since is None:
            self.begun = self.since = minute
        if minute - self.since > ANCHOR_INTERVAL:
            words = f"no quorum saw the log from {when(self.since)} until {when(minute)}"
            evidence = (Evidence(claim.index, claim.leaf_hash),)
            self.gaps.append(_gap(minute, f"{words}, {lasting(minute - self.since)}", evidence))
        self.since = max(self.since, minute)
        found = []
        for source_id, seen in self.ahead.items():
            covered = [item for item in seen if item.index < size]
            del seen[: len(covered)]
            early = [item for item in covered if item.minute > minute + GRACE]
            if early:
                words = f"recorded at {when(early[0].minute)}, though witnesses had seen it by {when(minute)}"
                evidence = (Evidence(early[0].index, early[0].leaf_hash),)
                found.append(Finding(Kind.BACKDATED, source_id, early[0].minute, words, evidence))
        return found

    def found(self, at: int | None) -> list[Finding]:
        """Return all gaps, also that since the latest ANCHOR up to minute ``at``, unless nobody read so far."""
        if not self.witnessed or at is None:
            return self.gaps
        if self.since is None:
            return [_gap(at, "the log never had this witness policy, and no anchor satisfies it")]
        if at - self.since <= ANCHOR_INTERVAL:
            return self.gaps
        words = f"no quorum of this policy saw the log since {when(self.since)}, {lasting(at - self.since)} ago"
        return [*self.gaps, _gap(at, words)]


def _gap(minute: int, words: str, evidence: tuple[Evidence, ...] = ()) -> Finding:
    return Finding(Kind.ANCHOR, LEDGER, minute, f"{words}: a date in that time may be anything", evidence)
