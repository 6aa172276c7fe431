"""``ledger compare``: 0 for one history, 1 and a file of evidence for two, 2 for what cannot be compared."""

import pytest

from ledger.client import profile
from ledger.client.profile import Profile
from tests.audit.views import parted, proof
from tests.cli.commands import Site
from tests.core.world import mixed
from tests.tiles.logs import LOG, Log, files_in
from tests.tiles.web import Answer, web

VKEY = LOG.vkey.format()
FORK = Log(fork=200)
HERE, THERE = parted()
SIZE = mixed().size


@pytest.fixture
def site(here: Site) -> Site:
    """Put the log as it was at two sizes, its fork, bare checkpoints and receipts into the directory."""
    LOG.write(here.path("small"), 300)
    LOG.write(here.path("large"), 700)
    FORK.write(here.path("fork"), 700)
    for name, raw in {
        "300": LOG.note(300),
        "700": LOG.note(700),
        "700'": FORK.note(700),
        "proof": proof(LOG, 3, 300),
        "one.receipt": HERE.receipt(SIZE, SIZE + 2),
        "same.receipt": HERE.receipt(SIZE + 1, SIZE + 2),
        "other.receipt": THERE.receipt(SIZE, SIZE + 1),
    }.items():
        here.path(name).write_bytes(raw)
    here.path("log.vkey").write_text(f"{VKEY}\n")
    held = Profile(here.path("profile"), LOG.origin, VKEY, "ab" * 32, "127.0.0.1:1")
    here.path("profile").mkdir()
    profile.save(here.path("profile/profile.toml"), held)
    return here


ONE = {
    "two folders": ("small", "large", "the 700 entries of large begin with the 300 of small"),
    "the larger first": ("large", "small", "the 700 entries of large begin with the 300 of small"),
    "a checkpoint and a folder": ("300", "large", "the 700 entries of large begin with the 300 of 300"),
    "a folder and its checkpoint": ("large", "700", "both have the same 700 entries"),
    "a proof and a folder": ("proof", "large", "the 700 entries of large begin with the 300 of proof"),
    "a file with itself": ("300", "300", "both have the same 300 entries"),
}


@pytest.mark.parametrize(("one", "other", "said"), ONE.values(), ids=ONE)
def test_one_history_ends_with_0_and_one_line(one: str, other: str, said: str, site: Site) -> None:
    """Views of one history are said to be that, and no file is written."""
    ran = site.call("ledger", "compare", one, other, "--log", "log.vkey")
    assert (ran.stdout, ran.stderr) == (f"one history: {said}\n", "")
    assert not site.path("split.evidence").exists()


TWO = {
    "two folders": ("small", "fork", "leaves", "entry 200 is "),
    "a checkpoint and a folder": ("300", "fork", "prefixes", "its tree of 700 entries does not begin with that of 300"),
    "two checkpoints of one size": ("700", "700'", "roots", "its tree of 700 entries has the root "),
    "two folders of one size": ("fork", "large", "leaves", "entry 200 is "),
}


@pytest.mark.parametrize(("one", "other", "kind", "said"), TWO.values(), ids=TWO)
def test_two_histories_end_with_1_and_convict(one: str, other: str, kind: str, said: str, site: Site) -> None:
    """The sentence says what differs, and the file convinces whoever has nothing else."""
    ran = site.run("ledger", "compare", one, other, "--log", VKEY, code=1)
    assert ran.stdout.startswith(f"the log of log.example/tiles signed two histories: {said}")
    assert ran.stdout.endswith("\nevidence: split.evidence\n")
    (facts,) = site.call("ledger", "verify", "split.evidence", "--json", code=1).objects
    assert (facts["verdict"], facts["by"], facts["log"]) == ("disproven", kind, VKEY)


def test_programs_are_told(site: Site) -> None:
    """``--json`` gives one object: what is one history and how large, or what differs and where the evidence is."""
    (facts,) = site.call("ledger", "compare", "small", "large", "--log", VKEY, "--json").objects
    assert (facts["verdict"], facts["kind"], facts["tree_sizes"]) == ("proven", "one history", [300, 700])
    (facts,) = site.call("ledger", "compare", "small", "fork", "--log", VKEY, "--json", "-o", "e", code=1).objects
    assert (facts["verdict"], facts["kind"], facts["by"], facts["index"]) == ("disproven", "split", "leaves", 200)
    assert (facts["evidence"], facts["tree_sizes"]) == ("e", [300, 700])
    assert site.call("ledger", "verify", "e", code=1).stdout.startswith("e: the log of log.example/tiles signed two")


def test_the_key_is_taken_from_a_receipt_and_that_is_said(site: Site) -> None:
    """Without ``--log`` a receipt's LOG_OPENED names the key; two receipts of one entry alone convict the log."""
    vkey = HERE.vkey.format()
    site.path("checkpoint").write_bytes(HERE.checkpoint())
    ran = site.call("ledger", "compare", "checkpoint", "same.receipt")
    assert ran.stdout == f"one history: both have the same {HERE.size} entries\n"
    assert ran.stderr == f"the log's key is taken from the opening of the log in same.receipt: {vkey}\n"
    ran = site.call("ledger", "compare", "one.receipt", "other.receipt", code=1)
    assert ran.stderr == f"the log's key is taken from the opening of the log in one.receipt: {vkey}\n"
    assert f"entry {SIZE} is " in ran.stdout


