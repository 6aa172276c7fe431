"""Periods closed by hand: up to which, approved by whom, with which egress log; and what is late for them."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client.book import decode_book, encode_book, read_book
from ledger.client.exchange import advance
from ledger.client.journal import Position
from ledger.client.opening import preview
from ledger.client.profile import load, save
from ledger.client.reads import LogClient
from ledger.core import bodies
from ledger.core.bodies import Period
from ledger.core.building import prepare
from ledger.core.closings import Book, Tally
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.errors import ConfigInvalid, InvalidInput, Refused, StoreDamaged, Unavailable, VerificationFailed
from ledger.core.inner import verify_approvals
from ledger.core.periods import DAY, WEEK, period_start
from tests.client.lying import Lying, lying
from tests.client.opened import book, check_tiling, closings, officer, recorder_of, world_of
from tests.client.recording import SOURCE, opened_world, recording
from tests.client.test_opening import key, profile
from tests.core.world import START, Entropy, disclosure, secret

BY_HAND = {"close": "hand"}
WARNING = "the closing of 2025-W48 is due and needs its officers: ledger close --draft FILE asks them"


async def test_up_to_the_period_named(tmp_path: Path) -> None:
    """Those after it stay open, one that is not over is refused, and one that is closed already is nothing to do."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path, **BY_HAND) as opened:
        ledger.world.minute += 3 * WEEK
        assert len(await opened.close_periods(START + WEEK)) == 2
        assert await opened.close_periods(START) == []
        with pytest.raises(InvalidInput, match=r"^through: names a period that is not over yet$"):
            await opened.close_periods(START + 3 * WEEK)
        assert len(await opened.close_periods()) == 1
        check_tiling(ledger.world)


async def test_an_egress_log_belongs_to_one_period(tmp_path: Path) -> None:
    """Its digest stands in the closing, and with two periods to close it is refused."""
    digest = sha256(b"egress")
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path, **BY_HAND) as opened:
        ledger.world.minute += 2 * WEEK
        with pytest.raises(InvalidInput, match=r"^egress: belongs to one period, and 2 are to be closed; name it$"):
            await opened.close_periods(egress=digest)
        await opened.close_periods(START, digest)
        await opened.close_periods()
        assert [body.egress_digest for body in check_tiling(ledger.world)] == [digest, ZERO_HASH]


