"""The book of a source as its journal keeps it, and how it is made again from the log where the journal has none.

A source counts for itself: what it has said stands in its own leaves, each read with its proof, and what they add up
to is held against the seal of the last one. What the ledger says of its counts is not asked for.
"""

import json

from ledger.client.reads import LogClient
from ledger.core import bodies
from ledger.core.batch import Binding, decode_batch
from ledger.core.closings import Book, Tally
from ledger.core.encoding import ZERO_HASH, Hash, check_hash, sha256
from ledger.core.errors import InvalidInput, LedgerError, StoreDamaged, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.statement import Leaf, decode_leaf


def encode_book(book: Book) -> str:
    """Return a book as JSON."""
    tallies = [[tally.start, tally.first, *tally.counts] for tally in book.tallies]
    return json.dumps([book.period, book.began, book.start, book.sequence, book.closing.hex(), tallies])


def decode_book(text: str) -> Book:
    """Return what ``encode_book`` was given; raise StoreDamaged for anything else."""
    try:
        period, began, start, sequence, closing, tallies = json.loads(text)
        numbers = [began, start, sequence, *(number for tally in tallies for number in tally)]
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError  # noqa: TRY301 -- a malformed text like any other
        found = tuple([Tally(*tally) for tally in tallies])
        hashed = check_hash(bytes.fromhex(closing), "closing")
        return Book(bodies.Period(period), began, start, sequence, hashed, found)
    except (ValueError, TypeError, RecursionError, InvalidInput):
        raise StoreDamaged(
            "journal: its counts cannot be read; move its directory away to have them counted anew"
        ) from None


async def read_book(reader: LogClient, source_id: str, key_index: int, end: int, previous: Hash) -> Book:
    """Return the book of a source whose chain ends before the sequence ``end``, counted from its leaves.

    ``key_index`` is where its key statement stands, ``previous`` the digest of its last batch: every leaf that is
    counted is one of those that the source's own seals led to.

    Raises:
        VerificationFailed: the log does not hold the chain that the head names.
    """
    begin = key_index
    if not isinstance((await reader.entry(key_index)).statement.body, bodies.SourceEnrolled):
        begin = 0  # its key was changed: the enrolment stands somewhere before
    count = _Counting(reader.pins.log_id, source_id)
    async for chunk in reader.chunks(begin):
        for data in chunk.leaves:
            if source_id.encode() in data:  # most leaves of a log are another's, and need not be decoded
                count.take(decode_leaf(data))
    if count.book is None or (count.next, count.previous) != (end, previous) or count.open:
        raise VerificationFailed("head: the log's own entries do not lead to it")
    return count.book


class _Counting:
    """The fold over a log's leaves: one source's enrolment, key changes and batches."""

    def __init__(self, log_id: Hash, source_id: str) -> None:
        self._log_id, self._source_id = log_id, source_id
        self._key_statement = ZERO_HASH
        self.book: Book | None = None
        self.open: list[bytes] = []
        self.next, self.previous = 0, ZERO_HASH

    def take(self, leaf: Leaf) -> None:
        """Take the next leaf that may be the source's, or be about it."""
        statement, body = leaf.statement, leaf.statement.body
        if isinstance(body, bodies.SourceEnrolled | bodies.SourceKeyChanged) and body.source_id == self._source_id:
            self._key_statement = leaf_hash(leaf.data)
            if isinstance(body, bodies.SourceEnrolled):
                self.book = Book.begin(body.closing_period, statement.recorded_at)
        if statement.source_id == self._source_id:
            self.open.append(leaf.data)
            if statement.seal is not None:
                self._close_batch()

    def _close_batch(self) -> None:
        try:
            batch = decode_batch(tuple(self.open))
            if self.book is None or batch.first_sequence != self.next:
                raise VerificationFailed("entries: a gap in the source's chain")
            self.book = self.book.take(batch)
        except LedgerError as error:
            raise VerificationFailed(f"entries: not a chain of this source: {error}") from None
        binding = Binding(self._log_id, self._key_statement, self.previous)
        self.next, self.previous = batch.end_sequence, sha256(batch.signed_bytes(binding))
        self.open = []
