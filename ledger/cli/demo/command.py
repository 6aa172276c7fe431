"""The command: set the stage, record, verify, audit, go on about entries, tamper, fork, and say what came out."""

import asyncio
import json
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.demo import auditing, calendar, forking, gating, living, tampering
from ledger.cli.demo.auditing import Totals
from ledger.cli.demo.figures import BUILT_IN, SOURCE, Row, disclosures, load
from ledger.cli.demo.recording import record, stranger
from ledger.cli.demo.stage import Stage, staged
from ledger.cli.demo.telling import Teller, tell_next, tell_summary
from ledger.cli.demo.witnesses import QUORUM
from ledger.cli.options import JsonOption
from ledger.cli.outcome import DISPROVEN, command, emit
from ledger.client.opening import open_reader
from ledger.client.profile import load as load_profile
from ledger.core.checkpoint import Checkpoint
from ledger.core.encoding import MAX_SIZE, encode_base64
from ledger.core.errors import InvalidInput

SAMPLE = 1000
"""Receipts that become files unless all are asked for."""
TAMPERED = ("receipt", "entry", "payload")
CLEAR_SAMPLE = 20
"""Disclosures that are kept in clear, below clear/, to be looked at and recorded again."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the parts of the demo came to.

    ``refused`` names what was tampered with and refused, ``refusers`` who refused the fork, ``lived`` what became of
    entries that others refer to, ``gated`` what the release gate did, ``judged`` what the report on months found.
    """

    checkpoint: Checkpoint
    recorded: int
    verified: int
    not_verified: int
    totals: Totals
    refused: tuple[str, ...]
    refusers: tuple[str, ...]
    lived: tuple[str, ...]
    gated: tuple[str, ...]
    judged: tuple[str, ...]

    def holds(self, rows: Sequence[Row]) -> bool:
        """Return whether everything that was published is in the log, proven, and nothing tampered with passed."""
        published = auditing.published(rows)
        return (
            self.recorded == self.verified == self.totals.opened == published.opened
            and self.not_verified == self.totals.findings == 0
            and (self.totals.requests, self.totals.users) == (published.requests, published.users)
            and self.refused == TAMPERED
            and self.refusers == forking.REFUSERS
            and self.lived == living.LIVED
            and self.gated == gating.GATED
            and self.judged == calendar.FOUND
        )


