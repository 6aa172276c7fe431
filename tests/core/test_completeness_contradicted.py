"""What no honest log admits: it convicts the log with its index and the rule's words, and the judgment ends there."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import sign_batch
from ledger.core.completeness import Completeness
from ledger.core.completeness_report import Status, report
from ledger.core.encoding import ZERO_HASH, Hash, sha256
from ledger.core.findings import Evidence, Kind
from ledger.core.inner import approve
from ledger.core.merkle import leaf_hash
from ledger.core.note import SigningKey
from ledger.core.periods import WEEK
from ledger.core.statement import Statement
from tests.core.embargoed import MONTH, correction, delivery, extension, gagged, lift, live, with_officers
from tests.core.judging import DAY, anchor, close_as, forced_in, found, judged, judged_leaves, kinds
from tests.core.test_closings import MONDAY, close, closing, later
from tests.core.world import World, mixed, secret

NOTHING = bodies.Disclosure(ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)
DELIVERED = bodies.DeliveryResult.DELIVERED


def lived() -> tuple[World, dict[str, int]]:
    """Return a log in which all that can become of an entry has, with the indexes by name."""
    world = with_officers(threshold=0)
    return world, live(world, "alpha", "one")


def of(world: World, index: int) -> bodies.Delivery:
    """Return a DELIVERY of an entry."""
    return bodies.Delivery(world.target(index), DELIVERED, ZERO_HASH, ZERO_HASH)


def named(target: bodies.Target) -> bodies.Target:
    """Return what names other bytes at the same place, though their hash begins alike."""
    return replace(target, leaf_hash=Hash(target.leaf_hash[:15] + bytes([target.leaf_hash[15] ^ 1]) + bytes(16)))


Said = Callable[[World, dict[str, int]], bodies.Body]
LIES: dict[str, tuple[Said, str]] = {
    "a second delivery": (lambda world, at: of(world, at["gagged"]), "target: has a DELIVERY, entry "),
    "a delivery of a delivery": (lambda world, at: of(world, at["delivered"]), "target: a DELIVERY names a DISCLOSURE"),
    "a delivery of a closing": (lambda world, at: of(world, at["closed"]), "target: a DELIVERY names a DISCLOSURE"),
    "a delivery of other bytes": (
        lambda world, at: replace(of(world, at["still"]), target=named(world.target(at["still"]))),
        "target.leaf_hash: not the one of that statement",
    ),
    "a delivery of what is not there": (
        lambda world, _: replace(of(world, 3), target=bodies.Target(99, sha256(b""))),
        "target: no earlier statement of this source has this sequence",
    ),
    "a lift of what was lifted": (
        lambda world, at: bodies.EmbargoLifted(world.target(at["corrected"])),
        "target: is under no embargo, or that was lifted",
    ),
    "an extension out of turn": (
        lambda world, at: bodies.EmbargoExtended(world.target(at["still"]), 2, MONTH + 9, ZERO_HASH, ZERO_HASH),
        "number: the next extension of this embargo is number 1",
    ),
    "a correction of what was erased": (
        lambda world, at: bodies.Correction(world.target(at["open"]), ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH),
        "target: erased by entry ",
    ),
    "a correction of a disclosure without its keys": (
        lambda world, at: bodies.Correction(world.target(at["still"]), ZERO_HASH, ZERO_HASH),
        "keys_root: stands in the CORRECTION of a DISCLOSURE",
    ),
    "a correction of a correction": (
        lambda world, at: bodies.Correction(world.target(at["corrected"]), ZERO_HASH, ZERO_HASH),
        "target: a CORRECTION names a DISCLOSURE, DELIVERY or EMBARGO_EXTENDED",
    ),
    "a closing that counts too few": (
        lambda world, _: closing(world, disclosures=bodies.Count(0, 0)),
        "disclosures: does not hold what the chain has in this period",
    ),
    "a disclosure late for an open period": (
        lambda *_: replace(NOTHING, late_for=bodies.LateFor(MONDAY + 9 * WEEK)),
        "late_for: names no closed period of this source",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_statement_that_may_not_follow_convicts_the_log(name: str) -> None:
    """Held against what is kept of its target, it is contradicted by index, leaf hash and the rule's words."""
    world, at = lived()
    later(world)
    at["closed"] = close(world)
    world.disclose("alpha")
    later(world)
    say, words = LIES[name]
    leaves = forced_in(world, "alpha", say(world, at))
    judgment = judged_leaves(world, leaves)
    assert judgment.size == world.size
    (finding,) = found(report(judgment, world.minute), Kind.CONTRADICTED)
    assert finding.words.startswith(words), finding.words
    assert (finding.source_id, finding.evidence) == ("alpha", (Evidence(world.size, leaf_hash(leaves[-1])),))
    assert judgment.noted.stop is not None
    assert judgment.noted.stop.convicted


def test_the_words_name_the_entry_that_stands_in_the_way() -> None:
    """Though little is kept of each entry, the index of a delivery and of an erasure is what it was."""
    world, at = lived()
    again = judged_leaves(world, forced_in(world, "alpha", of(world, at["gagged"]))).noted.stop
    gone = bodies.Correction(world.target(at["open"]), ZERO_HASH, ZERO_HASH, ZERO_HASH, 4, ZERO_HASH)
    erased = judged_leaves(world, forced_in(world, "alpha", gone)).noted.stop
    assert again is not None
    assert erased is not None
    assert again.words == f"target: has a DELIVERY, entry {at['delivered']}"
    assert erased.words == f"target: erased by entry {at['erased']}"


