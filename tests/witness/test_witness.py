"""A witness persists before it answers, and says what it does."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ledger.core.encoding import sha256
from ledger.core.errors import StoreDamaged
from ledger.host import files
from ledger.witness.state import origin_hash
from ledger.witness.witness import PLAIN, SIZE, Reply, Witness
from tests.core.witnessed import LOG, NOW, STRANGER, WITNESS, asking, knowing, leaves, root, signed
from tests.witness.served import Site, ask, timestamp


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a witness that knows the test log."""
    return Site(tmp_path / "state")


def test_a_tree_is_followed_as_it_grows(site: Site) -> None:
    """Each answer is the cosignature line alone, and what is known is the tree that it is about."""
    witness = site.open()
    for old, size in ((0, 0), (0, 1), (1, 4), (4, 4), (4, 130)):
        reply = ask(witness, old, size)
        assert (reply.code, reply.content_type) == (200, PLAIN)
        assert timestamp(asking(old, leaves(size)), reply.body) == NOW
        assert (site.known.size, site.known.root) == (size, root(leaves(size)))


def test_a_stale_request_is_told_the_size(site: Site) -> None:
    """A client that does not know what the witness knows learns it from the answer."""
    witness = site.open()
    assert ask(witness, 4, 7) == Reply(409, b"0\n", SIZE)
    ask(witness, 0, 7)
    assert ask(witness, 0, 9) == Reply(409, b"7\n", SIZE)


def test_what_was_cosigned_is_published(site: Site) -> None:
    """Under the hash of its origin stands the latest checkpoint with both signatures; before the first, nothing."""
    witness = site.open()
    name = sha256(LOG.name.encode()).hex()
    assert witness.checkpoint(name).code == 404
    line = ask(witness, 0, 7).body
    assert witness.checkpoint(name) == Reply(200, signed(leaves(7)).note.format() + line)
    ask(witness, 7, 9)
    assert witness.checkpoint(name).body.startswith(b"log.example\n9\n")
    assert witness.checkpoint(sha256(b"another.example").hex()).code == 404


REFUSED = {
    "what is no request": (b"hello\n", 400, "request: without a blank line\n"),
    "an unknown log": (
        asking(0, leaves(7)).format().replace(b"log.example\n", b"elsewhere\n"),
        404,
        "origin: not of a log that this witness knows\n",
    ),
    "another signer": (asking(0, leaves(7), STRANGER).format(), 403, "note: no signature by a known key\n"),
    "a wrong proof": (asking(4, leaves(9, 2)).format(), 422, "consistency: the proof does not lead to both roots\n"),
}


