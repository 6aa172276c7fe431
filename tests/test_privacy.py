"""No plaintext of a record is anywhere but with the source that wrote it and the auditors it is sealed to."""

import asyncio
import http.client
import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from ledger.client.keyfile import load as load_key
from ledger.client.opening import open_recorder
from ledger.client.profile import load as load_profile
from ledger.core.encoding import decode_base64
from ledger.core.errors import Unavailable
from ledger.core.record_input import disclosure_from_object
from ledger.core.rules import month_of, month_text
from ledger.engine.store import Store
from ledger.service.server import serving
from ledger.v1 import audit_pb2, audit_pb2_grpc, disclosure_pb2, disclosure_pb2_grpc, log_pb2, log_pb2_grpc
from tests.capturing import capturing
from tests.cli.commands import Ran, Site, lines, site
from tests.cli.conftest import here
from tests.cli.needles import disguises, files, hits
from tests.cli.synthetic import AS_GIVEN, BINARY, PLAINTEXTS, RECORD, TEXTS, WORDS, bad_inputs, given

__all__ = ["here"]

DEBUG = {"LEDGER_LOG_LEVEL": "debug", "LEDGER_PLAINTEXT_LISTEN": "127.0.0.1:0"}
SECRET = TEXTS["notes"]
UNSPOKEN = [text for text in PLAINTEXTS if text not in WORDS]
"""Plaintexts that no message may have."""


@dataclass(slots=True)
class Run:
    """What a rich run left behind: files by path, rows by key, what was said, scraped and streamed."""

    here: Site
    opened: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, bytes] = field(default_factory=dict)
    scraped: bytes = b""
    wire: bytes = b""
    leaves: dict[str, bytes] = field(default_factory=dict)

    def call(self, *words: object, code: int | None = 0, given: str = "") -> Ran:
        """Run a command and keep what it said."""
        ran = self.here.call(*words, code=code, given=given)
        self.said[f"{len(self.said)} {' '.join(map(str, words))}"] = (ran.stdout + ran.stderr).encode()
        return ran

    def keep_files(self, when: str) -> None:
        """Keep all files below the directory as they are now."""
        self.files.update((f"{when} {path}", data) for path, data in files(self.here.directory).items())


