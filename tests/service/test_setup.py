"""A new ledger is made whole in a directory of its own, or nothing is left behind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ledger.core.checkpoint import open_checkpoint
from ledger.core.errors import ConfigInvalid, InvalidInput, LedgerError
from ledger.core.sealing_policy import DEFAULT
from ledger.core.signing import PublicKey
from ledger.engine import schema
from ledger.engine.store import Store
from ledger.service import config, keys
from ledger.service.setup import NO_WITNESSES, Opening, load_authority, open_log, read_log_id, read_policy
from tests.core.world import secret

NOW = 1_767_225_600.0
APPROVER = secret("approver").public
OPENING = Opening("log.example", (APPROVER,), 1, NO_WITNESSES, DEFAULT)


def test_a_new_ledger_is_whole(tmp_path: Path) -> None:
    """Keys, certificates, settings, store, mark and pins fit each other, and the checkpoint is over one entry."""
    directory = tmp_path / "deep" / "ledger"
    opened = open_log(directory, OPENING, NOW)
    settings = config.load(directory)
    assert read_log_id(directory) == opened.log_id
    assert (directory / "log.vkey").read_text() == opened.vkey.format() + "\n"
    assert keys.load(settings.path(settings.keys)).writer.checkpoint.vkey() == opened.vkey
    store = Store.open(settings.path(settings.store))
    note = store.require(schema.meta_key("checkpoint"))
    store.close()
    assert open_checkpoint(note, opened.vkey, "log.example").checkpoint.size == 1
    names = {"keys", "certs", "ledger.toml", "store", "high-water.json", "log-id", "log.vkey", "witness-policy"}
    assert {path.name for path in directory.iterdir()} == names


def test_what_is_private_is_the_owners_alone(tmp_path: Path) -> None:
    """The directory and its keys are closed to others."""
    directory = tmp_path / "ledger"
    open_log(directory, OPENING, NOW)
    for name in (".", "keys", "certs"):
        assert (directory / name).stat().st_mode & 0o077 == 0
    for path in (directory / "certs" / "ca.key", directory / "certs" / "server.key", *(directory / "keys").iterdir()):
        assert path.stat().st_mode & 0o777 == 0o600


def test_settings_are_what_was_asked_for(tmp_path: Path) -> None:
    """Addresses stand in the settings file, and its comments name every setting's default as it is."""
    asked = replace(OPENING, public_listen="[::1]:1", role_listen="127.0.0.2:2", metrics_listen="")
    open_log(tmp_path / "ledger", asked, NOW)
    settings = config.load(tmp_path / "ledger")
    assert (settings.public_listen, settings.role_listen, settings.metrics_listen) == ("[::1]:1", "127.0.0.2:2", "")
    assert settings.grants == config.DEFAULT_GRANTS


def test_the_server_certificate_names_the_hosts(tmp_path: Path) -> None:
    """Clients find the names they dial in a certificate that the ledger's own authority issued."""
    directory = tmp_path / "ledger"
    open_log(directory, replace(OPENING, hosts=("ledger.example", "192.0.2.1")), NOW)
    certificate = x509.load_pem_x509_certificate((directory / "certs" / "server.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["ledger.example", "192.0.2.1"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(load_authority(directory).certificate))


def test_two_ledgers_have_nothing_in_common(tmp_path: Path) -> None:
    """Two logs of one origin have other ids and keys."""
    one, two = (open_log(tmp_path / name, OPENING, NOW) for name in ("one", "two"))
    assert one.log_id != two.log_id
    assert one.vkey != two.vkey


def test_a_directory_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    """Whatever lies in the directory stays as it is; an empty one is taken."""
    directory = tmp_path / "ledger"
    directory.mkdir()
    (directory / "note").write_text("mine")
    with pytest.raises(ConfigInvalid, match="not empty; a ledger needs a directory of its own"):
        open_log(directory, OPENING, NOW)
    assert [path.name for path in directory.iterdir()] == ["note"]
    (directory / "note").unlink()
    open_log(directory, OPENING, NOW)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"origin": ""}, InvalidInput, "origin: must be 1 to 253 printable"),
        ({"origin": "a+b"}, InvalidInput, "name"),
        ({"origin": "two words"}, InvalidInput, "name"),
        ({"approvers": ()}, InvalidInput, "thresholds: more approvals asked for"),
        ({"threshold": 2}, InvalidInput, "thresholds: more approvals asked for"),
        ({"approvers": (APPROVER, APPROVER)}, InvalidInput, "approvers: the same key stands twice"),
        ({"approvers": (PublicKey(1, b"short"),)}, InvalidInput, "approvers: an Ed25519 key must be 32 bytes"),
        ({"witness_policy": b"quorum nobody\n"}, InvalidInput, "policy"),
        ({"sealing_policy": b"{}"}, InvalidInput, "sealing_policy: must be RFC 8785 JSON"),
        ({"hosts": ("münchen.example",)}, InvalidInput, "hosts?: "),
        ({"hosts": ()}, InvalidInput, "hosts?: "),
        ({"public_listen": "nowhere"}, ConfigInvalid, "public_listen: must be HOST:PORT"),
        ({"role_listen": "a:1\nworkers = 9"}, ConfigInvalid, "role_listen: must be HOST:PORT"),
        ({"metrics_listen": ":1"}, ConfigInvalid, "metrics_listen: must be HOST:PORT"),
    ],
)
def test_a_part_that_does_not_fit_leaves_nothing_behind(
    tmp_path: Path, change: dict[str, Any], error: type[LedgerError], message: str
) -> None:
    """A malformed origin, approver, policy, host or address is told by name before anything is written."""
    with pytest.raises(error, match=message):
        open_log(tmp_path / "ledger", replace(OPENING, **change), NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    """A path that is a file is no place for a ledger, and the file stays."""
    (tmp_path / "ledger").write_text("mine")
    with pytest.raises((ConfigInvalid, NotADirectoryError)):
        open_log(tmp_path / "ledger", OPENING, NOW)
    assert (tmp_path / "ledger").read_text() == "mine"


@pytest.mark.parametrize("content", [None, b"", b"AB" * 32, b"ab" * 31, b"\xff" * 32])
def test_a_log_id_that_is_not_there_is_told_with_its_file(tmp_path: Path, content: bytes | None) -> None:
    """A missing or malformed log id is told by its file, without its content."""
    if content is not None:
        (tmp_path / "log-id").write_bytes(content)
    with pytest.raises(ConfigInvalid, match=f"^{tmp_path}/log-id: missing or malformed; it holds the log id in hex$"):
        read_log_id(tmp_path)


def test_a_missing_policy_file_is_named(tmp_path: Path) -> None:
    """Without the policy's file no profile can be made; the message names it and says who writes it."""
    with pytest.raises(ConfigInvalid, match="witness-policy: missing; the server writes it when it starts"):
        read_policy(tmp_path)
