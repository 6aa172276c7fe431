"""From what a source has to say to a submission: secrets, slots, keys, sealing, statements, seal (protocol §3–§8).

Two steps, because only the second needs to know where in the chain an entry will stand: ``prepare`` and its sisters do
what depends on the record alone, ``build`` seals a batch of prepared entries to its recipients and signs it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.core import bodies
from ledger.core.admission import Attachment, Submission
from ledger.core.batch import Binding, sign_batch
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import KeyCommitments, LookupKey, derive_commitments, verify_canonical
from ledger.core.record import DISCLOSING, DisclosureRecord, PartialRecord, embargo_order
from ledger.core.record_input import Disclosure
from ledger.core.rules import check_body
from ledger.core.sealed import NONCE_SIZE, aggregates_root, payload_digest, plaintext_of_slots, seal_payload
from ledger.core.sealed_keys import SealedKey, box_batch_key, sealed_keys_digest
from ledger.core.signing import Signer
from ledger.core.slots import encode_slots, open_values, root_of_slots
from ledger.core.statement import Statement

SECRET_SIZE = 32

Entropy = Callable[[int], bytes]
"""Returns that many random bytes."""

Say = Callable[[Hash, Sequence[str]], bodies.Body]
"""Returns a body once its payload's digest is known, with the fields named as public openings if it may have any."""

Approve = Callable[[bodies.EmbargoExtended], bodies.EmbargoExtended]
"""Returns an extension with the approvals of officers."""

NO_KEYS = KeyCommitments((), (), 0, ZERO_HASH)
"""What stands for the commitments of an entry that has none."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an entry is made of before it has a place.

    ``plaintext`` is empty for an entry without a payload, ``travels`` says whether the keys go to the ledger with it,
    ``alone`` whether it is a disclosure that refers to nothing, which no state of the log can make wrong.
    """

    say: Say
    keys: tuple[LookupKey, ...]
    commitments: KeyCommitments
    plaintext: bytes
    travels: bool = True
    alone: bool = True

    @property
    def size(self) -> int:
        """At most how many bytes it adds to a batch as it travels, keys and padding included."""
        keys = sum([len(key.value) + 64 for key in self.keys])
        return len(self.plaintext) + 512 + keys + 34 * len(self.commitments.padding)


def check_disclosure(disclosure: Disclosure) -> Disclosure:
    """Return ``disclosure``; raise InvalidInput unless data was handed over: other outcomes make corrections."""
    if not disclosure.record.is_disclosure:
        raise InvalidInput("outcome", f"must be one of {', '.join(DISCLOSING)} for a disclosure")
    return disclosure


def prepare(disclosure: Disclosure, entropy: Entropy) -> Prepared:
    """Return the parts of a disclosure under a fresh entry secret.

    Raises:
        InvalidInput: nothing was handed over, so it is no DISCLOSURE; a key is not in canonical form, which would have
            a whole batch refused; or it is past the largest payload class.
    """
    check_disclosure(disclosure)
    parts = _Parts.of(disclosure.record, disclosure.keys, entropy)
    embargo = None if disclosure.embargo is None else bodies.Embargo(disclosure.embargo)
    late = None if disclosure.late_for is None else bodies.LateFor(disclosure.late_for)

    def say(digest: Hash, publish: Sequence[str]) -> bodies.Disclosure:
        found = parts.commitments
        openings = open_values(parts.values, parts.secret, publish) if publish and embargo is None else ()
        return bodies.Disclosure(
            parts.root, digest, found.root, found.key_class, parts.aggregates, embargo, late, openings=openings
        )

    alone = embargo is None and late is None
    return Prepared(say, parts.keys, parts.commitments, parts.plaintext, embargo is None, alone)


def prepare_correction(target: bodies.Target, truth: Disclosure, withheld: bool, entropy: Entropy) -> Prepared:
    """Return the parts of a CORRECTION of a DISCLOSURE: the whole record and keys as they should have been.

    ``withheld``: the target is under embargo, so that the keys stay with the source. Raises InvalidInput as ``prepare``
    does, but any outcome may be told.
    """
    parts = _Parts.of(truth.record, truth.keys, entropy)

    def say(digest: Hash, _: Sequence[str]) -> bodies.Correction:
        found = parts.commitments
        return bodies.Correction(target, parts.root, digest, found.root, found.key_class, parts.aggregates)

    return Prepared(say, parts.keys, parts.commitments, parts.plaintext, not withheld, alone=False)


def prepare_amendment(target: bodies.Target, truth: PartialRecord, entropy: Entropy) -> Prepared:
    """Return the parts of a CORRECTION of what a DELIVERY or EMBARGO_EXTENDED says."""
    parts = _Parts.of(truth, (), entropy)

    def say(digest: Hash, _: Sequence[str]) -> bodies.Correction:
        return bodies.Correction(target, parts.root, digest)

    return Prepared(say, (), NO_KEYS, parts.plaintext, travels=False, alone=False)


