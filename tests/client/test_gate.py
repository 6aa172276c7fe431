"""A release lets data out with a receipt in hand, once, and says in the log how that ended."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.client import Release, gated
from ledger.client.artifact import CHUNK
from ledger.client.recorder import Recorder
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, Refused, VerificationFailed
from ledger.core.receipt import verify_receipt
from ledger.core.record import Artifact
from ledger.core.record_input import Disclosure
from tests.client.gating import DATA, described, said, undescribed, written
from tests.client.lying import Lying, lying
from tests.client.recording import opened_world, recording

GIVEN: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda _: DATA,
    "a file": lambda directory: written(directory),
    "a digest": lambda _: Artifact(sha256(DATA).hex(), len(DATA), "text/plain"),
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
async def test_the_gate_opens_with_a_receipt_and_its_end_is_logged(tmp_path: Path, given: Any) -> None:
    """In the block the DISCLOSURE is in the log and proven; after it DELIVERED is."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        async with recorder.release(described(), given(tmp_path / "files")) as release:
            assert said(ledger.world) == ["DISCLOSURE"]
            proof = verify_receipt(release.receipt.data, ledger.world.vkey)
            assert (proof.index, proof.statement) == (release.receipt.index, release.proof.statement)
            assert [note.target for note in recorder.unresolved] == [release.receipt.target]
            assert release.delivery is None
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]
        assert release.delivery is not None
        assert verify_receipt(release.delivery.data, ledger.world.vkey).index == release.delivery.index
        assert (release.unresolved, recorder.unresolved) == ("", [])


class _Failed(BaseException):
    """What no handler expects."""


@pytest.mark.parametrize(
    "error", [ValueError("no"), asyncio.CancelledError(), _Failed()], ids=lambda e: type(e).__name__
)
async def test_an_exception_of_any_kind_is_logged_as_aborted(tmp_path: Path, error: BaseException) -> None:
    """It goes on to the caller as it is, once ABORTED is in the log."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        with pytest.raises(type(error)) as raised:
            async with recorder.release(described(), DATA):
                raise error
        assert raised.value is error
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


async def test_a_cancelled_block_is_logged_as_aborted(tmp_path: Path) -> None:
    """A task that is cancelled while it hands over still says what became of it."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        inside = asyncio.Event()

        async def hand_over() -> None:
            async with recorder.release(described(), DATA):
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hand_over())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


async def test_a_release_is_used_once(tmp_path: Path) -> None:
    """Neither in its block nor after it is it entered again, and one that stayed shut is used up too."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        release = recorder.release(described(), DATA)
        with pytest.raises(Refused, match=r"^release: has no receipt"):
            _ = release.receipt
        with pytest.raises(Refused, match=r"^release: has no receipt"):
            _ = release.proof
        with pytest.raises(Refused, match=r"^release: has no receipt"):
            _ = release.content
        async with release:
            with pytest.raises(Refused, match=r"^release: used already"):
                await release.__aenter__()
        with pytest.raises(Refused, match=r"^release: used already"):
            await release.__aenter__()
        wrong = recorder.release(described(), b"something else")
        with pytest.raises(InvalidInput):
            await wrong.__aenter__()
        with pytest.raises(Refused, match=r"^release: used already"):
            await wrong.__aenter__()
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


def _unreadable(directory: Path) -> Path:
    path = written(directory)
    path.unlink()
    return path


def _folder(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _pipe(directory: Path) -> Path:
    path = _folder(directory) / "pipe"
    os.mkfifo(path)
    return path


WRONG: dict[str, tuple[Any, Disclosure, str]] = {
    "other bytes": (lambda _: DATA[::-1], described(), "artifact.sha256: not the one of what is to be let out"),
    "another file": (lambda folder: written(folder, b"else"), described(), "artifact.sha256: not the one of"),
    "another size": (
        lambda _: Artifact(sha256(DATA).hex(), 7, "text/plain"),
        described(),
        "artifact.bytes: not the size of what is to be let out",
    ),
    "a record without an artifact": (
        lambda _: DATA,
        undescribed(),
        "artifact: required for a release",
    ),
    "a record of no handover": (
        lambda _: DATA,
        described(outcome="WITHDRAWN"),
        "outcome: must be one of FULL, PARTIAL",
    ),
    "a missing file": (_unreadable, described(), "artifact: cannot be read: No such file or directory"),
    "a directory": (_folder, described(), "artifact: cannot be read: Is a directory"),
    "a pipe that nobody writes to": (_pipe, described(), "artifact: must be a regular file: it is read twice"),
    "a device": (lambda _: Path(os.devnull), described(), "artifact: must be a regular file: it is read twice"),
}


@pytest.mark.parametrize(("given", "disclosed", "words"), WRONG.values(), ids=WRONG)
async def test_what_the_record_does_not_describe_is_not_recorded(
    tmp_path: Path, given: Any, disclosed: Disclosure, words: str
) -> None:
    """The record's artifact is the one that is let out, or nothing is sent and the error says why."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        with pytest.raises(InvalidInput) as raised:
            async with recorder.release(disclosed, given(tmp_path / "files")):
                raise AssertionError
        assert str(raised.value).startswith(words)
        assert ledger.received == []


