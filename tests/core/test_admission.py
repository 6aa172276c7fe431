"""What travels beside a batch must be exactly what its leaves commit to, and is named where it is not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.core import bodies
from ledger.core.admission import MAX_BATCH_BYTES, Submission, examine
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import LookupKey, canonicalise
from ledger.core.sealed_keys import SealedKey
from ledger.core.slots import open_slots, slots_root
from ledger.core.statement import Statement
from tests.core.world import World, disclosure, secret

KEYS = (canonicalise("account", "nobody-1"), canonicalise("ip", "2001:db8::1"))
SECRET = sha256(b"entry secret")
WORLD = World.open()
WORLD.enrol("alpha")
WORLD.add_auditor("one")
WORLD.add_auditor("two")
GOOD = WORLD.submission("alpha", disclosure(*KEYS), disclosure(), disclosure())
OWN = Statement("ledger", WORLD.state.source("ledger").next_sequence, WORLD.minute, WORLD.enrolment("beta"))
GOVERNANCE = Submission(
    WORLD.binding("ledger"), sign_batch([OWN], WORLD.binding("ledger"), ZERO_HASH, [WORLD.chain.sign]), (), ()
)


def attached(at: int = 0, **change: Any) -> Submission:
    """Return the good submission with attachment ``at`` changed."""
    items = list(GOOD.attachments)
    items[at] = items[at]._replace(**change)
    return replace(GOOD, attachments=tuple(items))


def said(**change: object) -> Submission:
    """Return the good submission with the first leaf's body changed, sealed again."""
    batch = decode_batch(GOOD.statements)
    statements = [replace(leaf.statement, seal=None) for leaf in batch.leaves]
    body = statements[0].body
    assert isinstance(body, bodies.Disclosure)
    changed = replace(body, **change)  # type: ignore[arg-type]  # one table for all fields
    statements[0] = replace(statements[0], body=changed)
    signers = [secret("alpha 0").sign]
    leaves = sign_batch(statements, GOOD.binding, batch.seal.sealed_keys_digest, signers)
    return replace(GOOD, statements=leaves)


def resized(size: int) -> Submission:
    """Return a submission whose first payload has ``size`` bytes, and a leaf that has its digest."""
    payload = GOOD.attachments[0].payload[:32].ljust(size, b"\x00")
    return replace(said(payload_digest=sha256(payload)), attachments=attached(payload=payload).attachments)


def boxes(change: Callable[[tuple[SealedKey, ...]], tuple[SealedKey, ...]]) -> Submission:
    """Return the good submission with its sealed keys changed."""
    return replace(GOOD, sealed_keys=change(GOOD.sealed_keys))


FIRST, SECOND, THIRD = GOOD.attachments
SALTED = FIRST.keys
FLIPPED = Hash(bytes([FIRST.padding[0][0] ^ 1]) + FIRST.padding[0][1:])
ODD_KEY = LookupKey("ip", b"2001:DB8::1")
DOUBLED = ((KEYS[0], SALTED[0][1]), (KEYS[0], SALTED[1][1]))