def prepare_delivery(
    target: bodies.Target, result: bodies.DeliveryResult, record: PartialRecord, entropy: Entropy
) -> Prepared:
    """Return the parts of a DELIVERY: what became of a disclosure."""
    parts = _Parts.of(record, (), entropy)

    def say(digest: Hash, _: Sequence[str]) -> bodies.Delivery:
        return bodies.Delivery(target, result, parts.root, digest)

    return Prepared(say, (), NO_KEYS, parts.plaintext, travels=False, alone=False)


def prepare_extension(
    target: bodies.Target, number: int, until: int, record: PartialRecord, approve: Approve, entropy: Entropy
) -> Prepared:
    """Return the parts of an EMBARGO_EXTENDED to the month ``until``, whose record has the order that prolongs it.

    ``approve`` is asked once the payload, which approvals cover, is sealed. Raises InvalidInput without an order.
    """
    embargo_order(record)
    parts = _Parts.of(record, (), entropy)

    def say(digest: Hash, _: Sequence[str]) -> bodies.EmbargoExtended:
        return approve(bodies.EmbargoExtended(target, number, until, parts.root, digest))

    return Prepared(say, (), NO_KEYS, parts.plaintext, travels=False, alone=False)


def prepare_lift(target: bodies.Target, keys: tuple[LookupKey, ...], entry_secret: bytes) -> Prepared:
    """Return the parts of an EMBARGO_LIFTED, with the keys of the entry whose secret this is."""

    def say(_: Hash, __: Sequence[str]) -> bodies.EmbargoLifted:
        return bodies.EmbargoLifted(target)

    return Prepared(say, keys, derive_commitments(keys, entry_secret), b"", alone=False)


def prepare_closing(body: bodies.Closing) -> Prepared:
    """Return a CLOSING, which says what ``ledger.core.closings.Book`` knows of a period, approvals included."""
    return Prepared(lambda _, __: body, (), NO_KEYS, b"", travels=False, alone=False)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a record and its keys come to under one entry secret."""

    secret: bytes
    values: Sequence[bytes]
    root: Hash
    keys: tuple[LookupKey, ...]
    commitments: KeyCommitments
    aggregates: Hash
    plaintext: bytes

    @classmethod
    def of(cls, record: DisclosureRecord, keys: tuple[LookupKey, ...], entropy: Entropy) -> "_Parts":
        for key in keys:
            verify_canonical(key)
        secret = entropy(SECRET_SIZE)
        values = encode_slots(record.to_json_object())
        return cls(
            secret,
            values,
            root_of_slots(values, secret),
            keys,
            derive_commitments(keys, secret),
            aggregates_root(secret),
            plaintext_of_slots(secret, keys, values),
        )


def build(
    prepared: Sequence[Prepared],
    source_id: str,
    first_sequence: int,
    minute: int,
    binding: Binding,
    recipients: Mapping[Hash, bytes],
    signers: Sequence[Signer],
    entropy: Entropy,
    publish: Sequence[str] = (),
) -> Submission:
    """Return the signed batch with what travels beside it; raise InvalidInput for a body that breaks a rule by itself.

    ``recipients`` maps key id to X25519 key: the source itself and its auditors. ``minute`` is recorded_at, ``publish``
    names the fields that stand open in the leaf of a disclosure without an embargo.
    """
    batch_key = entropy(SECRET_SIZE)
    statements, attachments = [], []
    for position, item in enumerate(prepared):
        sequence = first_sequence + position
        payload = shred = b""
        if item.plaintext:
            shred = entropy(SECRET_SIZE)
            nonce = entropy(NONCE_SIZE)
            payload = seal_payload(batch_key, binding.log_id, source_id, sequence, shred, nonce, item.plaintext)
        body = item.say(payload_digest(payload), publish)
        if not item.alone:
            check_body(body, minute)
        statements.append(Statement(source_id, sequence, minute, body))
        salted = tuple(zip(item.keys, item.commitments.salts, strict=True)) if item.travels else ()
        padding = tuple(Hash(piece) for piece in item.commitments.padding) if item.travels else ()
        if payload or item.travels:
            attachments.append(Attachment(position, payload, shred, salted, padding))
    boxes: tuple[SealedKey, ...] = ()
    if any(item.plaintext for item in prepared):
        boxes = tuple(SealedKey(key_id, box_batch_key(batch_key, recipients[key_id])) for key_id in sorted(recipients))
    leaves = sign_batch(statements, binding, sealed_keys_digest(boxes), signers)
    return Submission(binding, leaves, tuple(attachments), boxes)
