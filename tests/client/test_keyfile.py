"""A key file holds one key of one kind, for its owner only; whatever is wrong with it is said by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl import pwhash
from nacl.bindings import crypto_scalarmult_base

from ledger.client import keyfile
from ledger.client.keyfile import KINDS, KeyFile
from ledger.core.errors import InvalidInput, LedgerError, NotAuthenticated, NotPermitted
from ledger.core.note import VKey
from ledger.core.signing import verify_signature

PASSPHRASE = b"correct horse"


def entropy(size: int) -> bytes:
    """Return the same bytes each time."""
    return b"\x07" * size


def made(kind: str = "source") -> KeyFile:
    """Return the one key of ``kind``."""
    return keyfile.generate(kind, "witness.example" if kind == "witness" else "", entropy)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch passphrases as little as argon2id allows."""
    monkeypatch.setattr(pwhash.argon2id, "OPSLIMIT_MODERATE", pwhash.argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr(pwhash.argon2id, "MEMLIMIT_MODERATE", pwhash.argon2id.MEMLIMIT_MIN)


def changed(path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Change the file's object in place and return its path."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["open", "with a passphrase"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_key_loads_again(tmp_path: Path, kind: str, passphrase: bytes | None) -> None:
    """Each kind comes back whole from its file, and its public half from either file."""
    key, path = made(kind), tmp_path / "a.key"
    half = keyfile.save(path, key, passphrase)
    assert keyfile.load(path, lambda: PASSPHRASE) == key
    assert keyfile.load_public(path) == keyfile.load_public(half) == key.public
    assert (path.stat().st_mode & 0o777, half.name) == (0o600, "a.key.pub")
    assert "secret" not in json.loads(half.read_text())


def test_a_passphrase_is_asked_for_only_where_it_is_needed(tmp_path: Path) -> None:
    """An open file is read without a question."""
    keyfile.save(tmp_path / "a.key", made())

    def never() -> bytes:
        raise AssertionError

    assert keyfile.load(tmp_path / "a.key", never) == made()


def test_private_parts_are_not_in_a_locked_file_or_in_a_text(tmp_path: Path) -> None:
    """Neither a file under a passphrase nor what is printed of a key shows it."""
    key = made("auditor")
    keyfile.save(tmp_path / "a.key", key, PASSPHRASE)
    for secret in (key.secret.seed.hex(), key.x25519_secret.hex()):
        assert secret not in (tmp_path / "a.key").read_text()
        assert secret not in repr(key)
        assert str(bytes.fromhex(secret)) not in repr(key)


def test_each_kind_has_the_keys_it_needs() -> None:
    """An auditor has a key to be sealed to, a witness a name, and all of them sign."""
    for kind in KINDS:
        key = made(kind)
        verify_signature(key.public.public, b"message", key.secret.sign(b"message"), "test")
        assert bool(key.x25519_secret) == (kind == "auditor")
    assert made("auditor").public.x25519 == crypto_scalarmult_base(made("auditor").x25519_secret)
    witness = made("witness")
    assert VKey.parse(witness.public.vkey().format()) == witness.public.vkey()
    assert witness.signing_key().name == "witness.example"


def test_two_generated_keys_differ() -> None:
    """By default the system's randomness is used."""
    assert keyfile.generate("source") != keyfile.generate("source")


@pytest.mark.parametrize(
    ("kind", "name", "field"), [("admin", "", "kind"), ("witness", "", "name"), ("witness", "two words", "name")]
)
def test_no_key_is_made_of_an_unknown_kind_or_a_nameless_witness(kind: str, name: str, field: str) -> None:
    """The kind must be known, and a witness's name must fit a note."""
    with pytest.raises(InvalidInput, match=field):
        keyfile.generate(kind, name)


@pytest.mark.parametrize("there", ["a.key", "a.key.pub"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    """Where either half stands already, neither is written."""
    (tmp_path / there).write_text("mine")
    with pytest.raises(FileExistsError):
        keyfile.save(tmp_path / "a.key", made())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {there: "mine"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777], ids=oct)
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Nothing is read from it before its mode is mended."""
    keyfile.save(tmp_path / "a.key", made())
    (tmp_path / "a.key").chmod(mode)
    with pytest.raises(NotPermitted, match=r"readable by others; chmod 600 it$"):
        keyfile.load(tmp_path / "a.key")


def test_a_wrong_or_missing_passphrase_is_refused(tmp_path: Path) -> None:
    """Both are said apart."""
    keyfile.save(tmp_path / "a.key", made(), PASSPHRASE)
    with pytest.raises(NotAuthenticated, match=r"needs its passphrase$"):
        keyfile.load(tmp_path / "a.key")
    with pytest.raises(NotAuthenticated, match=r"wrong passphrase, or a damaged file$"):
        keyfile.load(tmp_path / "a.key", lambda: b"wrong")


def put(*names: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that puts ``value`` where ``names`` lead."""

    def change(content: dict[str, Any]) -> None:
        for name in names[:-1]:
            content = content[name]
        content[names[-1]] = value

    return change


OPEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another kind's name": (put("kind", value="admin"), "kind must be one of"),
    "a kind that is no text": (put("kind", value=["source"]), "kind must be one of"),
    "another version": (put("version", value=2), "not a key file of this version"),
    "no version": (lambda content: content.pop("version"), "not a key file of this version"),
    "no public half": (lambda content: content.pop("public"), "with a public half"),
    "no private half": (lambda content: content.pop("secret"), "has no private half"),
    "an empty private half": (put("secret", value={}), "ed25519 must be 32 bytes in hex"),
    "a short key": (put("secret", "ed25519", value="00"), "ed25519 must be 32 bytes in hex"),
    "a key in capitals": (put("secret", "ed25519", value="AA" * 32), "ed25519: not lower-case hex"),
    "a key that is no text": (put("secret", "ed25519", value=7), "ed25519 must be 32 bytes in hex"),
    "another private key": (put("secret", "ed25519", value="11" * 32), "belongs to another key"),
    "another public key": (put("public", "ed25519", value="11" * 32), "belongs to another key"),
    "another key to seal to": (put("public", "x25519", value="11" * 32), "belongs to another key"),
    "no key to seal to": (lambda content: content["public"].pop("x25519"), "x25519 must be 32 bytes in hex"),
    "a name that is no text": (put("public", "name", value=7), "name must be a text"),
}


@pytest.mark.parametrize(("change", "message"), OPEN.values(), ids=OPEN)
def test_a_malformed_key_file_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    """The message names what is wrong and holds no key."""
    key = made("auditor")
    keyfile.save(tmp_path / "a.key", key)
    with pytest.raises(InvalidInput, match=message) as refused:
        keyfile.load(changed(tmp_path / "a.key", change))
    assert key.secret.seed.hex() not in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "[" * 100_000, "\udcff"], ids=range(6))
