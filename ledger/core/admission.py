"""What a source submits: its batch and what travels beside it, checked without any state (protocol §6–§8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.core.batch import Batch, Binding, decode_batch
from ledger.core.chain import Auditor, Source, check_openings
from ledger.core.encoding import ZERO_HASH, Hash, sha256_each
from ledger.core.errors import InvalidInput, TooFewAuditors, Uncheckable, VerificationFailed
from ledger.core.lookup_keys import LookupKey, verify_keys_roots
from ledger.core.sealed import check_payload_size, check_shreds
from ledger.core.sealed_keys import SealedKey, sealed_keys_digest

MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Bytes of a batch's statements and payloads together."""

CLOCK_TOLERANCE: Final = 5
"""Minutes that recorded_at may lie ahead of the ledger's clock."""


SaltedKey = tuple[LookupKey, bytes]
"""A lookup key and its 16-byte salt."""


class Attachment(NamedTuple):
    """What travels beside one DISCLOSURE at ``position`` of the batch; a tuple, for there is one an entry."""

    position: int
    payload: bytes
    shred: bytes
    keys: tuple[SaltedKey, ...]
    padding: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A batch as it arrives."""

    binding: Binding
    statements: tuple[bytes, ...]
    attachments: tuple[Attachment, ...]
    sealed_keys: tuple[SealedKey, ...]

    @property
    def size(self) -> int:
        """Bytes of statements and payloads."""
        return sum(map(len, self.statements)) + sum([len(item.payload) for item in self.attachments])


@dataclass(frozen=True, slots=True)
class Examined:
    """A submission whose parts fit together, of ``size`` bytes; only state can still refuse it."""

    submission: Submission
    batch: Batch
    size: int


def examine(submission: Submission) -> Examined:
    """Return the submission examined; raise InvalidInput naming field and bound for whatever does not fit."""
    size = submission.size
    if size > MAX_BATCH_BYTES:
        raise InvalidInput("batch", f"statements and payloads must be at most {MAX_BATCH_BYTES} bytes in all")
    try:
        batch = decode_batch(submission.statements)
    except Uncheckable as error:
        raise InvalidInput("statement", str(error)) from None
    _check_attachments(batch, submission.attachments)
    digest = sealed_keys_digest(submission.sealed_keys) if submission.attachments else ZERO_HASH
    if submission.sealed_keys and not submission.attachments:
        raise InvalidInput("sealed_keys", "a batch without payloads has none")
    if digest != batch.seal.sealed_keys_digest:
        raise InvalidInput("sealed_keys_digest", "does not match the sealed keys")
    return Examined(submission, batch, size)


def _check_attachments(batch: Batch, attachments: Sequence[Attachment]) -> None:
    """Check column by column, not row by row: a batch may have a thousand."""
    disclosed = {position: said for position, leaf in enumerate(batch.leaves) if (said := leaf.disclosed) is not None}
    if [item.position for item in attachments] != list(disclosed):
        raise InvalidInput("attachments", "each DISCLOSURE needs exactly one, ascending by position")
    payloads = [item.payload for item in attachments]
    for payload in payloads:
        check_payload_size(payload)
    if sha256_each(payloads) != [said.payload_digest for said in disclosed.values()]:
        raise InvalidInput("payload_digest", "does not match the payload")
    try:
        check_shreds(payloads, [item.shred for item in attachments])
        pairs = zip(attachments, disclosed.values(), strict=True)
        verify_keys_roots([(item.keys, item.padding, said.key_class, said.keys_root) for item, said in pairs])
        for leaf in batch.leaves:
            check_openings(leaf)
    except VerificationFailed as error:
        raise InvalidInput("attachment", str(error)) from None


def check_clock(batch: Batch, now: int) -> None:
    """Raise InvalidInput if ``batch`` is dated more than five minutes past ``now`` (minutes since the epoch)."""
    if batch.last_minute > now + CLOCK_TOLERANCE:
        raise InvalidInput("recorded_at", f"must be at most {CLOCK_TOLERANCE} minutes ahead of the ledger's clock")


def check_boxes(
    sealed_keys: Iterable[SealedKey], source: Source, auditors: Mapping[Hash, Auditor], minimum: int
) -> int:
    """Return how many auditors the batch key is boxed to.

    Raises:
        TooFewAuditors: fewer than ``minimum``, or a box for one that the log does not name now.
        InvalidInput: no box for the source itself.
    """
    own = count = 0
    for sealed in sealed_keys:
        auditor = auditors.get(sealed.key_id)
        if sealed.key_id == source.key_statement:
            own += 1
        elif auditor is None or auditor.removed:
            raise TooFewAuditors("sealed_keys: a box for one who is no auditor of this log", minimum)
        else:
            count += 1
    if own != 1:
        raise InvalidInput("sealed_keys", "one box for the source itself is needed")
    if count < minimum:
        raise TooFewAuditors(f"sealed_keys: boxes for at least {minimum} auditors are needed", minimum)
    return count
