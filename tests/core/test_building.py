"""What a source builds is admitted, opens again for its auditors alone, and depends on nothing but what is given."""

import pytest

from ledger.core import bodies
from ledger.core.batch import decode_batch
from ledger.core.building import SECRET_SIZE, build, check_disclosure, prepare
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.lookup_keys import LookupKey, canonicalise, canonicalise_request
from ledger.core.record import DisclosureRecord
from ledger.core.rules import MAX_MINUTE
from ledger.core.sealed import NONCE_SIZE, open_payload, verify_opened, verify_payload_digest
from ledger.core.sealed_keys import open_box, verify_box, x25519_from_ed25519
from ledger.v1 import disclosure_pb2
from tests.core.world import AuditorKeys, Entropy, World, disclosure, secret

KEYS = (canonicalise("phone", "+1 202 555 0100"), canonicalise_request("Example Court", "Case 1"))
ITEMS = (disclosure(*KEYS, notes="synthetic"), disclosure(), disclosure(outcome="PARTIAL"))


def audited() -> World:
    """Return a log with the source alpha and the auditors one and two."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    world.add_auditor("two")
    return world


def test_the_same_entropy_gives_the_same_bytes() -> None:
    """Building is a function of what goes in: equal entropy, equal submission; other entropy shares no secret."""
    world = audited()
    world.entropy = Entropy(b"a")
    first = world.submission("alpha", *ITEMS)
    world.entropy = Entropy(b"a")
    assert world.submission("alpha", *ITEMS) == first
    world.entropy = Entropy(b"b")
    other = world.submission("alpha", *ITEMS)
    for mine, theirs in zip(first.attachments, other.attachments, strict=True):
        assert mine.shred != theirs.shred
        assert not {mine.payload, *mine.padding} & {theirs.payload, *theirs.padding}
    assert not {item.box for item in first.sealed_keys} & {item.box for item in other.sealed_keys}


def test_every_secret_is_drawn_once() -> None:
    """An entry secret a record; then one batch key, and a shred and a nonce an entry: none is drawn for two uses."""
    world, entropy = audited(), Entropy()
    sizes: list[int] = []

    def counted(size: int) -> bytes:
        sizes.append(size)
        return entropy(size)

    prepared = [prepare(item, counted) for item in ITEMS]
    assert sizes == [SECRET_SIZE] * 3
    sizes.clear()
    signers = [secret("alpha 0").sign]
    build(prepared, "alpha", 0, 0, world.binding("alpha"), world.recipients("alpha"), signers, counted)
    assert sizes == [SECRET_SIZE] + [SECRET_SIZE, NONCE_SIZE] * 3


def test_equal_records_look_unrelated() -> None:
    """Two disclosures of one record about one subject share no root, digest, salt or payload."""
    world = audited()
    submission = world.submission("alpha", disclosure(*KEYS), disclosure(*KEYS))
    first, second = (leaf.statement.body for leaf in decode_batch(submission.statements).leaves)
    assert isinstance(first, bodies.Disclosure)
    assert isinstance(second, bodies.Disclosure)
    for name in ("slots_root", "payload_digest", "keys_root", "aggregates_root"):
        assert getattr(first, name) != getattr(second, name)
    one, two = submission.attachments
    assert not {salt for _, salt in one.keys} & {salt for _, salt in two.keys}


def test_what_is_built_says_where_and_when_it_stands() -> None:
    """Statements stand at consecutive sequences and one minute; a class is as small as its keys allow."""
    world = audited()
    world.disclose("alpha")
    world.minute += 7
    many = disclosure(*(canonicalise("account", f"a{number}") for number in range(5)))
    batch = decode_batch(world.submission("alpha", *ITEMS, many).statements)
    assert [leaf.statement.sequence for leaf in batch.leaves] == [1, 2, 3, 4]
    assert {leaf.statement.recorded_at for leaf in batch.leaves} == {world.minute}
    built = [leaf.statement.body for leaf in batch.leaves]
    assert [body.key_class for body in built if isinstance(body, bodies.Disclosure)] == [4, 4, 4, 16]


def test_nothing_confidential_stands_in_a_leaf() -> None:
    """No key, note, name or case of a record is found in the bytes that everyone reads."""
    submission = audited().submission("alpha", *ITEMS)
    for value in (b"+12025550100", b"synthetic", b"example court", b"case 1", b"Example Police", b"SEARCH_WARRANT"):
        assert not any(value in leaf for leaf in submission.statements)
        assert not any(value in item.payload for item in submission.attachments)


@pytest.mark.parametrize("who", ["one", "two", "the source"])
def test_an_auditor_and_the_source_open_the_very_record(who: str) -> None:
    """Each box gives the batch key, and with the shred each payload opens to record and keys as they went in."""
    world = audited()
    first = world.disclose("alpha", *ITEMS)
    placed = world.batch_at(first)
    assert placed.submission is not None
    boxes = {item.key_id: item.box for item in placed.submission.sealed_keys}
    assert list(boxes) == sorted(world.recipients("alpha"))
    own = world.state.source("alpha").key_statement
    if who == "the source":
        recipient = x25519_from_ed25519(secret("alpha 0").public.key)
        auditor = next(item for item in world.state.auditors.values())
        batch_key = open_box(boxes[auditor.key_id], AuditorKeys.of(auditor.name).x25519_secret)
        assert verify_box(boxes[own], batch_key, recipient) == batch_key
    else:
        key_id = next(item.key_id for item in world.state.auditors.values() if item.name == who)
        batch_key = open_box(boxes[key_id], AuditorKeys.of(who).x25519_secret)
    for item, attachment, leaf in zip(ITEMS, placed.submission.attachments, placed.batch.leaves, strict=True):
        body = leaf.statement.body
        assert isinstance(body, bodies.Disclosure)
        payload = verify_payload_digest(attachment.payload, body.payload_digest)
        opened = open_payload(payload, batch_key, world.log_id, "alpha", leaf.statement.sequence, attachment.shred)
        verify_opened(opened, body.slots_root, body.keys_root, body.key_class, body.aggregates_root)
        assert DisclosureRecord.from_json_object(opened.record_object) == item.record
        assert opened.keys == item.keys
        with pytest.raises(VerificationFailed, match="commit: another batch key, log, source or sequence"):
            open_payload(payload, batch_key, world.log_id, "alpha", leaf.statement.sequence + 1, attachment.shred)


def test_a_batch_key_is_of_one_batch() -> None:
    """The key of one batch does not open the payload of the next."""
    world = audited()
    for _ in range(2):
        world.disclose("alpha")
    (first, second) = [item.submission for item in world.placed if item.submission is not None]
    keys = AuditorKeys.of("one")
    key_id = next(item.key_id for item in world.state.auditors.values() if item.name == "one")
    box = next(item.box for item in first.sealed_keys if item.key_id == key_id)
    attachment = second.attachments[0]
    with pytest.raises(VerificationFailed, match="commit: another batch key"):
        open_payload(attachment.payload, open_box(box, keys.x25519_secret), world.log_id, "alpha", 1, attachment.shred)


@pytest.mark.parametrize("outcome", ["NO_DATA_HELD", "REJECTED", "WITHDRAWN", "CHALLENGED", "FRAUDULENT"])
def test_an_outcome_that_hands_nothing_over_is_no_disclosure(outcome: str) -> None:
    """Only FULL and PARTIAL make a DISCLOSURE: anything else is refused before a secret is drawn."""
    item = disclosure(outcome=outcome)
    entropy = Entropy()
    for refuse in (check_disclosure, lambda given: prepare(given, entropy)):
        with pytest.raises(InvalidInput, match="outcome: must be one of FULL, PARTIAL"):
            refuse(item)
    assert entropy.counter == 0
    assert check_disclosure(ITEMS[0]) == ITEMS[0]


def test_a_key_that_is_not_canonical_is_refused() -> None:
    """A key in a spelling that nobody would look up is refused before it can have a whole batch refused."""
    with pytest.raises(InvalidInput, match=r"keys\.value: not the canonical form"):
        prepare(disclosure(LookupKey("ip", b"2001:DB8::1")), Entropy())


def test_a_record_past_the_largest_class_is_refused() -> None:
    """A record whose keys do not fit the largest payload is to be split into parts."""
    long = tuple(canonicalise("account", f"{at:0500}") for at in range(256))
    with pytest.raises(InvalidInput, match="record: with its keys not below 262144 bytes; split it into parts"):
        prepare(disclosure(*long), Entropy())


@pytest.mark.parametrize("count", [0, 1, 5, 65, 256])
def test_the_size_of_a_prepared_entry_bounds_what_travels(count: int) -> None:
    """Leaf, payload, shred, keys and padding of an entry, as messages, take what was planned or a little less."""
    world = audited()
    item = prepare(disclosure(*(canonicalise("username", f"name-{at}") for at in range(count))), Entropy())
    name, binding, signers = "a" * 63, world.binding("alpha"), [secret("alpha 0").sign]
    built = build([item, item], name, 2**63 - 3, MAX_MINUTE, binding, world.recipients("alpha"), signers, Entropy())
    attachment = built.attachments[0]
    message = disclosure_pb2.SubmitBatchRequest(statements=built.statements[:1])
    travelling = message.attachments.add(
        position=1023, payload=attachment.payload, shred=attachment.shred, padding=attachment.padding
    )
    for key, salt in attachment.keys:
        travelling.keys.add(type=key.type, value=key.value, version=key.version, salt=salt)
    assert 0 <= item.size - message.ByteSize() < 256 + 32 * count
