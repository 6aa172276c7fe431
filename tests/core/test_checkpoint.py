"""Checkpoints and cosignatures are C2SP's."""

import base64

import pytest

from ledger.core.checkpoint import (
    Checkpoint,
    Cosignature,
    SignedCheckpoint,
    cosign,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
)
from ledger.core.encoding import MAX_SIZE, ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, LedgerError, VerificationFailed
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import COSIGNATURE, Note, SignatureLine, SigningKey, VKey
from ledger.core.signing import SecretKey
from tests.core.test_note import one_bit_off

SUM_KEY = VKey.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
SUM = (
    "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n— sum.golang.org "
    "Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"
).encode()
MIRROR = (
    "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O",
    "rome2026h1.example.org\n300\ngw31yQrqZZCcEOPrzX+bpy3nJ6QgngTKn8G1m0i62uU=\n",
    "P7FI7wAAAABpVGeAjA1S4pJm6MbcXjX7UUImu4azZtrfcVW2uyr/LXIYlwEJzXC0N0EiZkbqfLdXt/4gVEEuGmxJjAfXKMCISpsJAg==",
)
WITNESS = (
    "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
    "rome2026h1.example.org\n300\nlCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n",
    "uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==",
)
LOG = SigningKey("log.example", SecretKey.from_seed(bytes(32)))
COSIGNER = SigningKey("witness.example", SecretKey.from_seed(bytes([1]) * 32))
CHECKPOINT = Checkpoint("log.example", 7, ZERO_HASH, ("ext one", "two"))
SIGNED = sign_checkpoint(CHECKPOINT, LOG)


def cosigned(*lines: SignatureLine) -> SignedCheckpoint:
    """Return the test checkpoint with more signature lines."""
    return SignedCheckpoint(CHECKPOINT, Note(SIGNED.note.text, (*SIGNED.note.signatures, *lines)))


def test_sum_golang_org() -> None:
    """A checkpoint of sum.golang.org opens under its key, when its origin is the one expected."""
    signed = open_checkpoint(SUM, SUM_KEY, "go.sum database tree")
    assert signed.checkpoint.size == 6476701
    assert signed.note.format() == SUM
    with pytest.raises(VerificationFailed):
        open_checkpoint(SUM, SUM_KEY)


@pytest.mark.parametrize(("vkey", "text", "blob"), [MIRROR, WITNESS])
def test_published_cosignatures(vkey: str, text: str, blob: str) -> None:
    """Cosignatures of a mirror and a witness verify at their time, beside a type 05 line that is ignored."""
    key = VKey.parse(vkey)
    lines = [f"— rome2026h1.example.org {base64.b64encode(bytes([5]) * 80).decode()}", f"— {key.name} {blob}"]
    note = Note.parse(f"{text}\n{lines[0]}\n{lines[1]}\n".encode())
    signed = SignedCheckpoint(Checkpoint.parse(text), note)
    assert verify_cosignatures(signed, [key]) == {key: 1767139200}


def test_signed_checkpoint_opens() -> None:
    """What a log signs opens under its key, extensions included, and another log's key does not open it."""
    raw = SIGNED.note.format()
    assert open_checkpoint(raw, LOG.vkey()) == SIGNED
    assert SIGNED.note.text == f"log.example\n7\n{'A' * 43}=\next one\ntwo\n"
    with pytest.raises(VerificationFailed):
        open_checkpoint(raw, COSIGNER.vkey())


