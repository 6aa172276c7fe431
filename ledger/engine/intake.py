"""What the writer takes in: a submission, examined, its lookup keys encrypted, ready to be given a place.

No state is needed to get this far, so that it is done beside the writer: on another thread, or in another process.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.core.admission import Examined, Submission, examine
from ledger.core.batch import Batch, Binding
from ledger.core.life import Keys
from ledger.core.sealed_keys import SealedKey
from ledger.engine import rows

Attached = tuple[int, bytes, bytes, bytes]
"""What is stored beside one entry: position in the batch, payload, shred, queue row; empty what there is not."""


@dataclass(frozen=True, slots=True)
class Intake:
    """An examined batch of ``size`` bytes and the rows that go with it; ``travelled`` as ``Examined`` has it."""

    binding: Binding
    batch: Batch
    sealed_keys: tuple[SealedKey, ...]
    attached: tuple[Attached, ...]
    size: int
    travelled: dict[int, Keys]


def take_in(submission: Submission, queue_key: bytes, entropy: Callable[[int], bytes]) -> Intake:
    """Return the submission ready for the writer; raise InvalidInput for whatever does not fit."""
    examined = examine(submission)
    attached = tuple(_attached(examined, queue_key, entropy))
    return Intake(
        submission.binding, examined.batch, submission.sealed_keys, attached, examined.size, examined.travelled
    )


def _attached(examined: Examined, queue_key: bytes, entropy: Callable[[int], bytes]) -> Iterator[Attached]:
    items, hashes = examined.submission.attachments, examined.batch.leaf_hashes
    nonces = entropy(rows.NONCE_SIZE * len(items))
    at = 0
    for position, payload, shred, keys, _ in items:
        row = b""
        if keys:
            row = rows.seal_lookup_keys(keys, hashes[position], queue_key, nonces[at : at + rows.NONCE_SIZE])
        at += rows.NONCE_SIZE
        yield position, payload, shred, row
