"""What becomes of an entry once it is logged: delivered, corrected, its embargo extended or lifted, erased.

Statements that refer to an entry name it by its source's sequence and its leaf hash (protocol §4). ``follow`` says
whether a batch may say what it says of others, and what they have come to with it. Entries that nothing refers to cost
nothing: their life is what their own leaf says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, Refused
from ledger.core.inner import verify_approvals
from ledger.core.rules import MAX_EMBARGO_MONTHS
from ledger.core.signing import PublicKey
from ledger.core.statement import Statement, roots_of

APPROVED_FROM: Final = 3
"""The number of an extension from which on officers approve it."""

Place = tuple[str, int]
"""A source id and a sequence of its chain."""

Following = bodies.Delivery | bodies.Correction | bodies.EmbargoLifted | bodies.EmbargoExtended
"""What a source says of an earlier statement of its own."""

Keys = tuple[bytes, int]
"""The keys root and the class that lookup keys, as they travelled, give."""


@dataclass(frozen=True, slots=True)
class Life:
    """One entry, and what the log says of it so far.

    ``until`` is the month its embargo ends (0: none; of a correction, what it inherited), ``extensions`` how often
    that was prolonged. ``lifted``, ``delivery`` and ``erased`` are the indexes of the statements that say so, 0 for
    none: index 0 is LOG_OPENED.
    """

    index: int
    leaf_hash: Hash
    body: bodies.Body
    until: int = 0
    extensions: int = 0
    lifted: int = 0
    delivery: int = 0
    erased: int = 0

    @classmethod
    def begin(cls, index: int, leaf_hash: Hash, body: bodies.Body) -> "Life":
        """Return the life of an entry that nothing refers to yet."""
        embargo = body.embargo if isinstance(body, bodies.Disclosure) else None
        return cls(index, leaf_hash, body, 0 if embargo is None else embargo.until)

    @property
    def withheld(self) -> bool:
        """Whether it is under embargo: its lookup keys are still with the source."""
        return self.until > 0 and not self.lifted

    @property
    def told(self) -> tuple[int, int, int, int, int]:
        """What others said of it: until, extensions, lifted, delivery, erased."""
        return self.until, self.extensions, self.lifted, self.delivery, self.erased


Find = Callable[[str, int], Life | None]
"""Returns the life of a source's sequence as the log has come to it, None for one that the source has not used."""


@dataclass(frozen=True, slots=True)
class Officers:
    """Who approves for a source, and how many of them it takes at least."""

    keys: tuple[PublicKey, ...] = ()
    threshold: int = 0


class Lives:
    """The lives of all entries that were taken, in memory."""

    def __init__(self) -> None:
        self._lives: dict[Place, Life] = {}

    def find(self, source_id: str, sequence: int) -> Life | None:
        """Return an entry's life, None for one that was not taken."""
        return self._lives.get((source_id, sequence))

    def take(self, batch: Batch, first: int, changed: Mapping[Place, Life]) -> None:
        """Take the entries of a batch at index ``first`` and the lives that it changes, its own entries' included."""
        for position, leaf in enumerate(batch.leaves):
            place = (batch.source_id, batch.first_sequence + position)
            self._lives[place] = Life.begin(first + position, batch.leaf_hashes[position], leaf.statement.body)
        self._lives.update(changed)


def target_of(statement: Statement) -> tuple[Place, bodies.Target] | None:
    """Return which entry a statement refers to, None if it refers to none."""
    body = statement.body
    if isinstance(body, bodies.Erasure):
        return (body.source_id, body.target.sequence), body.target
    if isinstance(body, Following):
        return (statement.source_id, body.target.sequence), body.target
    return None


def follow(
    batch: Batch,
    first: int,
    find: Find,
    log_id: Hash,
    officers: Officers,
    travelled: Mapping[int, Keys] | None = None,
) -> dict[Place, Life]:
    """Return the lives that ``batch`` changes once it stands at index ``first``.

    ``travelled`` holds, by position, what the lookup keys beside a CORRECTION or EMBARGO_LIFTED give; None where only
    the leaves are at hand, which do not tell.

    Raises:
        InvalidInput: a statement does not fit what it refers to.
        Refused: it may not be said of its target, or not yet.
        VerificationFailed: an approval does not verify.
    """
    after = _After(batch, first, find, log_id, officers, travelled)
    for position, said in batch.others:
        after.take(position, said)
    return after.changes