def test_what_is_no_key_file_is_refused(tmp_path: Path, content: str) -> None:
    """Text that is no JSON object, or no text at all, is no key file."""
    (tmp_path / "a.key").write_text(content, errors="surrogateescape")
    (tmp_path / "a.key").chmod(0o600)
    with pytest.raises(InvalidInput, match=r"not a key file"):
        keyfile.load(tmp_path / "a.key")


LOCKED: dict[str, tuple[Callable[[dict[str, Any]], Any], type[LedgerError], str]] = {
    "the public half": (put("public", "ed25519", value="11" * 32), NotAuthenticated, "wrong passphrase, or a damaged"),
    "the kind": (put("kind", value="approver"), NotAuthenticated, "wrong passphrase, or a damaged"),
    "a name added": (put("public", "name", value="mine"), NotAuthenticated, "wrong passphrase, or a damaged"),
    "the ciphertext": (
        put("secret", "ciphertext", value="00" * 90),
        NotAuthenticated,
        "wrong passphrase, or a damaged",
    ),
    "the salt": (
        put("secret", "argon2id", "salt", value="00" * 16),
        NotAuthenticated,
        "wrong passphrase, or a damaged",
    ),
    "a short salt": (put("secret", "argon2id", "salt", value="00"), InvalidInput, "private half is malformed"),
    "a salt that is no hex": (put("secret", "argon2id", "salt", value="xy"), InvalidInput, "private half is malformed"),
    "a short nonce": (put("secret", "nonce", value="00"), InvalidInput, "private half is malformed"),
    "no nonce": (lambda content: content["secret"].pop("nonce"), InvalidInput, "private half is malformed"),
    "no parameters": (lambda content: content["secret"].pop("argon2id"), InvalidInput, "private half is malformed"),
    "operations past the bound": (
        put("secret", "argon2id", "operations", value=17),
        InvalidInput,
        "asks more of argon",
    ),
    "memory past the bound": (put("secret", "argon2id", "bytes", value=2**30 + 1), InvalidInput, "asks more of argon"),
    "no operation": (put("secret", "argon2id", "operations", value=0), InvalidInput, "private half is malformed"),
    "no memory": (put("secret", "argon2id", "bytes", value=0), InvalidInput, "private half is malformed"),
    "operations that are no number": (put("secret", "argon2id", "operations", value="2"), InvalidInput, "malformed"),
    "operations that are not whole": (put("secret", "argon2id", "operations", value=1.5), InvalidInput, "malformed"),
}


@pytest.mark.parametrize(("change", "cls", "message"), LOCKED.values(), ids=LOCKED)
def test_a_tampered_locked_file_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], cls: type[LedgerError], message: str
) -> None:
    """The public half is bound to the private one, and a stranger's file cannot ask for boundless work."""
    keyfile.save(tmp_path / "a.key", made(), PASSPHRASE)
    with pytest.raises(cls, match=message):
        keyfile.load(changed(tmp_path / "a.key", change), lambda: PASSPHRASE)
