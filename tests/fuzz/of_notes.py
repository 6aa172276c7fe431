"""Targets: notes, keys, checkpoints, policies, proof files."""

from typing import Final

from ledger.core.checkpoint import Checkpoint, Cosignature, open_checkpoint
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.note import Note, SignatureLine, SigningKey, VKey
from ledger.core.policy import Policy, quorum_time, verify_quorum
from ledger.core.signing import SecretKey
from ledger.core.tlogproof import TlogProof
from tests.fuzz.driving import Broken, Target, require_same
from tests.fuzz.mutating import text
from tests.fuzz.seeds import vectors

_LOG: Final = SigningKey(
    vectors("notes")["vkeys"][0]["key_name"], SecretKey.from_seed(bytes.fromhex(vectors("notes")["vkeys"][0]["seed"]))
)
_POLICY: Final = Policy.parse(vectors("notes")["policy"].encode())


def _text(data: bytes) -> str:
    """Return bytes as a caller's text, with what is not UTF-8 as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def _vkey(data: bytes) -> None:
    require_same(VKey.parse(_text(data)).format(), _text(data))


def _signing_key(data: bytes) -> None:
    require_same(SigningKey.parse(_text(data)).format(), _text(data))


def _signature_line(data: bytes) -> None:
    require_same(SignatureLine.parse(_text(data)).format(), _text(data))


def _note(data: bytes) -> None:
    require_same(Note.parse(data).format(), data)


def _checkpoint(data: bytes) -> None:
    require_same(Checkpoint.parse(_text(data)).format(), _text(data))


def _cosignature(data: bytes) -> None:
    require_same(Cosignature.parse(data).format(), data)


def _signed_checkpoint(data: bytes) -> None:
    signed = open_checkpoint(data, _LOG.vkey())
    require_same(signed.note.format(), data)
    require_same(signed.checkpoint.format(), signed.note.text)


def _quorum(data: bytes) -> None:
    """Whatever lines a note has beside the log's."""
    cosigned = verify_quorum(open_checkpoint(data, _LOG.vkey()), _POLICY)
    if quorum_time(cosigned.timestamps, _POLICY) not in cosigned.timestamps.values():
        raise Broken("a quorum time that no witness gave")


def _signed_text(data: bytes) -> None:
    """Whatever text the log's key may have signed."""
    body = data.decode("utf-8", "replace")
    opened = open_checkpoint(f"{body}\n{_LOG.sign(body).format()}\n".encode(), _LOG.vkey())
    require_same(opened.checkpoint.format(), body)


def _policy(data: bytes) -> None:
    policy = Policy.parse(data)
    policy.satisfied({witness.name for witness in policy.witnesses})
    if policy.quorum is not None and policy.satisfied(()):
        raise Broken("a quorum that nobody makes up")


def _tlog_proof(data: bytes) -> None:
    require_same(TlogProof.parse(data).format(), data)


_MALFORMED: Final = (InvalidInput,)
_KEYS: Final = (InvalidInput, Uncheckable)
_VKEYS: Final = tuple(case["vkey"].encode() for case in vectors("notes")["vkeys"])
_SIGNERS: Final = tuple(case["signer_key"].encode() for case in vectors("notes")["vkeys"] if "signer_key" in case)
_CHECKPOINTS: Final = vectors("notes")["checkpoints"]
_NOTES: Final = (
    *(case["note"].encode() for case in vectors("notes")["notes"]),
    *(case["note"].encode() for case in _CHECKPOINTS),
    *(note.encode() for note in vectors("log")["checkpoints"][-3:]),
)
_LINES: Final = tuple(case["line"].encode() for case in vectors("notes")["cosignatures"])
_COSIGNED: Final = _CHECKPOINTS[1]["note"].encode() + b"".join(line + b"\n" for line in _LINES)
_POLICIES: Final = (
    *[vectors("notes")["policy"].encode()] * 20,
    *(case["policy"].encode("utf-8", "surrogateescape") for case in vectors("notes")["refused_policies"]),
)
_TEXTS: Final = tuple(case["text"].encode() for case in _CHECKPOINTS)

TARGETS: Final = (
    Target("VKey.parse", _vkey, _KEYS, _VKEYS, text),
    Target("SigningKey.parse", _signing_key, _MALFORMED, _SIGNERS, text),
    Target("SignatureLine.parse", _signature_line, _MALFORMED, _LINES, text),
    Target("Note.parse", _note, _MALFORMED, _NOTES, text),
    Target("Checkpoint.parse", _checkpoint, _MALFORMED, _TEXTS, text),
    Target("Cosignature.parse", _cosignature, (VerificationFailed,), (bytes(7) + b"\x01" + bytes(64),), text),
    Target("open_checkpoint", _signed_checkpoint, (InvalidInput, VerificationFailed), _NOTES, text),
    Target("verify_quorum", _quorum, (InvalidInput, VerificationFailed), (_COSIGNED,), text),
    Target("open_checkpoint, signed", _signed_text, (InvalidInput, VerificationFailed), _TEXTS, text),
    Target("Policy.parse", _policy, _KEYS, _POLICIES, text),
    Target(
        "TlogProof.parse",
        _tlog_proof,
        _MALFORMED,
        tuple(case["receipt"].encode() for case in vectors("receipts")["cases"]),
        text,
    ),
)
