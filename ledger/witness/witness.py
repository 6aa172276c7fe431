"""The witness itself: decides on a request, persists, and only then hands out its signature. One thread calls it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from ledger.core.errors import InvalidInput, StoreDamaged
from ledger.core.note import SigningKey
from ledger.core.witnessing import MALFORMED, STALE, UNSIGNED, Accepted, AddCheckpoint, KnownLog, Refusal, decide
from ledger.witness.state import State
from ledger.witness.telling import Metrics

PLAIN: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"

DONE: Final = 200
MISSING: Final = 404
DAMAGED: Final = 500
UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    code: int
    body: bytes
    content_type: str = PLAIN


class Witness:
    """Cosigns for the logs in ``state``, which this process alone serves; ``clock`` returns POSIX seconds."""

    def __init__(self, state: State, key: SigningKey, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._state, self._key, self._metrics, self._clock = state, key, metrics, clock
        self._log = structlog.get_logger("witness")
        for known in state.all():
            metrics.cosigned(known.origin, known.size, known.timestamp)

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer an add-checkpoint request (C2SP tlog-witness)."""
        try:
            request = AddCheckpoint.parse(body)
        except InvalidInput as error:
            return self._refuse(None, Refusal(MALFORMED, str(error)))
        try:
            known = self._state.known(request.checkpoint.origin)
        except (StoreDamaged, OSError) as error:
            return self._failed(error)
        now = int(self._clock())
        outcome = decide(known, request, now, self._key)
        return self._refuse(known, outcome) if isinstance(outcome, Refusal) else self._accept(outcome, now)

    def checkpoint(self, name: str) -> Reply:
        """Return the latest cosigned checkpoint of the log with this hash of its origin."""
        try:
            known = self._state.find(name)
        except (StoreDamaged, OSError) as error:
            return self._failed(error)
        if known is None or known.latest is None:
            return Reply(MISSING, b"no checkpoint was cosigned under this hash of an origin\n")
        return Reply(DONE, known.latest.signed.note.format())

    def _accept(self, accepted: Accepted, now: int) -> Reply:
        known = accepted.known
        try:
            self._state.put(known)
        except OSError as error:
            return self._failed(error)
        if known.timestamp != now:
            self._log.warning("the clock is behind", origin=known.origin, seconds=known.timestamp - now)
        self._log.info("cosigned", origin=known.origin, size=known.size)
        self._metrics.cosigned(known.origin, known.size, known.timestamp)
        return Reply(DONE, f"{accepted.line.format()}\n".encode())

    def _refuse(self, known: KnownLog | None, refusal: Refusal) -> Reply:
        if known is None or refusal.code == UNSIGNED:
            self._log.debug("refused", code=refusal.code, reason=refusal.reason)
        else:
            self._log.info("refused", origin=known.origin, code=refusal.code, reason=refusal.reason)
            self._keep(known, refusal)
        if refusal.code == STALE:
            return Reply(refusal.code, f"{refusal.size}\n".encode(), SIZE)
        return Reply(refusal.code, f"{refusal.reason}\n".encode())

    def _keep(self, known: KnownLog, refusal: Refusal) -> None:
        if refusal.split is None:
            return
        self._metrics.split(known.origin)
        try:
            kept = self._state.keep_split(known, refusal.split)
        except OSError as error:
            self._log.error("split log, evidence not kept", origin=known.origin, size=known.size, error=error.strerror)
            return
        if kept is not None:
            self._log.error("split log", origin=known.origin, size=known.size, evidence=str(kept))

    def _failed(self, error: StoreDamaged | OSError) -> Reply:
        """Say that nothing is signed; what went wrong is the operator's to know."""
        if isinstance(error, OSError):
            self._log.error("state not written or read", error=error.strerror)
            return Reply(UNAVAILABLE, b"the state cannot be written or read; try again later\n")
        self._log.error("state damaged", reason=str(error))
        return Reply(DAMAGED, b"the state of this log is damaged\n")
