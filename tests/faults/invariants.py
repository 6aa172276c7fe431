"""What has to hold after every fault: read back over the wire, verified, and held against all that was ever told."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import grpc

from ledger.client.reads import LogClient
from ledger.client.transport import translate
from ledger.core.bodies import Anchor
from ledger.core.encoding import check_hash
from ledger.core.errors import LedgerError
from ledger.core.merkle import CompactRange, hash_leaves, leaf_hash, tree_root
from ledger.core.proof import verify_consistency
from ledger.core.rules import LEDGER
from ledger.core.statement import decode_leaf
from ledger.v1 import log_pb2, log_pb2_grpc
from tests.faults.harness import PATIENCE, Harness
from tests.faults.seen import Seen, Violation
from tests.faults.sources import Sent, Source
from tests.served import ORIGIN
from tests.service.cosigning import Running

RECEIPTS = 16
"""Receipts that each check fetches for acknowledged entries chosen at random."""


async def check(ledger: Harness) -> dict[str, int]:
    """Return how many entries each chain has, once everything below holds; raise Violation naming what does not.

    The checkpoint extends the largest ever told; all leaves lead to it, and their prefixes to every root ever told;
    neighbouring checkpoints are joined by consistency proofs; every acknowledged entry is at its index; each source's
    entries are its batches, in order, whole, contiguous and once; receipts and heads say the same. Where it has
    witnesses, none was shown what contradicts another, and what they cosigned is there.
    """
    async with ledger.public() as transport:
        reader = ledger.reader(transport)
        try:
            leaves = await _read(reader, ledger.seen)
            await _join(log_pb2_grpc.LogServiceStub(transport), ledger.seen)
            check_entries(ledger.seen, leaves)
            logged = check_sources(ledger.sources, leaves)
            await _check_heads(reader, ledger.sources, logged)
            await _check_receipts(reader, ledger)
            if ledger.witnesses:
                check_witnesses(ledger.witnesses, leaves)
                await read_cosigned(transport, ledger.seen)
            ledger.seen.anchors = sum(isinstance(decode_leaf(leaf).statement.body, Anchor) for leaf in leaves)
        except LedgerError as error:
            raise Violation(f"{type(error).__name__}: {error}") from error
    return logged


async def _read(reader: LogClient, seen: Seen) -> list[bytes]:
    """Return all leaves under the present checkpoint, once they give every root that was ever told."""
    signed = await reader.checkpoint()
    seen.checkpoint(signed.note.format())
    leaves: list[bytes] = []
    async for chunk in reader.chunks(0, signed.checkpoint.size):
        leaves.extend(chunk.leaves)
    check_roots(seen, leaves)
    return leaves


def check_roots(seen: Seen, leaves: list[bytes]) -> None:
    """Raise Violation unless ``leaves`` reach as far as anything told, and give each root told for their prefixes."""
    if len(leaves) < seen.size:
        raise Violation(f"a tree of {seen.size} was told, {len(leaves)} entries are there")
    growing, hashes = CompactRange(), hash_leaves(leaves)
    for size in sorted(seen.roots):
        growing.extend(hashes[growing.size : size])
        if growing.root() != seen.roots[size]:
            raise Violation(f"the entries do not give the root that was told for the tree of {size}")


async def _join(stub: Any, seen: Seen) -> None:
    """Fetch and verify the consistency proof between each size told and the next."""
    for first, second in seen.unproven():
        request = log_pb2.GetConsistencyProofRequest(first=first, second=second)
        with translate():
            proof = await stub.GetConsistencyProof(request)
        hashes = tuple(check_hash(item, "consistency") for item in proof.hashes)
        verify_consistency(first, seen.roots[first], second, seen.roots[second], hashes)
        seen.proven.add((first, second))


async def read_cosigned(transport: grpc.aio.Channel, seen: Seen) -> None:
    """Ask for a checkpoint with a quorum, at least as large as any told before, and take it in."""
    stub: Any = log_pb2_grpc.LogServiceStub(transport)
    known = seen.cosigned
    with translate():
        request = log_pb2.GetCheckpointRequest(cosigned=True, min_size=known)
        answer = await stub.GetCheckpoint(request, timeout=PATIENCE)
    seen.quorum(answer.note, known)


def check_witnesses(witnesses: Sequence[Running], leaves: list[bytes]) -> None:
    """Raise Violation for a tree that a witness cosigned and ``leaves`` do not begin with, or evidence of a split."""
    hashes = hash_leaves(leaves)
    for witness in witnesses:
        known = witness.state.known(ORIGIN)
        if list(witness.state.evidence.iterdir()):
            raise Violation(f"witness {witness.name}: was shown two histories")
        if known is not None and known.root != tree_root(hashes[: known.size]):
            raise Violation(f"witness {witness.name}: cosigned a tree of {known.size} that is not the log's")


def check_entries(seen: Seen, leaves: list[bytes]) -> None:
    """Raise Violation unless each acknowledged entry is where it was said to be."""
    for (source_id, sequence), (index, leaf) in seen.entries.items():
        if index >= len(leaves) or leaf_hash(leaves[index]) != leaf:
            raise Violation(f"{source_id} {sequence}: acknowledged at index {index}, something else stands there")


def check_sources(sources: list[Source], leaves: list[bytes]) -> dict[str, int]:
    """Return how many entries each source has; raise Violation unless they are its batches, whole and once."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, leaf in enumerate(leaves):
        places[decode_leaf(leaf).statement.source_id].append(index)
    known = {source.name: source for source in sources}
    for name in set(places) - {LEDGER}:
        if name not in known:
            raise Violation(f"{name}: nobody here signed for it")
    for source in sources:
        _check_chain(source, places[source.name], leaves)
    return {name: len(found) for name, found in places.items()}


def _check_chain(source: Source, places: list[int], leaves: list[bytes]) -> None:
    at = 0
    for batch in source.sent:
        found = places[at : at + batch.batch.count]
        if not found and batch.index is None:
            break
        _check_batch(source.name, batch, found, leaves)
        at += batch.batch.count
    if at != len(places):
        raise Violation(f"{source.name}: has {len(places)} entries, its batches up to there {at}")


def _check_batch(name: str, sent: Sent, places: list[int], leaves: list[bytes]) -> None:
    where = f"{name} {sent.batch.first_sequence}"
    if [leaves[index] for index in places] != sent.leaves:
        raise Violation(f"{where}: a batch of {sent.batch.count} is there in part, or other bytes are")
    if places != list(range(places[0], places[0] + len(places))):
        raise Violation(f"{where}: a batch is not contiguous")
    if sent.index not in (None, places[0]):
        raise Violation(f"{where}: answered with index {sent.index}, stands at {places[0]}")


async def _check_heads(reader: LogClient, sources: list[Source], logged: dict[str, int]) -> None:
    heads = {row.head.source_id: row.head.next_sequence for row in (await reader.directory()).sources}
    for source in sources:
        if heads[source.name] != logged.get(source.name, 0):
            raise Violation(f"{source.name}: its head says {heads[source.name]}, it has {logged.get(source.name, 0)}")


async def _check_receipts(reader: LogClient, ledger: Harness) -> None:
    """Fetch and verify receipts of some acknowledged entries."""
    entries = list(ledger.seen.entries.items())
    for (source_id, sequence), (index, leaf) in ledger.random.sample(entries, min(RECEIPTS, len(entries))):
        _, verified = await reader.receipt((source_id, sequence))
        ledger.seen.checkpoint(verified.checkpoint.note.format())
        if (verified.index, verified.leaf_hash) != (index, leaf):
            raise Violation(f"{source_id} {sequence}: its receipt is another entry's")
