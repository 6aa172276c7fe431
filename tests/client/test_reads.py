"""Verified reads from an honest log give what is in it, under a checkpoint that extends the last one seen."""

import asyncio

import pytest

from ledger.client.reads import LogClient
from ledger.core import bodies
from ledger.core.errors import BeyondTree, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.receipt import verify_receipt
from tests.client.honest import pins
from tests.client.lying import lying
from tests.core.world import World, mixed


@pytest.mark.parametrize(("begin", "end"), [(0, None), (0, 1), (3, 8), (16, 17), (5, None)])
async def test_entries_are_the_leaves_in_order(begin: int, end: int | None) -> None:
    """Any range comes back entry by entry, exact bytes and what they say."""
    world = mixed()
    async with lying(world) as ledger:
        entries = [entry async for entry in LogClient(ledger.channel, pins(world)).entries(begin, end)]
    assert [entry.leaf for entry in entries] == world.leaves[begin:end]
    assert [entry.index for entry in entries] == list(range(begin, world.size if end is None else end))


async def test_one_entry_is_read_alone() -> None:
    """A single index gives its entry."""
    world = mixed()
    async with lying(world) as ledger:
        entry = await LogClient(ledger.channel, pins(world)).entry(7)
    assert (entry.index, entry.leaf) == (7, world.leaves[7])
    assert isinstance(entry.statement.body, bodies.SourceKeyChanged)


async def test_the_first_checkpoint_is_tied_to_the_log_id() -> None:
    """Who has seen nothing yet asks for the inclusion of index 0, and only then."""
    world = mixed()
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world))
        signed = await reader.checkpoint()
        await reader.checkpoint()
    assert (signed.checkpoint.size, reader.size, reader.root) == (world.size, world.size, world.root())
    assert ledger.asked.count("GetInclusionProof") == 1


async def test_a_grown_log_is_shown_to_extend_what_was_seen() -> None:
    """A reader that knows an older tree accepts a larger one by its consistency proof."""
    world = mixed()
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world), 5, world.root(5))
        await reader.checkpoint()
    assert reader.size == world.size
    assert ledger.asked == ["GetCheckpoint", "GetConsistencyProof"]


@pytest.mark.parametrize("entry", [0, 5, 16, ("alpha", 2), ("beta", 0), ("ledger", 3)])
async def test_receipts_are_of_the_entry_asked_for(entry: int | tuple[str, int]) -> None:
    """By index or by source and sequence, the receipt stands alone and its checkpoint is accepted."""
    world = mixed()
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world))
        data, verified = await reader.receipt(entry)
    assert verify_receipt(data, world.vkey) == verified
    statement = verified.statement
    assert entry in (verified.index, (statement.source_id, statement.sequence))
    assert reader.size == world.size


async def test_auditors_are_those_the_log_names_now() -> None:
    """Removed auditors are left out; each other one is proven by its statement."""
    world = mixed()
    async with lying(world) as ledger:
        found = await LogClient(ledger.channel, pins(world)).auditors()
    assert [body.name for body in found.values()] == ["two"]
    (key_id,) = found
    assert world.state.auditors[key_id].name == "two"


async def test_what_lies_beyond_the_tree_is_said_to() -> None:
    """The ledger's own refusal arrives as the error class it was."""
    world = World.open()
    async with lying(world) as ledger:
        with pytest.raises(BeyondTree, match=r"^index or size: past the tree$"):
            await LogClient(ledger.channel, pins(world)).entry(1)


async def test_answers_that_overtake_each_other_are_no_rollback() -> None:
    """Many tasks share one reader while the log grows; none is told that it shrank, however slow an answer is."""
    world = World.open()
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world))
        overtaken = asyncio.Event()

        async def slow(answer: object) -> object:
            ledger.lies.clear()
            world.enrol("alpha")
            await asyncio.wait([asyncio.create_task(overtaken.wait())], timeout=0.1)
            return answer

        ledger.lies["GetCheckpoint"] = ledger.lies["GetReceipt"] = slow
        first = asyncio.create_task(reader.checkpoint())
        while_slow = [asyncio.create_task(reading) for reading in (reader.receipt(0), reader.checkpoint())]
        await asyncio.wait(while_slow, timeout=0.05)
        overtaken.set()
        assert (await first).checkpoint.size == 1
        await asyncio.gather(*while_slow)
    assert reader.size == 2


async def test_a_path_is_proven_before_it_is_told() -> None:
    """An audit path is the leaf's own under the last tree seen; for another leaf there is none."""
    world = mixed()
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world))
        with pytest.raises(VerificationFailed, match="inclusion: no checkpoint was verified yet"):
            await reader.inclusion(3, leaf_hash(world.leaves[3]))
        await reader.checkpoint()
        for index, leaf in enumerate(world.leaves):
            assert await reader.inclusion(index, leaf_hash(leaf)) == world.inclusion(index)
        with pytest.raises(VerificationFailed, match="inclusion: the proof does not lead to the root"):
            await reader.inclusion(3, leaf_hash(world.leaves[4]))


async def test_an_older_tree_is_shown_to_be_the_beginning() -> None:
    """Any of the log's own is; another root is of no beginning of it."""
    world = mixed()
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world))
        with pytest.raises(VerificationFailed, match="consistency: no checkpoint was verified yet"):
            await reader.extends(3, world.root(3))
        await reader.checkpoint()
        for size in range(1, world.size + 1):
            assert await reader.extends(size, world.root(size))
            assert not await reader.extends(size, world.root(size - 1))


async def test_chunks_give_every_audit_path() -> None:
    """Leaves that come in chunks come with the path of each."""
    world = mixed()
    async with lying(world) as ledger:
        chunks = [chunk async for chunk in LogClient(ledger.channel, pins(world)).chunks(2, 9)]
    assert [leaf for chunk in chunks for leaf in chunk.leaves] == world.leaves[2:9]
    for chunk in chunks:
        for index in range(chunk.proof.begin, chunk.proof.end):
            assert chunk.proof.inclusion_path(index) == world.inclusion(index)
