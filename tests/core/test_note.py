"""Signed notes are C2SP's, known keys and signatures included."""

import base64

import pytest

from ledger.core.errors import InvalidInput, LedgerError, Uncheckable, VerificationFailed
from ledger.core.note import (
    COSIGNATURE,
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    SignatureLine,
    SigningKey,
    VKey,
    key_id,
    keyed_lines,
    open_note,
)
from ledger.core.signing import SecretKey

FOO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
PETER_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
NOTE = f"{PETER_TEXT}\n{PETER_LINE}\n"
PETER = VKey.parse(PETER_KEY)
SIGNER = SigningKey.parse(PETER_SKEY)


def one_bit_off(raw: bytes) -> list[bytes]:
    """Return ``raw`` with one bit flipped, a different one at each position."""
    return [raw[:at] + bytes([byte ^ 1 << at % 8]) + raw[at + 1 :] for at, byte in enumerate(raw)]


def test_example_note() -> None:
    """The example note of the specification opens under its key."""
    note = open_note(FOO_NOTE.encode(), [VKey.parse(FOO_KEY)])
    assert note.text == "This is an example message.\n"
    assert note.format() == FOO_NOTE.encode()


def test_golang_note() -> None:
    """golang's test key signs its test text to the same line, and its verifier key opens it."""
    assert SIGNER.vkey().format() == PETER_KEY
    assert SIGNER.format() == PETER_SKEY
    assert SIGNER.sign(PETER_TEXT).format() == PETER_LINE
    assert open_note(NOTE.encode(), [PETER]) == Note(PETER_TEXT, (SIGNER.sign(PETER_TEXT),))


def test_zero_seed_key_id() -> None:
    """golang's second test key is the one of the seed of zeros."""
    assert SigningKey("EnochRoot", SecretKey.from_seed(bytes(32))).vkey().format().startswith("EnochRoot+af0cfe78+")


def test_text_may_have_blank_lines() -> None:
    """A note splits at its last blank line."""
    text = "a\n\n— b\n\nc\n"
    raw = Note(text, (SIGNER.sign(text),)).format()
    assert open_note(raw, [PETER]).text == text
    assert Note.parse(b"\n\n" + PETER_LINE.encode() + b"\n").text == "\n"


def test_unknown_lines_are_ignored() -> None:
    """A line of another name or another key id is ignored, and left out of what is verified."""
    line = SIGNER.sign(PETER_TEXT)
    others = (SignatureLine("Other", line.key_id, b"x"), SignatureLine(line.name, b"none", b"x"))
    raw = Note(PETER_TEXT, (*others, line, line)).format()
    assert open_note(raw, [PETER, PETER]).signatures == (line,)
    assert len(Note.parse(raw).signatures) == 4


def test_known_key_that_fails() -> None:
    """One failing line of a known key rejects a note that another key signed."""
    other = SigningKey("EnochRoot", SecretKey.from_seed(bytes(32)))
    good = SIGNER.sign(PETER_TEXT)
    for blob in (good.blob, b"x"):
        bad = SignatureLine("EnochRoot", other.vkey().key_id, blob)
        raw = Note(PETER_TEXT, (good, bad)).format()
        with pytest.raises(VerificationFailed):
            open_note(raw, [PETER, other.vkey()])
        assert open_note(raw, [PETER]).signatures == (good,)


@pytest.mark.parametrize("vkeys", [[], [VKey.parse(FOO_KEY)]])
def test_no_known_signature(vkeys: list[VKey]) -> None:
    """A note without a signature by a known key is refused."""
    with pytest.raises(VerificationFailed):
        open_note(NOTE.encode(), vkeys)


def test_cosignature_keys_do_not_open_notes() -> None:
    """A key that signs checkpoints with a time is refused where a note key is needed."""
    with pytest.raises(InvalidInput):
        open_note(NOTE.encode(), [SIGNER.vkey(COSIGNATURE)])


