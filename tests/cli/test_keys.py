"""Keys are made where they stay: readable by their owner alone, never overwritten, locked by a passphrase if asked."""

import json
import shutil

import pytest

from ledger.cli.approve import about
from ledger.client import keyfile
from ledger.client.approvals import Draft
from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import Hash, sha256
from ledger.core.note import VKey
from tests.cli.commands import Site
from tests.client.test_approvals import body
from tests.core.world import World, secret

LOCKED = {"LEDGER_PASSPHRASE": "correct horse"}
LOG_ID = "ab" * 32


@pytest.fixture
def source_key(here: Site) -> str:
    """Make a source's key, in ``source.key``."""
    here.call("ledger", "keygen", "source", "-o", "source.key")
    return "source.key"


def test_keygen_makes_a_pair_of_files(here: Site) -> None:
    """The private file has mode 0600 and a secret, the public one has none; both hold the printed key."""
    ran = here.run("ledger", "keygen", "source", "-o", "source.key")
    key = here.path("source.key")
    assert key.stat().st_mode & 0o777 == 0o600
    private, public = (json.loads(here.path(f"source.key{end}").read_text()) for end in ("", ".pub"))
    assert public == {name: private[name] for name in ("kind", "version", "public")}
    assert public["public"]["ed25519"] in ran.stdout
    assert private["secret"]["ed25519"] not in ran.stdout


FACTS = {
    "source": {"ed25519"},
    "auditor": {"ed25519", "x25519"},
    "approver": {"ed25519", "key_id"},
    "witness": {"ed25519", "name", "vkey"},
}


@pytest.mark.parametrize("kind", FACTS)
def test_keygen_tells_what_may_travel(kind: str, here: Site) -> None:
    """With ``--json`` keygen prints the public facts of a kind and no others."""
    name = ["--name", "witness.example/1"] if kind == "witness" else []
    (facts,) = here.call("ledger", "keygen", kind, "-o", "k", "--json", *name).objects
    assert facts.keys() == FACTS[kind] | {"kind", "public"}
    assert (facts["kind"], facts["public"]) == (kind, "k.pub")
    assert keyfile.load(here.path("k")).public.ed25519.hex() == facts["ed25519"]
    if kind == "witness":
        assert VKey.parse(facts["vkey"]).name == "witness.example/1"


REFUSED_KEYGENS = {
    "an unknown kind": (["shoe"], "kind: must be one of source, auditor, approver, witness"),
    "a witness without a name": (["witness"], "name: a witness needs one: give --name"),
    "a witness of an impossible name": (["witness", "--name", "a b"], "key name: empty, or with a space or plus sign"),
}


@pytest.mark.parametrize(("words", "error"), REFUSED_KEYGENS.values(), ids=REFUSED_KEYGENS)
def test_keygen_refuses(words: list[str], error: str, here: Site) -> None:
    """What keygen cannot make it refuses, and writes nothing."""
    assert here.call("ledger", "keygen", *words, "-o", "k", code=2).error == error
    assert list(here.directory.iterdir()) == []


@pytest.mark.parametrize("existing", ["source.key", "source.key.pub"])
def test_keygen_overwrites_nothing(existing: str, here: Site) -> None:
    """Where either file is there already, keygen says so, leaves it as it was and makes no other."""
    here.path(existing).write_text("kept")
    assert existing in here.call("ledger", "keygen", "source", "-o", "source.key", code=2).error
    assert [path.read_text() for path in here.directory.iterdir()] == ["kept"]


def test_a_passphrase_locks_a_key(here: Site) -> None:
    """With a passphrase from the environment the secret is not in the file, and only that passphrase opens it."""
    here.run("ledger", "keygen", "source", "-o", "k", "--passphrase", environment=LOCKED)
    seed = keyfile.load(here.path("k"), LOCKED["LEDGER_PASSPHRASE"].encode).secret.seed
    assert seed.hex() not in here.path("k").read_text()
    request = ("ledger", "request", "source", "-k", "k", "--id", "alpha", "--log-id", LOG_ID, "-o")
    wrong = here.call(*request, "wrong", code=2, environment={"LEDGER_PASSPHRASE": "wrong horse"})
    assert "passphrase" in wrong.error
    assert "wrong horse" not in wrong.stderr
    here.call(*request, "right", environment=LOCKED)
    assert not here.path("wrong").exists()
    assert here.path("right").exists()


def test_a_passphrase_is_asked_for(here: Site) -> None:
    """Without the variable the passphrase is asked for, twice for a new key and once for an old one."""
    here.call("ledger", "keygen", "approver", "-o", "k", "--passphrase", given="horse\nhorse\n")
    assert "horse" not in here.path("k").read_text()
    here.call("ledger", "request", "source", "-k", "k", "--id", "a", "--log-id", LOG_ID, "-o", "r", given="h\n", code=2)
    ran = here.call("ledger", "approve", "none", "-k", "k", code=2)
    assert ran.error.startswith("none: No such file")


