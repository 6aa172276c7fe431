"""What a source has said since its last CLOSING, by period, and what its next one has to say (protocol §9).

A ``Book`` is fed a source's statements in order. It holds counts of the periods that are not closed yet, and nothing of
those that are, so that it stays small however long the chain.
"""

from dataclasses import dataclass, replace

from ledger.core import bodies
from ledger.core.batch import Batch
from ledger.core.bodies import Period
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, Refused
from ledger.core.periods import period_end, period_start
from ledger.core.statement import Statement


@dataclass(frozen=True, slots=True)
class Tally:
    """What one period holds so far: ``first`` is its first sequence; the last two counts are also in the first."""

    start: int
    first: int
    disclosures: int = 0
    aborted: int = 0
    embargoed: int = 0
    late: int = 0

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Disclosures, aborted, embargoed, late."""
        return self.disclosures, self.aborted, self.embargoed, self.late

    def add(self, body: bodies.Body) -> "Tally":
        """Return the tally with one statement more; of a handover's parts only the first counts."""
        match body:
            case bodies.Disclosure() if body.part is None or body.part.index == 0:
                return replace(
                    self,
                    disclosures=self.disclosures + 1,
                    embargoed=self.embargoed + (body.embargo is not None),
                    late=self.late + (body.late_for is not None),
                )
            case bodies.Delivery(result=bodies.DeliveryResult.ABORTED):
                return replace(self, aborted=self.aborted + 1)
            case _:
                return self


@dataclass(frozen=True, slots=True)
class Book:
    """The periods of one source: the first is that of its enrolment, ``start`` the first that is not closed.

    ``sequence`` is where that one's statements begin, ``closing`` the leaf hash of the latest CLOSING or zeros, and
    ``tallies`` hold the periods not closed in which something was said, ascending.
    """

    period: Period
    began: int
    start: int
    sequence: int = 0
    closing: Hash = ZERO_HASH
    tallies: tuple[Tally, ...] = ()

    @classmethod
    def begin(cls, period: Period, enrolled: int) -> "Book":
        """Return the book of a source that was enrolled at this minute."""
        start = period_start(enrolled, period)
        return cls(period, start, start)

    @property
    def end(self) -> int:
        """The first minute after the period that is to be closed next."""
        return period_end(self.start, self.period)

    def take(self, batch: Batch) -> "Book":
        """Return the book after a batch.

        Raises:
            InvalidInput, Refused: a CLOSING in it does not say what the chain says, or late_for names no closed period.
        """
        first, last = (period_start(minute, self.period) for minute in (batch.first_minute, batch.last_minute))
        if first == last and not any(needs_order(said.body) for _, said in batch.others):
            tally = self._tally(first, batch.first_sequence)
            tally = replace(tally, disclosures=tally.disclosures + batch.count - len(batch.others))
            for _, said in batch.others:
                tally = tally.add(said.body)
            return self._with(tally)
        book = self
        for position, leaf in enumerate(batch.leaves):
            book = book.add(leaf.statement, batch.leaf_hashes[position])
        return book

    def add(self, said: Statement, leaf_hash: Hash) -> "Book":
        """Return the book after one statement; raise as ``take`` does."""
        start = period_start(said.recorded_at, self.period)
        book = self._with(self._tally(start, said.sequence).add(said.body))
        match said.body:
            case bodies.Closing() as body:
                return book.close(said, body, leaf_hash)
            case bodies.Disclosure(late_for=bodies.LateFor(period_start=late)):
                book.check_late(late)
        return book

    def close(self, said: Statement, body: bodies.Closing, leaf_hash: Hash) -> "Book":
        """Return the book after a CLOSING, which is counted in already; raise unless it says what the chain says."""
        expected = self.next_closing(said.sequence)
        if (body.start, body.end) != (expected.start, expected.end):
            raise Refused(f"start: the period to close next is [{expected.start}, {expected.end})")
        if said.recorded_at < body.end:
            raise Refused("recorded_at: a period is closed once it is over")
        if (body.first_sequence, body.end_sequence) != (expected.first_sequence, expected.end_sequence):
            begin, end = expected.first_sequence, expected.end_sequence
            raise Refused(f"first_sequence: the period's statements are [{begin}, {end})")
        if body.previous != expected.previous:
            raise Refused("previous: not the leaf hash of the previous closing")
        for name in ("disclosures", "aborted", "embargoed", "late"):
            band, count = getattr(body, name), getattr(expected, name).lo
            if not band.lo <= count <= band.hi:
                raise Refused(f"{name}: does not hold what the chain has in this period")
        if body.mapped_through > body.end_sequence:
            raise InvalidInput("mapped_through", "must not exceed end_sequence")
        left = tuple([tally for tally in self.tallies if tally.start >= body.end])
        return replace(self, start=body.end, sequence=body.end_sequence, closing=leaf_hash, tallies=left)

    def next_closing(self, sequence: int) -> bodies.Closing:
        """Return the CLOSING that says exactly what the next period held, to stand at ``sequence`` or after it."""
        end = self.end
        held = [tally for tally in self.tallies if tally.start < end]
        after = [tally.first for tally in self.tallies if tally.start >= end]
        counts = [sum(column) for column in zip(*(tally.counts for tally in held), strict=True)] or [0, 0, 0, 0]
        disclosures, aborted, embargoed, late = (bodies.Count(count, count) for count in counts)
        last = after[0] if after else sequence
        return bodies.Closing(
            self.start, end, self.sequence, last, disclosures, aborted, embargoed, late, self.closing, 0, ZERO_HASH
        )

    def check_late(self, start: int) -> None:
        """Raise Refused unless ``start`` is the first minute of a period that this source has closed."""
        if not self.began <= start < self.start or period_start(start, self.period) != start:
            raise Refused("late_for: names no closed period of this source")

    def _tally(self, start: int, sequence: int) -> Tally:
        if self.tallies and self.tallies[-1].start == start:
            return self.tallies[-1]
        return Tally(start, sequence)

    def _with(self, tally: Tally) -> "Book":
        """Return the book with the latest tally as given: time never goes back along a chain."""
        kept = self.tallies[:-1] if self.tallies and self.tallies[-1].start == tally.start else self.tallies
        return replace(self, tallies=(*kept, tally))


def needs_order(body: bodies.Body) -> bool:
    """Return whether statements are to be taken one by one, because one says something of those before it."""
    return isinstance(body, bodies.Closing) or (isinstance(body, bodies.Disclosure) and body.late_for is not None)