@pytest.mark.parametrize("data", [DATA, b"", os.urandom(3 * CHUNK + 1), os.urandom(2 * CHUNK)], ids=len)
@pytest.mark.parametrize("as_file", [True, False], ids=["a file", "bytes"])
async def test_what_is_read_is_what_was_hashed(tmp_path: Path, data: bytes, as_file: bool) -> None:
    """Reader and chunks give the artifact, whole, as often as they are asked."""
    given: Any = written(tmp_path / "files", data) if as_file else data
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        async with recorder.release(described(data), given) as release:
            with release.open() as file:
                assert file.read() == data
            assert b"".join([piece async for piece in release.chunks()]) == data
            with release.open() as file:
                assert b"".join(iter(lambda: file.read(1000), b"")) == data
        with pytest.raises(Refused, match=r"^release: the gate is not open$"):
            release.open()


READS: dict[str, Callable[[Any], object]] = {
    "read": lambda file: file.read(),
    "read some": lambda file: file.read(1),
    "read1": lambda file: file.read1(1),
    "readinto": lambda file: file.readinto(bytearray(1)),
    "readline": lambda file: file.readline(),
    "iteration": lambda file: next(iter(file)),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("as_file", [True, False], ids=["a file", "bytes"])
async def test_a_reader_gives_nothing_once_the_block_has_ended(tmp_path: Path, read: Any, as_file: bool) -> None:
    """However it is asked, and although the bytes may have been in memory by then."""
    data = b"a line\n" * 50
    given: Any = written(tmp_path / "files", data) if as_file else data
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        async with recorder.release(described(data), given) as release:
            file, pieces = release.open(), release.chunks()
            assert file.readable()
            assert (file.read(7), await anext(pieces)) == (data[:7], data)
            assert read(file)
        with pytest.raises(Refused, match=r"^release: the gate is not open$"):
            read(file)
        with pytest.raises(Refused, match=r"^release: the gate is not open$"):
            await anext(pieces)
        file.close()
        assert file.closed


class _Ending:
    """A reader during which the block ends."""

    def __init__(self, release: Any) -> None:
        self._release = release

    def read(self, size: int) -> bytes:
        """Read, and end the block."""
        self._release._open = False
        return DATA[:size]


async def test_what_was_being_read_when_the_block_ended_is_not_given_out(tmp_path: Path) -> None:
    """A thread that reads on behind a block that was cancelled gets an error for what it has read."""
    async with (
        lying(opened_world()) as ledger,
        recording(ledger, tmp_path / "state") as recorder,
        recorder.release(described(), DATA) as release,
    ):
        file: Any = release.open()
        file._file = _Ending(release)
        with pytest.raises(Refused, match=r"^release: the gate is not open$"):
            file.read(5)


BIG = bytes(3 * CHUNK)
CHANGES: dict[str, Callable[[Path], object]] = {
    "its last byte": lambda path: path.write_bytes(BIG[:-1] + b"x"),
    "its first byte": lambda path: path.write_bytes(b"x" + BIG[1:]),
    "shorter": lambda path: path.write_bytes(BIG[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "longer": lambda path: path.write_bytes(BIG + b"x"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_file_that_changed_does_not_leave_whole(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Reading raises before the last bytes are given, and the end is ABORTED."""
    path, sent = written(tmp_path / "files", BIG), b""

    async def hand_over(release: Release) -> None:
        nonlocal sent
        async with release:
            change(path)
            async for piece in release.chunks():
                sent += piece

    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        release = recorder.release(described(BIG), path)
        with pytest.raises(VerificationFailed, match=r"^artifact: not what was hashed"):
            await hand_over(release)
        assert len(sent) < len(BIG)
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


async def test_an_empty_file_that_grew_does_not_leave(tmp_path: Path) -> None:
    """Nothing was recorded, so nothing may be read."""
    path = written(tmp_path / "files", b"")
    async with (
        lying(opened_world()) as ledger,
        recording(ledger, tmp_path / "state") as recorder,
        recorder.release(described(b""), path) as release,
    ):
        path.write_bytes(DATA)
        with release.open() as file:
            for _ in range(2 * len(DATA)):  # asked again, it does not end well
                with pytest.raises(VerificationFailed, match=r"^artifact: not what was hashed"):
                    file.read(1)


async def test_what_is_known_by_its_digest_is_read_elsewhere(tmp_path: Path) -> None:
    """The gate opens no artifact that it was not given."""
    async with (
        lying(opened_world()) as ledger,
        recording(ledger, tmp_path / "state") as recorder,
        recorder.release(described(), GIVEN["a digest"](tmp_path)) as release,
    ):
        with pytest.raises(Refused, match=r"^artifact: only its digest was given"):
            release.open()


async def test_a_decorated_function_runs_inside_a_release(tmp_path: Path) -> None:
    """It gets the release and its own arguments; its result is the caller's, and its exception makes ABORTED."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:

        @gated(lambda: recorder, lambda data, *, fails: (described(data), data))
        async def hand_over(release: Release, data: bytes, *, fails: bool) -> int:
            """Hand over."""
            assert said(ledger.world)[-1] == "DISCLOSURE"
            if fails:
                raise ValueError
            return len(release.open().read())

        assert await hand_over(DATA, fails=False) == len(DATA)
        with pytest.raises(ValueError, match=r"^$"):
            await hand_over(DATA, fails=True)
        assert (hand_over.__name__, hand_over.__doc__) == ("hand_over", "Hand over.")
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0", "DISCLOSURE", "ABORTED 2"]


async def _one(recorder: Recorder, number: int) -> int:
    data = b"artifact %d" % number
    async with recorder.release(described(data), data) as release:
        assert release.open().read() == data
    assert release.delivery is not None
    return release.receipt.sequence


async def test_many_releases_at_once_share_batches(tmp_path: Path) -> None:
    """Each has its own receipt and end, and none waits for a batch of its own."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as recorder:
        sequences = await asyncio.gather(*(_one(recorder, number) for number in range(20)))
        assert recorder.unresolved == []
    _all_delivered(ledger, sequences)
    assert len(ledger.received) < 10


def _all_delivered(ledger: Lying, sequences: list[int]) -> None:
    assert sorted(word for word in said(ledger.world) if word != "DISCLOSURE") == sorted(
        f"DELIVERED {sequence}" for sequence in sequences
    )


async def test_a_delivery_by_hand_ends_the_release(tmp_path: Path) -> None:
    """The gate then has nothing more to say, warns, and the next opening does not try again."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            with pytest.warns(match=r"has a DELIVERY"):
                async with recorder.release(described(), DATA) as release:
                    await recorder.deliver(release.receipt.target)
            assert recorder.unresolved == []
        async with recording(ledger, tmp_path / "state") as recorder:
            assert recorder.settled == []
    assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]
