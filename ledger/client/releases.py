"""What the journal notes of releases, so that the end of each one is logged exactly once, whatever is in between.

A note is made in the transaction that stores a release's signed DISCLOSURE, and is deleted in the one that settles the
batch with its DELIVERY. What is left over at an opening is of a release whose end nobody logged.
"""

import os
import sqlite3
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt
from nacl.exceptions import CryptoError

from ledger.client.range_receipt import Receipt
from ledger.core.bodies import DeliveryResult, Target
from ledger.core.encoding import Hash, check_hash

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS releases (
  sequence INTEGER PRIMARY KEY, leaf_hash BLOB NOT NULL, artifact BLOB NOT NULL, stage INTEGER NOT NULL, ended INTEGER
) STRICT;
"""
_NONCE: Final = 24


class Stage(IntEnum):
    """How far a release came: nobody was let through yet, someone was, or how it ended while that cannot be logged."""

    ASKED = 0
    ENTERED = 1
    DELIVERED = 2
    ABORTED = 3

    @property
    def result(self) -> DeliveryResult:
        """What its DELIVERY says: after ENTERED nobody can know that nothing left."""
        shut = self in (Stage.ASKED, Stage.ABORTED)
        return DeliveryResult.ABORTED if shut else DeliveryResult.DELIVERED

    @property
    def words(self) -> str:
        """What is sealed in a DELIVERY that is said afterwards."""
        return _WORDS[self]


_WORDS: Final = {
    Stage.ASKED: "The gate stayed shut: nobody waited for the receipt any more when it came.",
    Stage.ENTERED: "Settled afterwards: the recorder ended while the gate was open, so the data counts as handed over.",
    Stage.DELIVERED: "Settled afterwards: handed over, but the ledger was out of reach at the end.",
    Stage.ABORTED: "Settled afterwards: not completed, and the ledger was out of reach at the end.",
}


@dataclass(frozen=True, slots=True)
class Opens:
    """Marks a DISCLOSURE that a gate waits for: its artifact's SHA-256."""

    artifact: Hash


@dataclass(frozen=True, slots=True)
class Ends:
    """Marks the DELIVERY of the DISCLOSURE at ``sequence``."""

    sequence: int


Mark = Opens | Ends


@dataclass(frozen=True, slots=True)
class Note:
    """A release without a logged end; ``artifact`` is None where another key than the present one noted it."""

    target: Target
    stage: Stage
    artifact: Hash | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A release that was left open, and the receipt of its DELIVERY; None where the log refused it, for ``refusal``."""

    note: Note
    receipt: Receipt | None
    refusal: str = ""

    @property
    def words(self) -> str:
        """What became of it."""
        if self.receipt is None:
            return f"needs no end: {self.refusal}"
        return f"is logged as {self.note.stage.result.name} now"


class Releases:
    """The notes in a journal's database; every change is part of its caller's transaction."""

    def __init__(self, database: sqlite3.Connection, key: bytes) -> None:
        self._db, self._key = database, key

    def note(self, sequence: int, leaf_hash: Hash, mark: Mark) -> None:
        """Note what the statement at ``sequence``, about to be stored, is to a release."""
        if isinstance(mark, Ends):
            self._db.execute("UPDATE releases SET ended = ? WHERE sequence = ?", (sequence, mark.sequence))
            return
        nonce = os.urandom(_NONCE)
        sealed = nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(mark.artifact, leaf_hash, nonce, self._key)
        row = (sequence, leaf_hash, sealed, Stage.ASKED)
        self._db.execute("INSERT INTO releases VALUES (?, ?, ?, ?, NULL)", row)

    def settle(self, next_sequence: int) -> None:
        """Follow the chain to ``next_sequence``: an end below it is logged, what was to stand at or after it is not."""
        self._db.execute("DELETE FROM releases WHERE ended < ?", (next_sequence,))
        self._db.execute("UPDATE releases SET ended = NULL WHERE ended >= ?", (next_sequence,))
        self._db.execute("DELETE FROM releases WHERE sequence >= ? AND stage = ?", (next_sequence, Stage.ASKED))

    def reach(self, sequence: int, stage: Stage) -> None:
        """Note how far a release came."""
        self._db.execute("UPDATE releases SET stage = ? WHERE sequence = ?", (stage, sequence))

    def forget(self, sequence: int) -> None:
        """Delete a note whose end the log refuses for good."""
        self._db.execute("DELETE FROM releases WHERE sequence = ?", (sequence,))

    def left(self) -> list[Note]:
        """Return the notes, oldest first; raise InvalidInput, ValueError or TypeError for what no release wrote."""
        rows = self._db.execute("SELECT sequence, leaf_hash, artifact, stage FROM releases ORDER BY sequence")
        return [
            Note(Target(sequence, check_hash(hashed, "leaf_hash")), Stage(stage), self._artifact(hashed, sealed))
            for sequence, hashed, sealed, stage in rows.fetchall()
        ]

    def _artifact(self, leaf_hash: bytes, sealed: bytes) -> Hash | None:
        try:
            opened = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[_NONCE:], leaf_hash, sealed[:_NONCE], self._key)
        except (CryptoError, ValueError):
            return None
        return Hash(opened)
