"""After a crash or with an old copy, a log starts whole or does not sign."""

import json
import shutil
from pathlib import Path

import pytest

from ledger.core.errors import StoreBehind
from ledger.engine.fsck import check
from ledger.engine.recovery import recover
from tests.core.world import disclosure
from tests.engine.ledger import TIMEOUT, Ledger, rich


def test_a_write_torn_at_any_byte_leaves_the_old_head(tmp_path: Path) -> None:
    """However much of the last write reached the disk, the store opens whole: with all of it, or as it was before."""
    (tmp_path / "log").mkdir()
    ledger = rich(tmp_path / "log")
    ledger.reopen()  # what was written so far moves into a table; the journal is new
    old = ledger.world.size
    ledger.world.disclose("beta", *[disclosure() for _ in range(40)])
    ledger.follow()
    (journal,) = ledger.path.glob("*.log")
    ledger.stop()
    length = journal.stat().st_size
    cuts = [*range(0, 40, 7), *range(40, length, length // 15), length - 1, length]
    found = []
    for cut in cuts:
        copy = tmp_path / f"cut {cut}"
        shutil.copytree(ledger.path, copy)
        with (copy / journal.name).open("r+b") as file:
            file.truncate(cut)
        recovered = recover(copy, ledger.keys)
        found.append(recovered.tree.size)
        assert check(recovered.store).root == ledger.world.root(recovered.tree.size)
        recovered.store.close()
    assert found == [old] * (len(cuts) - 1) + [ledger.world.size]


def test_an_older_copy_does_not_sign(ledger: Ledger, tmp_path: Path) -> None:
    """Yesterday's copy of the store, put in its place, is refused before the writer starts."""
    ledger.stop()
    shutil.copytree(ledger.path, tmp_path / "yesterday")
    ledger.start()
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.stop()
    shutil.rmtree(ledger.path)
    (tmp_path / "yesterday").rename(ledger.path)
    with pytest.raises(StoreBehind, match=f"has {ledger.world.size - 1} entries but {ledger.world.size} were signed"):
        ledger.start()


def test_a_forked_copy_does_not_sign(ledger: Ledger, tmp_path: Path) -> None:
    """A store that went another way from an old copy is refused, though it is as large."""
    ledger.stop()
    shutil.copytree(ledger.directory, tmp_path / "fork", ignore=shutil.ignore_patterns("fork"))
    fork = Ledger(tmp_path / "fork", ledger.world, followed=ledger.followed)
    fork.start()
    ledger.start()
    other = ledger.world.submission("alpha", disclosure())
    ledger.world.disclose("alpha")
    assert fork.submit(other).result(TIMEOUT) == ledger.follow() - 1
    fork.stop()
    ledger.stop()
    shutil.rmtree(ledger.path)
    fork.path.rename(ledger.path)
    with pytest.raises(StoreBehind, match=f"the store's tree of {ledger.world.size} entries is not the one"):
        ledger.start()


def test_stopping_writes_the_mark(ledger: Ledger) -> None:
    """Within one second of the guard's clock the mark lags behind what is published; a stop brings it up."""
    ledger.seconds += 1
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.world.disclose("alpha")
    ledger.follow()
    ledger.stop()
    mark = json.loads(ledger.mark.read_bytes())
    assert (mark["size"], mark["root"]) == (ledger.world.size, ledger.world.root().hex())
    ledger.start()
