"""``ledger witness`` cosigns for the logs of others: by the client of omniwitness's feeders, and by Tessera's."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from ledger.core.checkpoint import open_checkpoint, verify_cosignatures
from ledger.core.note import SignatureLine, VKey
from ledger.core.witnessing import AddCheckpoint
from ledger.witness.state import origin_hash
from tests.cli.commands import Serving, Site, site
from tests.core.witnessed import LOG, STRANGER, asking, leaves, proof, signed
from tests.interop.ecosystem import Ecosystem, Verdict
from tests.interop.material import identity, key

NAME = "witness.example/né"
STATE = ("--state", "wit")
TESSERA = key("tessera.example")


class Running:
    """A witness that serves and knows the test log and Tessera's."""

    def __init__(self, here: Site) -> None:
        self.vkey = VKey.parse(here.call("ledger", "witness", "init", *STATE, "--name", NAME).stdout.rstrip("\n"))
        for log in (LOG, TESSERA):
            here.call("ledger", "witness", "add-log", *STATE, log.vkey().format())
        serve = ("ledger", "witness", "serve", *STATE, "--listen", "127.0.0.1:0")
        here.server = Serving(here.start(*serve, stdout=subprocess.DEVNULL, stdin=None))
        self.url = f"http://{json.loads(here.server.log[0])['public']}"

    def cosigned(self, origin: str) -> bytes:
        """Return the latest checkpoint that it cosigned for a log."""
        answer = urllib3.request("GET", f"{self.url}/{origin_hash(origin)}/checkpoint", retries=False)
        assert answer.status == 200
        return answer.data


@pytest.fixture
def witness() -> Iterator[Running]:
    """A witness of its own."""
    with site() as here:
        yield Running(here)


def submit(ecosystem: Ecosystem, url: str, request: AddCheckpoint) -> Verdict:
    """Have the feeders' client ask for a cosignature."""
    fields = {"First": request.old, "Note": request.note.format(), "Proof": list(request.proof)}
    return ecosystem.ask("submit", URL=url, **fields)


def test_a_feeder_gets_cosignatures(ecosystem: Ecosystem, witness: Running) -> None:
    """The client is given a line for each growth, and formats/note verifies it; the last is served with both lines."""
    old = 0
    for size in (1, 2, 7, 64, 300):
        request = asking(old, leaves(size))
        verdict = submit(ecosystem, witness.url, request)
        assert verdict["error"] == ""
        line = SignatureLine.parse(verdict.raw("lines").decode().removesuffix("\n"))
        opening = {"VKey": LOG.vkey().format(), "Origin": LOG.name, "Witnesses": [witness.vkey.format()]}
        opened = ecosystem.ask("open-checkpoint", Note=request.note.with_signature(line).format(), **opening)
        assert opened["verified"] == [identity(LOG.vkey()), identity(witness.vkey)]
        old = size
    shown = ecosystem.ask("open-checkpoint", Note=witness.cosigned(LOG.name), **opening)
    assert (shown["size"], shown["verified"], shown["times"]) == (300, opened["verified"], opened["times"])


REFUSED = {
    "a fork": (asking(3, leaves(7, fork=2)), "consistency proof invalid", 0),
    "another root for the size": (asking(3, leaves(3, fork=2)), "consistency proof invalid", 0),
    "a proof from elsewhere": (
        AddCheckpoint.of(3, proof(2, leaves(7)), signed(leaves(7))),
        "consistency proof invalid",
        0,
    ),
    "another old size": (asking(2, leaves(7)), "old size != current", 3),
    "a larger old size": (AddCheckpoint.of(3, (), signed(leaves(2))), "old size > current", 0),
    "another key of the log": (asking(3, leaves(7), STRANGER), "no valid signatures", 0),
    "an unknown log": (AddCheckpoint.of(3, (), signed(leaves(7), LOG, "other.example")), "unknown log", 0),
}


def test_a_feeder_understands_refusals(ecosystem: Ecosystem, witness: Running) -> None:
    """What does not extend the log is refused by a status that the client has a name for, and changes nothing."""
    assert submit(ecosystem, witness.url, asking(0, leaves(3)))["error"] == ""
    for case, (request, error, size) in REFUSED.items():
        verdict = submit(ecosystem, witness.url, request)
        assert (verdict.raw("lines"), verdict["size"], verdict["error"]) == (b"", size, error), case
    assert submit(ecosystem, witness.url, asking(3, leaves(7)))["error"] == ""


def test_tessera_publishes_under_our_cosignature(ecosystem: Ecosystem, witness: Running, tmp_path: Path) -> None:
    """Tessera, told to wait for this witness, publishes two growths, each with a cosignature that holds."""
    policy = f"witness ours {witness.vkey.format()} {witness.url}\nquorum ours\n".encode()
    for begin, end in ((0, 10), (10, 300)):
        note = ecosystem.tessera(tmp_path, TESSERA, leaves(end)[begin:], policy)
        published = open_checkpoint(note, TESSERA.vkey())
        assert published.checkpoint.size == end
        assert witness.vkey in verify_cosignatures(published, [witness.vkey])
        assert open_checkpoint(witness.cosigned(TESSERA.name), TESSERA.vkey()).checkpoint == published.checkpoint
