"""From disclosures to a submission: entry secrets, slots, keys, sealing, statements, seal (protocol §3, §5–§8).

Two steps, because only the second needs to know where in the chain an entry will stand: ``prepare`` does what depends
on the record alone, ``build`` seals a batch of prepared entries to its recipients and signs it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.core import bodies
from ledger.core.admission import Attachment, Submission
from ledger.core.batch import Binding, sign_batch
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import KeyCommitments, LookupKey, derive_commitments, verify_canonical
from ledger.core.record import DISCLOSING
from ledger.core.record_input import Disclosure
from ledger.core.sealed import NONCE_SIZE, aggregates_root, payload_digest, plaintext_of_slots, seal_payload
from ledger.core.sealed_keys import SealedKey, box_batch_key, sealed_keys_digest
from ledger.core.signing import Signer
from ledger.core.slots import encode_slots, root_of_slots
from ledger.core.statement import Statement

SECRET_SIZE = 32

Entropy = Callable[[int], bytes]
"""Returns that many random bytes."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an entry is made of before it has a place: roots, plaintext, and keys with their salts."""

    slots_root: Hash
    keys: tuple[LookupKey, ...]
    commitments: KeyCommitments
    aggregates_root: Hash
    plaintext: bytes

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
    for key in disclosure.keys:
        verify_canonical(key)
    secret = entropy(SECRET_SIZE)
    values = encode_slots(disclosure.record.to_json_object())
    return Prepared(
        root_of_slots(values, secret),
        disclosure.keys,
        derive_commitments(disclosure.keys, secret),
        aggregates_root(secret),
        plaintext_of_slots(secret, disclosure.keys, values),
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
) -> Submission:
    """Return the signed batch with what travels beside it.

    ``recipients`` maps key id to X25519 key: the source itself and its auditors. ``minute`` is recorded_at.
    """
    batch_key = entropy(SECRET_SIZE)
    statements, attachments = [], []
    for position, item in enumerate(prepared):
        sequence = first_sequence + position
        shred = entropy(SECRET_SIZE)
        payload = seal_payload(
            batch_key, binding.log_id, source_id, sequence, shred, entropy(NONCE_SIZE), item.plaintext
        )
        commitments = item.commitments
        body = bodies.Disclosure(
            item.slots_root,
            payload_digest(payload),
            commitments.root,
            commitments.key_class,
            item.aggregates_root,
        )
        statements.append(Statement(source_id, sequence, minute, body))
        salted = tuple(zip(item.keys, commitments.salts, strict=True))
        padding = tuple(Hash(piece) for piece in commitments.padding)
        attachments.append(Attachment(position, payload, shred, salted, padding))
    boxes = tuple(SealedKey(key_id, box_batch_key(batch_key, recipients[key_id])) for key_id in sorted(recipients))
    leaves = sign_batch(statements, binding, sealed_keys_digest(boxes), signers)
    return Submission(binding, leaves, tuple(attachments), boxes)
