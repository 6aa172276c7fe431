"""Life rows say what later leaves say, no more and no less; fsck names the row that does not."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.core.life import Life
from ledger.engine import rows, schema
from ledger.engine.fsck import check
from ledger.engine.lives import life_at
from tests.core.embargoed import live
from tests.engine.ledger import Ledger
from tests.engine.spoiling import refusal
from tests.engine.test_lives import begun


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, dict[str, int]]]:
    """A stopped log with all that can become of an entry, and where: see ``live``."""
    ledger = Ledger.create(tmp_path_factory.mktemp("log"), begun())
    names = live(ledger.world, "alpha", "one")
    ledger.follow()
    ledger.sequencer.stop()
    yield ledger, names
    ledger.store.close()


SPOILED: dict[str, tuple[str, Callable[[Life], Life], str]] = {
    "one that names another delivery": (
        "gagged",
        lambda life: replace(life, delivery=life.delivery + 1),
        "does not name entry",
    ),
    "one that forgot a delivery": ("gagged", lambda life: replace(life, delivery=0), "does not name entry"),
    "one that forgot an extension": (
        "gagged",
        lambda life: replace(life, until=life.until - 2, extensions=0),
        "life rows: say more or less|does not name",
    ),
    "one that counts an extension too many": (
        "gagged",
        lambda life: replace(life, extensions=2),
        "life rows: say more or less than",
    ),
    "a delivery that nobody logged": (
        "still",
        lambda life: replace(life, delivery=20),
        "life rows: say more or less than the leaves do",
    ),
    "an embargo of a month that no leaf has": (
        "still",
        lambda life: replace(life, until=life.until + 1),
        "of an embargo that no leaf has",
    ),
    "a row that says what the leaf says": ("still", lambda life: life, "says nothing"),
    "a correction that inherited another month": (
        "corrected",
        lambda life: replace(life, until=life.until + 1),
        "not the embargo that it inherited",
    ),
    "an entry erased by nobody": (
        "still",
        lambda life: replace(life, erased=99),
        "payload under .*: belongs to no entry",
    ),
    "an entry that was erased and is not any more": (
        "open",
        lambda life: replace(life, erased=0, delivery=9),
        "does not name entry|payload of entry",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_row_that_says_another_thing_is_found(lived: tuple[Ledger, dict[str, int]], name: str) -> None:
    """What a life row says, the leaves after its entry say too, or fsck names what does not fit."""
    ledger, names = lived
    entry, change, message = SPOILED[name]
    life = change(life_at(ledger.store, names[entry]))
    found = refusal(ledger.store, {schema.life_key(life.index): rows.write_life(life)})
    assert re.search(message, found), found


def test_a_missing_row_is_found(lived: tuple[Ledger, dict[str, int]]) -> None:
    """Whoever takes a row away hides a delivery, a lift or an erasure."""
    ledger, _ = lived
    for key, _ in list(ledger.store.range(schema.LIVES, schema.after(schema.LIVES))):
        assert refusal(ledger.store, {}, (key,))


def test_what_was_erased_may_not_come_back(lived: tuple[Ledger, dict[str, int]]) -> None:
    """A payload, shred or queued key of an erased entry is found, and where it is."""
    ledger, names = lived
    for key in (schema.payload_key(names["open"]), schema.shred_key(names["open"])):
        assert "still there, though it was erased" in refusal(ledger.store, {key: bytes(616)})
    for queued in (names["open"], names["lifted"]):
        found = refusal(ledger.store, {schema.queue_key(queued): bytes(200)})
        assert "still there, though it was erased" in found


def test_erased_entries_are_counted_as_whole(lived: tuple[Ledger, dict[str, int]]) -> None:
    """A store from which payloads were erased passes, and counts what it has."""
    ledger, _ = lived
    payloads = sum(1 for _ in ledger.store.range(schema.PAYLOADS, schema.after(schema.PAYLOADS)))
    assert check(ledger.store).payloads == payloads == 5


def test_a_note_of_an_erasure_is_no_damage(lived: tuple[Ledger, dict[str, int]]) -> None:
    """A death in an erasure leaves a note in the store, which the next start goes by."""
    ledger, names = lived
    assert not refusal(ledger.store, {schema.meta_key("erasing"): schema.payload_key(names["open"])})


def test_a_log_without_lives_passes(tmp_path: Path) -> None:
    """A log without such entries has no such rows, and passes."""
    ledger = Ledger.create(tmp_path, begun())
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.sequencer.stop()
    assert check(ledger.store).payloads == 1
    ledger.store.close()
