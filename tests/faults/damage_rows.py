"""A server over a store in which one bit of one value is another, and everything that it may then tell.

LevelDB's checksums find bits that a disk changed; here the value was changed before it was written, as by memory or a
hand. Whatever the row, one of these holds, for each call of an honest client:

- the server does not start, and says which row it is;
- the answer is what it was before;
- it is DATA_LOSS, or of a halted writer UNAVAILABLE: never a status that blames the caller, never INTERNAL;
- it is another one, and does not verify against the checkpoint or the leaf.

And whatever is signed is the tree of the true leaves.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import grpc

from ledger.core import bodies
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import InvalidInput, LedgerError, Uncheckable, VerificationFailed
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.proof import RangeProof, verify_consistency, verify_inclusion, verify_range
from ledger.core.receipt import verify_receipt
from ledger.core.sealed import check_payload_size, check_shred
from ledger.core.sealed_keys import SealedKey, sealed_keys_digest
from ledger.core.statement import decode_leaf
from ledger.v1 import disclosure_pb2
from tests.faults.damage_log import SIZES, Call, Change, Whole, ask, serving_copy
from tests.served import Served

SERVED: Final = "served"
REFUSED: Final = "refused to start"
DAMAGED: Final = frozenset({grpc.StatusCode.DATA_LOSS})
HALTED: Final = frozenset({grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNAVAILABLE})
DISPROVES: Final = (InvalidInput, VerificationFailed, Uncheckable)


async def judge(held: Whole, change: Change) -> tuple[str, list[str]]:
    """Return how the server took a change to its directory, and what is wrong about that."""
    try:
        async with serving_copy(held, change) as served:
            wrong = [fault for call, answer in held.answers async for fault in _differs(served, held, call, answer)]
            return SERVED, wrong + await _signed(served, held)
    except LedgerError as error:
        return REFUSED, [] if str(error) else ["the refusal says nothing"]


async def _differs(served: Served, held: Whole, call: Call, answer: Any) -> AsyncIterator[str]:
    """Yield the call if it was answered otherwise than before, and its caller would not notice."""
    what = f"{call[1]} {' '.join(str(call[2]).split())}"
    try:
        found = await ask(served, held.hand, held.auditor, call)
    except grpc.aio.AioRpcError as error:
        if error.code() not in DAMAGED:
            yield f"{what}: {error.code().name} {error.details()}"
        return
    if _used(found) != _used(answer):
        try:
            if call[1] in _VERIFIED:
                _VERIFIED[call[1]](held, call[2], found)
        except DISPROVES:
            return
        yield f"{what}: another answer, and its caller does not notice"


def _used(answer: Any) -> Any:
    """Return what a client goes by: of sealed batches the payloads, shreds and boxes, since the leaves say the rest."""
    if isinstance(answer, list) and answer and isinstance(answer[0], disclosure_pb2.SealedBatch):
        payloads = [(item.index, item.payload, item.shred) for batch in answer for item in batch.payloads]
        return payloads, [tuple(map(str, batch.sealed_keys)) for batch in answer]
    return answer


async def _signed(served: Served, held: Whole) -> list[str]:
    """Send the last batch again, then the next one; return what is wrong about answers and checkpoint."""
    wrong = []
    leaves = [*held.leaves, *held.following.statements]
    roots = {held.size: held.root(), len(leaves): tree_root([leaf_hash(leaf) for leaf in leaves])}
    for request, expected in ((held.sent, held.size - SIZES[-1]), (held.following, held.size)):
        try:
            found = await ask(served, held.hand, held.auditor, ("disclosure", "SubmitBatch", request))
        except grpc.aio.AioRpcError as error:
            if error.code() not in HALTED:
                wrong.append(f"SubmitBatch: {error.code().name} {error.details()}")
        else:
            if found.first_index != expected:
                wrong.append("SubmitBatch: another index")
    signed = open_checkpoint(served.server.sequencer.view.note, served.vkey, served.vkey.name).checkpoint
    if roots.get(signed.size) != signed.root:
        wrong.append("the checkpoint is not of the true leaves")
    return wrong


def _check_receipt(held: Whole, request: Any, answer: Any) -> None:
    verified = verify_receipt(answer.tlog_proof, held.served.vkey, held.served.vkey.name)
    asked = request.source.sequence + 3 if request.HasField("source") else request.index.index
    if verified.index != asked:
        raise VerificationFailed("receipt: of another entry than the one asked for")


def _check_entries(held: Whole, request: Any, answer: Any) -> None:
    for chunk in answer:
        proof = RangeProof(tuple(map(Hash, chunk.left)), tuple(map(Hash, chunk.right)))
        hashes = [leaf_hash(leaf) for leaf in chunk.leaves]
        verify_range(chunk.first_index, hashes, request.size, proof, held.root())


def _check_inclusion(held: Whole, request: Any, answer: Any) -> None:
    verify_inclusion(leaf_hash(held.leaves[request.index]), request.index, request.size, answer.hashes, held.root())


def _check_consistency(held: Whole, request: Any, answer: Any) -> None:
    verify_consistency(request.first, held.root(request.first), request.second, held.root(), answer.hashes)


def _check_payloads(held: Whole, request: Any, answer: Any) -> None:
    """Hold payloads, shreds and boxes against the leaves, as whoever opens them does."""
    found = {item.index: item for batch in answer for item in batch.payloads}
    for index, leaf in enumerate(held.leaves):
        body = decode_leaf(leaf).statement.body
        if isinstance(body, bodies.Disclosure):
            item = found.get(index)
            if item is None or sha256(item.payload) != body.payload_digest:
                raise VerificationFailed("payload: missing, or of another digest than the leaf's")
            check_shred(check_payload_size(item.payload), item.shred)
    for batch in answer:
        boxes = tuple(SealedKey(Hash(item.key_id), item.box, item.suite) for item in batch.sealed_keys)
        if {_sealed_keys_digest(held, item.index) for item in batch.payloads} != {sealed_keys_digest(boxes)}:
            raise VerificationFailed("sealed keys: of another digest than the seal's")


def _sealed_keys_digest(held: Whole, index: int) -> Hash:
    """Return the digest in the seal of the batch that ``index`` is in: the next seal from there on."""
    seals = (decode_leaf(leaf).statement.seal for leaf in held.leaves[index:])
    return next(seal.sealed_keys_digest for seal in seals if seal is not None)


_VERIFIED: Final[dict[str, Callable[[Whole, Any, Any], None]]] = {
    "GetReceipt": _check_receipt,
    "StreamEntries": _check_entries,
    "GetInclusionProof": _check_inclusion,
    "GetConsistencyProof": _check_consistency,
    "StreamOwnPayloads": _check_payloads,
    "StreamSealedPayloads": _check_payloads,
}
"""How a client holds an answer of a method against the checkpoint; answers of the others it has to believe."""
