"""What an auditor opened and found becomes evidence that convinces others, or it is said why not."""

from collections.abc import Callable
from typing import Any

import pytest
from nacl.bindings import crypto_box_seal

from ledger.audit.boxes import known_auditor
from ledger.audit.evidence import evidence
from ledger.client.reads import LogClient
from ledger.core.conviction import Conviction, verify_conviction
from ledger.core.errors import LedgerError, NotPermitted, VerificationFailed
from ledger.core.sealed_keys import box_batch_key
from tests.audit.audited import ONE, opened
from tests.client.honest import pins
from tests.client.lying import Lying, lying
from tests.core.dishonest import BATCH_KEY, SOURCE, Boxes, Entry, Said, delivered, resealed, speak, stage
from tests.core.embargoed import MONTH, gagged, with_officers
from tests.core.test_conviction_boxes import other_box
from tests.core.world import World

WRONG = Entry(seal=resealed(lambda found: found["record"].update(notes="other")))
NO_RECORD = "slots root: the record does not give it"


async def made(ledger: Lying, index: int) -> bytes:
    """Return the evidence that auditor one makes of an entry."""
    (item,) = (await opened(ledger, ONE.x25519_secret, index, index + 1)).values()
    reader = LogClient(ledger.channel, pins(ledger.world))
    return await evidence(reader, await known_auditor(reader, ONE.x25519_secret), item)


Speak = Callable[[World], Said]
FAULTS: dict[str, tuple[Speak, str]] = {
    "another record": (lambda world: speak(world, WRONG), NO_RECORD),
    "of a DELIVERY": (lambda world: speak(world, Entry(delivered(world, 1), (), WRONG.seal)), NO_RECORD),
    "sealed for another place": (
        lambda world: speak(world, Entry(shift=1)),
        "commit: another batch key, log, source or sequence",
    ),
    "garbage for another auditor": (
        lambda world: speak(world, Entry(), boxes=other_box("two", lambda _: b"?" * 80)(world)),
        "box for auditor two: not the one that the batch key gives",
    ),
    "a box of its own that nobody can make again": (
        lambda world: speak(world, Entry(), boxes=other_box("one", lambda key: crypto_box_seal(BATCH_KEY, key))(world)),
        "box for auditor one: not the one that the batch key gives",
    ),
}


@pytest.mark.parametrize(("say", "fault"), FAULTS.values(), ids=FAULTS)
async def test_a_finding_against_a_source_convicts_it(say: Speak, fault: str) -> None:
    """The file holds key, payload, boxes, and the statement of each recipient, the source's own and removed ones."""
    world = stage()
    said = say(world)
    world.remove_auditor("two")
    async with lying(world) as ledger:
        data = await made(ledger, said.first)
    convicted = verify_conviction(data, world.vkey)
    assert (convicted.source_id, convicted.index, convicted.fault) == (SOURCE, said.first, fault)
    given = set(said.conviction().recipients)
    assert set(Conviction.parse(data).recipients) == given


async def test_a_source_whose_key_changed_since_is_convicted_under_its_old_one() -> None:
    """The key statement is the one that the receipt shows, whatever the directory says now."""
    world = stage()
    said = speak(world, WRONG, boxes=other_box("", lambda _: b"?" * 80)(world))
    world.change_key(SOURCE)
    async with lying(world) as ledger:
        convicted = verify_conviction(await made(ledger, said.first), world.vkey)
    assert convicted.fault == "box for the source itself: not the one that the batch key gives"


def garbage(boxes: Boxes) -> Boxes:
    """Return boxes that open to nobody."""
    return tuple([type(box)(box.key_id, b"?" * 80) for box in boxes])


async def test_without_the_batch_key_nothing_can_be_shown() -> None:
    """A box that opens to nobody is a finding, and no evidence."""
    world = stage()
    said = speak(world, Entry(), boxes=garbage)
    async with lying(world) as ledger:
        with pytest.raises(NotPermitted, match=r"^batch key: the box for this auditor opens to nobody"):
            await made(ledger, said.first)


async def test_a_key_that_nothing_shows_to_be_the_sources_convicts_nobody() -> None:
    """A deposited box of another key is not what the source signed."""
    world = stage()
    own = next(key for key, item in world.state.auditors.items() if item.name == "one")
    said = speak(world, Entry(), boxes=lambda boxes: tuple(box for box in boxes if box.key_id != own))
    async with lying(world) as ledger:

        def lie(batches: list[Any]) -> list[Any]:
            box = box_batch_key(bytes(32), ONE.x25519)
            batches[-1].deposited.add(key_id=own, suite=1, box=box)
            return batches

        ledger.lies["StreamSealedPayloads"] = lie
        with pytest.raises(VerificationFailed, match=r"^batch key: neither the commit nor a box shows"):
            await made(ledger, said.first)


def flipped(batches: list[Any]) -> list[Any]:
    """Flip a bit of each payload."""
    for batch in batches:
        for item in batch.payloads:
            item.payload = item.payload[:-1] + bytes([item.payload[-1] ^ 1])
    return batches


async def test_what_the_ledger_did_convicts_no_source() -> None:
    """A payload that is not the leaf's, or none at all, is not what the source sealed."""
    world = stage()
    said = speak(world, Entry())
    lies: dict[str, Callable[[list[Any]], list[Any]]] = {"payload digest": flipped, "no fault": lambda _: []}
    async with lying(world) as ledger:
        for words, lie in lies.items():
            ledger.lies["StreamSealedPayloads"] = lie
            with pytest.raises(LedgerError, match=f"^{words}: "):
                await made(ledger, said.first)


async def test_an_embargo_longer_than_its_order_convicts_nobody() -> None:
    """The payload is what the leaf says: whether an order allows an embargo is for people to judge."""
    world = with_officers(0)
    index = world.say("alpha", gagged(world, MONTH + 9))
    async with lying(world) as ledger:
        with pytest.raises(VerificationFailed, match=r"^no fault: "):
            await made(ledger, index)
