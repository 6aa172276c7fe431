"""A ledger and its witness as processes: what is recorded, read and verified is under the quorum, or is not shown."""

import contextlib
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Serving, Site, disclosure, lines, site


@contextlib.contextmanager
def witness(here: Site, name: str) -> Iterator[str]:
    """Serve a witness that knows no log yet, and give its line for a policy."""
    vkey = here.call("ledger", "witness", "init", "-s", name, "--name", f"{name}.example").stdout.strip()
    command = ("ledger", "witness", "serve", "-s", name, "--listen", "127.0.0.1:0")
    process = Serving(here.start(*command, stdin=None, stdout=subprocess.DEVNULL))
    try:
        yield f"witness {name} {vkey} http://{json.loads(process.log[-1])['public']}"
    finally:
        process.signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def witnessed() -> Iterator[Site]:
    """A served ledger whose policy asks for its one witness, a member of the public, and a recording source."""
    with site() as here, witness(here, "wit") as line:
        here.path("policy").write_text(f"{line}\nquorum wit\n")
        here.open("--policy", "policy")
        here.call("ledger", "witness", "add-log", here.path("led/log.vkey").read_text().strip(), "-s", "wit")
        here.serve()
        auditor = here.auditor("One")
        source = here.source("alpha", auditor)
        here.public()
        given = lines(disclosure(1), disclosure(2))
        here.run("ledger", "record", "-", "-p", source, "--receipts", "receipts", given=given)
        yield here


def test_profiles_name_the_policy(witnessed: Site) -> None:
    """Every profile that is issued for the log has its policy in a file beside it."""
    for folder in ("anyone", "alpha", "One"):
        assert witnessed.path(f"{folder}/witness-policy").read_bytes() == witnessed.path("policy").read_bytes()
        assert 'witnesses = "witness-policy"' in witnessed.path(f"{folder}/profile.toml").read_text()


def test_recorded_receipts_satisfy_the_policy(witnessed: Site) -> None:
    """A receipt proves more under the policy than under the log's key alone, and says so in these words."""
    receipt = witnessed.path("receipts/alpha-1.tlog-proof")
    trusted = ("--log", "led/log.vkey")
    quorum = witnessed.call("ledger", "verify", receipt, *trusted, "--policy", "alpha/witness-policy").stdout
    assert "entry 4 is in the log, under a checkpoint that satisfies the witness policy" in quorum
    alone = witnessed.call("ledger", "verify", receipt, *trusted).stdout
    assert "in the log as its operator signed it; not shown that others see the same log" in alone


def test_reads_are_cosigned(witnessed: Site) -> None:
    """Checkpoint, entries and receipts are read under the quorum, which the commands say."""
    ran = witnessed.call("ledger", "checkpoint", "-p", "anyone")
    assert ran.stdout.count("\n— ") == 2
    assert ran.stderr.endswith(" entries; cosigned as the witness policy asks\n")
    ran = witnessed.call("ledger", "receipt", "alpha:0", "-p", "anyone", "-o", "fetched.tlog-proof")
    assert ran.stderr == "verified: entry 3, alpha:0; cosigned as the witness policy asks\n"
    witnessed.call("ledger", "verify", "fetched.tlog-proof", "--log", "led/log.vkey", "--policy", "policy")
    assert len(witnessed.call("ledger", "entries", ":", "-p", "anyone", "--json").objects) == 5


def test_the_operator_sees_the_witness(witnessed: Site) -> None:
    """Status tells what the quorum covers, and of each witness what it cosigned last and how it failed."""
    (facts,) = witnessed.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert facts["cosigned_size"] == facts["tree_size"] == 5
    assert (facts["anchored"], facts["cosigned_time"].endswith(" s ago)")) == (None, True)
    (row,) = facts["witnesses"]
    assert (row["witness"], row["tree_size"], row["failures"], row["failure"]) == ("wit", 5, 0, None)
    printed = witnessed.call("ledgerctl", "status", "-d", "led").stdout
    assert "cosigned_size 5\n" in printed
    assert "anchored      no\n" in printed


def test_a_policy_of_other_witnesses_is_not_satisfied(witnessed: Site, tmp_path: Path) -> None:
    """Who trusts another witness gets nothing out of this log: exit code 1, evidence that does not hold."""
    words = ("--name", "other.example", "-o", tmp_path / "other.key", "--json")
    (facts,) = witnessed.call("ledger", "keygen", "witness", *words).objects
    folder = tmp_path / "profile"
    shutil.copytree(witnessed.path("anyone"), folder)
    (folder / "witness-policy").write_text(f"witness w {facts['vkey']}\nquorum w\n")
    error = witnessed.call("ledger", "checkpoint", "-p", folder, code=1).error
    assert error == "quorum: too few witnesses cosigned the checkpoint"
