"""A log's folder on the web (C2SP tlog-tiles): the checkpoint for seconds, tiles for good, nothing else of the folder.

What a path may be is decided by its grammar alone, as it was sent: none leads out of the folder, or twice to a file.
"""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.core.errors import InvalidInput
from ledger.core.tlogtiles import CHECKPOINT, ENTRIES, Tile
from ledger.host.listening import listen
from ledger.tiles import CONNECTIONS

FRESH: Final = "public, max-age=2"
"""How long a checkpoint may be kept."""
FINAL: Final = "public, max-age=31536000, immutable"
NEVER: Final = "no-store"
"""What is missing or malformed now may be there soon."""
COMPRESS_FROM: Final = 1024
"""Bytes of a bundle from which on compressing it is worth the time."""
STOP_SECONDS: Final = 5


def make_app(folder: Path) -> Starlette:
    """Return the application that serves ``folder``."""

    async def checkpoint(_: Request) -> Response:
        return _answer(folder / CHECKPOINT, "text/plain; charset=utf-8", FRESH)

    async def tile(request: Request) -> Response:
        try:
            asked = Tile.parse(request.scope["raw_path"].decode("latin-1").removeprefix("/"))
        except InvalidInput as error:
            return _nothing(400, str(error))
        found = _answer(folder / asked.path, "application/octet-stream", FINAL)
        if asked.level != ENTRIES:
            return found
        found.headers["Vary"] = "Accept-Encoding"
        if found.status_code == 200 and len(found.body) >= COMPRESS_FROM and _takes_gzip(request):
            found.body = await run_in_threadpool(gzip.compress, found.body, 1, mtime=0)
            found.headers["Content-Encoding"] = "gzip"
            found.headers["Content-Length"] = str(len(found.body))
        return found

    app = Starlette(routes=[Route(f"/{CHECKPOINT}", checkpoint), Route("/tile/{rest:path}", tile)])
    app.router.redirect_slashes = False
    return app


def _answer(path: Path, kind: str, keep: str) -> Response:
    """Return a file; it is read at once, for a thread would take longer to reach than the file."""
    try:
        return Response(path.read_bytes(), headers={"Content-Type": kind, "Cache-Control": keep})
    except FileNotFoundError:
        return _nothing(404, "not there")


def _nothing(status: int, words: str) -> Response:
    return PlainTextResponse(f"{words}\n", status, headers={"Cache-Control": NEVER})


def _takes_gzip(request: Request) -> bool:
    """Return whether Accept-Encoding names gzip, and not to refuse it (RFC 9110 §12.5.3)."""
    for item in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, weight = item.replace(" ", "").lower().partition(";")
        if coding == "gzip":
            return not weight or weight.removeprefix("q=").strip("0.") != ""
    return False


def serve(folder: Path, host: str, port: int, ready: Callable[[int], object] = lambda port: None) -> None:
    """Serve ``folder`` until SIGTERM or SIGINT, then finish what is under way; ``ready`` is told the port."""
    with listen(host, port, CONNECTIONS) as bound:
        ready(bound.getsockname()[1])
        make_server(folder).run([bound])


def make_server(folder: Path) -> uvicorn.Server:
    """Return the server of ``folder``, not yet running."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(folder),
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
