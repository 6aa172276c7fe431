"""What a dishonest operator might try: a receipt, a stored entry and a payload changed by one bit, each refused."""

import shutil
from pathlib import Path

from ledger.cli.demo import processes
from ledger.cli.demo.processes import ServerProcess
from ledger.cli.demo.stage import Stage
from ledger.cli.outcome import DISPROVEN, PROVEN
from ledger.engine import schema
from ledger.engine.store import Store


async def tampered_receipt(stage: Stage, receipt: Path, folder: Path) -> bool:
    """Return whether ``ledger verify`` refuses ``receipt`` with one bit changed in its extra line."""
    changed = _changed(receipt, folder)
    trusted = ("--log", str(stage.ledger / "log.vkey"), "--policy", str(stage.policy))
    return await processes.run("ledger", "verify", str(changed), *trusted) == DISPROVEN


def _changed(receipt: Path, folder: Path) -> Path:
    data = bytearray(receipt.read_bytes())
    data[data.index(b"extra ") + 64] ^= 1
    changed = folder / receipt.name
    changed.write_bytes(data)
    return changed


def copied(stage: Stage, folder: Path) -> Path:
    """Return a copy of the stopped ledger, and beside it the auditor's folder, both below ``folder``."""
    copy = folder / "ledger"
    shutil.copytree(stage.ledger, copy)
    shutil.copytree(stage.auditor, folder / "auditor")
    return copy


def flip(ledger: Path, key: bytes) -> None:
    """Change one bit of a stored value; the second call puts it back."""
    store = Store.open(ledger / "store")
    try:
        value = bytearray(store.require(key))
        value[len(value) // 2] ^= 1
        store.write([(key, bytes(value))])
    finally:
        store.close()


async def tampered_entry(ledger: Path, index: int) -> bool:
    """Return whether ``ledgerctl fsck`` refuses a store with one bit of entry ``index`` changed, and no other store."""
    flip(ledger, schema.entry_key(index))
    changed = await processes.run("ledgerctl", "fsck", str(ledger))
    flip(ledger, schema.entry_key(index))
    return (changed, await processes.run("ledgerctl", "fsck", str(ledger))) == (DISPROVEN, PROVEN)


async def tampered_payload(ledger: Path, auditor: Path, index: int) -> bool:
    """Return whether the auditor refuses the payload of entry ``index`` that a server changed by one bit."""
    flip(ledger, schema.payload_key(index))
    server = await ServerProcess.start(ledger, ledger.parent / "server.log")
    try:
        code = await processes.run("ledger", "audit", "open", str(index), "--profile", str(auditor))
    finally:
        server.stop()
    return code == DISPROVEN
