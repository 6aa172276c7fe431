"""What is accepted here is accepted in Go, and read as the same: every edit of one character in every format is tried.

The other way round Go takes more: a second spelling of base64, carriage returns, a key id of no meaning.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.encoding import sha256
from ledger.core.errors import LedgerError
from ledger.core.merkle import leaf_hash
from ledger.core.note import COSIGNATURE, Note, VKey, open_note
from ledger.core.policy import Policy
from ledger.core.proof import verify_inclusion
from ledger.core.tlogproof import TlogProof
from ledger.core.tlogtiles import Tile
from tests.core.world import mixed
from tests.interop.ecosystem import Ecosystem, Job, Verdict
from tests.interop.material import every_edit, identity, key
from tests.interop.test_policies import WITNESSES

LOG = key("log.example")
WORLD = mixed()
PLACE, SIZE = 2, 3
NOTED = WORLD.checkpoint(SIZE)
NOTE = Note("text\n", (LOG.sign("text\n"), key("other.example").sign("text\n")))


@dataclass(frozen=True, slots=True)
class Format:
    """A text, what to edit it with, and what it says in Go and here."""

    text: str
    characters: str
    job: Callable[[str], Job]
    theirs: Callable[[Verdict], object]
    ours: Callable[[str], object]


def signed(text: str) -> bytes:
    """Return a text under the log's signature, be it a checkpoint or not."""
    return f"{text}\n{LOG.sign(text).format()}\n".encode()


def checkpoint(text: str) -> object:
    """Return what a checkpoint's text says, opened as of whichever origin it names."""
    found = open_checkpoint(signed(text), LOG.vkey(), text.partition("\n")[0]).checkpoint
    return found.size, found.root


def proof(text: str) -> object:
    """Return the index of a proof file whose head is ``text``, verified for one entry of the world."""
    found = TlogProof.parse(text.encode() + NOTED)
    covering = open_checkpoint(found.checkpoint, WORLD.vkey).checkpoint
    leaf = leaf_hash(WORLD.leaves[PLACE])
    verify_inclusion(leaf, found.index, covering.size, found.path, covering.root)
    return found.index, found.extra


FORMATS = {
    "verifier key": Format(
        LOG.vkey().format(),
        "+ A=\u2028",
        lambda text: Job.of("read-vkey", VKey=text),
        lambda verdict: verdict["id"],
        lambda text: identity(VKey.parse(text)),
    ),
    "cosigner key": Format(
        LOG.vkey(COSIGNATURE).format(),
        "+ A=\u2028",
        lambda text: Job.of("read-vkey", VKey=text),
        lambda verdict: verdict["id"],
        lambda text: identity(VKey.parse(text)),
    ),
    "note": Format(
        NOTE.format().decode(),
        "\n —A=\r\t",
        lambda text: Job.of("open-note", Note=text.encode(), VKeys=[LOG.vkey().format()]),
        lambda verdict: verdict["text"],
        lambda text: open_note(text.encode(), [LOG.vkey()]).text,
    ),
    "checkpoint": Format(
        Checkpoint("log.example", 19, sha256(b"root"), ("extension",)).format(),
        "\n 0-+_=\r٣",
        lambda text: Job.of(
            "open-checkpoint", Note=signed(text), VKey=LOG.vkey().format(), Origin=text.partition("\n")[0]
        ),
        lambda verdict: (verdict["size"], verdict.raw("root")),
        checkpoint,
    ),
    "proof": Format(
        TlogProof(PLACE, WORLD.inclusion(PLACE, SIZE), NOTED, b"abc").format().decode().partition("\n\n")[0] + "\n\n",
        "\n 0-+_=\r٣",
        lambda text: Job.of(
            "read-tlog-proof",
            Raw=text.encode() + NOTED,
            Leaf=WORLD.leaves[PLACE],
            VKey=WORLD.vkey.format(),
            Origin=WORLD.vkey.name,
        ),
        lambda verdict: (verdict["index"], verdict.raw("extra")),
        proof,
    ),
    "policy": Format(
        "group g any a b\ngroup h 2 g c d\nquorum h\n",
        "\n abgh#012",
        lambda text: Job.of("judge-policy", Policy=(WITNESSES + text).encode(), Notes=[]),
        lambda verdict: "a policy",
        lambda text: Policy.parse((WITNESSES + text).encode()) and "a policy",
    ),
    "tile path": Format(
        "tile/1/x001/x234/067.p/25",
        "/0x.p٣",
        lambda text: Job.of("read-tile-path", Path=text),
        lambda verdict: Tile(verdict["level"], verdict["number"], verdict["width"]),
        Tile.parse,
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_accepted_here_alone(ecosystem: Ecosystem, name: str) -> None:
    """Of all edits of a text, none is taken here that Go refuses or reads otherwise."""
    format_ = FORMATS[name]
    edits = [format_.text, *every_edit(format_.text, format_.characters)]
    accepted = []
    for text, verdict in zip(edits, ecosystem.judge(list(map(format_.job, edits))), strict=True):
        try:
            found = format_.ours(text)
        except LedgerError:
            continue
        assert not verdict.refused, text
        assert format_.theirs(verdict) == found, text
        accepted.append(text)
    assert format_.text in accepted
    assert len(accepted) < len(edits) // 2
