"""The batch key and its boxes: what shows that a key is the source's, and whose box convicts it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from nacl.bindings import crypto_box_seal

from ledger.core.conviction import find_fault, verify_conviction
from ledger.core.errors import Uncheckable, VerificationFailed
from ledger.core.sealed_keys import SealedKey, box_batch_key
from tests.core.dishonest import BATCH_KEY, SOURCE, Boxes, Entry, resealed, speak, stage
from tests.core.test_conviction import ANOTHER_KEY, NO_FAULT, fault, record
from tests.core.world import World


def other_box(name: str, box: Callable[[bytes], bytes]) -> Callable[[World], Callable[[Boxes], Boxes]]:
    """Return how to give ``name`` what ``box`` makes of its X25519 key instead of its box."""

    def prepared(world: World) -> Callable[[Boxes], Boxes]:
        named = {auditor.name: auditor.key_id for auditor in world.state.auditors.values()}
        to = named.get(name, world.state.sources[SOURCE].key_statement)
        key = world.recipients(SOURCE)[to]
        return lambda boxes: tuple(SealedKey(to, box(key)) if item.key_id == to else item for item in boxes)

    return prepared


WRONG_BOXES = {
    "garbage for an auditor": (other_box("two", lambda _: b"?" * 80), "auditor two"),
    "garbage for the source": (other_box("", lambda _: bytes(80)), "the source itself"),
    "the box of another key": (other_box("one", lambda key: box_batch_key(ANOTHER_KEY, key)), "auditor one"),
    "a box that opens and that nobody can make again": (
        other_box("one", lambda key: crypto_box_seal(BATCH_KEY, key)),
        "auditor one",
    ),
}


@pytest.mark.parametrize(("change", "whose"), WRONG_BOXES.values(), ids=WRONG_BOXES)
def test_a_box_that_the_batch_key_does_not_give(
    change: Callable[[World], Callable[[Boxes], Boxes]], whose: str
) -> None:
    """A box that is not the one convicts, once its recipient's statement is given; each entry of the batch shows it."""
    world = stage()
    said = speak(world, Entry(), Entry(), boxes=change(world))
    assert fault(said, 0) == fault(said, 1) == f"box for {whose}: not the one that the batch key gives"


def test_whose_box_is_wrong_only_its_statement_tells() -> None:
    """A garbage box convicts nobody without the statement that says whose it is."""
    world = stage()
    found = speak(world, Entry(), boxes=other_box("two", lambda _: bytes(80))(world)).conviction()
    others = tuple(leaf for leaf in found.recipients if b"two" not in leaf)
    assert len(others) == 2
    with pytest.raises(VerificationFailed, match=NO_FAULT):
        verify_conviction(replace(found, recipients=others).format(), world.vkey)


def test_two_keys_convict_under_either() -> None:
    """Where auditors got two keys, each of them shows the source's fault: the commit can be of one only."""
    world = stage()
    said = speak(world, Entry(), boxes=other_box("two", lambda key: box_batch_key(ANOTHER_KEY, key))(world))
    assert fault(said) == "box for auditor two: not the one that the batch key gives"
    assert fault(said, 0, ANOTHER_KEY) == "commit: another batch key, log, source or sequence"


def test_the_commit_shows_the_key_where_no_box_does() -> None:
    """All boxes garbage: who has the key all the same convicts the source, by the commit, of the first."""
    world = stage()

    def garbage(boxes: Boxes) -> Boxes:
        return tuple(SealedKey(box.key_id, bytes(80)) for box in boxes)

    said = speak(world, Entry(), boxes=garbage)
    names = {auditor.key_id: f"auditor {auditor.name}" for auditor in world.state.auditors.values()}
    first = names.get(said.submission.sealed_keys[0].key_id, "the source itself")
    assert fault(said) == f"box for {first}: not the one that the batch key gives"
    said = speak(world, Entry(key=ANOTHER_KEY), boxes=garbage)
    assert fault(said, 0, ANOTHER_KEY).startswith("box for ")
    with pytest.raises(VerificationFailed, match=r"^batch key: neither the commit nor a box shows"):
        fault(said)


def test_without_recipients_the_commit_alone_counts() -> None:
    """An auditor may ask before it knows anybody's statement."""
    said = speak(stage(), Entry(seal=record(notes="other")), Entry())
    for position, expected in enumerate(["slots root: the record does not give it", None]):
        found = said.conviction(position)
        body = said.body(position)
        ask = partial(find_fault, body, said.world.log_id, SOURCE, 4 + position, found.payload, found.shred)
        assert ask(BATCH_KEY, found.boxes, ()) == expected
        with pytest.raises(VerificationFailed, match=r"^batch key: neither"):
            ask(ANOTHER_KEY, found.boxes, ())


def test_a_key_of_another_version_cannot_be_checked() -> None:
    """A lookup key that a later canonicaliser made is neither right nor wrong; what needs no key is wrong still."""
    later = resealed(lambda found: found["keys"][0].update(version=2))
    world = stage()
    with pytest.raises(Uncheckable, match=r"^keys.version: only 1 is known$"):
        fault(speak(world, Entry(seal=later)))
    spoiled = speak(world, Entry(seal=later), boxes=other_box("two", lambda _: bytes(80))(world))
    assert fault(spoiled) == "box for auditor two: not the one that the batch key gives"
