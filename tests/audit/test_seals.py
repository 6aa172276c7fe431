"""An auditor takes nothing for a source's word that its key did not sign, whatever the tree says."""

from dataclasses import replace

import pytest

from ledger.audit.boxes import known_auditor
from ledger.audit.payloads import open_range
from ledger.audit.seals import Sealing, check_seals
from ledger.client.reads import Entry, LogClient
from ledger.core.batch import decode_batch
from ledger.core.building import Prepared, prepare
from ledger.core.encoding import ZERO_HASH
from ledger.core.statement import decode_leaf
from tests.client.honest import pins
from tests.client.lying import Lying, lying
from tests.core.world import AuditorKeys, World, disclosure, secret


def logged() -> World:
    """Return a log with batches of one, three and two disclosures, and a statement of the ledger's in between."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    for count in (1, 3):
        world.disclose("alpha", *(disclosure() for _ in range(count)))
    world.enrol("beta")
    world.disclose("alpha", disclosure(), disclosure())
    return world


def entries(world: World, begin: int, end: int) -> list[Entry]:
    """Return entries of a log as a reader has them."""
    leaves = enumerate(world.leaves[begin:end], begin)
    return [Entry(index, leaf, decode_leaf(leaf).statement) for index, leaf in leaves]


async def checked(ledger: Lying, begin: int, end: int) -> list[Sealing]:
    """Return what the seals of a range come to."""
    return await check_seals(LogClient(ledger.channel, pins(ledger.world)), entries(ledger.world, begin, end))


@pytest.mark.parametrize(("begin", "end"), [(0, 10), (3, 10), (5, 6), (4, 9), (6, 8)])
async def test_what_a_source_signed_is_its_own(begin: int, end: int) -> None:
    """Wherever a range begins and ends, also within a batch, each entry has the digest that its own seal signs."""
    world = logged()
    async with lying(world) as ledger:
        found = await checked(ledger, begin, end)
    digests = {item.first + at: item.batch.seal for item in world.placed for at in range(item.batch.count)}
    expected = [digests[index].sealed_keys_digest for index in range(begin, end)]
    assert [item.digest for item in found] == expected
    assert not any(item.finding for item in found)
    assert found[0].digest != ZERO_HASH or begin in (0, 7)


async def test_what_the_operator_signed_is_nobodys() -> None:
    """A batch in alpha's name under the operator's own key is found, entry by entry, and the next one is not."""
    world = logged()
    honest = world.secrets["alpha"]
    world.secrets["alpha"] = secret("operator")
    forged = world.built("alpha", *_prepared(world, 2))
    world.secrets["alpha"] = honest
    first = _slip_in(world, forged.statements)
    async with lying(world) as ledger:
        found = await checked(ledger, 8, first + 2)
        cut = await checked(ledger, first, first + 1)
        reader = LogClient(ledger.channel, pins(world))
        auditor = await known_auditor(reader, AuditorKeys.of("one").x25519_secret)
        opened = [item async for item in open_range(ledger.channel, reader, auditor, 8, first + 2)]
    words = "not shown to be the source's: seal: the signature does not verify"
    assert [item.finding for item in found] == ["", "", words, words]
    assert [item.finding for item in cut] == [words]
    assert [item.finding for item in opened] == ["", "", words, words]


def _prepared(world: World, count: int) -> list[Prepared]:
    """Return so many disclosures."""
    return [prepare(disclosure(), world.entropy) for _ in range(count)]


def _slip_in(world: World, leaves: tuple[bytes, ...]) -> int:
    """Put leaves into the log as an operator can who checks nothing."""
    first, batch = world.size, decode_batch(leaves)
    place = replace(world.placed[-1], first=first, batch=batch, binding=world.binding("alpha"), submission=None)
    world.leaves += list(leaves)
    world.placed.append(place)
    return first


async def test_leaves_that_the_seal_does_not_sign_are_found() -> None:
    """A receipt of a whole batch shows its last entry; the others are held against the same seal."""
    world = logged()
    async with lying(world) as ledger:
        given = entries(world, 4, 7)
        reader = LogClient(ledger.channel, pins(world))
        swapped = [replace(given[0], leaf=world.leaves[3]), *given[1:]]
        assert [item.finding for item in await check_seals(reader, swapped)] == [
            "seal: the leaves of the batch are not those that it signs"
        ] * 3
        other = world.submission("alpha", disclosure()).statements[0]
        changed = [replace(given[0], leaf=other), *given[1:]]
        assert all(item.finding for item in await check_seals(reader, changed))
