"""A refused note or key is told where it breaks which rule."""

from collections.abc import Callable

import pytest

from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    SignatureLine,
    SigningKey,
    VKey,
    check_name,
    keyed_lines,
    open_note,
)
from ledger.core.signing import SecretKey
from tests.core.test_note import LINE, NOTE, PETER, PETER_KEY, PETER_SKEY, PETER_TEXT, SIGNER


def test_bounds() -> None:
    """A note has at most 1 MiB and 100 signatures."""
    assert (MAX_NOTE, MAX_SIGNATURES) == (1_048_576, 100)


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (check_name, "", "key name: empty, or with a space or plus sign"),
        (check_name, "a\tb", "key name: has a control byte"),
        (check_name, "\ud800", "key name: not UTF-8"),
        (VKey.parse, "name", "vkey: not name+hex8+base64"),
        (VKey.parse, PETER_KEY.replace("c74f20a3", "c74f20"), "vkey: not name+hex8+base64"),
        (VKey.parse, "name+00000000+", "vkey: without a key type"),
        (VKey.parse, "name+00000000+=", "vkey: not standard base64"),
        (VKey.parse, "name+0000000G+AQ==", "vkey: not lower-case hex"),
        (VKey.parse, "name+00000000+AQ==", "vkey: the public key must be 32 bytes"),
        (VKey.parse, PETER_KEY.replace("c74f20a3", "c74f20a4"), "vkey: the key id is another key's"),
        (SigningKey.parse, PETER_KEY, "signing key: does not begin with PRIVATE+KEY"),
        (SigningKey.parse, "PRIVATE+KEY+name", "signing key: not name+hex8+base64"),
        (SigningKey.parse, f"PRIVATE+KEY+{SIGNER.vkey(4).format()}", "signing key: not an Ed25519 key"),
        (SigningKey.parse, PETER_SKEY.replace("c74f20a3", "c74f20a4"), "signing key: the key id is another key's"),
        (SignatureLine.parse, "- x AAAAAAA=", "signature line: not a dash, a name and base64"),
        (SignatureLine.parse, "— x =", "signature line: not standard base64"),
        (SignatureLine.parse, "— x AAAAAA==", "signature line: shorter than a key id and a byte"),
        (SignatureLine.parse, "—  AAAAAAA=", "key name: empty"),
    ],
)
def test_where_and_why(parse: Callable[[str], object], text: str, message: str) -> None:
    """The message names what was parsed and the rule."""
    with pytest.raises(InvalidInput) as error:
        parse(text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a" * (MAX_NOTE + 1), "note: longer than 1048576 bytes"),
        (b"\xff", "note: not UTF-8"),
        (b"\x01", "note: has a control byte"),
        (NOTE.encode()[:-1], "note: without a blank line and signature lines"),
        (LINE.encode(), "note: without a blank line and signature lines"),
        (b"a\n\n" + LINE.encode() * (MAX_SIGNATURES + 1), "note: more than 100 signatures"),
    ],
)
def test_why_a_note_is_refused(raw: bytes, message: str) -> None:
    """The message names the rule that the note breaks."""
    with pytest.raises(InvalidInput) as error:
        Note.parse(raw)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (Note("\x07\n", (SIGNER.sign("\n"),)), "note: has a control byte"),
        (Note("text\n", (SignatureLine("name", b"abc", b"defg"),)), "note: cannot be written"),
    ],
)
def test_why_a_note_is_not_written(note: Note, message: str) -> None:
    """What would not parse back to the same note is refused by name."""
    with pytest.raises(InvalidInput) as error:
        note.format()
    assert str(error.value).startswith(message)


def test_a_signing_key_has_a_name_that_a_line_can_bear() -> None:
    """A name with a space is refused when the key is made, not when it signs."""
    with pytest.raises(InvalidInput, match=r"^key name: "):
        SigningKey("a b", SecretKey.from_seed(bytes(32)))


def test_keys_of_a_note_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of another type, or one of two that cannot be told apart, is refused as a verifier key."""
    note = Note.parse(NOTE.encode())
    with pytest.raises(InvalidInput, match=r"^vkey: must be of key type 01$"):
        keyed_lines(note, [SIGNER.vkey(4)], 1)
    monkeypatch.setattr("ledger.core.note.key_id", lambda *_: b"same")
    pair = [VKey.of("name", 1, bytes([number]) * 32) for number in (1, 2)]
    with pytest.raises(InvalidInput, match=r"^vkey: two keys share a name and key id$"):
        keyed_lines(note, pair, 1)


def test_a_failing_line_is_named() -> None:
    """A signature by a known key over another text fails as a signature line."""
    raw = Note("another text\n", (SIGNER.sign(PETER_TEXT),)).format()
    with pytest.raises(VerificationFailed, match=r"^signature line: the signature does not verify$"):
        open_note(raw, [PETER])
