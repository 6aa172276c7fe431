"""``ledger demo`` does the main job, leaves clear text in one folder, and fails when anything does not verify."""

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.demo import processes
from ledger.cli.demo.auditing import Totals, published
from ledger.cli.demo.calendar import FOUND
from ledger.cli.demo.command import TAMPERED, Found
from ledger.cli.demo.figures import BUILT_IN, disclosures
from ledger.cli.demo.forking import REFUSERS, forked
from ledger.cli.demo.gating import GATED
from ledger.cli.demo.living import LIVED
from ledger.cli.demo.stage import staged
from ledger.cli.demo.stranger import verify_all
from ledger.client.opening import open_reader
from ledger.client.profile import load
from ledger.core.checkpoint import Checkpoint
from ledger.core.encoding import MAX_SIZE, ZERO_HASH
from ledger.core.note import VKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import verify_receipt
from ledger.core.record_input import load_json_lines
from ledger.core.split import verify_split
from ledger.v1 import log_pb2
from tests.client.cosigned import with_lines
from tests.core.world import mixed
from tests.ending import end
from tests.engine.cosigning import POLICY

FIGURES = {
    "FRA": [{"from": "20240101", "to": "20240331", "requests": 5, "users": 17}],
    "NOR": [{"from": "20240101", "to": "20240331", "requests": 3, "users": 2}],
    "MEX": [{"from": "20240101", "to": "20240331", "requests": 0, "users": 0}],
}
NAMES = [
    *("origin", "log_vkey", "log_id", "tree_size", "root", "disclosures"),
    *(
        "receipts_verified",
        "quorum",
        "payloads_opened",
        "shown",
        "gate",
        "report",
        "tampered_refused",
        "fork_refused_by",
        "seconds",
    ),
]


def ledger(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the ``ledger`` command."""
    command = [sys.executable, "-m", "ledger", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def ran() -> Iterator[tuple[Path, str]]:
    """Run the demo once, server left up; yield its folder and what it printed on standard output."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        figures, directory = Path(name) / "figures.json", Path(name) / "kept"
        figures.write_text(json.dumps(FIGURES))
        options = ("--figures", str(figures), "--dir", str(directory), "--receipts", "all", "--keep-serving", "--json")
        done = ledger("demo", *options)
        assert done.returncode == 0, done.stderr
        line = next(line for line in done.stderr.splitlines() if line.strip().startswith("kill "))
        running = [int(word) for word in line.partition("#")[0].split()[1:]]
        assert len(running) == 4
        try:
            assert f"serving on 127.0.0.1:{_port(directory)}" in done.stderr
            yield directory, done.stdout
        finally:
            for process in running:
                end(process)


def _port(directory: Path) -> str:
    serving = json.loads((directory / "ledger" / "serving.json").read_text())
    return str(serving["public"]).rpartition(":")[2]


def test_the_last_line_is_the_outcome(ran: tuple[Path, str]) -> None:
    """With --json the last line is one object with every promised member, all of it verified."""
    found = json.loads(ran[1].splitlines()[-1])
    assert list(found) == NAMES
    assert found["disclosures"] == found["receipts_verified"] == found["payloads_opened"] == 8
    assert (found["tree_size"], found["tampered_refused"]) == (14, 3)
    assert found["fork_refused_by"] == "witnesses, recorder, mirror, compare"
    assert found["shown"].split(", ") == list(LIVED)
    assert found["gate"].split(", ") == list(GATED)
    assert found["report"].split(", ") == list(FOUND)


def test_what_convicts_the_forked_log_is_kept(ran: tuple[Path, str]) -> None:
    """Witness, mirror and comparison each leave a file that shows two trees of one size, signed with the log's key."""
    directory, printed = ran
    vkey = VKey.parse(json.loads(printed.splitlines()[-1])["log_vkey"])
    found = {path.name: verify_split(path.read_bytes()) for path in (directory / "evidence").iterdir()}
    assert set(found) == {"witnesses.split", "mirror.split", "compare.split"}
    assert {item.log for item in found.values()} == {vkey}
    (size,) = {view.size for item in found.values() for view in item.checkpoints}
    assert size in (28, 29)  # whether the release that was refused could be aborted at once, or not yet
    assert not (directory / "fork").exists()


def test_the_report_is_a_page_for_people(ran: tuple[Path, str]) -> None:
    """The report on months that passed in seconds is one file that needs no other."""
    page = (ran[0] / "completeness.html").read_text()
    assert "maps.eu-1" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert not (ran[0] / "calendar").exists()


def test_every_receipt_is_a_file(ran: tuple[Path, str]) -> None:
    """With --receipts all each entry's receipt stands in the folder, and verifies under the quorum of witnesses."""
    directory, printed = ran
    vkey = VKey.parse(json.loads(printed.splitlines()[-1])["log_vkey"])
    found = [verify_receipt(path.read_bytes(), vkey) for path in (directory / "receipts").glob("*.tlog-proof")]
    policy = Policy.parse((directory / "ledger" / "witness-policy").read_bytes())
    assert {len(verify_quorum(item.checkpoint, policy).timestamps) for item in found} <= {2, 3}
    assert sorted(item.index for item in found) == list(range(6, 14))
    assert {item.statement.source_id.partition(".")[0] for item in found} == {
        "messages",
        "calls",
        "channels",
        "accounts",
    }


def test_the_server_stays_up(ran: tuple[Path, str]) -> None:
    """With --keep-serving the clear sample can be recorded on top, as the demo says."""
    directory = ran[0]
    sample = directory / "clear" / "sample.jsonl"
    done = ledger("record", str(sample), "--profile", str(directory / "clients" / "messages.eu-1"))
    assert done.returncode == 0, done.stderr
    assert "8 recorded" in done.stderr


def test_clear_text_lies_in_one_folder(ran: tuple[Path, str]) -> None:
    """No identifier or reference of a record is in any file outside clear/."""
    directory = ran[0]
    clear = (directory / "clear" / "sample.jsonl").read_text()
    first = next(load_json_lines(clear.splitlines()))
    needles = [first.keys[0].value, str(first.record.request_reference).encode(), b"Example Prosecutor"]
    assert all(needle in clear.encode() for needle in needles)
    files = [path for path in directory.rglob("*") if path.is_file() and directory / "clear" not in path.parents]
    assert len(files) > 20
    for path in files:
        data = path.read_bytes()
        assert [needle for needle in needles if needle in data] == [], path


def test_a_used_folder_is_left_alone(ran: tuple[Path, str]) -> None:
    """A folder that is not empty is refused, exit code 2."""
    done = ledger("demo", "--dir", str(ran[0]))
    assert done.returncode == 2
    assert "not empty" in done.stderr


@pytest.mark.parametrize("receipts", ["0", "-1", "some"])
def test_receipts_are_a_number_or_all(receipts: str) -> None:
    """Anything else is refused before anything is set up."""
    done = ledger("demo", "--receipts", receipts)
    assert (done.returncode, done.stdout) == (2, "")
    assert "receipts: must be a number of at least 1, or all" in done.stderr


def test_figures_without_a_request(tmp_path: Path) -> None:
    """Figures of nothing leave nothing to show, and are refused."""
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"MEX": FIGURES["MEX"]}))
    done = ledger("demo", "--figures", str(figures))
    assert done.returncode == 2
    assert "figures: no request in any row" in done.stderr


