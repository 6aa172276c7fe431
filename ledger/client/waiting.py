"""The waiting room: disclosures that were put off, encrypted in the journal, until they can be signed and delivered.

It is a table of the journal's own database, so that what waits leaves it in the transaction that settles the batch it
was signed in: nothing is lost in between, and nothing is signed twice. A record lies there padded to its payload's
class, under a key derived from the source's own.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt
from nacl.exceptions import CryptoError

from ledger.core.building import prepare
from ledger.core.errors import InvalidInput, NotStored, Refused, StoreDamaged
from ledger.core.lookup_keys import LookupKey
from ledger.core.record import DisclosureRecord
from ledger.core.record_input import Disclosure
from ledger.core.sealed import payload_plaintext

WAITING: Final = """
CREATE TABLE IF NOT EXISTS waiting (
  number INTEGER PRIMARY KEY AUTOINCREMENT, about BLOB NOT NULL, record BLOB NOT NULL, refusal BLOB, signed INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS waiting_signed ON waiting (signed) WHERE signed IS NOT NULL;
"""
"""``signed``: the sequence at which it stands in the batch that is on its way; ``refusal``: why the log refused it."""

LIMIT: Final = 1 << 30
"""Bytes that the journal's database may hold with what waits in it."""

DAMAGE: Final = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file makes SQLite raise: its words may hold bytes of the file, which need not be UTF-8."""

_NONCE: Final = 24
_TAG: Final = 16

Writing = Callable[[], AbstractContextManager[None]]
"""A durable transaction of the journal."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is told of one that waits: ``since`` in seconds, ``size`` of its payload's class, ``refusal`` or empty."""

    number: int
    since: int
    size: int
    refusal: str
    on_its_way: bool

    @property
    def state(self) -> str:
        """How it stands, in a word."""
        return "on its way" if self.on_its_way else "refused" if self.refusal else "waiting"


class WaitingRoom:
    """The rows of one journal; numbers go up and are never given again."""

    def __init__(self, database: sqlite3.Connection, key: bytes, writing: Writing) -> None:
        self._db, self._key, self._writing = database, key, writing

    def put(self, disclosures: Sequence[Disclosure], since: int, limit: int = LIMIT) -> list[int]:
        """Store disclosures durably, all or none, and return their numbers.

        Raises:
            InvalidInput: one does not fit a payload or hands nothing over, so that it could never be recorded.
            NotStored: they cannot be written, or would take the waiting room past ``limit`` bytes.
        """
        plain = []
        for disclosure in disclosures:
            prepare(disclosure, os.urandom)
            plain.append(payload_plaintext(bytes(32), disclosure.keys, disclosure.record.to_json_object()))
        with self._writing():
            numbers = [
                self._insert(text, {"since": since, "embargo": item.embargo, "late_for": item.late_for})
                for text, item in zip(plain, disclosures, strict=True)
            ]
            if self._bytes() > limit:
                raise NotStored(
                    f"waiting room: its database may hold {limit} bytes at most; flush it, nothing was put off"
                )
            return numbers

    def _bytes(self) -> int:
        """Return how many bytes of the database are in use."""
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _insert(self, text: bytes, about: dict[str, int | None]) -> int:
        number = self._db.execute("INSERT INTO waiting (about, record) VALUES (x'', x'')").lastrowid
        assert number is not None  # noqa: S101 -- an INSERT gives a row
        cells = (self._seal("about", number, json.dumps(about).encode()), self._seal("record", number, text), number)
        self._db.execute("UPDATE waiting SET about = ?, record = ? WHERE number = ?", cells)
        return number

    def rows(self) -> list[Waiting]:
        """Return what is to be told of each, by number; no record is opened for it."""
        found = self._read("SELECT number, about, length(record), refusal, signed FROM waiting ORDER BY number")
        return [
            Waiting(
                number,
                int(json.loads(self._open("about", number, about))["since"]),
                size - _NONCE - _TAG,
                self._open("refusal", number, refusal).decode() if refusal else "",
                signed is not None,
            )
            for number, about, size, refusal, signed in found
        ]

    def count(self) -> int:
        """Return how many wait that the log has not refused."""
        (found,) = self._read("SELECT count(*) FROM waiting WHERE refusal IS NULL")
        return int(found[0])

    def oldest(self) -> Iterator[tuple[int, Disclosure]]:
        """Yield what waits to be signed with its number, oldest first."""
        query = "SELECT number, about, record FROM waiting WHERE refusal IS NULL AND signed IS NULL ORDER BY number"
        for number, about, record in self._read(query):
            yield number, self._disclosure(number, about, record)

    def one(self, number: int) -> Disclosure:
        """Return one that waits, in whatever state; raise InvalidInput where there is none."""
        for about, record in self._read("SELECT about, record FROM waiting WHERE number = ?", number):
            return self._disclosure(number, about, record)
        raise InvalidInput("number", "nothing waits under it")

    def numbers(self) -> list[int]:
        """Return the numbers of what is on its way, as they stand in the pending batch."""
        return [number for (number,) in self._read("SELECT number FROM waiting WHERE signed >= 0 ORDER BY signed")]

    def refuse(self, number: int, reason: str) -> None:
        """Move one aside with the reason why the log refuses it."""
        with self._writing():
            sealed = self._seal("refusal", number, reason.encode())
            self._db.execute("UPDATE waiting SET refusal = ? WHERE number = ?", (sealed, number))

    def again(self) -> int:
        """Let those that were refused wait again, and return how many."""
        with self._writing():
            return self._db.execute("UPDATE waiting SET refusal = NULL WHERE refusal IS NOT NULL").rowcount

    def drop(self, number: int) -> None:
        """Take one away for good; raise InvalidInput where none waits under the number, Refused while it is sent."""
        with self._writing():
            if self._db.execute("DELETE FROM waiting WHERE number = ? AND signed IS NULL", (number,)).rowcount:
                return
        self.one(number)
        raise Refused("number: it is on its way to the log; flush settles it")

    def reseal(self, earlier_key: bytes) -> int:
        """Seal anew what was put off under an earlier key, and return how many there were.

        Raises:
            StoreDamaged: one opens under neither key.
        """
        count = 0
        with self._writing():
            found = self._read("SELECT number, about, record, refusal FROM waiting ORDER BY number")
            for number, *cells in list(found):
                if _opens(cells[0], f"about {number}", self._key):
                    continue
                named = [(name, cell) for name, cell in zip(("about", "record", "refusal"), cells, strict=True) if cell]
                for name, cell in named:
                    text = _unseal(cell, f"{name} {number}", earlier_key)
                    query = f"UPDATE waiting SET {name} = ? WHERE number = ?"  # noqa: S608 -- one of three names
                    self._db.execute(query, (self._seal(name, number, text), number))
                count += 1
        return count

    def sign(self, first_sequence: int, numbers: Sequence[int]) -> None:
        """Note, within the journal's transaction, that these are signed in the batch that begins there."""
        placed = [(sequence, number) for sequence, number in enumerate(numbers, first_sequence)]
        self._db.executemany("UPDATE waiting SET signed = ? WHERE number = ?", placed)

    def settle(self, next_sequence: int) -> None:
        """Follow the chain to ``next_sequence``: what is below it is logged, what was to stand at or after it waits."""
        self._db.execute("DELETE FROM waiting WHERE signed < ?", (next_sequence,))
        self._db.execute("UPDATE waiting SET signed = NULL WHERE signed >= ?", (next_sequence,))

    def _disclosure(self, number: int, about: bytes, record: bytes) -> Disclosure:
        known = json.loads(self._open("about", number, about))
        held = json.loads(self._open("record", number, record).rstrip(b"\x00")[:-1])
        keys = tuple(LookupKey(key["type"], bytes.fromhex(key["value"]), key["version"]) for key in held["keys"])
        given = DisclosureRecord.from_json_object(held["record"])
        return Disclosure(given, keys, known["embargo"], known["late_for"])

    def _read(self, query: str, *values: object) -> Iterator[Any]:
        try:
            for row in self._db.execute(query, values):  # noqa: UP028 -- yield from would close the cursor with this
                yield row
        except DAMAGE as error:
            raise StoreDamaged(f"journal: the waiting room cannot be read ({error})") from None

    def _seal(self, cell: str, number: int, text: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        place = f"{cell} {number}".encode()
        return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(text, place, nonce, self._key)

    def _open(self, cell: str, number: int, sealed: bytes) -> bytes:
        return _unseal(sealed, f"{cell} {number}", self._key)


def _unseal(sealed: bytes, place: str, key: bytes) -> bytes:
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[_NONCE:], place.encode(), sealed[:_NONCE], key)
    except (CryptoError, ValueError, TypeError):
        number = place.rpartition(" ")[2]
        raise StoreDamaged(
            f"waiting room: number {number} does not decrypt with this key; where it was put off under an earlier one, "
            "flush with that one too"
        ) from None


def _opens(sealed: bytes, place: str, key: bytes) -> bool:
    try:
        _unseal(sealed, place, key)
    except StoreDamaged:
        return False
    return True
