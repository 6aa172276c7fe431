"""A profile comes back as it was saved, and a wrong one is refused with every mistake at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.client import profile
from ledger.client.profile import AllowedAuditor, Profile
from ledger.core.errors import ConfigInvalid, NotAuthenticated
from ledger.core.policy import Policy
from tests.core.world import World
from tests.engine.cosigning import POLICY

WORLD = World.open()
TEXT = f"""
origin = "log.example"
vkey = "{WORLD.vkey.format()}"
log_id = "{WORLD.log_id.hex()}"
address = "127.0.0.1:1"
witnesses = "none"
"""


def held(folder: Path, **fields: str) -> Profile:
    """Return a profile in ``folder``."""
    made = Profile(folder, WORLD.log.name, WORLD.vkey.format(), WORLD.log_id.hex(), "127.0.0.1:1")
    return replace(made, **fields)  # type: ignore[arg-type]  # every field that is given here is a text


def problems(folder: Path, text: str) -> list[str]:
    """Return what is said of a profile of ``text``, without the path before each."""
    path = folder / profile.FILE
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as refused:
        profile.load(path)
    return [problem.removeprefix(f"{path}: ") for problem in refused.value.problems]


@pytest.mark.parametrize("odd", ["Auditor One", 'quote " and \\ backslash', "emoji 😀 and ø", "delete \x7f", "tab\t"])
def test_a_saved_profile_loads_again(tmp_path: Path, odd: str) -> None:
    """Every text survives, also those that TOML has to escape, and is found by file or folder."""
    auditors = (AllowedAuditor(odd, b"\x01" * 32, b"\x02" * 32), AllowedAuditor("Two", b"\x03" * 32, b"\x04" * 32))
    saved = Profile(tmp_path, "o", WORLD.vkey.format(), "ab" * 32, "h:1", role="source", name=odd, auditors=auditors)
    profile.save(tmp_path / profile.FILE, saved)
    assert profile.load(tmp_path) == profile.load(tmp_path / profile.FILE) == saved


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """An old profile stays."""
    profile.save(tmp_path / profile.FILE, held(tmp_path))
    with pytest.raises(FileExistsError):
        profile.save(tmp_path / profile.FILE, held(tmp_path, name="other"))
    assert profile.load(tmp_path).name == ""


def test_pins_and_paths_are_the_profiles(tmp_path: Path) -> None:
    """What reads are held to comes from the profile, paths lie beside it."""
    given = held(tmp_path)
    assert (given.pins.origin, given.pins.vkey, given.pins.log_id) == (WORLD.log.name, WORLD.vkey, WORLD.log_id)
    assert given.path("state") == tmp_path / "state"


def test_a_policy_is_read_unless_there_are_no_witnesses(tmp_path: Path) -> None:
    """``none`` says so in so many words; anything else is a file."""
    (tmp_path / "policy").write_bytes(POLICY)
    assert held(tmp_path).policy() is held(tmp_path).pins.policy is None
    given = held(tmp_path, witnesses="policy")
    assert given.policy() == given.pins.policy == Policy.parse(POLICY)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"quorum none\n", 'asks for nobody; the profile has to say witnesses = "none"'),
        (b"quorum w\n", "policy quorum: names what no earlier line defines; it is the witness policy"),
        (None, "No such file or directory; it is the witness policy that the profile names"),
    ],
    ids=["a quorum of nobody", "malformed", "missing"],
)
def test_a_policy_that_shows_nothing_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    """A file that is missing, malformed or asks for nobody is named, so that none is taken for a quorum."""
    if content is not None:
        (tmp_path / "policy").write_bytes(content)
    with pytest.raises(ConfigInvalid) as refused:
        held(tmp_path, witnesses="policy").pins  # noqa: B018 -- reading the pins reads the policy
    (problem,) = refused.value.problems
    assert problem.startswith(f"{tmp_path / 'policy'}: {message}")


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    """One reading names all that has to be mended."""
    text = """
log_id = "abc"
vkey = "not a key"
role = 7
colour = "red"
[[auditors]]
name = "One"
ed25519 = "00"
x25519 = "AA"
[[auditors]]
name = "Two"
"""
    assert [problem.partition(":")[0] for problem in problems(tmp_path, text)] == [
        "colour",
        "origin",
        "address",
        "witnesses",
        "role",
        "vkey",
        "log_id",
        "auditors[0].ed25519",
        "auditors[0].x25519",
        "auditors[1]",
    ]


BAD = {
    "no TOML": ("origin = ", "not TOML"),
    "no text": ('\udcff = "x"', "not TOML"),
    "a vkey that is no text": (TEXT.replace(f'"{WORLD.vkey.format()}"', "7"), "vkey: must be a text"),
    "a log id that is no text": (TEXT.replace(f'"{WORLD.log_id.hex()}"', "7"), "log_id: must be a text"),
    "a short log id": (TEXT.replace(WORLD.log_id.hex(), "ab"), "log_id: must be 32 bytes in hex"),
    "auditors that are no list": ("auditors = 7\n" + TEXT, "auditors: must be a list of tables"),
    "auditors that are no tables": ("auditors = [7]\n" + TEXT, "auditors[0]: must have name, ed25519 and x25519"),
    "an auditor's name that is no text": (
        f'auditors = [{{name = 7, ed25519 = "{"ab" * 32}", x25519 = "{"ab" * 32}"}}]\n' + TEXT,
        "auditors[0]: must have name, ed25519 and x25519",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The message names the field and what it has to be."""
    path = tmp_path / profile.FILE
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigInvalid) as refused:
        profile.load(tmp_path)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{path}: {message}")


def test_a_missing_profile_says_what_makes_one(tmp_path: Path) -> None:
    """The operator's command is named."""
    with pytest.raises(ConfigInvalid, match=r"profile.toml: missing; ledgerctl certs makes one$"):
        profile.load(tmp_path)


def test_the_public_listener_is_dialled_under_the_profiles_authority(tmp_path: Path) -> None:
    """Without the authority's certificate nobody is dialled."""
    with pytest.raises(FileNotFoundError, match=r"ca.crt"):
        held(tmp_path).public_channel()


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    """The file is named."""
    (tmp_path / "client.crt").write_text("no certificate")
    given = held(tmp_path, role_address="127.0.0.1:1", certificate="client.crt", certificate_key="client.key")
    with pytest.raises(NotAuthenticated, match=r"client.crt: not a certificate in PEM$"):
        given.role_channel()


@pytest.mark.parametrize("missing", ["role_address", "certificate", "certificate_key"])
def test_a_role_needs_address_and_certificate(tmp_path: Path, missing: str) -> None:
    """Without any one of them nobody is dialled."""
    fields = {"role_address": "127.0.0.1:1", "certificate": "client.crt", "certificate_key": "client.key"}
    with pytest.raises(NotAuthenticated, match=r"^profile: has no role_address, certificate and certificate_key$"):
        held(tmp_path, **{**fields, missing: ""}).role_channel()
