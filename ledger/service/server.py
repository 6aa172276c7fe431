"""The running ledger: store, writer, listeners, health, metrics; one way up, one way down.

Down means: health says so, new calls are refused, what is queued is finished and answered, the store is closed.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import prometheus_client
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from ledger.core.errors import ConfigInvalid
from ledger.engine import schema
from ledger.engine.guard import HighWater
from ledger.engine.reader import Reader
from ledger.engine.recovery import Recovered, recover, start
from ledger.engine.sequencer import Sequencer
from ledger.host import files
from ledger.service.admin import AdminServicer
from ledger.service.anchoring import Intervals
from ledger.service.audit import AuditServicer
from ledger.service.authorise import Identifier
from ledger.service.certificates import check_server
from ledger.service.config import Settings, naming, split_address
from ledger.service.context import Registering
from ledger.service.cosigning import Cosigner
from ledger.service.disclosure import DisclosureServicer
from ledger.service.examining import Examiners
from ledger.service.keys import ServerKeys
from ledger.service.log import LogServicer
from ledger.service.metrics import Metrics
from ledger.service.setup import write_policy
from ledger.service.waiting import Quorum, Watchers
from ledger.service.web import Web
from ledger.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    audit_pb2,
    audit_pb2_grpc,
    disclosure_pb2,
    disclosure_pb2_grpc,
    log_pb2,
    log_pb2_grpc,
)

SERVING: Final = "serving.json"
TILES: Final = Path("tiles")
"""Where the log's static files are, in the ledger's directory."""
MAX_MESSAGE: Final = 6 * 1024 * 1024
OPTIONS: Final = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
]
SERVICES: Final = tuple(
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (log_pb2, "LogService"),
        (disclosure_pb2, "DisclosureService"),
        (audit_pb2, "AuditService"),
        (admin_pb2, "AdminService"),
    )
)
UNCONFIRMED: Final = (
    "not confirmed yet by a quorum of its witnesses, who know whether this store is the newest; "
    "where they are gone for good, set confirm_start = false"
)
_CONFIRM: Final = 1.0
"""Seconds that a start waits for the witnesses before it serves what needs none of them."""
_HALT_CHECK: Final = 1.0
"""Seconds between looks at whether the writer has halted."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a server listens, ports resolved; empty for what is switched off."""

    public: str = ""
    role: str = ""
    plaintext: str = ""
    metrics: str = ""
    socket: str = ""
    http: str = ""


