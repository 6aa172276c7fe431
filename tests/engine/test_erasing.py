"""After an erasure neither payload nor shred nor queued keys are in any file of the store."""

import errno
from pathlib import Path

import pytest

from ledger.core.errors import StoreDamaged, Unavailable
from ledger.engine import erasing, schema
from ledger.engine.erasing import ERASING, find_traces, finish, rows_of
from ledger.engine.fsck import check
from ledger.engine.lives import life_at
from ledger.engine.store import Store
from tests.core.embargoed import KEYS, gagged, lift
from tests.core.world import disclosure
from tests.engine.ledger import TIMEOUT, Ledger, indexes
from tests.engine.test_lives import log

__all__ = ["log"]


def secrets(ledger: Ledger, index: int) -> list[bytes]:
    """Return pieces of all that an erasure of an entry has to destroy."""
    found = [ledger.store.require(key) for key in rows_of(life_at(ledger.store, index))]
    return [row[at : at + 16] for row in found for at in range(0, len(row) - 15, 16)]


def held(ledger: Ledger, pieces: list[bytes]) -> list[bytes]:
    """Return which of ``pieces`` are in a file below the ledger's directory."""
    files = [path.read_bytes() for path in sorted(ledger.directory.rglob("*")) if path.is_file()]
    return [piece for piece in pieces if any(piece in data for data in files)]


def filled(ledger: Ledger) -> int:
    """Log disclosures around one, with restarts so that some are in tables and some in a log; return its index."""
    world = ledger.world
    for number in range(3):
        world.disclose("alpha", *(disclosure(*KEYS) for _ in range(200)))
        ledger.follow()
        if number < 2:
            ledger.reopen()
    return world.size - 500


@pytest.mark.parametrize("when", ["in a table", "in the log", "after a lift"])
def test_nothing_of_what_is_erased_is_in_any_file(log: Ledger, when: str) -> None:
    """Every piece was there before; after it none is, and the siblings of its batch are whole."""
    index = filled(log) if when == "in a table" else log.world.size - 1
    if when == "in the log":
        index = log.world.disclose("alpha", disclosure(*KEYS), disclosure(*KEYS))
    if when == "after a lift":
        index = log.world.say("alpha", gagged(log.world))
        log.world.say("alpha", lift(log.world, index))
    log.follow()
    pieces = secrets(log, index)
    assert held(log, pieces) == pieces
    log.world.govern(log.world.erasure(index))
    log.follow()
    assert held(log, pieces) == []
    assert log.sequencer.traces == ()
    assert log.store.get(ERASING) is None
    log.check()
    log.reopen()
    assert held(log, pieces) == []


def test_an_erasure_is_committed_by_itself(log: Ledger) -> None:
    """Batches that wait with an erasure are committed before and after it, none is lost, and order stays."""
    index = log.world.disclose("alpha", disclosure(*KEYS))
    log.follow()
    with log.busy():
        log.world.disclose("alpha")
        log.world.govern(log.world.erasure(index))
        log.world.disclose("alpha")
        done = log.send_all()
    assert indexes(done) == [index + 2, index + 3, index + 4]
    log.check()
    assert life_at(log.store, index).erased == index + 3


def test_what_was_begun_is_finished_by_the_next_start(log: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A death between the write and the destruction leaves a note of it, which recovery goes by."""
    index = log.world.disclose("alpha", disclosure(*KEYS))
    log.follow()
    pieces = secrets(log, index)

    def dies(*_: object) -> list[str]:
        raise Unavailable("dead")

    log.world.govern(log.world.erasure(index))
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "finish", dies)
        log.followed += 1
        with pytest.raises(Unavailable):
            log.send(log.world.placed[-1]).result(TIMEOUT)
    assert held(log, pieces)
    assert log.sequencer.halted == "dead"
    log.reopen()
    assert held(log, pieces) == []
    assert log.store.get(ERASING) is None
    log.check()


@pytest.mark.parametrize("kept", [False, True], ids=["lost", "kept"])
@pytest.mark.parametrize("nth", range(1, 7))
def test_a_death_at_any_write_is_finished_by_the_next_start(log: Ledger, nth: int, kept: bool) -> None:
    """A write that fails, whether it was kept or not, leaves a store that is whole and starts, and nothing in files."""
    index = log.world.disclose("alpha", disclosure(*KEYS))
    log.follow()
    pieces = secrets(log, index)
    log.world.govern(log.world.erasure(index))
    log.followed += 1
    calls = iter(range(1, 99))

    def dies() -> None:
        if next(calls) == nth:
            raise OSError(errno.ENOSPC, "full")

    setattr(log.store, "after" if kept else "before", dies)
    with pytest.raises(Unavailable, match="a write failed"):
        log.send(log.world.placed[-1]).result(TIMEOUT)
    log.stop()
    begun = kept or nth > 1
    store = Store.open(log.path)
    assert check(store).size == log.world.size - (not begun)
    store.close()
    log.start()
    if not begun:
        log.send(log.world.placed[-1]).result(TIMEOUT)
    assert held(log, pieces) == []
    assert log.store.get(ERASING) is None
    log.check()


def test_a_file_that_is_still_read_is_told_and_taken_later(log: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something stays in a file, its name is told, and the note of it stays for the next attempt."""
    index = log.world.disclose("alpha", disclosure(*KEYS))
    log.follow()
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "find_traces", lambda *_: ["000007.ldb"])
        log.world.govern(log.world.erasure(index))
        log.follow()
    assert [*log.sequencer.traces] == ["000007.ldb"]
    assert log.store.get(ERASING) is not None
    other = log.world.disclose("alpha", disclosure(*KEYS))
    log.world.govern(log.world.erasure(other))
    log.follow()
    assert log.sequencer.traces == ()
    assert log.store.get(ERASING) is None


def test_where_nothing_was_begun_nothing_is_done(log: Ledger) -> None:
    """A store without the note is left alone."""
    before = sorted(path.name for path in log.path.iterdir())
    assert finish(log.store) == []
    assert sorted(path.name for path in log.path.iterdir()) == before


def test_a_note_of_the_wrong_length_is_damage(log: Ledger) -> None:
    """What is to be destroyed must be named in whole keys."""
    log.store.write([(ERASING, b"p" + bytes(7))])
    with pytest.raises(StoreDamaged, match="setting erasing: of the wrong length"):
        finish(log.store)
    log.store.write([], [ERASING])


def test_traces_are_found_in_any_file(tmp_path: Path) -> None:
    """A file that holds a piece is named, also in a folder that a repair made; empty files hold none, nor lost ones."""
    (tmp_path / "a").write_bytes(b"x" * 99 + b"piece" + b"y")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"other")
    (tmp_path / "d").symlink_to(tmp_path / "gone")
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "e").write_bytes(b"piece")
    assert find_traces(tmp_path, [b"piece"]) == ["a", "e"]
    assert find_traces(tmp_path, []) == []


def test_an_erasure_needs_a_payload_that_is_stored(log: Ledger) -> None:
    """Rows that are gone already, such as queued keys that the mapper took, do not hinder it."""
    index = log.world.disclose("alpha", disclosure(*KEYS))
    log.follow()
    log.store.write([], [schema.queue_key(index)])
    log.world.govern(log.world.erasure(index))
    log.follow()
    log.check()


def test_rows_of_a_lifted_entry_name_the_lift(log: Ledger) -> None:
    """The queued keys of an entry that was lifted stand under the lift."""
    index = log.world.say("alpha", gagged(log.world))
    log.world.say("alpha", lift(log.world, index))
    log.follow()
    assert rows_of(life_at(log.store, index))[2] == schema.queue_key(index + 1)
