"""A log that Tessera keeps in a folder is mirrored by ours as it grows."""

from pathlib import Path

import pytest

from ledger.core.encoding import encode_base64
from ledger.core.errors import VerificationFailed
from ledger.core.merkle import merkle_root
from ledger.tiles.mirror import mirror
from ledger.tiles.source import FolderSource
from tests.cli.commands import site
from tests.interop.ecosystem import Ecosystem
from tests.interop.material import key
from tests.tiles.logs import files_in

TESSERA = key("tessera.example/log")
VKEY = TESSERA.vkey()


def entries(begin: int, end: int) -> list[bytes]:
    """Return entries of a log; every eleventh is long, and the first of all is empty."""
    return [b"%d" % index * ((index % 11 and 1) or index) for index in range(begin, end)]


@pytest.mark.parametrize("sizes", [(1, 2, 3), (255, 256, 257), (100, 700, 1500)])
def test_a_growing_log_is_mirrored(ecosystem: Ecosystem, sizes: tuple[int, ...], tmp_path: Path) -> None:
    """The mirror takes over each growth: root, entries and tiles are those of Tessera."""
    begin = 0
    for end in sizes:
        note = ecosystem.tessera(tmp_path / "log", TESSERA, entries(begin, end))
        found = mirror(FolderSource(tmp_path / "log"), tmp_path / "copy", VKEY)
        assert (found.before, found.signed.checkpoint.size) == (begin, end)
        assert found.signed.checkpoint.root == merkle_root(entries(0, end))
        assert (tmp_path / "copy/checkpoint").read_bytes() == note
        begin = end
    theirs = files_in(tmp_path / "log")
    copied = files_in(tmp_path / "copy")
    assert copied.keys() >= {"checkpoint", "tile/0/000" if begin >= 256 else f"tile/0/000.p/{begin}"}
    assert {path: theirs[path] for path in copied} == copied


def test_a_copy_is_a_log_to_both(ecosystem: Ecosystem, tmp_path: Path) -> None:
    """What the command copied from Tessera's folder, Tessera and torchwood read as the same log."""
    ecosystem.tessera(tmp_path, TESSERA, entries(0, 600))
    with site() as here:
        options = ("--log", VKEY.format(), "--json")
        (facts,) = here.call("ledger", "mirror", tmp_path, "copy", *options).objects
        copy = str(here.path("copy"))
        verdict = ecosystem.ask("read-tiles", VKey=VKEY.format(), Origin=VKEY.name, Folder=copy)
    assert (facts["tree_size"], facts["new_entries"]) == (600, 600)
    assert facts["root"] == encode_base64(verdict.raw("root")) == encode_base64(merkle_root(entries(0, 600)))
    assert verdict.each("entries") == entries(0, 600)


def test_another_history_is_refused(ecosystem: Ecosystem, tmp_path: Path) -> None:
    """A second log under the same key, larger and otherwise valid, is not taken for the first one's growth."""
    ecosystem.tessera(tmp_path / "one", TESSERA, entries(0, 300))
    ecosystem.tessera(tmp_path / "two", TESSERA, [b"other", *entries(1, 400)])
    mirror(FolderSource(tmp_path / "one"), tmp_path / "copy", VKEY)
    before = files_in(tmp_path / "copy")
    with pytest.raises(VerificationFailed, match="the log has two histories"):
        mirror(FolderSource(tmp_path / "two"), tmp_path / "copy", VKEY)
    assert files_in(tmp_path / "copy") == before
