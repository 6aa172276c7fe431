"""``ledger completeness`` over the files of logs that were made for it: what it prints, and how it ends."""

from pathlib import Path

import pytest

from ledger.client import profile
from ledger.client.profile import Profile
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.merkle import hash_leaves, tree_root
from ledger.core.tlogtiles import Leaves
from ledger.tiles.folder import open_writer
from tests.cli.commands import Site
from tests.core.embargoed import OFFICERS, with_officers
from tests.core.judging import forced_in, policy_of
from tests.core.test_closings import closing, later
from tests.core.test_completeness_collusion import change_key
from tests.core.test_completeness_times import witnessed
from tests.core.world import World, mixed

AT = "2026-03-01T00:00"


def put(here: Site, world: World, leaves: list[bytes] | None = None) -> None:
    """Write the files of a log, its key and its witness policy."""
    data = world.leaves if leaves is None else leaves
    with open_writer(here.path("log"), world.vkey) as writer:
        writer.append(Leaves.of(data))
        checkpoint = Checkpoint(world.log.name, len(data), tree_root(hash_leaves(data)))
        writer.publish(sign_checkpoint(checkpoint, world.log).note.format())
    here.path("log.vkey").write_text(world.vkey.format() + "\n")
    here.path("policy").write_bytes(policy_of(world))


def held(here: Site, world: World, log_id: str = "", witnesses: str = "none") -> Path:
    """Write a profile of the log and return its folder."""
    folder = here.path("profile")
    folder.mkdir()
    pinned = (world.log.name, world.vkey.format(), log_id or world.log_id.hex(), "127.0.0.1:1")
    profile.save(folder / "profile.toml", Profile(folder, *pinned, witnesses=witnesses))
    return folder


def test_a_person_reads_findings_with_their_evidence(here: Site) -> None:
    """Each finding has its kind, source, words, and the first entry that shows it, with how many more there are."""
    put(here, mixed())
    told = here.call("ledger", "completeness", "log", "--log", "log.vkey", "--at", AT, code=1).stdout
    assert "alpha: a closing each week, revoked by entry 16" in told
    assert "beta: a closing each week, a key was forced" in told
    assert "  CLOSING MISSING beta: the closing of 2025-W48 was due at 2025-12-02 00:00 UTC" in told
    assert "  KEY CHANGE FORCED beta: the source's key was changed" in told
    assert "5 disclosures of 2025-W48 without a delivery for more than 30 days [entry 3, leaf hash " in told
    assert "and 4 more]" in told
    assert "not shown that others see the same log" in told


def test_a_long_list_is_cut_and_what_is_not_shown_is_counted(here: Site) -> None:
    """A terminal gets the gravest; the rest is named by number, and so is what lies in other periods."""
    put(here, mixed())
    command = ("ledger", "completeness", "log", "--log", "log.vkey", "--at", "2028-01-01")
    assert "more, which --json and --html have" in here.call(*command, code=1).stdout
    assert "of them in periods not shown" in here.call(*command, "--to", "2025-W48", code=1).stdout


@pytest.mark.parametrize("days", [0, 365])
def test_when_a_disclosure_counts_as_unresolved_is_chosen(here: Site, days: int) -> None:
    """``--unresolved-after`` says how old one has to be."""
    put(here, mixed())
    words = ("--log", "log.vkey", "--at", AT, "--unresolved-after", days)
    told = here.call("ledger", "completeness", "log", *words, code=1).stdout
    assert ("UNRESOLVED" in told) == (days == 0)


def test_a_contradiction_ends_with_1_and_says_where(here: Site) -> None:
    """The log is convicted by index, leaf hash and rule; what follows is marked as not checked."""
    world = with_officers(threshold=0)
    later(world)
    put(here, world, forced_in(world, "alpha", closing(world, start=0)))
    told = here.call("ledger", "completeness", "log", "--log", "log.vkey", code=1).stdout
    assert f"[entry {world.size}, leaf hash " in told
    assert "CONTRADICTED alpha: start: the period to close next is" in told
    assert f"judged up to entry {world.size}, which breaks a rule, which convicts the log" in told


