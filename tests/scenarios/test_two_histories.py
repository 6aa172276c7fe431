"""The operator forks the log, or takes it back, and a source helps: its witnesses were there before."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.cli.commands import disclosure, lines, site
from tests.scenarios.releasing import release
from tests.scenarios.stage import Stage, alone, witness

PATIENCE: Final = ("--patience", 0.5)
"""For how long a recorder waits for a quorum that never comes."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A stopped ledger, ``led``, and its copy of before its last entry, which says something else there."""

    stage: Stage
    recorder: str
    gate: str


@pytest.fixture(scope="module")
def fork() -> Iterator[Fork]:
    """Record under the witness's eyes, copy, record again; then have the copy record without asking the witness."""
    with site() as here:
        stage = Stage(here)
        with witness(stage) as line:
            here.path("policy").write_text(f"{line}\nquorum wit\n")
            here.open("--policy", "policy", inside=True)
            vkey = here.path("led/log.vkey").read_text().strip()
            here.call("ledger", "witness", "add-log", vkey, "-s", "wit")
            here.serve()
            here.pin_ports()
            auditor = here.auditor("One")
            source = here.source("alpha", auditor)
            here.source("beta", auditor)
            here.public()
            record = ("ledger", "record", "-", "--receipts")
            here.call(*record, "receipts", "-p", source, given=lines(disclosure(0)))
            assert here.stop() == 0
            twin, helper = stage.copied("led", "twin"), stage.copied("alpha", "helper")
            here.serve()
            here.call(*record, "receipts", "-p", source, given=lines(disclosure(1)))
            assert here.stop() == 0
            stage.exported("tiles")
            settings = twin / "ledger.toml"
            stage.copied("twin", "asking")
            settings.write_text(settings.read_text().replace("# confirm_start = true ", "confirm_start = false "))
            with stage.served(name="twin"):
                ran = here.call(*record, "forged", "-p", helper, *PATIENCE, given=lines(disclosure(2)), code=2)
                gate = release(stage, "beta")
                believer = stage.copied("anyone", "believer")
                profile = believer / "profile.toml"
                profile.write_text(profile.read_text().replace('witnesses = "witness-policy"', 'witnesses = "none"'))
                here.call("ledger", "receipt", "alpha:1", "-p", believer, "-o", "private.tlog-proof")
            stage.exported("twin.tiles", of="twin")
            yield Fork(stage, ran.stderr, gate)


def test_a_witness_keeps_what_convicts(fork: Fork) -> None:
    """The witness cosigns nothing of the fork, and keeps evidence of it that needs no witness to be believed."""
    evidence, *_ = sorted(fork.stage.path("wit/evidence").rglob("*.split"))
    assert "signed two histories" in fork.stage.convicts(evidence)


def test_a_recorder_gets_no_receipt(fork: Fork) -> None:
    """Without a quorum there is no receipt, and the recorder says so: what was to be handed over stays."""
    assert "error: not answered within" in fork.recorder
    assert not list(fork.stage.path("forged").glob("*"))


def test_a_gate_stays_shut(fork: Fork) -> None:
    """What the operator alone signed opens no release gate: the data does not leave."""
    assert fork.gate.startswith("error: the gate stays shut, nothing was handed over: ")


def test_a_receipt_of_a_private_fork_is_none(fork: Fork) -> None:
    """What the operator alone signed verifies as his word, and is refused by whoever holds the witness policy."""
    with alone(*map(fork.stage.path, ("private.tlog-proof", "led/log.vkey", "policy"))) as stranger:
        words = ("ledger", "verify", "private.tlog-proof", "--log", "log.vkey")
        assert "not shown that others see the same log" in stranger.call(*words).stdout
        ran = stranger.call(*words, "--policy", "policy", code=1)
        assert "too few witnesses cosigned the checkpoint" in ran.stdout + ran.stderr


@pytest.mark.parametrize("view", ["private.tlog-proof", "twin.tiles"])
def test_whoever_sees_both_convicts(fork: Fork, view: str) -> None:
    """The fork's own receipt, and its files, each make evidence when they are compared with what others see."""
    stage, evidence = fork.stage, fork.stage.path(f"{view}.split")
    words = ("--log", "led/log.vkey", "-o", evidence)
    assert "signed two histories: " in stage.call("ledger", "compare", view, "tiles", *words, code=1).stdout
    assert "signed two histories" in stage.convicts(evidence)


def test_a_backup_asks_its_witnesses_first(fork: Fork) -> None:
    """Yesterday's backup with yesterday's mark is kept from signing by what the witness knows, and says so."""
    stage = fork.stage
    helper = stage.copied("alpha", "late")
    shutil.rmtree(helper / "state")
    with stage.served(name="asking"):
        ran = stage.call("ledgerctl", "status", "-d", "asking", "--json", code=1)
        assert "its witnesses cosigned what this log does not have" in ran.objects[0]["halted"]
        words = ("ledger", "record", "-", "-p", helper, *PATIENCE)
        assert "halted" in stage.call(*words, given=lines(disclosure(3)), code=2).stderr