def test_all_that_may_become_of_an_entry_convicts_nobody() -> None:
    """The honest history that the lies above are told of is judged to its end, and to the writer's own state."""
    world, at = lived()
    world.say("alpha", correction(world, at["still"], withheld=True), extension(world, at["still"], 1, MONTH + 9))
    world.say("alpha", delivery(world, at["still"]), lift(world, at["still"]))
    judgment = judged(world)
    assert (judgment.noted.stop, judgment.state) == (None, world.state)


def test_an_erasure_is_held_against_its_target() -> None:
    """What was erased is not erased again, nor what is under embargo; one of what has no payload does not stand."""
    world, at = lived()
    later(world)
    closed = close(world)
    for index, words in ((at["open"], "erased by entry"), (at["still"], "under embargo"), (closed, "no payload")):
        body = world.erasure(index)
        numbered = replace(body, number=world.state.governing.next_number)
        approved = approve(world.log_id, numbered, world.approvers)
        judgment = judged_leaves(world, forced_in(world, "ledger", approved))
        assert judgment.noted.stop is not None
        assert words in judgment.noted.stop.words


def test_a_contradicted_closing_marks_its_period_and_the_rest_is_not_checked() -> None:
    """What stands behind the contradiction is neither missing nor fine, and open embargoes are no finding then."""
    world = with_officers(threshold=0)
    world.say("alpha", gagged(world))
    later(world)
    close(world)
    later(world)
    leaves = forced_in(world, "alpha", closing(world, late=bodies.Count(7, 7)))
    later(world, 52)
    told = report(judged_leaves(world, leaves), world.minute)
    expected = [Status.ON_TIME, Status.CONTRADICTED, Status.UNCHECKED]
    assert [cell.status for cell in told.rows[0].cells][:3] == expected
    assert kinds(told) == [Kind.CONTRADICTED]
    assert told.findings[0].minute == MONDAY + WEEK


def test_nothing_is_judged_behind_the_end() -> None:
    """Further batches change nothing once the judgment has ended."""
    world = with_officers(threshold=0)
    judgment = judged_leaves(world, forced_in(world, "alpha", replace(NOTHING, late_for=bodies.LateFor(0))))
    before = report(judgment, world.minute)
    judgment.take([b"anything"])
    assert report(judgment, world.minute) == before


def test_a_seal_by_another_key_convicts_the_log() -> None:
    """A batch in the name of a source that did not sign it is no source's fault, but the log's."""
    world = mixed()
    world.secrets["beta"] = secret("stranger")
    judgment = judged_leaves(world, forced_in(world, "beta", NOTHING))
    assert judgment.noted.stop is not None
    assert "seal" in judgment.noted.stop.words


def test_a_leaf_that_is_none_is_named_by_its_own_index() -> None:
    """Within a batch the first leaf that cannot be read is the one that shows it."""
    world = mixed()
    spoilt = [*world.leaves]
    spoilt[5] = b"\x08\x01junk"
    (finding,) = report(judged_leaves(world, spoilt), world.minute).findings
    assert finding.kind is Kind.CONTRADICTED
    assert finding.evidence == (Evidence(5, leaf_hash(b"\x08\x01junk")),)


@pytest.mark.parametrize("count", [5, 6])
def test_a_tree_that_ends_within_a_batch_contradicts_itself(count: int) -> None:
    """Batches are admitted whole: entries 4 to 6 are one."""
    world = mixed()
    (finding,) = report(judged_leaves(world, world.leaves[:count]), world.minute).findings
    assert finding.words == "seal: missing on the last statement"


def test_an_opening_that_names_another_key_is_contradicted_at_index_0() -> None:
    """Whoever signed the checkpoint is not who the log says it is."""
    world = mixed()
    other = SigningKey("log.example", secret("other"))
    judgment = Completeness(other.vkey())
    judgment.take(world.leaves[:1])
    assert judgment.noted.stop is not None
    assert (judgment.size, judgment.noted.stop.index) == (0, 0)
    assert "another key" in judgment.noted.stop.words


def test_what_this_release_does_not_know_ends_the_judgment_without_a_verdict() -> None:
    """A statement of another version is no contradiction: what follows could not be checked."""
    world = with_officers(threshold=0)
    strange = b"\x08\x02" + world.leaves[-1][2:]
    judgment = judged_leaves(world, [*world.leaves, strange])
    told = report(judgment, world.minute + 3 * WEEK)
    assert told.findings == ()
    assert told.stop is not None
    assert (told.stop.index, told.stop.convicted) == (world.size, False)
    assert {cell.status for cell in told.rows[0].cells} == {Status.UNCHECKED}


def test_a_source_that_nobody_enrolled_is_contradicted_without_a_period() -> None:
    """Its batch has no row to be shown in, and is a finding all the same."""
    world = with_officers(threshold=0)
    body = Statement("stranger", 0, world.minute, NOTHING)
    leaves = sign_batch([body], world.binding("alpha"), world.log_id, [secret("stranger").sign])
    told = report(judged_leaves(world, [*world.leaves, *leaves]), world.minute)
    assert [finding.source_id for finding in told.findings] == ["stranger"]
    assert [row.source_id for row in told.rows] == ["alpha"]


def test_what_was_found_before_the_end_stays_found() -> None:
    """A late closing in front of a contradiction is still a finding."""
    world = with_officers(threshold=1)
    world.minute = MONDAY + WEEK + 3 * DAY
    close_as(world, 0)
    anchor(world, world.minute)
    leaves = forced_in(world, "alpha", closing(world))
    told = report(judged_leaves(world, leaves), world.minute)
    assert kinds(told) == [Kind.CONTRADICTED, Kind.LATE, Kind.COUNTERSIGNATURE]