def test_the_key_is_taken_from_a_profile_and_that_is_said(site: Site) -> None:
    """Without ``--log`` a profile, also from the environment, names the key before a receipt does."""
    ran = site.call("ledger", "compare", "small", "large", "--profile", "profile")
    assert ran.stderr == f"the log's key is taken from profile: {VKEY}\n"
    again = site.call("ledger", "compare", "one.receipt", "300", code=2, environment={"LEDGER_PROFILE": "profile"})
    assert again.stderr.splitlines()[0] == f"the log's key is taken from profile: {VKEY}"
    assert again.stderr.splitlines()[1].startswith("error: one.receipt: note: no signature by a known key")


UNCHECKABLE = {
    "two checkpoints of two sizes": (("300", "700", "--log", VKEY), "could not be compared: neither side has the tree"),
    "the smaller tree alone": (
        ("small", "700", "--log", VKEY),
        "could not be compared: 700, the larger, comes without",
    ),
    "no key": (("300", "700"), "--log: missing, and neither a profile nor a receipt says the log's key"),
    "a key that is none": (("300", "700", "--log", "key"), "vkey: not name+hex8+base64"),
    "another log's key": (("300", "700", "--log", HERE.vkey.format()), "300: note: no signature by a known key"),
    "a missing file": (("nowhere", "700", "--log", VKEY), "nowhere: No such file or directory"),
    "a folder without a log": (("profile", "700", "--log", VKEY), "profile: has no checkpoint"),
    "a file that is no view": (("log.vkey", "700", "--log", VKEY), "log.vkey: note: "),
    "an address of another kind": (("ftp://log.example/", "700", "--log", VKEY), "url: must be http:// or https://"),
}


@pytest.mark.parametrize(("words", "error"), UNCHECKABLE.values(), ids=UNCHECKABLE)
def test_what_cannot_be_compared_ends_with_2(words: tuple[str, ...], error: str, site: Site) -> None:
    """Neither one history nor two: 2, one line that says why, and no file is written or changed."""
    before = files_in(site.directory)
    ran = site.call("ledger", "compare", *words, code=2)
    assert ran.error.startswith(error)
    assert ran.stdout == ""
    assert files_in(site.directory) == before


UNWRITABLE = {
    "a file that is there": ("300", "300: exists already; nothing was changed"),
    "a folder that is not": ("nowhere/e", "nowhere/e: No such file or directory"),
}


@pytest.mark.parametrize(("out", "why"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_evidence_that_cannot_be_written_is_not_lost(out: str, why: str, site: Site) -> None:
    """Nothing is overwritten: the evidence is on standard output, alone, or in the object for programs."""
    before = files_in(site.directory)
    words = ("compare", "small", "fork", "--log", VKEY, "--out", out)
    ran = site.run("ledger", *words, code=1)
    told, sentence = ran.stderr.splitlines()
    assert told == f"{why}; the evidence is on standard output"
    assert sentence.startswith("the log of log.example/tiles signed two histories: entry 200 is ")
    (facts,) = site.call("ledger", *words, "--json", code=1).objects
    assert (facts["evidence"], facts["evidence_text"]) == (None, ran.stdout)
    assert files_in(site.directory) == before
    site.path("kept").write_text(ran.stdout)
    assert "entry 200 is " in site.call("ledger", "verify", "kept", code=1).stdout


def test_an_old_file_of_evidence_hinders_no_comparison(site: Site) -> None:
    """What is one history is told though evidence of another time lies there."""
    site.path("split.evidence").write_bytes(b"old")
    site.call("ledger", "compare", "small", "large", "--log", VKEY)
    assert site.path("split.evidence").read_bytes() == b"old"


def test_a_log_on_the_web_is_compared(site: Site) -> None:
    """A URL is read as a folder is, and what the search for the first difference needs is all that is asked for."""
    files = FORK.files(700)
    with web(lambda path, _: Answer(200, files[path[1:]]) if path[1:] in files else Answer(404)) as server:
        ran = site.call("ledger", "compare", "small", server.url, "--log", VKEY, code=1)
    assert "entry 200 is " in ran.stdout
    assert len(server.asked) == len(set(server.asked))
    assert not [path for path in server.asked if "entries" in path]


def test_damaged_tiles_convict_nobody(site: Site) -> None:
    """A flipped bit in the larger side's tiles is no second history, though it cannot be compared."""
    path = site.path("large/tile/0/001")
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    error = site.call("ledger", "compare", "300", "large", "--log", VKEY, code=2).error
    assert error == "could not be compared: large: tile/0/001: its hashes are not those of the tree"
