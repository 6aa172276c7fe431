"""What is kept of every entry while a log is replayed from its leaves: enough to hold later statements against it.

Some 25 bytes an entry, in columns: the beginning of its leaf hash, its kind, and a number. Which index a sequence has
is kept by runs, the day by its first sequence; what only few entries have lies in a mapping.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.life import Following, Life, Place
from ledger.core.periods import DAY

PREFIX: Final = 16
"""Bytes of a leaf hash that are kept: who would pass another leaf off as the one meant needs 2^128 tries."""

DISCLOSURE, PART, DELIVERY, CORRECTION, AMENDMENT, LIFT, EXTENSION, OTHER = range(8)
"""Kinds; PART is every part of a handover but its first, AMENDMENT a CORRECTION of anything but a DISCLOSURE."""

_SHAPE: Final = bodies.Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)
_LATER: Final = replace(_SHAPE, part=bodies.Part(1, 2))
_DELIVERED: Final = bodies.DeliveryResult.DELIVERED
_BODIES: Final[tuple[Callable[[bodies.Target], bodies.Body], ...]] = (
    lambda _: _SHAPE,
    lambda _: _LATER,
    lambda target: bodies.Delivery(target, _DELIVERED, ZERO_HASH, ZERO_HASH),
    lambda target: bodies.Correction(target, ZERO_HASH, ZERO_HASH, ZERO_HASH),
    lambda target: bodies.Correction(target, ZERO_HASH, ZERO_HASH),
    bodies.EmbargoLifted,
    lambda target: bodies.EmbargoExtended(target, 1, 1, ZERO_HASH, ZERO_HASH),
    lambda _: bodies.LogClosed(0, "", ""),
)
"""By kind, a body that says no more than what it refers to; of OTHER one that nothing may refer to."""


@dataclass(slots=True)
class Chain:
    """The entries of one source, by sequence.

    ``numbers`` has eight bytes an entry: of a DISCLOSURE the index of its DELIVERY or 0, of what refers to another the
    sequence of that. Runs begin at sequence ``run_firsts``, where index minus sequence becomes ``run_offsets``.
    ``undelivered`` counts disclosures by day, each from sequence ``day_firsts`` on.
    """

    hashes: bytearray = field(default_factory=bytearray)
    kinds: bytearray = field(default_factory=bytearray)
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    run_firsts: "array[int]" = field(default_factory=lambda: array("Q"))
    run_offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    days: list[int] = field(default_factory=list)
    day_firsts: list[int] = field(default_factory=list)
    undelivered: Counter[int] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.kinds)

    def index(self, sequence: int) -> int:
        """Return the index of a statement."""
        return sequence + self.run_offsets[bisect_right(self.run_firsts, sequence) - 1]

    def day(self, sequence: int) -> int:
        """Return the day that a statement was recorded at."""
        return self.days[bisect_right(self.day_firsts, sequence) - 1]

    def prefix(self, sequence: int) -> bytes:
        """Return how the leaf hash of a statement begins."""
        return bytes(self.hashes[PREFIX * sequence : PREFIX * (sequence + 1)])

    def body(self, sequence: int) -> bodies.Body:
        """Return a body of the same kind, that refers to the same sequence; all else in it is zeros."""
        return _BODIES[self.kinds[sequence]](bodies.Target(self.numbers[sequence], ZERO_HASH))

    def take(self, batch: Batch, first: int) -> None:
        """Take the batch at index ``first``."""
        begin, count = len(self.kinds), batch.count
        self.hashes += b"".join([leaf_hash[:PREFIX] for leaf_hash in batch.leaf_hashes])
        self.kinds += bytes(count)
        self.numbers.frombytes(bytes(8 * count))
        for position, said in batch.others:
            self.kinds[begin + position] = kind_of(said.body)
            if isinstance(said.body, Following):
                self.numbers[begin + position] = said.body.target.sequence
        offset = first - begin
        if not self.run_offsets or self.run_offsets[-1] != offset:
            self.run_firsts.append(begin)
            self.run_offsets.append(offset)
        self._date(batch, begin)

    def _date(self, batch: Batch, begin: int) -> None:
        first, last = batch.first_minute // DAY, batch.last_minute // DAY
        if first == last:
            self._mark(first, begin)
            self.undelivered[first] += self.kinds.count(DISCLOSURE, begin)
            return
        for position, leaf in enumerate(batch.leaves):
            day = leaf.statement.recorded_at // DAY
            self._mark(day, begin + position)
            self.undelivered[day] += self.kinds[begin + position] == DISCLOSURE

    def _mark(self, day: int, sequence: int) -> None:
        if not self.days or self.days[-1] != day:
            self.days.append(day)
            self.day_firsts.append(sequence)

    def deliver(self, sequence: int, index: int) -> None:
        """Note that the DELIVERY of a disclosure stands at ``index``."""
        self.numbers[sequence] = index
        self.undelivered[self.day(sequence)] -= 1

    def unresolved(self, day: int) -> Iterator[int]:
        """Yield the sequences of a day's disclosures that have no DELIVERY, ascending."""
        at = bisect_right(self.days, day) - 1
        end = self.day_firsts[at + 1] if at + 1 < len(self.days) else len(self.kinds)
        for sequence in range(self.day_firsts[at], end):
            if self.kinds[sequence] == DISCLOSURE and not self.numbers[sequence]:
                yield sequence


