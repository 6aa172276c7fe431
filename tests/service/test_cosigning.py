"""Whatever is published is cosigned by a quorum of real witnesses, and no witness can hold the others up."""

import asyncio
from concurrent.futures import Future
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.checkpoint import open_checkpoint
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import Refused
from ledger.core.policy import verify_quorum
from ledger.core.sealing_policy import DEFAULT
from ledger.engine import schema
from ledger.host.listening import listen
from ledger.service import cosigning, server
from ledger.service.cosigning import in_thread
from ledger.service.setup import NO_WITNESSES, read_policy
from tests.served import ORIGIN, Served, serving
from tests.service.cosigning import NAMES, Witnessed, witnessed
from tests.witness.scripted import Answer, scripted


async def change_policy(served: Served, policy: bytes) -> None:
    """Log a change of the witness policy."""
    async with served.admin() as admin:
        status = await admin.status()
        approvers, thresholds = (served.approver.public.public,), (bodies.Threshold(0, 1),)
        body = bodies.PolicyChanged(status.next_number, sha256(policy), sha256(DEFAULT), approvers, thresholds)
        approved = Request(Hash(status.log_id), body).numbered(status.next_number).approved([served.approver.secret])
        await admin.govern(approved.body, policy, DEFAULT)


def check(log: Witnessed, note: bytes) -> None:
    """Raise unless ``note`` is the log's, under its own signature, with a quorum of lines that verify."""
    signed = open_checkpoint(note, log.served.vkey, ORIGIN)
    verify_quorum(signed, log.policy)
    assert len(signed.note.signatures) >= 1 + 2


async def test_what_is_published_is_cosigned() -> None:
    """Each new tree gets the quorum's note, which is stored, and found again by a restart without any witness."""
    async with witnessed() as log:
        for name in ("One", "Two"):
            await log.served.accredit(name)
            tree = await log.covered()
            check(log, tree.note)
            assert log.served.rows()[schema.meta_key("cosigned")] == tree.note
        await log.until(lambda: not log.served.server._cosigner.missing(tree.size))
        assert [witness.size for witness in log.witnesses] == [tree.size] * 3
        await log.served.stop()
        for witness in log.witnesses:
            await witness.stop()
        await log.served.start()
        assert log.served.server.sequencer.view.cosigned == tree


async def test_one_of_three_may_be_away() -> None:
    """A quorum of two goes on without the third, whose failures are told; it catches up when it is back."""
    async with witnessed() as log:
        await log.covered()
        await log.witnesses[2].stop()
        await log.served.accredit("One")
        check(log, (await log.covered()).note)
        await log.until(lambda: log.asked("three").failures)
        async with log.served.admin() as admin:
            rows = {row.name: row for row in (await admin.status()).witnesses}
        assert set(rows) == set(NAMES)
        assert rows["three"].failure.startswith("witness: no whole answer (")
        assert (rows["one"].failures, rows["one"].failure) == (0, "")
        assert rows["one"].size == log.served.server.sequencer.view.size > rows["three"].size
        assert rows["one"].timestamp
        await log.witnesses[2].start()
        log.asked("three").not_before = 0
        await log.served.accredit("Two")
        await log.until(lambda: not log.asked("three").failures)
        assert log.witnesses[2].size == log.asked("three").size
        assert log.asked("three").failure == ""


async def test_a_silent_witness_holds_nobody_up() -> None:
    """While one says nothing, rounds go on with the others, and it is asked once at a time."""
    async with witnessed() as log:
        await log.covered()
        await log.witnesses[2].stop()
        with closing(listen("127.0.0.1", log.witnesses[2].port, 5)):
            for name in ("One", "Two", "Three"):
                await log.served.accredit(name)
                check(log, (await log.covered()).note)
            assert log.asked("three").busy
            assert log.served.server._cosigner.missing(log.served.server.sequencer.view.size) == ["three"]


