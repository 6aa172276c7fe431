"""LogService's answers hold against the core's verifiers at every size, and stop at the published tree."""

from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import pytest
import pytest_asyncio

from ledger.core.checkpoint import open_checkpoint
from ledger.core.merkle import tree_root
from ledger.core.proof import RangeProof, verify_consistency, verify_inclusion, verify_range
from ledger.core.receipt import verify_receipt
from ledger.core.sealing_policy import DEFAULT
from ledger.v1 import log_pb2
from tests.served import ORIGIN
from tests.service.calls import drained, refusal, unchanged
from tests.service.filled import Filled, filled

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAST: Final = 307
FAR: Final = 2**64 - 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full() -> AsyncIterator[Filled]:
    """A log of 306 entries that no case changes."""
    async with filled() as made:
        yield made


async def test_the_checkpoint_is_over_all_entries(full: Filled) -> None:
    """The latest checkpoint is the log's own, and its root is that of the leaves it streams."""
    note = (await full.log.GetCheckpoint(log_pb2.GetCheckpointRequest())).note
    checkpoint = open_checkpoint(note, full.served.vkey, ORIGIN).checkpoint
    assert (checkpoint.size, checkpoint.root) == (306, tree_root(full.hashes))


async def test_inclusion_is_proven_at_every_size(full: Filled) -> None:
    """At each size the first, the last and the middle entry are proven, and just past a tile every one is."""
    for size in range(1, full.size + 1):
        indexes = range(size) if size == 257 else sorted({0, size // 2, size - 1})
        for index in indexes:
            proof = await full.log.GetInclusionProof(log_pb2.GetInclusionProofRequest(index=index, size=size))
            verify_inclusion(full.hashes[index], index, size, proof.hashes, full.roots[size])


async def test_consistency_is_proven_between_all_kinds_of_sizes(full: Filled) -> None:
    """Each size extends its half, its predecessor, itself, a full tile, and one that just misses it."""
    for second in range(1, full.size + 1):
        for first in sorted({0, 1, 255, 256, second // 2, second - 1, second}):
            if first <= second:
                request = log_pb2.GetConsistencyProofRequest(first=first, second=second)
                proof = (await full.log.GetConsistencyProof(request)).hashes
                verify_consistency(first, full.roots[first], second, full.roots[second], proof)


async def test_ranges_are_proven_at_every_size(full: Filled) -> None:
    """The nodes beside a range, with its leaf hashes, give the root of each size."""
    for size in range(1, full.size + 1):
        for begin, end in {(0, size), (size - 1, size), (size // 3, size // 2 + 1), (0, 1)}:
            answer = await full.log.GetRangeProof(log_pb2.GetRangeProofRequest(begin=begin, end=end, size=size))
            proof = RangeProof(tuple(answer.left), tuple(answer.right))
            verify_range(begin, full.hashes[begin:end], size, proof, full.roots[size])


async def test_entries_prove_themselves_at_every_kind_of_size(full: Filled) -> None:
    """A chunk's leaves and nodes give the root of the size asked for."""
    for size in (1, 2, 3, 255, 256, 257, 306):
        (chunk,) = await drained(full.log.StreamEntries(log_pb2.StreamEntriesRequest(begin=0, end=size, size=size)))
        assert list(chunk.leaves) == full.leaves[:size]
        proof = RangeProof(tuple(chunk.left), tuple(chunk.right))
        verify_range(chunk.first_index, full.hashes[:size], size, proof, full.roots[size])


async def test_every_entry_has_a_receipt_by_index_and_by_sequence(full: Filled) -> None:
    """A receipt names the entry that was asked for, both ways of asking give the same bytes, and it stands alone."""
    for index, leaf in enumerate(full.leaves):
        asked = log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=index))
        data = (await full.log.GetReceipt(asked)).tlog_proof
        verified = verify_receipt(data, full.served.vkey, ORIGIN)
        assert (verified.index, verified.log_id) == (index, full.served.log_id)
        place = log_pb2.SourceSequence(source_id=verified.statement.source_id, sequence=verified.statement.sequence)
        again = await full.log.GetReceipt(log_pb2.GetReceiptRequest(source=place))
        assert again.tlog_proof == data
        assert full.leaves.count(leaf) == 1


async def test_size_zero_stands_for_the_published_one(full: Filled) -> None:
    """Whoever leaves the size out is answered for the published tree."""
    request = log_pb2.GetInclusionProofRequest(index=7)
    whole = log_pb2.GetInclusionProofRequest(index=7, size=306)
    assert await full.log.GetInclusionProof(request) == await full.log.GetInclusionProof(whole)
    span, whole_span = log_pb2.GetRangeProofRequest(end=5), log_pb2.GetRangeProofRequest(end=5, size=306)
    assert await full.log.GetRangeProof(span) == await full.log.GetRangeProof(whole_span)
    grown = log_pb2.GetConsistencyProofRequest(first=5)
    whole_grown = log_pb2.GetConsistencyProofRequest(first=5, second=306)
    assert await full.log.GetConsistencyProof(grown) == await full.log.GetConsistencyProof(whole_grown)


async def test_the_directory_names_who_is_enrolled(full: Filled) -> None:
    """Source and auditor stand in the directory with the statements that prove them; policies are the log's files."""
    directory = await full.log.GetDirectory(log_pb2.GetDirectoryRequest())
    assert directory.size == 306
    sources = {row.head.source_id: row for row in directory.sources}
    assert sorted(sources) == ["alpha", "ledger"]
    assert sources["alpha"].head == full.hand.head()
    assert full.hashes[sources["alpha"].key_statement_index] == sources["alpha"].head.key_statement
    (auditor,) = directory.auditors
    assert (full.hashes[auditor.index], auditor.removed) == (auditor.key_id, False)
    policies = await full.log.GetPolicies(log_pb2.GetPoliciesRequest())
    assert (policies.witness_policy, policies.sealing_policy) == (b"quorum none\n", DEFAULT)


OUT, BAD = grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("method", "request_", "code", "message"),
    [
        ("GetInclusionProof", log_pb2.GetInclusionProofRequest(index=306), OUT, "index: that tree has 306 entries"),
        ("GetInclusionProof", log_pb2.GetInclusionProofRequest(index=FAR), OUT, "index: that tree has 306 entries"),
        ("GetInclusionProof", log_pb2.GetInclusionProofRequest(index=5, size=5), OUT, "index: that tree has 5 entries"),
        ("GetInclusionProof", log_pb2.GetInclusionProofRequest(size=PAST), OUT, "size: must be at most 306"),
        ("GetInclusionProof", log_pb2.GetInclusionProofRequest(size=FAR), OUT, "size: must be at most 306"),
        ("GetConsistencyProof", log_pb2.GetConsistencyProofRequest(second=PAST), OUT, "second: must be at most 306"),
        ("GetConsistencyProof", log_pb2.GetConsistencyProofRequest(first=PAST), OUT, "first: must be at most 306"),
        ("GetConsistencyProof", log_pb2.GetConsistencyProofRequest(first=FAR, second=9), OUT, "first: must be at most"),
        ("GetConsistencyProof", log_pb2.GetConsistencyProofRequest(first=9, second=8), BAD, "first: must not exceed"),
        ("GetRangeProof", log_pb2.GetRangeProofRequest(begin=3, end=PAST), OUT, "end: must be at most 306"),
        ("GetRangeProof", log_pb2.GetRangeProofRequest(begin=3, end=6, size=5), OUT, "end: must be at most 5"),
        ("GetRangeProof", log_pb2.GetRangeProofRequest(end=6, size=PAST), OUT, "size: must be at most 306"),
        ("GetRangeProof", log_pb2.GetRangeProofRequest(begin=6, end=6), BAD, "begin: must lie below end"),
        ("StreamEntries", log_pb2.StreamEntriesRequest(begin=300, end=PAST), OUT, "end: must be at most 306"),
        ("StreamEntries", log_pb2.StreamEntriesRequest(begin=0, end=FAR), OUT, "end: must be at most 306"),
        ("StreamEntries", log_pb2.StreamEntriesRequest(end=6, size=PAST), OUT, "size: must be at most 306"),
        ("StreamEntries", log_pb2.StreamEntriesRequest(), BAD, "begin: must lie below end"),
        ("GetReceipt", log_pb2.GetReceiptRequest(), BAD, "entry: missing"),
        ("GetReceipt", log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=306)), OUT, "index: the published"),
        ("GetReceipt", log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=FAR)), OUT, "index: the published"),
    ],
)
async def test_what_lies_past_the_tree_is_refused(
    full: Filled, method: str, request_: Any, code: grpc.StatusCode, message: str
) -> None:
    """An index or size past the tree is out of range by name and bound; a range that is none is malformed."""
    call = getattr(full.log, method)(request_)
    async with unchanged(full.served):
        answer = await refusal(drained(call) if method.startswith("Stream") else call)
    assert answer.code is code
    assert answer.message.startswith(message)
    assert bool(answer.violations) is (code is BAD)


@pytest.mark.parametrize(
    ("source_id", "sequence"),
    [("alpha", 303), ("alpha", FAR), ("ledger", 3), ("alph", 0), ("alphaa", 0), ("", 0), ("x" * 64, 0), ("é" * 200, 0)],
)
async def test_a_sequence_that_is_not_there_has_no_receipt(full: Filled, source_id: str, sequence: int) -> None:
    """A source's next sequence, an unknown source, and what is no source id at all have no receipt."""
    place = log_pb2.SourceSequence(source_id=source_id, sequence=sequence)
    answer = await refusal(full.log.GetReceipt(log_pb2.GetReceiptRequest(source=place)))
    assert (answer.code, answer.message) == (OUT, "source: has no such sequence")
