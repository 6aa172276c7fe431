"""The witness over HTTP, as C2SP tlog-witness has it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.core.witnessing import MAX_REQUEST
from ledger.witness.state import origin_hash
from ledger.witness.witness import Witness
from tests.core.witnessed import LOG, asking, leaves
from tests.witness.served import Site, exchange, head, posted, serving, timestamp

SEVEN = asking(0, leaves(7))
PUBLISHED = f"/{origin_hash(LOG.name)}/checkpoint"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a witness that knows the test log."""
    return Site(tmp_path / "state")


@pytest.fixture
async def port(site: Site) -> AsyncIterator[int]:
    """Serve it and return the port."""
    async with serving(site) as port:
        yield port


async def test_a_checkpoint_is_cosigned_and_published(port: int, site: Site) -> None:
    """The answer to a good request is 200 and the signature line; then the checkpoint stands under its hash."""
    assert (await exchange(port, head("GET", PUBLISHED))).code == 404
    answer = await exchange(port, posted(SEVEN.format()))
    assert (answer.code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert timestamp(SEVEN, answer.body)
    published = await exchange(port, head("GET", PUBLISHED))
    assert (published.code, published.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert published.body == SEVEN.note.format() + answer.body
    assert published.headers["cache-control"] == "no-cache"
    assert site.value("witness_answers_total", request="add-checkpoint", code="200") == 1
    assert site.value("witness_add_checkpoint_seconds_count") == 1


async def test_a_stale_request_is_told_the_size_in_its_own_type(port: int) -> None:
    """409 has the size, a line feed and nothing else, as text/x.tlog.size."""
    answer = await exchange(port, posted(asking(4, leaves(7)).format()))
    assert (answer.code, answer.headers["content-type"], answer.body) == (409, "text/x.tlog.size", b"0\n")


async def test_a_body_may_come_in_chunks(port: int) -> None:
    """A request whose length is not said beforehand is answered like any other."""
    raw = SEVEN.format()
    parts = [raw[:9], raw[9:]]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    answer = await exchange(port, head("POST", "/add-checkpoint", "Transfer-Encoding: chunked") + body)
    assert answer.code == 200


OTHERS = {
    "another method": (head("GET", "/add-checkpoint"), 405),
    "posting to a checkpoint": (head("POST", PUBLISHED, "Content-Length: 0"), 405),
    "another path": (head("GET", "/"), 404),
    "a path below": (head("GET", f"{PUBLISHED}/more"), 404),
    "a hash in capitals": (head("GET", PUBLISHED.upper().replace("CHECKPOINT", "checkpoint")), 404),
    "a way out of the directory": (head("GET", "/..%2Flock/checkpoint"), 404),
    "a zero byte": (head("GET", "/%00/checkpoint"), 404),
    "no body": (head("POST", "/add-checkpoint", "Content-Length: 0"), 400),
    "what is not HTTP": (b"hello\r\n\r\n", 400),
    "sign-subtree": (head("POST", "/sign-subtree", "Content-Length: 0"), 404),
    "the largest body": (posted(b"x" * MAX_REQUEST), 400),
    "a larger body": (posted(b"x" * (MAX_REQUEST + 1)), 413),
}


@pytest.mark.parametrize(("raw", "code"), OTHERS.values(), ids=OTHERS)
async def test_everything_else_has_its_status(raw: bytes, code: int, port: int) -> None:
    """What is not asked for as the specification says is refused without a trace of what is inside."""
    answer = await exchange(port, raw)
    assert answer.code == code
    assert b"Traceback" not in answer.body


async def test_the_head_of_a_checkpoint_is_given(port: int) -> None:
    """HEAD answers as GET does, without a body."""
    await exchange(port, posted(SEVEN.format()))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("HEAD", PUBLISHED, "Connection: close"))
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


async def test_what_was_not_foreseen_is_told_nobody(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected is a 500 without detail, and the next request is answered."""

    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    with monkeypatch.context() as patched:
        patched.setattr(Witness, "add_checkpoint", fail)
        answer = await exchange(port, posted(SEVEN.format()))
    assert (answer.code, answer.body) == (500, b"Internal Server Error")
    assert (await exchange(port, posted(SEVEN.format()))).code == 200
