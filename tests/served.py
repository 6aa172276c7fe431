"""A real ledger served on loopback, ports chosen by the system, for tests of service, client and commands.

    async with serving() as served:
        source = await served.enrol("alpha", await served.accredit("Auditor One"))
        async with source.recorder() as recorder:
            receipt = await recorder.record(disclosure())

Certificates, key files, profiles and governance are made by the code that the commands run. One approver of one, the
key in ``served.approver``.
"""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.cli.issuing import issue
from ledger.client import keyfile, profile
from ledger.client.admin import AdminClient
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_reader, open_recorder
from ledger.client.profile import AllowedAuditor, Profile
from ledger.client.reads import LogClient
from ledger.client.recorder import Recorder
from ledger.client.requests import Request, request_auditor, request_source
from ledger.core.encoding import Hash
from ledger.core.note import VKey
from ledger.core.sealing_policy import DEFAULT
from ledger.engine.store import Store
from ledger.service import config, keys
from ledger.service.server import Server
from ledger.service.setup import NO_WITNESSES, Opening, open_log

ORIGIN = "log.example/tests"
SYSTEM_PORT = "127.0.0.1:0"
OPENED = 1_767_225_600.0
"""When the log is opened: 2026-01-01T00:00:00Z, in seconds."""


@dataclass(frozen=True, slots=True)
class Member:
    """A client of the ledger: its profile and its key (None for admins and the public)."""

    profile: Profile
    key: KeyFile | None = None

    @property
    def own_key(self) -> KeyFile:
        """The key of a source or auditor."""
        assert self.key is not None
        return self.key

    def recorder(self, **how: Any) -> AbstractAsyncContextManager[Recorder]:
        """Return an opening recorder; ``how`` goes to ``open_recorder``."""
        return open_recorder(self.profile, self.own_key, **how)

    def reader(self, as_role: bool = False) -> AbstractAsyncContextManager[LogClient]:
        """Return an opening reader."""
        return open_reader(self.profile, as_role)


@dataclass(slots=True)
class Served:
    """A ledger in ``directory`` and its running server; client folders lie in ``clients``."""

    directory: Path
    clients: Path
    approver: KeyFile
    vkey: VKey
    log_id: Hash
    how: dict[str, Any]
    clock: Callable[[], float] = time.time
    server: Server = field(init=False)

    @property
    def settings(self) -> config.Settings:
        """The settings it runs under."""
        return config.load(self.directory).model_copy(update=self.how)

    def admin(self) -> AdminClient:
        """Return a client of the local socket, to be used as a context manager."""
        return AdminClient.local(self.settings.path(self.settings.admin_socket))

    async def start(self) -> Server:
        """Start the server (again)."""
        settings = self.settings
        self.server = await Server.start(settings, keys.load(settings.path(settings.keys)), self.clock)
        return self.server

    async def stop(self) -> None:
        """Stop the server."""
        await self.server.stop()

    async def govern(self, request: Request) -> int:
        """Number, approve and log what ``request`` asks for; return its index."""
        async with self.admin() as admin:
            status = await admin.status()
            numbered = request.numbered(status.next_number).approved([self.approver.secret])
            return (await admin.govern(numbered.body)).index

    async def accredit(self, name: str) -> Member:
        """Accredit an auditor with a fresh key."""
        key = keyfile.generate("auditor")
        await self.govern(request_auditor(self.log_id, key.secret, key.public.x25519, name))
        return self.member("auditor", name, key)

    async def enrol(self, source_id: str, *auditors: Member, service: str = "mail") -> Member:
        """Enrol a source with a fresh key that seals to ``auditors``."""
        key = keyfile.generate("source")
        await self.govern(request_source(self.log_id, key.secret, source_id, service))
        return self.member("source", source_id, key, *auditors)

    def member(self, role: str, name: str, key: KeyFile | None = None, *auditors: Member) -> Member:
        """Issue certificate and profile for ``role``; with a key it is saved beside them."""
        folder = self.clients / f"{role}-{name.replace(' ', '-')}-{len(list(self.clients.iterdir()))}"
        allowed = tuple(
            AllowedAuditor(item.profile.name, item.own_key.public.ed25519, item.own_key.public.x25519)
            for item in auditors
        )
        issue(self.directory, role, name, folder, allowed)
        if key is not None:
            keyfile.save(folder / f"{role}.key", key)
        return Member(profile.load(folder), key)

    def stored(self) -> dict[bytes, bytes]:
        """Return every row of the stopped ledger's store."""
        store = Store.open(self.settings.path(self.settings.store))
        try:
            return dict(store.range(b"", b"\xff"))
        finally:
            store.close()

    def rows(self) -> dict[bytes, bytes]:
        """Return every row of the running ledger's store."""
        return dict(self.server._store.range(b"", b"\xff"))


@asynccontextmanager
async def serving(
    sealing_policy: bytes = DEFAULT,
    started: bool = True,
    clock: Callable[[], float] = time.time,
    witness_policy: bytes = NO_WITNESSES,
    opened_at: float = OPENED,
    **how: Any,
) -> AsyncIterator[Served]:
    """Open a ledger in a directory of its own, serve it, and take both away; ``how`` overrides settings."""
    root = Path(tempfile.mkdtemp(prefix="ledger-"))
    try:
        approver = keyfile.generate("approver")
        opening = Opening(
            ORIGIN,
            (approver.public.public,),
            1,
            witness_policy,
            sealing_policy,
            public_listen=SYSTEM_PORT,
            role_listen=SYSTEM_PORT,
            metrics_listen=SYSTEM_PORT,
        )
        opened = open_log(root / "ledger", opening, opened_at)
        (root / "clients").mkdir()
        served = Served(root / "ledger", root / "clients", approver, opened.vkey, opened.log_id, how, clock)
        if started:
            await served.start()
        try:
            yield served
        finally:
            if started:
                await served.stop()
    finally:
        shutil.rmtree(root)
