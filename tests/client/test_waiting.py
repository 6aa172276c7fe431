"""What is put off waits durably, encrypted and in order, within a bound, and nothing is stored by halves."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client.journal import Journal, Position
from ledger.client.opening import open_journal, put_off
from ledger.client.waiting import Waiting
from ledger.core.errors import ConfigInvalid, InvalidInput, Locked, NotStored, Refused, StoreDamaged
from ledger.core.lookup_keys import canonicalise, canonicalise_request
from ledger.core.record_input import Disclosure
from ledger.core.rules import parse_month
from tests.client.lying import Lying
from tests.client.recording import SOURCE, opened_world
from tests.client.test_journal import opened
from tests.client.test_journal_privacy import PLAIN, found
from tests.client.test_opening import key, profile
from tests.core.embargoed import ORDER
from tests.core.world import disclosure, secret

SINCE = 1_764_000_000
KEYS = (canonicalise("email", "somebody-distinctive@example.org"), canonicalise_request("Police", "CASE-1"))
ONE = replace(disclosure(*KEYS, **PLAIN), late_for=29_399_040)
TWO = replace(disclosure(**ORDER), embargo=parse_month("2027-03", "embargo"))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An open journal."""
    held = opened(tmp_path)
    yield held
    held.close()


def waiting(journal: Journal) -> list[tuple[int, Disclosure]]:
    """Return what waits to be signed."""
    return list(journal.waiting.oldest())


def test_what_waits_comes_back_as_it_was(tmp_path: Path) -> None:
    """Record, keys, embargo and late_for outlast the process, in order, each under its number."""
    journal = opened(tmp_path)
    assert journal.waiting.put([ONE, TWO], SINCE) == [1, 2]
    assert journal.waiting.put([ONE], SINCE) == [3]
    journal.close()
    again = opened(tmp_path)
    assert waiting(again) == [(1, ONE), (2, TWO), (3, ONE)]
    assert again.waiting.one(2) == TWO
    assert again.waiting.rows()[0] == Waiting(1, SINCE, 1024, "", False)
    again.close()


def test_nothing_of_a_record_is_readable(journal: Journal, tmp_path: Path) -> None:
    """Neither fields nor keys nor the reason of a refusal stand in the journal's files; its length is padded."""
    journal.waiting.put([ONE], SINCE)
    journal.waiting.refuse(1, "an unmistakable reason")
    secrets = [text.encode() for text in PLAIN.values()] + [item.value for item in KEYS] + [b"an unmistakable reason"]
    assert found(tmp_path, [*secrets, b"authority_name", str(SINCE).encode()]) == []
    assert {row.size for row in journal.waiting.rows()} == {1024}
    journal.waiting.drop(1)
    assert waiting(journal) == []


def test_states_follow_what_becomes_of_it(journal: Journal) -> None:
    """Waiting, on its way, refused, waiting again, gone; only what waits is offered to be signed."""
    room = journal.waiting
    room.put([ONE, TWO, ONE], SINCE)
    journal.store(7, b"batch", numbers=[1, 3])
    assert [row.state for row in room.rows()] == ["on its way", "waiting", "on its way"]
    assert (room.numbers(), waiting(journal)) == ([1, 3], [(2, TWO)])
    journal.discard()
    assert [row.state for row in room.rows()] == ["waiting"] * 3
    room.refuse(1, "embargo: too long")
    assert (room.rows()[0].state, room.rows()[0].refusal) == ("refused", "embargo: too long")
    assert ([number for number, _ in waiting(journal)], room.count()) == ([2, 3], 2)
    assert room.again() == 1
    journal.store(0, b"batch", numbers=[1, 2])
    journal.settle(Position(2))
    assert waiting(journal) == [(3, ONE)]
    assert room.put([ONE], SINCE) == [4]


def test_one_is_dropped_by_its_number(journal: Journal) -> None:
    """What is on its way stays, what is not there is told, and a number is never given again."""
    room = journal.waiting
    room.put([ONE, TWO], SINCE)
    journal.store(0, b"batch", numbers=[1])
    with pytest.raises(Refused, match=r"^number: it is on its way to the log; flush settles it$"):
        room.drop(1)
    room.drop(2)
    with pytest.raises(InvalidInput, match=r"^number: nothing waits under it$"):
        room.drop(2)
    assert room.put([ONE], SINCE) == [3]


def test_what_could_never_be_recorded_is_not_put_off(journal: Journal) -> None:
    """A wrong one is told at once, and none of its company is stored."""
    rejected = disclosure(outcome="REJECTED", rejection_reason="DATA_NOT_HELD", accounts_disclosed=0)
    with pytest.raises(InvalidInput, match=r"^outcome: must be one of"):
        journal.waiting.put([ONE, rejected], SINCE)
    assert waiting(journal) == []


