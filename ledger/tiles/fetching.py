"""A log on a web server, read politely: bounded, patient with a server that is busy, deaf to redirects elsewhere."""

import time
from collections.abc import Callable
from typing import Any, Final

import urllib3
from urllib3.exceptions import HostChangedError, HTTPError, LocationParseError
from urllib3.util import Retry, Timeout, parse_url

from ledger.core.errors import InvalidInput, Unavailable
from ledger.tiles.source import check_limit

ATTEMPTS: Final = 6
BACKOFF: Final = 0.5
"""Seconds before the second attempt; twice as many before each next."""
MOST_PATIENCE: Final = 60.0
"""Seconds that a server may have us wait before the next attempt."""
TIMEOUT: Final = Timeout(connect=10, read=30)
DEADLINE: Final = 120.0
"""Seconds that one answer may take from first byte to last."""
CONNECTIONS: Final = 16

_HEADERS: Final = {"User-Agent": "disclosure-ledger", "Accept-Encoding": "gzip"}
_REDIRECTS: Final = 3
_PIECE: Final = 64 * 1024
_OK, _NOT_FOUND, _GONE, _TOO_MANY = 200, 404, 410, 429


class _Again(Exception):
    """This attempt failed and the next may not; ``after`` is how many seconds the server asks for."""

    def __init__(self, reason: str, after: float = 0) -> None:
        super().__init__(reason)
        self.after = after


class HttpSource:
    """The files below a URL, for any number of threads; ``wait`` sleeps between attempts."""

    def __init__(
        self,
        url: str,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        timeout: Timeout = TIMEOUT,
    ) -> None:
        self._wait, self._clock = wait, clock
        try:
            parsed = parse_url(url)
        except LocationParseError:
            raise InvalidInput("url", "malformed") from None
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.auth or parsed.query or parsed.fragment:
            raise InvalidInput("url", "must be http:// or https://, a host and perhaps a path")
        self._prefix = (parsed.path or "").rstrip("/")
        kind: Any = urllib3.HTTPSConnectionPool if parsed.scheme == "https" else urllib3.HTTPConnectionPool
        self._pool: urllib3.HTTPConnectionPool = kind(
            parsed.host.strip("[]"), parsed.port, timeout=timeout, maxsize=CONNECTIONS, headers=_HEADERS
        )

    def fetch(self, path: str, limit: int) -> bytes | None:
        """Return what the server has at ``path``; see ``Source.fetch``."""
        delay, reason = BACKOFF, ""
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(f"{self._prefix}/{path}", limit)
            except _Again as error:
                reason = str(error)
                if attempt + 1 < ATTEMPTS:
                    self._wait(min(max(delay, error.after), MOST_PATIENCE))
                    delay *= 2
        raise Unavailable(f"{path}: {reason}, {ATTEMPTS} times in a row")

    def _attempt(self, target: str, limit: int) -> bytes | None:
        try:
            answer = self._pool.urlopen(
                "GET",
                target,
                retries=Retry(total=None, connect=0, read=0, other=0, redirect=_REDIRECTS),
                preload_content=False,
            )
        except HostChangedError:
            raise Unavailable("the server sends its readers to another host; name that one if you trust it") from None
        except HTTPError as error:
            raise _again(error) from None
        try:
            return self._read(answer, limit)
        except HTTPError as error:
            raise _again(error) from None
        finally:
            answer.close()

    def _read(self, answer: urllib3.BaseHTTPResponse, limit: int) -> bytes | None:
        if answer.status in (_NOT_FOUND, _GONE):
            return None
        if answer.status == _TOO_MANY or answer.status >= 500:
            raise _Again(f"the server answers {answer.status}", _seconds(answer.headers.get("Retry-After")))
        if answer.status != _OK:
            raise Unavailable(f"the server answers {answer.status}")
        until = self._clock() + DEADLINE
        found = bytearray()
        while piece := answer.read1(_PIECE):
            found += piece
            check_limit(len(found), limit)
            if self._clock() > until:
                raise _Again("the answer takes too long")
        return bytes(found)


def _seconds(text: str | None) -> float:
    """Return the seconds of a Retry-After header, 0 for none or a date."""
    return float(text) if text is not None and text.isascii() and text.isdecimal() else 0


def _again(error: HTTPError) -> _Again:
    """Return what went wrong, by the name of its kind: urllib3's words hold addresses of objects."""
    reason = getattr(error, "reason", None) or error
    return _Again(f"no whole answer ({type(reason).__name__})")
