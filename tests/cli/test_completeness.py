"""``ledger completeness``: one judgment, whoever keeps the log: a server, its export, a mirror, a web server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Site, disclosure, lines, site


@dataclass(frozen=True, slots=True)
class Read:
    """A served ledger with a source that recorded three disclosures, and a stranger's profile."""

    here: Site
    source: Path
    anyone: Path

    def told(self, *words: object, code: int = 0) -> dict[str, Any]:
        """Return the report as JSON."""
        (found,) = self.here.call("ledger", "completeness", *words, "--json", code=code).objects
        return dict(found)


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """A served ledger, exported and mirrored."""
    with site() as here:
        here.open(inside=True)
        here.serve()
        source = here.source("alpha", here.auditor("One"))
        here.call("ledger", "record", "-", "-p", source, given=lines(*(disclosure(number) for number in range(3))))
        here.call("ledgerctl", "export", "led", "files")
        here.call("ledger", "mirror", "files", "mirrored", "--log", "led/log.vkey")
        yield Read(here, source, here.public())
        assert here.stop() == 0


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """Serve a folder as any web server does, and yield its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def same(report: dict[str, Any]) -> dict[str, Any]:
    """Return what does not depend on who keeps the log, nor on the second of asking."""
    return {name: value for name, value in report.items() if name not in ("as_of", "cosigned")}


def test_every_copy_gives_the_same_report(read: Read) -> None:
    """A server, an exported folder, a mirror and files on the web are judged alike."""
    served = read.told("-p", read.anyone)
    trusted = ("--log", "led/log.vkey")
    with web(read.here.path("files")) as address:
        copies = [read.told(where, *trusted) for where in ("files", "mirrored", address)]
    assert [same(copy) for copy in copies] == [same(served)] * 3
    assert (served["verdict"], served["tree_size"], served["findings"]) == ("proven", 6, [])
    assert served["totals"]["disclosures"] == 3


def test_what_is_overdue_later_is_found_then(read: Read) -> None:
    """Judged as of a year from now nothing was closed and nothing delivered: findings, exit code 1, and a page."""
    words = ("files", "--log", "led/log.vkey", "--at", "2036-01-15", "--html", "report.html")
    found = read.told(*words, code=1)
    kinds = {finding["kind"] for finding in found["findings"]}
    assert {"closing missing", "unresolved disclosures"} <= kinds
    page = read.here.path("report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "alpha" in page
    again = read.here.call("ledger", "completeness", *words, code=2)
    assert "exists already" in again.error


def test_what_is_shown_is_chosen_and_what_is_checked_is_not(read: Read) -> None:
    """Findings outside of the periods shown are counted, and decide the exit code."""
    words = ("files", "--log", "led/log.vkey", "--at", "2036-01-15", "--from", "2035-12", "--to", "2035-12")
    found = read.told(*words, code=1)
    assert found["findings_not_shown"] > 0
    (row,) = found["sources"]
    assert [cell["name"] for cell in row["periods"]] == ["2035-12"]


def test_people_read_a_matrix(read: Read) -> None:
    """In the terminal there are a row for each source, signs with their meaning, and what is not shown by it."""
    told = read.here.call("ledger", "completeness", "-p", read.anyone).stdout
    assert "alpha: a closing each month" in told
    assert "✓ on time" in told
    assert "findings: 0" in told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "--profile: missing"),
        (("files",), "--log: missing"),
        (("nowhere", "--log", "led/log.vkey"), "checkpoint: there is none"),
        (("files", "--log", "led/log.vkey", "--from", "soon"), "from: must be a month"),
        (("files", "--log", "led/log.vkey", "--at", "soon"), "at: must be a time"),
        (("files", "--log", "led/log.vkey", "--from", "2026-02", "--to", "2026-01"), "to: must not lie before"),
    ],
)
def test_what_cannot_be_judged_is_told(read: Read, words: tuple[str, ...], why: str) -> None:
    """Missing keys, missing files and what is no period end with 2 and their reason."""
    assert why in read.here.call("ledger", "completeness", *words, code=2).error


def test_another_logs_key_disproves(read: Read) -> None:
    """Files that the key given did not sign are not judged."""
    read.here.path("other.vkey").write_text(read.here.path("led/log.vkey").read_text().replace("+A", "+B", 1))
    ran = read.here.call("ledger", "completeness", "files", "--log", "other.vkey", code=None)
    assert ran.stderr.startswith("error: ")