BAD: dict[str, tuple[Submission, str]] = {
    "more than 4 MiB": (
        attached(payload=bytes(MAX_BATCH_BYTES)),
        "batch: statements and payloads must be at most 4194304",
    ),
    "no statement": (replace(GOOD, statements=()), "batch: must have 1 to 1024 statements"),
    "a version to come": (
        replace(GOOD, statements=(b"\x08\x02" + GOOD.statements[0][2:], *GOOD.statements[1:])),
        "^statement: statement: .* not known to this release",
    ),
    "no attachment": (replace(GOOD, attachments=()), "attachments: each statement with a payload or keys needs"),
    "one attachment missing": (replace(GOOD, attachments=(FIRST, THIRD)), "attachments: each statement"),
    "one attachment doubled": (
        replace(GOOD, attachments=(FIRST, FIRST, SECOND, THIRD)),
        "attachments: each statement",
    ),
    "attachments out of order": (replace(GOOD, attachments=(SECOND, FIRST, THIRD)), "exactly one, in their order"),
    "an attachment past the batch": (attached(2, position=3), "attachments: each statement with a payload"),
    "an attachment at a place below zero": (attached(2, position=-1), "attachments: each statement"),
    "an attachment to no disclosure": (replace(GOVERNANCE, attachments=(FIRST,)), "attachments: each statement"),
    "another entry's attachment": (attached(payload=SECOND.payload), "payload_digest: does not match the payload"),
    "a payload with a bit changed": (attached(payload=FIRST.payload[:-1] + b"\x00"), "payload_digest: does not match"),
    "a payload a byte too long": (resized(617), "payload: must be 104 bytes and one of 512, 1024, .*262144"),
    "a payload of a header alone": (resized(104), "payload: must be 104 bytes and one of 512"),
    "a payload of the next class but one too large": (resized(104 + 2**19), "payload: must be 104 bytes and one of"),
    "no payload": (attached(payload=b""), "payload: must be 104 bytes and one of"),
    "another shred": (attached(shred=SECOND.shred), "attachment: shred hash: the payload names another"),
    "a short shred": (attached(shred=FIRST.shred[:31]), "shred: must be 32 bytes"),
    "no keys": (attached(keys=()), "keys.padding: keys and padding do not add up to the class"),
    "one key missing": (attached(keys=SALTED[:1]), "keys.padding: keys and padding do not add up to the class"),
    "a key doubled": (attached(keys=DOUBLED), "keys: a key appears twice"),
    "another key": (attached(keys=((LookupKey("account", b"x"), SALTED[0][1]), SALTED[1])), "attachment: keys root"),
    "a key not canonical": (attached(keys=(SALTED[0], (ODD_KEY, SALTED[1][1]))), "keys.value: not the canonical form"),
    "salts exchanged": (
        attached(keys=tuple(zip(KEYS, (SALTED[1][1], SALTED[0][1]), strict=True))),
        "attachment: keys root",
    ),
    "too many keys, before any is looked at": (attached(keys=((ODD_KEY, b""),) * 257), "keys: more than 256"),
    "a short salt": (attached(keys=((KEYS[0], b"salt"), SALTED[1])), "keys.salt: must be 16 bytes"),
    "other padding": (attached(padding=(FLIPPED, FIRST.padding[1])), "attachment: keys root: the keys do not give it"),
    "too little padding": (attached(padding=FIRST.padding[1:]), "keys.padding: keys and padding do not add up"),
    "short padding": (attached(padding=(FIRST.padding[0][:31], FIRST.padding[1])), "keys.padding: must be 32 bytes"),
    "a keys root of other keys": (said(keys_root=ZERO_HASH), "attachment: keys root: the keys do not give it"),
    "a class larger than needed": (said(key_class=16), "key_class: not the smallest class that holds the keys"),
    "sealed keys gone": (boxes(lambda given: ()), "sealed_keys_digest: does not match the sealed keys"),
    "one box gone": (boxes(lambda given: given[:-1]), "sealed_keys_digest: does not match the sealed keys"),
    "a box changed": (
        boxes(lambda given: (replace(given[0], box=bytes(80)), *given[1:])),
        "sealed_keys_digest: does not match the sealed keys",
    ),
    "boxes out of order": (boxes(lambda given: given[::-1]), "sealed_keys: key ids do not ascend strictly"),
    "a box doubled": (boxes(lambda given: (given[0], *given)), "sealed_keys: key ids do not ascend strictly"),
    "boxes without payloads": (
        replace(GOVERNANCE, sealed_keys=GOOD.sealed_keys),
        "sealed_keys: a batch without payloads",
    ),
}


def opened(**change: object) -> Submission:
    """Return a submission whose leaf opens its outcome in public, the opening changed."""
    item = disclosure()
    record = item.record.to_json_object()
    (slot,) = open_slots(record, SECRET, ["outcome"])
    opening = bodies.SlotOpening(slot.position, slot.name, slot.value, slot.salt, slot.path)
    changed = replace(opening, **change)  # type: ignore[arg-type]  # one table for all fields
    return said(slots_root=slots_root(record, SECRET), openings=(changed,))


def test_a_submission_that_fits_is_returned_with_its_batch() -> None:
    """Three disclosures with what belongs to them pass, and so does a batch that carries nothing."""
    examined = examine(GOOD)
    assert examined.submission == GOOD
    assert examined.batch == decode_batch(GOOD.statements)
    assert examine(GOVERNANCE).batch.count == 1


@pytest.mark.parametrize(("submission", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_refused(submission: Submission, message: str) -> None:
    """Each misfit is bad input that names field and bound, and quotes no key, record or payload."""
    with pytest.raises(InvalidInput, match=message) as refused:
        examine(submission)
    assert "nobody-1" not in str(refused.value)
    assert "2001" not in str(refused.value)


def test_the_bound_of_a_batch_is_inclusive() -> None:
    """Statements and payloads of 4 MiB together are within the bound, one byte more is not."""
    room = MAX_BATCH_BYTES - GOOD.size + len(FIRST.payload)
    fits = attached(payload=bytes(room))
    assert fits.size == MAX_BATCH_BYTES
    with pytest.raises(InvalidInput, match="payload: must be"):
        examine(fits)
    with pytest.raises(InvalidInput, match="batch: statements and payloads must be at most"):
        examine(attached(payload=bytes(room + 1)))


def test_keys_may_come_in_any_order() -> None:
    """The keys root is over sorted commitments, so the order in which keys travel is free."""
    assert examine(attached(keys=SALTED[::-1])).batch.count == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": b'"NONE"'}, "attachment: slot: does not lead to the slots root"),
        ({"salt": bytes(16)}, "attachment: slot: does not lead to the slots root"),
        ({"name": "", "value": b""}, "attachment: slot: does not lead to the slots root"),
        ({"position": 18}, "attachment: slot: the name is not the one of its position"),
        ({"position": 32}, "slot.position: must be 0 to 31"),
        ({"salt": b""}, "slot.salt: must be 16 bytes"),
        ({"path": ()}, "slot.path: must be 5 hashes"),
    ],
)
def test_a_public_opening_must_lead_to_the_slots_root(change: dict[str, object], message: str) -> None:
    """What a leaf shows of its record is admitted if it is the record's, and refused if anything in it is changed."""
    assert examine(opened()).batch.count == 3
    with pytest.raises(InvalidInput, match=message):
        examine(opened(**change))
