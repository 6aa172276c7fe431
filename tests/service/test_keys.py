"""The server's keys: one file each that only its owner may read, and every file that does not fit told by name."""

from pathlib import Path

import pytest

from ledger.core.errors import ConfigInvalid
from ledger.core.signing import SecretKey
from ledger.service import keys

FILES = ("checkpoint.key", "ledger.key", "queue.key", "vrf.key")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with fresh keys in it."""
    keys.save(tmp_path / "keys", keys.generate("log.example"))
    return tmp_path / "keys"


def problems(directory: Path) -> list[str]:
    """Return what is told of the keys in ``directory``."""
    with pytest.raises(ConfigInvalid) as caught:
        keys.load(directory)
    return caught.value.problems


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """Saved keys come back as they were, each its own."""
    made = keys.generate("log.example")
    keys.save(tmp_path / "keys", made)
    assert keys.load(tmp_path / "keys") == made
    seeds = {made.writer.checkpoint.secret.seed, made.writer.chain.seed, made.writer.queue, made.vrf}
    assert len(seeds) == 4
    assert made.writer.checkpoint.name == "log.example"
    assert made.vrf_public == SecretKey.from_seed(made.vrf).public


def test_only_the_owner_reads_them(directory: Path) -> None:
    """The directory is the owner's alone, and so is each of the four files."""
    assert directory.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in directory.iterdir()) == sorted(FILES)
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_keys_are_never_overwritten(directory: Path) -> None:
    """A directory that is there already is left as it is, and so is a file."""
    before = {path: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(FileExistsError):
        keys.save(directory, keys.generate("log.example"))
    with pytest.raises(FileExistsError):
        keys.write_secret(directory / "ledger.key", "00")
    assert {path: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
@pytest.mark.parametrize("name", FILES)
def test_a_key_that_others_may_touch_is_refused(directory: Path, name: str, mode: int) -> None:
    """Any right of group or others on a key keeps the server down, with the command that mends it."""
    (directory / name).chmod(mode)
    assert problems(directory) == [f"{directory / name}: readable by others; chmod 600 it"]


def test_every_missing_or_open_file_is_told_at_once(directory: Path) -> None:
    """All files that do not fit are named together."""
    (directory / "ledger.key").unlink()
    (directory / "vrf.key").chmod(0o644)
    found = [problem.removeprefix(f"{directory}/") for problem in problems(directory)]
    assert found == ["ledger.key: No such file or directory", "vrf.key: readable by others; chmod 600 it"]


@pytest.mark.parametrize(
    "content", [b"", b"not hex", b"AB" * 32, b"ab" * 31, b"ab" * 33, b"\xff\xfe", b"ab" * 32 + b" 0"]
)
@pytest.mark.parametrize("name", FILES)
def test_a_malformed_key_is_told_by_its_file(directory: Path, name: str, content: bytes) -> None:
    """A key that is not of its form is told by the name of its file, and nothing of its content is."""
    (directory / name).write_bytes(content)
    (problem,) = problems(directory)
    assert problem.startswith(f"{directory / name}: ")
    assert len(content) < 4 or content.decode("latin-1") not in problem


def test_every_malformed_file_is_told_at_once(directory: Path) -> None:
    """Four malformed keys are four problems."""
    for name in FILES:
        (directory / name).write_text("nothing\n")
    assert sorted(problem.partition(": ")[0] for problem in problems(directory)) == [
        str(directory / name) for name in FILES
    ]
