"""Verified reads: nothing comes back that was not checked against a checkpoint consistent with the last one seen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc

from ledger.client.transport import translate
from ledger.core import bodies
from ledger.core.checkpoint import SignedCheckpoint, open_checkpoint
from ledger.core.encoding import Hash, check_hash, sha256
from ledger.core.errors import VerificationFailed
from ledger.core.merkle import hash_leaves, leaf_hash
from ledger.core.note import VKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.proof import RangeProof, VerifiedRange, verify_consistency, verify_inclusion, verify_range
from ledger.core.receipt import VerifiedReceipt, verify_receipt
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.statement import Statement, decode_leaf
from ledger.v1 import log_pb2, log_pb2_grpc


@dataclass(frozen=True, slots=True)
class Pins:
    """What a reader holds a log to; with a ``policy`` every checkpoint needs its quorum."""

    origin: str
    vkey: VKey
    log_id: Hash
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified entry: its exact leaf and what that says."""

    index: int
    leaf: bytes
    statement: Statement


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive leaves, proven together; ``proof`` knows where they stand and gives each its audit path."""

    leaves: tuple[bytes, ...]
    proof: VerifiedRange


class LogClient:
    """Reads one log over a channel, for any number of tasks; keeps the largest verified checkpoint in ``latest``."""

    def __init__(self, channel: grpc.aio.Channel, pins: Pins, size: int = 0, root: Hash | None = None) -> None:
        self._stub: Any = log_pb2_grpc.LogServiceStub(channel)
        self.pins = pins
        self.size, self.root = size, root
        self.latest: SignedCheckpoint | None = None
        self._turn = asyncio.Lock()
        """Held from asking for a checkpoint until it is accepted: answers that overtake each other are no rollback."""

    async def checkpoint(self, at_least: int = 0) -> SignedCheckpoint:
        """Return the log's latest checkpoint, signed, of this log, and consistent with the last one seen.

        Under a policy it is cosigned: the log waits until that covers the last one seen, and ``at_least`` entries as
        far as they are published.

        Raises:
            VerificationFailed: the signature, the quorum, the log id or the consistency proof does not hold.
            Unavailable: the quorum does not come.
        """
        async with self._turn:
            request = log_pb2.GetCheckpointRequest(**self._cosigned(at_least))
            with translate():
                answer = await self._stub.GetCheckpoint(request)
            return await self._accept(answer.note)

    def _cosigned(self, at_least: int = 0) -> dict[str, Any]:
        """Return what a request says of the quorum."""
        return {} if self.pins.policy is None else {"cosigned": True, "min_size": max(self.size, at_least)}

    async def _accept(self, note: bytes) -> SignedCheckpoint:
        """Return the checkpoint of ``note`` once it is shown to extend the last one seen; fetch proofs as needed."""
        signed = open_checkpoint(note, self.pins.vkey, self.pins.origin)
        if self.pins.policy is not None:
            verify_quorum(signed, self.pins.policy)
        checkpoint = signed.checkpoint
        if self.root is None or self.size == 0:
            await self._check_log_id(checkpoint.size, checkpoint.root)
        elif checkpoint.size < self.size:
            raise VerificationFailed("checkpoint: smaller than the last one seen; the log was rolled back")
        else:
            consistency = await self._consistency(self.size, checkpoint.size)
            verify_consistency(self.size, self.root, checkpoint.size, checkpoint.root, consistency)
        self.size, self.root, self.latest = checkpoint.size, checkpoint.root, signed
        return signed

    async def extends(self, size: int, root: Hash) -> bool:
        """Return whether the last tree seen begins with the ``size`` entries that have this root, as far as is proven.

        Raises:
            VerificationFailed: no checkpoint was verified yet.
        """
        if self.root is None:
            raise VerificationFailed("consistency: no checkpoint was verified yet")
        last, last_root = self.size, self.root
        try:
            verify_consistency(size, root, last, last_root, await self._consistency(size, last))
        except VerificationFailed:
            return False
        return True

    async def _consistency(self, first: int, second: int) -> tuple[Hash, ...]:
        if first == second:
            return ()
        with translate():
            proof = await self._stub.GetConsistencyProof(log_pb2.GetConsistencyProofRequest(first=first, second=second))
        return tuple(check_hash(item, "consistency") for item in proof.hashes)

    async def _check_log_id(self, size: int, root: Hash) -> None:
        with translate():
            proof = await self._stub.GetInclusionProof(log_pb2.GetInclusionProofRequest(index=0, size=size))
        verify_inclusion(self.pins.log_id, 0, size, tuple(proof.hashes), root)

    async def inclusion(self, index: int, leaf: Hash) -> tuple[Hash, ...]:
        """Return the audit path of the leaf hash ``leaf`` at ``index`` in the last tree seen.

        Raises:
            VerificationFailed: no checkpoint was verified yet, or the path does not lead to its root.
        """
        size, root = self.size, self.root
        if root is None:
            raise VerificationFailed("inclusion: no checkpoint was verified yet")
        with translate():
            proof = await self._stub.GetInclusionProof(log_pb2.GetInclusionProofRequest(index=index, size=size))
        path = tuple(check_hash(item, "inclusion") for item in proof.hashes)
        verify_inclusion(leaf, index, size, path, root)
        return path

    async def entries(self, begin: int, end: int | None = None) -> AsyncIterator[Entry]:
        """Yield entries [begin, end), by default to the latest checkpoint, each chunk verified as it arrives."""
        async for chunk in self.chunks(begin, end):
            for index, leaf in enumerate(chunk.leaves, chunk.proof.begin):
                yield Entry(index, leaf, decode_leaf(leaf).statement)

    async def chunks(self, begin: int, end: int | None = None) -> AsyncIterator[Chunk]:
        """Yield the leaves of [begin, end), by default to the latest checkpoint, proven chunk by chunk.

        Raises:
            VerificationFailed: a chunk is missing, out of order, too many, or does not lead to the root.
        """
        signed = await self.checkpoint(0 if end is None else end)
        size, root = signed.checkpoint.size, signed.checkpoint.root
        stop = size if end is None else end
        expected = begin
        with translate():
            request = log_pb2.StreamEntriesRequest(begin=begin, end=stop, size=size)
            async for chunk in self._stub.StreamEntries(request):
                if chunk.first_index != expected or expected + len(chunk.leaves) > stop:
                    raise VerificationFailed("entries: a chunk is missing, out of order or more than was asked for")
                hashes = hash_leaves(chunk.leaves)
                proof = RangeProof(
                    tuple(check_hash(item, "left") for item in chunk.left),
                    tuple(check_hash(item, "right") for item in chunk.right),
                )
                yield Chunk(tuple(chunk.leaves), verify_range(expected, hashes, size, proof, root))
                expected += len(chunk.leaves)
        if expected != stop:
            raise VerificationFailed("entries: the stream ended early")

    async def entry(self, index: int) -> Entry:
        """Return one verified entry."""
        (found,) = [item async for item in self.entries(index, index + 1)]
        return found

    async def receipt(self, entry: int | tuple[str, int]) -> tuple[bytes, VerifiedReceipt]:
        """Return the receipt of an index, or of (source id, sequence), and what it proves."""
        request = (
            log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=entry))
            if isinstance(entry, int)
            else log_pb2.GetReceiptRequest(source=log_pb2.SourceSequence(source_id=entry[0], sequence=entry[1]))
        )
        async with self._turn:
            request.MergeFrom(log_pb2.GetReceiptRequest(**self._cosigned()))
            with translate():
                answer = await self._stub.GetReceipt(request)
            verified = verify_receipt(answer.tlog_proof, self.pins.vkey, self.pins.origin)
            self._check_asked(entry, verified)
            await self._accept(verified.checkpoint.note.format())
        return answer.tlog_proof, verified

    def _check_asked(self, entry: int | tuple[str, int], verified: VerifiedReceipt) -> None:
        if verified.log_id != self.pins.log_id:
            raise VerificationFailed("receipt: of another log")
        statement = verified.statement
        if entry != (verified.index if isinstance(entry, int) else (statement.source_id, statement.sequence)):
            raise VerificationFailed("receipt: of another entry than the one asked for")

    async def directory(self) -> log_pb2.Directory:
        """Return who is enrolled, as the server says; each row is to be proven by its statement."""
        with translate():
            answer: log_pb2.Directory = await self._stub.GetDirectory(log_pb2.GetDirectoryRequest())
        return answer

    async def sealing_policy(self) -> SealingPolicy:
        """Return the sealing and publication policy, whose digest stands in the statement that the server names.

        That no later one replaced it nothing shows here: a submission that follows an old one is refused.
        """
        with translate():
            answer = await self._stub.GetPolicies(log_pb2.GetPoliciesRequest())
        body = (await self.entry(answer.index)).statement.body
        if not isinstance(body, bodies.LogOpened | bodies.PolicyChanged):
            raise VerificationFailed("policies: the server names another statement")
        if sha256(answer.sealing_policy) != body.sealing_policy_digest:
            raise VerificationFailed("sealing_policy: not the one whose digest is in the log")
        return SealingPolicy.parse(answer.sealing_policy)

    async def auditors(self) -> dict[Hash, bodies.AuditorAdded]:
        """Return the auditors that the log names, by key id, each proven by its AUDITOR_ADDED."""
        found = {}
        for row in (await self.directory()).auditors:
            if row.removed:
                continue
            entry = await self.entry(row.index)
            if not isinstance(entry.statement.body, bodies.AuditorAdded):
                raise VerificationFailed("directory: an auditor's row names another statement")
            found[leaf_hash(entry.leaf)] = entry.statement.body
        return found
