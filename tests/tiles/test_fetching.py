"""A log is read from a web server with bounds on bytes, and from no other host."""

import gzip

import pytest

from ledger.core.errors import InvalidInput, Unavailable
from ledger.tiles.fetching import HttpSource
from tests.tiles.web import Answer, web


def no_wait(_: float) -> None:
    """Fail: there is nothing to wait for."""
    pytest.fail("waited")


def test_files_are_below_the_url() -> None:
    """A path is asked for below the URL's own, the connection is kept, and compressed answers are asked for."""
    with web(lambda path, _: Answer(200, path.encode())) as server:
        source = HttpSource(server.url + "/log/2026/")
        assert source.fetch("tile/0/000", 100) == b"/log/2026/tile/0/000"
        assert source.fetch("checkpoint", 100) == b"/log/2026/checkpoint"
        assert HttpSource(server.url).fetch("checkpoint", 100) == b"/checkpoint"
    assert server.connections == 2
    assert server.headers[0]["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_told_apart(status: int) -> None:
    """Not found is an answer, given at once."""
    with web(lambda *_: Answer(status, b"<html>")) as server:
        assert HttpSource(server.url, no_wait).fetch("checkpoint", 3) is None
    assert server.asked == ["/checkpoint"]


@pytest.mark.parametrize("status", [201, 204, 304, 400, 401, 403])
def test_other_answers_are_none(status: int) -> None:
    """An answer that is neither the file nor its absence, nor passes, ends the reading at once."""
    with (
        web(lambda *_: Answer(status)) as server,
        pytest.raises(Unavailable, match=f"^the server answers {status}$"),
    ):
        HttpSource(server.url, no_wait).fetch("checkpoint", 100)


def test_a_redirect_within_the_host_is_followed() -> None:
    """A server may send its readers elsewhere below itself."""
    moved = Answer(302, b"", {"Location": "/new"})
    with web(lambda path, _: Answer(200, b"here") if path == "/new" else moved) as server:
        assert HttpSource(server.url).fetch("checkpoint", 100) == b"here"


def test_a_redirect_to_another_host_is_not_followed() -> None:
    """No server sends its readers to another, be it another port of the same machine."""
    with (
        web(lambda *_: Answer(200, b"no")) as other,
        web(lambda *_: Answer(302, b"", {"Location": other.url + "/checkpoint"})) as server,
        pytest.raises(Unavailable, match="sends its readers to another host"),
    ):
        HttpSource(server.url).fetch("checkpoint", 100)
    assert other.asked == []


def test_redirects_in_a_circle_end() -> None:
    """A server that redirects for ever is given up."""
    with (
        web(lambda *_: Answer(302, b"", {"Location": "/checkpoint"})) as server,
        pytest.raises(Unavailable, match=r"^checkpoint: no whole answer \(ResponseError\), 6 times in a row$"),
    ):
        HttpSource(server.url, lambda _: None).fetch("checkpoint", 100)


def test_compressed_answers_are_opened() -> None:
    """A body compressed by gzip is given as it was before."""
    body = bytes(100_000)
    packed = Answer(200, gzip.compress(body), {"Content-Encoding": "gzip"})
    with web(lambda *_: packed) as server:
        assert HttpSource(server.url).fetch("tile/entries/000", 100_000) == body


BOMB = gzip.compress(bytes(5_000_000))
LONG = {
    "plain": Answer(200, bytes(101)),
    "of unknown length": Answer(200, bytes(1_000_000), length=""),
    "compressed a thousandfold": Answer(200, BOMB, {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("answer", LONG.values(), ids=LONG)
def test_an_answer_too_long_is_refused(answer: Answer) -> None:
    """More bytes than a file of its kind has are refused, once they are more, and not asked for again."""
    with web(lambda *_: answer) as server, pytest.raises(InvalidInput, match=r"^answer: more than 100 bytes$"):
        HttpSource(server.url).fetch("checkpoint", 100)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "log.example",
        "ftp://log.example/",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@log.example/",
        "http://log.example/?a=b",
        "http://log.example/#top",
        "http://log.example:port/",
        "http://[::1/",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    """An address has a scheme of the web, a host and perhaps a path, and the refusal does not repeat it."""
    with pytest.raises(
        InvalidInput, match=r"^url: (must be http:// or https://, a host and perhaps a path|malformed)$"
    ):
        HttpSource(url)


def test_the_secure_scheme_is_secure() -> None:
    """An https address is read over TLS with certificates checked: a plain server is no answer."""
    with (
        web(lambda *_: Answer(200, b"plain")) as server,
        pytest.raises(Unavailable, match=r"^checkpoint: no whole answer \(SSLError\), 6 times in a row$"),
    ):
        HttpSource(server.url.replace("http:", "https:"), lambda _: None).fetch("checkpoint", 100)
