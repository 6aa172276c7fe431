"""A submission is examined here or in another process, with one outcome."""

import pickle
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from ledger.client.exchange import to_request
from ledger.core.admission import Submission
from ledger.core.batch import Batch, decode_batch
from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import canonicalise
from ledger.engine.rows import open_lookup_keys
from ledger.service.examining import SMALL, Examiners, Request
from tests.core.world import World, disclosure, mixed

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY: Final = b"q" * 32
KEYS: Final = (canonicalise("account", "nobody-1"), canonicalise("ip", "2001:db8::1"))
WORLD: Final = World.open()
WORLD.enrol("alpha")
WORLD.add_auditor("one")
FEW: Final = WORLD.submission("alpha", disclosure(*KEYS), disclosure())
MANY: Final = WORLD.submission("alpha", *[disclosure(*KEYS), disclosure()] * 20)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def examiners() -> AsyncIterator[Examiners]:
    """Two processes that examine."""
    found = Examiners(2, KEY)
    yield found
    found.close()


def sent(submission: Submission, known_size: int = 7) -> bytes:
    """Return a submission as it arrives."""
    return to_request(submission, known_size).SerializeToString()


@pytest.mark.parametrize("submission", [FEW, MANY], ids=["here", "in another process"])
async def test_what_fits_is_ready_for_the_writer(examiners: Examiners, submission: Submission) -> None:
    """Batch, boxes, payloads and shreds arrive as they were sent, and the lookup keys encrypted for the mapper."""
    data = sent(submission)
    assert (len(data) > SMALL) == (submission is MANY)
    request = await examiners.examine(data)
    intake = request.intake
    assert request.known_size == 7
    assert (intake.binding, intake.sealed_keys, intake.size) == (
        submission.binding,
        submission.sealed_keys,
        submission.size,
    )
    assert intake.batch == decode_batch(submission.statements)
    for (position, payload, shred, row), item in zip(intake.attached, submission.attachments, strict=True):
        assert (position, payload, shred) == (item.position, item.payload, item.shred)
        assert bool(row) == bool(item.keys)
        if row:
            assert open_lookup_keys(row, intake.batch.leaf_hashes[position], KEY) == item.keys
            assert b"nobody-1" not in row


async def test_no_two_queue_rows_share_a_nonce(examiners: Examiners) -> None:
    """The same batch sent twice leaves other rows each time, whichever process wrote them."""
    found = [await examiners.examine(sent(MANY)) for _ in range(4)]
    rows = [row for request in found for *_, row in request.intake.attached if row]
    assert len({row[:24] for row in rows}) == len(rows) == 80


@pytest.mark.parametrize("submission", [FEW, MANY], ids=["here", "in another process"])
async def test_what_does_not_fit_is_refused_by_name(examiners: Examiners, submission: Submission) -> None:
    """A payload that is not the leaf's is bad input that names the field, wherever it was examined."""
    request = to_request(submission, 0)
    request.attachments[1].payload = request.attachments[0].payload
    with pytest.raises(InvalidInput, match=r"^payload_digest: does not match the payload$") as refused:
        await examiners.examine(request.SerializeToString())
    assert refused.value.field == "payload_digest"


@pytest.mark.parametrize("size", [1, SMALL + 1], ids=["here", "in another process"])
async def test_what_does_not_parse_is_refused(examiners: Examiners, size: int) -> None:
    """Bytes that are no message are bad input."""
    with pytest.raises(InvalidInput, match="request: does not parse"):
        await examiners.examine(b"\xff" * size)


def whole(batch: Batch) -> tuple[object, ...]:
    """Return all that a batch says."""
    said = [(leaf.data, leaf.unsealed, leaf.roots, leaf.statement) for leaf in batch.leaves]
    return batch.source_id, batch.first_sequence, batch.leaf_hashes, batch.root, batch.seal, said


async def test_every_kind_of_batch_travels_whole() -> None:
    """A batch that went to another process and back says what it said, whatever its statements are."""
    for placed in mixed().placed:
        there = pickle.loads(pickle.dumps(placed.batch))  # noqa: S301 -- written one call earlier
        assert there == placed.batch
        assert whole(there) == whole(placed.batch)


async def test_closing_ends_the_processes() -> None:
    """A process starts with the first large batch, examines the next ones too, and ends when the ledger stops."""
    before, examiners = children(), Examiners(1, KEY)
    assert children() == before
    requests: list[Request] = [await examiners.examine(sent(MANY)) for _ in range(2)]
    assert [request.intake.batch.count for request in requests] == [40, 40]
    assert len(children() - before) == 1
    examiners.close()
    assert children() == before


def children() -> set[str]:
    """Return the processes that this one has started and not yet waited for."""
    return {process for path in Path("/proc/self/task").glob("*/children") for process in path.read_text().split()}
