"""Whatever file of a stopped ledger is damaged, the server says which, and starts once it is put right."""

import json
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from ledger.core.errors import ConfigInvalid, LedgerError, StoreBehind, StoreDamaged
from ledger.engine.fsck import check
from ledger.engine.store import Store
from ledger.service.server import serving as bound_of
from tests.faults.damage_log import Whole, whole
from tests.served import Served

Damage = Callable[[Path], None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def held() -> AsyncIterator[Whole]:
    """Fill a log and stop it; its last batches lie in LevelDB's journal, those before in a table."""
    async with whole() as filled:
        yield filled


def gone(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def empty(path: Path) -> None:
    """Leave nothing in it."""
    path.write_bytes(b"")


def half(path: Path) -> None:
    """Cut it in the middle."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def bit(path: Path) -> None:
    """Change a bit in its middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def digit(path: Path) -> None:
    """Change a hex digit, or a letter of base64, in its middle."""
    text = path.read_text()
    middle = len(text) // 2
    path.write_text(text[:middle] + ("1" if text[middle] != "1" else "2") + text[middle + 1 :])


def noise(path: Path) -> None:
    """Overwrite it with what is no text."""
    path.write_bytes(b"\xff\x00\xfe" * 50)


def folder(path: Path) -> None:
    """Put a directory in its place."""
    path.unlink()
    path.mkdir()


def mark(**changes: object) -> Damage:
    """Return what changes fields of the high-water mark."""

    def change(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    change.__name__ = f"{', '.join(changes)} changed"
    return change


RESTORE: Final = "LevelDB cannot open it; restore it from a backup"
DISK: Final = "see to disk and permissions, then start again"
STORE: Final[list[tuple[str, Damage, type[LedgerError], str]]] = [
    ("store/CURRENT", gone, StoreDamaged, RESTORE),
    ("store/CURRENT", empty, StoreDamaged, RESTORE),
    ("store/CURRENT", noise, StoreDamaged, RESTORE),
    ("store/MANIFEST-*", gone, StoreDamaged, RESTORE),
    ("store/MANIFEST-*", empty, StoreDamaged, RESTORE),
    ("store/MANIFEST-*", half, StoreDamaged, RESTORE),
    ("store/MANIFEST-*", bit, StoreDamaged, RESTORE),
    ("store/MANIFEST-*", folder, StoreDamaged, rf"cannot open it \(Is a directory\); {DISK}"),
    ("store/*.ldb", gone, StoreDamaged, RESTORE),
    ("store/*.ldb", empty, StoreDamaged, "LevelDB reports damaged files; run ledgerctl fsck"),
    ("store/*.ldb", half, StoreDamaged, "LevelDB reports damaged files; run ledgerctl fsck"),
    ("store/*.ldb", folder, StoreDamaged, r"read or write its files \(.+\); see to the disk, then restart"),
    ("store/*.log", gone, StoreBehind, "it is an old copy. Put the newer store back"),
    ("store/*.log", empty, StoreBehind, "it is an old copy. Put the newer store back"),
    ("store/*.log", half, StoreBehind, "it is an old copy. Put the newer store back"),
    ("store/*.log", bit, StoreDamaged, RESTORE),
    ("store/LOCK", folder, StoreDamaged, rf"cannot open it \(Is a directory\); {DISK}"),
]
MARK: Final[list[tuple[str, Damage, type[LedgerError], str]]] = [
    ("high-water.json", gone, StoreBehind, "missing, so a rollback could not be seen. Put it back"),
    ("high-water.json", empty, StoreDamaged, "high-water.json: malformed"),
    ("high-water.json", half, StoreDamaged, "high-water.json: malformed"),
    ("high-water.json", noise, StoreDamaged, "high-water.json: malformed"),
    ("high-water.json", folder, StoreDamaged, "high-water.json: cannot be read"),
    ("high-water.json", mark(size=0), StoreDamaged, "high-water.json: malformed, or another log's"),
    ("high-water.json", mark(size=True), StoreDamaged, "high-water.json: malformed, or another log's"),
    ("high-water.json", mark(log_id="00" * 32), StoreDamaged, "high-water.json: malformed, or another log's"),
    ("high-water.json", mark(size=265), StoreBehind, "has 264 entries but 265 were signed"),
    ("high-water.json", mark(root="00" * 32), StoreBehind, "is not the one that was signed. Put the right store back"),
]
CERTIFICATES: Final = {"server.crt": "server_certificate", "server.key": "server_key", "ca.crt": "client_authority"}
SETTINGS: Final[list[tuple[str, Damage, type[LedgerError], str]]] = [
    ("ledger.toml", gone, ConfigInvalid, "ledger.toml: missing"),
    ("ledger.toml", noise, ConfigInvalid, "ledger.toml: not TOML"),
    ("keys/checkpoint.key", half, ConfigInvalid, "keys/checkpoint.key: "),
    ("keys/checkpoint.key", gone, ConfigInvalid, "keys/checkpoint.key: No such file"),
    ("keys/ledger.key", empty, ConfigInvalid, "keys/ledger.key: "),
    ("keys/queue.key", noise, ConfigInvalid, "keys/queue.key: not text"),
    ("keys/vrf.key", folder, ConfigInvalid, "keys/vrf.key: "),
    ("keys/checkpoint.key", digit, LedgerError, "checkpoint"),
    ("keys/ledger.key", digit, StoreDamaged, "source row: the ledger's keys are not the key given"),
    ("keys/queue.key", digit, StoreDamaged, "lookup queue: the queue key does not open it"),
    *(
        (f"certs/{name}", damage, ConfigInvalid, f"{setting}: the file is missing")
        for name, setting in CERTIFICATES.items()
        for damage in (gone, folder)
    ),
]


async def started(served: Served) -> None:
    """Start the server, and stop it if that went well."""
    await served.start()
    await served.stop()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("file", "damage", "error", "message"),
    STORE + MARK + SETTINGS,
    ids=[f"{file}: {damage.__name__}" for file, damage, *_ in STORE + MARK + SETTINGS],
)
async def test_a_damaged_file_keeps_the_server_down_until_it_is_put_right(
    held: Whole, file: str, damage: Damage, error: type[LedgerError], message: str
) -> None:
    """It does not start, says which file and what to do, twice the same, and with the file restored all is there."""
    directory = held.served.directory.with_name("copy")
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(held.served.directory, directory)
    served = replace(held.served, directory=directory)
    for path in sorted(directory.glob(file)):
        damage(path)
    for _ in range(2):
        with pytest.raises(error, match=message):
            await started(served)
        assert bound_of(directory) is None
    shutil.rmtree(directory)
    shutil.copytree(held.served.directory, directory)
    await served.start()
    assert served.server.sequencer.view.size == held.size
    await served.stop()
    store = Store.open(directory / "store")
    assert check(store).root == held.root()
    store.close()
