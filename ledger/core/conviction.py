"""Evidence against a source: what it signed and sealed does not give what its leaf says (protocol §11).

    disclosure-ledger/v1/conviction LF
    base64(batch key) LF base64(payload) LF base64(shred) LF
    (base64(key id ‖ u8 suite ‖ u16 length ‖ box) LF)*   all boxes of the batch, ascending by key id
    LF
    (base64(leaf) LF)+                                   AUDITOR_ADDED or the source's key statement: whose a box is
    LF
    receipt                                              of the entry, a tlog-proof

The source signed all of it, as the receipt shows: the leaf names the payload's digest, the payload begins with the
shred's hash, the seal signs the boxes, and a box's key id is the hash of its recipient's statement. Only the batch key
is anybody's word until the commit or a box shows that it is the source's: neither can be made under two keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import HASH_SIZE, Hash, check_hash, decode_base64, encode_base64
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import leaf_hash
from ledger.core.note import VKey
from ledger.core.receipt import ReceiptExtra, VerifiedReceipt, verify_receipt
from ledger.core.sealed import (
    check_payload_size,
    check_shred,
    open_payload,
    payload_key,
    verify_keyless,
    verify_opened,
    verify_payload_digest,
)
from ledger.core.sealed_keys import SealedKey, box_batch_key, sealed_keys_digest, x25519_from_ed25519
from ledger.core.statement import decode_leaf
from ledger.core.tlogproof import TlogProof

HEADER: Final = "disclosure-ledger/v1/conviction"
MAX_CONVICTION: Final = 4 * 1024 * 1024
"""Bytes of a file: enough for the largest payload, all boxes and the longest receipt in base64."""

MAX_BOXES: Final = 64
"""Boxes of a batch, and statements of their recipients."""

_BOX_AT: Final = HASH_SIZE + 3


@dataclass(frozen=True, slots=True)
class Conviction:
    """Evidence as it is written; nothing in it is verified."""

    batch_key: bytes
    payload: bytes
    shred: bytes
    boxes: tuple[SealedKey, ...]
    recipients: tuple[bytes, ...]
    receipt: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Conviction":
        """Parse a file.

        Raises:
            InvalidInput: malformed.
            Uncheckable: a box of a suite that this release does not know.
        """
        if len(raw) > MAX_CONVICTION:
            raise InvalidInput("conviction", f"longer than {MAX_CONVICTION} bytes")
        first, _, rest = raw.partition(b"\n\n")
        second, _, receipt = rest.partition(b"\n\n")
        try:
            lines, statements = (part.decode("ascii").split("\n") for part in (first, second))
        except UnicodeDecodeError:
            raise InvalidInput("conviction", "not ASCII before the receipt") from None
        if lines[0] != HEADER or len(lines) < 4 or not receipt:
            raise InvalidInput(
                "conviction", f"not {HEADER}, a key, a payload, a shred and boxes, statements, a receipt"
            )
        if len(lines) > 4 + MAX_BOXES or len(statements) > MAX_BOXES:
            raise InvalidInput("conviction", f"more than {MAX_BOXES} boxes or statements")
        batch_key, payload, shred, *boxes = (decode_base64(line, "conviction part") for line in lines[1:])
        return cls(
            check_hash(batch_key, "batch_key"),
            check_payload_size(payload),
            check_hash(shred, "shred"),
            tuple([_box(box) for box in boxes]),
            tuple([decode_base64(line, "conviction statement") for line in statements]),
            receipt,
        )

    def format(self) -> bytes:
        """Return the file's bytes; raise InvalidInput or Uncheckable when they would not parse back to this one."""
        boxes = [box.encoded for box in self.boxes]
        head = [HEADER, *map(encode_base64, (self.batch_key, self.payload, self.shred, *boxes)), ""]
        raw = "\n".join([*head, *map(encode_base64, self.recipients), "", ""]).encode() + self.receipt
        if Conviction.parse(raw) != self:
            raise InvalidInput("conviction", "cannot be written")
        return raw


@dataclass(frozen=True, slots=True)
class Convicted:
    """What evidence proves: the source signed this entry, and ``fault`` says in which field that is wrong."""

    fault: str
    receipt: VerifiedReceipt

    @property
    def source_id(self) -> str:
        """Who signed the entry."""
        return self.receipt.statement.source_id

    @property
    def index(self) -> int:
        """Where the entry is in the log."""
        return self.receipt.index

    @property
    def sequence(self) -> int:
        """Where the entry is in its source's chain."""
        return self.receipt.statement.sequence

    @property
    def leaf_hash(self) -> Hash:
        """The entry's leaf hash."""
        return self.receipt.leaf_hash