def demo(
    figures: Annotated[
        Path | None, typer.Option(help="JSON file of published counts; by default a built-in few.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep everything here, an empty or missing folder.")
    ] = None,
    receipts: Annotated[str, typer.Option(help="How many receipts to write to files, or all.")] = str(SAMPLE),
    keep_serving: Annotated[
        bool, typer.Option("--keep-serving", help="Leave the server up and print what to type next.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the main job on published figures: record, verify, audit, erase, tamper, fork; exit 1 if any of it fails."""
    with command():
        rows = BUILT_IN if figures is None else load(figures)
        sample = _sample(receipts, sum(row.requests for row in rows))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, and so ends the server too
        where = Path(tempfile.mkdtemp(prefix="ledger-demo-")) if directory is None else directory.absolute()
        kept = directory is not None or keep_serving
        try:
            holds = asyncio.run(_demo(rows, where, sample, keep_serving, kept, Teller(as_json)))
        finally:
            if not kept:
                shutil.rmtree(where)
        if not holds:
            raise typer.Exit(DISPROVEN)


def _sample(text: str, total: int) -> int:
    if total == 0:
        raise InvalidInput("figures", "no request in any row")
    if text == "all":
        return total
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise InvalidInput("receipts", "must be a number of at least 1, or all")
    return min(int(text), total)


async def _demo(
    rows: Sequence[Row], directory: Path, sample: int, keep_serving: bool, kept: bool, teller: Teller
) -> bool:
    started = time.monotonic()
    teller.step(f"a ledger, three witnesses, four sources and an auditor below {directory}")
    async with staged(directory) as stage:
        found = await _run(stage, rows, sample, teller)
        if keep_serving:
            await stage.restart()
        else:
            stage.stop_witnesses()
    holds = found.holds(rows)
    facts = {
        "origin": found.checkpoint.origin,
        "log_vkey": stage.opened.vkey.format(),
        "log_id": stage.opened.log_id.hex(),
        "tree_size": found.checkpoint.size,
        "root": encode_base64(found.checkpoint.root),
        "disclosures": found.recorded,
        "receipts_verified": found.verified,
        "quorum": f"{QUORUM} of {len(stage.witnesses)} witnesses",
        "payloads_opened": found.totals.opened,
        "shown": ", ".join(found.lived) or "nothing",
        "gate": ", ".join(found.gated) or "nothing",
        "report": ", ".join(found.judged) or "nothing",
        "tampered_refused": len(found.refused),
        "fork_refused_by": ", ".join(found.refusers) or "nobody",
        "seconds": round(time.monotonic() - started, 1),
    }
    page = stage.directory / "completeness.html"
    teller.step(f"the report for people: {page}" if kept else "the report for people, a page: --dir FOLDER keeps it")
    tell_summary(teller, SOURCE, facts, found.totals, auditing.published(rows))
    teller.verdict(holds)
    if keep_serving:
        tell_next(teller, stage)
    if teller.as_json:
        emit(facts)
    return holds


async def _run(stage: Stage, rows: Sequence[Row], sample: int, teller: Teller) -> Found:
    total = sum(row.requests for row in rows)
    _keep_clear_sample(stage, rows)
    async with stranger(stage.opened.vkey, stage.policy) as other:
        with teller.progress("disclosures recorded, each proven by its receipt", total) as advance:
            recorded = await record(stage, disclosures(rows), total, sample, other, advance)
        verdict = await other.verdict()
    known = "the log's verifier key and the witness policy"
    teller.step(f"{verdict['verified']} receipts verified by a process that knows nothing but {known}")
    async with open_reader(load_profile(stage.clients / "public")) as reader:
        checkpoint = (await reader.checkpoint(MAX_SIZE)).checkpoint  # all that is published, under the quorum
    with teller.progress("payloads opened by the auditor, each held against its leaf", total) as advance:
        totals = await auditing.audit(stage, checkpoint.size, advance)
    lived = await _live(stage)
    teller.step(f"what becomes of entries: {', '.join(lived) or 'nothing'}")
    gated = await gating.gated(stage)
    teller.step(f"the release gate: {', '.join(gated) or 'nothing'}")
    judged = await _judge(stage)
    teller.step(f"months in seconds, and the report on them: {', '.join(judged) or 'nothing'}")
    stage.server.stop()
    refused = await _tamper(stage, checkpoint.size - total)
    teller.step(f"changed by one bit and refused: {', '.join(refused) or 'nothing'}")
    refusers, evidence = await _fork(stage)
    teller.step(f"a second history under the log's own key, refused by: {', '.join(refusers) or 'nobody'}")
    teller.step(f"what convicts the log: {', '.join(evidence) or 'nothing'}, each verified offline")
    return Found(
        checkpoint, recorded, verdict["verified"], verdict["refused"], totals, refused, refusers, lived, gated, judged
    )


async def _live(stage: Stage) -> tuple[str, ...]:
    """Return what was shown of entries that others refer to."""
    source = living.Living(stage, int(time.time()) // 60)
    await source.live()
    return tuple(source.held)


async def _judge(stage: Stage) -> tuple[str, ...]:
    """Return what the report on a ledger finds whose months passed in seconds; only its page is kept."""
    folder = stage.directory / "calendar"
    folder.mkdir()
    disclosure = next(disclosures(BUILT_IN))
    found = await calendar.months(folder, disclosure, time.time())
    shutil.rmtree(folder)
    return found


def _keep_clear_sample(stage: Stage, rows: Sequence[Row]) -> None:
    with (stage.clear / "sample.jsonl").open("w") as file:
        for disclosure in islice(disclosures(rows), CLEAR_SAMPLE):
            keys = [{"type": key.type, "value": key.value.decode()} for key in disclosure.keys]
            file.write(json.dumps({"record": disclosure.record.to_json_object(), "keys": keys}) + "\n")


async def _tamper(stage: Stage, index: int) -> tuple[str, ...]:
    """Return what was refused; works on copies of the stopped ledger, and takes them away again."""
    folder = stage.directory / "tampered"
    folder.mkdir()
    copy = tampering.copied(stage, folder)
    outcomes = (
        await tampering.tampered_receipt(stage, min(stage.receipts.iterdir()), folder),
        await tampering.tampered_entry(copy, index),
        await tampering.tampered_payload(copy, folder / "auditor", index),
    )
    shutil.rmtree(folder)
    return tuple(name for name, refused in zip(TAMPERED, outcomes, strict=True) if refused)


async def _fork(stage: Stage) -> tuple[tuple[str, ...], list[str]]:
    """Return who refused a fork of the stopped ledger, and the files that convict it; the fork itself is taken away."""
    folder = stage.directory / "fork"
    folder.mkdir()
    fork = await forking.forked(stage, folder)
    shutil.rmtree(folder)
    return fork.refused, [str(path.relative_to(stage.directory)) for path in fork.evidence]
