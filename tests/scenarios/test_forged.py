"""The operator speaks in a source's name: with another key, or after he exchanged the source's key."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.client import profile
from ledger.core.building import prepare
from ledger.v1 import log_pb2
from tests.cli.commands import disclosure, lines
from tests.core.world import Entropy, secret
from tests.core.world import disclosure as described
from tests.scenarios import hand
from tests.scenarios.stage import SIZE, Stage, alone, fresh
from tests.service.calls import stub


@dataclass(frozen=True, slots=True)
class Forged:
    """A stopped ledger whose entry ``SIZE`` alpha never signed, its receipt, and what everybody was told."""

    scene: Stage
    receipt: Path
    reader: str
    source: str
    auditor: str


@pytest.fixture(scope="module")
def forged(whole: Stage) -> Iterator[Forged]:
    """Have the operator sign an entry of alpha's with a key of his own, and log it unverified."""
    with fresh(whole) as scene:
        prepared = [prepare(described(), Entropy())]
        sent = hand.request(hand.state(scene.ledger), "alpha", prepared, secret("the operator"))
        with scene.served("forges"):
            assert hand.send(scene.path("alpha"), sent) == SIZE
            receipt = scene.path("forged.tlog-proof")
            receipt.write_bytes(asyncio.run(_receipt(scene.path("anyone"), SIZE)))
            words = ("ledger", "receipt", SIZE, "-o", "none.tlog-proof", "-p", "anyone")
            reader = scene.call(*words, code=1).error
            assert not scene.path("none.tlog-proof").exists()
            auditor = scene.call("ledger", "audit", "open", SIZE, "-p", "One", "--json", code=1).stdout
            source = scene.call("ledger", "record", "-", "-p", "alpha", given=lines(disclosure(1)), code=2).stderr
        yield Forged(scene, receipt, reader, source, auditor)


async def _receipt(folder: Path, index: int) -> bytes:
    """Return a receipt as the ledger gives it, whatever it is worth."""
    async with profile.load(folder).public_channel() as transport:
        request = log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=index))
        answer = await stub(transport, "log").GetReceipt(request)
    return bytes(answer.tlog_proof)


def test_its_receipt_shows_it_offline(forged: Forged) -> None:
    """The receipt that the log signed of it is itself the evidence: the key that it names did not sign."""
    with alone(forged.receipt, forged.scene.path("led/log.vkey")) as stranger:
        ran = stranger.call("ledger", "verify", forged.receipt.name, "--log", "log.vkey", code=1)
    assert ran.stderr == "forged.tlog-proof: NOT VALID: seal: the signature does not verify\n"


def test_readers_refuse_it(forged: Forged) -> None:
    """Whoever asks for its receipt is told what is wrong with it, and is given none."""
    assert forged.reader == "seal: the signature does not verify"


def test_an_auditor_takes_it_for_nobodys_word(forged: Forged) -> None:
    """It opens with the auditor's key, and is a finding all the same: the source's key did not sign it."""
    (row,) = [json.loads(line) for line in forged.auditor.splitlines()]
    assert row["finding"] == "not shown to be the source's: seal: the signature does not verify"
    assert "record" not in row


def test_the_source_sees_another_head(forged: Forged) -> None:
    """The source's own next record finds the chain where it never was."""
    assert "journal: stands at 6, the log at 7" in forged.source


def test_replaying_names_it(forged: Forged) -> None:
    """``ledgerctl fsck`` recomputes every seal from the stored bytes alone."""
    error = forged.scene.call("ledgerctl", "fsck", "led", code=1).error
    assert error.startswith(f"batch at {SIZE}: seal: ")


def test_a_report_on_the_log_convicts_it(forged: Forged) -> None:
    """``ledger completeness`` checks every seal: the log that has the entry contradicts itself, and is convicted."""
    said = forged.scene.judged().stdout
    assert f"CONTRADICTED alpha: seal: the signature does not verify [entry {SIZE}, " in said
    assert f"judged up to entry {SIZE}, which breaks a rule, which convicts the log" in said


@pytest.fixture(scope="module")
def forced(shared: Stage) -> Iterator[Stage]:
    """Exchange alpha's key without alpha, and speak in its name; its receipt is in ``impostor.receipts``; served."""
    source = shared.copied("alpha", "impostor")
    with shared.served():
        shared.call("ledger", "keygen", "source", "-o", "impostor.key")
        words = ("ledger", "request", "key-change", "-k", "impostor.key", "-p", source, "-o", "impostor.request")
        assert "it can only be forced" in shared.call(*words).stderr
        change = ("ledgerctl", "change-key", "impostor.request", "-d", "led")
        assert "the old key did not sign; --forced logs it so" in shared.call(*change, code=2).error
        shared.call(*change, "--forced")
        shutil.copy(shared.path("impostor.key"), source / "source.key")
        shutil.rmtree(source / "state")
        record = ("ledger", "record", "-", "-p", source, "--receipts", "impostor.receipts")
        shared.call(*record, given=lines(disclosure(60)))
        yield shared


def test_a_forced_key_is_marked_for_good(forced: Stage) -> None:
    """Every receipt under it says so to a stranger, and so does the ledger's status; earlier receipts do not."""
    (receipt,) = forced.path("impostor.receipts").iterdir()
    earlier = forced.path("receipts/alpha-0.tlog-proof")
    with alone(receipt, earlier, forced.path("led/log.vkey")) as stranger:
        rows = stranger.call("ledger", "verify", receipt.name, earlier.name, "--log", "log.vkey", "--json").objects
        assert "FORCED" in stranger.call("ledger", "verify", receipt.name, "--log", "log.vkey").stdout
    assert [row["forced_key"] for row in rows] == [True, False]
    (status,) = forced.call("ledgerctl", "status", "-d", "led", "--json").objects
    assert {row["source"]: row["state"] for row in status["sources"]}["alpha"] == "forced key"


def test_a_report_on_the_log_tells_of_it(forced: Stage) -> None:
    """``ledger completeness`` finds it for good, whatever is closed in time."""
    said = forced.call("ledger", "completeness", "-p", "anyone", code=1).stdout
    assert (
        f"KEY CHANGE FORCED alpha: the source's key was changed without its old key's signature [entry {SIZE}" in said
    )


def test_the_source_notices_that_its_key_is_another(forced: Stage) -> None:
    """Alpha's own key records nothing any more, and alpha is told why."""
    ran = forced.call("ledger", "record", "-", "-p", "alpha", given=lines(disclosure(61)), code=2)
    assert "key: not the one the log names for this source" in ran.stderr
