"""What a witness keeps is believed only under both signatures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.core.errors import InvalidInput, Locked, StoreDamaged
from ledger.core.note import SigningKey, VKey
from ledger.core.split import verify_split
from ledger.core.witnessing import KnownLog, Refusal
from ledger.witness.state import MAX_SPLITS, State, origin_hash
from tests.core.test_note import one_bit_off
from tests.core.witnessed import LOG, STRANGER, asking, decided, knowing, leaves, root
from tests.core.world import secret
from tests.witness.served import VKEY

NEW = KnownLog(LOG.vkey(), LOG.name)
OTHER = KnownLog(SigningKey("another.example", secret("other")).vkey(), "a log of another name")


@pytest.fixture
def state(tmp_path: Path) -> State:
    """Return an empty state."""
    state = State(tmp_path / "state", VKEY)
    state.prepare()
    return state


def file_of(state: State, known: KnownLog = NEW) -> Path:
    """Return the file of a log."""
    return state.directory / "logs" / origin_hash(known.origin)


@pytest.mark.parametrize("size", [None, 0, 7])
def test_what_is_put_is_known(size: int | None, state: State) -> None:
    """A log and its latest tree come back as they were put, under its origin and under the hash of it."""
    known = knowing(size)
    assert state.add(NEW) == NEW
    state.put(known)
    assert state.known(LOG.name) == state.find(origin_hash(LOG.name)) == known


def test_logs_are_listed_by_origin(state: State) -> None:
    """Every log is listed, and what an interrupted write left behind is not one."""
    for known in (NEW, OTHER):
        state.add(known)
    file_of(state).with_name(f"{origin_hash(LOG.name)}.new").write_bytes(b"half")
    assert state.all() == [OTHER, NEW]


def test_a_log_nobody_told_of_is_not_known(state: State) -> None:
    """Neither an unknown origin nor what is no hash of one finds a log, or a file elsewhere."""
    state.add(NEW)
    assert state.known("another.example") is None
    name = origin_hash(LOG.name)
    for wrong in ("", "..", "../lock", name.upper(), name[:-1], f"{name}\n", f"{name}.new", f"./{name}"):
        assert state.find(wrong) is None


def test_a_log_is_added_once(state: State) -> None:
    """Adding it again changes nothing, also after cosignatures; another key for its origin is refused."""
    state.add(NEW)
    state.put(knowing(7))
    assert state.add(NEW) == knowing(7)
    with pytest.raises(InvalidInput, match="origin: known already, under another key"):
        state.add(KnownLog(STRANGER.vkey(), LOG.name))
    assert state.known(LOG.name) == knowing(7)


def test_no_truncation_and_no_changed_bit_is_believed(state: State) -> None:
    """A file that is cut short or has another bit anywhere is damage, and never another tree or none."""
    state.add(NEW)
    state.put(knowing(7))
    path = file_of(state)
    raw = path.read_bytes()
    for changed in [raw[:end] for end in range(len(raw))] + one_bit_off(raw):
        path.write_bytes(changed)
        with pytest.raises(StoreDamaged, match=str(path)):
            state.known(LOG.name)


def test_no_truncation_of_a_new_log_is_believed(state: State) -> None:
    """A file that was cut short never says that the log is new."""
    state.add(NEW)
    raw = file_of(state).read_bytes()
    for end in range(len(raw)):
        file_of(state).write_bytes(raw[:end])
        with pytest.raises(StoreDamaged):
            state.all()


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_line_too_many_is_damage(line: int, state: State) -> None:
    """Nothing stands between key, origin, blank line and checkpoint."""
    state.add(NEW)
    lines = file_of(state).read_bytes().split(b"\n")
    file_of(state).write_bytes(b"\n".join([*lines[:line], b"more", *lines[line:]]))
    with pytest.raises(StoreDamaged):
        state.known(LOG.name)


@pytest.mark.parametrize("text", [b"more", b" "])
def test_the_blank_line_is_blank(text: bytes, state: State) -> None:
    """What stands in the blank line's place is not passed over."""
    state.add(NEW)
    lines = file_of(state).read_bytes().split(b"\n")
    file_of(state).write_bytes(b"\n".join([*lines[:2], text, *lines[3:]]))
    with pytest.raises(StoreDamaged):
        state.known(LOG.name)


def test_a_file_of_another_log_or_witness_is_damage(state: State) -> None:
    """A file under another log's name is not believed, nor one that another witness cosigned."""
    state.add(NEW)
    state.put(knowing(7))
    file_of(state, OTHER).write_bytes(file_of(state).read_bytes())
    with pytest.raises(StoreDamaged, match="of another origin than its name says"):
        state.known(OTHER.origin)
    stranger = VKey.of("stranger.example", 4, STRANGER.secret.public.key)
    with pytest.raises(StoreDamaged, match="not cosigned by this witness"):
        State(state.directory, stranger).known(LOG.name)


def test_one_process_at_a_time_has_the_lock(state: State) -> None:
    """While it is held nobody else gets it; when its holder dies it is free."""
    code = f"""
import os, sys
from pathlib import Path
from ledger.witness.state import State
with State(Path({str(state.directory)!r}), None).lock():
    print("held", flush=True)
    sys.stdin.read()
    os._exit(9)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="another server has this state open"), state.lock():
            pass
        holder.communicate()
    with state.lock():
        pass


def split_at(size: int, fork: int) -> Refusal:
    """Return the refusal that shows two trees of ``size``."""
    refusal = decided(knowing(size), asking(size, leaves(size, fork)))
    assert isinstance(refusal, Refusal)
    return refusal


def test_evidence_convinces_whoever_has_the_file(state: State) -> None:
    """The file alone proves that the key signed two trees of one size with different roots."""
    split = split_at(7, 2).split
    assert split is not None
    path = state.keep_split(knowing(7), split)
    assert path is not None
    proven = verify_split(path.read_bytes())
    assert (proven.log, proven.origin) == (LOG.vkey(), LOG.name)
    assert [checkpoint.size for checkpoint in proven.checkpoints] == [7, 7]
    assert proven.hashes == (root(leaves(7)), root(leaves(7, 2)))


def test_evidence_is_kept_once_and_within_bounds(state: State) -> None:
    """The same two trees make one file, and a log that signs without end does not fill the disk."""
    kept = []
    for fork in [0, 0, *range(1, MAX_SPLITS + 4)]:
        split = split_at(30, fork).split
        assert split is not None
        kept.append(state.keep_split(knowing(30), split))
    assert [path is not None for path in kept] == [True, False, *[True] * (MAX_SPLITS - 1), *[False] * 4]
    assert len(list(state.evidence.iterdir())) == MAX_SPLITS


def test_the_state_is_its_owners_alone(state: State) -> None:
    """Nobody else may look into its directories."""
    with state.lock():
        assert (state.directory / "lock").stat().st_mode & 0o077 == 0
    for path in (state.directory, state.directory / "logs", state.evidence):
        assert path.stat().st_mode & 0o077 == 0
        assert os.access(path, os.W_OK)
