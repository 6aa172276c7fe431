"""A file is there whole or not at all, and nothing returns before it is on disk."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.host import files


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is done to the disk, as it is done."""
    done: list[str] = []

    def seen(owner: Any, name: str, told: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def call(*arguments: Any, **how: Any) -> Any:
            done.append(told(*arguments))
            return original(*arguments, **how)

        monkeypatch.setattr(owner, name, call)

    seen(os, "fsync", lambda file: f"sync {Path(f'/proc/self/fd/{file}').readlink().name}")
    seen(Path, "replace", lambda path, _: f"rename {path.name}")
    seen(Path, "hardlink_to", lambda path, _: f"link {path.name}")
    return done


def test_a_replaced_file_is_synced_before_and_after_its_renaming(steps: list[str], tmp_path: Path) -> None:
    """First the new bytes are on disk, then the name, then the directory."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    files.replace(path, b"new")
    assert steps == ["sync file.new", "rename file.new", f"sync {tmp_path.name}"]
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_created_file_is_synced_before_and_after_its_naming(steps: list[str], tmp_path: Path) -> None:
    """First the bytes are on disk, then the name, then the directory."""
    files.create(tmp_path / "file", b"new")
    assert steps == [f"sync file.{os.getpid()}", "link file", f"sync {tmp_path.name}"]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_a_file_that_is_there_is_not_created_over(tmp_path: Path) -> None:
    """What is there stays, and nothing is left beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        files.create(path, b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("step", [(os, "fsync"), (Path, "replace")], ids=["syncing", "renaming"])
def test_a_replacement_that_fails_leaves_the_old_file(
    step: tuple[Any, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk refuses the bytes or the name, the error is raised and the old file is read on."""

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    files.create(path, b"old")
    monkeypatch.setattr(*step, fail)
    with pytest.raises(OSError, match="No space left"):
        files.replace(path, b"new")
    assert path.read_bytes() == b"old"
