"""A source that seals what its leaves do not say: batches made by hand, and the evidence against it.

    world = stage()                                # alpha with two auditors, and something to refer to
    said = speak(world, Entry(seal=resealed(...)))  # a batch that the log admits: it cannot look into payloads
    said.conviction().format()                     # the file that convicts alpha of the batch's first entry

Whatever ``Entry`` is not told to do wrong is right: ``speak(world, Entry())`` is what an honest source says.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ledger.core import bodies
from ledger.core.admission import Attachment, Submission
from ledger.core.batch import sign_batch
from ledger.core.canonical_json import encode_json
from ledger.core.conviction import Conviction
from ledger.core.encoding import Hash, sha256
from ledger.core.lookup_keys import KeyCommitments, LookupKey, canonicalise, derive_commitments
from ledger.core.rules import month_of
from ledger.core.sealed import CLASSES, NONCE_SIZE, aggregates_root, payload_digest, payload_plaintext, seal_payload
from ledger.core.sealed_keys import SealedKey, box_batch_key, sealed_keys_digest
from ledger.core.slots import slots_root
from ledger.core.statement import Statement, decode_leaf
from tests.core.world import RECORD, START, World

SOURCE: Final = "alpha"
BATCH_KEY: Final = sha256(b"a batch key")
PHONE: Final = "+4721000000"
NOTE: Final = "Nadel4711"
"""What the record says, and nothing that is made of it may."""

KEYS: Final = (canonicalise("phone", PHONE),)
EMBARGO: Final = month_of(START) + 6

Boxes = tuple[SealedKey, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What an honest source makes of a record and its lookup keys."""

    slots_root: Hash
    keys: tuple[LookupKey, ...]
    commitments: KeyCommitments
    aggregates_root: Hash
    plaintext: bytes

    @classmethod
    def of(cls, keys: tuple[LookupKey, ...], secret: bytes) -> "Parts":
        """Return the parts of the record with its note under an entry secret."""
        record = {**RECORD, "notes": NOTE}
        plaintext = payload_plaintext(secret, keys, record)
        return cls(
            slots_root(record, secret), keys, derive_commitments(keys, secret), aggregates_root(secret), plaintext
        )


Says = Callable[[Parts, Hash], bodies.Body]
"""Returns the body of a statement whose payload has this digest."""


def padded(text: bytes) -> bytes:
    """Return ``text`` as the plaintext of a payload, whatever it says."""
    return (text + b"\x80").ljust(next(size for size in CLASSES if len(text) < size), b"\x00")


def content(parts: Parts) -> dict[str, Any]:
    """Return what an honest payload says, to be changed."""
    found: dict[str, Any] = json.loads(parts.plaintext.rstrip(b"\x00")[:-1])
    return found


def resealed(change: Callable[[dict[str, Any]], object]) -> Callable[[Parts], bytes]:
    """Return how to seal what ``change`` makes of an honest payload's content."""

    def seal(parts: Parts) -> bytes:
        found = content(parts)
        change(found)
        return padded(encode_json(found))

    return seal


def disclosed(parts: Parts, digest: Hash) -> bodies.Body:
    """Return the DISCLOSURE of a payload."""
    commitments = parts.commitments
    return bodies.Disclosure(parts.slots_root, digest, commitments.root, commitments.key_class, parts.aggregates_root)


@dataclass(frozen=True, slots=True)
class Entry:
    """How a source makes one entry: what it says in the leaf, and what it seals, under which key, for which place.

    ``shift`` is how far off the sequence is that the payload is sealed for, ``shred`` one that is not fresh; ``spoil``
    has the payload last.
    """

    body: Says = disclosed
    keys: tuple[LookupKey, ...] = KEYS
    seal: Callable[[Parts], bytes] = lambda parts: parts.plaintext
    key: bytes = BATCH_KEY
    shift: int = 0
    shred: bytes = b""
    spoil: Callable[[bytes], bytes] = lambda payload: payload


@dataclass(frozen=True, slots=True)
class Said:
    """A batch in the log, and what its auditors know of it."""

    world: World
    first: int
    submission: Submission

    @property
    def sequence(self) -> int:
        """Where the batch begins in alpha's chain."""
        return decode_leaf(self.submission.statements[0]).statement.sequence

    def body(self, position: int = 0) -> bodies.Body:
        """Return what an entry says."""
        return decode_leaf(self.submission.statements[position]).statement.body

    def conviction(self, position: int = 0, batch_key: bytes = BATCH_KEY) -> Conviction:
        """Return the evidence in one entry, with the statement of everybody whom the key is boxed to."""
        attachment = self.submission.attachments[position]
        boxes = self.submission.sealed_keys
        statements = {sha256(b"\x00" + leaf): leaf for leaf in self.world.leaves}
        recipients = tuple(statements[box.key_id] for box in boxes)
        receipt = self.world.receipt(self.first + position)
        return Conviction(batch_key, attachment.payload, attachment.shred, boxes, recipients, receipt)