def test_an_empty_passphrase_is_refused(here: Site) -> None:
    """A passphrase variable that is set but empty locks nothing, so it is refused."""
    ran = here.call(
        "ledger", "keygen", "source", "-o", "k", "--passphrase", environment={"LEDGER_PASSPHRASE": ""}, code=2
    )
    assert ran.error == "passphrase: must not be empty"


def test_a_request_holds_what_was_asked(here: Site, source_key: str) -> None:
    """A source's request names service, period, grace and officers, and no private key."""
    here.call("ledger", "keygen", "approver", "-o", "officer.key")
    ran = here.run(
        *("ledger", "request", "source", "-k", source_key, "-o", "r", "--id", "alpha", "--log-id", LOG_ID),
        *("--service", "mail", "--period", "week", "--grace", "48", "--officer", "officer.key.pub"),
        *("--officers-needed", "1"),
    )
    assert "send it to the operator" in ran.stderr
    request = Request.load(here.path("r"))
    body = request.body
    assert isinstance(body, bodies.SourceEnrolled)
    assert (body.source_id, body.service, body.closing_period, body.grace_hours) == ("alpha", "mail", 2, 48)
    assert body.officers == (keyfile.load_public(here.path("officer.key.pub")).public,)
    assert request.log_id.hex() == LOG_ID
    assert keyfile.load(here.path(source_key)).secret.seed.hex() not in here.path("r").read_text()


SOURCE = ["source", "-k", "source.key", "--id", "alpha", "--log-id", LOG_ID]
REFUSED_REQUESTS = {
    "no log": (["source", "-k", "source.key", "--id", "alpha"], "log_id: give either --log-id or --profile"),
    "two logs": ([*SOURCE, "--profile", "p"], "log_id: give either --log-id or --profile"),
    "a log id that is none": ([*SOURCE[:-1], "abcd"], "log_id: must be 32 bytes"),
    "a source id in capitals": ([*SOURCE, "--id", "Alpha"], "source_id: "),
    "no source id": (["source", "-k", "source.key", "--log-id", LOG_ID], "source_id: "),
    "an unknown period": ([*SOURCE, "--period", "year"], "period: must be one of day, week, month"),
    "a period that is no period": ([*SOURCE, "--period", "unspecified"], "period: must be one of day, week, month"),
    "more officers needed than named": ([*SOURCE, "--officers-needed", "1"], "officer_threshold: "),
    "a key that is missing": ([*SOURCE, "-k", "other.key"], "other.key: No such file or directory"),
    "a public half for a key": ([*SOURCE, "-k", "source.key.pub"], "source.key.pub: readable by others; chmod 600 it"),
    "a key of another kind": (
        ["auditor", "-k", "source.key", "--name", "One", "--log-id", LOG_ID],
        "source.key: is a key of kind source; one of kind auditor is needed",
    ),
    "no profile for a key change": (
        ["key-change", "-k", "source.key", "-p", "p"],
        "p: missing; ledgerctl certs makes one",
    ),
}


@pytest.mark.parametrize(("words", "error"), REFUSED_REQUESTS.values(), ids=REFUSED_REQUESTS)
@pytest.mark.usefixtures("source_key")
def test_requests_that_cannot_be(words: list[str], error: str, here: Site) -> None:
    """A request that could not be granted is not written, and what to give instead is said in one line."""
    assert here.call("ledger", "request", *words, "-o", "r", code=2).error.startswith(error)
    assert not here.path("r").exists()


@pytest.mark.parametrize("grace", ["-1", "745", str(2**32)])
@pytest.mark.usefixtures("source_key")
def test_a_grace_past_its_bounds_is_refused(grace: str, here: Site) -> None:
    """Grace is 0 to 744 hours."""
    assert "--grace" in here.call("ledger", "request", *SOURCE, "-o", "r", "--grace", grace, code=2).stderr
    assert not here.path("r").exists()


def test_a_request_overwrites_nothing(here: Site, source_key: str) -> None:
    """A request is not written over another file, not even over the key."""
    before = here.path(source_key).read_bytes()
    assert here.call("ledger", "request", *SOURCE, "-o", source_key, code=2).error == "source.key: File exists"
    assert here.path(source_key).read_bytes() == before


BAD_PROPOSALS = {
    "not JSON": b"x",
    "not UTF-8": b"\xff\xfe",
    "not an object": b"[]",
    "of other members": b'{"log_id": "", "statement": "", "more": 1}',
    "no statement": json.dumps({"log_id": LOG_ID, "statement": "AAAA"}).encode(),
}


@pytest.mark.parametrize("content", BAD_PROPOSALS.values(), ids=BAD_PROPOSALS)
def test_what_is_no_proposal_is_not_approved(content: bytes, here: Site) -> None:
    """A file that is no proposal is refused in one line and left as it was."""
    here.call("ledger", "keygen", "approver", "-o", "k")
    here.path("p").write_bytes(content)
    here.call("ledger", "approve", "p", "-k", "k", code=2)
    assert here.path("p").read_bytes() == content


def test_a_request_is_no_proposal(here: Site, source_key: str) -> None:
    """Approving a request, which has no number yet, is refused with what the operator has to do."""
    here.call("ledger", "request", *SOURCE, "-o", "r")
    here.call("ledger", "keygen", "approver", "-o", "k")
    assert "--propose" in here.call("ledger", "approve", "r", "-k", "k", code=2).error


