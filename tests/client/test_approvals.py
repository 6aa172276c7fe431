"""Officers approve a closing on machines of their own: what travels is taken whole or not at all."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.client.approvals import Draft, OfficerApproval
from ledger.client.opening import draft_closing
from ledger.core import bodies
from ledger.core.batch import OPENING, sign_batch
from ledger.core.bodies import Count, Period
from ledger.core.encoding import ZERO_HASH, encode_base64, sha256
from ledger.core.errors import InvalidInput, Refused, Uncheckable
from ledger.core.inner import verify_approvals
from ledger.core.periods import DAY, WEEK, period_end, period_start
from ledger.core.rules import MAX_MINUTE
from ledger.core.statement import Statement, encode_statement
from tests.client.lying import Lying, lying
from tests.client.opened import check_tiling, closings, officer, recorder_of, world_of
from tests.client.recording import SOURCE
from tests.client.test_opening import key, profile
from tests.core.world import START, World, disclosure, secret

BY_HAND = {"close": "hand"}
MONTH = period_start(START, Period.MONTH)


def body(period: Period = Period.MONTH) -> bodies.Closing:
    """Return what a draft says."""
    start, none = period_start(START, period), Count(0, 0)
    end = period_end(start, period)
    return bodies.Closing(start, end, 3, 7, Count(4, 4), Count(1, 1), none, none, sha256(b"before"), 0, ZERO_HASH)


def draft() -> Draft:
    """Return a draft."""
    return Draft(World.open().log_id, SOURCE, body())


@pytest.mark.parametrize("period", [Period.DAY, Period.WEEK, Period.MONTH], ids=lambda period: period.name)
def test_drafts_and_approvals_read_back(tmp_path: Path, period: Period) -> None:
    """Over files, whatever the period."""
    sent = replace(draft(), body=body(period))
    (tmp_path / "draft").write_text(sent.format())
    approval = Draft.load(tmp_path / "draft").approve(officer(0))
    (tmp_path / "approval").write_text(approval.format())
    read = OfficerApproval.load(tmp_path / "approval")
    assert (read, read.draft) == (approval, sent)
    said = replace(read.draft.body, approvals=(read.approval,))
    assert verify_approvals(sent.log_id, said, [officer(0).public], 1, SOURCE)


def test_everything_that_is_approved_is_told() -> None:
    """In words: log, source, period, counts, sequences, egress log, the closing before."""
    given, digest = draft(), sha256(b"egress")
    assert given.facts == {
        "log": given.log_id.hex(),
        "source": SOURCE,
        "period": "2025-11, from 2025-11-01 until 2025-12-01 UTC",
        "disclosures": "4",
        "aborted": "1",
        "embargoed": "0",
        "late": "0",
        "sequences": "3:7",
        "egress log": "none",
        "follows": f"the closing whose leaf hash is {sha256(b'before').hex()}",
    }
    first = replace(given, body=replace(body(), egress_digest=digest, previous=ZERO_HASH))
    assert (first.facts["egress log"], first.facts["follows"]) == (f"SHA-256 {digest.hex()}", "none")


def text(statement: object, **members: object) -> str:
    """Return a file's text with any statement."""
    return json.dumps({"log_id": draft().log_id.hex(), "statement": statement, **members})


def stated(said: bodies.Body, source_id: str = SOURCE, sequence: int = 0, minute: int = 0) -> str:
    """Return a file's text that holds ``said``."""
    return text(encode_base64(encode_statement(Statement(source_id, sequence, minute, said))))


SEALED = sign_batch([Statement(SOURCE, 0, 0, body())], replace(OPENING), ZERO_HASH, [secret("x").sign])[0]
APPROVED = replace(body(), approvals=(draft().approve(officer(0)).approval,))
BAD: dict[str, tuple[str, str]] = {
    "nothing": ("", "^{}: not an? {} file$"),
    "a list": ("[]", "^{}: not an? {} file$"),
    "deep nesting": ("[" * 100_000, "^{}: not an? {} file$"),
    "a member too many": (text("", comment="please"), "^{}: not an? {} file$"),
    "a statement that is no text": (text(7), "^{}: not an? {} file$"),
    "no base64": (text("&"), "^statement: not standard base64$"),
    "a short log id": (stated(APPROVED).replace(draft().log_id.hex(), "ab"), "^log_id: must be 32 bytes$"),
    "another statement": (stated(World.open().enrolment(SOURCE), "ledger"), "^{}: not of a closing$"),
    "a sequence": (stated(APPROVED, sequence=5), "^statement: has a place, a time or a seal"),
    "a time": (stated(APPROVED, minute=START), "^statement: has a place, a time or a seal"),
    "a seal": (text(encode_base64(SEALED)), "^statement: has a place, a time or a seal"),
    "part of a month": (
        stated(replace(APPROVED, end=body().end - 1)),
        "^statement: closes no whole day, week or month$",
    ),
    "a time to come": (
        stated(replace(APPROVED, start=2**63, end=2**63 + DAY)),
        "^statement: closes no whole day, week or month$",
    ),
    "the last day": (
        stated(replace(APPROVED, start=MAX_MINUTE + 1 - DAY, end=MAX_MINUTE + 1)),
        "^statement: closes no whole day, week or month$",
    ),
    "a band": (stated(replace(APPROVED, late=Count(0, 1))), "^statement: has bands or a map, which"),
    "a map": (stated(replace(APPROVED, mapped_through=1)), "^statement: has bands or a map, which"),
}


