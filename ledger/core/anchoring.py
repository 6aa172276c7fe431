"""Whether a log anchored witnesses' time as often as it should, and whether sources ran ahead of it (protocol §9)."""

from dataclasses import dataclass, field

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.encoding import Hash
from ledger.core.findings import ANCHOR_INTERVAL, GRACE, Evidence, Finding, Kind, lasting, when
from ledger.core.rules import LEDGER


@dataclass(frozen=True, slots=True)
class Minute:
    """The first entry of a source that it recorded at ``minute``."""

    index: int
    leaf_hash: Hash
    minute: int


@dataclass(slots=True)
class Anchoring:
    """What is known of ANCHORs while batches come by in index order.

    ``since`` is the minute of the latest ANCHOR, or from which on the log's witness policy is the one at hand, None
    while it is another one; ``told`` says that its absence is a finding already. ``ahead`` has by source what no ANCHOR
    covers yet, one entry a minute, if anything is ``witnessed``.
    """

    witnessed: bool
    since: int | None = None
    told: bool = False
    ahead: dict[str, list[Minute]] = field(default_factory=dict)

    def take(self, batch: Batch, first: int, minute: int, judged: bool) -> list[Finding]:
        """Return what a batch at index ``first`` shows; ``judged``: the log's witness policy is the one at hand."""
        if self.witnessed:
            self._remember(batch, first)
        if not judged:
            self.since = None
            return []
        if self.since is None:
            self.since, self.told = minute, False
        only = batch.source_id == LEDGER and all(
            isinstance(leaf.statement.body, bodies.Anchor) for leaf in batch.leaves
        )
        if only or self.told or minute - self.since <= ANCHOR_INTERVAL:
            return []
        self.told = True
        evidence = Evidence(first + batch.count - 1, batch.leaf_hashes[-1])
        words = f"no anchor since {when(self.since)}, {lasting(minute - self.since)} before this entry"
        return [Finding(Kind.ANCHOR, LEDGER, minute, words, (evidence,))]

    def anchor(self, size: int, minute: int, recorded_at: int) -> list[Finding]:
        """Return what an ANCHOR shows whose quorum vouches for ``size`` entries at ``minute``, zeros for none."""
        if not size:
            return []
        if self.since is not None:
            self.since, self.told = max(recorded_at, minute), False
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

    def _remember(self, batch: Batch, first: int) -> None:
        seen = self.ahead.setdefault(batch.source_id, [])
        ends = (0, batch.first_minute), (batch.count - 1, batch.last_minute)
        for at, minute in ends:
            if not seen or seen[-1].minute < minute:
                seen.append(Minute(first + at, batch.leaf_hashes[at], minute))