def test_proposals_gather_approvals_and_drafts_do_not(here: Site, source_key: str) -> None:
    """A draft is approved in a file of its own, and a proposal in place: neither is taken for the other."""
    here.call("ledger", "request", *SOURCE, "-o", "r")
    here.call("ledger", "keygen", "approver", "-o", "k")
    here.path("draft").write_text(Draft(Hash(bytes.fromhex(LOG_ID)), "alpha", body()).format())
    mistaken = here.call("ledger", "approve", "r", "-k", "k", "-o", "out", code=2)
    assert mistaken.error == "out: a proposal keeps its approvals itself: leave it away"
    assert here.call("ledger", "approve", "draft", "-k", "k", code=2).error == "out: give --out FILE"
    wrong = here.call("ledger", "approve", "draft", "-k", source_key, "-o", "out", code=2)
    assert wrong.error == "source.key: is a key of kind source; one of kind approver is needed"
    there = here.call("ledger", "approve", "draft", "-k", "k", "-o", "r", code=2)
    assert there.error == "r: exists already; nothing was changed"
    assert not here.path("out").exists()
    here.call("ledger", "approve", "draft", "-k", "k", "-o", "out")
    again = here.call("ledger", "approve", "out", "-k", "k", "-o", "more", code=2)
    assert again.error == "draft: is approved already: give the draft itself"
    assert keyfile.load(here.path("k")).secret.seed.hex() not in here.path("out").read_text()


def test_what_is_to_be_approved_is_read_before(here: Site, source_key: str) -> None:
    """With ``--show`` a draft and a proposal are told in words, without any key, and nothing is written."""
    here.call("ledger", "request", *SOURCE, "-o", "r")
    here.call("ledger", "keygen", "approver", "-o", "k")
    here.path("draft").write_text(Draft(Hash(bytes.fromhex(LOG_ID)), "alpha", body()).format())
    proposal = Request.load(here.path("r")).numbered(7).format()
    here.path("p").write_text(proposal)
    before = sorted(here.directory.iterdir())
    shown = here.call("ledger", "approve", "draft", "--show")
    assert shown.stderr == "draft: draft of the closing of 2025-11 of alpha; nothing was approved\n"
    told = here.call("ledger", "approve", "p", "--show")
    words = "SOURCE_ENROLLED of alpha (24 h of grace, 0 of 0 officers), governance statement 7, with 0 approvals"
    assert told.stderr == f"p: {words}; nothing was approved\n"
    assert (sorted(here.directory.iterdir()), here.path("p").read_text()) == (before, proposal)
    assert here.call("ledger", "approve", "draft", "-k", "k", "-o", "out").stdout == shown.stdout
    for name in ("draft", "p"):
        assert here.call("ledger", "approve", name, code=2).error == "key: give --key KEY, or --show"
        both = here.call("ledger", "approve", name, "--show", "-k", "k", code=2)
        assert both.error == "show: approves nothing, so it takes neither --key nor --out"


DAMAGED_KEYS = {
    "not UTF-8": b"\xff",
    "not JSON": b"{",
    "a list": b"[]",
    "empty": b"",
    "no public half": b'{"kind": "source"}',
}


@pytest.mark.parametrize("content", DAMAGED_KEYS.values(), ids=DAMAGED_KEYS)
def test_damaged_key_files_are_named(content: bytes, here: Site, source_key: str) -> None:
    """A damaged key file is named in one line."""
    here.path(source_key).write_bytes(content)
    assert here.call("ledger", "request", *SOURCE, "-o", "r", code=2).error.startswith("source.key: ")


def test_halves_that_do_not_belong_together_are_refused(here: Site, source_key: str) -> None:
    """A key file whose public half was exchanged is not used."""
    here.call("ledger", "keygen", "source", "-o", "other.key")
    content = json.loads(here.path(source_key).read_text())
    content["public"] = json.loads(here.path("other.key").read_text())["public"]
    here.path(source_key).write_text(json.dumps(content))
    assert "another key" in here.call("ledger", "request", *SOURCE, "-o", "r", code=2).error
    shutil.copy(here.path("other.key"), here.path(source_key))
    here.call("ledger", "request", *SOURCE, "-o", "r")


def test_an_approver_reads_what_is_approved() -> None:
    """A statement is told with whom or what it is about, so that nobody signs a number alone."""
    world = World.open()
    key, digest = secret("key"), sha256(b"digest")
    target = bodies.Target(4, digest)
    told: dict[bodies.Governance, str] = {
        bodies.Erasure(1, "alpha", target, "Art. 17\u202e"): " of alpha:4 (Art. 17\ufffd)",
        world.enrolment("alpha"): " of alpha (24 h of grace, 0 of 0 officers)",
        bodies.SourceRevoked(1, "alpha", 3, bodies.RevocationReason.RETIRED): " of alpha",
        bodies.AuditorRemoved(1, "One", key.public, digest): " of One",
        bodies.PolicyChanged(1, digest, digest, (), ()): "",
    }
    assert {body: about(body) for body in told} == told