class Server:
    """One ledger, serving; made by ``Server.start``."""

    def __init__(
        self,
        settings: Settings,
        recovered: Recovered,
        sequencer: Sequencer,
        clock: Callable[[], float],
        queue_key: bytes,
    ) -> None:
        self._settings, self._store, self._sequencer = settings, recovered.store, sequencer
        self._server = grpc.aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()
        self._watchers = Watchers(sequencer)
        self._examiners = Examiners(settings.workers, queue_key)
        self._metrics = Metrics()
        self._scrape: tuple[Any, Any] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._cosigning: asyncio.Task[None] | None = None
        self._web: Web | None = None
        self.bound = Bound()
        reader = Reader(recovered.store, recovered.tree)
        if settings.confirm_start and sequencer.view.policy.quorum is not None:
            sequencer.hold(UNCONFIRMED)
        intervals = Intervals(settings.anchor_minutes, settings.idle_anchor_minutes)
        self._cosigner = Cosigner(sequencer, reader, self._metrics, intervals, clock)
        self._add_services(reader, clock)

    @classmethod
    async def start(cls, settings: Settings, keys: ServerKeys, clock: Callable[[], float] = time.time) -> "Server":
        """Recover the store, listen, and say so in DIR/serving.json.

        Raises:
            StoreDamaged, StoreBehind, Locked: the store may not be served.
            ConfigInvalid: an address cannot be bound, or keys or certificates do not fit.
        """
        recovered = recover(settings.path(settings.store), keys.writer)
        try:
            guard = HighWater(settings.path(settings.high_water), recovered.state.log_id)
            sequencer = start(recovered, keys.writer, guard, lambda: int(clock()) // 60, settings.queue_bytes)
        except BaseException:
            recovered.store.close()
            raise
        server = cls(settings, recovered, sequencer, clock, keys.writer.queue)
        try:
            await server._listen()
        except BaseException:
            await server.stop()
            raise
        return server

    @property
    def sequencer(self) -> Sequencer:
        """The writer."""
        return self._sequencer

    def _add_services(self, reader: Reader, clock: Callable[[], float]) -> None:
        settings, sequencer, metrics = self._settings, self._sequencer, self._metrics
        identify = Identifier(
            [item.grant() for item in settings.grants], frozenset(settings.refused_certificates), clock
        )
        cosigner = self._cosigner
        quorum = Quorum(sequencer, self._watchers, cosigner.missing, settings.quorum_seconds)
        audit = AuditServicer(sequencer, reader, identify, metrics)
        log = LogServicer(sequencer, reader, self._store, self._watchers, quorum, metrics)
        disclosure = DisclosureServicer(sequencer, reader, identify, metrics, self._examiners, quorum)
        admin = AdminServicer(
            sequencer, reader, identify, metrics, audit.fetches, lambda: cosigner.witnesses, self._keep_policy
        )
        services: Any = Registering(self._server)
        log_pb2_grpc.add_LogServiceServicer_to_server(log, services)
        disclosure_pb2_grpc.add_DisclosureServiceServicer_to_server(disclosure, services)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(audit, services)
        admin_pb2_grpc.add_AdminServiceServicer_to_server(admin, services)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        metrics.watch(
            lambda: sequencer.view.size,
            lambda: sequencer.queued_bytes,
            lambda: sequencer.hindrance is not None,
            lambda: sequencer.view.cosigned.size if sequencer.view.cosigned else 0,
        )

    def _keep_policy(self, policy: bytes) -> None:
        """Keep the witness policy where certificates are issued; the log has it whether or not that works."""
        try:
            write_policy(self._settings.directory, policy)
        except OSError as error:
            structlog.get_logger("ledger").error("witness policy not written beside the store", error=error.strerror)

    async def _listen(self) -> None:
        settings = self._settings
        certificate = _read(settings.path(settings.server_certificate))
        key = _read(settings.path(settings.server_key))
        authority = _read(settings.path(settings.client_authority))
        check_server(certificate, key, authority)
        pair = [(key, certificate)]
        public = self._port("public_listen", grpc.ssl_server_credentials(pair))
        role = self._port("role_listen", grpc.ssl_server_credentials(pair, authority, require_client_auth=True))
        plaintext = self._port("plaintext_listen", None)
        socket = settings.path(settings.admin_socket)
        mask = os.umask(0o177)  # the socket is the operator's alone from its first moment
        try:
            self._bind("admin_socket", f"unix:{socket}", None)
        finally:
            os.umask(mask)
        metrics = self._serve_metrics()
        self._keep_policy(self._store.require(schema.meta_key("witness_policy")))
        self._web = Web.bind(settings.http_listen) if settings.http_listen else None
        await self._server.start()
        self._cosigning = asyncio.create_task(self._cosigner.run())
        await self._confirm()
        http = self._web.address if self._web is not None else ""
        self.bound = Bound(public, role, plaintext, metrics, str(socket), http)
        _write(settings.path(Path(SERVING)), json.dumps(asdict(self.bound)) + "\n")
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        if self._web is not None:
            await self._web.start(socket, settings.path(TILES))
        self._watch = asyncio.create_task(self._watch_halt())

    async def _confirm(self) -> None:
        """Wait a moment for the witnesses; without them what is published is served, and nothing is recorded."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONFIRM):
                await self._cosigner.settled.wait()
        if self._sequencer.held is not None:
            missing = self._cosigner.missing(self._sequencer.view.size)
            structlog.get_logger("ledger").error("not confirmed by the witnesses", missing=missing)

    def _port(self, name: str, credentials: grpc.ServerCredentials | None) -> str:
        """Bind the listener that a setting names and return where it listens."""
        address = str(getattr(self._settings, name))
        if not address:
            return ""
        port = self._bind(name, address, credentials)
        return f"{address.rpartition(':')[0]}:{port}"

    def _bind(self, name: str, address: str, credentials: grpc.ServerCredentials | None) -> int:
        try:
            if credentials is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, credentials)
        except RuntimeError:
            raise ConfigInvalid([f"{name}: cannot listen there; is another server running?"]) from None

    def _serve_metrics(self) -> str:
        if not self._settings.metrics_listen:
            return ""
        host, port = split_address(self._settings.metrics_listen)
        try:
            self._scrape = prometheus_client.start_http_server(port, host, self._metrics.registry)
        except OSError as error:
            raise ConfigInvalid([f"metrics_listen: cannot listen there ({error.strerror})"]) from None
        return f"{self._settings.metrics_listen.rpartition(':')[0]}:{self._scrape[0].server_port}"

    async def _set_health(self, status: Any) -> None:
        for name in ("", *SERVICES):
            await self._health.set(name, status)

    async def _watch_halt(self) -> None:
        while self._sequencer.halted is None:  # noqa: ASYNC110 -- another thread halts, and once in a lifetime
            await asyncio.sleep(_HALT_CHECK)
        self._log_halt()
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)

    def _log_halt(self) -> None:
        structlog.get_logger("ledger").error("halted", reason=self._sequencer.halted)

    async def stop(self) -> None:
        """Refuse new work, finish what is queued, close; raise OSError if the high-water mark could not be written."""
        unwatched = self._watch is not None and self._watch.cancel()
        await self._health.enter_graceful_shutdown()
        self._watchers.close()
        await self._server.stop(self._settings.stop_seconds)
        if self._cosigning is not None:
            self._cosigning.cancel()
            await asyncio.wait([self._cosigning])
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._sequencer.stop)
        finally:
            if unwatched and self._sequencer.halted is not None:
                self._log_halt()
            self._close()
            if self._web is not None:
                await self._web.close()

    def _close(self) -> None:
        self._examiners.close()
        self._store.close()
        if self._scrape is not None:
            self._scrape[0].shutdown()
            self._scrape[0].server_close()
            self._scrape[1].join()
        with suppress(FileNotFoundError):
            self._settings.path(Path(SERVING)).unlink()


def serving(directory: Path) -> Bound | None:
    """Return where the server of ``directory`` listens, or None when none says it does."""
    try:
        return Bound(**json.loads((directory / SERVING).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _read(path: Path) -> bytes:
    with naming(path):
        return path.read_bytes()


def _write(path: Path, text: str) -> None:
    with naming(path):
        files.put(path, text.encode())
