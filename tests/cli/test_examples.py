"""The examples run as they are written, against a served ledger, and what they hand over is in the log."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.commands import disclosure
from tests.cli.conftest import Standing
from tests.cli.test_gate import ended, size

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = b"synthetic data of an example"


def run(*command: object, code: int = 0) -> str:
    """Run an example and return what it printed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert ran.returncode == code, ran.stderr
    return ran.stdout + ran.stderr


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A file to hand over."""
    path = tmp_path / "artifact"
    path.write_bytes(DATA)
    return path


def test_a_file_is_handed_over_with_asyncio(standing: Standing, artifact: Path, tmp_path: Path) -> None:
    """By a block and by a decorated function."""
    first = size(standing)
    words = run(sys.executable, EXAMPLES / "release.py", standing.source, artifact, tmp_path)
    assert words == f"{len(DATA)} bytes handed over, twice\n"
    assert (tmp_path / "by-block").read_bytes() == (tmp_path / "by-function").read_bytes() == DATA
    for index in (first, first + 2):
        assert ended(standing, index) == [f"delivered by entry {index + 1}"]


def test_a_file_is_handed_over_without_a_loop(standing: Standing, artifact: Path, tmp_path: Path) -> None:
    """By a thread of one's own."""
    first = size(standing)
    words = run(sys.executable, EXAMPLES / "release_sync.py", standing.source, artifact, tmp_path)
    assert words == f"handed over with entry {first}\n"
    assert (tmp_path / "by-thread").read_bytes() == DATA
    assert ended(standing, first) == [f"delivered by entry {first + 1}"]


def test_a_file_is_handed_over_by_a_command(standing: Standing, artifact: Path, tmp_path: Path) -> None:
    """By a shell script that knows nothing of the ledger but a command."""
    first = size(standing)
    about = {"sha256": sha256(DATA).hexdigest(), "bytes": len(DATA), "media_type": "text/plain"}
    (tmp_path / "record.json").write_text(json.dumps(disclosure(1, artifact=about)))
    assert run(EXAMPLES / "gate.sh", standing.source, tmp_path / "record.json", artifact, tmp_path) == ""
    assert (tmp_path / "by-command").read_bytes() == DATA
    assert (tmp_path / "by-command.tlog-proof").read_text().startswith("c2sp.org/tlog-proof@v1\n")
    assert ended(standing, first) == [f"delivered by entry {first + 1}"]


@pytest.mark.parametrize("script", ["release.py", "release_sync.py"])
def test_a_silent_ledger_keeps_them_shut(standing: Standing, artifact: Path, tmp_path: Path, script: str) -> None:
    """Without a ledger nothing is written, and they say why."""
    folder = shutil.copytree(standing.source, tmp_path / "away", ignore=shutil.ignore_patterns("state"))
    text = (folder / "profile.toml").read_text()
    (folder / "profile.toml").write_text(re.sub(r'(role_address = )".*"', r'\1"127.0.0.1:1"', text))
    (tmp_path / "out").mkdir()
    words = run(sys.executable, EXAMPLES / script, folder, artifact, tmp_path / "out", code=1)
    assert "Unavailable" in words
    assert list((tmp_path / "out").iterdir()) == []


def test_an_export_leaves_an_application_through_the_gate(standing: Standing) -> None:
    """Over real HTTP: the export is the application's, its DISCLOSURE and DELIVERED are in the log."""
    first = size(standing)
    uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0", "export_app:app"]
    process = subprocess.Popen(
        uvicorn, env={**os.environ, "LEDGER_PROFILE": str(standing.source)}, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        base = next(found[0] for line in lines if (found := re.search(r"http://127.0.0.1:\d+", line)))
        with urllib.request.urlopen(f"{base}/exports/7") as response:  # noqa: S310 -- a server of this test
            assert response.read() == b"synthetic export of account 7"
        with urllib.request.urlopen(f"{base}/health") as response:  # noqa: S310 -- likewise
            assert response.read() == b"ok"
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(f"{base}/exports/none")  # noqa: S310 -- likewise
        assert (missing.value.code, missing.value.read()) == (404, b"")
    finally:
        process.terminate()
        process.communicate()
    assert size(standing) == first + 2
    assert ended(standing, first) == [f"delivered by entry {first + 1}"]