@dataclass(slots=True)
class Told:
    """What later statements said of an entry that has or inherited an embargo, or was erased."""

    until: int
    extensions: int
    lifted: int
    erased: int


@dataclass(slots=True)
class Entries:
    """The entries of all sources."""

    chains: dict[str, Chain] = field(default_factory=dict)
    told: dict[Place, Told] = field(default_factory=dict)

    def find(self, source_id: str, sequence: int, named: Sequence[Hash]) -> Life | None:
        """Return the life of an entry, None for one that was not taken.

        Its leaf hash is the first of ``named`` that begins as it does; no other one can be told.
        """
        chain = self.chains.get(source_id)
        if chain is None or sequence >= len(chain):
            return None
        prefix = chain.prefix(sequence)
        fitting = [leaf_hash for leaf_hash in named if leaf_hash.startswith(prefix)]
        leaf_hash = fitting[0] if fitting else Hash(prefix.ljust(len(ZERO_HASH), b"\0"))
        delivery = chain.numbers[sequence] if chain.kinds[sequence] == DISCLOSURE else 0
        told = self.told.get((source_id, sequence), Told(0, 0, 0, 0))
        return Life(
            chain.index(sequence),
            leaf_hash,
            chain.body(sequence),
            told.until,
            told.extensions,
            told.lifted,
            delivery,
            told.erased,
        )

    def take(self, batch: Batch, first: int, changed: Mapping[Place, Life]) -> None:
        """Take a batch at index ``first`` and the lives that it changes, as ``ledger.core.life.follow`` has them."""
        self.chains.setdefault(batch.source_id, Chain()).take(batch, first)
        for _, said in batch.others:
            if isinstance(said.body, bodies.Disclosure) and said.body.embargo is not None:
                self.told[said.source_id, said.sequence] = Told(said.body.embargo.until, 0, 0, 0)
        for place, life in changed.items():
            if life.delivery >= first:
                self.chains[place[0]].deliver(place[1], life.delivery)
            if life.until or life.erased:
                self.told[place] = Told(life.until, life.extensions, life.lifted, life.erased)


def kind_of(body: bodies.Body) -> int:
    """Return the kind that is kept of a body."""
    match body:
        case bodies.Disclosure():
            return PART if body.part is not None and body.part.index else DISCLOSURE
        case bodies.Delivery():
            return DELIVERY
        case bodies.Correction():
            return CORRECTION if body.keys_root else AMENDMENT
        case bodies.EmbargoLifted():
            return LIFT
        case bodies.EmbargoExtended():
            return EXTENSION
        case _:
            return OTHER
