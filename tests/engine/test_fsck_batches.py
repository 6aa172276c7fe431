"""fsck checks what lies beside a batch as columns, and still names the one row that is wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from ledger.core import bodies
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.encoding import sha256
from ledger.core.lookup_keys import LookupKey
from ledger.core.sealed import shred_hash
from ledger.engine import fsck, rows, schema, tiles
from ledger.engine.fsck import Checked, check
from tests.core.world import disclosure
from tests.engine.ledger import TIMEOUT, Ledger
from tests.engine.spoiling import refusal


def keyed(number: int) -> list[LookupKey]:
    """Return the lookup keys of one disclosure, which make a row of the queue."""
    return [LookupKey("account", b"a%d" % number)]


@pytest.fixture
def first(ledger: Ledger) -> int:
    """The index of a batch of four without lookup keys, after which three of one with keys stand."""
    index = ledger.world.disclose("alpha", *[disclosure() for _ in range(4)])
    for number in range(3):
        ledger.world.disclose("beta", disclosure(*keyed(number)))
    ledger.follow()
    return index


def test_queue_rows_of_later_batches_wait_for_them(ledger: Ledger, first: int) -> None:
    """Rows that were read while a longer batch without any was checked are held against the batches they belong to."""
    assert check(ledger.store) == Checked(ledger.world.size, 7, ledger.world.root())
    for index in range(first + 4, first + 7):
        message = f"lookup queue row of entry {index}: too short to open"
        assert refusal(ledger.store, {schema.queue_key(index): bytes(rows.QUEUE_OVERHEAD)}) == message


def test_the_first_of_several_strays_is_named(ledger: Ledger, first: int) -> None:
    """Of rows that belong to no entry the first is named, whether they stand in a batch, before it or behind it."""
    strays = [schema.queue_key(first + offset) + b"\x00" for offset in (1, 2, 4, 5, 6)]
    for count in range(1, 6):
        message = f"lookup queue row under {strays[-count][1:].hex()}: belongs to no entry"
        assert refusal(ledger.store, dict.fromkeys(strays[-count:], bytes(100))) == message


@pytest.mark.parametrize(
    ("what", "make_key"),
    [("entry", schema.entry_key), ("payload", schema.payload_key), ("shred", schema.shred_key)],
    ids=["entries", "payloads", "shreds"],
)
def test_the_first_of_several_missing_is_named(
    ledger: Ledger, first: int, what: str, make_key: Callable[[int], bytes]
) -> None:
    """Of rows missing from one batch the first is named; a stray before it comes first."""
    gone = (make_key(first + 1), make_key(first + 3))
    assert refusal(ledger.store, {}, gone) == f"{what} of entry {first + 1}: missing"
    stray = make_key(first) + b"\x00"
    assert refusal(ledger.store, {stray: b"stray"}, gone) == f"{what} under {stray[1:].hex()}: belongs to no entry"


def test_the_first_of_several_wrong_payloads_is_named(ledger: Ledger, first: int) -> None:
    """Of payloads whose digest is another the first is named, and so is the first of other shreds."""
    store = ledger.store
    spoiled = {key: store.require(key) + b"\x00" for key in map(schema.payload_key, (first + 1, first + 2))}
    assert refusal(store, spoiled) == f"payload of entry {first + 1}: its digest is not the leaf's"
    others = dict.fromkeys(map(schema.shred_key, (first + 1, first + 3)), bytes(32))
    message = f"payload of entry {first + 1}: shred hash: the payload names another shred"
    assert refusal(store, others) == message


@pytest.mark.parametrize("count", [0, 1025, 2**32 - 1])
def test_a_count_that_no_batch_has_is_found(ledger: Ledger, first: int, count: int) -> None:
    """A batch row of no statements, or of more than a batch may have, is named before anything is read by it."""
    key = schema.batch_key(first)
    row = replace(rows.read_batch_row(ledger.store.require(key)), count=count)
    message = f"batch row at {first}: count: must be 1 to 1024"
    assert refusal(ledger.store, {key: rows.write_batch_row(row)}) == message


def test_a_payload_of_no_class_is_found(ledger: Ledger) -> None:
    """A payload of a size that none has is damage, though its leaf is signed over its digest and it names its shred."""
    world = ledger.world
    given = ledger.take_in(world.submission("alpha", disclosure(), disclosure()))
    position, payload, shred, row = given.attached[0]
    short = shred_hash(shred) + bytes(8)
    assert payload[:32] == short[:32]
    statements = [replace(leaf.statement, seal=None) for leaf in given.batch.leaves]
    body = replace(cast(bodies.Disclosure, statements[0].body), payload_digest=sha256(short))
    statements[0] = replace(statements[0], body=body)
    leaves = sign_batch(statements, given.binding, given.batch.seal.sealed_keys_digest, [world.secrets["alpha"].sign])
    attached = ((position, short, shred, row), *given.attached[1:])
    ledger.minute = world.minute
    index = ledger.sequencer.submit(replace(given, batch=decode_batch(leaves), attached=attached)).result(TIMEOUT)
    sizes = "104 bytes and one of 512, 1024"
    assert refusal(ledger.store, {}).startswith(f"payload of entry {index}: payload: must be {sizes}")


def test_a_batch_may_fill_several_tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the tiles that one batch fills is compared, and none is left over."""
    for module, name, value in ((tiles, "WIDTH", 4), (tiles, "HEIGHT", 2), (fsck, "TILE", 4), (fsck, "HEIGHT", 2)):
        monkeypatch.setattr(module, name, value)
    ledger = Ledger.create(tmp_path)
    ledger.world.enrol("alpha")
    ledger.world.add_auditor("one")
    ledger.world.disclose("alpha", *[disclosure() for _ in range(13)])
    ledger.follow()
    assert check(ledger.store) == Checked(16, 13, ledger.world.root())
    for number in range(4):
        key = schema.tile_key(0, number)
        message = f"tile {number} of level 0: missing or not what the leaves say"
        assert refusal(ledger.store, {}, (key,)) == message
        assert refusal(ledger.store, {key: ledger.store.require(key)[::-1]}) == message
    ledger.stop()
