"""The comparisons need a Go that builds their program, and say so where there is none."""

from pathlib import Path

import pytest

from tests.interop.ecosystem import Ecosystem, Job, NoGo, NotBuilt, build


def go(folder: Path, script: str) -> None:
    """Put a Go that is this shell script first, and only, on the path."""
    program = folder / "go"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


BROKEN = {
    "none": ("", NoGo, "install Go 1.26"),
    "one too old": ("echo go.mod requires go 1.26 >&2; exit 1", NoGo, "install Go 1.26.*go.mod requires go 1.26"),
    "one that cannot fetch": (
        '[ "$1" = list ] || { echo no proxy >&2; exit 1; }',
        NotBuilt,
        "Go module proxy.*no proxy",
    ),
}


@pytest.mark.parametrize(("script", "error", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, error: type[Exception], words: str
) -> None:
    """Without a Go, with an old one, or without the libraries, the message says what is needed."""
    if script:
        go(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(error, match=f"(?s){words}"):
        build(tmp_path, tmp_path / "lock")


def test_a_mistake_in_a_job_is_no_refusal(ecosystem: Ecosystem) -> None:
    """A job that the program does not understand, or stumbles over, never counts as what a library refused."""
    stumbling = Job.of("check-inclusion", Leaf=b"short", Root=bytes(32), Index=0, Size=1, Proof=[])
    for verdict in ecosystem.judge([Job.of("no-such-op"), stumbling]):
        with pytest.raises(AssertionError, match="panic"):
            _ = verdict.refused
