"""What a source submits: its batch and what travels beside it, checked without any state (protocol §6–§8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.core import bodies
from ledger.core.batch import Batch, Binding, decode_batch
from ledger.core.chain import check_openings
from ledger.core.encoding import Hash, sha256_each
from ledger.core.errors import InvalidInput, Refused, TooFewAuditors, Uncheckable, VerificationFailed
from ledger.core.life import Keys
from ledger.core.lookup_keys import LookupKey, given_root, verify_keys_roots
from ledger.core.parties import Auditor, Source
from ledger.core.sealed import check_payload_size, check_shreds
from ledger.core.sealed_keys import SealedKey, sealed_keys_digest
from ledger.core.statement import Roots

MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
"""Bytes of a batch's statements and payloads together."""

CLOCK_TOLERANCE: Final = 5
"""Minutes that recorded_at may lie ahead of the ledger's clock."""


SaltedKey = tuple[LookupKey, bytes]
"""A lookup key and its 16-byte salt."""


class Attachment(NamedTuple):
    """What travels beside one statement at ``position`` of the batch; a tuple, for there is one in nearly every entry.

    An EMBARGO_LIFTED has its target's keys and no payload (both of them empty), an embargoed entry a payload and no
    keys.
    """

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
    """A submission whose parts fit together, of ``size`` bytes; only state can still refuse it.

    ``travelled`` says, by position, what the keys beside a CORRECTION or EMBARGO_LIFTED give: which they must, only
    their target tells.
    """

    submission: Submission
    batch: Batch
    size: int
    travelled: dict[int, Keys]


def examine(submission: Submission) -> Examined:
    """Return the submission examined; raise InvalidInput naming field and bound for whatever does not fit."""
    size = submission.size
    if size > MAX_BATCH_BYTES:
        raise InvalidInput("batch", f"statements and payloads must be at most {MAX_BATCH_BYTES} bytes in all")
    try:
        batch = decode_batch(submission.statements)
    except Uncheckable as error:
        raise InvalidInput("statement", str(error)) from None
    travelled = _check_attachments(batch, submission.attachments)
    if submission.sealed_keys and not any(item.payload for item in submission.attachments):
        raise InvalidInput("sealed_keys", "a batch without payloads has none")
    if sealed_keys_digest(submission.sealed_keys) != batch.seal.sealed_keys_digest:
        raise InvalidInput("sealed_keys_digest", "does not match the sealed keys")
    return Examined(submission, batch, size, travelled)


def _check_attachments(batch: Batch, attachments: Sequence[Attachment]) -> dict[int, Keys]:
    """Check column by column, not row by row: a batch may have a thousand."""
    roots = {position: found for position, leaf in enumerate(batch.leaves) if (found := leaf.roots) is not None}
    others = {position: said.body for position, said in batch.others}
    lifts = [position for position, body in others.items() if isinstance(body, bodies.EmbargoLifted)]
    if [item.position for item in attachments] != (sorted([*roots, *lifts]) if lifts else list(roots)):
        raise InvalidInput("attachments", "each statement with a payload or keys needs exactly one, in their order")
    sealed = [item for item in attachments if item.position not in lifts] if lifts else attachments
    payloads = [item.payload for item in sealed]
    for payload in payloads:
        check_payload_size(payload)
    if sha256_each(payloads) != [found.payload_digest for found in roots.values()]:
        raise InvalidInput("payload_digest", "does not match the payload")
    try:
        check_shreds(payloads, [item.shred for item in sealed])
        for body in others.values():
            check_openings(body)
        return _check_keys(attachments, roots, others)
    except VerificationFailed as error:
        raise InvalidInput("attachment", str(error)) from None


def _check_keys(
    attachments: Sequence[Attachment], roots: Mapping[int, Roots], others: Mapping[int, bodies.Body]
) -> dict[int, Keys]:
    """Hold keys against the roots that their own statements name; return what those give whose target names it.

    ``others`` are the bodies of all that is no plain disclosure.
    """
    own = [(item, roots[item.position]) for item in attachments if item.position not in others]
    travelled: dict[int, Keys] = {}
    for item in attachments if len(own) < len(attachments) else ():
        has_keys = bool(item.keys or item.padding)
        match others.get(item.position):
            case None:
                pass
            case bodies.EmbargoLifted():
                if item.payload or item.shred:
                    raise InvalidInput("payload", "an EMBARGO_LIFTED has none")
                if not has_keys:
                    raise InvalidInput("keys", "an EMBARGO_LIFTED comes with those of its target")
                travelled[item.position] = given_root(item.keys, item.padding)
            case bodies.Disclosure(embargo=None):
                own.append((item, roots[item.position]))
            case bodies.Correction(keys_root=root, key_class=size) if root and has_keys:
                own.append((item, roots[item.position]))
                travelled[item.position] = (root, size)
            case _ if has_keys:
                raise InvalidInput("keys", "travel with no DELIVERY or EMBARGO_EXTENDED, and not under an embargo")
            case _:
                pass
    verify_keys_roots([(item.keys, item.padding, found.key_class, found.keys_root) for item, found in own])
    return travelled


def check_clock(batch: Batch, now: int) -> None:
    """Raise InvalidInput if ``batch`` is dated more than five minutes past ``now`` (minutes since the epoch)."""
    if batch.last_minute > now + CLOCK_TOLERANCE:
        raise InvalidInput("recorded_at", f"must be at most {CLOCK_TOLERANCE} minutes ahead of the ledger's clock")


def check_accredited(sealed_keys: Iterable[SealedKey], auditors: Mapping[Hash, Auditor]) -> None:
    """Raise Refused if a box is for one who is no auditor of this log now."""
    for sealed in sealed_keys:
        auditor = auditors.get(sealed.key_id)
        if auditor is None or auditor.removed:
            raise Refused("sealed_keys: a box for one who is no auditor of this log")


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
