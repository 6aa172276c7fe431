"""What the boxes of a batch come to for one auditor: the batch key, or why it has none (protocol §8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nacl.bindings import crypto_scalarmult_base

from ledger.client.reads import Entry, LogClient
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
class Auditor:
    """Who audits: the X25519 secret, and the AUDITOR_ADDED entries of the log by key id, removed auditors included."""

    secret: bytes
    added: Mapping[Hash, Entry]

    @property
    def key_id(self) -> Hash | None:
        """The key id under which the log names the secret's public key, None where it does not."""
        public = crypto_scalarmult_base(self.secret)
        return next((key_id for key_id, entry in self.added.items() if x25519_of(entry) == public), None)


async def known_auditor(reader: LogClient, secret: bytes) -> Auditor:
    """Return the auditor of an X25519 secret, and everybody whom the log ever accredited, each proven by its entry."""
    added = {}
    for row in (await reader.directory()).auditors:
        entry = await reader.entry(row.index)
        if not isinstance(entry.statement.body, bodies.AuditorAdded):
            raise VerificationFailed("directory: an auditor's row names another statement")
        added[leaf_hash(entry.leaf)] = entry
    return Auditor(secret, added)


def x25519_of(entry: Entry) -> bytes:
    """Return the X25519 key of an AUDITOR_ADDED."""
    body = entry.statement.body
    assert isinstance(body, bodies.AuditorAdded)  # noqa: S101 -- ``known_auditor`` takes no other
    return body.x25519_key


@dataclass(frozen=True, slots=True)
class Boxed:
    """The boxes of one batch: their digest, which a seal has to sign, and what they come to.

    Without a ``batch_key`` one of ``finding`` and ``unchecked`` says why; ``wrong`` is a finding about the boxes for
    others. ``digest`` is empty for boxes that have none.
    """

    digest: bytes = b""
    batch_key: bytes = b""
    finding: str = ""
    unchecked: str = ""
    wrong: str = ""


def open_boxes(batch: disclosure_pb2.SealedBatch, auditor: Auditor, own: Hash | None) -> Boxed:
    """Return what the boxes of a batch come to for ``auditor``, whose key id is ``own``."""
    try:
        boxes = sealed_keys(batch)
        digest = sealed_keys_digest(boxes)
    except InvalidInput as error:
        return Boxed(finding=str(error))
    except Uncheckable as error:
        return Boxed(unchecked=str(error))
    sealed = [item.box for item in boxes if item.key_id == own]
    found = sealed or [item.box for item in batch.deposited if item.key_id == own]
    if not found:
        return Boxed(digest, unchecked=SEALED_TO_OTHERS)
    try:
        batch_key = open_box(found[0], auditor.secret)
    except (VerificationFailed, InvalidInput):
        return Boxed(digest, finding=GARBAGE if sealed else GARBAGE_DEPOSITED)
    return Boxed(digest, batch_key, wrong=_wrong(boxes, batch_key, auditor, own))


def sealed_keys(batch: disclosure_pb2.SealedBatch) -> tuple[SealedKey, ...]:
    """Return the boxes that a seal signs; raise InvalidInput or Uncheckable for one of the wrong shape."""
    return tuple(
        [SealedKey(check_hash(box.key_id, "sealed_keys.key_id"), box.box, box.suite) for box in batch.sealed_keys]
    )


def _wrong(boxes: Sequence[SealedKey], batch_key: bytes, auditor: Auditor, own: Hash | None) -> str:
    """Return the first auditor, in words, whose box is not the one that the batch key gives; empty for none."""
    for box in boxes:
        entry = auditor.added.get(box.key_id)
        if entry is not None and box.key_id != own and box_batch_key(batch_key, x25519_of(entry)) != box.box:
            body = entry.statement.body
            assert isinstance(body, bodies.AuditorAdded)  # noqa: S101 -- likewise
            return f"box for auditor {body.name}: not the one that the batch key gives"
    return ""


def batch_key_in(batch: disclosure_pb2.SealedBatch, secret: bytes, own: Hash | None) -> bytes:
    """Return what the box for ``own`` holds, even where it is not the one that this gives; empty where nothing."""
    for item in (*batch.sealed_keys, *batch.deposited):
        if item.key_id == own:
            try:
                return unseal_box(item.box, secret)
            except (VerificationFailed, InvalidInput):
                continue
    return b""
