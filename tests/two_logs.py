"""One log as both implementations know it: whatever is said next, they must say the same of it."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from ledger.core import bodies
from ledger.core.batch import Binding, decode_batch, sign_batch
from ledger.core.chain import LogState
from ledger.core.closings import Book
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import LedgerError
from ledger.core.life import Lives
from ledger.core.parties import Source
from ledger.core.signing import SecretKey
from ledger.core.statement import Statement, roots_of
from tests.vectors.basics import Disproven
from tests.vectors.closings import Closings
from tests.vectors.replay import Log, replay, split

Said = Sequence[tuple[int, bodies.Body]]
"""Statements of a batch with their minutes."""


@dataclass(slots=True)
class TwoLogs:
    """What the same leaves add up to, here and there."""

    here: LogState
    lives: Lives
    there: Log

    @classmethod
    def of(cls, leaves: Sequence[bytes]) -> "TwoLogs":
        """Return the log of these leaves."""
        opened, *rest = [decode_batch(leaves) for leaves in split(leaves)]
        state, lives = LogState.open(opened), Lives()
        lives.take(opened, 0, {})
        for batch in rest:
            lives.take(batch, state.size, state.replay(batch, lives.find))
        return cls(state, lives, replay(leaves))

    def source(self, source_id: str) -> Source:
        """Return a source as the ledger knows it."""
        return self.here.source(source_id)

    def sealed(self, source_id: str, key: SecretKey, said: Said) -> tuple[bytes, ...]:
        """Return the leaves of what would be the next batch of a chain."""
        source = self.source(source_id)
        binding = Binding(self.here.log_id, source.key_statement, source.previous)
        first = source.next_sequence
        statements = [Statement(source_id, first + at, minute, body) for at, (minute, body) in enumerate(said)]
        sealed = Hash(bytes([1] * 32)) if any(roots_of(body) for _, body in said) else ZERO_HASH
        return sign_batch(statements, binding, sealed, [key.sign])

    def takes(self, source_id: str, key: SecretKey, said: Said) -> bool:
        """Return whether both take what is said next, and go on behind it if they do; fail if only one does."""
        leaves = self.sealed(source_id, key, said)
        here, there = self._here(leaves), self._there(leaves)
        assert here == there, f"here {here}, there {there}: {said}"
        if here:
            assert {name: shown(source.book) for name, source in self.here.sources.items() if name != "ledger"} == {
                name: shown_there(chain.closings) for name, chain in self.there.chains.items() if chain.closings
            }
        return here

    def _here(self, leaves: Sequence[bytes]) -> bool:
        first = self.here.size
        try:
            batch = decode_batch(leaves)
            self.lives.take(batch, first, self.here.replay(batch, self.lives.find))
        except LedgerError:
            return False
        return True

    def _there(self, leaves: Sequence[bytes]) -> bool:
        after = deepcopy(self.there)
        try:
            after.take(leaves)
        except Disproven:
            return False
        self.there = after
        return True


def shown(book: Book) -> dict[str, object]:
    """Return what the ledger knows of the periods of a source."""
    tallies = [(tally.start, tally.first, *tally.counts) for tally in book.tallies]
    return {"start": book.start, "sequence": book.sequence, "closing": book.closing, "tallies": tallies}


def shown_there(closings: Closings) -> dict[str, object]:
    """Return what the second implementation knows of them."""
    tallies = [tuple(tally.values()) for tally in closings.tallies()]
    return {
        "start": closings.next_start,
        "sequence": closings.end_sequence,
        "closing": closings.latest,
        "tallies": tallies,
    }
