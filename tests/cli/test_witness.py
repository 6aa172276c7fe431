"""``ledger witness``: made, told of logs, served and stopped by commands."""

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from ledger.core.note import VKey
from ledger.witness.state import origin_hash
from tests.cli.commands import Serving, Site, site
from tests.core.witnessed import LOG, STRANGER, asking, leaves
from tests.witness.served import exchange, head, posted

NAME = "witness.example/one"
KEY = LOG.vkey().format()
MADE = ("--state", "wit")
SERVE = ("ledger", "witness", "serve", *MADE, "--listen", "127.0.0.1:0")


@pytest.fixture
def made(here: Site) -> Site:
    """Give a directory with a witness that knows the test log."""
    here.call("ledger", "witness", "init", *MADE, "--name", NAME)
    here.call("ledger", "witness", "add-log", *MADE, KEY)
    return here


@pytest.fixture
def running() -> Iterator[Site]:
    """Give a directory with a witness that knows no log and serves; kill it in the end if it still does."""
    with site() as here:
        here.call("ledger", "witness", "init", *MADE, "--name", NAME)
        here.server = Serving(here.start(*SERVE, stdout=subprocess.DEVNULL, stdin=None))
        yield here


def port(here: Site) -> int:
    """Return where the witness listens."""
    assert here.server is not None
    return int(json.loads(here.server.log[0])["public"].rpartition(":")[2])


def cosigned(here: Site, old: int, size: int) -> int:
    """Have the test log ask for a cosignature and return the answer's status."""
    return asyncio.run(exchange(port(here), posted(asking(old, leaves(size)).format()))).code


def test_it_is_made_with_a_key_of_its_own(here: Site) -> None:
    """Init prints the key for cosignatures and keeps the private one to its owner; a second init changes nothing."""
    ran = here.call("ledger", "witness", "init", *MADE, "--name", NAME)
    vkey = VKey.parse(ran.stdout.rstrip("\n"))
    assert (vkey.name, vkey.algorithm) == (NAME, 4)
    assert here.path("wit/witness.key").stat().st_mode & 0o777 == 0o600
    before = here.path("wit/witness.key").read_bytes()
    again = here.call("ledger", "witness", "init", *MADE, "--name", NAME, code=2)
    assert again.error.endswith("exists already; nothing was changed")
    assert here.path("wit/witness.key").read_bytes() == before


def test_it_cosigns_logs_added_while_it_runs(running: Site) -> None:
    """A log is refused until it is added, and then cosigned without a restart; SIGTERM ends the server with 0."""
    assert cosigned(running, 0, 7) == 404
    path = running.call("ledger", "witness", "add-log", *MADE, KEY).stdout.rstrip("\n")
    assert cosigned(running, 0, 7) == 200
    assert asyncio.run(exchange(port(running), head("GET", path))).body.startswith(b"log.example\n7\n")
    (row,) = running.call("ledger", "witness", "logs", *MADE, "--json").objects
    assert (row["origin"], row["size"], row["hash"]) == (LOG.name, 7, origin_hash(LOG.name))
    assert running.stop() == 0
    assert running.server is not None
    events = [json.loads(line)["event"] for line in running.server.log]
    assert events == ["serving", "cosigned", "stopping", "stopped"]


def test_a_killed_witness_goes_on_where_it_was(running: Site) -> None:
    """After kill -9 the next server knows the tree, and a second one beside it is refused."""
    running.call("ledger", "witness", "add-log", *MADE, KEY)
    assert cosigned(running, 0, 7) == 200
    assert running.server is not None
    running.server.signal(signal.SIGKILL)
    running.server = Serving(running.start(*SERVE, stdout=subprocess.DEVNULL, stdin=None))
    assert "another server has this state open" in running.run(*SERVE, code=2).error
    assert (cosigned(running, 0, 9), cosigned(running, 7, 9)) == (409, 200)


def test_logs_are_shown_with_size_and_age(made: Site) -> None:
    """Before the first cosignature there is neither; with --json both are null."""
    ran = made.call("ledger", "witness", "logs", *MADE)
    assert ran.stdout.splitlines()[1].split() == [LOG.name, "-", "never"]
    (row,) = made.call("ledger", "witness", "logs", *MADE, "--json").objects
    assert (row["vkey"], row["size"], row["root"], row["timestamp"]) == (KEY, None, None, None)


