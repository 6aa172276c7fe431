"""A disk that is full, read-only, or not the server's to write: it stops signing, says why, and goes on afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from ledger.core.sealing_policy import DEFAULT
from ledger.service.setup import NO_WITNESSES, Opening, open_log
from tests.core.world import secret
from tests.faults.damage_runs import ENDED, HALTED, HALTED_ENDED, Runs, Took
from tests.faults.harness import SERVE, harness
from tests.served import OPENED, ORIGIN, SYSTEM_PORT

MOUNTS = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("CI"), reason="mounting a small disk needs root: run it as root, or in CI"
)
BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", *SERVE)
"""The server without root's power over permissions; nobody else has it to begin with."""
LISTEN = ("public_listen", "role_listen", "metrics_listen")
COMMAND = BOUND if os.geteuid() == 0 else SERVE


@contextmanager
def disk(directory: Path, size: str = "8m") -> Iterator[None]:
    """Move what is in ``directory`` to a disk of its own, for the time of the block."""
    copy = directory.with_name("moved")
    directory.rename(copy)
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory], check=True)
    try:
        shutil.copytree(copy, directory, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


@pytest.fixture
def random() -> Random:
    """Return what the load is drawn from."""
    return Random(1)  # noqa: S311 -- chooses sizes, not keys


@MOUNTS
async def test_a_full_disk_halts_the_ledger_until_there_is_room(random: Random) -> None:
    """Under load it halts and is read; it does not start on a full disk; with room it starts and has everything."""
    async with harness(random) as ledger:
        await ledger.stop()
        with disk(ledger.directory):
            runs, ballast = Runs(ledger), ledger.directory / "ballast"
            full = "No space left on device"
            disk_full = f"LevelDB cannot read or write its files ({full}); see to the disk, then restart"
            assert await runs.run(meanwhile=lambda: fill(ballast)) == Took(HALTED, disk_full)
            refused = f"LevelDB cannot open it ({full}); see to disk and permissions, then start again"
            assert await runs.run() == Took(ENDED, f"error: {ledger.store}: {refused}")
            ballast.unlink()
            await runs.recover()


async def test_permissions_lost_meanwhile_halt_the_ledger(random: Random) -> None:
    """Where the high-water mark can no longer be replaced nothing more is signed, until the owner may write again."""
    async with harness(random) as ledger:
        await ledger.stop()
        runs = Runs(ledger)
        took = await runs.run(*COMMAND, meanwhile=lambda: ledger.directory.chmod(0o500))
        ledger.directory.chmod(0o700)
        assert took == Took(HALTED_ENDED, "a write failed (Permission denied); see to the disk, then restart")
        await runs.recover()


@pytest.fixture
def directory() -> Iterator[Path]:
    """Open a log that nobody serves."""
    root = Path(tempfile.mkdtemp(prefix="ledger-"))
    opening = Opening(
        ORIGIN, (secret("approver").public,), 1, NO_WITNESSES, DEFAULT, **dict.fromkeys(LISTEN, SYSTEM_PORT)
    )
    open_log(root / "ledger", opening, OPENED)
    yield root / "ledger"
    shutil.rmtree(root)


def ended(directory: Path) -> str:
    """Return the line with which the server ends instead of serving."""
    ran = subprocess.run([*COMMAND, directory], capture_output=True, text=True, timeout=60)
    assert ran.returncode in (1, 2)
    (line,) = ran.stderr.splitlines()
    return line


@MOUNTS
def test_a_read_only_disk_is_told_at_the_start(directory: Path) -> None:
    """It does not start on a disk that only reads, and leaves it as it is."""
    with disk(directory):
        subprocess.run(["mount", "-o", "remount,ro", directory], check=True)
        refused = "LevelDB cannot open it (Read-only file system); see to disk and permissions, then start again"
        assert ended(directory) == f"error: {directory}/store: {refused}"


@pytest.mark.parametrize(
    ("place", "mode", "words"),
    [
        ("store", 0o500, "store: LevelDB cannot open it (Permission denied); see to disk and permissions"),
        ("high-water.json", 0o000, "high-water.json: cannot be read (Permission denied)"),
        ("certs/server.key", 0o000, "server.key: Permission denied"),
        ("keys/ledger.key", 0o000, "ledger.key: Permission denied"),
        (".", 0o000, "Permission denied"),
    ],
)
def test_permissions_lost_before_the_start_are_told(directory: Path, place: str, mode: int, words: str) -> None:
    """The server ends with a code other than 0 and one line that says which file it may not use."""
    before = (directory / place).stat().st_mode
    (directory / place).chmod(mode)
    assert words in ended(directory)
    (directory / place).chmod(before)
