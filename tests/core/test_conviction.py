"""What a source signed and sealed wrongly convicts it, before whoever has the file and the log's key."""

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core.conviction import HEADER, MAX_CONVICTION, Conviction, verify_conviction
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import VerificationFailed
from ledger.core.lookup_keys import LookupKey
from ledger.core.sealed import seal_payload
from tests.core.dishonest import (
    BATCH_KEY,
    NOTE,
    PHONE,
    SOURCE,
    Entry,
    Parts,
    Said,
    Says,
    corrected,
    corrected_with_keys,
    delivered,
    disclosed,
    extended,
    padded,
    resealed,
    speak,
    stage,
)
from tests.core.world import World

ANOTHER_KEY = sha256(b"another batch key")
NO_FAULT = r"^no fault: payload and boxes are what the source signed$"


def fault(said: Said, position: int = 0, batch_key: bytes = BATCH_KEY) -> str:
    """Return what convicts the source of an entry."""
    return verify_conviction(said.conviction(position, batch_key).format(), said.world.vkey).fault


def record(**fields: object) -> Callable[[Parts], bytes]:
    """Return how to seal a record of which ``fields`` are others than the leaf says."""
    return resealed(lambda found: found["record"].update(fields))


def keys(*values: str) -> Callable[[Parts], bytes]:
    """Return how to seal these account names for lookup keys."""
    given = [{"type": "account", "value": value.encode().hex(), "version": 1} for value in values]
    return resealed(lambda found: found.update(keys=given))


def of_another_key(payload: bytes) -> bytes:
    """Return the head of a payload, its commit with it, before a ciphertext that another key made."""
    other = seal_payload(ANOTHER_KEY, bytes(32), SOURCE, 0, bytes(32), payload[64:88], bytes(512))
    return payload[:88] + other[88:].ljust(len(payload) - 88, b"\x00")


SPACED = b'{"entry_secret": "' + b"00" * 32 + b'", "keys": [], "record": {}}'
BY_HAND = {
    "another record": (Entry(seal=record(notes="other")), "slots root: the record does not give it"),
    "a field left out": (
        Entry(seal=resealed(lambda found: found["record"].pop("notes"))),
        "slots root: the record does not give it",
    ),
    "another entry secret": (
        Entry(seal=resealed(lambda found: found.update(entry_secret="00" * 32))),
        "slots root: the record does not give it",
    ),
    "another lookup key": (Entry(seal=keys("other")), "keys root: the keys do not give it"),
    "no lookup keys": (Entry(seal=keys()), "keys root: the keys do not give it"),
    "more lookup keys than the class holds": (
        Entry(seal=keys("1", "2", "3", "4", "5")),
        "key class: the keys do not give it",
    ),
    "more lookup keys than there may be": (
        Entry(seal=keys(*map(str, range(257)))),
        "payload content: keys: more than 256; split the disclosure into parts",
    ),
    "one lookup key twice": (Entry(seal=keys("1", "1")), "payload content: keys: a key appears twice"),
    "aggregates of another secret": (
        Entry(lambda parts, digest: disclosed(replace(parts, aggregates_root=Hash(bytes(32))), digest)),
        "aggregates root: the entry secret does not give it",
    ),
    "a record that is no object": (
        Entry(seal=resealed(lambda found: found.update(record=[]))),
        "content: not an entry secret, keys and a record",
    ),
    "a member more": (
        Entry(seal=resealed(lambda found: found.update(more=1))),
        "content: not an entry secret, keys and a record",
    ),
    "a lookup key of no type": (
        Entry(seal=resealed(lambda found: found["keys"][0].update(type="name"))),
        "content: not an entry secret, keys and a record",
    ),
    "an unknown field": (Entry(seal=record(more="x")), "payload content: record: has an unknown field"),
    "an empty field": (Entry(seal=record(notes="")), "payload content: notes: empty; leave an absent field out"),
    "JSON with spaces": (Entry(seal=lambda _: padded(SPACED)), "canonical JSON: the content is not RFC 8785"),
    "no JSON": (Entry(seal=lambda _: padded(b"{")), "canonical JSON: the content is not RFC 8785"),
    "nothing but zeros": (Entry(seal=lambda _: bytes(512)), "padding: no 0x80 before the zeros"),
    "a class too large": (Entry(seal=lambda _: padded(b"{}").ljust(1024, b"\x00")), "padding: not the smallest class"),
    "a flipped bit": (
        Entry(spoil=lambda payload: payload[:-1] + bytes([payload[-1] ^ 1])),
        "decryption: the ciphertext is not authentic",
    ),
    "garbage": (
        Entry(spoil=lambda payload: payload[:88] + b"?" * (len(payload) - 88)),
        "decryption: the ciphertext is not authentic",
    ),
    "a ciphertext cut short": (
        Entry(seal=record(notes="n" * 600), spoil=lambda payload: payload[: 104 + 512]),
        "decryption: the ciphertext is not authentic",
    ),
    "a ciphertext of another key than the commit's": (
        Entry(spoil=of_another_key),
        "decryption: the ciphertext is not authentic",
    ),
    "sealed for the next sequence": (Entry(shift=1), "commit: another batch key, log, source or sequence"),
    "sealed under another key": (Entry(key=ANOTHER_KEY), "commit: another batch key, log, source or sequence"),
    "a commit to nothing": (
        Entry(spoil=lambda payload: payload[:32] + bytes(32) + payload[64:]),
        "commit: another batch key, log, source or sequence",
    ),
}


