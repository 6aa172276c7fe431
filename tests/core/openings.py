"""Files that open fields of entries whose record is known, and parts of such files to put together otherwise."""

from typing import Final

from ledger.core import bodies
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.bodies import SlotOpening
from ledger.core.encoding import ZERO_HASH, encode_base64
from ledger.core.opened import HEADER, open_fields
from ledger.core.sealed import OpenedPayload, open_payload
from ledger.core.sealed_keys import open_box, x25519_secret
from ledger.core.slots import open_slots
from ledger.core.statement import Statement, decode_leaf
from ledger.v1 import statement_pb2
from tests.core.test_record import FULL
from tests.core.world import Placed, World, disclosure

ENTRY: Final = 3
OTHER: Final = 4


def logged() -> World:
    """Return a log: 3 is a disclosure with every field but one, 4 and 5 two others in a batch, of the same source."""
    world = World.open()
    world.enrol("alpha")
    world.add_auditor("one")
    world.disclose("alpha", disclosure(**FULL))
    world.disclose("alpha", disclosure(**FULL), disclosure())
    return world


def say(world: World, body: bodies.Body) -> int:
    """Let alpha say ``body``, whether or not the log admits it; return its index."""
    source = world.state.sources["alpha"]
    index, binding = world.size, world.binding("alpha")
    statement = Statement("alpha", source.next_sequence, world.minute, body)
    leaves = sign_batch([statement], binding, ZERO_HASH, [world.secrets["alpha"].sign])
    world.leaves += leaves
    world.placed.append(Placed(index, decode_batch(leaves), binding, source.key_index))
    return index


def payload_of(world: World, index: int, auditor: str = "") -> OpenedPayload:
    """Return what the payload of an entry holds, opened by its source, or by an auditor."""
    placed, statement = world.batch_at(index), decode_leaf(world.leaves[index]).statement
    submission, source = placed.submission, world.state.sources[statement.source_id]
    assert submission is not None
    if auditor:
        secret = world.auditors[auditor].x25519_secret
        ids = {key.key_id for key in world.state.auditors.values() if key.name == auditor}
    else:
        secret, ids = x25519_secret(world.secrets[statement.source_id].seed), {source.key_statement}
    (box,) = [sealed.box for sealed in submission.sealed_keys if sealed.key_id in ids]
    item = submission.attachments[index - placed.first]
    key, sequence = open_box(box, secret), statement.sequence
    return open_payload(item.payload, key, world.log_id, statement.source_id, sequence, item.shred)


def opened(world: World, index: int, *names: str, auditor: str = "") -> bytes:
    """Return the file that opens fields of an entry."""
    payload = payload_of(world, index, auditor)
    return open_fields(payload.record_object, payload.entry_secret, names, world.receipt(index)).format()


def openings(world: World, index: int, *names: str) -> tuple[SlotOpening, ...]:
    """Return openings of an entry's slots, reserved ones too."""
    payload = payload_of(world, index)
    return open_slots(payload.record_object, payload.entry_secret, names)


def encoded(opening: SlotOpening) -> bytes:
    """Return an opening's message."""
    message = statement_pb2.SlotOpening(
        position=opening.position, name=opening.name, value=opening.value, salt=opening.salt, path=opening.path
    )
    return message.SerializeToString(deterministic=True)


def joined(receipt: bytes, *parts: SlotOpening | bytes | str, header: str = HEADER) -> bytes:
    """Return a file of openings, messages or lines before a receipt, whether it holds or not."""
    lines = []
    for part in parts:
        raw = encoded(part) if isinstance(part, SlotOpening) else part
        lines.append(encode_base64(raw) if isinstance(raw, bytes) else raw)
    return "\n".join([header, *lines, "", ""]).encode() + receipt
