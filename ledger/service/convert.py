"""Wire messages to values and back: protobuf stops here. A missing or misshapen field is refused by name."""

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.core import bodies, mirror
from ledger.core.admission import Attachment, SaltedKey, Submission
from ledger.core.batch import MAX_BATCH, Binding
from ledger.core.encoding import Hash, check_hash
from ledger.core.errors import Head, InvalidInput, Unavailable
from ledger.core.lookup_keys import LookupKey
from ledger.core.parties import Source
from ledger.core.proof import RangeProof
from ledger.core.sealed_keys import SealedKey
from ledger.core.signing import PublicKey
from ledger.engine.reader import KeyEvidence, SealedEntries
from ledger.v1 import admin_pb2, disclosure_pb2, log_pb2, statement_pb2

MAX_SEALED_KEYS: Final = 64
"""Boxes of one batch."""


def submission(request: disclosure_pb2.SubmitBatchRequest) -> Submission:
    """Return the batch as it arrived; raise InvalidInput for a field of the wrong size."""
    if len(request.statements) > MAX_BATCH:
        raise InvalidInput("statements", f"must be 1 to {MAX_BATCH}")
    if len(request.sealed_keys) > MAX_SEALED_KEYS:
        raise InvalidInput("sealed_keys", f"must be at most {MAX_SEALED_KEYS}")
    binding = Binding(
        check_hash(request.log_id, "log_id"),
        check_hash(request.key_statement, "key_statement"),
        check_hash(request.previous, "previous"),
    )
    return Submission(
        binding,
        tuple(request.statements),
        tuple(
            [
                Attachment(item.position, item.payload, item.shred, _salted_keys(item.keys), tuple(item.padding))
                for item in request.attachments
            ]
        ),
        sealed_keys(request.sealed_keys),
    )


def sealed_keys(boxes: Iterable[disclosure_pb2.SealedKey]) -> tuple[SealedKey, ...]:
    """Return boxes; raise InvalidInput or Uncheckable for one of the wrong shape."""
    return tuple([_sealed_key(item) for item in boxes])


def _salted_keys(keys: Iterable[disclosure_pb2.SaltedKey]) -> tuple[SaltedKey, ...]:
    return tuple([(LookupKey(key.type, key.value, key.version), key.salt) for key in keys])


def _sealed_key(item: disclosure_pb2.SealedKey) -> SealedKey:
    return SealedKey(check_hash(item.key_id, "sealed_keys.key_id"), item.box, item.suite)


def head(source: Source) -> disclosure_pb2.SourceHead:
    """Return a source's head, revocation included."""
    message = error_head(source.head)
    message.revoked = source.revoked
    return message


def error_head(value: Head) -> disclosure_pb2.SourceHead:
    """Return a head as an error's detail."""
    return disclosure_pb2.SourceHead(
        source_id=value.source_id,
        next_sequence=value.next_sequence,
        previous=value.previous,
        recorded_at=value.recorded_at,
        key_statement=value.key_statement,
    )


def public_key(key: PublicKey) -> statement_pb2.PublicKey:
    """Return a public key."""
    return statement_pb2.PublicKey(algorithm=key.algorithm, key=key.key)


def submitted(
    first_index: int, note: bytes, proof: RangeProof, consistency: Sequence[Hash], evidence: KeyEvidence
) -> disclosure_pb2.SubmitBatchResponse:
    """Return the answer to a batch: the range receipt."""
    return disclosure_pb2.SubmitBatchResponse(
        first_index=first_index,
        checkpoint=note,
        left=proof.left,
        right=proof.right,
        consistency=consistency,
        evidence=disclosure_pb2.KeyEvidence(
            key_statement=evidence.key_statement,
            key_statement_index=evidence.key_statement_index,
            key_statement_path=evidence.key_statement_path,
            log_opened=evidence.log_opened,
            log_opened_path=evidence.log_opened_path,
        ),
    )


def sealed_batch(batch: SealedEntries, size: int) -> disclosure_pb2.SealedBatch:
    """Return the stored payloads of one batch; raise Unavailable until an ERASURE that it names is published."""
    if any(item.erasure >= size for item in batch.erased):
        raise Unavailable("payload: is being erased; ask again in a moment")
    return disclosure_pb2.SealedBatch(
        source_id=batch.source_id,
        first_sequence=batch.first_sequence,
        erased=[
            disclosure_pb2.ErasedPayload(index=item.index, sequence=item.sequence, erasure=item.erasure)
            for item in batch.erased
        ],
        deposited=_boxes(batch.deposited),
        payloads=[
            disclosure_pb2.SealedPayload(
                index=item.index, sequence=item.sequence, payload=item.payload, shred=item.shred
            )
            for item in batch.entries
        ],
        sealed_keys=_boxes(batch.sealed_keys),
    )


def _boxes(boxes: Iterable[SealedKey]) -> list[disclosure_pb2.SealedKey]:
    return [disclosure_pb2.SealedKey(key_id=item.key_id, suite=item.suite, box=item.box) for item in boxes]


def entry_chunk(first_index: int, leaves: Sequence[bytes], proof: RangeProof) -> log_pb2.EntryChunk:
    """Return leaves with the nodes that prove them."""
    return log_pb2.EntryChunk(first_index=first_index, leaves=leaves, left=proof.left, right=proof.right)


def governance(request: admin_pb2.GovernRequest) -> bodies.Governance:
    """Return the one governance body of a request; raise InvalidInput if there is none or a field does not fit."""
    name = request.WhichOneof("body")
    if name is None:
        raise InvalidInput("body", "missing")
    message = getattr(request, name)
    body: bodies.Governance = mirror.read(getattr(bodies, message.DESCRIPTOR.name), message)
    return body
