"""Settings come from a file and the environment, which wins; all mistakes are told at once, by name, never by value."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from ledger.service import config
from ledger.service.authorise import ROLES, Grant
from ledger.service.config import Settings, load, split_address
from tests.service.settings import FINGERPRINT, as_toml, write

GRANTS: Final = [{"role": "admin", "fingerprint": FINGERPRINT, "name": "operator"}]

SETTINGS: Final[list[tuple[str, Any, Any]]] = [
    ("public_listen", "127.0.0.1:1", "127.0.0.1:2"),
    ("role_listen", "[::1]:1", "[::1]:2"),
    ("plaintext_listen", "127.0.0.1:1", "[::1]:2"),
    ("public_address", "ledger.example:1", "ledger.example:2"),
    ("role_address", "ledger.example:1", "ledger.example:2"),
    ("metrics_listen", "", "127.0.0.1:2"),
    ("http_listen", "127.0.0.1:1", "[::1]:2"),
    ("admin_socket", "one.sock", "two.sock"),
    ("store", "one", "two"),
    ("keys", "one", "two"),
    ("high_water", "one", "two"),
    ("server_certificate", "certs/one", "certs/two"),
    ("server_key", "certs/one", "certs/two"),
    ("client_authority", "certs/one", "certs/two"),
    ("grants", GRANTS, [{"role": "source", "san": "ledger://source/*"}]),
    ("refused_certificates", [FINGERPRINT], ["cd" * 32]),
    ("queue_bytes", 8 * 1024 * 1024, 9 * 1024 * 1024),
    ("workers", 1, 64),
    ("quorum_seconds", 0.5, 600.0),
    ("confirm_start", False, True),
    ("anchor_minutes", 1, 1440),
    ("idle_anchor_minutes", 1, 1440),
    ("stop_seconds", 0.5, 600.0),
    ("log_level", "debug", "error"),
]
"""Every setting, a value for the file and another for the environment."""


def plain(settings: Settings, name: str) -> Any:
    """Return a setting as it was written."""
    found = settings.model_dump(mode="json", exclude_defaults=name == "grants")[name]
    if name == "grants":
        return [{key: item for key, item in table.items() if item} for table in found]
    return found


def test_every_setting_is_in_the_table() -> None:
    """The table below misses no setting but the directory, which is where the file lies."""
    assert {name for name, _, _ in SETTINGS} == set(Settings.model_fields) - {"directory"}


@pytest.mark.parametrize(("name", "filed", "exported"), SETTINGS, ids=[name for name, _, _ in SETTINGS])
def test_a_setting_comes_from_the_file_and_the_environment_wins(
    configured: Path, monkeypatch: pytest.MonkeyPatch, name: str, filed: Any, exported: Any
) -> None:
    """Each setting can be written in the file, and a LEDGER_ variable of its name replaces it."""
    write(configured, as_toml(name, filed))
    assert plain(load(configured), name) == filed
    text = exported if isinstance(exported, str) else json.dumps(exported)
    monkeypatch.setenv(f"LEDGER_{name.upper()}", text)
    assert plain(load(configured), name) == exported


def test_an_empty_file_means_loopback_and_the_usual_grants(configured: Path) -> None:
    """Without settings the ledger listens on loopback only, and roles are granted by their URI."""
    write(configured, "")
    settings = load(configured)
    assert settings.public_listen.startswith("127.0.0.1:")
    assert settings.plaintext_listen == ""
    assert [item.grant() for item in settings.grants] == [Grant(role, f"ledger://{role}/") for role in ROLES]


def test_paths_are_below_the_directory(configured: Path) -> None:
    """A relative path is taken from the directory, an absolute one as it is; the file cannot move the directory."""
    write(configured, 'store = "data"\nkeys = "/etc/ledger/keys"\ndirectory = "/elsewhere"\n')
    settings = load(configured)
    assert settings.path(settings.store) == configured / "data"
    assert settings.path(settings.keys) == Path("/etc/ledger/keys")


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:65535", ("::1", 65535)), ("ledger.example:1", ("ledger.example", 1))],
)
def test_an_address_has_host_and_port(address: str, parts: tuple[str, int]) -> None:
    """An address is split at its last colon, brackets of IPv6 taken off."""
    assert split_address(address) == parts


def test_the_file_has_its_name() -> None:
    """The settings file is ledger.toml."""
    assert config.FILE == "ledger.toml"