def test_the_room_is_bounded(journal: Journal) -> None:
    """Past the limit, which the error names, nothing is stored; what was there stays."""
    journal.waiting.put([ONE], SINCE)
    with pytest.raises(NotStored, match=r"^waiting room: its database may hold 65536 bytes at most; flush it"):
        journal.waiting.put([ONE] * 64, SINCE, limit=65536)
    assert waiting(journal) == [(1, ONE)]
    assert len(journal.waiting.put([ONE] * 64, SINCE)) == 64


def test_a_full_disk_stores_nothing_by_halves(journal: Journal) -> None:
    """The error says what failed, what was there stays, and with room it goes on."""
    journal.waiting.put([ONE], SINCE)
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(NotStored, match=r"^journal: cannot be written \(database or disk is full\)$"):
        journal.waiting.put([ONE] * 50, SINCE)
    assert waiting(journal) == [(1, ONE)]
    journal._db.execute("PRAGMA max_page_count=100000")
    assert len(journal.waiting.put([ONE] * 50, SINCE)) == 50


def test_another_key_opens_nothing_until_it_adopts(tmp_path: Path) -> None:
    """After a key change the earlier key is needed once, and what is sealed under neither is told."""
    journal = opened(tmp_path)
    journal.waiting.put([ONE, TWO], SINCE)
    journal.waiting.refuse(2, "a reason")
    journal.close()
    other = opened(tmp_path, seed=bytes(32))
    with pytest.raises(StoreDamaged, match=r"^waiting room: number 1 does not decrypt with this key; where it was put"):
        waiting(other)
    with pytest.raises(StoreDamaged, match=r"^waiting room: number 1 does not decrypt"):
        other.adopt(b"\x07" * 32)
    other.waiting.put([ONE], SINCE)
    assert other.adopt(b"\x03" * 32) == 2
    assert other.adopt(b"\x03" * 32) == 0
    assert waiting(other) == [(1, ONE), (3, ONE)]
    assert other.waiting.rows()[1].refusal == "a reason"
    other.close()


CHANGES = {
    "a record": "UPDATE waiting SET record = zeroblob(length(record)) WHERE number = 1",
    "its length": "UPDATE waiting SET record = x'00' WHERE number = 1",
    "its number": "UPDATE waiting SET number = 9 WHERE number = 1",
    "its place": "UPDATE waiting SET about = record WHERE number = 1",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_row_is_refused(journal: Journal, change: str) -> None:
    """What is signed is what was put off, under its number, or nothing."""
    journal.waiting.put([ONE], SINCE)
    journal._db.execute(change)
    with pytest.raises(StoreDamaged, match=r"^waiting room: number [19] does not decrypt"):
        waiting(journal)


def test_a_room_that_cannot_be_read_is_damaged(journal: Journal) -> None:
    """Damage that shows only when it is read is told as damage."""
    journal._db.execute("DROP TABLE waiting")
    with pytest.raises(StoreDamaged, match=r"^journal: the waiting room cannot be read \("):
        journal.waiting.rows()


@pytest.mark.parametrize("cell", [None, 7, "text"], ids=repr)
@pytest.mark.parametrize("column", ["about", "record"])
def test_a_cell_that_holds_no_bytes_is_damaged(journal: Journal, column: str, cell: object) -> None:
    """A damaged page may give anything where the table's own rules allow nothing else."""
    journal.waiting.put([ONE], SINCE)
    journal._db.execute("ALTER TABLE waiting RENAME TO whole")
    journal._db.execute("CREATE TABLE waiting AS SELECT * FROM whole")
    journal._db.execute(f"UPDATE waiting SET {column} = ?", (cell,))  # noqa: S608 -- one of two names
    with pytest.raises(StoreDamaged, match=r"^waiting room: number 1 does not decrypt"):
        waiting(journal)


def test_putting_off_needs_no_ledger(tmp_path: Path) -> None:
    """Profile, key and disk are enough; a recorder that runs, or another role's profile, is in the way."""
    ledger = Lying(opened_world())
    held, pair = profile(ledger, tmp_path), key(ledger.world.secrets[SOURCE])
    assert put_off(held, pair, [ONE, TWO]) == [1, 2]
    assert put_off(held, pair, [ONE], state=tmp_path / "elsewhere") == [1]
    journal = open_journal(held, pair)
    with pytest.raises(Locked):
        put_off(held, pair, [ONE])
    assert waiting(journal) == [(1, ONE), (2, TWO)]
    journal.close()
    with pytest.raises(ConfigInvalid, match=r"role source$"):
        put_off(replace(held, role="public"), key(secret("x")), [ONE])
