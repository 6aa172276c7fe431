"""Whether each source closed its periods, judged from leaves alone: a state machine, fed batches in index order.

    judgment = Completeness(log, policy)
    for leaves in batches:
        judgment.take(leaves)

Every seal, chain, approval, closing, anchor and embargo is checked on the way (``ledger.core.chain``). What breaks a
rule convicts the log, which ought not to have admitted it, and ends the judgment there; what follows could not be
checked. ``ledger.core.completeness_report`` says what all of it comes to at a given time,
``ledger.core.completeness_state`` keeps a judgment between runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from ledger.core import bodies
from ledger.core.anchoring import Anchoring, Claim, claim_of
from ledger.core.batch import Batch, decode_batch
from ledger.core.chain import LogState
from ledger.core.embargoes import EffectiveTime, Embargoes
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import LedgerError, Uncheckable, VerificationFailed
from ledger.core.findings import Evidence, Finding, Kind, Stop, lasting, several, when
from ledger.core.kept import Entries
from ledger.core.life import Life, Place, target_of
from ledger.core.merkle import leaf_hash
from ledger.core.note import VKey
from ledger.core.periods import period_name
from ledger.core.policy import Policy
from ledger.core.rules import LEDGER
from ledger.core.signing import PublicKey
from ledger.core.statement import Statement, decode_leaf

HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Closed:
    """A CLOSING as it was judged: ``minute`` is its effective time, ``needed`` how many approvals were asked for."""

    start: int
    index: int
    leaf_hash: Hash
    minute: int
    due: int
    counts: tuple[bodies.Count, bodies.Count, bodies.Count, bodies.Count]
    approvals: int
    needed: int

    @property
    def late(self) -> bool:
        """Whether it came once it was missing."""
        return self.minute > self.due


@dataclass(frozen=True, slots=True)
class Revoked:
    """Where a source was revoked, and its effective minute."""

    index: int
    leaf_hash: Hash
    minute: int
    reason: bodies.RevocationReason


@dataclass(frozen=True, slots=True)
class Terms:
    """What a source owes for periods that end after an effective ``minute``: later terms change nothing of those.

    ``index`` is that of its key statement.
    """

    index: int
    minute: int
    grace_hours: int
    officers: tuple[PublicKey, ...]
    officer_threshold: int


@dataclass(slots=True)
class Noted:
    """What was found so far, in index order; ``newest`` is the latest effective minute of any entry."""

    newest: int = 0
    terms: dict[str, list[Terms]] = field(default_factory=dict)
    closings: dict[str, list[Closed]] = field(default_factory=dict)
    revoked: dict[str, Revoked] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    late: dict[tuple[str, int], Finding] = field(default_factory=dict)
    stop: Stop | None = None


class Completeness:
    """The judgment of the log that signs with ``log``; times by witnesses are those of ``policy``, a policy file.

    ``state`` is None before LOG_OPENED; ``size`` counts the entries that were judged.
    """

    def __init__(self, log: VKey, policy: bytes | None = None) -> None:
        """Begin a judgment; raise InvalidInput or Uncheckable for a malformed policy."""
        self.log = log
        self.policy_digest = ZERO_HASH if policy is None else sha256(policy)
        self._policy = None if policy is None else Policy.parse(policy)
        self.state: LogState | None = None
        self.effective = EffectiveTime(log, self._policy)
        self.embargoes = Embargoes(self.effective)
        self.entries = Entries()
        self.noted = Noted()
        self.anchoring = Anchoring(self.witnessed)

    @property
    def witnessed(self) -> bool:
        """Whether there is a policy that asks for witnesses."""
        return self._policy is not None and self._policy.quorum is not None

    @property
    def size(self) -> int:
        """How many entries were judged."""
        return 0 if self.state is None else self.state.size

    def take(self, leaves: Sequence[bytes]) -> None:
        """Judge the next batch, given by its leaves; nothing is judged any more once something ended it."""
        if self.noted.stop is not None:
            return
        try:
            batch = decode_batch(leaves)
            changed = self._replay(batch)
        except Uncheckable as error:
            self.noted.stop = Stop(self.size, str(error), convicted=False)
        except LedgerError as error:
            self._convict(leaves, str(error))
        else:
            self._note(batch, changed)

    def _replay(self, batch: Batch) -> dict[Place, Life]:
        if self.state is None:
            state = LogState.open(batch)
            if state.governing.checkpoint_vkey != self.log.format():
                raise VerificationFailed("checkpoint_vkey: the log's opening names another key than its checkpoint's")
            self.state = state
            return {}
        named: dict[Place, list[Hash]] = {}
        for _, said in batch.others:
            target = target_of(said)
            if target is not None:
                named.setdefault(target[0], []).append(target[1].leaf_hash)

        def find(source_id: str, sequence: int) -> Life | None:
            return self.entries.find(source_id, sequence, named.get((source_id, sequence), ()))

        return self.state.replay(batch, find)

    def _convict(self, leaves: Sequence[bytes], words: str) -> None:
        """End the judgment at a batch that no honest log admits: at its first leaf that is none, else at its first."""
        statements: list[Statement] = []
        for data in leaves:
            try:
                statements.append(decode_leaf(data).statement)
            except LedgerError:
                break
        at = 0 if len(statements) == len(leaves) else len(statements)
        closings = [said.body.start for said in statements if isinstance(said.body, bodies.Closing)]
        source_id = statements[0].source_id if statements else ""
        minute = statements[0].recorded_at if statements else 0
        self.noted.stop = Stop(self.size + at, words, convicted=True)
        evidence = (Evidence(self.size + at, leaf_hash(leaves[at])),)
        found = Finding(Kind.CONTRADICTED, source_id, (closings or [minute])[0], words, evidence)
        self.noted.findings.append(found)

    def _note(self, batch: Batch, changed: Mapping[Place, Life]) -> None:
        """Take in a batch that was applied."""
        assert self.state is not None  # noqa: S101 -- it was applied
        first = self.state.size - batch.count
        self.entries.take(batch, first, changed)
        minute = max(batch.last_minute, self.effective.minute)
        self.noted.newest = max(self.noted.newest, minute)
        own = self.state.governing.witness_policy_digest == self.policy_digest
        self.anchoring.take(batch, first, minute, own)
        for at, said in batch.others:
            self._say(first + at, batch.leaf_hashes[at], said)

    def _say(self, index: int, hashed: Hash, said: Statement) -> None:
        """Take in one statement that is no plain disclosure."""
        minute = self.effective.of(said)
        match said.body:
            case bodies.Closing() as body:
                self._close(index, hashed, said.source_id, minute, body)
            case bodies.Disclosure() | bodies.Correction() | bodies.EmbargoLifted() | bodies.EmbargoExtended() as body:
                self.embargoes.take(index, hashed, said)
                if isinstance(body, bodies.Disclosure) and body.late_for is not None:
                    self._late(index, hashed, said.source_id, body.late_for.period_start)
            case bodies.SourceEnrolled() | bodies.SourceKeyChanged() as body:
                self._agree(index, hashed, minute, body)
            case bodies.SourceRevoked() as body:
                self.noted.revoked[body.source_id] = Revoked(index, hashed, minute, body.reason)
            case bodies.Anchor() as body:
                claim = claim_of(index, hashed, body)
                self.noted.findings += self.anchoring.anchor(claim, *self.effective.anchored(body))
            case _:
                pass

    def terms(self, source_id: str, end: int) -> Terms:
        """Return what a source owes for the period that ends before minute ``end``: as its key statement said then."""
        first, *later = self.noted.terms[source_id]
        return next((terms for terms in reversed(later) if terms.minute < end), first)

    def officers_changed(self, source_id: str) -> tuple[int, ...]:
        """Return the indexes of a source's key changes that name other officers than before."""
        pairs = pairwise(self.noted.terms[source_id])
        return tuple([after.index for before, after in pairs if set(before.officers) != set(after.officers)])

    def claims(self) -> list[Claim]:
        """Return what ANCHORs say of the log's tree that nobody has asked for yet: each comes back once."""
        claims, self.anchoring.claims = self.anchoring.claims, []
        return claims

    def contradict(self, claim: Claim) -> None:
        """Take in that the log's own tree does not begin with what an ANCHOR says, which its signature vouches for."""
        words = f"the log signed and anchored another root for its first {claim.size} entries than they have"
        evidence = (Evidence(claim.index, claim.leaf_hash),)
        self.noted.findings.append(Finding(Kind.CONTRADICTED, LEDGER, self.noted.newest, words, evidence))

    def _agree(
        self, index: int, hashed: Hash, minute: int, body: bodies.SourceEnrolled | bodies.SourceKeyChanged
    ) -> None:
        """Take in the terms of a source from now on, and what shows where its key was changed."""
        terms = self.noted.terms.setdefault(body.source_id, [])
        if isinstance(body, bodies.SourceKeyChanged):
            if not body.old_key_signatures:
                words = "the source's key was changed without its old key's signature"
                self._find(Kind.FORCED, body.source_id, minute, words, index, hashed)
            needed, old, new = terms[-1].officer_threshold, set(terms[-1].officers), set(body.officers)
            without = needed > 1 and len(new - old) >= body.officer_threshold  # approvals without any of before
            if body.officer_threshold < needed or len(new & old) < needed or without:
                words = f"{needed} officers had to approve; a key change keeps {len(new & old)} of them, "
                words += f"brings {len(new - old)} others and asks for {body.officer_threshold}"
                self._find(Kind.OFFICERS, body.source_id, minute, words, index, hashed)
        terms.append(Terms(index, minute, body.grace_hours, body.officers, body.officer_threshold))

    def _close(self, index: int, hashed: Hash, source_id: str, minute: int, body: bodies.Closing) -> None:
        assert self.state is not None  # noqa: S101 -- it was applied
        source = self.state.sources[source_id]
        counts = (body.disclosures, body.aborted, body.embargoed, body.late)
        terms = self.terms(source_id, body.end)
        approvals, needed = len(body.approvals), terms.officer_threshold
        due = body.end + terms.grace_hours * HOUR
        closed = Closed(body.start, index, hashed, minute, due, counts, approvals, needed)
        self.noted.closings.setdefault(source_id, []).append(closed)
        name = period_name(body.start, source.book.period)
        if closed.late:
            words = f"the closing of {name} was due at {when(due)} and came {lasting(minute - due)} later"
            self._find(Kind.LATE, source_id, body.start, words, index, hashed)
        if approvals < needed:
            words = f"the closing of {name} has {approvals} of the {needed} approvals by officers that it needs"
            self._find(Kind.COUNTERSIGNATURE, source_id, body.start, words, index, hashed)

    def _late(self, index: int, hashed: Hash, source_id: str, start: int) -> None:
        """Add one disclosure to those that came too late for the period that begins at ``start``."""
        assert self.state is not None  # noqa: S101 -- it was applied
        before = self.noted.late.get((source_id, start))
        evidence = [*(before.evidence if before else ()), Evidence(index, hashed)]
        count = 1 + (before.count if before else 0)
        name = period_name(start, self.state.sources[source_id].book.period)
        words = f"{count} {'disclosure' if count == 1 else 'disclosures'} came after {name} was closed"
        found = several(Kind.LATE_DISCLOSURES, source_id, start, words, evidence, count)
        self.noted.late[source_id, start] = found

    def _find(self, kind: Kind, source_id: str, minute: int, words: str, index: int, hashed: Hash) -> None:
        self.noted.findings.append(Finding(kind, source_id, minute, words, (Evidence(index, hashed),)))