def test_what_is_not_known_ends_with_2(here: Site) -> None:
    """A statement of another version is nobody's fault: unchecked, in words and in JSON."""
    world = with_officers(threshold=0)
    put(here, world, [*world.leaves, b"\x08\x02" + world.leaves[-1][2:]])
    words = ("ledger", "completeness", "log", "--log", "log.vkey")
    assert "is not known to this release" in here.call(*words, code=2).stdout
    (found,) = here.call(*words, "--json", code=2).objects
    assert (found["verdict"], found["ended"]["convicted"]) == ("unchecked", False)


def test_the_profile_gives_key_and_policy_to_files(here: Site) -> None:
    """With it no key need be named; under its witness policy a bare checkpoint is said to lack the quorum."""
    world, _ = witnessed()
    put(here, world)
    folder = held(here, world, witnesses="policy")
    (folder / "policy").write_bytes(policy_of(world))
    told = here.call("ledger", "completeness", "log", "-p", folder, "--at", "2025-11-24").stdout
    assert "the checkpoint lacks the witness policy's quorum" in told
    words = ("log", "--log", "log.vkey", "--policy", "policy", "--at", "2025-11-24", "--json")
    found = here.call("ledger", "completeness", *words).objects[0]
    assert (found["witnessed"], found["bounded_from"]) == (True, "2025-11-24 16:00")
    assert "times before 2025-11-24 16:00 UTC are bounded by no witness of this policy" in told


def test_changes_of_officers_are_told_with_the_source(here: Site) -> None:
    """Who approves is for people to know, whether or not a rule was broken."""
    world = with_officers(threshold=1)
    first = change_key(world, officers=(OFFICERS[0].public,))
    second = change_key(world, officers=(OFFICERS[1].public, OFFICERS[0].public))
    put(here, world)
    words = ("log", "--log", "log.vkey", "--at", "2025-11-25")
    told = here.call("ledger", "completeness", *words).stdout
    assert f"alpha: a closing each week, officers changed by entries {first}, {second}" in told
    (found,) = here.call("ledger", "completeness", *words, "--json").objects
    assert found["sources"][0]["officers_changed"] == [first, second]
    here.call("ledger", "completeness", *words, "--html", "page.html")
    assert f"Its officers were changed by entries {first}, {second}." in here.path("page.html").read_text()


def test_a_policy_that_the_log_never_had_bounds_nothing(here: Site) -> None:
    """What witnesses never vouched for is a finding under a policy that asks for them."""
    world = with_officers(threshold=0)
    put(here, world)
    words = ("log", "--log", "log.vkey", "--policy", "policy", "--at", "2025-11-24")
    told = here.call("ledger", "completeness", *words, code=1).stdout
    assert "ANCHOR MISSING ledger: the log never had this witness policy, and no anchor satisfies it" in told
    assert here.call("ledger", "completeness", *words, "--json", code=1).objects[0]["bounded_from"] is None


def test_files_of_another_log_than_the_profiles_are_disproven(here: Site) -> None:
    """The same key may sign two logs; the profile says which one is meant."""
    world = mixed()
    put(here, world)
    folder = held(here, world, log_id="ab" * 32)
    assert (
        "log_id: these files are of another log"
        in here.call("ledger", "completeness", "log", "-p", folder, code=1).error
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("log", "--log", "log.vkey", "--at", "9999-12-31T23:59-01:00"), "at: must be at most"),
        (("log", "--log", "log.vkey", "--at", "1969-01-01"), "at: must be at most"),
        (("--log", "log.vkey"), "--profile: missing, or beside --log or --policy"),
        (("log", "--log", "log.vkey", "--policy", "nowhere"), "nowhere: No such file"),
    ],
)
def test_mistakes_are_told(here: Site, words: tuple[str, ...], why: str) -> None:
    """Each ends with 2 and its reason."""
    put(here, mixed())
    assert why in here.call("ledger", "completeness", *words, code=2).error


@pytest.mark.parametrize("end", ["2025-11-24", "2025-W48", "2025-11"])
def test_a_period_that_is_named_is_shown_whole(here: Site, end: str) -> None:
    """A day, a week or a month as the last one: the week that it lies in is shown, and no later one."""
    put(here, mixed())
    words = ("log", "--log", "log.vkey", "--at", AT, "--from", end, "--to", end, "--json")
    (found,) = here.call("ledger", "completeness", *words, code=1).objects
    assert {cell["name"] for row in found["sources"] for cell in row["periods"]} == {"2025-W48"}
    assert found["tree_size"] == mixed().size