async def _wrong_calls(source: Path, auditor: Path) -> list[str]:
    """Send plaintexts where they do not belong, over gRPC, and return what the server answered."""
    batch = disclosure_pb2.SubmitBatchRequest(log_id=bytes(32), statements=[SECRET.encode()])
    attachment = batch.attachments.add(payload=SECRET.encode() * 9, shred=SECRET.encode())
    attachment.keys.add(type=SECRET, value=SECRET.encode())
    answers: list[str] = []
    async with load_profile(source).role_channel() as role, load_profile(auditor).role_channel() as audit:
        disclosures: Any = disclosure_pb2_grpc.DisclosureServiceStub(role)
        log: Any = log_pb2_grpc.LogServiceStub(role)
        payloads: Any = audit_pb2_grpc.AuditServiceStub(audit)
        place = log_pb2.SourceSequence(source_id=SECRET)
        for call in (
            disclosures.SubmitBatch(batch),
            disclosures.GetHead(disclosure_pb2.GetHeadRequest(source_id=SECRET)),
            log.GetReceipt(log_pb2.GetReceiptRequest(source=place)),
            payloads.StreamSealedPayloads(audit_pb2.StreamSealedPayloadsRequest(begin=9, end=1)).read(),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            answers.append(f"{refused.value.details()} {refused.value.trailing_metadata()}")
    return answers


async def _public_calls(here: Site, size: int) -> bytes:
    """Make every public call without TLS, and return all bytes that passed."""
    bound = serving(here.path("led"))
    assert bound is not None
    async with (
        capturing(bound.plaintext) as captured,
        grpc.aio.insecure_channel(captured.address) as channel,
    ):
        log: Any = log_pb2_grpc.LogServiceStub(channel)
        asked = log_pb2.StreamEntriesRequest(begin=0, end=size)
        assert sum([len(chunk.leaves) async for chunk in log.StreamEntries(asked)]) == size
        for call in (
            log.GetCheckpoint(log_pb2.GetCheckpointRequest()),
            log.GetPolicies(log_pb2.GetPoliciesRequest()),
            log.GetDirectory(log_pb2.GetDirectoryRequest()),
            log.GetInclusionProof(log_pb2.GetInclusionProofRequest(index=3, size=size)),
            log.GetConsistencyProof(log_pb2.GetConsistencyProofRequest(first=3, second=size)),
            log.GetRangeProof(log_pb2.GetRangeProofRequest(begin=3, end=5, size=size)),
            log.GetReceipt(log_pb2.GetReceiptRequest(index=log_pb2.EntryIndex(index=3))),
        ):
            assert await call
        async for _ in log.WatchCheckpoints(log_pb2.WatchCheckpointsRequest()):
            break
        return bytes(captured.passed)


def _scrape(here: Site) -> bytes:
    bound = serving(here.path("led"))
    assert bound is not None
    connection = http.client.HTTPConnection(bound.metrics)
    connection.request("GET", "/metrics")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Record the synthetic disclosure, provoke every refusal, kill the server under a batch, recover, read, stop."""
    with site() as here:
        run = Run(here)
        here.open(inside=True)
        server = here.serve(DEBUG)
        here.pin_ports()
        auditor = here.auditor("One")
        source = here.source("alpha", auditor)
        record = ("ledger", "record", "-", "-p", source)
        run.call(*record, "--receipts", "receipts", given=lines(given(), given()))
        for text, form in bad_inputs():
            run.call(*record, "--format", form, given=text, code=2)
        _live(run, source)
        for number, answer in enumerate(asyncio.run(_wrong_calls(source, auditor))):
            run.said[f"answer {number}"] = answer.encode()
        run.scraped += _scrape(here)
        run.keep_files("running")
        asyncio.run(_leave_unanswered(here, source))
        run.keep_files("killed")
        run.said["log of the killed server"] = "".join(server.log).encode()
        server = here.serve(DEBUG)
        run.call(*record, "--json", given=lines(given()))
        for row in run.call("ledger", "entries", ":", "-p", source, "--json").objects:
            run.leaves[f"leaf {row['index']}"] = decode_base64(row["leaf"], "leaf")
        run.call("ledgerctl", "status", "-d", "led")
        run.call("ledgerctl", "export", "led", "public")
        run.wire = asyncio.run(_public_calls(here, len(run.leaves)))
        run.opened = here.call("ledger", "audit", "open", ":", "-p", auditor, "--json").stdout
        run.scraped += _scrape(here)
        assert here.stop() == 0
        run.said["log of the stopped server"] = "".join(server.log).encode()
        run.call("ledgerctl", "fsck", "led")
        run.keep_files("stopped")
        run.rows = _rows(here)
        yield run


def _live(run: Run, source: Path) -> None:
    """Say all that can be said of entries, each with plaintexts sealed in it, and all that is refused of them."""
    month = month_of(int(time.time()) // 60)
    until = month_text(month + 5)
    gagged = {**given(), "embargo": month_text(month + 2)}
    who, fields = ("-p", source), json.dumps(RECORD)
    (index,) = (row["index"] for row in run.call("ledger", "record", "-", *who, "--json", given=lines(gagged)).objects)
    run.call("ledger", "embargo", "extend", index, "--until", until, "--order", "-", *who, given=fields)
    run.call("ledger", "correct", index, "-", *who, given=lines(given()))
    run.call("ledger", "deliver", index, "--record", "-", *who, given=fields)
    for words in (("deliver", index, "--record", "-"), ("embargo", "extend", index, "--until", until, "--order", "-")):
        run.call("ledger", *words, *who, given=fields, code=2)
        run.call("ledger", *words, *who, given=f"{SECRET}: [{SECRET}", code=2)
        run.call("ledger", *words, *who, given=json.dumps({SECRET: SECRET}), code=2)
    run.call("ledger", "correct", index, "-", *who, given=lines(gagged), code=2)
    run.call("ledgerctl", "erase", index, "--basis", "Art. 17", "-d", "led", code=2)
    run.call("ledger", "embargo", "lift", index, *who)
    run.call("ledger", "fields", index, "--open", "authority_country", "--out", "country.fields", *who)
    run.call("ledger", "history", index, *who)
    run.call("ledger", "embargo", "list", "--all", *who)
    run.call("ledgerctl", "erase", index, "--basis", "Art. 17", "-d", "led")
    run.call("ledger", "fields", index, "--open", "notes", *who, code=2)
    run.call("ledger", "reseal", *who)


async def _leave_unanswered(here: Site, source: Path) -> None:
    """Kill the server under an open recorder, so that its journal keeps a batch."""
    assert here.server is not None
    key = load_key(source / "source.key")
    async with open_recorder(load_profile(source), key, patience=0.1) as recorder:
        here.server.signal(signal.SIGKILL)
        with pytest.raises(Unavailable):
            await recorder.record(disclosure_from_object(given()))


def _rows(here: Site) -> dict[str, bytes]:
    store = Store.open(here.path("led/store"))
    try:
        return {f"row {key!r}": key + b" " + value for key, value in store.range(b"", b"\xff")}
    finally:
        store.close()


def test_no_file_has_a_plaintext(run: Run) -> None:
    """Neither the ledger's files nor receipts nor any client's hold one, while running, after kill -9, and stopped."""
    names = {Path(name).name for name in run.files}
    assert {"journal.sqlite", "high-water.json", "alpha-0.tlog-proof", "country.fields"} <= names
    assert any("/public/tile/entries/" in name for name in run.files)
    assert hits(PLAINTEXTS, run.files) == []


def test_no_row_of_the_store_has_a_plaintext(run: Run) -> None:
    """Read back row by row, without LevelDB's compression, nothing stored holds one, not even a digest's bytes."""
    assert {name[6:7] for name in run.rows} >= set("abcehklmpqs")
    assert hits(PLAINTEXTS, run.rows) == []
    for places in (run.rows, run.files, run.leaves):
        assert [name for name, data in places.items() for raw in BINARY if raw in data] == []


def test_no_leaf_has_a_plaintext(run: Run) -> None:
    """What everyone may stream names nobody: disclosures and all that was said of one, and nothing of what they say."""
    assert len(run.leaves) == 3 + 4 + 7
    assert hits(PLAINTEXTS, run.leaves) == []


def test_nothing_said_has_a_plaintext(run: Run) -> None:
    """No message, log line or answer repeats what it refuses; the log was at its most talkative."""
    assert len(run.said) > len(list(bad_inputs()))
    assert b'"event": "serving"' in run.said["log of the killed server"]
    assert hits(UNSPOKEN, run.said) == []


def test_the_wire_has_no_plaintext(run: Run) -> None:
    """Whoever listens to public calls that travel without TLS hears leaves and proofs, and no word of a record."""
    assert all(leaf in run.wire for leaf in run.leaves.values())
    assert hits(PLAINTEXTS, {"wire": run.wire}) == []


def test_the_metrics_have_no_plaintext(run: Run) -> None:
    """The scrape counts calls and entries, and names none."""
    assert b"ledger_calls_total" in run.scraped
    assert hits(PLAINTEXTS, {"metrics": run.scraped}) == []


def test_the_auditor_reads_every_plaintext(run: Run) -> None:
    """All of it is there for whom it is sealed to, so the search looks for what was really recorded."""
    missing = [text for text in PLAINTEXTS if text not in run.opened and text not in AS_GIVEN]
    assert missing == []


@pytest.mark.parametrize("name", disguises("a plaintext"))
def test_the_search_finds_what_is_planted(name: str, run: Run) -> None:
    """Each disguise of a plaintext is found in a file and in a row of the very places that were searched."""
    for text in PLAINTEXTS:
        planted = b"\x00\x01before" + disguises(text)[name] + b"after\xff"
        assert hits([text], {**run.rows, "planted": planted}) != []


def test_the_search_finds_what_is_stored(here: Site) -> None:
    """A plaintext written into a real store and a real file is found there, compressed or not."""
    here.open(inside=True)
    here.path("led/planted.txt").write_text(f"x{SECRET.encode('utf-16-le').hex()}{SECRET}")
    store = Store.open(here.path("led/store"))
    store.write([(b"z", SECRET.encode() * 3)])
    store.close()
    assert any("planted.txt" in hit for hit in hits([SECRET], files(here.path("led"))))
    assert any(hit.startswith("row b'z'") for hit in hits([SECRET], _rows(here)))
