"""Every mistake in the settings is told at once, by its setting and its rule, never by its value."""

from pathlib import Path
from typing import Final

import pytest

from ledger.service.config import load
from tests.service.settings import FINGERPRINT, as_toml, problems, write

SECRET: Final = "s3cret"
"""Part of every wrong value below: no message may repeat it."""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f'public_listen = "{SECRET}"', "public_listen: must be HOST:PORT, with port 0 to 65535"),
        (f'role_listen = "{SECRET}:65536"', "role_listen: must be HOST:PORT, with port 0 to 65535"),
        (f'metrics_listen = ":{SECRET}"', "metrics_listen: must be HOST:PORT, with port 0 to 65535"),
        (f'http_listen = "{SECRET}:"', "http_listen: must be HOST:PORT, with port 0 to 65535"),
        (f'public_address = "{SECRET}:"', "public_address: must be HOST:PORT, with port 0 to 65535"),
        (f'role_address = "{SECRET}:-1"', "role_address: must be HOST:PORT, with port 0 to 65535"),
        (f'plaintext_listen = "{SECRET}"', "plaintext_listen: must be HOST:PORT, with port 0 to 65535"),
        (f'plaintext_listen = "{SECRET}.example:1"', "plaintext_listen: plaintext is for loopback only"),
        ('plaintext_listen = "0.0.0.0:1"', "plaintext_listen: plaintext is for loopback only"),
        ('plaintext_listen = "192.0.2.1:1"', "plaintext_listen: plaintext is for loopback only"),
        ('plaintext_listen = "localhost:1"', "plaintext_listen: plaintext is for loopback only"),
        (f'queue_bytes = "{SECRET}"', "queue_bytes: Input should be a valid integer"),
        ("queue_bytes = 8388607", "queue_bytes: Input should be greater than or equal to 8388608"),
        ("workers = 0", "workers: Input should be greater than or equal to 1"),
        ("workers = 65", "workers: Input should be less than or equal to 64"),
        ("quorum_seconds = 0", "quorum_seconds: Input should be greater than 0"),
        ("quorum_seconds = 601", "quorum_seconds: Input should be less than or equal to 600"),
        ("anchor_minutes = 0", "anchor_minutes: Input should be greater than or equal to 1"),
        ("anchor_minutes = 1441", "anchor_minutes: Input should be less than or equal to 1440"),
        ("idle_anchor_minutes = 0", "idle_anchor_minutes: Input should be greater than or equal to 1"),
        ("idle_anchor_minutes = 1441", "idle_anchor_minutes: Input should be less than or equal to 1440"),
        ("stop_seconds = 0", "stop_seconds: Input should be greater than 0"),
        ("stop_seconds = nan", "stop_seconds: Input should be "),
        ("stop_seconds = 601", "stop_seconds: Input should be less than or equal to 600"),
        (f'log_level = "{SECRET}"', "log_level: Input should be 'debug', 'info', 'warning' or 'error'"),
        (f'store = ["{SECRET}"]', "store: Input is not a valid path"),
        (f'{SECRET[:1]}urprise = "{SECRET}"', "surprise: Extra inputs are not permitted"),
        (f'refused_certificates = ["{SECRET}"]', "refused_certificates.0: must be a SHA-256 in 64 lower-case hex"),
        (f'refused_certificates = ["{FINGERPRINT.upper()}"]', "refused_certificates.0: must be a SHA-256 in 64"),
        (f'grants = [{{ role = "{SECRET}" }}]', "grants.0.role: Input should be 'source', 'auditor' or 'admin'"),
        ('grants = [{ role = "admin" }]', "grants.0: exactly one of san and fingerprint is needed"),
        (
            f'grants = [{{ role = "admin", san = "x/*", fingerprint = "{FINGERPRINT}", name = "{SECRET}" }}]',
            "grants.0: exactly one of san and fingerprint is needed",
        ),
        (f'grants = [{{ role = "admin", san = "{SECRET}" }}]', "grants.0: san must end with /*"),
        (
            f'grants = [{{ role = "admin", san = "x/*", name = "{SECRET}" }}]',
            "grants.0: a name goes with a fingerprint; san's * stands for it",
        ),
        (f'grants = [{{ role = "admin", fingerprint = "{SECRET}" }}]', "grants.0.fingerprint: "),
        (
            f'grants = [{{ role = "admin", fingerprint = "{FINGERPRINT}" }}]',
            "grants.0: a fingerprint needs the name it stands for",
        ),
        (f'grants = [{{ role = "admin", {SECRET} = 1 }}]', f"grants.0.{SECRET}: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_told_by_its_setting(configured: Path, line: str, told: str) -> None:
    """A value that breaks its rule is told with the setting's name and the rule, without the value."""
    write(configured, line)
    (problem,) = problems(configured)
    assert problem.startswith(told)
    assert SECRET not in problem.removeprefix(told)


def test_all_mistakes_are_told_at_once(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes of file and environment come together, one line a mistake."""
    write(configured, 'public_listen = "x"\nworkers = 0\n')
    monkeypatch.setenv("LEDGER_LOG_LEVEL", SECRET)
    monkeypatch.setenv("LEDGER_GRANTS", SECRET)
    monkeypatch.setenv("LEDGER_REFUSED_CERTIFICATES", f"[{SECRET}")
    names = ["public_listen", "workers", "grants", "refused_certificates", "log_level"]
    found = problems(configured)
    assert sorted(problem.partition(":")[0] for problem in found) == sorted(names)
    assert SECRET not in "".join(found)
    assert [problem for problem in found if problem.startswith("grants")] == ["grants: must be JSON in the environment"]


@pytest.mark.parametrize("content", [b"workers = ", b"\xff\xfe", b"workers = 1\nworkers = 1\n"])
def test_what_is_no_toml_is_refused(configured: Path, content: bytes) -> None:
    """A file that is not TOML, or not even text, is told as such."""
    (configured / "ledger.toml").write_bytes(content)
    (problem,) = problems(configured)
    assert problem.startswith("not TOML: ")


def test_missing_files_are_told_together(configured: Path) -> None:
    """A missing settings file is told with what makes one; missing certificates are told all at once."""
    assert problems(configured) == ["missing; ledgerctl init makes one"]
    write(configured, 'server_certificate = "nowhere.crt"\nserver_key = "nowhere.key"\n')
    assert problems(configured) == ["server_certificate: the file is missing", "server_key: the file is missing"]


def test_a_socket_whose_path_is_too_long_is_refused(configured: Path) -> None:
    """A local socket's whole path has 107 bytes at most: one more is refused, wherever they come from."""
    longest = "s" * (107 - len(str(configured)) - 1)
    write(configured, as_toml("admin_socket", longest))
    assert len(str(load(configured).path(load(configured).admin_socket))) == 107
    write(configured, as_toml("admin_socket", longest + "s"))
    (problem,) = problems(configured)
    assert problem == "admin_socket: its whole path must be at most 107 bytes; name a shorter one"
    deep = configured / ("d" * 107)
    deep.mkdir()
    write(deep, "workers = 0")
    assert [item.partition(":")[0] for item in problems(deep)] == ["admin_socket", "workers"]