@pytest.mark.parametrize(("entry", "words"), BY_HAND.values(), ids=BY_HAND)
@pytest.mark.parametrize("position", [0, 1])
def test_a_payload_that_does_not_give_its_leaf(entry: Entry, words: str, position: int) -> None:
    """The log admits it, the file convicts in words without a value, and the entry beside it is without fault."""
    said = speak(stage(), *((entry, Entry()) if position == 0 else (Entry(), entry)))
    convicted = verify_conviction(said.conviction(position).format(), said.world.vkey)
    assert convicted.fault == words
    assert (convicted.source_id, convicted.index, convicted.sequence) == (SOURCE, said.first + position, 4 + position)
    assert convicted.leaf_hash == sha256(b"\x00" + said.world.leaves[convicted.index])
    assert not any(value in convicted.fault for value in (NOTE, PHONE, NOTE.encode().hex(), PHONE.encode().hex()))
    with pytest.raises(VerificationFailed, match=NO_FAULT):
        verify_conviction(said.conviction(1 - position).format(), said.world.vkey)


def test_a_replayed_payload_convicts() -> None:
    """A payload that was sealed for one place and stands at another, shred and all, is the source's doing."""
    world = stage()
    first = speak(world, Entry()).submission.attachments[0]
    again = speak(world, Entry(shred=first.shred, spoil=lambda _: first.payload))
    assert fault(again) == "commit: another batch key, log, source or sequence"


KEYLESS: dict[str, Callable[[World], Says]] = {
    "DELIVERY": lambda world: delivered(world, 1),
    "EMBARGO_EXTENDED": extended,
    "CORRECTION of a DELIVERY": lambda world: corrected(world, 3),
}
WRONG_WITHOUT_KEYS = {
    "another record": (record(notes="other"), "slots root: the record does not give it"),
    "a lookup key": (keys("more"), "keys: the leaf is of a statement that has none"),
    "an unknown field": (record(more="x"), "payload content: record: has an unknown field"),
}


@pytest.mark.parametrize("says", KEYLESS.values(), ids=KEYLESS)
@pytest.mark.parametrize(("seal", "words"), WRONG_WITHOUT_KEYS.values(), ids=WRONG_WITHOUT_KEYS)
def test_statements_without_lookup_keys(
    says: Callable[[World], Says], seal: Callable[[Parts], bytes], words: str
) -> None:
    """Of what has no lookup keys the record is held against the slots root, and no keys may be sealed."""
    world, honest = stage(), stage()
    assert fault(speak(world, Entry(says(world), (), seal))) == words
    with pytest.raises(VerificationFailed, match=NO_FAULT):
        fault(speak(honest, Entry(says(honest), ())))


def test_a_correction_of_a_disclosure_has_keys() -> None:
    """Of a correction that names a keys root all roots are compared."""
    world = stage()
    body = corrected_with_keys(world, 2)
    with pytest.raises(VerificationFailed, match=NO_FAULT):
        fault(speak(world, Entry(body)))
    assert fault(speak(world, Entry(body, seal=keys("other")))) == "keys root: the keys do not give it"


def test_layout() -> None:
    """A file is a header, key, payload, shred and boxes, then statements, a line each, then the receipt."""
    said = speak(stage(), Entry(seal=record(notes="other")))
    conviction = said.conviction()
    raw = conviction.format()
    first, second, receipt = raw.split(b"\n\n", 2)
    header, *parts = first.decode().split("\n")
    assert header == HEADER == "disclosure-ledger/v1/conviction"
    key, payload, shred, *boxes = map(base64.b64decode, parts)
    assert (key, payload, shred) == (BATCH_KEY, conviction.payload, conviction.shred)
    assert boxes == sorted(box.encoded for box in said.submission.sealed_keys)
    assert tuple(map(base64.b64decode, second.split(b"\n"))) == conviction.recipients
    assert receipt == said.world.receipt(said.first)
    assert Conviction.parse(raw) == conviction
    assert Conviction.parse(raw).format() == raw


def test_the_largest_payload_and_the_most_keys_fit() -> None:
    """A payload of the largest class is evidence like any other, well within the bound."""
    many = tuple(LookupKey("account", b"%d" % number * 100) for number in range(256))
    said = speak(stage(), Entry(keys=many, seal=record(notes="n" * 100_000)))
    assert len(said.conviction().payload) == 262_144 + 104
    assert len(said.conviction().format()) < MAX_CONVICTION / 4
    assert fault(said) == "slots root: the record does not give it"
