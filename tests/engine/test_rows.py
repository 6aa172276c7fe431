"""Rows come back as they were written, and a row that is not whole is refused by name."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger.core.encoding import Hash
from ledger.core.errors import StoreDamaged
from ledger.core.lookup_keys import LookupKey
from ledger.core.merkle import leaf_hash
from ledger.core.sealed_keys import SealedKey
from ledger.engine import rows
from ledger.v1 import disclosure_pb2
from tests.core.world import mixed

WORLD = mixed()
SOURCE = WORLD.state.sources["beta"]
AUDITOR = next(iter(WORLD.state.auditors.values()))
GOVERNING = WORLD.state.governing
BATCH = rows.BatchRow("alpha", 2**40, 1024, 2**33, Hash(bytes(range(32))))
BOXES = (SealedKey(Hash(b"a" * 32), b"b" * 80), SealedKey(Hash(b"c" * 32), b"d" * 80))

WRITTEN: list[tuple[Any, Callable[[Any], bytes], Callable[[bytes], Any]]] = [
    (BATCH, rows.write_batch_row, rows.read_batch_row),
    (SOURCE, rows.write_source, rows.read_source),
    (AUDITOR, rows.write_auditor, rows.read_auditor),
    (GOVERNING, rows.write_governing, rows.read_governing),
    (BOXES, rows.write_sealed_keys, rows.read_sealed_keys),
]


@pytest.mark.parametrize(
    ("value", "write", "read"), WRITTEN, ids=["a batch", "a source", "an auditor", "what governs", "boxes"]
)
def test_a_row_comes_back(value: object, write: Callable[[Any], bytes], read: Callable[[bytes], Any]) -> None:
    """Reading what was written gives an equal value, and writing that the same bytes."""
    data = write(value)
    assert read(data) == value
    assert write(read(data)) == data


def test_the_rich_log_has_every_kind_of_state() -> None:
    """The rows above hold a forced key with a past one, a removed auditor, approvers and thresholds."""
    assert SOURCE.forced
    assert len(SOURCE.past_keys) == 2
    assert AUDITOR.removed
    assert GOVERNING.approvers
    assert GOVERNING.thresholds


OTHER_TYPES: tuple[Any, ...] = (None, {"a": 1}, 1.5, [[[]]], [1, 2, 3])

JSON_ROWS: list[tuple[str, dict[str, Any], Callable[[bytes], Any]]] = [
    ("source row", json.loads(rows.write_source(SOURCE))["row"], rows.read_source),
    ("auditor row", json.loads(rows.write_auditor(AUDITOR))["row"], rows.read_auditor),
    ("governing row", json.loads(rows.write_governing(GOVERNING))["row"], rows.read_governing),
]


@pytest.mark.parametrize(("what", "row", "read"), JSON_ROWS, ids=[row[0] for row in JSON_ROWS])
def test_a_field_that_is_missing_or_of_another_type_is_refused(
    what: str, row: dict[str, Any], read: Callable[[bytes], Any]
) -> None:
    """No field of a row can be left out, null, or of another JSON type."""
    for name in row:
        for changed in (
            {other: row[other] for other in row if other != name},
            *({**row, name: value} for value in OTHER_TYPES),
        ):
            with pytest.raises(StoreDamaged, match=f"^{what}: malformed"):
                read(json.dumps({"row": changed}).encode())


@pytest.mark.parametrize(("what", "row", "read"), JSON_ROWS, ids=[row[0] for row in JSON_ROWS])
def test_a_row_that_is_no_object_is_refused(what: str, row: object, read: Callable[[bytes], Any]) -> None:
    """Broken JSON, broken UTF-8, nothing, and JSON that is no object are told apart from a row."""
    for data in (b"", b"{", b"\xff", b"\x80{}"):
        with pytest.raises(StoreDamaged, match=f"^{what}: not JSON"):
            read(data)
    for data in (b"[]", b"1", b"null", b'""'):
        with pytest.raises(StoreDamaged, match=f"^{what}: not an object"):
            read(data)
        with pytest.raises(StoreDamaged, match=f"^{what}: malformed"):
            read(b'{"row":%b}' % data)
    with pytest.raises(StoreDamaged, match=f"^{what}: malformed"):
        read(json.dumps(row).encode())


@pytest.mark.parametrize(("value", "write", "read"), WRITTEN[1:4], ids=["a source", "an auditor", "what governs"])
def test_a_flipped_bit_of_a_state_row_is_told(
    value: object, write: Callable[[Any], bytes], read: Callable[[bytes], Any]
) -> None:
    """Whichever bit it is, and though the row may still be JSON of the right shape, no state comes of it."""
    data = write(value)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StoreDamaged, match=r"row: "):
            read(bytes(flipped))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[:-2], id="a byte short"),
        pytest.param(lambda text: text + "00", id="a byte long"),
        pytest.param(lambda text: "x" + text[1:], id="not hex"),
    ],
)
def test_a_hash_of_another_size_is_refused(spoil: Callable[[str], str]) -> None:
    """32 bytes in hex, and nothing else, make a hash."""
    for what, row, read in JSON_ROWS:
        name = {"source row": "previous", "auditor row": "key_id", "governing row": "log_id"}[what]
        with pytest.raises(StoreDamaged, match=f"^{what}: malformed"):
            read(json.dumps({"row": {**row, name: spoil(row[name])}}).encode())


def test_a_batch_row_of_another_length_is_refused() -> None:
    """Every prefix of a batch row, and the row with a byte more, is of the wrong length."""
    data = rows.write_batch_row(BATCH)
    for spoiled in (*(data[:size] for size in range(len(data))), data + b"a"):
        with pytest.raises(StoreDamaged, match=r"^batch row: of the wrong length"):
            rows.read_batch_row(spoiled)


def test_a_batch_row_whose_source_is_not_text_is_refused() -> None:
    """A source id that is not ASCII never came from a statement."""
    data = rows.write_batch_row(BATCH)
    with pytest.raises(StoreDamaged, match=r"^batch row: malformed"):
        rows.read_batch_row(data[:-1] + b"\xff")


def test_boxes_are_read_strictly() -> None:
    """Boxes that do not parse, are of another size or suite, or carry more than boxes are refused."""
    data = rows.write_sealed_keys(BOXES)
    unknown = disclosure_pb2.SealedBatch.FromString(data)
    unknown.sealed_keys[0].suite = 2
    for spoiled in (
        data[:-1],
        b"\xff" + data,
        data.replace(b"b" * 80, b"b" * 79 + b"\xff\xff"),
        rows.write_sealed_keys(BOXES[:1]) + b"\x0a\x00",
        unknown.SerializeToString(),
        data + b"\xfa\x3f\x01a",
    ):
        with pytest.raises(StoreDamaged, match=r"^sealed keys: malformed"):
            rows.read_sealed_keys(spoiled)


QUEUE_KEY, NONCE = b"q" * 32, b"n" * 24
SEVEN, EIGHT = leaf_hash(b"seven"), leaf_hash(b"eight")
KEYS = ((LookupKey("account", b"alice"), b"s" * 16), (LookupKey("username", b"bob"), b"t" * 16))


def test_lookup_keys_open_with_the_queue_key_for_their_entry() -> None:
    """What was sealed opens to the same keys and salts, and neither shows in the row."""
    data = rows.seal_lookup_keys(KEYS, SEVEN, QUEUE_KEY, NONCE)
    assert rows.open_lookup_keys(data, SEVEN, QUEUE_KEY) == KEYS
    assert data.startswith(NONCE)
    assert b"alice" not in data


def test_a_queue_row_changed_moved_or_cut_does_not_open() -> None:
    """Each flipped bit, each cut, another entry and another key raise StoreDamaged."""
    data = rows.seal_lookup_keys(KEYS, SEVEN, QUEUE_KEY, NONCE)
    flipped = [
        data[: bit // 8] + bytes((data[bit // 8] ^ (1 << bit % 8),)) + data[bit // 8 + 1 :]
        for bit in range(8 * len(data))
    ]
    cut = [data[:size] for size in range(len(data))]
    for spoiled in (*flipped, *cut):
        with pytest.raises(StoreDamaged, match=r"^lookup queue row: does not decrypt"):
            rows.open_lookup_keys(spoiled, SEVEN, QUEUE_KEY)
    for entry, key, message in ((EIGHT, QUEUE_KEY, "of another entry"), (SEVEN, b"r" * 32, "does not decrypt")):
        with pytest.raises(StoreDamaged, match=f"^lookup queue row: {message}"):
            rows.open_lookup_keys(data, entry, key)
