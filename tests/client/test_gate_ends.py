"""However a release ends, and whenever the process does, its end is in the log exactly once, at the latest at the next
opening."""

import asyncio
from collections import deque
from pathlib import Path

import pytest

from ledger.client import exchange
from ledger.client.payloads import open_own
from ledger.client.recorder import Recorder
from ledger.client.releases import Stage
from ledger.core.bodies import Delivery
from ledger.core.encoding import sha256
from ledger.core.errors import KeySuperseded, LedgerError, Refused, Unavailable, Unresolved
from ledger.core.sealed_keys import x25519_secret
from tests.client.gating import DATA, described, said
from tests.client.lying import Lying, lying
from tests.client.recording import SOURCE, crashed, opened_world, recording
from tests.served import serving

AWAY = Unavailable("gone")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resend without waiting long."""
    monkeypatch.setattr(exchange, "FIRST_DELAY", 0.001)


async def settled(ledger: Lying, directory: Path) -> list[tuple[str, bool]]:
    """Open twice; return each release that was left open, how far it came, and whether its end is logged now."""
    ledger.hold, ledger.losses, ledger.refusals = False, deque(), deque()
    found: list[tuple[str, bool]] = []
    for _ in range(2):
        async with recording(ledger, directory) as recorder:
            found += [(item.note.stage.name, item.receipt is not None) for item in recorder.settled]
            assert recorder.unresolved == []
    return found


async def _killed_inside(ledger: Lying, directory: Path) -> Path:
    """Return the journal of a process that ended while its gate was open."""
    async with recording(ledger, directory) as recorder:
        release = recorder.release(described(), DATA)
        await release.__aenter__()
    return directory


async def test_a_crash_before_the_answer_ends_as_aborted(tmp_path: Path) -> None:
    """Nobody was let through, which the next opening knows."""
    async with lying(opened_world()) as ledger:
        ledger.hold = True
        async with recording(ledger, tmp_path / "state", patience=0.2) as recorder:
            waiting = asyncio.create_task(recorder.release(described(), DATA).__aenter__())
            await ledger.held.wait()
            left = crashed(tmp_path / "state")
            with pytest.raises(LedgerError):
                await waiting
        assert await settled(ledger, left) == [("ASKED", True)]
        assert said(ledger.world) == ["DISCLOSURE", "ABORTED 0"]


async def test_a_crash_between_entry_and_end_is_settled_as_delivered(tmp_path: Path) -> None:
    """The journal knew of it as unresolved; nobody can know that nothing left."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            release = recorder.release(described(), DATA)
            await release.__aenter__()
            left = crashed(tmp_path / "state")
            (note,) = recorder.unresolved
            assert (note.target, note.stage) == (release.receipt.target, Stage.ENTERED)
            assert note.artifact == sha256(DATA)
        assert said(ledger.world) == ["DISCLOSURE"]
        assert await settled(ledger, left) == [("ENTERED", True)]
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


@pytest.mark.parametrize("logged", [True, False], ids=["logged, answer lost", "never arrived"])
async def test_a_crash_while_the_end_is_on_its_way_doubles_nothing(tmp_path: Path, logged: bool) -> None:
    """The signed DELIVERY is resent as it is, and no second one follows."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state", patience=0.2) as recorder:
            release = recorder.release(described(), DATA)
            await release.__aenter__()
            (ledger.losses if logged else ledger.refusals).extend([AWAY] * 1000)
            with pytest.warns(Unresolved, match=r"entry alpha:0 ended as DELIVERED, which is not in the log yet: not"):
                await release.__aexit__(None, None, None)
            assert (release.delivery, release.unresolved != "") == (None, True)
            left = crashed(tmp_path / "state")
        assert await settled(ledger, left) == []
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


async def _stuck(recorder: Recorder, ledger: Lying) -> None:
    """Have a batch on its way that is not answered, so that nothing after it is signed."""
    ledger.held.clear()
    ledger.hold = True
    asyncio.create_task(recorder.record(described())).add_done_callback(lambda task: task.exception())
    await ledger.held.wait()


@pytest.mark.parametrize("fails", [False, True], ids=["delivered", "aborted"])
async def test_an_end_that_cannot_be_signed_yet_is_noted(tmp_path: Path, fails: bool) -> None:
    """What the block did stands, a warning says so, and the next opening says what is known: not a guess."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state", patience=0.3) as recorder:
            error = ValueError() if fails else None
            release = recorder.release(described(), DATA, timeout=0.05)
            await release.__aenter__()
            await _stuck(recorder, ledger)
            stage = "ABORTED" if fails else "DELIVERED"
            with pytest.warns(Unresolved, match=f"entry alpha:0 ended as {stage}.*: no answer within 0.05 s; what the"):
                await release.__aexit__(type(error) if error else None, error, None)
            left = crashed(tmp_path / "state")
        assert await settled(ledger, left) == [(stage, True)]
        assert said(ledger.world) == ["DISCLOSURE", "DISCLOSURE", f"{stage} 0"]


