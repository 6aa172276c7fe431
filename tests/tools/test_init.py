"""``ledgerctl init`` makes a whole ledger or nothing."""

import os
from pathlib import Path

import pytest

from ledger.client import keyfile
from ledger.core.note import VKey
from ledger.service import config
from tests.cli.commands import ORIGIN, Site

INIT = ("ledgerctl", "init", "led", "--origin", ORIGIN)


def test_init_prints_what_strangers_need(here: Site) -> None:
    """Verifier key and log id are printed and stand in files; private files are readable by their owner alone."""
    ran = here.open()
    facts = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines())
    led = here.path("led")
    assert facts == {
        "origin": ORIGIN,
        "vkey": (led / "log.vkey").read_text().strip(),
        "log_id": here.log_id,
    }
    assert VKey.parse(facts["vkey"]).name == ORIGIN
    assert ran.stderr == "next: ledger serve led\n"
    private = [*led.glob("keys/*.key"), *led.glob("certs/*.key")]
    assert len(private) == 7
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert led.stat().st_mode & 0o777 == 0o700
    assert here.call("ledgerctl", "fsck", "led", "--json").objects[0]["tree_size"] == 1


def test_init_takes_every_option(here: Site) -> None:
    """Policies, approvers, threshold, hosts and addresses are taken over; no approver key is made beside given ones."""
    for name in "ab":
        here.call("ledger", "keygen", "approver", "-o", f"{name}.key")
    here.path("policy").write_text("quorum none\n")
    here.path("sealing").write_text('{"min_auditors":2,"publish":[]}')
    ran = here.call(
        *INIT,
        *("--policy", "policy", "--sealing-policy", "sealing", "--approver", "a.key.pub", "--approver", "b.key.pub"),
        *("--threshold", "1", "--host", "ledger.example", "--host", "192.0.2.1", "--public-listen", "127.0.0.1:1"),
        *("--role-listen", "127.0.0.1:2", "--metrics-listen", "", "--json"),
    )
    assert ran.objects[0]["log_id"] == here.log_id
    assert not here.path("led/keys/approver.key").exists()
    settings = config.load(here.path("led"))
    assert (settings.public_listen, settings.role_listen, settings.metrics_listen) == ("127.0.0.1:1", "127.0.0.1:2", "")


def test_an_approver_key_is_made_where_none_is_given(here: Site) -> None:
    """Without ``--approver`` the ledger's directory holds one, and no other key there is an approver's."""
    here.call(*INIT)
    assert keyfile.load(here.path("led/keys/approver.key")).public.kind == "approver"


REFUSED = {
    "an origin with a line break": (["--origin", "a\nb"], "origin: must be 1 to 253 printable ASCII characters"),
    "an origin with a space": (["--origin", "a b"], "key name: empty, or with a space or plus sign"),
    "a policy that is missing": (["--policy", "none"], "none: No such file or directory"),
    "a policy that is none": (["--policy", "junk"], "policy: "),
    "a sealing policy that is none": (["--sealing-policy", "junk"], "sealing_policy: must be RFC 8785 JSON"),
    "an approver that is a source": (
        ["--approver", "source.key.pub"],
        "source.key.pub: is a key of kind source; one of kind approver is needed",
    ),
    "an approver twice": (["--approver", "a.key.pub"] * 2, "approvers: the same key stands twice"),
    "a threshold past the approvers": (["--threshold", "2"], "thresholds: more approvals asked for than there are"),
    "a host in Unicode": (["--host", "bücher.example"], "host: must be an IP address or a DNS name, in ASCII"),
    "an empty host": (["--host", ""], "host: must be an IP address or a DNS name, in ASCII"),
    "a host that is an address of five parts": (["--host", "1.2.3.4.5"], "host: must be an IP address"),
    "an address without a port": (["--public-listen", "nonsense"], "led/ledger.toml: public_listen: must be HOST:PORT"),
    "a port too high": (
        ["--role-listen", "h:65536"],
        "led/ledger.toml: role_listen: must be HOST:PORT, with port 0 to",
    ),
}


@pytest.mark.parametrize(("words", "error"), REFUSED.values(), ids=REFUSED)
def test_init_refuses_before_it_writes(words: list[str], error: str, here: Site) -> None:
    """What a ledger cannot be opened with is refused in one line, and nothing is written."""
    here.call("ledger", "keygen", "source", "-o", "source.key")
    here.call("ledger", "keygen", "approver", "-o", "a.key")
    here.path("junk").write_text("{")
    assert here.call(*INIT, *words, code=2).error.startswith(error)
    assert not here.path("led").exists()


@pytest.mark.parametrize("count", ["0", "-1"])
def test_a_threshold_below_one_is_refused(count: str, here: Site) -> None:
    """A ledger that anyone may govern without an approval cannot be opened."""
    assert "--threshold" in here.call(*INIT, "--threshold", count, code=2).stderr
    assert not here.path("led").exists()


def test_a_directory_in_use_is_left_alone(here: Site) -> None:
    """A second init of the same directory is refused and changes none of its files."""
    here.call(*INIT)
    before = _files(here.path("led"))
    assert here.call(*INIT, code=2).error == "led: not empty; a ledger needs a directory of its own"
    assert _files(here.path("led")) == before


def test_a_path_too_long_for_the_socket_is_refused(here: Site) -> None:
    """A directory whose local socket could not be bound later is refused at once, with the bound."""
    name = "d" * 100
    ran = here.call("ledgerctl", "init", name, "--origin", ORIGIN, code=2)
    assert "at most 107 bytes" in ran.error
    assert not here.path(name).exists()


def _files(directory: Path) -> dict[str, bytes]:
    found = {}
    for parent, _, names in os.walk(directory):
        found.update({str(Path(parent, name)): Path(parent, name).read_bytes() for name in names})
    return found
