"""Asking a witness to cosign a checkpoint (C2SP tlog-witness): over plain HTTP, bounded, and believed in nothing.

What comes back was verified against the witness's key. Why nothing does is told in our own words and the HTTP status:
a witness's text is for nobody's terminal.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, ProtocolError
from urllib3.util import Timeout, parse_url

from ledger.core.checkpoint import Cosignature, SignedCheckpoint, verify_cosignatures
from ledger.core.encoding import Hash, decode_decimal
from ledger.core.errors import Busy, Contradicted, InvalidInput, Refused, Unavailable, VerificationFailed
from ledger.core.note import COSIGNATURE, MAX_SIGNATURES, Note, SignatureLine, VKey
from ledger.core.witnessing import INCONSISTENT, MALFORMED, STALE, UNKNOWN, UNSIGNED, AddCheckpoint

Prove = Callable[[int], Sequence[Hash]]
"""Returns the consistency proof from a size above 0 to that of the larger checkpoint that is asked about."""

TIMEOUT: Final = Timeout(connect=3, read=5)
DEADLINE: Final = 5.0
"""Seconds that the body of one answer may take."""
MAX_REPLY: Final = 64 * 1024
RETRY_AFTER: Final = 1.0
"""Seconds to leave a witness alone that is overloaded and does not say for how long."""
MOST_PATIENCE: Final = 300.0
"""The most seconds that a witness can ask for."""

_HEADERS: Final = {"User-Agent": "disclosure-ledger", "Content-Type": "application/octet-stream"}
_OK: Final = 200
_OVERLOADED: Final = (429, 503)
_PIECE: Final = 16 * 1024
_REASONS: Final = {
    MALFORMED: "it finds the request malformed",
    UNSIGNED: "it does not know this log or its key",
    UNKNOWN: "it does not know this log",
    STALE: "it cosigned another tree before",
    INCONSISTENT: "it does not see this tree as an extension of the one it cosigned before",
}


@dataclass(frozen=True, slots=True)
class Given:
    """A verified cosignature: its line for the note, and its time in POSIX seconds."""

    line: SignatureLine
    timestamp: int


class WitnessClient:
    """Asks the witness of ``vkey`` at the submission prefix ``url``, one request at a time."""

    def __init__(
        self,
        vkey: VKey,
        url: str,
        timeout: Timeout = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if vkey.algorithm != COSIGNATURE:
            raise InvalidInput("vkey", f"a witness's must be of key type {COSIGNATURE:02x}")
        try:
            parsed = parse_url(url)
        except LocationParseError:
            raise InvalidInput("url", "malformed") from None
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.auth or parsed.query or parsed.fragment:
            raise InvalidInput("url", "must be http:// or https://, a host and perhaps a path")
        self._vkey, self._clock = vkey, clock
        self._target = f"{(parsed.path or '').rstrip('/')}/add-checkpoint"
        kind: Any = urllib3.HTTPSConnectionPool if parsed.scheme == "https" else urllib3.HTTPConnectionPool
        self._pool: urllib3.HTTPConnectionPool = kind(
            parsed.host.strip("[]"), parsed.port, timeout=timeout, maxsize=1, headers=_HEADERS
        )
        self._old = 0

    def close(self) -> None:
        """Close the connection that is kept."""
        self._pool.close()

    def cosign(self, signed: SignedCheckpoint, prove: Prove) -> Given:
        """Return the witness's cosignature of ``signed``; a witness that knows another size is asked once more.

        Raises:
            Busy: it is overloaded; ``retry_after`` says for how long to leave it alone.
            Unavailable: it gives no whole answer.
            Contradicted: it cosigned a larger tree, or one that this tree does not extend.
            Refused: it will not cosign this tree, or not for this log.
            VerificationFailed: what it gives is not its cosignature of this checkpoint.
        """
        status, body, after = self._ask(signed, prove)
        if status == STALE:
            known = _size(body)
            if known is not None and known > signed.checkpoint.size:
                raise Contradicted(f"witness: it cosigned a larger tree, of {known} entries, than this log has", known)
            if known is not None and known != self._old:
                self._old = known
                status, body, after = self._ask(signed, prove)
        if status != _OK:
            _refuse(status, after)
        given = self._verified(signed, body)
        self._old = signed.checkpoint.size
        return given

    def _ask(self, signed: SignedCheckpoint, prove: Prove) -> tuple[int, bytes, float]:
        """Return status, body and Retry-After of an answer."""
        size = signed.checkpoint.size
        old = min(self._old, size)
        request = AddCheckpoint.of(old, prove(old) if 0 < old < size else (), signed).format()
        try:
            try:
                return self._send(request)
            except ProtocolError:  # it may have closed the kept connection; asking twice changes nothing
                return self._send(request)
        except HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise Unavailable(f"witness: no whole answer ({type(reason).__name__})") from None

    def _send(self, request: bytes) -> tuple[int, bytes, float]:
        answer = self._pool.urlopen(
            "POST", self._target, body=request, retries=False, redirect=False, preload_content=False
        )
        whole = False
        try:
            until = self._clock() + DEADLINE
            found = bytearray()
            while piece := answer.read1(_PIECE):
                found += piece
                if len(found) > MAX_REPLY or self._clock() > until:
                    raise Unavailable(f"witness: its answer is longer than {MAX_REPLY} bytes or takes too long")
            whole = True
            return answer.status, bytes(found), _seconds(answer.headers.get("Retry-After"))
        finally:
            if whole:
                answer.release_conn()
            else:
                answer.close()

    def _verified(self, signed: SignedCheckpoint, body: bytes) -> Given:
        """Return what of ``body`` is the witness's; other keys' lines, and what is no line, are passed over."""
        own = [line for line in _lines(body) if (line.name, line.key_id) == (self._vkey.name, self._vkey.key_id)]
        note = Note(signed.note.text, tuple(own))
        times = verify_cosignatures(SignedCheckpoint(signed.checkpoint, note), [self._vkey])
        if self._vkey not in times:
            raise VerificationFailed("witness: no cosignature of its own in its answer")
        latest = times[self._vkey]
        return next(Given(line, latest) for line in own if Cosignature.parse(line.blob).timestamp == latest)


def _refuse(status: int, after: float) -> NoReturn:
    if status in _OVERLOADED:
        raise Busy(f"witness: overloaded (HTTP {status})", after)
    if status == INCONSISTENT:
        raise Contradicted(f"witness: {_REASONS[status]} (HTTP {status})")
    if status in _REASONS:
        raise Refused(f"witness: {_REASONS[status]} (HTTP {status})")
    raise Unavailable(f"witness: no answer of any use (HTTP {status})")


def _lines(body: bytes) -> list[SignatureLine]:
    found = []
    for raw in body.split(b"\n")[:MAX_SIGNATURES]:
        try:
            found.append(SignatureLine.parse(raw.decode()))
        except (UnicodeDecodeError, InvalidInput):
            continue
    return found


def _size(body: bytes) -> int | None:
    """Return the size in a STALE answer, None where there is none: older witnesses say in words what they refuse."""
    try:
        return decode_decimal(body.decode("ascii").removesuffix("\n"), "size")
    except (UnicodeDecodeError, InvalidInput):
        return None


def _seconds(text: str | None) -> float:
    """Return the seconds of a Retry-After header, the usual ones for none or a date."""
    asked = float(text) if text is not None and text.isascii() and text.isdecimal() else RETRY_AFTER
    return min(asked, MOST_PATIENCE)
