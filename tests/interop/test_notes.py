"""Keys and signed notes are those of golang.org/x/mod/sumdb/note, transparency-dev/formats and torchwood."""

import sys
import unicodedata

import pytest

from ledger.core.encoding import encode_base64
from ledger.core.errors import InvalidInput, LedgerError
from ledger.core.note import COSIGNATURE, ED25519, MAX_SIGNATURES, Note, SigningKey, VKey, key_id, open_note
from tests.interop.ecosystem import Ecosystem, Job, Verdict
from tests.interop.material import every_bit_off, identity, key

NAMES = [
    "log.example",
    "log.example/2026?x=1&y=%20#part",
    'quoted"\\name',
    "Zürich",
    "日本語",
    "e\u0301",
    "🔑",
    "—",
    "\u200bzero",
    "\u007f",
    "n" * 255,
]
TEXTS = ["text\n", "\n", "two\n\nparagraphs\n", "— not a signature\n", "é\u2028 \ufffd\n", "— log.example AAAAAAA=\n"]


def vkey_text(name: str) -> str:
    """Return the verifier key of a name that need not be allowed."""
    public = key("a").secret.public.key
    return f"{name}+{key_id(name, ED25519, public).hex()}+{encode_base64(bytes([ED25519]) + public)}"


def signed(text: str, *keys: SigningKey) -> bytes:
    """Return the note of ``text`` that every one of ``keys`` signed."""
    return Note(text, tuple([key.sign(text) for key in keys])).format()


def ours(raw: bytes, vkeys: list[VKey]) -> tuple[str, list[str]] | None:
    """Return text and verified keys of a note as this package opens it, None when it refuses."""
    try:
        note = open_note(raw, vkeys)
    except LedgerError:
        return None
    return note.text, [f"{line.name}+{line.key_id.hex()}" for line in note.signatures]


def theirs(verdict: Verdict) -> tuple[str, list[str]] | None:
    """Return the same of the verdict on it."""
    return None if verdict.refused else (verdict["text"], verdict["verified"])


def open_job(raw: bytes, vkeys: list[VKey]) -> Job:
    """Return the job that opens a note under ``vkeys``."""
    return Job.of("open-note", Note=raw, VKeys=[vkey.format() for vkey in vkeys])


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_read_alike(ecosystem: Ecosystem, name: str) -> None:
    """Every library reads the verifier and signer keys that this package writes as the same keys."""
    mine = key(name)
    plain, cosigner = mine.vkey(), mine.vkey(COSIGNATURE)
    as_log = ecosystem.ask("read-vkey", VKey=plain.format())
    assert (as_log["id"], as_log["plain"], as_log["cosigner"]) == (identity(plain), identity(plain), cosigner.format())
    assert ecosystem.ask("read-vkey", VKey=cosigner.format())["id"] == identity(cosigner)
    secret = ecosystem.ask("read-skey", SKey=mine.format())
    assert [secret[role] for role in ("signer", "verifier")] == [identity(plain)] * 2
    assert secret["cosigner"] == identity(cosigner)


def test_keys_that_go_makes_are_keys(ecosystem: Ecosystem) -> None:
    """A key pair of Go's making parses, writes back unchanged, and is one pair."""
    for verdict in ecosystem.judge([Job.of("new-key", Name=name) for name in NAMES]):
        mine = SigningKey.parse(verdict["skey"])
        assert mine.format() == verdict["skey"]
        assert mine.vkey().format() == VKey.parse(verdict["vkey"]).format() == verdict["vkey"]


def test_names_are_judged_alike(ecosystem: Ecosystem) -> None:
    """A character is allowed in a key's name here when Go allows it: of spaces and formats every one is tried."""
    odd = ("Zs", "Zl", "Zp", "Cc", "Cf")
    tried = [chr(point) for point in range(0x7F, sys.maxunicode + 1) if unicodedata.category(chr(point)) in odd]
    assert len(tried) > 200
    keys = [vkey_text(f"a{char}b") for char in tried]
    for char, text, verdict in zip(
        tried, keys, ecosystem.judge([Job.of("read-vkey", VKey=text) for text in keys]), strict=True
    ):
        try:
            VKey.parse(text)
        except InvalidInput:
            assert verdict.refused, hex(ord(char))
        else:
            assert not verdict.refused, hex(ord(char))


@pytest.mark.parametrize("text", TEXTS)
def test_notes_of_ours_open_in_go(ecosystem: Ecosystem, text: str) -> None:
    """A note signed under every odd name opens in Go, which finds each signature in order."""
    keys = [key(name) for name in NAMES]
    verdict = ecosystem.judge([open_job(signed(text, *keys), [item.vkey() for item in keys])])[0]
    assert theirs(verdict) == (text, [identity(item.vkey()) for item in keys])
    assert verdict["unknown"] == []


@pytest.mark.parametrize("text", TEXTS)
def test_notes_of_go_open_here(ecosystem: Ecosystem, text: str) -> None:
    """A note that Go signs under the same keys has the same bytes; so has one that Go only adds its line to."""
    keys = [key(name) for name in NAMES]
    whole = signed(text, *keys)
    assert ecosystem.ask("sign-note", Text=text, SKeys=[item.format() for item in keys]).raw("note") == whole
    begun = signed(text, *keys[:-1])
    assert ecosystem.ask("sign-note", Note=begun, SKeys=[keys[-1].format()]).raw("note") == whole


def test_signing_again_replaces_a_line(ecosystem: Ecosystem) -> None:
    """A line under a name and id that a note has already stands in its place at the end, in Go as here."""
    one, two = key("one"), key("two")
    note = Note("text\n", (one.sign("text\n"), two.sign("text\n")))
    again = ecosystem.ask("sign-note", Note=note.format(), SKeys=[one.format()])
    assert again.raw("note") == note.with_signature(one.sign("text\n")).format()


def test_as_many_signatures(ecosystem: Ecosystem) -> None:
    """Both take a hundred signatures and refuse one more."""
    keys = [key(f"signer-{number}") for number in range(MAX_SIGNATURES)]
    full = signed("text\n", *keys)
    more = full + key("one-more").sign("text\n").format().encode() + b"\n"
    vkeys = [item.vkey() for item in keys]
    most, over = ecosystem.judge([open_job(full, vkeys), open_job(more, vkeys)])
    assert theirs(most) == ours(full, vkeys) is not None
    assert over.refused
    assert ours(more, vkeys) is None


def test_every_changed_bit_is_judged_alike(ecosystem: Ecosystem) -> None:
    """Of a note with a line by a known and one by an unknown key, a flipped bit has one verdict in Go and here.

    Only a second spelling of the same base64 is taken there and refused here.
    """
    known, unknown = key("log.example"), key("other.example")
    note = Note("text\n", (known.sign("text\n"), unknown.sign("text\n")))
    changes = every_bit_off(note.format())
    verdicts = ecosystem.judge([open_job(raw, [known.vkey()]) for raw in changes])
    taken = 0
    for raw, verdict in zip(changes, verdicts, strict=True):
        found = ours(raw, [known.vkey()])
        taken += found is not None
        if theirs(verdict) != found:
            with pytest.raises(InvalidInput, match="not canonical base64"):
                open_note(raw, [known.vkey()])
    assert 0 < taken < len(changes) // 2
