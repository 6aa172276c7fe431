"""The answer to a batch, checked: one checkpoint, few nodes, and from them a stand-alone receipt for every entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.core.batch import Batch, Binding
from ledger.core.bodies import Target
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import Hash, check_hash
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.note import VKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.proof import RangeProof, VerifiedRange, verify_consistency, verify_inclusion, verify_range
from ledger.core.receipt import ReceiptExtra, ReceiptWriter
from ledger.v1 import disclosure_pb2


@dataclass(frozen=True, slots=True)
class Receipt:
    """One entry's stand-alone receipt: ``data`` is the bytes of a ``.tlog-proof`` file."""

    index: int
    source_id: str
    sequence: int
    leaf_hash: Hash
    data: bytes

    @property
    def target(self) -> Target:
        """What names the entry in a later statement of its source."""
        return Target(self.sequence, self.leaf_hash)


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer: where the batch stands, under which tree."""

    first_index: int
    size: int
    root: Hash
    note: bytes
    _range: VerifiedRange
    _batch: Batch
    _binding: Binding
    _batch_range: VerifiedRange
    _evidence: disclosure_pb2.KeyEvidence

    def receipts(self) -> list[Receipt]:
        """Return a receipt for each statement of the batch, in order."""
        batch, evidence = self._batch, self._evidence
        common = ReceiptExtra(
            batch.leaves[0].data,
            batch.seal,
            (),
            batch.first_sequence,
            batch.count,
            self._binding.previous,
            evidence.key_statement,
            evidence.key_statement_index,
            tuple(Hash(item) for item in evidence.key_statement_path),
            evidence.log_opened,
            tuple(Hash(item) for item in evidence.log_opened_path),
        )
        writer = ReceiptWriter(self.note, common)
        receipts = []
        for position, leaf in enumerate(batch.leaves):
            index = self.first_index + position
            batch_path = self._batch_range.inclusion_path(position)
            data = writer.write(index, self._range.inclusion_path(index), leaf.data, batch_path)
            sequence, hashed = batch.first_sequence + position, batch.leaf_hashes[position]
            receipts.append(Receipt(index, batch.source_id, sequence, hashed, data))
        return receipts


def verify_answer(
    response: disclosure_pb2.SubmitBatchResponse,
    batch: Batch,
    binding: Binding,
    log: VKey,
    origin: str,
    known: tuple[int, Hash],
    policy: Policy | None = None,
) -> Answer:
    """Return the answer to ``batch`` once it is proven.

    ``known`` is the size and root last verified (size 0 for none). Raises VerificationFailed unless the checkpoint is
    the log's, satisfies ``policy`` if there is one, and extends what is known, the batch's own leaf hashes lead to its
    root, and the key evidence is in it, below the batch. A malformed answer is the ledger's fault too: InvalidInput
    would blame the batch.
    """
    try:
        return _verify_answer(response, batch, binding, log, origin, known, policy)
    except InvalidInput as error:
        raise VerificationFailed(f"answer: {error}") from None


def _verify_answer(
    response: disclosure_pb2.SubmitBatchResponse,
    batch: Batch,
    binding: Binding,
    log: VKey,
    origin: str,
    known: tuple[int, Hash],
    policy: Policy | None,
) -> Answer:
    signed = open_checkpoint(response.checkpoint, log, origin)
    if policy is not None:
        verify_quorum(signed, policy)
    checkpoint = signed.checkpoint
    size, root = checkpoint.size, checkpoint.root
    if known[0]:
        verify_consistency(known[0], known[1], size, root, _hashes(response.consistency, "consistency"))
    proof = RangeProof(_hashes(response.left, "left"), _hashes(response.right, "right"))
    verified = verify_range(response.first_index, batch.leaf_hashes, size, proof, root)
    evidence = response.evidence
    if leaf_hash(evidence.log_opened) != binding.log_id:
        raise VerificationFailed("log_opened: of another log")
    if leaf_hash(evidence.key_statement) != binding.key_statement:
        raise VerificationFailed("key_statement: another than the batch is sealed under")
    if evidence.key_statement_index >= response.first_index:
        raise VerificationFailed("key_statement: must lie below the batch")
    verify_inclusion(binding.log_id, 0, size, tuple(evidence.log_opened_path), root)
    verify_inclusion(
        binding.key_statement, evidence.key_statement_index, size, tuple(evidence.key_statement_path), root
    )
    batch_range = verify_range(0, batch.unsealed_hashes, batch.count, RangeProof((), ()), batch.root)
    return Answer(
        response.first_index, size, root, response.checkpoint, verified, batch, binding, batch_range, evidence
    )


def _hashes(items: Sequence[bytes], field: str) -> tuple[Hash, ...]:
    return tuple(check_hash(item, field) for item in items)
