"""The release gate, as a person types it: data leaves with a receipt in hand, and stays where no quorum gives one."""

import json
from pathlib import Path
from typing import Final

from ledger.cli.demo import processes
from ledger.cli.demo.stage import Stage
from ledger.cli.demo.witnesses import QUORUM
from ledger.cli.outcome import PROVEN, SHUT
from ledger.core.encoding import sha256

GATED: Final = ("released", "refused without a quorum")
"""What the gate has to do."""

_DATA: Final = b"synthetic data that is handed over"
_TIMEOUT: Final = "2"
"""Seconds that the gate waits for a quorum that does not come."""


async def gated(stage: Stage) -> tuple[str, ...]:
    """Return what the gate did as it must: first with its witnesses, then without so many of them that none is left."""
    held = []
    if await _release(stage, stage.directory / "released", "30") == PROVEN:
        held.append(GATED[0])
    missing = stage.witnesses[: len(stage.witnesses) - QUORUM + 1]
    for witness in missing:
        witness.stop()
    kept = stage.directory / "kept"
    if await _release(stage, kept, _TIMEOUT) == SHUT and not kept.exists():
        held.append(GATED[1])
    for witness in missing:
        await witness.start()
    return tuple(held)


async def _release(stage: Stage, out: Path, patience: str) -> int:
    """Hand data over to ``out``, which stands for the recipient; return the gate's exit code."""
    artifact, record = stage.clear / "artifact", stage.clear / "artifact.json"
    artifact.write_bytes(_DATA)
    line = json.loads((stage.clear / "sample.jsonl").read_text().splitlines()[0])
    line["record"]["artifact"] = {"sha256": sha256(_DATA).hex(), "bytes": len(_DATA), "media_type": "text/plain"}
    record.write_text(json.dumps([line]))
    source = stage.sources[1].profile.directory
    words = ("--profile", str(source), "--record", str(record), "--artifact", str(artifact), "--timeout", patience)
    return await processes.run("ledger", "gate", *words, "--", "cp", str(artifact), str(out))
