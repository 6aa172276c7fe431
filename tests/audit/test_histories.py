"""Entries of a range are grouped by the disclosure that they are about, in order."""

from dataclasses import replace

from ledger.audit.histories import Histories, History
from ledger.audit.payloads import Opened
from ledger.client.reads import Entry
from ledger.core import bodies
from ledger.core.building import prepare_delivery
from ledger.core.encoding import ZERO_HASH
from ledger.core.statement import Statement, decode_leaf
from tests.audit.audited import ONE, erased, opened
from tests.client.lying import lying
from tests.core.embargoed import HANDED, MONTH, correction, gagged, live, with_officers
from tests.core.world import World

ABORTED = bodies.DeliveryResult.ABORTED


async def grouped(world: World, begin: int = 0) -> tuple[Histories, dict[int, History]]:
    """Return the histories of the log from ``begin`` on, and each by the index of its first entry (0: not read)."""
    histories = Histories()
    async with lying(world) as ledger:
        ledger.lies["StreamSealedPayloads"] = erased(world)
        found = await opened(ledger, ONE.x25519_secret, begin)
    for item in found.values():
        histories.take(item)
    return histories, {0 if item.first is None else item.first.entry.index: item for item in histories}


def followers(history: History) -> list[int]:
    """Return the indexes of what followed."""
    return [item.entry.index for item in history.followed]


async def test_a_disclosure_with_all_that_became_of_it() -> None:
    """Corrections, extensions, lifts, deliveries and erasures stand in order, those of its followers too."""
    world = with_officers(0)
    at = live(world, "alpha", "one")
    histories, found = await grouped(world)
    first, second, third = found[at["gagged"]], found[at["open"]], found[at["still"]]
    assert followers(first) == [
        *(at[name] for name in ("extended", "corrected", "lifted", "lifted later", "delivered")),
        at["delivered"] + 1,
        at["lifted and erased"],
    ]
    assert (first.until, first.lifted, histories.state(first)) == (MONTH + 5, at["lifted"], "delivered")
    assert (followers(second), second.until, histories.state(second)) == ([at["erased"]], 0, "unresolved")
    assert second.first is not None
    assert second.first.erased == at["erased"]
    assert (third.until, third.lifted, histories.state(third)) == (MONTH + 3, 0, "unresolved")
    assert [item.finding for history in histories for item in history.followed if item.finding] == [
        "embargo: longer than its order"
    ]


async def test_what_follows_a_disclosure_before_the_range_is_kept_together() -> None:
    """A disclosure that the range lacks has a history all the same."""
    world = with_officers(0)
    before = world.say("alpha", gagged(world))
    begin = world.say("alpha", correction(world, before, withheld=True))
    world.say("alpha", prepare_delivery(world.target(before), ABORTED, HANDED, world.entropy))
    histories, found = await grouped(world, begin)
    (history,) = histories
    assert history is found[0]
    assert history.place == ("alpha", 0)
    assert (followers(history), histories.state(history)) == ([begin, begin + 1], "aborted")


def test_a_delivery_of_the_first_part_is_one_of_all() -> None:
    """Parts of a large handover are what their first part is, whether that was read or not."""
    whole = bodies.Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)
    parts: list[bodies.Body] = [replace(whole, part=bodies.Part(index, 2)) for index in range(2)]
    parts.append(bodies.Delivery(bodies.Target(7, ZERO_HASH), bodies.DeliveryResult.DELIVERED, ZERO_HASH, ZERO_HASH))
    for begin, end, states in ((0, 3, ["delivered"] * 2), (1, 3, ["delivered"] * 2), (1, 2, ["unresolved"])):
        histories = Histories()
        for sequence, body in list(enumerate(parts, 7))[begin:end]:
            histories.take(Opened(Entry(sequence, b"", Statement("alpha", sequence, 0, body))))
        assert [histories.state(history) for history in histories] == states


def test_what_is_no_disclosure_has_no_state() -> None:
    """A payload that the ledger gives of an entry that has none is listed by itself."""
    world = with_officers(0)
    entry = Entry(1, world.leaves[1], decode_leaf(world.leaves[1]).statement)
    histories = Histories()
    histories.take(Opened(entry, finding="stray"))
    (history,) = histories
    assert (histories.state(history), history.until, history.followed) == ("", 0, [])
