"""The store reads what was written, all of it or none, and says what is wrong with its files."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.errors import Locked, StoreDamaged, Unavailable
from ledger.engine import schema
from ledger.engine.store import PAGE, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    store = Store.open(tmp_path / "store", create=True)
    yield store
    store.close()


def numbered(count: int) -> list[tuple[bytes, bytes]]:
    """Return ``count`` entry rows."""
    return [(schema.entry_key(index), b"%d" % index) for index in range(count)]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Puts and deletes of one write are there after closing and opening."""
    store = Store.open(tmp_path / "store", create=True)
    store.write([(b"ea", b"1"), (b"eb", b"2")])
    store.write([(b"ea", b"3")], deletes=[b"eb"])
    store.close()
    store = Store.open(tmp_path / "store")
    assert (store.get(b"ea"), store.get(b"eb"), store.require(b"ea")) == (b"3", None, b"3")
    store.close()


def test_a_refused_write_leaves_nothing(store: Store) -> None:
    """A row that cannot be written takes the rows of the same write with it."""
    with pytest.raises(TypeError):
        store.write([(b"ea", b"1"), (b"eb", None)])  # type: ignore[list-item]  # the fault that is wanted
    assert store.get(b"ea") is None


@pytest.mark.parametrize(("prefix", "kind"), [*schema.KINDS.items(), (b"?", "row")])
def test_a_missing_row_is_named_by_kind(store: Store, prefix: bytes, kind: str) -> None:
    """Whoever requires a row that is not there learns what it would have been."""
    with pytest.raises(StoreDamaged, match=f"^{kind}: missing"):
        store.require(prefix + b"none")


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1])
def test_a_range_is_complete_at_every_page(store: Store, count: int) -> None:
    """No row is lost or doubled where one page of a range ends and the next begins."""
    rows = numbered(count)
    store.write([*rows, (b"d", b"before"), (b"f", b"after")])
    assert list(store.range(schema.ENTRIES, schema.after(schema.ENTRIES))) == rows


@pytest.mark.parametrize(
    ("begin", "end", "found"),
    [(0, 10, range(10)), (3, 7, range(3, 7)), (5, 5, ()), (7, 3, ()), (9, 2**64 - 1, (9,)), (10, 20, ())],
)
def test_a_range_holds_its_begin_and_not_its_end(store: Store, begin: int, end: int, found: range) -> None:
    """[begin, end) is empty when it is empty or upside down, whatever stands around it."""
    rows = numbered(10)
    store.write([*rows, (b"d", b""), (b"f", b"")])
    keys = schema.entry_key(begin), schema.entry_key(end)
    assert list(store.range(*keys)) == [rows[index] for index in found]


def test_a_range_goes_on_while_rows_are_added(store: Store) -> None:
    """A write between two pages neither breaks a range nor hides rows that were there."""
    rows = numbered(PAGE + 5)
    store.write(rows)
    reading = store.range(schema.ENTRIES, schema.after(schema.ENTRIES))
    seen = [next(reading)]
    store.write([(schema.entry_key(PAGE + 5), b"late")])
    seen += reading
    assert seen == [*rows, (schema.entry_key(PAGE + 5), b"late")]


def test_last_before_is_the_last_of_a_list(store: Store) -> None:
    """It is the greatest row of [begin, key], also where begin, key or both are rows, or the only one."""
    held = [2, 3, 5, 7]
    store.write([(schema.batch_key(index), b"%d" % index) for index in held] + [(b"a", b""), (b"c", b"")])
    for begin in range(9):
        for key in range(9):
            expected = max((index for index in held if begin <= index <= key), default=None)
            found = store.last_before(schema.batch_key(begin), schema.batch_key(key))
            assert found == (None if expected is None else (schema.batch_key(expected), b"%d" % expected))


def test_last_before_of_the_only_row_and_of_none(tmp_path: Path, store: Store) -> None:
    """The row that begins the store is found, and nothing before it is."""
    store.write([(b"\x00", b"first")], deletes=[schema.meta_key("format")])
    assert store.last_before(b"\x00", b"\xff" * 20) == (b"\x00", b"first")
    store.write([], deletes=[b"\x00"])
    assert store.last_before(b"\x00", b"\xff" * 20) is None
    store.write([(schema.meta_key("format"), schema.FORMAT)])


def test_a_store_is_locked_within_its_own_process_too(tmp_path: Path, store: Store) -> None:
    """A second opening by the same process is refused as well."""
    with pytest.raises(Locked):
        Store.open(tmp_path / "store")


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    """After close every use raises Unavailable, a range that had begun included."""
    store = Store.open(tmp_path / "store", create=True)
    store.write(numbered(PAGE + 1))
    reading = store.range(schema.ENTRIES, schema.after(schema.ENTRIES))
    next(reading)
    store.close()
    for use in (lambda: store.get(b"e"), lambda: store.write([]), lambda: list(reading)):
        with pytest.raises(Unavailable, match="the store is closed"):
            use()


def test_close_waits_for_reads_under_way(tmp_path: Path) -> None:
    """Closing during a read returns only when that read is over."""
    store = Store.open(tmp_path / "store", create=True)
    order: list[str] = []

    def close() -> None:
        store.close()
        order.append("closed")

    closer = threading.Thread(target=close)
    with store._reading() as database:
        closer.start()
        while not store._closed:
            assert closer.is_alive()
        order.append("read")
        assert database.get(schema.meta_key("format")) == schema.FORMAT
    closer.join()
    assert order == ["read", "closed"]
