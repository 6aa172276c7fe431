"""Targets: what witnesses are asked and answer, what mirrors read, and evidence against a log."""

from typing import Final

from ledger.core.anchors import Anchored, check_anchor
from ledger.core.bodies import Anchor
from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import InvalidInput, Refused, Uncheckable, VerificationFailed
from ledger.core.proof import verify_consistency
from ledger.core.split import Split, verify_split
from ledger.core.tlogtiles import Tile, decode_entries, decode_hashes, encode_entries, encode_hashes
from ledger.core.witnessing import AddCheckpoint, Refusal, decide, witness_vkey
from ledger.witness import state
from ledger.witness.client import WitnessClient
from tests.core.splits import EVIDENCE
from tests.core.witnessed import LOG, NOW, WITNESS, asking, knowing, leaves, signed
from tests.fuzz.driving import Broken, Target, require_same
from tests.fuzz.mutating import text

_KNOWN: Final = knowing(5)
_OWN: Final = witness_vkey(WITNESS)
_CLIENT: Final = WitnessClient(_OWN, "http://127.0.0.1:1")
_ASKED: Final = signed(leaves(9))


def _request(data: bytes) -> None:
    require_same(AddCheckpoint.parse(data).format(), data)


def _decision(data: bytes) -> None:
    """A witness that knows five entries; whatever it cosigns extends them."""
    outcome = decide(_KNOWN, AddCheckpoint.parse(data), NOW, WITNESS)
    if isinstance(outcome, Refusal):
        raise Refused(outcome.reason)
    latest = outcome.known.latest
    if latest is None or latest.signed.checkpoint.size < 5:
        raise Broken("a tree cosigned that does not extend the one before")
    checkpoint = open_checkpoint(latest.signed.note.format(), LOG.vkey()).checkpoint
    verify_consistency(5, _KNOWN.root, checkpoint.size, checkpoint.root, AddCheckpoint.parse(data).proof)


def _answer(data: bytes) -> None:
    """A witness's answer, whatever else stands in it."""
    given = _CLIENT._verified(_ASKED, data)
    if given.line.format().encode() not in data:
        raise Broken("a line that the answer does not have")


def _held(data: bytes) -> None:
    require_same(state._format(state._parse(data, _OWN)), data)


def _tile_path(data: bytes) -> None:
    path = data.decode("latin-1")
    require_same(Tile.parse(path).path, path)


def _bundle(data: bytes) -> None:
    require_same(encode_entries(decode_entries(data, 3)), data)


def _hashes(data: bytes) -> None:
    require_same(encode_hashes(decode_hashes(data, 3)), data)


def _split(data: bytes) -> None:
    proven = verify_split(data)
    require_same(Split.parse(data).format(), data)
    if proven.hashes[0] == proven.hashes[1]:
        raise Broken("evidence of two histories that agree")


def _anchor(data: bytes) -> None:
    checkpoint = check_anchor(Anchor(data), LOG.vkey(), LOG.name, 12, Anchored(3, 0, 4))
    if not 4 < checkpoint.size <= 12:
        raise Broken("an anchor out of its place")


_REQUESTS: Final = tuple(asking(old, leaves(size)).format() for old, size in ((5, 9), (5, 6), (0, 5), (5, 5), (8, 9)))
_KNOWN_FILES: Final = (state._format(_KNOWN), state._format(knowing(None)))


def _line() -> bytes:
    outcome = decide(_KNOWN, AddCheckpoint.parse(_REQUESTS[0]), NOW, WITNESS)
    assert not isinstance(outcome, Refusal)
    return f"{outcome.line.format()}\n".encode()


_LINE: Final = _line()
_FOREIGN: Final = f"{_ASKED.note.signatures[0].format()}\n".encode()
_ANSWERS: Final = (_LINE, _LINE * 2, _FOREIGN + _LINE, _LINE + b"no line\n")
_TILES: Final = (Tile(-1, 0), Tile(-1, 1234067, 7), Tile(0, 999), Tile(1, 1000, 255), Tile(63, 0, 1))

TARGETS: Final = (
    Target("AddCheckpoint.parse", _request, (InvalidInput,), _REQUESTS, text),
    Target("decide", _decision, (InvalidInput, Refused), _REQUESTS, text),
    Target("WitnessClient", _answer, (InvalidInput, VerificationFailed), _ANSWERS, text),
    Target("witness state", _held, (InvalidInput, Uncheckable, VerificationFailed), _KNOWN_FILES, text),
    Target("Tile.parse", _tile_path, (InvalidInput,), tuple(tile.path.encode() for tile in _TILES), text),
    Target("decode_entries", _bundle, (InvalidInput,), (encode_entries([b"", b"one", bytes(300)]),), text),
    Target("decode_hashes", _hashes, (InvalidInput,), (bytes(range(96)),), text),
    Target("verify_split", _split, (InvalidInput, Uncheckable, VerificationFailed), tuple(EVIDENCE.values()), text),
    Target(
        "check_anchor",
        _anchor,
        (InvalidInput, Refused, VerificationFailed),
        tuple(signed(leaves(size)).note.format() for size in (4, 5, 9, 12, 13)),
        text,
    ),
)
