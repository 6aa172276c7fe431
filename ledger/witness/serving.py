"""A witness from start to stop: state locked and checked, then listening; on the way down nothing is left half done."""

import asyncio
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import prometheus_client
import structlog

from ledger.core.errors import ConfigInvalid
from ledger.core.note import SigningKey
from ledger.host.listening import listen
from ledger.witness.face import MAX_CONNECTIONS, Face, Server
from ledger.witness.state import State
from ledger.witness.telling import Metrics
from ledger.witness.witness import Witness

SPARE_FILES: Final = 128
"""Descriptors beside those of connections."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen: host and port, 0 for one that the system chooses; ``metrics`` is None for no metrics."""

    public: tuple[str, int]
    metrics: tuple[str, int] | None = None


async def serve(
    state: State, key: SigningKey, where: Listen, stopping: asyncio.Event, clock: Callable[[], float] = time.time
) -> None:
    """Serve until ``stopping``, then answer what is under way and close.

    Raises:
        Locked: another server has the state open.
        StoreDamaged: what is known of a log cannot be believed.
        ConfigInvalid: an address cannot be bound.
    """
    log = structlog.get_logger("witness")
    with ExitStack() as stack:
        stack.enter_context(state.lock())
        metrics = Metrics()
        face = Face(Witness(state, key, metrics, clock), metrics)
        stack.callback(face.close)
        with _binding("listen"):
            public = stack.enter_context(listen(*where.public, MAX_CONNECTIONS))
        bound = _address(where.public[0], public.getsockname()[1])
        scraped = _serve_metrics(stack, metrics, where.metrics) if where.metrics else ""
        _allow_files(MAX_CONNECTIONS + SPARE_FILES)
        server = Server(face)
        serving = asyncio.create_task(server.serve([public]))
        told = asyncio.create_task(stopping.wait())
        log.info("serving", public=bound, metrics=scraped, name=key.name)
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping")
        told.cancel()
        server.should_exit = True
        await serving
    log.info("stopped")


@contextmanager
def _binding(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigInvalid([f"{name}: cannot listen there ({error.strerror})"]) from None


def _serve_metrics(stack: ExitStack, metrics: Metrics, where: tuple[str, int]) -> str:
    with _binding("metrics"):
        server, thread = prometheus_client.start_http_server(where[1], where[0], metrics.registry)
    stack.callback(thread.join)
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return _address(where[0], server.server_port)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _allow_files(count: int) -> None:
    """Let this process have ``count`` descriptors, or as many as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
