"""What a dishonest operator might try next: his log signs another history, and whoever saw the first one refuses.

The operator keeps a copy of the ledger, and a source that helps him one of its folder. The ledger goes on: a disclosure
is recorded, witnesses cosign it, a mirror copies it. The copy then says something else in its place.
"""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.cli import exporting
from ledger.cli.demo import processes
from ledger.cli.demo.processes import ServerProcess
from ledger.cli.demo.stage import Stage
from ledger.cli.demo.witnesses import QUORUM
from ledger.cli.outcome import DISPROVEN, PROVEN, UNCHECKED
from ledger.core.errors import Unavailable
from ledger.service import config
from ledger.tiles import history
from ledger.witness.state import State

REFUSERS: Final = ("witnesses", "recorder", "mirror", "compare")
"""Who refuses the fork: witnesses cosign nothing of it, so that a recorder gets no receipt; the others read both."""

PATIENCE: Final = "1.5"
"""Seconds that the recorder of the fork waits for a quorum that never comes."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Who refused, and the files that convict the log, which are kept beside it."""

    refused: tuple[str, ...]
    evidence: tuple[Path, ...]


async def forked(stage: Stage, folder: Path) -> Fork:
    """Fork the stopped ledger below ``folder``, an empty one, and return who refused the fork with evidence.

    The ledger ends up stopped again, with one disclosure more. Raises Unavailable if its own side cannot be recorded.
    """
    trusted = ("--log", str(stage.ledger / "log.vkey"))
    source = stage.sources[0].profile.directory
    twin, helper = folder / "ledger", folder / source.name
    shutil.copytree(stage.ledger, twin)
    _ask_nobody(twin / config.FILE)
    shutil.copytree(source, helper)
    honest, other = _two(stage)
    await stage.restart()
    if await processes.run("ledger", "record", str(honest), "--profile", str(source)) != PROVEN:
        raise Unavailable("the disclosure after which the log forks was not recorded")
    await exporting.export(config.load(stage.ledger), folder / "honest")
    stage.server.stop()
    mirrored = await processes.run("ledger", "mirror", str(folder / "honest"), str(folder / "mirror"), *trusted)
    fork = await ServerProcess.start(twin, folder / "server.log")
    try:
        recorded = await processes.run("ledger", "record", str(other), "--profile", str(helper), "--patience", PATIENCE)
        await exporting.export(config.load(twin), folder / "fork")
    finally:
        fork.stop()
    found = folder / "compared.split"
    again, compared = await asyncio.gather(
        processes.run("ledger", "mirror", str(folder / "fork"), str(folder / "mirror"), *trusted),
        processes.run("ledger", "compare", str(folder / "honest"), str(folder / "fork"), "--out", str(found), *trusted),
    )
    split = f"*{history.SPLIT}"
    kept = {
        "witnesses": [
            path for item in stage.witnesses for path in State(item.directory, item.vkey).evidence.glob(split)
        ],
        "mirror": list((folder / f"mirror{history.EVIDENCE}").glob(split)),
        "compare": [found] if found.exists() else [],
    }
    evidence = _keep(stage.directory / "evidence", kept)
    convicts = await _convicting(evidence, trusted)
    outcomes = {
        "witnesses": len(kept["witnesses"]) >= QUORUM and "witnesses" in convicts,
        "recorder": recorded == UNCHECKED,
        "mirror": (mirrored, again) == (PROVEN, DISPROVEN) and "mirror" in convicts,
        "compare": compared == DISPROVEN and "compare" in convicts,
    }
    return Fork(tuple(name for name in REFUSERS if outcomes[name]), tuple(evidence))


def _ask_nobody(settings: Path) -> None:
    """Have a ledger start without its witnesses, who would not let it sign what they did not see."""
    text = settings.read_text()
    settings.write_text(text.replace("# confirm_start = true ", "confirm_start = false "))


def _two(stage: Stage) -> tuple[Path, Path]:
    """Write two disclosures of the sample to files of their own, in the folder for clear text."""
    lines = (stage.clear / "sample.jsonl").read_text().splitlines()
    paths = stage.clear / "honest.jsonl", stage.clear / "forked.jsonl"
    for path, line in zip(paths, (lines[0], lines[-1]), strict=True):
        path.write_text(line + "\n")
    return paths


def _keep(folder: Path, kept: dict[str, list[Path]]) -> list[Path]:
    """Copy one piece of evidence of each to ``folder``, and return the copies."""
    folder.mkdir()
    return [shutil.copyfile(paths[0], folder / f"{name}{history.SPLIT}") for name, paths in kept.items() if paths]


async def _convicting(paths: list[Path], trusted: tuple[str, ...]) -> set[str]:
    """Return whose evidence convinces a process that knows nothing but the log's key."""
    codes = await asyncio.gather(*(processes.run("ledger", "verify", str(path), *trusted) for path in paths))
    return {path.stem for path, code in zip(paths, codes, strict=True) if code == DISPROVEN}