async def test_a_witness_that_never_ends_its_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a request goes on, its witness counts as failed in time, and is asked anew over a new connection."""
    async with witnessed() as log:
        await log.covered()
        await log.witnesses[2].stop()
        monkeypatch.setattr(cosigning, "WITNESS_SECONDS", 0.05)
        client = log.asked("three").client
        with closing(listen("127.0.0.1", log.witnesses[2].port, 5)):
            await log.served.accredit("One")
            await log.until(lambda: log.asked("three").failures)
            assert log.asked("three").failure == "witness: no whole answer within 0.05 s"
            assert log.asked("three").client is not client
        monkeypatch.undo()
        await log.witnesses[2].start()
        log.asked("three").not_before = 0
        await log.served.accredit("Two")
        await log.until(lambda: not log.asked("three").failures)


async def test_a_quorum_that_comes_back_is_used() -> None:
    """Without a quorum nothing is kept; witnesses are tried again later and later, and what they miss meanwhile."""
    async with witnessed() as log:
        old = await log.covered()
        for witness in log.witnesses[1:]:
            await witness.stop()
        await log.served.accredit("One")
        await log.served.accredit("Two")
        await log.until(lambda: min(log.asked(name).failures for name in ("two", "three")) >= 2)
        assert log.served.server.sequencer.view.cosigned == old
        await log.witnesses[1].start()
        assert (await log.covered()).size == old.size + 2
        assert log.asked("two").failures == 0


async def test_a_witness_that_does_not_know_the_log_is_told() -> None:
    """A refusal is shown in our own words, with the HTTP status."""
    async with witnessed() as log:
        await log.covered()
        path = log.witnesses[0].state.directory / "logs"
        for file in path.iterdir():
            file.unlink()
        await log.served.accredit("One")
        await log.covered()
        await log.until(lambda: log.asked("one").failure)
        assert log.asked("one").failure == "witness: it does not know this log (HTTP 404)"


@pytest.mark.parametrize(
    ("url", "failure"),
    [("", "url: the policy has none"), ("ftp://x", "url: must be http:// or https://, a host and perhaps")],
)
async def test_a_witness_that_cannot_be_asked_is_told(url: str, failure: str) -> None:
    """A witness without a URL of any use is left out of the rounds, and its status says why."""
    async with witnessed() as log:
        lines = [witness.line() for witness in log.witnesses]
        lines[0] = f"{lines[0].rpartition(' ')[0]} {url}"
        policy = "\n".join([*lines, "group g 2 one two three", "quorum g", ""]).encode()
        await change_policy(log.served, policy)
        tree = await log.covered()
        verify_quorum(open_checkpoint(tree.note, log.served.vkey, ORIGIN), log.policy)
        assert log.asked("one").failure.startswith(failure)
        assert log.served.server._cosigner.missing(tree.size) == ["one"]


async def test_an_overloaded_witness_is_left_alone() -> None:
    """A witness that asks for time gets it, while the others go on."""
    busy = Answer(429, headers={"Retry-After": "120"})
    async with witnessed() as log:
        with scripted(lambda *_: busy) as overloaded:
            lines = [witness.line() for witness in log.witnesses]
            lines[2] = f"{lines[2].rpartition(' ')[0]} {overloaded.url}"
            await change_policy(log.served, "\n".join([*lines, "group g 2 one two three", "quorum g", ""]).encode())
            await log.covered()
            await log.until(lambda: log.asked("three").failures)
            assert log.asked("three").not_before > asyncio.get_running_loop().time() + 60
            await log.served.accredit("One")
            await log.covered()
        assert len(overloaded.asked) == 1


async def test_a_policy_file_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has the policy; that profiles would get the old one is told in the server's log."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with witnessed() as log:
        monkeypatch.setattr(server, "write_policy", fail)
        await change_policy(log.served, log.raw_policy)
        assert read_policy(log.served.directory) == log.raw_policy


async def test_the_policy_may_change() -> None:
    """A new policy is taken up at once, its file is kept for profiles; under quorum none nobody is asked."""
    async with witnessed() as log:
        await log.covered()
        served, running = log.served, log.served.server
        assert read_policy(served.directory) == log.raw_policy
        await change_policy(served, NO_WITNESSES)
        await log.until(lambda: not running._cosigner.witnesses)
        assert read_policy(served.directory) == NO_WITNESSES
        assert running.sequencer.view.cosigned is None
        await served.accredit("One")
        size = running.sequencer.view.size
        async with served.admin() as admin:
            status = await admin.status()
        assert (len(status.witnesses), status.cosigned_size, status.cosigned_time) == (0, 0, 0)
        await change_policy(served, log.raw_policy)
        check(log, (await log.covered()).note)
        assert max(witness.size for witness in log.witnesses) > size


async def test_a_log_without_witnesses_asks_nobody() -> None:
    """Under quorum none there is no round, no thread and no row."""
    async with serving(metrics_listen="") as served:
        await served.accredit("One")
        assert served.server._cosigner.witnesses == []
        assert schema.meta_key("cosigned") not in served.rows()


async def test_what_the_writer_refuses_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that the writer does not take ends its round, and the next one is asked for as before."""
    async with witnessed() as log:
        await log.covered()
        sequencer = log.served.server.sequencer
        refused: list[bytes] = []
        keep = sequencer.keep

        def refuse_once(note: bytes) -> Future[int]:
            if refused:
                return keep(note)
            refused.append(note)
            future: Future[int] = Future()
            future.set_exception(Refused("not now"))
            return future

        monkeypatch.setattr(sequencer, "keep", refuse_once)
        await log.served.accredit("One")
        await log.covered()
        await log.served.accredit("Two")
        check(log, (await log.covered()).note)


async def test_a_fault_of_our_own_is_told_and_outlived(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected is logged by its type, and the next round is as any other."""
    async with witnessed() as log:
        await log.covered()
        running, faults = log.served.server, [ValueError("a value")]
        keep = running.sequencer.keep

        def fail_once(note: bytes) -> Future[int]:
            if faults:
                raise faults.pop()
            return keep(note)

        monkeypatch.setattr(running.sequencer, "keep", fail_once)
        with capture_logs() as told:
            await log.served.accredit("One")
            check(log, (await log.covered()).note)
        (line,) = [item for item in told if item["event"] == "cosigning failed, goes on"]
        assert line == {"event": "cosigning failed, goes on", "log_level": "error", "type": "ValueError"}


async def test_a_halted_writer_ends_the_rounds() -> None:
    """Once the writer takes nothing more nobody is asked, and the witnesses of the status are gone."""
    async with witnessed() as log:
        old, running = await log.covered(), log.served.server
        for witness in log.witnesses[1:]:
            await witness.stop()
        await log.served.accredit("One")
        await log.until(lambda: log.asked("two").failures)
        running.sequencer._halt(Refused("a test"))
        await log.witnesses[1].start()
        assert running._cosigning is not None
        await log.until(running._cosigning.done)
        assert running._cosigner.witnesses == []
        assert running.sequencer.view.cosigned == old


async def test_a_thread_that_nobody_waits_for_ends_quietly() -> None:
    """What a call raises is raised to who waits; who has gone away is not told."""

    def fail() -> None:
        raise Refused("no")

    assert await in_thread(lambda: 7) == 7
    with pytest.raises(Refused):
        await in_thread(fail)
    task = asyncio.create_task(in_thread(fail))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
