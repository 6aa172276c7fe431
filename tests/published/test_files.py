"""The vectors and the record's schema are exactly what is generated."""

import contextlib
import io
import json
from pathlib import Path

from vectors.__main__ import main
from vectors.generating import FOLDER, ROOT, SCHEMA, generate, stale, write

MAX_FILE = 150_000


def check(root: Path) -> tuple[int, list[str]]:
    """Return the exit code of ``--check`` and what it says, line by line."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(["--check"], root)
    return code, said.getvalue().splitlines()


def test_what_is_committed_is_what_is_generated() -> None:
    """No file below tests/vectors and no schema differs, is missing or is left over."""
    assert check(ROOT) == (0, [])


def test_what_is_written_passes_its_check(tmp_path: Path) -> None:
    """Writing into an empty directory gives every file, and the check finds nothing."""
    assert main([], tmp_path) == 0
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == generate().keys()
    assert check(tmp_path) == (0, [])


def test_each_run_gives_the_same_bytes() -> None:
    """Nothing generated depends on time, order of sets, or chance."""
    assert generate() == generate()


def test_stale_files_are_named(tmp_path: Path) -> None:
    """A changed, a missing and a left-over file are each named on a line, and the exit code is 1."""
    write(tmp_path)
    changed, missing, left_over = (tmp_path / FOLDER / f"{name}.json" for name in ("merkle", "notes", "old"))
    changed.write_bytes(changed.read_bytes() + b"\n")
    missing.unlink()
    left_over.write_text("{}")
    (tmp_path / SCHEMA).write_text("{}")
    names = [f"{FOLDER}/merkle.json", f"{FOLDER}/notes.json", SCHEMA, f"{FOLDER}/old.json"]
    assert stale(tmp_path) == names
    assert check(tmp_path) == (1, [f"{name} is stale: run .venv/bin/python -m vectors" for name in names])
    write(tmp_path)
    assert stale(tmp_path) == []
    assert not left_over.exists()


def test_other_files_beside_the_vectors_stay(tmp_path: Path) -> None:
    """Only JSON files belong to the generator."""
    beside = tmp_path / FOLDER / "test_something.py"
    beside.parent.mkdir(parents=True)
    beside.write_text("")
    write(tmp_path)
    assert stale(tmp_path) == []
    assert beside.exists()


def test_every_file_explains_itself() -> None:
    """Each begins with its description, has named cases and wrong inputs, and is small enough to read."""
    for name, text in generate().items():
        assert len(text.encode()) < MAX_FILE, name
        if name != SCHEMA:
            content = json.loads(text)
            assert next(iter(content)) == "description", name
            assert all(isinstance(sentence, str) and sentence for sentence in content["description"]), name
            refused = [member for member in content if member.startswith(("refused", "not_"))]
            assert refused, name
            assert all(case["name"] for member in refused for case in content[member]), name


def test_names_are_unique() -> None:
    """No two cases of one list bear one name."""
    for path, text in generate().items():
        for member, listed in json.loads(text).items():
            if isinstance(listed, list) and listed and isinstance(listed[0], dict) and "name" in listed[0]:
                names = [case["name"] for case in listed]
                assert len(set(names)) == len(names), f"{path}: {member}"