def speak(world: World, *entries: Entry, boxes: Callable[[Boxes], Boxes] = lambda boxes: boxes) -> Said:
    """Log a batch of ``entries`` whose batch key is boxed as ``boxes`` has it."""
    binding, first = world.binding(SOURCE), world.state.sources[SOURCE].next_sequence
    statements, attachments = [], []
    for position, entry in enumerate(entries):
        parts, shred = Parts.of(entry.keys, world.entropy(32)), entry.shred or world.entropy(32)
        place = first + position + entry.shift
        nonce = world.entropy(NONCE_SIZE)
        payload = seal_payload(entry.key, binding.log_id, SOURCE, place, shred, nonce, entry.seal(parts))
        payload = entry.spoil(payload)
        body = entry.body(parts, payload_digest(payload))
        statements.append(Statement(SOURCE, first + position, world.minute, body))
        commitments = parts.commitments
        salted, padding = tuple(zip(parts.keys, commitments.salts, strict=True)), commitments.padding
        if not isinstance(body, bodies.Disclosure) or body.embargo is not None:
            salted, padding = (), ()
        attachments.append(Attachment(position, payload, shred, salted, padding))
    recipients = world.recipients(SOURCE)
    honest = tuple(SealedKey(key_id, box_batch_key(BATCH_KEY, recipients[key_id])) for key_id in sorted(recipients))
    sealed = boxes(honest)
    leaves = sign_batch(statements, binding, sealed_keys_digest(sealed), [world.secrets[SOURCE].sign])
    submission = Submission(binding, leaves, tuple(attachments), sealed)
    return Said(world, world.admit(submission), submission)


def stage() -> World:
    """Return a log with the auditors "one" and "two", in which alpha has said what it may refer to.

    Its sequences: 0 and 1 DISCLOSURE · 2 DISCLOSURE under embargo · 3 DELIVERY of 0.
    """
    world = World.open()
    world.enrol(SOURCE)
    world.add_auditor("one")
    world.add_auditor("two")
    speak(world, Entry(), Entry())
    speak(world, Entry(body=embargoed))
    speak(world, Entry(delivered(world, 0), ()))
    return world


def target(world: World, sequence: int) -> bodies.Target:
    """Return what names an entry of alpha's."""
    placed = next(
        item
        for item in world.placed
        if item.batch.source_id == SOURCE and item.batch.first_sequence <= sequence < item.batch.end_sequence
    )
    return bodies.Target(sequence, placed.batch.leaf_hashes[sequence - placed.batch.first_sequence])


def embargoed(parts: Parts, digest: Hash) -> bodies.Body:
    """Return the DISCLOSURE of a payload, under embargo."""
    commitments = parts.commitments
    return bodies.Disclosure(
        parts.slots_root,
        digest,
        commitments.root,
        commitments.key_class,
        parts.aggregates_root,
        bodies.Embargo(EMBARGO),
    )


def delivered(world: World, sequence: int) -> Says:
    """Return how to say that an entry of alpha's was delivered."""
    named = target(world, sequence)
    return lambda parts, digest: bodies.Delivery(named, bodies.DeliveryResult.DELIVERED, parts.slots_root, digest)


def extended(world: World) -> Says:
    """Return how to say that the embargo was extended."""
    named = target(world, 2)
    return lambda parts, digest: bodies.EmbargoExtended(named, 1, EMBARGO + 1, parts.slots_root, digest)


def corrected(world: World, sequence: int) -> Says:
    """Return how to correct an entry that no lookup keys belong to."""
    named = target(world, sequence)
    return lambda parts, digest: bodies.Correction(named, parts.slots_root, digest)


def corrected_with_keys(world: World, sequence: int) -> Says:
    """Return how to correct an entry under embargo, whose lookup keys do not travel."""
    named = target(world, sequence)
    return lambda parts, digest: bodies.Correction(
        named,
        parts.slots_root,
        digest,
        parts.commitments.root,
        parts.commitments.key_class,
        parts.aggregates_root,
    )
