"""A web server that fails for a while is waited for, one that fails for good is given up."""

from itertools import count

import pytest
from urllib3.util import Timeout

from ledger.core.errors import Unavailable
from ledger.tiles.fetching import ATTEMPTS, MOST_PATIENCE, HttpSource
from tests.tiles.web import SILENCE, Answer, web

PASSING = {
    "too many requests": Answer(429),
    "an error of the server": Answer(500),
    "a busy server": Answer(503, b"busy"),
    "a cut answer": Answer(200, b"half", length="8"),
    "an answer that does not decompress": Answer(200, b"plain", {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_what_passes_is_waited_for(bad: Answer) -> None:
    """After a failure that may pass, the next attempt comes later and later, and its answer counts."""
    waits: list[float] = []
    with web(lambda _, asked: bad if asked < 3 else Answer(200, b"good")) as server:
        assert HttpSource(server.url, waits.append).fetch("checkpoint", 100) == b"good"
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_patience_ends(bad: Answer) -> None:
    """What does not pass is given up, in words that name the file and what happened."""
    waits: list[float] = []
    with web(lambda *_: bad) as server, pytest.raises(Unavailable, match=r"^checkpoint: .*, 6 times in a row$"):
        HttpSource(server.url, waits.append).fetch("checkpoint", 100)
    assert len(waits) == ATTEMPTS - 1 == len(server.asked) - 1


@pytest.mark.parametrize(
    ("header", "waited"), [("7", 7.0), ("0", 0.5), ("100000", MOST_PATIENCE), ("soon", 0.5), ("-1", 0.5), ("٧", 0.5)]
)
def test_the_server_says_when_to_come_back(header: str, waited: float) -> None:
    """Retry-After in seconds is waited for, up to a minute; any other spelling is no wish."""
    waits: list[float] = []
    busy = Answer(429, b"", {"Retry-After": header.encode().decode("latin-1")})
    with web(lambda _, asked: Answer() if asked else busy) as server:
        assert HttpSource(server.url, waits.append).fetch("checkpoint", 100) == b""
    assert waits == [waited]


def test_a_silent_server_is_given_up() -> None:
    """A server that takes requests and does not answer is tried as often as any other."""
    with (
        web(lambda *_: SILENCE) as server,
        pytest.raises(Unavailable, match=r"^checkpoint: no whole answer \(ReadTimeoutError\), 6 times in a row$"),
    ):
        HttpSource(server.url, lambda _: None, timeout=Timeout(connect=10, read=0.01)).fetch("checkpoint", 100)


def test_a_slow_answer_is_given_up() -> None:
    """An answer that drips for minutes is given up, however little it is."""
    minutes = count(0, 60)
    with (
        web(lambda *_: Answer(200, bytes(1_000_000))) as server,
        pytest.raises(Unavailable, match=r"^tile/entries/000: the answer takes too long, 6 times in a row$"),
    ):
        HttpSource(server.url, lambda _: None, lambda: next(minutes)).fetch("tile/entries/000", 1_000_000)


def test_no_server_is_told() -> None:
    """Where nothing listens, that is said after as many attempts."""
    with web(lambda *_: Answer()) as server:
        url = server.url
    with pytest.raises(Unavailable, match=r"^checkpoint: no whole answer \(NewConnectionError\), 6 times in a row$"):
        HttpSource(url, lambda _: None).fetch("checkpoint", 100)
