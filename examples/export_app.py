"""A web application whose exports leave through the gate.

LEDGER_PROFILE=FOLDER uvicorn --app-dir examples export_app:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from describing import describe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from ledger.client import load_key, load_profile, open_recorder
from ledger.client.asgi import ReleaseGate


async def export(request: Request) -> PlainTextResponse:
    """Answer with what is handed over."""
    return PlainTextResponse(f"synthetic export of account {request.path_params['account']}")


async def health(_: Request) -> PlainTextResponse:
    """Answer without a gate: nothing is handed over."""
    return PlainTextResponse("ok")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Keep one recorder open for as long as the application serves."""
    profile = load_profile(os.environ["LEDGER_PROFILE"])
    async with open_recorder(profile, load_key(profile.path("source.key")), patience=10) as recorder:
        app.state.recorder = recorder
        yield


exports = ReleaseGate(
    Starlette(routes=[Route("/{account:int}", export)]),
    lambda: app.state.recorder,
    lambda scope, digest, size: describe(digest.hex(), size),
    timeout=10,
)
app: Starlette = Starlette(routes=[Mount("/exports", exports), Route("/health", health)], lifespan=lifespan)
