"""What the boxes of a batch come to for one auditor: the batch key, or why it has none (protocol §8)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from nacl.bindings import crypto_scalarmult_base

from ledger.client.reads import LogClient
from ledger.core import bodies
from ledger.core.encoding import Hash, check_hash
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.sealed_keys import SealedKey, box_batch_key, open_box, sealed_keys_digest, unseal_box
from ledger.v1 import disclosure_pb2

SEALED_TO_OTHERS: Final = "sealed before this auditor was accredited, or not to it"
"""Why nothing can be said of a payload: no box of its batch is for the auditor's key."""

GARBAGE: Final = "box: garbage for this auditor"
GARBAGE_DEPOSITED: Final = "deposited box: garbage for this auditor"
"""A box that is said to be for the auditor and does not give its batch key; no seal signs a deposited one."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An auditor that the log accredited, removed since or not: the leaf of its AUDITOR_ADDED, and what that says."""

    leaf: bytes
    body: bodies.AuditorAdded


@dataclass(frozen=True, slots=True)
class Auditor:
    """Who audits: an X25519 secret, its ``key_id`` in the log (None where it has none), and all auditors by theirs."""

    secret: bytes = field(repr=False)
    key_id: Hash | None
    known: Mapping[Hash, Recipient]


async def known_auditor(reader: LogClient, secret: bytes) -> Auditor:
    """Return the auditor of an X25519 secret, and everybody whom the log ever accredited, each proven by its entry."""
    public, key_id, known = crypto_scalarmult_base(secret), None, {}
    for row in (await reader.directory()).auditors:
        entry = await reader.entry(row.index)
        body = entry.statement.body
        if not isinstance(body, bodies.AuditorAdded):
            raise VerificationFailed("directory: an auditor's row names another statement")
        hashed = leaf_hash(entry.leaf)
        known[hashed] = Recipient(entry.leaf, body)
        if body.x25519_key == public:
            key_id = hashed
    return Auditor(secret, key_id, known)


@dataclass(frozen=True, slots=True)
class Boxed:
    """The boxes of one batch: their digest, which a seal has to sign, and what they come to.

    Without a ``batch_key`` one of ``finding`` and ``unchecked`` says why; ``wrong`` is a finding about the boxes for
    others. ``digest`` is empty for boxes that have none.
    """

    digest: bytes = b""
    batch_key: bytes = field(default=b"", repr=False)
    finding: str = ""
    unchecked: str = ""
    wrong: str = ""


def open_boxes(batch: disclosure_pb2.SealedBatch, auditor: Auditor) -> Boxed:
    """Return what the boxes of a batch come to for ``auditor``."""
    try:
        boxes = sealed_keys(batch)
        digest = sealed_keys_digest(boxes)
    except InvalidInput as error:
        return Boxed(finding=str(error))
    except Uncheckable as error:
        return Boxed(unchecked=str(error))
    sealed = [item.box for item in boxes if item.key_id == auditor.key_id]
    found = sealed or [item.box for item in batch.deposited if item.key_id == auditor.key_id]
    if not found:
        return Boxed(digest, unchecked=SEALED_TO_OTHERS)
    try:
        batch_key = open_box(found[0], auditor.secret)
    except (VerificationFailed, InvalidInput):
        return Boxed(digest, finding=GARBAGE if sealed else GARBAGE_DEPOSITED)
    return Boxed(digest, batch_key, wrong=_wrong(boxes, batch_key, auditor))


def sealed_keys(batch: disclosure_pb2.SealedBatch) -> tuple[SealedKey, ...]:
    """Return the boxes that a seal signs; raise InvalidInput or Uncheckable for one of the wrong shape."""
    return tuple(
        [SealedKey(check_hash(box.key_id, "sealed_keys.key_id"), box.box, box.suite) for box in batch.sealed_keys]
    )


def _wrong(boxes: Sequence[SealedKey], batch_key: bytes, auditor: Auditor) -> str:
    """Return the first auditor, in words, whose box is not the one that the batch key gives; empty for none."""
    for box in boxes:
        other = auditor.known.get(box.key_id)
        if other is not None and box_batch_key(batch_key, other.body.x25519_key) != box.box:
            return f"box for auditor {other.body.name}: not the one that the batch key gives"
    return ""


def held_key(batch: disclosure_pb2.SealedBatch, auditor: Auditor) -> bytes:
    """Return what the auditor's box holds, even where it is not the box that this gives; empty where nothing."""
    for item in (*batch.sealed_keys, *batch.deposited):
        if item.key_id == auditor.key_id:
            with suppress(VerificationFailed, InvalidInput):
                return unseal_box(item.box, auditor.secret)
    return b""
