"""Data that leaves through ``ledger gate``, or does not."""

import json
from typing import Final

from ledger.core.encoding import sha256
from tests.cli.commands import disclosure
from tests.scenarios.stage import Stage

DATA: Final = b"synthetic data that is to be handed over"
SHUT: Final = 125
OUT: Final = "handed-over"
"""The file that stands for the recipient: it is there once data was handed over."""


def release(scene: Stage, source: str, code: int = SHUT) -> str:
    """Try to hand data over through the gate of a source's folder, and return what was told; data left if code is 0."""
    scene.path("data").write_bytes(DATA)
    artifact = {"sha256": sha256(DATA).hex(), "bytes": len(DATA), "media_type": "text/plain"}
    scene.path("data.json").write_text(json.dumps([disclosure(40, artifact=artifact)]))
    words = ("ledger", "gate", "-p", source, "--record", "data.json", "--artifact", "data", "--timeout", 0.5)
    told = scene.here.run(*words, "--", "touch", OUT, code=code).stderr
    assert scene.path(OUT).exists() == (code == 0)
    return told
