"""The demo's stage: a ledger, its server process, three witnesses, a source for each of four services, an auditor."""

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.cli.demo import witnesses
from ledger.cli.demo.processes import ServerProcess
from ledger.cli.demo.witnesses import Witness
from ledger.cli.issuing import issue
from ledger.client import keyfile
from ledger.client.admin import AdminClient
from ledger.client.keyfile import KeyFile
from ledger.client.profile import AllowedAuditor, Profile
from ledger.client.requests import Request, request_auditor, request_source
from ledger.core import sealing_policy
from ledger.core.errors import ConfigInvalid
from ledger.service.setup import NO_WITNESSES, WITNESS_POLICY, Opened, Opening, open_log

ORIGIN: Final = "ledger.example/demo"
SERVICES: Final = ("messages", "calls", "channels", "accounts")
AUDITOR: Final = "Example Auditor"


@dataclass(frozen=True, slots=True)
class Source:
    """One source's profile and key."""

    profile: Profile
    key: KeyFile


@dataclass(slots=True)
class Stage:
    """Everything below ``directory``; clear text of records lies in ``clear`` only."""

    directory: Path
    opened: Opened
    approver: KeyFile
    server: ServerProcess
    witnesses: list[Witness]
    sources: tuple[Source, ...] = ()

    @property
    def ledger(self) -> Path:
        """The ledger's own directory."""
        return self.directory / "ledger"

    @property
    def clients(self) -> Path:
        """Where each client's folder is."""
        return self.directory / "clients"

    @property
    def auditor(self) -> Path:
        """The auditor's folder."""
        return self.clients / "auditor"

    @property
    def receipts(self) -> Path:
        """Where receipts are written."""
        return self.directory / "receipts"

    @property
    def clear(self) -> Path:
        """The only folder with clear text of records."""
        return self.directory / "clear"

    @property
    def log_lines(self) -> Path:
        """The server's log."""
        return self.directory / "server.log"

    @property
    def policy(self) -> Path:
        """The witness policy."""
        return self.ledger / WITNESS_POLICY

    @property
    def processes(self) -> list[int]:
        """The processes that run: the server's, then the witnesses'."""
        return [self.server.process.pid, *(item.process.pid for item in self.witnesses if item.process is not None)]

    def stop_witnesses(self) -> None:
        """End the witnesses."""
        for witness in self.witnesses:
            witness.stop()

    async def restart(self) -> None:
        """Start the server again after ``server.stop()``."""
        self.server = await ServerProcess.start(self.ledger, self.log_lines)

    async def _govern(self, admin: AdminClient, request: Request) -> None:
        status = await admin.status()
        await admin.govern(request.numbered(status.next_number).approved([self.approver.secret]).body)

    async def _admit(self) -> None:
        log_id = self.opened.log_id
        auditor = keyfile.generate("auditor")
        allowed = AllowedAuditor(AUDITOR, auditor.public.ed25519, auditor.public.x25519)
        async with AdminClient.local(Path(self.server.bound.socket)) as admin:
            await self._govern(admin, request_auditor(log_id, auditor.secret, auditor.public.x25519, AUDITOR))
            issue(self.ledger, "auditor", AUDITOR, self.auditor)
            keyfile.save(self.auditor / "auditor.key", auditor)
            found = []
            for service in SERVICES:
                key, name = keyfile.generate("source"), f"{service}.eu-1"
                await self._govern(admin, request_source(log_id, key.secret, name, service))
                profile = issue(self.ledger, "source", name, self.clients / name, (allowed,))
                keyfile.save(self.clients / name / profile.key, key)
                found.append(Source(profile, key))
        issue(self.ledger, "public", "anyone", self.clients / "public")
        self.sources = tuple(found)


@asynccontextmanager
async def staged(directory: Path, witnessed: bool = True, tiles: bool = False) -> AsyncIterator[Stage]:
    """Set the stage below an empty or missing ``directory``; whatever serves at the end is stopped by the caller.

    Without witnesses, where only the ledger's own part is of interest, receipts are under no quorum. With ``tiles``
    the log is on the web as well.

    Raises:
        ConfigInvalid: the directory is not empty.
    """
    opened, approver, found = _open(directory, witnessed, tiles)
    try:
        for witness in found:
            witness.know(opened.vkey)
            await witness.start()
        server = await ServerProcess.start(directory / "ledger", directory / "server.log")
        stage = Stage(directory, opened, approver, server, found)
        try:
            await stage._admit()
            yield stage
        except BaseException:
            stage.server.stop()
            raise
    except BaseException:
        for witness in found:
            witness.stop()
        raise


def _open(directory: Path, witnessed: bool, tiles: bool) -> tuple[Opened, KeyFile, list[Witness]]:
    if directory.exists() and any(directory.iterdir()):
        raise ConfigInvalid([f"{directory}: not empty; the demo needs a directory of its own"])
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in ("receipts", "clear"):
        (directory / folder).mkdir(mode=0o700)
    approver = keyfile.generate("approver")
    ports = _free_ports(3 + len(witnesses.NAMES))
    public, role, metrics = (f"127.0.0.1:{port}" for port in ports[:3])
    found = witnesses.make_all(directory / "witnesses", ports[3:]) if witnessed else []
    opening = Opening(
        ORIGIN,
        (approver.public.public,),
        1,
        witnesses.policy(found) if witnessed else NO_WITNESSES,
        sealing_policy.DEFAULT,
        public_listen=public,
        role_listen=role,
        metrics_listen=metrics,
        http_listen="127.0.0.1:0" if tiles else "",
    )
    opened = open_log(directory / "ledger", opening, time.time())
    keyfile.save(directory / "ledger" / "keys" / "approver.key", approver)
    return opened, approver, found


def _free_ports(number: int) -> list[int]:
    """Return ports of the loopback that are free now: profiles keep naming them when the server starts again."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports
