"""Nobody convicts a source of what it did not sign: no part of the evidence can be exchanged, and none changed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from ledger.core.conviction import Conviction, verify_conviction
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, LedgerError, VerificationFailed
from ledger.core.note import SigningKey
from ledger.core.sealed import payload_plaintext, seal_payload
from ledger.core.sealed_keys import SealedKey, box_batch_key
from ledger.core.statement import encode_statement
from tests.core.dishonest import BATCH_KEY, SOURCE, Entry, Said, resealed, speak, stage
from tests.core.examples import stated
from tests.core.test_note import one_bit_off
from tests.core.world import World, secret


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a malicious auditor and a malicious operator have of honest sources: the log, and batch keys."""

    world: World
    said: Said
    before: Said

    @property
    def good(self) -> Conviction:
        """The parts of an entry without fault."""
        return self.said.conviction()

    def leaf(self, index: int) -> bytes:
        """Return a leaf of the log."""
        return self.world.leaves[index]


@cache
def seen() -> Seen:
    """Return a log in which alpha was honest twice, under two batch keys, and beta is enrolled."""
    world = stage()
    before = speak(world, Entry(key=sha256(b"the key before")), boxes=reboxed(world, sha256(b"the key before")))
    world.enrol("beta")
    world.add_auditor("late")
    world.remove_auditor("late")
    said = speak(world, Entry(), Entry())
    world.disclose("beta")
    return Seen(world, said, before)


def reboxed(world: World, key: bytes) -> Callable[[tuple[SealedKey, ...]], tuple[SealedKey, ...]]:
    """Return how to box another batch key to the same recipients."""
    recipients = world.recipients(SOURCE)
    return lambda boxes: tuple(SealedKey(box.key_id, box_batch_key(key, recipients[box.key_id])) for box in boxes)


def made_up(had: Seen) -> Conviction:
    """Return a payload that the auditor made itself under the true batch key, in place of the source's."""
    other = payload_plaintext(bytes(32), (), {"notes": "made up"})
    sequence = had.said.sequence
    sealed = seal_payload(BATCH_KEY, had.world.log_id, SOURCE, sequence, bytes(32), bytes(24), other)
    return replace(had.good, payload=sealed, shred=bytes(32))


def swapped(boxes: tuple[SealedKey, ...]) -> tuple[SealedKey, ...]:
    """Return the boxes with each under the next one's key id."""
    return tuple(SealedKey(box.key_id, other.box) for box, other in zip(boxes, boxes[1:] + boxes[:1], strict=True))


def of_another_recipient(had: Seen) -> bytes:
    """Return an AUDITOR_ADDED like that of "one", for another X25519 key."""
    body = replace(had.world.accreditation("one"), x25519_key=had.world.accreditation("two").x25519_key)
    return encode_statement(stated(body))