def test_ambiguous_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys that share a name and a key id are refused rather than chosen between."""
    monkeypatch.setattr("ledger.core.note.key_id", lambda *_: b"same")
    keys = [VKey.of("name", 1, bytes([number]) * 32) for number in (1, 2)]
    with pytest.raises(InvalidInput):
        keyed_lines(Note.parse(NOTE.encode()), keys, 1)


def test_with_signature_replaces() -> None:
    """A new signature goes last and replaces one of the same name and key id."""
    line = SIGNER.sign(PETER_TEXT)
    other = SignatureLine("Other", line.key_id, b"x")
    stale = SignatureLine(line.name, line.key_id, b"x")
    assert Note(PETER_TEXT, (stale, other)).with_signature(line).signatures == (other, line)


LINE = PETER_LINE + "\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        PETER_TEXT.encode() + b"\n",
        PETER_TEXT.encode() + LINE.encode(),
        NOTE.encode()[:-1],
        NOTE.encode() + b"\n",
        NOTE.encode() + b"more\n",
        NOTE.replace("\n", "\r\n").encode(),
        f"tab\t\n\n{LINE}".encode(),
        f"nul\0\n\n{LINE}".encode(),
        b"\xff\n\n" + LINE.encode(),
        b"\xed\xa0\x80\n\n" + LINE.encode(),
        f"a\n\n{LINE.replace('—', '-')}".encode(),
        f"a\n\n{LINE.replace('— ', '—')}".encode(),
        f"a\n\n{LINE.replace('— ', '—  ')}".encode(),
        f"a\n\n{LINE.replace('PeterNeumann', 'Peter+Neumann')}".encode(),
        b"a\n\n" + LINE.replace("PeterNeumann", "Peter\u2003Neumann").encode(),
        f"a\n\n{LINE.replace('PeterNeumann', '')}".encode(),
        f"a\n\n{LINE.replace('AM=', 'AN=')}".encode(),
        f"a\n\n{LINE.replace('AM=', 'AM')}".encode(),
        "a\n\n— x AAAAAA==\n".encode(),
        b"a" * MAX_NOTE + b"\n\n" + LINE.encode(),
        b"a\n\n" + LINE.encode() * (MAX_SIGNATURES + 1),
    ],
    ids=range(23),
)
def test_malformed_notes(raw: bytes) -> None:
    """A note with another layout, alphabet or size is refused."""
    with pytest.raises(InvalidInput):
        Note.parse(raw)


def test_hundred_signatures() -> None:
    """A note of the largest allowed size with the most signatures parses."""
    tail = b"\n\n" + LINE.encode() * MAX_SIGNATURES
    assert len(Note.parse(b"a" * (MAX_NOTE - len(tail)) + tail).signatures) == MAX_SIGNATURES


@pytest.mark.parametrize("text", ["", "no line feed", "\x07\n", "\ud800\n"])
def test_unwritable_texts(text: str) -> None:
    """A text that a note cannot carry is not written."""
    with pytest.raises(InvalidInput):
        Note(text, Note.parse(NOTE.encode()).signatures).format()


def test_notes_without_signature_are_not_written() -> None:
    """A note needs a signature line."""
    with pytest.raises(InvalidInput):
        Note("text\n", ()).format()


def test_key_ids_that_are_not_four_bytes_are_not_written() -> None:
    """A key id of another length would parse back as another one."""
    with pytest.raises(InvalidInput):
        Note("text\n", (SignatureLine("name", b"abc", b"defg"),)).format()


def test_every_change_of_a_note_is_refused() -> None:
    """No truncation and no flipped bit leaves a note that opens."""
    raw = NOTE.encode()
    for changed in [raw[:end] for end in range(len(raw))] + one_bit_off(raw):
        with pytest.raises(LedgerError):
            open_note(changed, [PETER])


def test_every_change_of_a_key_is_refused() -> None:
    """No truncation and no flipped bit leaves a verifier key or signing key that parses."""
    for text, parse in ((PETER_KEY, VKey.parse), (PETER_SKEY, SigningKey.parse)):
        raw = text.encode()
        for changed in [raw[:end] for end in range(len(raw))] + one_bit_off(raw):
            with pytest.raises(LedgerError):
                parse(changed.decode("latin-1"))


def _vkey(name: str, algorithm: int, key: bytes) -> str:
    material = bytes([algorithm]) + key
    return f"{name}+{key_id(name, algorithm, key).hex()}+{base64.b64encode(material).decode()}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        PETER_KEY.replace("c74f20a3", "C74F20A3"),
        PETER_KEY.replace("c74f20a3", "c74f20a4"),
        PETER_KEY.replace("c74f20a3", "0c74f20a3"),
        PETER_KEY.replace("Peter", "Enoch"),
        PETER_KEY + "\n",
        "name+00000000+",
        _vkey("", 1, bytes(32)),
        _vkey("a b", 1, bytes(32)),
        _vkey("a\u00a0b", 1, bytes(32)),
        _vkey("a\x01b", 1, bytes(32)),
        _vkey("name", 1, bytes(31)),
        _vkey("name", 4, bytes(33)),
        "\ud800+00000000+" + PETER_KEY.split("+", 2)[2],
    ],
)
def test_malformed_verifier_keys(text: str) -> None:
    """A verifier key of another form, or under another key's id, is refused."""
    with pytest.raises(InvalidInput):
        VKey.parse(text)


@pytest.mark.parametrize("algorithm", [0, 2, 3, 5, 6, 0xFA, 0xFF])
def test_unknown_key_types(algorithm: int) -> None:
    """A verifier key of a type that is not known cannot be checked."""
    with pytest.raises(Uncheckable):
        VKey.parse(_vkey("name", algorithm, bytes(32)))


@pytest.mark.parametrize(
    "text",
    [
        PETER_KEY,
        PETER_SKEY.replace("c74f20a3", "c74f20a4"),
        "PRIVATE+KEY+" + _vkey("name", 4, bytes(32)),
        "PRIVATE+KEY+" + _vkey("name", 1, bytes(31)),
        "PRIVATE+KEY+" + _vkey("na me", 1, bytes(32)),
    ],
)
def test_malformed_signing_keys(text: str) -> None:
    """A signing key of another form, type or id is refused."""
    with pytest.raises(InvalidInput):
        SigningKey.parse(text)


def test_signing_keys_keep_their_seed_to_themselves() -> None:
    """The seed does not show when a signing key is printed."""
    assert SIGNER.secret.seed.hex() not in repr(SIGNER)
    assert repr(SIGNER.secret.seed) not in repr(SIGNER)


def test_key_types_have_their_own_ids() -> None:
    """One key under two types has two key ids, and each parses back."""
    cosigner = SIGNER.vkey(COSIGNATURE)
    assert cosigner.key_id != PETER.key_id
    assert VKey.parse(cosigner.format()) == cosigner
