"""``ledgerctl erase`` says what else there is of an entry, and what the ledger itself refuses or could not finish."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from ledger.core import bodies
from ledger.core.building import Prepared
from ledger.core.encoding import Hash
from ledger.engine import erasing
from tests.served import Served, serving
from tests.service.following import Following
from tests.tools.inside import ledgerctl

BASIS = ("--basis", "court order 7")


async def told(served: Served, index: int, code: int = 0) -> list[str]:
    """Return what is said of an entry that is erased, without the first two lines, which are of itself."""
    ran = await ledgerctl(served, "erase", index, *BASIS, code=code)
    return ran.stderr.splitlines()[2:]


def stays(index: int, body: str) -> str:
    """Return the line for what refers to the entry."""
    return f"entry {index}, {body}, which refers to it, keeps its own payload: erase it by itself"


async def test_what_refers_to_an_entry_is_named_while_it_stays() -> None:
    """Deliveries, corrections and extensions of an entry, and corrections of these, are named until they are erased."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        first = await said.log(said.open(), said.gagged())
        gagged = first + 1
        delivery = await said.log(said.delivery(first), said.correction(first))
        correction = delivery + 1
        amendment = await said.log(said.amendment(delivery))
        extension = await said.log(said.extension(gagged))
        lift = await said.log(said.lift(gagged))
        later = [
            stays(delivery, "DELIVERY"),
            stays(correction, "CORRECTION"),
            stays(amendment, "CORRECTION"),
        ]
        assert (await told(served, amendment))[:-1] == [
            f"entry {delivery}, which it refers to, keeps its own payload",
        ]
        assert (await told(served, correction))[:-1] == [f"entry {first}, which it refers to, keeps its own payload"]
        assert (await told(served, first))[:-1] == later[:1]
        assert (await told(served, gagged))[:-1] == [stays(extension, "EMBARGO_EXTENDED")]
        assert (await told(served, extension))[:-1] == [f"entry {gagged}, which it refers to, keeps its own payload"]
        (error,) = (await ledgerctl(served, "erase", lift, *BASIS, code=2)).stderr.splitlines()
        assert error == f"error: index: entry {lift}, EMBARGO_LIFTED, has no payload"


async def test_an_embargo_is_waited_for() -> None:
    """Under embargo the disclosure, its extension and its correction stay; once it is lifted they may go."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        gagged = await said.log(said.gagged())
        extension = await said.log(said.extension(gagged), said.correction(gagged, withheld=True))
        size = served.server.sequencer.view.size
        for index in (gagged, extension, extension + 1):
            error = (await told(served, index, code=2))[-1]
            assert error == "error: target: is under embargo; erase it once that is lifted"
        assert served.server.sequencer.view.size == size
        await said.log(said.lift(gagged), said.lift(extension + 1))
        for index in (gagged, extension, extension + 1):
            await told(served, index)


async def test_what_only_looks_like_a_reference_is_none() -> None:
    """A leaf that holds the entry's leaf hash where a slots root should be does not refer to it."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        first = await said.log(said.open(), said.open())
        target = said.target(first)
        for prepared in (said.open(), said.delivery(first + 1)):
            await said.log(rooted(prepared, target))
        assert (await told(served, first))[:-1] == []


def rooted(prepared: Prepared, target: bodies.Target) -> Prepared:
    """Return an entry whose slots root is the leaf hash of another one."""

    def say(digest: Hash, publish: Sequence[str]) -> bodies.Body:
        return replace(cast(bodies.Delivery, prepared.say(digest, publish)), slots_root=target.leaf_hash)

    return replace(prepared, say=say)


async def test_what_is_not_finished_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that still hold something are named with what to do, in words and for programs; a restart finishes."""
    async with serving(metrics_listen="") as served:
        said = await Following.enrolled(served)
        first = await said.log(said.open(), said.open())
        with monkeypatch.context() as patched:
            patched.setattr(erasing, "find_traces", lambda *_: ["000007.ldb", "000009.log"])
            ran = await ledgerctl(served, "erase", first, *BASIS)
            (row,) = (await ledgerctl(served, "erase", first + 1, *BASIS, "--json")).objects
        words = "not all is destroyed: 000007.ldb, 000009.log still hold some of it; restart the server: it finishes"
        assert words in ran.stderr
        assert row["traces"] == ["000007.ldb", "000009.log"]
        assert served.rows()[erasing.ERASING]
        await served.stop()
        await served.start()
        assert erasing.ERASING not in served.rows()
