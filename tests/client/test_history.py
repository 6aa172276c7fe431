"""A history is whole: it begins with what an entry refers to and has all that refers to it, in order."""

import pytest

from ledger.client.history import History, read_history
from ledger.client.reads import LogClient
from ledger.core import bodies
from ledger.core.errors import VerificationFailed
from ledger.core.rules import month_text
from ledger.core.statement import Statement, encode_statement
from tests.client.honest import pins
from tests.client.lying import lying
from tests.core.embargoed import MONTH, correction, delivery, gagged, live
from tests.core.world import START, World, disclosure


def begun() -> World:
    """Return a log with a source and an auditor."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    return world


async def read(world: World, where: int | tuple[str, int]) -> History:
    """Return a history as a reader gets it from an honest ledger."""
    async with lying(world) as ledger:
        return await read_history(LogClient(ledger.channel, pins(world)), where)


async def test_whichever_entry_is_asked_for_the_history_is_the_same() -> None:
    """The first entry and what was said of it, of that, and so on, and nothing else of the log."""
    world = begun()
    world.disclose("alpha")
    names = live(world, "alpha", "one")
    about = [names[name] for name in ("gagged", "extended", "corrected", "lifted", "lifted later", "delivered")]
    about += [names["delivered"] + 1, names["lifted and erased"]]
    for index in about:
        found = await read(world, index)
        assert [entry.index for entry in found.entries] == about
        assert found.size == world.size
        assert found.find(index).leaf == world.leaves[index]
    assert [entry.index for entry in (await read(world, names["open"])).entries] == [names["open"], names["erased"]]


async def test_lives_are_those_that_the_log_comes_to() -> None:
    """What a reader makes of leaves is what the ledger's own state says, for every entry of the history."""
    world = begun()
    names = live(world, "alpha", "one")
    for index in (names["gagged"], names["still"], names["open"]):
        found = await read(world, index)
        for entry in found.entries:
            statement = entry.statement
            if statement.source_id == "alpha":
                assert found.life(entry) == world.lives.find("alpha", statement.sequence)


async def test_a_correction_inherits_while_the_embargo_lasts() -> None:
    """One that came before the lift is withheld with its target, one after it is not."""
    world = begun()
    names = live(world, "alpha", "one")
    other = world.say("alpha", gagged(world))
    world.say("alpha", correction(world, other, withheld=True))
    found = await read(world, other)
    assert [found.life(entry).withheld for entry in found.entries] == [True, True]
    found = await read(world, names["gagged"])
    assert found.life(found.find(names["corrected"])).until == MONTH + 5


async def test_states_are_told_in_words() -> None:
    """Unresolved, delivered, aborted; under embargo, overdue, lifted; erased: each with the entry that says so."""
    world = begun()
    names = live(world, "alpha", "one")
    later = START + 60 * 24 * 31 * 5
    unresolved = "unresolved: no DELIVERY says what became of it"
    assert (await read(world, names["still"])).state(START) == [
        unresolved,
        f"under embargo until {month_text(MONTH + 3)}, extended 0 times",
    ]
    assert (await read(world, names["still"])).state(later)[1] == (
        f"embargo OVERDUE since {month_text(MONTH + 3)}, extended 0 times"
    )
    assert (await read(world, names["gagged"])).state(later) == [
        f"delivered by entry {names['delivered']}",
        f"embargo lifted by entry {names['lifted']}",
        f"erased by entry {names['lifted and erased']}",
    ]
    assert (await read(world, 1)).state(START) == []


async def test_by_source_and_sequence() -> None:
    """An entry is found by its place in its source's chain as well."""
    world = begun()
    index = world.disclose("alpha", disclosure(), disclosure())
    world.say("alpha", delivery(world, index + 1))
    assert [entry.index for entry in (await read(world, ("alpha", 1))).entries] == [index + 1, index + 2]


async def test_progress_is_told() -> None:
    """Who waits is told how far it is."""
    world = begun()
    index = world.disclose("alpha", *(disclosure() for _ in range(5)))
    told: list[int] = []
    async with lying(world) as ledger:
        await read_history(LogClient(ledger.channel, pins(world)), index, told.append)
    assert told[-1] == world.size


async def test_a_target_at_another_place_is_disproven() -> None:
    """A log in which a statement names another entry's bytes admitted what no honest ledger does."""
    world = begun()
    first = world.disclose("alpha", disclosure(), disclosure())
    target = bodies.Target(0, world.target(first + 1).leaf_hash)
    body = bodies.Delivery(target, bodies.DeliveryResult.DELIVERED, target.leaf_hash, target.leaf_hash)
    world.leaves.append(encode_statement(Statement("alpha", 2, START, body)))
    with pytest.raises(VerificationFailed, match="target: a statement names another entry than the one at its place"):
        await read(world, first + 2)
    assert [entry.index for entry in (await read(world, first)).entries] == [first]