class _After:
    """The lives that a batch changes, statement by statement."""

    def __init__(
        self,
        batch: Batch,
        first: int,
        find: Find,
        log_id: Hash,
        officers: Officers,
        travelled: Mapping[int, Keys] | None,
    ) -> None:
        self.changes: dict[Place, Life] = {}
        self._batch, self._first, self._find = batch, first, find
        self._log_id, self._officers, self._travelled = log_id, officers, travelled

    def take(self, position: int, statement: Statement) -> None:
        """Follow one statement; most refer to nothing."""
        named = target_of(statement)
        if named is None:
            return
        place, target = named
        life = self._life(place, position)
        if life is None:
            raise Refused("target: no earlier statement of this source has this sequence")
        if life.leaf_hash != target.leaf_hash:
            raise Refused("target.leaf_hash: not the one of that statement")
        index = self._first + position
        match statement.body:
            case bodies.Delivery():
                self.changes[place] = _delivered(life, index)
            case bodies.Correction() as body:
                self._correct(position, body, life)
            case bodies.EmbargoLifted():
                self._check_lift(position, place, life)
                self.changes[place] = replace(life, lifted=index)
            case bodies.EmbargoExtended() as body:
                self.changes[place] = self._extended(body, life)
            case _:
                self._check_erasure(place, position, life)
                self.changes[place] = replace(life, erased=index)

    def _life(self, place: Place, position: int) -> Life | None:
        """Return what an entry has come to, this batch's statements before ``position`` included."""
        if place in self.changes:
            return self.changes[place]
        batch = self._batch
        source_id, sequence = place
        within = sequence - batch.first_sequence
        if source_id != batch.source_id or within < 0:
            return self._find(source_id, sequence)
        if within >= position:
            return None
        return Life.begin(self._first + within, batch.leaf_hashes[within], batch.leaves[within].statement.body)

    def _before(self, place: Place, position: int, life: Life) -> Life | None:
        """Return the life of the entry that ``life`` itself refers to, None where it is the first."""
        if not isinstance(life.body, Following):
            return None
        found = self._life((place[0], life.body.target.sequence), position)
        assert found is not None  # noqa: S101 -- it was found when this one was admitted
        return found

    def _correct(self, position: int, body: bodies.Correction, life: Life) -> None:
        if not isinstance(life.body, bodies.Disclosure | bodies.Delivery | bodies.EmbargoExtended):
            raise Refused("target: a CORRECTION names a DISCLOSURE, DELIVERY or EMBARGO_EXTENDED")
        if life.erased:
            raise Refused(f"target: erased by entry {life.erased}")
        if isinstance(life.body, bodies.Disclosure) != bool(body.keys_root):
            raise InvalidInput("keys_root", "stands in the CORRECTION of a DISCLOSURE, and in no other")
        if self._travelled is not None and body.keys_root and (position in self._travelled) == life.withheld:
            raise InvalidInput("keys", "travel with the CORRECTION of a DISCLOSURE, unless that is under embargo")
        if life.withheld:
            place = (self._batch.source_id, self._batch.first_sequence + position)
            own = Life(self._first + position, self._batch.leaf_hashes[position], body, life.until)
            self.changes[place] = own

    def _check_lift(self, position: int, place: Place, life: Life) -> None:
        if not life.withheld:
            raise Refused("target: is under no embargo, or that was lifted")
        before = self._before(place, position, life)
        if before is not None and before.withheld:
            raise Refused("target: the DISCLOSURE that it corrects is lifted first")
        if self._travelled is not None and self._travelled.get(position) != _keys_of(life.body):
            raise InvalidInput("keys", "must give the keys root of the entry whose embargo is lifted")

    def _extended(self, body: bodies.EmbargoExtended, life: Life) -> Life:
        if not isinstance(life.body, bodies.Disclosure) or not life.withheld:
            raise Refused("target: is no DISCLOSURE under embargo")
        if body.number != life.extensions + 1:
            raise Refused(f"number: the next extension of this embargo is number {life.extensions + 1}")
        if not life.until < body.until <= life.until + MAX_EMBARGO_MONTHS:
            raise InvalidInput("until", f"must be 1 to {MAX_EMBARGO_MONTHS} months after the end that it extends")
        needed = max(self._officers.threshold, 1) if body.number >= APPROVED_FROM else 0
        verify_approvals(self._log_id, body, self._officers.keys, needed, self._batch.source_id)
        return replace(life, until=body.until, extensions=body.number)

    def _check_erasure(self, place: Place, position: int, life: Life) -> None:
        if roots_of(life.body) is None:
            raise Refused("target: has no payload")
        if life.erased:
            raise Refused(f"target: erased by entry {life.erased}")
        chain: Life | None = life
        while chain is not None:
            if chain.withheld:
                raise Refused("target: is under embargo; erase it once that is lifted")
            chain = self._before(place, position, chain)


def _delivered(life: Life, index: int) -> Life:
    if not isinstance(life.body, bodies.Disclosure):
        raise Refused("target: a DELIVERY names a DISCLOSURE")
    if life.body.part is not None and life.body.part.index:
        raise Refused("target: a DELIVERY names the first part, which stands for all")
    if life.delivery:
        raise Refused(f"target: has a DELIVERY, entry {life.delivery}")
    return replace(life, delivery=index)


def _keys_of(body: bodies.Body) -> Keys | None:
    roots = roots_of(body)
    return roots and (roots.keys_root, roots.key_class)