@pytest.mark.parametrize(("body", "code", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_its_reason(body: bytes, code: int, reason: str, site: Site) -> None:
    """Refusals have the status of the specification and a line that says why; nothing that is known changes."""
    witness = site.open()
    ask(witness, 0, 4)
    known = site.known
    assert witness.add_checkpoint(body) == Reply(code, reason.encode())
    assert site.known == known


def test_a_restarted_witness_goes_on_where_it_was(site: Site) -> None:
    """What was cosigned holds for the next process: another history is refused and the same one continued."""
    ask(site.open(), 0, 7)
    witness = site.open()
    assert ask(witness, 0, 9, fork=2) == Reply(409, b"7\n", SIZE)
    assert ask(witness, 7, 9, fork=2).code == 422
    assert ask(witness, 7, 9).code == 200


def test_a_clock_that_is_set_back_moves_no_timestamp(site: Site) -> None:
    """Also after a restart no cosignature is older than one before it; the log says by how much the clock is off."""
    site.clock.time = NOW + 0.9
    assert timestamp(asking(0, leaves(4)), ask(site.open(), 0, 4).body) == NOW
    site.clock.time = NOW - 100
    with capture_logs() as lines:
        reply = ask(site.open(), 4, 7)
    assert timestamp(asking(4, leaves(7)), reply.body) == NOW
    assert {"event": "the clock is behind", "log_level": "warning", "origin": LOG.name, "seconds": 100} in lines


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return how to have the disk fail at a step, from then on."""

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def arm(step: str) -> None:
        owner, name = {
            "the bytes": (files, "_write"),
            "their sync": (os, "fsync"),
            "the name": (Path, "replace"),
            "the directory": (files, "sync"),
        }[step]
        monkeypatch.setattr(owner, name, fail)

    return arm


@pytest.mark.parametrize("step", ["the bytes", "their sync", "the name", "the directory"])
def test_what_is_not_persisted_is_not_signed(
    step: str, site: Site, failing: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where any step of persisting fails, 503 and no signature leaves; afterwards the tree is the old or the new one.

    Either way it goes on from there, and another history is never cosigned.
    """
    witness = site.open()
    ask(witness, 0, 4)
    failing(step)
    with capture_logs() as lines:
        reply = ask(witness, 4, 7)
    assert (reply.code, b"\xe2\x80\x94" in reply.body) == (503, False)
    assert [line["event"] for line in lines] == ["state not written or read"]
    monkeypatch.undo()
    assert site.known.size == (7 if step == "the directory" else 4)
    assert ask(witness, site.known.size, 9, fork=2).code == 422
    assert ask(witness, site.known.size, 9).code == 200


def test_damage_is_not_signed_over(site: Site) -> None:
    """A file that cannot be believed ends a start, and a running witness signs nothing over it."""
    witness = site.open()
    ask(witness, 0, 7)
    path = site.directory / "logs" / origin_hash(LOG.name)
    path.write_bytes(path.read_bytes()[:-9])
    with capture_logs() as lines:
        assert ask(witness, 7, 9).code == 500
        assert witness.checkpoint(origin_hash(LOG.name)).code == 500
    assert [line["event"] for line in lines] == ["state damaged"] * 2
    with pytest.raises(StoreDamaged, match=str(path)):
        Witness(site.state, WITNESS, site.metrics)


def test_a_split_log_is_convicted(site: Site) -> None:
    """Two trees of one size are evidence in a file, told at once, and never signed."""
    witness = site.open()
    ask(witness, 0, 7)
    with capture_logs() as lines:
        assert ask(witness, 7, 7, fork=2).code == 422
        assert ask(witness, 4, 7, fork=2) == Reply(409, b"7\n", SIZE)
    (path,) = site.state.evidence.iterdir()
    told = [line for line in lines if line["event"] == "split log"]
    assert told == [{"event": "split log", "log_level": "error", "origin": LOG.name, "size": 7, "evidence": str(path)}]
    assert site.value("witness_splits_total", origin=LOG.name) == 2
    assert site.known == knowing(7)


def test_evidence_that_cannot_be_kept_does_not_change_the_answer(site: Site, failing: Callable[[str], None]) -> None:
    """On a full disk the split is refused all the same, and told."""
    witness = site.open()
    ask(witness, 0, 7)
    failing("the bytes")
    with capture_logs() as lines:
        assert ask(witness, 7, 7, fork=2).code == 422
    assert lines[-1]["event"] == "split log, evidence not kept"


def test_the_log_tells_nothing_of_strangers(site: Site) -> None:
    """A request that no known log signed leaves no line that an operator sees, and no value."""
    witness = site.open()
    with capture_logs() as lines:
        witness.add_checkpoint(b"old secret\n\n")
        witness.add_checkpoint(asking(0, leaves(7)).format().replace(b"log.example\n", b"secret\n"))
        witness.add_checkpoint(asking(0, leaves(7), STRANGER).format())
        ask(witness, 0, 7)
        ask(witness, 0, 7)
    assert [line["log_level"] for line in lines] == ["debug", "debug", "debug", "info", "info"]
    assert "secret" not in str(lines)


def test_the_latest_tree_is_a_metric(site: Site) -> None:
    """Size and time of each log's latest cosignature are there from the start."""
    ask(site.open(), 0, 7)
    site.metrics = type(site.metrics)()
    site.open()
    assert site.value("witness_tree_size", origin=LOG.name) == 7
    assert site.value("witness_cosigned_timestamp_seconds", origin=LOG.name) == NOW
