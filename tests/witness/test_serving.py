"""A witness's server starts on a state that is its own and sound, and stops without leaving anything behind."""

import asyncio
import resource
import socket
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ledger.core.errors import ConfigInvalid, Locked, StoreDamaged
from ledger.witness import serving
from ledger.witness.serving import Listen
from ledger.witness.state import origin_hash
from tests.core.witnessed import LOG, NOW, WITNESS, asking, leaves
from tests.witness.served import Site, exchange, head, posted, timestamp

ANY = ("127.0.0.1", 0)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a witness that knows the test log."""
    site = Site(tmp_path / "state")
    site.open()
    return site


async def serve(site: Site, where: Listen, stopping: asyncio.Event) -> None:
    """Serve the site's witness."""
    await serving.serve(site.state, WITNESS, where, stopping, site.clock)


async def ports(lines: list[MutableMapping[str, Any]]) -> tuple[int, int]:
    """Return where the server says that it and its metrics listen."""
    while not lines:  # noqa: ASYNC110 -- it has no other way to say it than its log
        await asyncio.sleep(0)
    assert lines[0]["event"] == "serving"
    return int(lines[0]["public"].rpartition(":")[2]), int(lines[0]["metrics"].rpartition(":")[2])


async def test_it_serves_until_it_is_told_to_stop(site: Site) -> None:
    """It says where it listens, answers there, and afterwards neither port nor lock are held."""
    request, stopping = asking(0, leaves(7)), asyncio.Event()
    with capture_logs() as lines:
        task = asyncio.create_task(serve(site, Listen(ANY, ANY), stopping))
        public, metrics = await ports(lines)
        assert timestamp(request, (await exchange(public, posted(request.format()))).body) == NOW
        scraped = await exchange(metrics, head("GET", "/metrics", "Connection: close"))
        assert b'witness_tree_size{origin="log.example"} 7.0' in scraped.body
        stopping.set()
        await task
    assert [line["event"] for line in lines] == ["serving", "cosigned", "stopping", "stopped"]
    for port in (public, metrics):
        socket.create_server(("127.0.0.1", port)).close()
    with site.state.lock():
        pass


async def test_it_listens_on_ipv6(site: Site) -> None:
    """An address in brackets is served and told as it was given; without metrics none are told."""
    stopping = asyncio.Event()
    stopping.set()
    with capture_logs() as lines:
        await serve(site, Listen(("::1", 0)), stopping)
    assert lines[0]["public"].startswith("[::1]:")
    assert lines[0]["metrics"] == ""


@pytest.mark.parametrize("name", ["listen", "metrics"])
async def test_an_address_in_use_is_named(name: str, site: Site) -> None:
    """Where something else listens the server does not start, says which address it is, and frees the state."""
    with socket.create_server(ANY) as taken:
        where = taken.getsockname()
        with pytest.raises(ConfigInvalid, match=rf"^{name}: cannot listen there \(Address already in use"):
            await serve(site, Listen(where) if name == "listen" else Listen(ANY, where), asyncio.Event())
    with site.state.lock():
        pass


async def test_a_state_in_use_or_damaged_is_not_served(site: Site) -> None:
    """A second server of a state does not start, and none on a file that cannot be believed."""
    with site.state.lock(), pytest.raises(Locked):
        await serve(site, Listen(ANY), asyncio.Event())
    (site.directory / "logs" / origin_hash(LOG.name)).write_bytes(b"")
    with pytest.raises(StoreDamaged):
        await serve(site, Listen(ANY), asyncio.Event())


ENDLESS = resource.RLIM_INFINITY
LIMITS = {
    "enough": (2000, 4000, None),
    "no limit": (ENDLESS, ENDLESS, None),
    "too few, more allowed": (100, 4000, (1000, 4000)),
    "too few, no limit to what is allowed": (100, ENDLESS, (1000, ENDLESS)),
    "too few, and not enough allowed": (100, 500, (500, 500)),
}


@pytest.mark.parametrize(("soft", "hard", "wanted"), LIMITS.values(), ids=LIMITS)
def test_the_limit_of_files_is_raised_as_far_as_needed(
    soft: int, hard: int, wanted: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The soft limit is raised where it is too low for the connections that are allowed, and never lowered."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    serving._allow_files(1000)
    assert asked == ([wanted] if wanted else [])
