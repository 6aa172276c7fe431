"""An answer that does not prove what it must settles nothing, whatever it says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.client.range_receipt import verify_answer
from ledger.core.batch import decode_batch
from ledger.core.errors import VerificationFailed
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.note import SigningKey
from ledger.core.receipt import verify_receipt
from ledger.v1 import disclosure_pb2
from tests.client.honest import pins, range_receipt
from tests.client.lying import lying
from tests.client.recording import SOURCE, journal, opened_world, recording
from tests.core.world import Entropy, World, disclosure, secret

Answer = disclosure_pb2.SubmitBatchResponse
Lie = Callable[[Answer], Any]


def other_root(answer: Answer) -> Answer:
    """Return ``answer`` under a signed checkpoint of the right size over other leaves."""
    world = opened_world()
    world.disclose(SOURCE)
    world.leaves[1] += b"\x00"
    answer.checkpoint = world.checkpoint()
    return answer


def other_key(answer: Answer) -> Answer:
    """Return ``answer`` under a checkpoint of another key."""
    world = opened_world()
    world.disclose(SOURCE)
    world.log = SigningKey(world.log.name, secret("another"))
    answer.checkpoint = world.checkpoint()
    return answer


def stale(answer: Answer) -> Answer:
    """Return ``answer`` under the checkpoint before the batch."""
    answer.checkpoint = opened_world().checkpoint()
    return answer


def forked(answer: Answer) -> Answer:
    """Return an answer by a history that split off after index 0 and took the same batch in."""
    world = World.open()
    world.add_auditor("one")
    world.minute += 1
    world.enrol("somebody-else")
    world.enrol(SOURCE)
    world.disclose(SOURCE)
    return range_receipt(world, world.size - 1, 3)


def misplaced(answer: Answer) -> Answer:
    """Return ``answer`` with another first index."""
    answer.first_index += 1
    return answer


def lacking(*path: str) -> Lie:
    """Return a lie that leaves a field of the answer out."""

    def lie(answer: Answer) -> Answer:
        holder: Any = answer
        for name in path[:-1]:
            holder = getattr(holder, name)
        holder.ClearField(path[-1])
        return answer

    return lie


def exchanged(field: str, value: Any) -> Lie:
    """Return a lie that sets a field of the evidence."""

    def lie(answer: Answer) -> Answer:
        if isinstance(value, list):
            answer.evidence.ClearField(field)  # type: ignore[arg-type]  # the stubs want a literal
            getattr(answer.evidence, field).extend(value)
        else:
            setattr(answer.evidence, field, value)
        return answer

    return lie


LIES: dict[str, Lie] = {
    "an empty answer": lambda _: Answer(),
    "no checkpoint": lacking("checkpoint"),
    "no nodes on the left": lacking("left"),
    "no consistency proof": lacking("consistency"),
    "no evidence": lacking("evidence"),
    "no key statement": lacking("evidence", "key_statement"),
    "no path to the key statement": lacking("evidence", "key_statement_path"),
    "no path to LOG_OPENED": lacking("evidence", "log_opened_path"),
    "another root": other_root,
    "another key's checkpoint": other_key,
    "a checkpoint from before the batch": stale,
    "a forked history": forked,
    "another index": misplaced,
    "another LOG_OPENED": exchanged("log_opened", World.open(threshold=1, approvers=2).leaves[0]),
    "another key statement": exchanged("key_statement", opened_world().leaves[1]),
    "another index of the key statement": exchanged("key_statement_index", 1),
    "a key statement past the batch": exchanged("key_statement_index", 2**63),
    "a path of other hashes": exchanged("log_opened_path", [bytes(32), bytes(32)]),
    "a path of short hashes": exchanged("log_opened_path", [bytes(31), bytes(32)]),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_an_answer_that_proves_nothing_is_refused(tmp_path: Path, lie: Lie) -> None:
    """The caller gets VerificationFailed, the journal keeps batch and position, and an honest answer settles both."""
    async with lying(opened_world()) as ledger:
        ledger.lies["SubmitBatch"] = lie
        async with recording(ledger, tmp_path / "state") as recorder:
            with pytest.raises(VerificationFailed):
                await recorder.record(disclosure())
        with pytest.raises(VerificationFailed):
            async with recording(ledger, tmp_path / "state"):
                raise AssertionError
        held = journal(ledger.world, tmp_path / "state")
        assert held.pending() is not None
        assert (held.position.next_sequence, held.position.size) == (0, 3)
        held.close()
        ledger.lies.clear()
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [receipt.index for receipt in recorder.recovered] == [3]
    assert ledger.world.size == 4


async def test_an_answer_to_another_batch_is_refused(tmp_path: Path) -> None:
    """What proves an earlier batch proves nothing for this one."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        await recorder.record(disclosure())
        earlier = range_receipt(ledger.world, 3)
        ledger.lies["SubmitBatch"] = lambda _: earlier
        with pytest.raises(VerificationFailed):
            await recorder.record(disclosure())


async def test_a_key_statement_above_the_batch_proves_nothing() -> None:
    """A tree that holds the batch first and its source's key later is none that this ledger may build."""
    world = opened_world()
    submission = world.submission(SOURCE, disclosure())
    batch = decode_batch(submission.statements)
    world.leaves = [world.leaves[0], world.leaves[1], *submission.statements, world.leaves[2]]
    world.placed = [world.placed[0], world.placed[1], type(world.placed[2])(2, batch, submission.binding, 3)]
    answer = range_receipt(world, 2)
    with pytest.raises(VerificationFailed, match=r"^key_statement: must lie below the batch$"):
        verify_answer(answer, batch, submission.binding, world.vkey, world.log.name, (0, tree_root([])))


@pytest.mark.parametrize("known", [0, 1, 3], ids=lambda size: f"known size {size}")
@pytest.mark.parametrize("count", [1, 2, 5])
async def test_receipts_cut_from_an_answer_are_those_of_the_log(known: int, count: int) -> None:
    """Every receipt derived from a range proof is byte for byte what the log itself would hand out."""
    world = opened_world()
    world.entropy = Entropy(b"other")
    first = world.disclose(SOURCE, *(disclosure() for _ in range(count)))
    world.enrol("beta")
    placed = world.batch_at(first)
    root = tree_root([leaf_hash(data) for data in world.leaves[:known]])
    held = pins(world)
    answer = verify_answer(
        range_receipt(world, first, known), placed.batch, placed.binding, held.vkey, held.origin, (known, root)
    )
    receipts = answer.receipts()
    assert [receipt.data for receipt in receipts] == [world.receipt(first + number) for number in range(count)]
    for receipt in receipts:
        assert verify_receipt(receipt.data, world.vkey).index == receipt.index
