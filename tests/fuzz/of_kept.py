"""Targets: what is kept between runs: a judgment, a recorder's journal with what waits in it, rows of lives."""

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from ledger.client.book import decode_book, encode_book
from ledger.client.journal import Journal, Position
from ledger.client.releases import Opens
from ledger.core import bodies
from ledger.core.closings import Book, Tally
from ledger.core.completeness_state import HEADER, resume, save
from ledger.core.encoding import HASH_SIZE, Hash, sha256, u64
from ledger.core.errors import InvalidInput, NotStored, StoreDamaged, WrongLog
from ledger.core.life import Life
from ledger.engine import rows
from tests.core.judging import judged, policy_of
from tests.core.test_completeness_state import rich
from tests.core.world import disclosure
from tests.fuzz.driving import NEEDLE, Target, require_same
from tests.fuzz.mutating import BOUNDS, text

_WORLD: Final = rich()
_POLICY: Final = policy_of(_WORLD)
_JUDGED: Final = judged(_WORLD, _POLICY)
_LOG_ID: Final = Hash(bytes([1]) * HASH_SIZE)
_SEED: Final = bytes([3]) * HASH_SIZE


def _judgment(data: bytes) -> None:
    """Whatever a judgment is resumed from, it is kept as it was read."""
    kept = save(resume(data, _WORLD.vkey, _POLICY))
    require_same(save(resume(kept, _WORLD.vkey, _POLICY)), kept)


def _state(chance: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    """Return a state changed as text, or in one value or its columns under a hash that is right again."""
    begin = len(HEADER) + 8
    end = begin + int.from_bytes(data[len(HEADER) : begin], "big")
    if not data.startswith(HEADER) or end > len(data) or not chance.randrange(4):
        return text(chance, data, seeds)
    try:
        small, columns = json.loads(data[begin:end]), data[end:-HASH_SIZE]
    except (ValueError, RecursionError):
        return text(chance, data, seeds)
    if chance.randrange(4):
        small = _value(chance, small)
    else:
        columns = text(chance, columns, seeds)[: len(columns) + 64]
    written = json.dumps(small, separators=(",", ":")).encode()
    whole = HEADER + u64(len(written)) + written + columns
    return whole + sha256(whole)


def _value(chance: Random, value: Any) -> Any:
    """Return what JSON held, with one value in it changed, left out or doubled."""
    if not isinstance(value, list) or not value or not chance.randrange(6):
        return chance.choice((*BOUNDS, -1, None, True, "", "00", "ff" * HASH_SIZE, 0.5, [], {}, [[]], [[0, 0]], value))
    at = chance.randrange(len(value))
    match chance.randrange(8):
        case 0:
            return value[:at] + value[at + 1 :]
        case 1:
            return [*value[: at + 1], *value[at:]]
        case _:
            return [*value[:at], _value(chance, value[at]), *value[at + 1 :]]


def _book(data: bytes) -> None:
    found = decode_book(data.decode("utf-8", "replace"))
    found.next_closing(found.sequence)
    require_same(decode_book(encode_book(found)), found)


def _journal(data: bytes) -> None:
    """A database with something damaged is refused, or opens and is read to its end."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "journal.sqlite").write_bytes(data)
        journal = Journal(Path(directory), _LOG_ID, "alpha", _SEED)
        try:
            journal.pending()
            journal.releases()
            journal.waiting.rows()
            journal.waiting.numbers()
            for number, held in journal.waiting.oldest():
                require_same(journal.waiting.one(number), held)
            journal.settle(journal.position)
        finally:
            journal.close()


def _journals() -> tuple[bytes, ...]:
    """Return databases: one at its beginning, one with a batch on its way, what waits and a release."""
    found = []
    for busy in (False, True):
        with tempfile.TemporaryDirectory() as directory:
            journal = Journal(Path(directory), _LOG_ID, "alpha", _SEED)
            if busy:
                book = Book.begin(bodies.Period.WEEK, _WORLD.minute)
                journal.settle(Position(5, _LOG_ID, _WORLD.minute, 9, _LOG_ID, book))
                journal.waiting.put([disclosure(notes=NEEDLE), disclosure()], 60 * _WORLD.minute)
                journal.store(5, b"a batch", {5: (_LOG_ID, Opens(_LOG_ID))}, [1])
                journal.waiting.refuse(2, "embargo: too long")
            journal._db.execute("PRAGMA journal_mode=DELETE")
            journal.close()
            found.append((Path(directory) / "journal.sqlite").read_bytes())
    return tuple(found)


def _life(data: bytes) -> None:
    life = rows.read_life(data, _BEGUN)
    require_same(rows.write_life(life), data)
    require_same(rows.read_erased(data), life.erased)


def _deposit(data: bytes) -> None:
    """The first bytes are the row's key."""
    key, box = data[: HASH_SIZE + 8], data[HASH_SIZE + 8 :]
    found = rows.read_deposit(key, box)
    require_same(key.endswith(found.key_id) and found.box == box, True)


_BEGUN: Final = Life.begin(3, _LOG_ID, bodies.LogClosed(0, "", ""))
_LIVES: Final = tuple(
    rows.write_life(Life(3, _LOG_ID, _BEGUN.body, *told)) for told in ((0, 0, 0, 0, 9), (670, 2, 2**40, 8, 2**64 - 1))
)
_BOOKS: Final = (
    Book.begin(bodies.Period.DAY, 29_365_920),
    Book(bodies.Period.WEEK, 0, 10080, 7, _LOG_ID, (Tally(10080, 7, 3, 2, 1, 0), Tally(20160, 9, 0, 0, 0, 1))),
)
_MADE: Final[Callable[[Book], bytes]] = lambda book: encode_book(book).encode()  # noqa: E731 -- a name for map

TARGETS: Final = (
    Target("completeness_state.resume", _judgment, (InvalidInput, WrongLog), (save(_JUDGED),), _state),
    Target("decode_book", _book, (StoreDamaged,), tuple(map(_MADE, _BOOKS)), text),
    Target("Journal", _journal, (StoreDamaged, NotStored), _journals(), text),
    Target("read_life", _life, (StoreDamaged,), _LIVES, text),
    Target("read_deposit", _deposit, (StoreDamaged,), (bytes(HASH_SIZE + 8) + bytes(80),), text),
)
