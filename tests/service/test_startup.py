"""The server comes up whole, or not at all: what keeps it down is told by its setting and leaves nothing behind."""

import socket
from typing import Any

import pytest

from ledger.core.errors import ConfigInvalid, Locked, StoreBehind
from ledger.engine.store import Store
from ledger.service.server import serving as bound_of
from tests.served import Served, serving


async def released(served: Served) -> None:
    """Show that a server that did not come up left neither a lock nor a file, and that it can come up now."""
    Store.open(served.settings.path(served.settings.store)).close()
    assert bound_of(served.directory) is None


@pytest.mark.parametrize("name", ["public_listen", "role_listen", "plaintext_listen", "metrics_listen"])
async def test_an_address_in_use_is_told_by_its_setting(name: str) -> None:
    """A server that cannot listen somewhere says where, and leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        how: dict[str, Any] = {"metrics_listen": "", name: address}
        async with serving(started=False, **how) as served:
            with pytest.raises(ConfigInvalid, match=f"^{name}: cannot listen there") as caught:
                await served.start()
            assert address not in str(caught.value)
            await released(served)


@pytest.mark.parametrize(
    ("name", "content"),
    [("server.crt", b"nothing"), ("server.key", b"nothing"), ("server.crt", b""), ("ca.crt", b"nothing")],
)
async def test_certificates_that_do_not_fit_are_told_by_their_setting(name: str, content: bytes) -> None:
    """A malformed certificate, key or authority keeps the server down, and the message names which it is."""
    setting = {"server.crt": "server_certificate", "server.key": "server_key", "ca.crt": "client_authority"}[name]
    async with serving(started=False) as served:
        (served.directory / "certs" / name).write_bytes(content)
        with pytest.raises(ConfigInvalid, match=f"^{setting}: "):
            await served.start()
        await released(served)


async def test_a_key_of_another_certificate_is_refused() -> None:
    """Certificate and key have to belong together before anything listens."""
    async with serving(started=False) as served, serving(started=False) as other:
        key = (other.directory / "certs" / "server.key").read_bytes()
        (served.directory / "certs" / "server.key").write_bytes(key)
        with pytest.raises(ConfigInvalid, match=r"^server_key: "):
            await served.start()
        await released(served)


async def test_a_ledger_is_served_once() -> None:
    """A second server over one store is refused while the first runs, and the first's file stays."""
    async with serving(metrics_listen="") as served:
        first = served.server
        with pytest.raises(Locked):
            await served.start()
        assert bound_of(served.directory) == first.bound
        served.server = first


async def test_a_store_behind_its_high_water_mark_is_not_served() -> None:
    """An older store than what was signed keeps the server down, and is left unlocked for its replacement."""
    async with serving(started=False) as served:
        mark = served.settings.path(served.settings.high_water)
        mark.write_text(mark.read_text().replace('"size": 1', '"size": 2'))
        with pytest.raises(StoreBehind, match="2 were signed"):
            await served.start()
        await released(served)


async def test_a_socket_that_a_crash_left_is_replaced() -> None:
    """A stale socket file does not keep the next server down."""
    async with serving(started=False, metrics_listen="") as served:
        path = served.settings.path(served.settings.admin_socket)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        await served.start()
        async with served.admin() as admin:
            assert (await admin.status()).log_id == served.log_id
        await served.stop()
