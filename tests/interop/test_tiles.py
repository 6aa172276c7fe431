"""A folder that ours wrote is a tlog-tiles log to Tessera, which checks all of it, and to torchwood, which reads it."""

from pathlib import Path

import pytest

from ledger.core.tlogtiles import ENTRIES, MAX_NUMBER, WIDTH, Leaves, Tile
from ledger.tiles.folder import open_writer
from tests.core.world import World, disclosure, mixed
from tests.interop.ecosystem import Ecosystem, Verdict
from tests.tiles.logs import LOG, Log
from tests.tiles.serving import served

SIZES = {
    "one entry": [1],
    "one short of a tile": [255],
    "a tile": [256],
    "a tile and one": [256, 257],
    "many growths": [1, 2, 100, 255, 300, 512, 700],
    "three levels": [70_000],
    "three levels in growths": [65_535, 65_536, 65_537],
}


def read(ecosystem: Ecosystem, log: Log, **place: str) -> Verdict:
    """Have both read a log."""
    return ecosystem.ask("read-tiles", VKey=log.vkey.format(), Origin=log.origin, **place)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_folders_are_read_by_both(ecosystem: Ecosystem, sizes: list[int], tmp_path: Path) -> None:
    """Tessera finds tiles, entries and checkpoint in agreement, and torchwood gets every entry under proof."""
    verdict = read(ecosystem, LOG, Folder=str(LOG.write(tmp_path / "log", *sizes)))
    assert verdict["size"] == sizes[-1]
    assert verdict.each("entries") == LOG.entries(0, sizes[-1])


@pytest.mark.parametrize("sizes", [[1], [100, 700]])
def test_served_folders_are_read_by_both(ecosystem: Ecosystem, sizes: list[int], tmp_path: Path) -> None:
    """Both read the same log over HTTP from our server, bundles compressed and all."""
    with served(LOG.write(tmp_path / "log", *sizes)) as port:
        verdict = read(ecosystem, LOG, URL=f"http://127.0.0.1:{port}")
    assert verdict.each("entries") == LOG.entries(0, sizes[-1])


def test_a_ledger_is_read_by_both(ecosystem: Ecosystem, tmp_path: Path) -> None:
    """The statements of a ledger, its sealed ones included, arrive in Go as the bytes that were signed."""
    world: World = mixed()
    grown = world.size
    world.disclose("beta", *[disclosure() for _ in range(300)])
    with open_writer(tmp_path, world.vkey) as writer:
        for begin, end in ((0, grown), (grown, world.size)):
            writer.append(Leaves.of(world.leaves[begin:end]))
            writer.publish(world.checkpoint(end))
    verdict = ecosystem.ask("read-tiles", VKey=world.vkey.format(), Origin=world.log.name, Folder=str(tmp_path))
    assert (verdict["size"], verdict.raw("root")) == (world.size, world.root())
    assert verdict.each("entries") == world.leaves


def test_every_changed_file_is_refused(ecosystem: Ecosystem, tmp_path: Path) -> None:
    """One flipped bit in any file of a log, and Go refuses it."""
    size = 300
    for path, data in LOG.files(size).items():
        folder = LOG.write(tmp_path / path.replace("/", "-"), size)
        (folder / path).write_bytes(bytes([data[0] ^ 1]) + data[1:])
        assert read(ecosystem, LOG, Folder=str(folder)).refused, path


@pytest.mark.parametrize("level", [ENTRIES, 0, 1, 7])
@pytest.mark.parametrize("number", [0, 1, 999, 1000, 1_234_067, 10**9, MAX_NUMBER])
@pytest.mark.parametrize("width", [1, 9, 255, WIDTH])
def test_paths_are_the_same(ecosystem: Ecosystem, level: int, number: int, width: int) -> None:
    """The path of a tile is read as that tile by torchwood, which writes it as it was, and so does Tessera."""
    path = Tile(level, number, width).path
    verdict = ecosystem.ask("read-tile-path", Path=path)
    assert (verdict["level"], verdict["number"], verdict["width"]) == (level, number, width)
    assert verdict["torchwood"] == verdict["tessera"] == path
