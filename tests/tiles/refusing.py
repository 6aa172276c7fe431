"""A mirror of 300 entries that is shown 700, and what a refusal leaves behind."""

from pathlib import Path

import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import Hash
from ledger.core.errors import LedgerError, VerificationFailed
from ledger.tiles.history import EVIDENCE, SEEN
from ledger.tiles.mirror import mirror
from tests.tiles.logs import LOG, files_in
from tests.tiles.sources import Memory

HELD, NEW = 300, 700
FILES = LOG.files(NEW)
NEEDED = sorted(path for path in FILES if path != "checkpoint" and path not in LOG.files(HELD))
"""What a mirror of 300 entries has to fetch."""
LAST = "tile/entries/002.p/188"
"""What it fetches last."""


def refused(source: Memory, folder: Path, error: type[LedgerError] = VerificationFailed) -> str:
    """Mirror ``source`` over a copy, which has to be refused and to leave what was published; return the words."""
    before = files_in(folder)
    with pytest.raises(error) as caught:
        mirror(source, folder, LOG.vkey)
    kept = files_in(folder)
    assert {path: kept[path] for path in before} == before
    honest = {**LOG.files(1000), **FILES}
    assert all(honest[path] == data for path, data in kept.items() if path not in (*before, SEEN))
    return str(caught.value)


def evidence(folder: Path) -> dict[str, tuple[int, Hash]]:
    """Return size and root of the checkpoints kept beside ``folder``, by which they are."""
    found = {}
    for path in sorted(folder.with_name(folder.name + EVIDENCE).glob("*.checkpoint")):
        checkpoint = open_checkpoint(path.read_bytes(), LOG.vkey).checkpoint
        found[path.name.split("-")[0]] = (checkpoint.size, checkpoint.root)
    return found