def verify_conviction(data: bytes, log: VKey) -> Convicted:
    """Return what evidence proves under the log's verifier key.

    Raises:
        InvalidInput: malformed.
        VerificationFailed: a part is not what the source signed, or ("no fault: …") nothing is wrong with it.
        Uncheckable: something is of a version, body, suite or key that this release does not know.
    """
    conviction = Conviction.parse(data)
    receipt = verify_receipt(conviction.receipt, log)
    seal = ReceiptExtra.decode(TlogProof.parse(conviction.receipt).extra).seal
    if sealed_keys_digest(conviction.boxes) != seal.sealed_keys_digest:
        raise VerificationFailed("sealed keys: not the boxes that the seal signs")
    fault = find_fault(
        receipt.statement.body,
        receipt.log_id,
        receipt.statement.source_id,
        receipt.statement.sequence,
        conviction.payload,
        conviction.shred,
        conviction.batch_key,
        conviction.boxes,
        conviction.recipients,
    )
    if fault is None:
        raise VerificationFailed("no fault: payload and boxes are what the source signed")
    return Convicted(fault, receipt)


def find_fault(
    statement_body: bodies.Body,
    log_id: bytes,
    source_id: str,
    sequence: int,
    payload: bytes,
    shred: bytes,
    batch_key: bytes,
    boxes: Sequence[SealedKey],
    recipients: Sequence[bytes],
) -> str | None:
    """Return the first thing that convicts the source of a statement, in words without a value of the record.

    ``boxes`` are those whose digest the seal signs, which is the caller's to check; ``recipients`` the leaves of the
    statements whose boxes are held against the batch key. None: nothing is wrong.

    Raises:
        VerificationFailed: payload, shred, batch key or a recipient is not the source's.
        InvalidInput: malformed.
        Uncheckable: a recipient's statement, or a lookup key, is of a version that this release does not know.
    """
    body = statement_body
    if not isinstance(body, bodies.Disclosure | bodies.Delivery | bodies.Correction | bodies.EmbargoExtended):
        raise VerificationFailed("statement: has no sealed payload")
    verify_payload_digest(payload, body.payload_digest)
    check_shred(check_payload_size(payload), shred)
    wrong, shown = _hold_boxes(batch_key, boxes, [_recipient(leaf, source_id) for leaf in recipients])
    try:
        payload_key(payload, batch_key, log_id, source_id, sequence, shred)
    except VerificationFailed as error:
        if shown:
            return str(error)
        raise VerificationFailed("batch key: neither the commit nor a box shows that it is the source's") from None
    if wrong:
        return f"box for {wrong[0]}: not the one that the batch key gives"
    try:
        opened = open_payload(payload, batch_key, log_id, source_id, sequence, shred)
        if isinstance(body, bodies.Disclosure) or (isinstance(body, bodies.Correction) and body.keys_root):
            verify_opened(opened, body.slots_root, body.keys_root, body.key_class, body.aggregates_root)
        else:
            verify_keyless(opened, body.slots_root)
    except VerificationFailed as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Whose a box is: its key id, in words, and the X25519 key that it is made for."""

    key_id: Hash
    name: str
    x25519_key: bytes


def _recipient(leaf: bytes, source_id: str) -> _Recipient:
    key_id = leaf_hash(leaf)
    match decode_leaf(leaf).statement.body:
        case bodies.AuditorAdded() as body:
            return _Recipient(key_id, f"auditor {body.name}", body.x25519_key)
        case bodies.SourceEnrolled() | bodies.SourceKeyChanged() as body if body.source_id == source_id:
            return _Recipient(key_id, "the source itself", x25519_from_ed25519(body.keys[0].key))
        case _:
            raise VerificationFailed("recipient: its statement names neither an auditor nor the source")


def _hold_boxes(
    batch_key: bytes, boxes: Sequence[SealedKey], recipients: Sequence[_Recipient]
) -> tuple[list[str], bool]:
    """Return whose boxes are not those of ``batch_key``, and whether one is, which only the source's key gives."""
    named = {recipient.key_id: recipient for recipient in recipients}
    if len(named) < len(recipients):
        raise InvalidInput("recipient", "a statement stands twice")
    if not named.keys() <= {box.key_id for box in boxes}:
        raise VerificationFailed("recipient: no box is for its statement")
    pairs = [(box.box, named[box.key_id]) for box in boxes if box.key_id in named]
    wrong = [to.name for box, to in pairs if box_batch_key(batch_key, to.x25519_key) != box]
    return wrong, len(wrong) < len(pairs)


def _box(raw: bytes) -> SealedKey:
    if len(raw) < _BOX_AT:
        raise InvalidInput("sealed_keys", f"must be at least {_BOX_AT} bytes each")
    sealed = SealedKey(Hash(raw[:HASH_SIZE]), raw[_BOX_AT:], raw[HASH_SIZE])
    if sealed.encoded != raw:
        raise InvalidInput("sealed_keys", "the length is not the box's")
    return sealed
