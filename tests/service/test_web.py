"""With ``http_listen`` a ledger's log is on the web as static files, for as long as its server runs."""

import asyncio
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.cli import publishing
from ledger.core.errors import ConfigInvalid, Unavailable
from ledger.service import web as service_web
from ledger.service.server import serving as said_to_serve
from ledger.tiles.fetching import HttpSource
from ledger.tiles.mirror import mirror
from tests.cli.commands import site
from tests.served import SYSTEM_PORT, serving
from tests.tiles.logs import Log, files_in

PATIENCE: Final = 60.0
"""Seconds after which what should have happened counts as what never does."""


def wait(_: float) -> None:
    """Come back soon: the server is on loopback."""
    os.sched_yield()


def mirrored(address: str, folder: Path, vkey: Any, size: int) -> None:
    """Mirror the log at ``address`` once it has ``size`` entries; fail if it never has."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            if mirror(HttpSource(f"http://{address}", wait), folder, vkey).signed.checkpoint.size >= size:
                return
        except Unavailable:
            wait(0)
    pytest.fail(f"never {size} entries at {address}")


def ended(process: int) -> bool:
    """Return whether a process has ended, waiting for it."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE)[0])
    finally:
        os.close(descriptor)


async def test_a_served_log_is_on_the_web(tmp_path: Path) -> None:
    """What is logged is served as static files soon after, and the process that does so ends with the server."""
    async with serving(metrics_listen="", http_listen=SYSTEM_PORT) as served:
        address = served.server.bound.http
        bound = said_to_serve(served.directory)
        assert bound is not None
        assert bound.http == address
        await asyncio.to_thread(mirrored, address, tmp_path / "mirror", served.vkey, 1)
        await served.accredit("One")
        await asyncio.to_thread(mirrored, address, tmp_path / "mirror", served.vkey, 2)
        assert served.server._web is not None
        assert served.server._web.process is not None
        process = served.server._web.process
        assert process.returncode is None
    assert process.returncode == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))


async def test_it_is_off_unless_it_is_asked_for() -> None:
    """Without ``http_listen`` no process is started and nothing is exported."""
    async with serving(metrics_listen="") as served:
        assert served.server._web is None
        assert served.server.bound.http == ""
        assert not (served.directory / "tiles").exists()


async def test_a_process_that_is_killed_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever ends the process, that is logged, and another serves at the same address."""
    monkeypatch.setattr(service_web, "RESTART", 0.0)
    async with serving(metrics_listen="", http_listen=SYSTEM_PORT) as served:
        found = served.server._web
        assert found is not None
        assert found.process is not None
        first = found.process
        first.kill()
        await first.wait()
        await asyncio.to_thread(mirrored, served.server.bound.http, tmp_path, served.vkey, 1)
        assert found.process.pid != first.pid
    assert "web server ended" in capsys.readouterr().out


async def test_a_process_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stands still does not keep the server from stopping."""
    monkeypatch.setattr(service_web, "STOP", 0.0)
    async with serving(metrics_listen="", http_listen=SYSTEM_PORT) as served:
        found = served.server._web
        assert found is not None
        assert found.process is not None
        found.process.send_signal(signal.SIGSTOP)
        process = found.process
    assert process.returncode == -signal.SIGKILL


async def test_a_port_that_is_taken_is_told() -> None:
    """A server does not start where it cannot listen, and leaves nothing open."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with serving(metrics_listen="", started=False, http_listen=address) as served:
            with pytest.raises(ConfigInvalid, match=r"^http_listen: cannot listen there \(Address already in use\)$"):
                await served.start()


async def test_what_hinders_an_export_is_logged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of another log is left alone, and that is logged once and not each second; then the export goes on."""
    Log().write(tmp_path / "tiles", 3)
    before = files_in(tmp_path / "tiles")
    monkeypatch.setattr(publishing, "EVERY", 0.0)
    rounds, lines, enough = 0, [], asyncio.Event()
    hindrance = publishing._hindrance

    async def counted(*where: Path) -> str:
        nonlocal rounds
        rounds += 1
        if rounds == 4:
            (tmp_path / "tiles").rename(tmp_path / "aside")
        if rounds == 6:
            enough.set()
        return await hindrance(*where)

    class Lines:
        def error(self, event: str, reason: str) -> None:
            lines.append((event, reason))

    monkeypatch.setattr(publishing, "_hindrance", counted)
    async with serving(metrics_listen="") as served:
        where = served.settings.path(served.settings.admin_socket)
        running = asyncio.create_task(publishing.keep(where, tmp_path / "tiles", Lines()))
        await enough.wait()
        running.cancel()
    assert (tmp_path / "tiles/checkpoint").exists()
    assert files_in(tmp_path / "aside") == before
    assert [event for event, _ in lines] == ["not exported"]
    assert "holds another log" in lines[0][1]
    assert await publishing._hindrance(where, tmp_path / "tiles") == ""  # the server has gone


def test_nothing_stays_behind_a_server_that_is_killed() -> None:
    """The process ends with a server that had no time to end it."""
    with site() as here:
        here.open(inside=True)
        server = here.serve(environment={"LEDGER_HTTP_LISTEN": SYSTEM_PORT})
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        assert len(children) == 1
        server.signal(signal.SIGKILL)
        assert ended(int(children[0]))
