"""Releases over a lying ledger: what is let out, its disclosure, and what the log says became of it."""

from pathlib import Path
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.record import DisclosureRecord
from ledger.core.record_input import Disclosure
from ledger.core.statement import decode_leaf
from tests.core.world import RECORD, World, disclosure

DATA: Final = b"what is handed over, and may not be read anywhere else"


def described(data: bytes = DATA, **fields: object) -> Disclosure:
    """Return the disclosure of a handover of ``data``."""
    artifact = {"sha256": sha256(data).hex(), "bytes": len(data), "media_type": "application/zip"}
    return disclosure(artifact=artifact, **fields)


def written(directory: Path, data: bytes = DATA) -> Path:
    """Write ``data`` to a file and return its path."""
    directory.mkdir(exist_ok=True)
    path = directory / "artifact"
    path.write_bytes(data)
    return path


def undescribed() -> Disclosure:
    """Return a disclosure that says nothing of an artifact."""
    fields = {name: value for name, value in RECORD.items() if name != "artifact"}
    return Disclosure(DisclosureRecord.from_json_object({**fields, "accounts_disclosed": 0}))


def said(world: World) -> list[str]:
    """Return what the source said, in order: DISCLOSURE, or the result and the sequence that it is of."""
    found = []
    for leaf in world.leaves:
        body = decode_leaf(leaf).statement.body
        if isinstance(body, bodies.Disclosure):
            found.append("DISCLOSURE")
        elif isinstance(body, bodies.Delivery):
            found.append(f"{body.result.name} {body.target.sequence}")
    return found
