"""``ledgerctl certs`` gives a client all it needs, in a new folder."""

import pytest
from cryptography import x509

from ledger.client import profile
from tests.cli.commands import Site

CERTS = ("ledgerctl", "certs")


@pytest.fixture
def ledger(here: Site) -> Site:
    """Give a ledger that does not run, at addresses that are known."""
    ports = ("--public-listen", "127.0.0.1:1", "--role-listen", "127.0.0.1:2", "--metrics-listen", "")
    here.call("ledgerctl", "init", "led", "--origin", "log.example/certs", *ports)
    return here


def test_a_source_gets_key_certificate_and_profile(ledger: Site) -> None:
    """The folder is its owner's alone; certificate and profile name role and source, and the auditors it seals to."""
    ledger.call("ledger", "keygen", "auditor", "-o", "one.key", "--name", "Auditor One")
    ledger.call("ledger", "keygen", "auditor", "-o", "two.key")
    words = ("--auditor", "one.key.pub", "--auditor", "two.key.pub", "--days", "30")
    ran = ledger.run(*CERTS, "source", "alpha", "-o", "clients/alpha", "-d", "led", *words)
    assert ran.stderr == "clients/alpha/profile.toml: profile of source alpha\n"
    folder = ledger.path("clients/alpha")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "client.key").stat().st_mode & 0o777 == 0o600
    certificate = x509.load_pem_x509_certificate((folder / "client.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["ledger://source/alpha"]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 30
    made = profile.load(folder)
    assert (made.role, made.name, made.address, made.role_address) == ("source", "alpha", "127.0.0.1:1", "127.0.0.1:2")
    assert made.pins.log_id.hex() == ledger.log_id
    assert [auditor.name for auditor in made.auditors] == ["Auditor One", "two.key"]


@pytest.mark.parametrize("role", ["auditor", "admin", "public"])
def test_every_role_gets_a_profile(role: str, ledger: Site) -> None:
    """An auditor and an admin get a certificate, the public needs none."""
    ledger.call(*CERTS, role, "A Name", "-o", "out", "-d", "led")
    made = profile.load(ledger.path("out"))
    assert (made.role, made.name) == (role, "A Name")
    assert ledger.path("out/client.crt").exists() == (role != "public")
    assert bool(made.role_address) == (role != "public")


def test_a_source_without_auditors_is_told_so(ledger: Site) -> None:
    """A source's profile that names no auditor comes with what to add to it."""
    ran = ledger.call(*CERTS, "source", "alpha", "-o", "out", "-d", "led")
    assert "it names no auditor yet: add [[auditors]] tables" in ran.stderr


REFUSED = {
    "an unknown role": (["king", "x"], "role: must be one of public, source, auditor, admin"),
    "a source id in capitals": (["source", "Alpha"], "source_id: "),
    "an empty name": (["auditor", ""], "name: must be 1 to 253 printable ASCII characters"),
    "an auditor's key that is a source's": (
        ["source", "a", "--auditor", "s.key.pub"],
        "s.key.pub: is a key of kind source",
    ),
    "an auditor's key that is missing": (["source", "a", "--auditor", "none"], "none: No such file or directory"),
    "no ledger": (["source", "a", "-d", "."], "ledger.toml: missing; ledgerctl init makes one"),
    "a folder that is there": (["source", "a", "-o", "led"], "led: File exists"),
}


@pytest.mark.parametrize(("words", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_issued_is_refused(words: list[str], error: str, ledger: Site) -> None:
    """Roles, names, keys and folders that do not fit are refused in one line, and no folder is made."""
    ledger.call("ledger", "keygen", "source", "-o", "s.key")
    assert ledger.call(*CERTS, "-o", "out", "-d", "led", *words, code=2).error.startswith(error)
    assert not ledger.path("out").exists()
    assert not ledger.path("led/profile.toml").exists()


@pytest.mark.parametrize("days", ["0", "826", "many"])
def test_certificates_last_1_to_825_days(days: str, ledger: Site) -> None:
    """Other numbers of days are refused."""
    assert "--days" in ledger.call(*CERTS, "public", "x", "-o", "out", "-d", "led", "--days", days, code=2).stderr
    assert not ledger.path("out").exists()


def test_a_port_that_is_not_known_yet_is_not_written(here: Site) -> None:
    """Where the system will choose the port, a profile waits for the server, and says so."""
    here.open(inside=True)
    error = here.call(*CERTS, "public", "x", "-o", "out", "-d", "led", code=2).error
    assert "start it first, or set public_address" in error
    assert not here.path("out").exists()
