"""On the recorder's disk nothing of a record is to be read, before an answer as little as after it."""

import base64
from pathlib import Path

import pytest

from ledger.core.errors import Unavailable
from ledger.core.lookup_keys import canonicalise
from tests.client.lying import lying
from tests.client.recording import opened_world, recording
from tests.core.world import disclosure

PLAIN = {"notes": "quite-unmistakable-notes", "authority_name": "Authority of Elsewhere"}


def spellings(secret: bytes) -> list[bytes]:
    """Return the ways in which ``secret`` might stand in a file: raw, hex, base64 at its three alignments."""
    shifted = [base64.b64encode(bytes(shift) + secret)[4:-4] for shift in range(3)]
    return [secret, secret.hex().encode(), secret.hex().upper().encode(), *shifted]


def found(directory: Path, secrets: list[bytes]) -> list[bytes]:
    """Return which of ``secrets`` stand in any file below ``directory``, however spelled."""
    content = b"\x00".join(path.read_bytes() for path in directory.iterdir())
    return [secret for secret in secrets if any(spelling in content for spelling in spellings(secret))]


async def test_a_journal_holds_nothing_readable(tmp_path: Path) -> None:
    """Keys, salts, shreds, payload and the batch itself are encrypted while they wait, and gone once answered."""
    world, state = opened_world(), tmp_path / "state"
    key = canonicalise("email", "somebody-distinctive@example.org")
    async with lying(world) as ledger:
        ledger.hold = True
        async with recording(ledger, state, patience=0.2) as recorder:
            with pytest.raises(Unavailable):
                await recorder.record(disclosure(key, **PLAIN))
            (waiting,) = recorder._journal._db.execute("SELECT request FROM pending").fetchone()
        ledger.hold = False
        (attachment,) = ledger.received[0].attachments
        secrets = [text.encode() for text in PLAIN.values()] + [key.value, attachment.shred, attachment.keys[0].salt]
        secrets += [attachment.payload[:64], ledger.received[0].statements[0], world.secrets["alpha"].seed]
        assert found(state, secrets) == []
        assert found(state, [waiting[:64]]) == [waiting[:64]]
        async with recording(ledger, state) as recorder:
            assert len(recorder.recovered) == 1
            assert found(state, secrets) == []
            assert {path.name for path in state.iterdir()} >= {"journal.sqlite-wal"}
        assert found(state, [*secrets, waiting[:64], waiting[-64:]]) == []


@pytest.mark.parametrize("number", range(6))
def test_the_search_finds_what_is_there(tmp_path: Path, number: int) -> None:
    """Each spelling is found where it stands, at any place."""
    secret = b"quite-unmistakable-notes"
    (tmp_path / "file").write_bytes(b"before" + spellings(secret)[number] + b"after")
    assert found(tmp_path, [secret, b"something else that is absent"]) == [secret]
    assert found(tmp_path, [b"something else that is absent"]) == []
