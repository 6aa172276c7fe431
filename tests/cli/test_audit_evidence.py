"""``ledger audit open --evidence`` keeps files that convict, for their owner's eyes alone."""

from pathlib import Path

import pytest

from ledger.audit.boxes import known_auditor
from ledger.audit.payloads import Opened
from ledger.cli.auditing import Audit, Found, evidence_folder
from ledger.client.reads import LogClient
from ledger.core.errors import BeyondTree
from ledger.core.sealed_keys import SealedKey
from tests.audit.audited import ONE
from tests.cli.commands import Site
from tests.client.honest import pins
from tests.client.lying import lying
from tests.core.dishonest import NOTE, SOURCE, Boxes, Entry, resealed, speak, stage
from tests.core.world import World

WRONG = Entry(seal=resealed(lambda found: found["record"].update(notes="other")))


async def audit(world: World, begin: int, folder: Path | None) -> tuple[Found, list[Opened]]:
    """Return what auditor one finds from ``begin`` on."""
    taken: list[Opened] = []
    async with lying(world) as ledger:
        reader = LogClient(ledger.channel, pins(world))
        auditor = await known_auditor(reader, ONE.x25519_secret)
        found = await Audit(reader, ledger.channel, auditor).run(begin, None, taken.append, folder)
    return found, taken


async def test_evidence_is_written_and_convicts(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """For the entry that is wrong a file of mode 0600 that ``ledger verify`` convicts with, for the other nothing."""
    world = stage()
    said = speak(world, WRONG, Entry())
    folder = evidence_folder(here.path("evidence"))
    assert folder is not None
    found, taken = await audit(world, said.first, folder)
    path = folder / f"{said.first}.conviction"
    assert list(folder.iterdir()) == [path]
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    assert found.findings == [(said.first, "slots root: the record does not give it")]
    assert (found.code, len(taken)) == (1, 2)
    told = capsys.readouterr().err
    assert told == f"entry {said.first}: evidence against its source in {path}; who has it may read the record\n"
    here.path("log.vkey").write_text(world.vkey.format())
    ran = here.call("ledger", "verify", path, "--log", "log.vkey", code=1)
    assert f"source {SOURCE} signed entry {said.first}" in ran.stdout


async def test_what_is_there_stays(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """An older file is not replaced, which is said."""
    world = stage()
    said = speak(world, WRONG)
    path = here.path(f"{said.first}.conviction")
    path.write_text("mine")
    await audit(world, said.first, here.directory)
    assert path.read_text() == "mine"
    assert capsys.readouterr().err == f"{path}: exists already; nothing was changed\n"


async def test_without_evidence_it_is_said_why(here: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Boxes that open to nobody are a finding without evidence; no file is left behind, and no value is told."""
    world = stage()

    def garbage(boxes: Boxes) -> Boxes:
        return tuple([SealedKey(box.key_id, b"?" * 80) for box in boxes])

    said = speak(world, Entry(), boxes=garbage)
    found, _ = await audit(world, said.first, here.directory)
    assert found.findings == [(said.first, "box: garbage for this auditor")]
    told = capsys.readouterr().err
    assert told.startswith(f"entry {said.first}: no evidence against its source: batch key: the box for this auditor")
    assert NOTE not in told
    assert list(here.directory.iterdir()) == []


async def test_without_a_folder_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Evidence is made only where it was asked for."""
    world = stage()
    said = speak(world, WRONG)
    found, _ = await audit(world, said.first, evidence_folder(None))
    assert found.counts["findings"] == 1
    assert capsys.readouterr().err == ""


async def test_a_range_begins_within_the_tree() -> None:
    """Past the last entry there is nothing to audit; at it there is an empty range."""
    world = stage()
    found, taken = await audit(world, world.size, None)
    assert (found.begin, found.end, taken, found.code) == (world.size, world.size, [], 0)
    with pytest.raises(BeyondTree, match=f"^range: the published tree has {world.size} entries$"):
        await audit(world, world.size + 1, None)