ROOT = "A" * 43 + "="


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"origin\n1\n{ROOT}",
        "origin\n1\n",
        f"\n1\n{ROOT}\n",
        *(f"origin\n{size}\n{ROOT}\n" for size in ("", "01", "+1", "-1", "1_0", " 1", "1 ", "٣", "0x1", 2**63)),
        f"origin\n0\n{ROOT}\n",
        f"origin\n1\n{ROOT[:-1]}\n",
        f"origin\n1\n{'A' * 42}B=\n",
        "origin\n1\nAAAA\n",
        f"origin\n1\n{ROOT}\n\n",
        f"origin\n1\n{ROOT}\n\nmore\n",
        f"origin\r\n1\n{ROOT}\n",
        f"\ud800\n1\n{ROOT}\n",
    ],
)
def test_malformed_checkpoints(text: str) -> None:
    """A checkpoint with any other spelling is refused."""
    with pytest.raises(InvalidInput):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ZERO_HASH),
        Checkpoint("a\nb", 1, ZERO_HASH),
        Checkpoint("a", -1, ZERO_HASH),
        Checkpoint("a", 0, ZERO_HASH),
        Checkpoint("a", 1, Hash(b"")),
        Checkpoint("a", 1, ZERO_HASH, ("",)),
        Checkpoint("a", 1, ZERO_HASH, ("b\nc",)),
    ],
)
def test_unwritable_checkpoints(checkpoint: Checkpoint) -> None:
    """A checkpoint that would not parse back is not signed."""
    with pytest.raises(InvalidInput):
        sign_checkpoint(checkpoint, LOG)


def test_smallest_and_largest() -> None:
    """The empty tree has the empty root, and the largest size is 2^63 - 1."""
    for checkpoint in (Checkpoint("a", 0, EMPTY_ROOT), Checkpoint("a", MAX_SIZE, ZERO_HASH)):
        assert Checkpoint.parse(checkpoint.format()) == checkpoint


def test_every_change_of_a_checkpoint_is_refused() -> None:
    """No truncation and no flipped bit leaves a signed checkpoint that opens."""
    raw = SIGNED.note.format()
    for changed in [raw[:end] for end in range(len(raw))] + one_bit_off(raw):
        with pytest.raises(LedgerError):
            open_checkpoint(changed, LOG.vkey())


def test_cosignatures_verify() -> None:
    """A witness's latest cosignature counts; lines of strangers do not."""
    key = COSIGNER.vkey(COSIGNATURE)
    lines = [cosign(CHECKPOINT, time, COSIGNER) for time in (5, 9, 7)]
    assert verify_cosignatures(cosigned(*lines), [key]) == {key: 9}
    assert verify_cosignatures(cosigned(*lines), []) == {}
    assert verify_cosignatures(SIGNED, [key]) == {}
    with pytest.raises(InvalidInput):
        verify_cosignatures(cosigned(*lines), [COSIGNER.vkey()])


def test_every_change_of_a_cosignature_is_refused() -> None:
    """No truncation and no flipped bit leaves a cosignature that verifies."""
    line = cosign(CHECKPOINT, 1767139200, COSIGNER)
    blobs = [line.blob[:end] for end in range(len(line.blob))] + one_bit_off(line.blob) + [line.blob + b"\0"]
    for blob in blobs:
        with pytest.raises(VerificationFailed):
            verify_cosignatures(cosigned(SignatureLine(line.name, line.key_id, blob)), [COSIGNER.vkey(COSIGNATURE)])


@pytest.mark.parametrize("time", [-1, 0, MAX_SIZE + 1])
def test_times_of_cosignatures(time: int) -> None:
    """A cosignature is neither made nor parsed at a time outside 1 … 2^63 - 1."""
    with pytest.raises(InvalidInput):
        cosign(CHECKPOINT, time, COSIGNER)
    with pytest.raises(VerificationFailed):
        Cosignature.parse((time % 2**64).to_bytes(8, "big") + bytes(64))


def test_cosignatures_bind_extensions() -> None:
    """A cosignature covers the extension lines."""
    bare = sign_checkpoint(Checkpoint("log.example", 7, ZERO_HASH), LOG)
    signed = SignedCheckpoint(bare.checkpoint, bare.note.with_signature(cosign(CHECKPOINT, 5, COSIGNER)))
    with pytest.raises(VerificationFailed):
        verify_cosignatures(signed, [COSIGNER.vkey(COSIGNATURE)])