AGES = {"0 s ago": -5, "59 s ago": 59, "1 min ago": 60, "23 h ago": 86_399, "2 d ago": 200_000}


def test_ages_are_shown_in_the_largest_unit(running: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The age is whole units, and never negative where a clock is behind."""
    running.call("ledger", "witness", "add-log", *MADE, KEY)
    assert cosigned(running, 0, 7) == 200
    (row,) = running.call("ledger", "witness", "logs", *MADE, "--json").objects
    for shown, seconds in AGES.items():
        monkeypatch.setattr("time.time", lambda now=row["timestamp"] + seconds: now)
        ran = running.call("ledger", "witness", "logs", *MADE)
        assert ran.stdout.splitlines()[1].split() == [LOG.name, "7", *shown.split()]


def test_an_origin_may_differ_from_the_keys_name(made: Site) -> None:
    """A log whose checkpoints begin with another line than its key's name is added with --origin."""
    ran = made.call("ledger", "witness", "add-log", *MADE, KEY, "--origin", "a tree of that log")
    assert ran.stdout == f"/{origin_hash('a tree of that log')}/checkpoint\n"
    rows = made.call("ledger", "witness", "logs", *MADE, "--json").objects
    assert [row["origin"] for row in rows] == ["a tree of that log", LOG.name]


REFUSED = {
    "a key that is none": (["add-log", *MADE, "log.example"], "vkey: not name+hex8+base64"),
    "a witness's key": (["add-log", *MADE, LOG.vkey(4).format()], "vkey: a log's must be of key type 01"),
    "another key for an origin": (["add-log", *MADE, STRANGER.vkey().format()], "origin: known already, under another"),
    "an origin of two lines": (["add-log", *MADE, KEY, "--origin", "a\nb"], "origin: must be one line"),
    "a name with a space": (["init", "--state", "new", "--name", "a b"], "key name: empty, or with a space"),
    "no witness": (["logs", "--state", "none"], "none/witness.key.pub: No such file or directory"),
    "no witness to serve": (["serve", "--state", "none"], "none/witness.key: No such file or directory"),
    "no port": (["serve", *MADE, "--listen", "localhost"], "listen: must be HOST:PORT, with port 0 to 65535"),
    "a port too large": (["serve", *MADE, "--listen", "localhost:65536"], "listen: must be HOST:PORT"),
    "no host": (["serve", *MADE, "--metrics", ":1"], "metrics: must be HOST:PORT"),
}


@pytest.mark.parametrize(("words", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_named(words: list[str], error: str, made: Site) -> None:
    """A mistake ends with 2 and its name, and changes nothing."""
    assert made.call("ledger", "witness", *words, code=2).error.startswith(error)
    assert len(made.call("ledger", "witness", "logs", *MADE, "--json").objects) == 1
    assert not made.path("new/witness.key").exists()


def test_another_kind_of_key_is_not_a_witness(made: Site) -> None:
    """A key file of another kind in its place is refused."""
    for end in ("", ".pub"):
        made.path(f"wit/witness.key{end}").unlink()
    made.call("ledger", "keygen", "source", "-o", "wit/witness.key")
    for words in (["logs"], ["serve"]):
        assert "one of kind witness is needed" in made.call("ledger", "witness", *words, *MADE, code=2).error


def test_damage_is_told_apart(made: Site) -> None:
    """A state that contradicts itself ends with 1 and the file's name, for serving and for listing."""
    path = made.path("wit/logs") / origin_hash(LOG.name)
    path.write_bytes(path.read_bytes()[:-1])
    for words in (["logs"], ["serve", "--listen", "127.0.0.1:0"]):
        assert origin_hash(LOG.name) in made.call("ledger", "witness", *words, *MADE, code=1).stderr


def test_the_help_says_what_is_left_out(here: Site) -> None:
    """Who reads the help of serve learns what of the specification it does not speak."""
    ran = " ".join(here.call("ledger", "witness", "serve", "--help").stdout.split())
    assert "sign-subtree" in ran
    assert "bastion" in ran
