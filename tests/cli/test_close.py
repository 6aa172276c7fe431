"""``ledger close``: periods are closed by hand, approved where that is asked for, and shown before."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.client import keyfile
from ledger.client.requests import request_source
from ledger.core.bodies import Closing, Period
from tests.cli.commands import Ran, Site, disclosure, lines
from tests.core.world import disclosure as record
from tests.served import Member, Served, serving

TODAY = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
DAYS = 3
"""How many days ago the source was enrolled; it closes by day."""


@dataclass(slots=True)
class Past:
    """A ledger that was set up some days ago and serves now, and a source that closes by day."""

    served: Served
    source: Member
    folder: Path

    async def run(self, *command: object, code: int = 0, given: str = "") -> Ran:
        """Run a command as a process while the ledger serves."""
        here = Site(self.folder)
        return await asyncio.to_thread(here.run, "ledger", *command, code=code, given=given)

    async def close(self, *options: object, code: int = 0) -> Ran:
        """Run ``ledger close``."""
        return await self.run("close", "-p", self.source.profile.directory, *options, code=code)

    async def closings(self) -> list[Closing]:
        """Return the CLOSINGs that are in the log, verified."""
        async with self.source.reader() as reader:
            said = [entry.statement.body async for entry in reader.entries(0)]
        return [body for body in said if isinstance(body, Closing)]


@asynccontextmanager
async def past(officers: int = 0) -> AsyncIterator[Past]:
    """Set a ledger up as it would have been some days ago, at noon, then let it have today's clock."""
    now = [time.time() // 86400 * 86400 - DAYS * 86400 + 43200]
    async with serving(clock=lambda: now[0]) as served:
        auditor = await served.accredit("One")
        key, approving = keyfile.generate("source"), [keyfile.generate("approver") for _ in range(officers)]
        keys = tuple(item.public.public for item in approving)
        await served.govern(request_source(served.log_id, key.secret, "alpha", "mail", Period.DAY, 24, keys, len(keys)))
        source = served.member("source", "alpha", key, auditor)
        for number, item in enumerate(approving):
            keyfile.save(source.profile.directory / f"officer-{number}.key", item)
        async with source.recorder(clock=lambda: now[0]) as recorder:
            await recorder.record(record())
        now[0] = time.time()
        yield Past(served, source, source.profile.directory)


async def test_what_is_over_is_shown_and_then_closed() -> None:
    """The plan sends nothing; then each period stands in the log as it was planned, zero included."""
    async with past() as ledger:
        plan = await ledger.close("--show", "--json")
        assert [row["disclosures"] for row in plan.objects] == [1, 0, 0]
        assert plan.stderr == "3 to be closed; nothing was sent\n"
        assert await ledger.closings() == []
        first = await ledger.close("--through", plan.objects[0]["period"], "--json")
        rest = await ledger.close("--json")
        said = [*first.objects, *rest.objects]
        assert [{name: row[name] for name in plan.objects[0]} for row in said] == plan.objects
        assert [row["sequence"] for row in said] == [1, 2, 3]
        again = await ledger.close()
        assert (again.stdout, again.stderr) == ("", "0 closed: no period is over that is not closed already\n")
        assert [body.disclosures.lo for body in await ledger.closings()] == [1, 0, 0]


async def test_people_read_a_table() -> None:
    """Period, counts, sequences, and once it is said the entry."""
    async with past() as ledger:
        plan, done = await ledger.close("--show"), await ledger.close()
        assert plan.stdout.split()[:6] == ["period", "disclosures", "aborted", "embargoed", "late", "sequences"]
        assert done.stdout.split()[:7] == [*plan.stdout.split()[:6], "entry"]
        assert done.stderr == "3 closed\n"


async def test_an_egress_log_is_bound() -> None:
    """Its SHA-256 stands in the one closing that is said; for several periods it is refused."""
    async with past() as ledger:
        log = ledger.folder / "egress.log"
        log.write_bytes(b"every byte that left")
        refused = await ledger.close("--egress", log, code=2)
        assert refused.error == "egress: belongs to one period, and 3 are to be closed; name it"
        plan = await ledger.close("--show", "--json")
        await ledger.close("--egress", log, "--through", plan.objects[0]["period"])
        (said,) = await ledger.closings()
        assert said.egress_digest == hashlib.sha256(log.read_bytes()).digest()


async def test_officers_approve_by_their_keys() -> None:
    """Recording goes on without them, with one line that says what is due; closing needs their keys."""
    async with past(officers=1) as ledger:
        folder = ledger.source.profile.directory
        ran = await ledger.run("record", "-", "-p", folder, given=lines(disclosure(1)))
        assert ran.stderr.count("is due and needs its officers: ledger close --draft FILE asks them") == 1
        refused = await ledger.close(code=2)
        assert refused.error == "officer: 1 of this source's officers approve a closing; give their keys or approvals"
        await ledger.close("--officer", folder / "officer-0.key")
        assert [len(body.approvals) for body in await ledger.closings()] == [1, 1, 1]


async def test_officers_approve_on_machines_of_their_own() -> None:
    """A draft travels to them and approvals come back; no key of theirs was where the source's is."""
    async with past(officers=2) as ledger:
        folder, away = ledger.folder, ledger.folder / "away"
        away.mkdir()
        for number in (0, 1):
            (folder / f"officer-{number}.key").rename(away / f"{number}.key")
        log = folder / "egress.log"
        log.write_bytes(b"every byte that left")
        plan = await ledger.close("--show", "--json")
        drafted = await ledger.close("--draft", "october.draft", "--egress", log)
        assert drafted.stderr.startswith("october.draft: draft of the closing of ")
        assert plan.objects[0]["period"] in drafted.stderr
        assert await ledger.closings() == []
        await ledger.run("record", "-", "-p", folder, given=lines(disclosure(1)))
        (folder / "october.draft").rename(away / "draft")
        officers = Site(away)
        for number in (0, 1):
            told = officers.run("ledger", "approve", "draft", "-k", f"{number}.key", "-o", f"{number}.approval")
            assert told.stdout == drafted.stdout
            assert f"SHA-256 {hashlib.sha256(log.read_bytes()).hexdigest()}" in told.stdout
            assert "It holds no private key: send it to who closes" in told.stderr
        approvals = [("--approval", away / f"{number}.approval") for number in (0, 1)]
        few = await ledger.close(*approvals[0], "--egress", log, code=2)
        assert few.error == "officer: 2 of this source's officers approve a closing; give their keys or approvals"
        without = await ledger.close(*approvals[0], *approvals[1], code=2)
        assert without.error.startswith("approval 1: with another egress digest: ")
        done = await ledger.close(*approvals[0], *approvals[1], "--egress", log, "--json")
        assert [row["period"] for row in done.objects] == [plan.objects[0]["period"]]
        (said,) = await ledger.closings()
        assert len(said.approvals) == 2
        again = await ledger.close(*approvals[0], *approvals[1], "--egress", log, code=2)
        assert (
            again.error
            == f"approval 1: of {plan.objects[0]['period']}, and {plan.objects[1]['period']} is to be closed"
        )
        later = await ledger.close("--draft", "next", "--egress", log, "--json")
        (facts,) = later.objects
        assert {name: facts[name] for name in plan.objects[1]} == plan.objects[1]
        assert (facts["log_id"], facts["source"]) == (ledger.served.log_id.hex(), "alpha")
        assert facts["egress_digest"] == hashlib.sha256(log.read_bytes()).hexdigest()
        assert len(facts["previous"]) == 64


async def test_recording_closes_by_itself() -> None:
    """Unless the profile leaves it to people."""
    async with past() as ledger:
        folder = ledger.source.profile.directory
        settings = folder / "profile.toml"
        text = settings.read_text()
        settings.write_text('close = "hand"\n' + text)
        await ledger.run("record", "-", "-p", folder, given=lines(disclosure(1)))
        assert await ledger.closings() == []
        settings.write_text(text)
        await ledger.run("record", "-", "-p", folder, given=lines(disclosure(2)))
        assert len(await ledger.closings()) == 3


WRONG = {
    "no period": (("--through", "yesterday"), "through: must be a month YYYY-MM, a day YYYY-MM-DD or a week YYYY-Www"),
    "a period to come": (("--through", "2999-01"), "through: names a period that is not over yet"),
    "a plan with officers": (("--show", "--officer", "x"), "show: sends nothing, so it takes neither --officer nor"),
    "a plan with approvals": (("--show", "--approval", "x"), "show: sends nothing, so it takes neither --officer nor"),
    "a plan with a draft": (("--show", "--draft", "x"), "show: sends nothing, so it takes neither --officer nor"),
    "a draft with officers": (
        ("--draft", "x", "--officer", "y"),
        "draft: is for officers to approve, so it takes neithe",
    ),
    "a draft with approvals": (
        ("--draft", "x", "--approval", "y"),
        "draft: is for officers to approve, so it takes ne",
    ),
    "a draft over a file": (("--draft", "profile.toml"), "profile.toml: exists already; nothing was changed"),
    "a draft of a later period": (("--draft", "x", "--through", TODAY), "through: "),
    "no approval": (("--approval", "profile.toml"), "approval: not an approval file"),
    "no egress log": (("--egress", "absent.log"), "absent.log: No such file or directory"),
}


async def test_what_cannot_be_closed_is_told() -> None:
    """Each mistake is one line, and nothing is said."""
    async with past() as ledger:
        for options, error in WRONG.values():
            assert (await ledger.close(*options, code=2)).error.startswith(error)
        assert await ledger.closings() == []
