"""A folder is served as C2SP tlog-tiles says, and nothing around it."""

import gzip
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.host.listening import listen
from ledger.tiles import CONNECTIONS
from ledger.tiles.fetching import HttpSource
from ledger.tiles.mirror import mirror
from ledger.tiles.server import serve
from tests.tiles.conftest import FILES
from tests.tiles.logs import LOG, files_in
from tests.tiles.serving import ask, served


@pytest.mark.parametrize("path", sorted(FILES))
def test_every_file_is_served(path: str, site: int) -> None:
    """A file is served as it is, of its type, to be kept for seconds if it is the checkpoint and for good if not."""
    status, headers, body = ask(site, f"/{path}")
    assert (status, body) == (200, FILES[path])
    is_checkpoint = path == "checkpoint"
    assert headers["content-type"] == ("text/plain; charset=utf-8" if is_checkpoint else "application/octet-stream")
    assert headers["cache-control"] == ("public, max-age=2" if is_checkpoint else "public, max-age=31536000, immutable")
    assert headers["content-length"] == str(len(body))
    assert "server" not in headers


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/entries/000"])
def test_head_tells_the_same_without_the_bytes(path: str, site: int) -> None:
    """HEAD has the headers of GET and no body."""
    _, expected, _ = ask(site, f"/{path}")
    status, headers, body = ask(site, f"/{path}", "HEAD")
    assert (status, body) == (200, b"")
    assert {**headers, "date": ""} == {**expected, "date": ""}


@pytest.mark.parametrize(
    ("accepts", "packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("deflate , gzip ; q=1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("xgzip", False),
    ],
)
def test_bundles_are_compressed_for_who_takes_it(accepts: str, packed: bool, site: int) -> None:
    """A bundle is compressed by gzip for clients that accept that, and caches are told that there are two answers."""
    status, headers, body = ask(site, "/tile/entries/000", Accept_Encoding=accepts)
    assert (status, headers.get("content-encoding")) == (200, "gzip" if packed else None)
    assert (gzip.decompress(body) if packed else body) == FILES["tile/entries/000"]
    assert headers["vary"] == "Accept-Encoding"
    assert headers["content-length"] == str(len(body))


def test_what_compression_does_not_shorten_stays_plain(site: int, tmp_path: Path) -> None:
    """Tiles of hashes, the checkpoint and small bundles are never compressed."""
    for path in ("tile/0/000", "checkpoint"):
        assert "content-encoding" not in ask(site, f"/{path}", Accept_Encoding="gzip")[1]
    with served(LOG.write(tmp_path, 3)) as port:
        assert "content-encoding" not in ask(port, "/tile/entries/000.p/3", Accept_Encoding="gzip")[1]


def test_a_served_log_is_mirrored(site: int, tmp_path: Path) -> None:
    """What this server serves, this project's mirror copies."""
    mirror(HttpSource(f"http://127.0.0.1:{site}"), tmp_path, LOG.vkey)
    assert files_in(tmp_path) == FILES


def test_a_folder_is_served_as_it_grows(tmp_path: Path) -> None:
    """A checkpoint that is not there yet is 404, and each newer one is served once it is."""
    with served(tmp_path) as port:
        assert ask(port, "/checkpoint")[0] == 404
        for size in (5, 300):
            LOG.write(tmp_path, size)
            assert ask(port, "/checkpoint")[2] == LOG.note(size)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_when_it_is_told(number: signal.Signals, tmp_path: Path) -> None:
    """A process that serves says its port, answers, and ends by the signal."""
    code = "import sys; from pathlib import Path; from ledger.tiles.server import serve; "
    call = "serve(Path(sys.argv[1]), '::1', 0, lambda port: print(port, flush=True))"
    folder = LOG.write(tmp_path, 3)
    with subprocess.Popen([sys.executable, "-c", code + call, folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        source = HttpSource(f"http://[::1]:{int(process.stdout.readline())}")
        assert source.fetch("checkpoint", 1000) == LOG.note(3)
        process.send_signal(number)
    assert process.returncode == -number


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """Where another server listens, that is an error at once."""
    with listen("127.0.0.1", 0, CONNECTIONS) as taken, pytest.raises(OSError, match="Address already in use"):
        serve(tmp_path, "127.0.0.1", taken.getsockname()[1])


def test_answers_wait_for_no_acknowledgement() -> None:
    """A connection sends what it has at once: headers and body are two pieces, and the second is not held back."""
    with listen("127.0.0.1", 0, CONNECTIONS) as bound, socket.create_connection(bound.getsockname()):
        accepted, _ = bound.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