async def test_an_end_whose_wait_is_cancelled_is_noted_too(tmp_path: Path) -> None:
    """A task that is cancelled once more while it says ABORTED leaves that to the next opening."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state", patience=0.3) as recorder:
            release = recorder.release(described(), DATA)
            await release.__aenter__()
            await _stuck(recorder, ledger)
            ending = asyncio.create_task(release.__aexit__(ValueError, ValueError(), None))
            await asyncio.sleep(0)
            ending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await ending
            left = crashed(tmp_path / "state")
        assert await settled(ledger, left) == [("ABORTED", True)]


async def test_a_late_answer_ends_it_in_the_same_run(tmp_path: Path) -> None:
    """Past its deadline an end stays on its way, and once it is logged nothing is left to settle."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            with pytest.warns(Unresolved, match="gone"):
                async with recorder.release(described(), DATA, timeout=0.05):
                    ledger.losses.extend([AWAY] * 9)
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]
        assert await settled(ledger, tmp_path / "state") == []


async def test_a_release_that_outlives_its_recorder_is_settled_by_the_next(tmp_path: Path) -> None:
    """Its end cannot even be noted; it counts as handed over."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            release = recorder.release(described(), DATA)
            await release.__aenter__()
        with pytest.warns(Unresolved, match="the recorder is closed"):
            await release.__aexit__(ValueError, ValueError(), None)
        assert await settled(ledger, tmp_path / "state") == [("ENTERED", True)]


async def test_an_end_that_the_log_refuses_is_told_once(tmp_path: Path) -> None:
    """Where the log has a DELIVERY that this journal does not know of, the note goes, with the reason."""
    async with lying(opened_world()) as ledger:
        left = await _killed_inside(ledger, tmp_path / "state")
        ledger.refusals.append(Refused("target: has a DELIVERY, entry 4"))
        async with recording(ledger, left) as recorder:
            (item,) = recorder.settled
            assert (item.receipt, item.refusal) == (None, "target: has a DELIVERY, entry 4")
            assert item.words == "needs no end: target: has a DELIVERY, entry 4"
            assert recorder.unresolved == []


async def test_a_key_that_does_not_serve_keeps_the_notes(tmp_path: Path) -> None:
    """What concerns the source and not the end is raised; with the right key the end is logged."""
    async with lying(opened_world()) as ledger:
        left = await _killed_inside(ledger, tmp_path / "state")
        ledger.refusals.append(KeySuperseded("key: old", bytes(32)))
        with pytest.raises(KeySuperseded):
            async with recording(ledger, left):
                raise AssertionError
        assert await settled(ledger, left) == [("ENTERED", True)]


async def test_another_key_settles_what_the_earlier_one_noted(tmp_path: Path) -> None:
    """Which artifact it was is sealed under the earlier key; which entry it is of is not."""
    async with lying(opened_world()) as ledger:
        left = await _killed_inside(ledger, tmp_path / "state")
        ledger.world.change_key(SOURCE)
        async with recording(ledger, left) as recorder:
            (item,) = recorder.settled
            assert (item.note.stage, item.note.artifact) == (Stage.ENTERED, None)
        assert said(ledger.world) == ["DISCLOSURE", "DELIVERED 0"]


async def test_many_left_open_are_settled_at_once(tmp_path: Path) -> None:
    """Each gets its end, but for the one that has it already."""
    async with lying(opened_world()) as ledger:
        async with recording(ledger, tmp_path / "state") as recorder:
            releases = [recorder.release(described(), DATA) for _ in range(5)]
            await asyncio.gather(*(release.__aenter__() for release in releases))
            await recorder.deliver(releases[2].receipt.target)
        async with recording(ledger, tmp_path / "state") as recorder:
            assert [item.note.target.sequence for item in recorder.settled] == [0, 1, 3, 4]
        assert sorted(said(ledger.world)[5:]) == [f"DELIVERED {number}" for number in range(5)]


async def test_what_was_settled_says_so_to_who_may_read_it() -> None:
    """The DELIVERY is opened by its source: it says that it was said afterwards, and why it says DELIVERED."""
    async with serving() as served:
        source = await served.enrol("alpha", await served.accredit("Auditor One"))
        async with source.recorder() as recorder:
            release = recorder.release(described(), DATA)
            await release.__aenter__()
        async with source.recorder() as recorder:
            (item,) = recorder.settled
            assert item.receipt is not None
        async with source.reader(as_role=True) as reader, source.profile.role_channel() as channel:
            entry = await reader.entry(item.receipt.index)
            assert isinstance(entry.statement.body, Delivery)
            secret = x25519_secret(source.own_key.secret.seed)
            opened = await open_own(channel, entry, served.log_id, secret)
        assert opened.record_object["notes"] == Stage.ENTERED.words
