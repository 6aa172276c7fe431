"""A source that sealed something else than its leaf says is found out by whoever opens the payload."""

from collections.abc import Callable

import pytest
from nacl.bindings import crypto_box_seal

from ledger.audit.boxes import GARBAGE
from tests.audit.audited import ONE, TWO, opened
from tests.client.lying import lying
from tests.core.dishonest import BATCH_KEY, Boxes, Entry, delivered, padded, resealed, speak, stage
from tests.core.test_conviction_boxes import other_box

ANOTHER_KEY = bytes(range(32))
SEALED = {
    "a record that the leaf does not commit to": (
        Entry(seal=resealed(lambda found: found["record"].update(notes="other"))),
        "slots root: the record does not give it",
    ),
    "other lookup keys": (Entry(seal=resealed(lambda found: found.update(keys=[]))), "keys root: the keys do not"),
    "no record": (Entry(seal=lambda _: padded(b"{}")), "content: not an entry secret, keys and a record"),
    "no JSON": (Entry(seal=lambda _: padded(b"\xff")), "canonical JSON: the content is not RFC 8785"),
    "under another key": (Entry(key=ANOTHER_KEY), "commit: another batch key, log, source or sequence"),
    "for another place": (Entry(shift=1), "commit: another batch key, log, source or sequence"),
}


@pytest.mark.parametrize(("entry", "finding"), SEALED.values(), ids=SEALED)
async def test_a_source_that_sealed_something_else_is_found_out(entry: Entry, finding: str) -> None:
    """The log admits it, for the digest is the leaf's; what is opened must give what the leaf says."""
    world = stage()
    said = speak(world, entry, Entry())
    async with lying(world) as ledger:
        found = await opened(ledger, ONE.x25519_secret, said.first)
    assert found[said.first].finding.startswith(finding)
    assert found[said.first].payload is None
    assert found[said.first + 1].finding == ""


async def test_what_has_no_lookup_keys_is_held_against_its_leaf_too() -> None:
    """A DELIVERY whose payload has another record is a finding, and an honest one opens."""
    world = stage()
    wrong = speak(world, Entry(delivered(world, 1), (), resealed(lambda found: found["record"].update(notes="other"))))
    async with lying(world) as ledger:
        found = await opened(ledger, ONE.x25519_secret)
    assert found[wrong.first].finding == "slots root: the record does not give it"
    assert [index for index, item in found.items() if item.payload is not None] == list(range(4, wrong.first))


async def test_a_key_of_a_later_canonicaliser_says_nothing() -> None:
    """A lookup key of a version that this release does not know is neither right nor wrong."""
    world = stage()
    said = speak(world, Entry(seal=resealed(lambda found: found["keys"][0].update(version=2))))
    async with lying(world) as ledger:
        (item,) = (await opened(ledger, ONE.x25519_secret, said.first)).values()
    assert (item.finding, item.unchecked, item.payload) == ("", "keys.version: only 1 is known", None)


BOXES = {
    "garbage": lambda _: b"?" * 80,
    "a box that opens and that nobody can make again": lambda key: crypto_box_seal(BATCH_KEY, key),
    "a box that opens to no key": lambda key: crypto_box_seal(bytes(32), key),
}


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
async def test_a_box_for_this_auditor_that_is_none_is_a_finding(box: Callable[[bytes], bytes]) -> None:
    """What is said to be for an auditor must open, to the key that gives this box; others see it too."""
    world = stage()
    said = speak(world, Entry(), boxes=other_box("one", box)(world))
    async with lying(world) as ledger:
        (own,) = (await opened(ledger, ONE.x25519_secret, said.first)).values()
        (others,) = (await opened(ledger, TWO.x25519_secret, said.first)).values()
    assert (own.finding, own.payload) == (GARBAGE, None)
    assert others.finding == "box for auditor one: not the one that the batch key gives"
    assert others.payload is not None


async def test_a_source_that_leaves_an_auditor_out_is_no_finding() -> None:
    """Whom a source seals to is its own choice, within the policy: the payload stays closed."""
    world = stage()
    own = next(key_id for key_id, item in world.state.auditors.items() if item.name == "one")

    def without(boxes: Boxes) -> Boxes:
        return tuple(box for box in boxes if box.key_id != own)

    said = speak(world, Entry(), boxes=without)
    async with lying(world) as ledger:
        (item,) = (await opened(ledger, ONE.x25519_secret, said.first)).values()
    assert (item.finding, item.unchecked) == ("", "sealed before this auditor was accredited, or not to it")