@pytest.mark.parametrize(("given", "message"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("what", ["draft", "approval"])
def test_what_is_neither_is_refused(what: str, given: str, message: str) -> None:
    """A file is taken whole, with exactly what it has to hold, or not at all."""
    parse: Callable[[str], object] = Draft.parse if what == "draft" else OfficerApproval.parse
    with pytest.raises(InvalidInput, match=message.format(what, what)):
        parse(given)


def test_a_draft_is_no_approval_and_an_approval_no_draft(tmp_path: Path) -> None:
    """Nor are two approvals in one file; nor are bytes that are no text either."""
    with pytest.raises(InvalidInput, match=r"^draft: is approved already: give the draft itself$"):
        Draft.parse(stated(APPROVED))
    two = (*APPROVED.approvals, draft().approve(officer(1)).approval)
    for approvals in ((), two):
        with pytest.raises(InvalidInput, match=r"^approval: must hold one approval, as ledger approve writes it$"):
            OfficerApproval.parse(stated(replace(body(), approvals=approvals)))
    with pytest.raises(Uncheckable):
        Draft.parse(text(encode_base64(b"\x08\x02")))
    (tmp_path / "file").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match=r"^draft: not a draft file$"):
        Draft.load(tmp_path / "file")
    with pytest.raises(InvalidInput, match=r"^approval: not an approval file$"):
        OfficerApproval.load(tmp_path / "file")


async def drafted(ledger: Lying, folder: Path, **how: Any) -> Draft:
    """Return the draft of the closing that is due."""
    world = ledger.world
    clock = lambda: world.minute * 60.0  # noqa: E731 -- the world's clock, in seconds
    return await draft_closing(profile(ledger, folder), key(world.secrets[SOURCE]), clock=clock, **how)


async def test_a_closing_is_approved_elsewhere_while_the_next_period_goes_on(tmp_path: Path) -> None:
    """Once its period is over nothing that is recorded changes what is approved; keys and approvals mix."""
    digest = sha256(b"egress")
    async with lying(world_of(Period.WEEK, officers=3)) as ledger:
        world = ledger.world
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            await opened.record(disclosure())
        world.minute += WEEK
        size = world.size
        said = await drafted(ledger, tmp_path, egress=digest)
        assert (world.size, said.body.first_sequence, said.body.end_sequence) == (size, 0, 1)
        approvals = [said.approve(officer(number)) for number in (2, 0)]
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            await opened.record(disclosure())
            world.minute += WEEK
            await opened.record(disclosure())
            assert await drafted_meanwhile(opened) == said.body.end_sequence
            (closed,) = await opened.close_periods(egress=digest, officers=[officer(1)], approvals=approvals)
        assert replace(closed.body, approvals=()) == said.body
        assert len(verify_approvals(world.log_id, closed.body, world.state.sources[SOURCE].officers, 3, SOURCE)) == 3
        assert check_tiling(world) == [closed.body]
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            next_one = opened._speaker.book.next_closing(opened.next_sequence)
            assert (next_one.first_sequence, next_one.end_sequence) == (1, 2)


async def test_a_recorder_that_runs_on_drafts_and_closes(tmp_path: Path) -> None:
    """No gateway has to stop for its officers: the recorder that holds the journal says the same draft, and closes."""
    digest = sha256(b"egress")
    async with lying(world_of(Period.WEEK, officers=2)) as ledger, recorder_of(ledger, tmp_path) as opened:
        with pytest.raises(Refused, match=r"^draft: no period is over that is not closed already$"):
            await opened.draft_closing()
        await opened.record(disclosure())
        ledger.world.minute += 2 * WEEK
        with pytest.raises(InvalidInput, match=r"^through: 2025-W48 is to be closed first: each closing names the one"):
            await opened.draft_closing(START + WEEK)
        said = await opened.draft_closing(START, digest)
        await opened.record(disclosure())
        assert await opened.draft_closing(egress=digest) == said
        assert closings(ledger.world.leaves) == []
        (closed,) = await opened.close_periods(egress=digest, approvals=[said.approve(officer(n)) for n in (0, 1)])
        assert replace(closed.body, approvals=()) == said.body
        assert (await opened.draft_closing()).body.previous == closed.receipt.leaf_hash


async def drafted_meanwhile(opened: Any) -> int:
    """Return where the next closing would end now."""
    return int(opened._speaker.book.next_closing(opened.next_sequence).end_sequence)


WRONG: dict[str, tuple[Callable[[Draft], list[OfficerApproval]], str]] = {
    "another log": (lambda said: [replace(said, log_id=ZERO_HASH).approve(officer(0))], "approval 1: of another log$"),
    "another source": (
        lambda said: [replace(said, source_id="beta").approve(officer(0))],
        "approval 1: of another source, beta$",
    ),
    "another period": (
        lambda said: [altered(said, start=said.body.end, end=said.body.end + WEEK)],
        "approval 1: of 2025-W49, and 2025-W48 is to be closed$",
    ),
    "another closing before": (
        lambda said: [altered(said, previous=sha256(b"x"))],
        "approval 1: follows another closing than the latest; have a new draft approved$",
    ),
    "another egress log": (
        lambda said: [altered(said, egress_digest=sha256(b"x"))],
        "approval 1: with another egress digest: the draft and the closing take the same egress log, or none$",
    ),
    "other counts": (
        lambda said: [altered(said, disclosures=Count(2, 2))],
        "approval 1: says disclosures 2, and the closing 1; have a new draft approved$",
    ),
    "other sequences": (
        lambda said: [altered(said, end_sequence=2)],
        "approval 1: says sequences 0:2, and the closing 0:1; have a new draft approved$",
    ),
    "a stranger": (
        lambda said: [said.approve(officer(0)), said.approve(secret("stranger"))],
        "approval 2: not by an officer whom this source's key statement names$",
    ),
    "one twice": (
        lambda said: [said.approve(officer(0))] * 2,
        "approval 2: by an officer who approves already: each approves once$",
    ),
    "a key beside": (
        lambda said: [said.approve(officer(1))],
        "approval 1: by an officer who approves already: each approves once$",
    ),
}


def altered(said: Draft, **fields: Any) -> OfficerApproval:
    """Return an officer's approval of something else."""
    return replace(said, body=replace(said.body, **fields)).approve(officer(0))


async def test_an_approval_of_anything_else_is_refused(tmp_path: Path) -> None:
    """Each says what is wrong with it, and nothing is closed; nor with too few, nor with a signature that fails."""
    async with lying(world_of(Period.WEEK, officers=2)) as ledger:
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            await opened.record(disclosure())
        ledger.world.minute += WEEK
        said = await drafted(ledger, tmp_path)
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            for made, message in WRONG.values():
                with pytest.raises(InvalidInput, match=f"^{message}"):
                    await opened.close_periods(officers=[officer(1)], approvals=made(said))
            one = said.approve(officer(0))
            forged = replace(one, approval=replace(one.approval, signature=bytes(64)))
            with pytest.raises(
                InvalidInput, match=r"^approval 1: its signature is not its officer's over this closing$"
            ):
                await opened.close_periods(officers=[officer(1)], approvals=[forged])
            with pytest.raises(
                Refused, match=r"^officer: 2 of this source's officers .*; give their keys or approvals$"
            ):
                await opened.close_periods(approvals=[one])
            assert closings(ledger.world.leaves) == []
            assert len(await opened.close_periods(approvals=[one, said.approve(officer(1))])) == 1
            with pytest.raises(InvalidInput, match=r"^approval: belongs to one period, and 0 are to be closed$"):
                await opened.close_periods(approvals=[one])


async def test_one_period_at_a_time_is_drafted_and_closed(tmp_path: Path) -> None:
    """Each closing names the one before it, so the oldest comes first; the others wait for theirs."""
    async with lying(world_of(Period.WEEK, officers=1)) as ledger:
        world = ledger.world
        first, second = START, START + WEEK
        with pytest.raises(Refused, match=r"^draft: no period is over that is not closed already$"):
            await drafted(ledger, tmp_path)
        world.minute += 2 * WEEK
        with pytest.raises(InvalidInput, match=r"^through: 2025-W48 is to be closed first: each closing names the one"):
            await drafted(ledger, tmp_path, through=second)
        said = await drafted(ledger, tmp_path, through=first)
        assert await drafted(ledger, tmp_path) == said
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            with pytest.raises(
                InvalidInput, match=r"^approval: belongs to one period, and 2 are to be closed; name it$"
            ):
                await opened.close_periods(second, approvals=[said.approve(officer(0))])
            assert len(await opened.close_periods(approvals=[said.approve(officer(0))])) == 1
        said = await drafted(ledger, tmp_path, through=second)
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            assert len(await opened.close_periods(second, approvals=[said.approve(officer(0))])) == 1
        assert len(check_tiling(world)) == 2