def test_the_stranger_counts_entries_once() -> None:
    """A receipt given twice proves one entry; one that does not verify, or has no quorum, is told with its reason."""
    world = mixed()
    plain = [world.receipt(3), world.receipt(4)]
    quorate = [with_lines(log_pb2.Receipt(tlog_proof=data), "one", "two").tlog_proof for data in plain]
    receipts = [*quorate, quorate[1], b"no receipt", *plain, quorate[0]]
    stream = io.BytesIO(b"".join(len(data).to_bytes(4, "big") + data for data in receipts))
    found = verify_all(stream, world.vkey, Policy.parse(POLICY))
    assert (found["verified"], found["refused"]) == (2, 3)
    assert "proof" in str(found["reasons"])
    assert "quorum" in str(found["reasons"])


def good() -> Found:
    """Return what a flawless run over the built-in figures finds."""
    totals = published(BUILT_IN)
    return Found(
        Checkpoint("log", 1, ZERO_HASH),
        totals.opened,
        totals.opened,
        0,
        totals,
        TAMPERED,
        REFUSERS,
        LIVED,
        GATED,
        FOUND,
    )


def test_a_flawless_run_holds() -> None:
    """Totals read back line by line equal the published ones."""
    totals = Totals()
    for disclosure in disclosures(BUILT_IN):
        totals.add(json.dumps({"finding": None, "record": disclosure.record.to_json_object()}).encode())
    assert replace(good(), totals=totals).holds(BUILT_IN)


@pytest.mark.parametrize(
    "flaw",
    [
        {"recorded": 1},
        {"verified": 1},
        {"not_verified": 1},
        {"refused": TAMPERED[1:]},
        {"refusers": REFUSERS[1:]},
        {"lived": LIVED[:-1]},
        {"gated": GATED[:-1]},
        {"judged": FOUND[1:]},
        {"totals": Totals(opened=261, findings=1)},
        {"totals": Totals(opened=261, requests=Counter(FR=261))},
    ],
)
def test_one_flaw_is_enough(flaw: dict[str, Any]) -> None:
    """Whatever was not recorded, verified, opened, equal or refused makes the demo fail."""
    assert good().holds(BUILT_IN)
    assert not replace(good(), **flaw).holds(BUILT_IN)


def test_findings_are_no_payloads() -> None:
    """An entry that the auditor could not open counts as a finding alone."""
    totals = Totals()
    totals.add(b'{"finding":"the payload is missing"}')
    assert (totals.opened, totals.findings) == (0, 1)


async def test_a_fork_that_nobody_saw_before_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo can fail: witnesses, a mirror and a recorder without memory go along with the second history."""

    async def forget(package: str, *arguments: str) -> int:
        if arguments[0] == "record" and "--patience" in arguments:
            for witness in stage.witnesses:
                witness.stop()
                for path in (witness.directory / "logs").iterdir():
                    path.unlink()
                witness.know(stage.opened.vkey)
                await witness.start()
        if arguments[0] == "mirror" and Path(arguments[1]).name == "fork":
            shutil.rmtree(arguments[2])
        return await run(package, *arguments)

    run = processes.run
    async with staged(tmp_path / "stage") as stage:
        try:
            recorded = list(islice(disclosures(BUILT_IN), 2))
            (stage.clear / "sample.jsonl").write_text(
                "".join(json.dumps({"record": item.record.to_json_object()}) + "\n" for item in recorded)
            )
            async with open_reader(load(stage.clients / "public")) as reader:
                await reader.checkpoint(MAX_SIZE)
            stage.server.stop()
            monkeypatch.setattr(processes, "run", forget)
            (tmp_path / "fork").mkdir()
            assert (await forked(stage, tmp_path / "fork")).refused == ("compare",)
        finally:
            stage.stop_witnesses()
