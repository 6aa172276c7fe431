"""The high-water mark says what was signed, and no store behind it passes."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.core.encoding import Hash, sha256
from ledger.core.errors import StoreBehind, StoreDamaged, Unavailable
from ledger.engine.guard import INTERVAL, HighWater
from tests.engine.ledger import TIMEOUT, Ledger

LOG_ID = sha256(b"log")


class Clock:
    """Seconds that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def root_at(size: int) -> Hash:
    """Return a root for each size."""
    return sha256(b"root %d" % size)


def written(path: Path) -> int:
    """Return the size that the file holds."""
    size = json.loads(path.read_text())["size"]
    assert isinstance(size, int)
    return size


def marked(path: Path, size: int = 5) -> HighWater:
    """Return the guard of a log whose mark is ``size``."""
    guard = HighWater(path, LOG_ID, Clock())
    guard.note(size, root_at(size))
    return guard


def test_a_store_at_or_past_the_mark_passes(tmp_path: Path) -> None:
    """A store of the marked size or larger, with the marked root, may sign; another process reads the same mark."""
    path = tmp_path / "mark"
    marked(path)
    for size in (5, 6, 2**40):
        HighWater(path, LOG_ID).check(size, root_at)


def test_it_writes_at_once_and_then_once_a_second(tmp_path: Path) -> None:
    """The first mark is written at once, later ones when a second has passed since the last write."""
    path, clock = tmp_path / "mark", Clock()
    guard = HighWater(path, LOG_ID, clock)
    sizes = []
    for size in range(1, 9):
        guard.note(size, root_at(size))
        sizes.append(written(path))
        clock.now += INTERVAL / 4
    assert sizes == [1, 1, 1, 1, 5, 5, 5, 5]


def test_flush_writes_what_was_noted(tmp_path: Path) -> None:
    """A flush writes the latest mark at any time, and nothing when there is none."""
    path = tmp_path / "mark"
    guard = HighWater(path, LOG_ID, Clock())
    guard.flush()
    assert not path.exists()
    for size in (1, 2, 3):
        guard.note(size, root_at(size))
    guard.flush()
    assert written(path) == 3
    path.unlink()
    guard.flush()
    assert not path.exists()


def test_a_mark_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new mark is on disk before it takes the old one's name, and the name is made durable after that."""
    path = tmp_path / "mark"
    order: list[tuple[str, str]] = []
    guard = marked(path)
    sync, rename = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        order.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        order.append(("rename", self.name))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    guard.note(6, root_at(6))
    guard.flush()
    assert order == [("sync", "mark.new"), ("rename", "mark.new"), ("sync", tmp_path.name)]
    assert [item.name for item in tmp_path.iterdir()] == ["mark"]


def test_a_write_that_fails_leaves_the_old_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the new file cannot be made durable the old mark stands, and a later flush writes the new one."""
    path = tmp_path / "mark"
    guard = marked(path)
    guard.note(6, root_at(6))

    def fails(_: int) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="no space"):
            guard.flush()
    assert written(path) == 5
    guard.flush()
    assert written(path) == 6


def test_an_older_store_is_behind(tmp_path: Path) -> None:
    """A store smaller than the mark is an old copy."""
    guard = marked(tmp_path / "mark")
    with pytest.raises(StoreBehind, match="the store has 4 entries but 5 were signed: it is an old copy"):
        guard.check(4, root_at)


def test_another_history_is_behind(tmp_path: Path) -> None:
    """A store as large as the mark, or larger, whose tree at the mark is another is not the one that signed."""
    guard = marked(tmp_path / "mark")
    for size in (5, 9):
        with pytest.raises(StoreBehind, match="the store's tree of 5 entries is not the one that was signed"):
            guard.check(size, lambda size: root_at(size + 1))


def test_a_missing_mark_is_behind(tmp_path: Path) -> None:
    """Without the file nobody could see a rollback."""
    with pytest.raises(StoreBehind, match="mark: missing, so a rollback could not be seen"):
        HighWater(tmp_path / "mark", LOG_ID).check(5, root_at)


def replaced(**values: object) -> Callable[[dict[str, Any]], bytes]:
    """Return what writes a mark with other ``values``."""
    return lambda mark: json.dumps({**mark, **values}).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: b"", id="nothing"),
        pytest.param(lambda _: b"\xff\xfe", id="not text"),
        pytest.param(lambda _: b"{", id="not JSON"),
        pytest.param(lambda _: b"[]", id="no object"),
        pytest.param(lambda _: b"null", id="null"),
        pytest.param(lambda mark: json.dumps(mark)[:-2].encode(), id="cut"),
        *(
            pytest.param(lambda mark, name=name: json.dumps({**mark, name: None}).encode(), id=f"{name} null")
            for name in ("log_id", "size", "root")
        ),
        pytest.param(lambda mark: json.dumps({"size": mark["size"]}).encode(), id="fields missing"),
        pytest.param(replaced(log_id=sha256(b"other").hex()), id="another log's"),
        pytest.param(replaced(size=0), id="size 0"),
        pytest.param(replaced(size=-5), id="a negative size"),
        pytest.param(replaced(size=5.0), id="a size that is no whole number"),
        pytest.param(replaced(size="5"), id="a size in quotes"),
        pytest.param(replaced(size=True), id="a size that is true"),
        pytest.param(replaced(root=root_at(5).hex()[:-2]), id="a root a byte short"),
        pytest.param(replaced(root=root_at(5).hex().upper()), id="a root in capitals"),
        pytest.param(replaced(root=5), id="a root that is a number"),
    ],
)
def test_a_malformed_mark_is_damaged(tmp_path: Path, spoil: Callable[[dict[str, Any]], bytes]) -> None:
    """A mark that is not whole, or another log's, is never taken for one."""
    path = tmp_path / "mark"
    guard = marked(path)
    path.write_bytes(spoil(json.loads(path.read_text())))
    with pytest.raises(StoreDamaged, match="mark: malformed"):
        guard.check(5, root_at)


def test_a_mark_that_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    """What is there and cannot be read is told as such, with the reason."""
    (tmp_path / "mark").mkdir()
    with pytest.raises(StoreDamaged, match="mark: cannot be read"):
        HighWater(tmp_path / "mark", LOG_ID).check(5, root_at)


def test_an_idle_writer_writes_the_mark(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was published within the second is marked once the writer has nothing to do, without another entry."""
    written = threading.Event()
    flush = ledger.guard.flush

    def watched() -> None:
        flush()
        written.set()

    monkeypatch.setattr(ledger.guard, "flush", watched)
    ledger.world.disclose("alpha")
    ledger.follow()
    assert written.wait(TIMEOUT)
    assert json.loads(ledger.mark.read_text())["size"] == ledger.sequencer.view.size


def test_a_mark_that_cannot_be_written_halts(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle writer whose mark cannot be written signs nothing more, and says so."""
    ledger.world.disclose("alpha")
    tried = threading.Event()

    def full() -> None:
        tried.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger.guard, "flush", full)
    ledger.follow()
    assert tried.wait(TIMEOUT)
    ledger.world.disclose("alpha")
    with pytest.raises(Unavailable, match="halted: a write failed"):
        ledger.follow()