async def test_officers_approve(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without their keys the recorder says once that a closing is due and records on; with them it is approved."""
    async with lying(world_of(Period.WEEK, officers=2)) as ledger:
        ledger.world.minute += WEEK
        async with recorder_of(ledger, tmp_path) as opened:
            for _ in range(3):
                await opened.record(disclosure())
            with pytest.raises(Refused, match=r"^officer: 2 of this source's officers approve a closing; give their"):
                await opened.close_periods(officers=[officer(0), officer(0)])
            with pytest.raises(InvalidInput, match=r"^officer: not the key of an officer of this source$"):
                await opened.close_periods(officers=[officer(0), officer(2)])
            assert closings(ledger.world.leaves) == []
            await opened.close_periods(officers=[officer(0), officer(1)])
        assert caplog.messages == [WARNING]
        ledger.world.minute += WEEK
        async with recorder_of(ledger, tmp_path, officers=[officer(1), officer(0)]) as opened:
            assert len(opened.closed) == 1
        with pytest.raises(InvalidInput, match=r"^officer: not the key of an officer"):
            async with recorder_of(ledger, tmp_path, officers=[secret("stranger"), officer(0)]):
                raise AssertionError
        source = ledger.world.state.sources[SOURCE]
        for body in check_tiling(ledger.world):
            assert len(verify_approvals(ledger.world.log_id, body, source.officers, 2, SOURCE)) == 2


async def test_what_would_be_said_can_be_seen_before(tmp_path: Path) -> None:
    """The plan has the counts and sequences that are said later, sends nothing and leaves the journal as it was."""
    async with lying(world_of(Period.WEEK)) as ledger:
        world = ledger.world
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            await opened.record(disclosure())
            world.minute += 2 * WEEK
            await opened.record(disclosure())
        held, pair = profile(ledger, tmp_path), key(world.secrets[SOURCE])
        size = world.size
        period, planned = await preview(held, pair, clock=lambda: world.minute * 60.0)
        assert (period, world.size) == (Period.WEEK, size)
        assert len((await preview(held, pair, START, lambda: world.minute * 60.0))[1]) == 1
        async with recorder_of(ledger, tmp_path, **BY_HAND) as opened:
            closed = await opened.close_periods()
        assert [replace(item.body, previous=ZERO_HASH) for item in closed] == [
            replace(body, previous=ZERO_HASH) for body in planned
        ]
        ledger.hold = True
        async with recorder_of(ledger, tmp_path, patience=0.05) as opened:
            with pytest.raises(Unavailable):
                await opened.record(disclosure())
        with pytest.raises(Refused, match=r"^journal: a batch waits for its answer; ledger queue flush settles it$"):
            await preview(held, pair)


async def test_late_ones_name_a_closed_period(tmp_path: Path) -> None:
    """What happened in a closed period is recorded late, and what names another is refused without its neighbours."""
    async with lying(world_of(Period.WEEK)) as ledger, recorder_of(ledger, tmp_path) as opened:
        monday = period_start(START, Period.WEEK)
        ledger.world.minute += WEEK
        late = replace(disclosure(), late_for=monday)
        assert (await opened.record(late)).sequence == 1
        future = replace(disclosure(), late_for=monday + WEEK)
        with pytest.raises(Refused, match=r"^late_for: names no closed period of this source$"):
            await opened.record(future)
        ledger.world.minute += WEEK
        await opened.record(disclosure())
    last = check_tiling(ledger.world)[-1]
    assert (last.disclosures, last.late) == (bodies.Count(1, 1), bodies.Count(1, 1))


async def test_a_recorder_without_counts_closes_nothing(tmp_path: Path) -> None:
    """A bare recorder, whose journal was never held against the log, says so."""
    async with lying(opened_world()) as ledger, recording(ledger, tmp_path / "state") as bare:
        ledger.world.minute += 5 * WEEK
        await bare.record(disclosure())
        with pytest.raises(Unavailable, match=r"^the recorder has no counts: open it with open_recorder$"):
            await bare.close_periods()
    with pytest.raises(Unavailable, match=r"^the recorder is closed$"):
        await bare.close_periods()


def test_what_the_ledger_must_refuse_is_not_settled() -> None:
    """An answer for what contradicts the chain convicts the ledger: the journal keeps the batch."""
    world = opened_world()
    wrong = replace(disclosure(), late_for=START)
    batch = world.built_batch(SOURCE, prepare(wrong, Entropy()))
    position = Position(book=book(Lying(world)))
    with pytest.raises(VerificationFailed, match=r"^answer: the ledger logged what it must refuse: late_for: "):
        advance(position, batch, world.binding(SOURCE), 4, ZERO_HASH)


BOOK = Book(Period.DAY, DAY, 3 * DAY, 7, sha256(b"closing"), (Tally(3 * DAY, 9, 1, 2, 3, 4), Tally(5 * DAY, 12)))


def test_a_book_is_kept_as_it_is() -> None:
    """Whatever it counts comes back."""
    assert decode_book(encode_book(BOOK)) == BOOK


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "[1]",
        '[9, 0, 0, 0, "00", []]',
        encode_book(BOOK).replace("12", "-1"),
        encode_book(BOOK)[:-5] + '"x"]]]',
        "[" * 2000,
    ],
)
def test_a_damaged_book_is_refused(text: str) -> None:
    """The message says how it is counted anew."""
    with pytest.raises(StoreDamaged, match=r"^journal: its counts cannot be read; move its directory away"):
        decode_book(text)


WRONG_ENDS = {"too far": (4, ZERO_HASH), "not far enough": (2, ZERO_HASH), "another batch": (3, sha256(b"another"))}


@pytest.mark.parametrize(("end", "previous"), WRONG_ENDS.values(), ids=WRONG_ENDS)
async def test_counts_lead_to_the_head_or_are_none(tmp_path: Path, end: int, previous: Hash) -> None:
    """A chain that ends elsewhere than its head is none to count."""
    world = opened_world()
    world.disclose(SOURCE, disclosure(), disclosure())
    world.enrol("beta")
    world.disclose("beta")
    world.disclose(SOURCE)
    async with lying(world) as ledger:
        held = profile(ledger, tmp_path)
        reader = LogClient(ledger.channel, held.pins)
        source = world.state.sources[SOURCE]
        assert await read_book(reader, SOURCE, source.key_index, 3, source.previous) == source.book
        with pytest.raises(VerificationFailed, match=r"^head: the log's own entries do not lead to it$"):
            await read_book(reader, SOURCE, source.key_index, end, previous or source.previous)
        with pytest.raises(VerificationFailed, match=r"^entries: not a chain of this source: entries: a gap in the"):
            await read_book(reader, SOURCE, world.state.sources["beta"].key_index, 3, source.previous)


def test_a_profile_says_who_closes(tmp_path: Path) -> None:
    """Either word is kept, and another one is a mistake."""
    world = opened_world()
    held = replace(profile(Lying(world), tmp_path, "one"), close="hand", address="a:1", role_address="a:2", auditors=())
    save(tmp_path / "profile.toml", held)
    assert load(tmp_path).close == "hand"
    text = (tmp_path / "profile.toml").read_text()
    (tmp_path / "profile.toml").write_text(text.replace('"hand"', '"never"'))
    with pytest.raises(ConfigInvalid) as raised:
        load(tmp_path)
    assert raised.value.problems[0].endswith("close: must be auto or hand")
