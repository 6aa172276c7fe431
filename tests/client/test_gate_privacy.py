"""Neither the journal nor an error nor a log line has anything of what is released, to whom, or under which name."""

import asyncio
import logging
import warnings
from pathlib import Path

import pytest

from ledger.core.errors import GateShut, InvalidInput, Unavailable
from tests.cli.needles import files, hits
from tests.client.gating import DATA, described, said
from tests.client.lying import lying
from tests.client.recording import opened_world, recording

NAME = "distinctive-artifact-name"
RECIPIENT = "Distinctive Recipient of Synthetic Data"
NOTES = "quite-unmistakable-notes"
DISCLOSURE = described(recipient={"name": RECIPIENT}, notes=NOTES)


async def test_nothing_of_a_release_is_to_be_read_anywhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While it waits, while it is open, after it ended, and when it could not be logged: on disk and in words."""
    assert DISCLOSURE.record.artifact is not None
    secrets = [NAME, RECIPIENT, NOTES, DATA.decode(), DISCLOSURE.record.artifact.sha256]
    state, places, words = tmp_path / "state", {}, []
    artifact = tmp_path / NAME
    artifact.write_bytes(DATA)
    async with lying(opened_world()) as ledger:
        with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            async with recording(ledger, state, patience=0.2) as recorder:
                async with recorder.release(DISCLOSURE, artifact) as release:
                    places.update({f"open: {name}": data for name, data in files(state).items()})
                await asyncio.sleep(0)
                artifact.unlink()
                with pytest.raises(InvalidInput) as missing:
                    await recorder.release(DISCLOSURE, artifact).__aenter__()
                release = recorder.release(DISCLOSURE, DATA)
                await release.__aenter__()
                ledger.losses.extend([Unavailable("gone")] * 1000)
                await release.__aexit__(None, None, None)
                with pytest.raises(GateShut) as shut:
                    await recorder.release(DISCLOSURE, DATA).__aenter__()
                words += [missing.value, shut.value, release.unresolved, recorder.unresolved]
                places.update({f"unresolved: {name}": data for name, data in files(state).items()})
            words += [str(item.message) for item in warned]
        ledger.losses.clear()
        async with recording(ledger, state) as recorder:
            words.append(recorder.settled)
        assert said(ledger.world)[-1].startswith("DELIVERED")
        places.update({f"after: {name}": data for name, data in files(state).items()})
    places["words"] = "\n".join(map(str, words)).encode()
    places["logged"] = caplog.text.encode()
    assert len(warned) == 1
    assert hits(secrets, places) == []
    assert any("journal.sqlite" in name for name in places)
