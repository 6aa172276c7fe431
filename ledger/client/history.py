"""An entry's history: what was said before it and after it about the same disclosure, in the log's order.

That nothing is left out shows only who reads every leaf after the entry, each proven to be in the log: so it is done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.client.reads import Entry, LogClient
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import VerificationFailed
from ledger.core.life import Life, Place, target_of
from ledger.core.merkle import leaf_hash
from ledger.core.rules import month_of, month_text
from ledger.core.shape import looks_plain
from ledger.core.statement import Statement, decode_leaf

Where = int | tuple[str, int]
"""An index, or a source id and a sequence."""


@dataclass(frozen=True, slots=True)
class History:
    """A first entry and all that refers to it, to those, and so on; ``size`` is of the tree that was read."""

    entries: tuple[Entry, ...]
    size: int

    @property
    def first(self) -> Entry:
        """The entry that everything else is about."""
        return self.entries[0]

    def life(self, entry: Entry) -> Life:
        """Return what the log says of one of the entries."""
        told = Life.begin(entry.index, leaf_hash(entry.leaf), entry.statement.body)
        until, extensions, lifted, delivery, erased = told.told
        if isinstance(entry.statement.body, bodies.Correction) and self._inherits(entry):
            until = self.life(self.first).until
        for other in self.entries:
            named = target_of(other.statement)
            if named is None or named[0] != _place(entry.statement):
                continue
            match other.statement.body:
                case bodies.EmbargoExtended() as body:
                    until, extensions = body.until, body.number
                case bodies.EmbargoLifted():
                    lifted = other.index
                case bodies.Delivery():
                    delivery = other.index
                case bodies.Erasure():
                    erased = other.index
        return Life(entry.index, told.leaf_hash, told.body, until, extensions, lifted, delivery, erased)

    def _inherits(self, correction: Entry) -> bool:
        """Return whether the first entry was under embargo when a correction of it was logged."""
        first = self.life(self.first)
        named = target_of(correction.statement)
        about_first = named is not None and named[0] == _place(self.first.statement)
        return about_first and first.until > 0 and (not first.lifted or correction.index < first.lifted)

    def find(self, index: int) -> Entry:
        """Return the entry of the history at ``index``."""
        return next(entry for entry in self.entries if entry.index == index)

    def state(self, minute: int) -> list[str]:
        """Return how things stand at ``minute``, in words, of the first entry."""
        life = self.life(self.first)
        words = []
        if isinstance(self.first.statement.body, bodies.Disclosure):
            words.append(self._delivered(life))
        if life.until:
            words.append(self._embargo(life, minute))
        if life.erased:
            words.append(f"erased by entry {life.erased}")
        return words

    def _delivered(self, life: Life) -> str:
        if not life.delivery:
            return "unresolved: no DELIVERY says what became of it"
        body = self.find(life.delivery).statement.body
        assert isinstance(body, bodies.Delivery)  # noqa: S101 -- a life names its DELIVERY
        return f"{body.result.name.lower()} by entry {life.delivery}"

    def _embargo(self, life: Life, minute: int) -> str:
        until = month_text(life.until)
        if life.lifted:
            return f"embargo lifted by entry {life.lifted}"
        if month_of(minute) >= life.until:
            return f"embargo OVERDUE since {until}, extended {life.extensions} times"
        return f"under embargo until {until}, extended {life.extensions} times"


def _place(statement: Statement) -> Place:
    return statement.source_id, statement.sequence


async def read_history(reader: LogClient, where: Where, told: Callable[[int], None] = lambda _: None) -> History:
    """Return the history that an entry belongs to, which begins with what it refers to; ``told`` of each leaf's index.

    Raises:
        BeyondTree: no such entry.
        VerificationFailed: the log does not verify, or a statement names another entry than the one at its place.
    """
    entry = await _entry(reader, where)
    while (named := target_of(entry.statement)) is not None:
        before = await _entry(reader, named[0])
        if leaf_hash(before.leaf) != named[1].leaf_hash or before.index >= entry.index:
            raise VerificationFailed("target: a statement names another entry than the one at its place")
        entry = before
    entries = [entry]
    known: dict[Place, Hash] = {_place(entry.statement): leaf_hash(entry.leaf)}
    size = (await reader.checkpoint()).checkpoint.size
    if entry.index + 1 < size:
        async for chunk in reader.chunks(entry.index + 1, size):
            told(chunk.proof.begin + len(chunk.leaves))
            entries.extend(_referring(chunk.proof.begin, chunk.leaves, known))
    return History(tuple(entries), size)


def _referring(begin: int, leaves: Sequence[bytes], known: dict[Place, Hash]) -> list[Entry]:
    """Return those of consecutive leaves that refer to a known entry, which makes them known themselves."""
    found = []
    for index, leaf in enumerate(leaves, begin):
        if looks_plain(leaf):
            continue
        statement = decode_leaf(leaf).statement
        named = target_of(statement)
        if named is not None and known.get(named[0]) == named[1].leaf_hash:
            found.append(Entry(index, leaf, statement))
            known[_place(statement)] = leaf_hash(leaf)
    return found


async def _entry(reader: LogClient, where: Where) -> Entry:
    if isinstance(where, int):
        return await reader.entry(where)
    _, verified = await reader.receipt(where)
    return await reader.entry(verified.index)
