"""A source that sealed something else than its leaf says is found out by whoever opens the payload."""

from dataclasses import replace

import pytest

from ledger.audit.payloads import open_entry
from ledger.client.reads import Entry
from ledger.core import bodies
from ledger.core.sealed import payload_digest, seal_payload
from ledger.core.sealed_keys import open_box
from ledger.core.statement import decode_leaf
from ledger.v1 import disclosure_pb2
from tests.audit.audited import ONE, audited
from tests.core.world import World


def first_entry(world: World) -> tuple[Entry, disclosure_pb2.SealedPayload, bytes]:
    """Return entry 3 with its payload and batch key."""
    submission = world.batch_at(3).submission
    assert submission is not None
    (item,) = submission.attachments
    payload = disclosure_pb2.SealedPayload(index=3, sequence=0, payload=item.payload, shred=item.shred)
    key_id = next(auditor.key_id for auditor in world.state.auditors.values() if auditor.name == "one")
    box = next(box.box for box in submission.sealed_keys if box.key_id == key_id)
    return Entry(3, world.leaves[3], decode_leaf(world.leaves[3]).statement), payload, open_box(box, ONE.x25519_secret)


SEALED = {
    "a record that the leaf does not commit to": (
        b'{"entry_secret":"' + b"07" * 32 + b'","keys":[],"record":{"notes":"x"}}',
        "slots root: the record does not give it",
    ),
    "no record": (b"{}", "content: not an entry secret, keys and a record"),
    "no JSON": (b"\xff", "canonical JSON: the content is not RFC 8785"),
    "a key of a later canonicaliser": (
        b'{"entry_secret":"' + b"07" * 32 + b'","keys":[{"type":"email","value":"61","version":2}],"record":{}}',
        "version",
    ),
}


@pytest.mark.parametrize(("text", "finding"), SEALED.values(), ids=SEALED)
def test_a_source_that_sealed_something_else_is_found_out(text: bytes, finding: str) -> None:
    """Also where the leaf's digest is that of the payload, the content must give what the leaf says."""
    world = audited()
    entry, payload, key = first_entry(world)
    plaintext = (text + b"\x80").ljust(512, b"\x00")
    sealed = seal_payload(key, world.log_id, "alpha", 0, payload.shred, bytes(24), plaintext)
    body = entry.statement.body
    assert isinstance(body, bodies.Disclosure)
    lying_leaf = replace(entry.statement, body=replace(body, payload_digest=payload_digest(sealed)))
    item = disclosure_pb2.SealedPayload(index=3, payload=sealed, shred=payload.shred)
    found = open_entry(replace(entry, statement=lying_leaf), world.log_id, item, key)
    assert finding in found.finding
    assert found.payload is None


def test_a_payload_of_no_class_is_a_finding() -> None:
    """A leaf may name the digest of anything; what has no payload's size is not opened."""
    world = audited()
    entry, payload, key = first_entry(world)
    body = entry.statement.body
    assert isinstance(body, bodies.Disclosure)
    odd = replace(entry.statement, body=replace(body, payload_digest=payload_digest(b"odd")))
    item = disclosure_pb2.SealedPayload(index=3, payload=b"odd", shred=payload.shred)
    assert open_entry(replace(entry, statement=odd), world.log_id, item, key).finding.startswith("payload: must be ")


def test_a_payload_for_what_is_no_disclosure_is_a_finding() -> None:
    """Only a DISCLOSURE has one."""
    world = audited()
    _, payload, key = first_entry(world)
    entry = Entry(2, world.leaves[2], decode_leaf(world.leaves[2]).statement)
    assert open_entry(entry, world.log_id, payload, key).finding == "no disclosure, yet it has a payload"