KEY = "batch key: neither the commit nor a box shows that it is the source's"
DIGEST = "payload digest: not the one in the leaf"
BOXES = "sealed keys: not the boxes that the seal signs"
NOBODY = "recipient: its statement names neither an auditor nor the source"
NO_BOX = "recipient: no box is for its statement"
FORGED: dict[str, tuple[Callable[[Seen], Conviction], str]] = {
    "nothing changed": (lambda had: had.good, "no fault: payload and boxes are what the source signed"),
    "the payload beside it": (lambda had: replace(had.good, payload=had.said.conviction(1).payload), DIGEST),
    "payload and shred of the entry beside it": (
        lambda had: replace(had.said.conviction(1), receipt=had.good.receipt),
        DIGEST,
    ),
    "a payload made up": (made_up, DIGEST),
    "the shred beside it": (
        lambda had: replace(had.good, shred=had.said.conviction(1).shred),
        "shred hash: the payload names another shred",
    ),
    "a batch key made up": (lambda had: replace(had.good, batch_key=bytes(32)), KEY),
    "the batch key before": (lambda had: replace(had.good, batch_key=sha256(b"the key before")), KEY),
    "the batch key of the next batch": (lambda had: replace(had.before.conviction(), batch_key=BATCH_KEY), KEY),
    "no box": (lambda had: replace(had.good, boxes=(), recipients=had.good.recipients[:1]), BOXES),
    "a box left out": (lambda had: replace(had.good, boxes=had.good.boxes[1:]), BOXES),
    "boxes in another order": (
        lambda had: replace(had.good, boxes=had.good.boxes[::-1]),
        "sealed_keys: key ids do not ascend strictly",
    ),
    "boxes under each other's key ids": (lambda had: replace(had.good, boxes=swapped(had.good.boxes)), BOXES),
    "a box of garbage": (
        lambda had: replace(had.good, boxes=(SealedKey(had.good.boxes[0].key_id, bytes(80)), *had.good.boxes[1:])),
        BOXES,
    ),
    "the boxes before": (lambda had: replace(had.good, boxes=had.before.conviction().boxes), BOXES),
    "the boxes and the key before": (
        lambda had: replace(had.good, boxes=had.before.conviction().boxes, batch_key=sha256(b"the key before")),
        BOXES,
    ),
    "the receipt of the entry beside it": (
        lambda had: replace(had.good, receipt=had.said.conviction(1).receipt),
        DIGEST,
    ),
    "the receipt before": (lambda had: replace(had.good, receipt=had.before.conviction().receipt), BOXES),
    "another source's receipt": (lambda had: replace(had.good, receipt=had.world.receipt(had.world.size - 1)), BOXES),
    "the receipt of an enrolment": (lambda had: replace(had.good, receipt=had.world.receipt(1)), BOXES),
    "the receipt of an enrolment, without boxes": (
        lambda had: replace(had.good, receipt=had.world.receipt(1), boxes=()),
        "statement: has no sealed payload",
    ),
    "the statement of an auditor without a box": (
        lambda had: replace(had.good, recipients=(*had.good.recipients, had.leaf(had.said.first - 2))),
        NO_BOX,
    ),
    "the statement of an auditor's removal": (
        lambda had: replace(had.good, recipients=(had.leaf(had.said.first - 1),)),
        NOBODY,
    ),
    "the statement of another source": (
        lambda had: replace(had.good, recipients=(had.leaf(had.said.first - 3),)),
        NOBODY,
    ),
    "the statement that opened the log": (lambda had: replace(had.good, recipients=(had.leaf(0),)), NOBODY),
    "a statement made up": (lambda had: replace(had.good, recipients=(of_another_recipient(had),)), NO_BOX),
    "one statement twice": (
        lambda had: replace(had.good, recipients=had.good.recipients[:1] * 2),
        "recipient: a statement stands twice",
    ),
    "what is no statement": (lambda had: replace(had.good, recipients=(b"?",)), "statement: "),
}


@pytest.mark.parametrize(("forge", "words"), FORGED.values(), ids=FORGED)
def test_an_honest_source_is_not_convicted(forge: Callable[[Seen], Conviction], words: str) -> None:
    """Whatever part is exchanged, the file is refused by the words that say which."""
    had = seen()
    with pytest.raises((VerificationFailed, InvalidInput)) as error:
        verify_conviction(forge(had).format(), had.world.vkey)
    assert str(error.value).startswith(words)


def test_a_log_that_another_key_signed_shows_nothing() -> None:
    """Evidence holds under the key of its log alone."""
    said = speak(stage(), Entry(shift=1))
    with pytest.raises(VerificationFailed, match=r"^note: no signature by a known key$"):
        verify_conviction(said.conviction().format(), SigningKey("log.example", secret("stranger")).vkey())


@pytest.mark.parametrize(
    "entry", [Entry(), Entry(shift=1), Entry(seal=resealed(lambda found: found["record"].pop("notes")))]
)
def test_no_changed_byte_says_anything_else(entry: Entry) -> None:
    """One bit off anywhere: the evidence is refused, or convicts of the same fault in the same entry."""
    said = speak(stage(), entry)
    raw = said.conviction().format()
    told = _told(raw, said)
    assert (told is None) == (entry == Entry())
    assert {_told(changed, said) for changed in one_bit_off(raw)} <= {None, told}


def test_no_file_cut_short_says_anything() -> None:
    """No part of a file is evidence, and nothing may follow it."""
    said = speak(stage(), Entry(shift=1))
    raw = said.conviction().format()
    assert {_told(changed, said) for changed in [*(raw[:end] for end in range(len(raw))), raw + b"\n", raw + b"A"]} == {
        None
    }


def _told(raw: bytes, said: Said) -> tuple[str, int, str] | None:
    """Return whom a file convicts of which fault in which entry."""
    try:
        convicted = verify_conviction(raw, said.world.vkey)
    except LedgerError:
        return None
    return convicted.source_id, convicted.index, convicted.fault
