"""Signatures inside bodies and a whole log come out of docs/protocol.md alone."""

import pytest

from tests.vectors import notes, wire
from tests.vectors.basics import Case, Disproven, Unchecked, check_each, h, leaf_hash, named, root_of, sign, vectors
from tests.vectors.batches import approver_id, check_approvals, inner_bytes
from tests.vectors.closings import Closings, bounds
from tests.vectors.document import bodies, messages
from tests.vectors.replay import Log, replay
from tests.vectors.test_independent_statements import keys_of

INNER, LOG = vectors("inner"), vectors("log")
TOLD = ("index", "until", "extensions", "lifted", "delivery", "erased")


@pytest.mark.parametrize("case", INNER["cases"], ids=named(INNER["cases"]))
def test_inner_signatures_come_out_as_published(case: Case) -> None:
    """Each key signs the cleared body; an approval names its key."""
    name = bodies()[case["body_field"]][0]
    body = wire.decode(name, h(case["body"]))
    message = inner_bytes(h(case["log_id"]), case["body_field"], body, case["field"], case["source_id"])
    assert message == h(case["signed_bytes"])
    made = {approver_id(key): sign(h(seed), message) for key, seed in zip(keys_of(case), case["seeds"], strict=True)}
    held = body[case["field"]]
    if case["field"] == "approvals":
        assert [(item["key_id"], item["signature"]) for item in held] == sorted(made.items())
    else:
        assert [item["signature"] for item in held] == list(made.values())


def check_inner(case: Case) -> None:
    """Raise Disproven unless the body is signed by exactly the keys of the case."""
    log_id, number, field = h(case["log_id"]), case["body_field"], case["field"]
    body = wire.decode(bodies()[number][0], h(case["body"]))
    if field == "approvals":
        check_approvals(log_id, number, body, keys_of(case), case["threshold"])
    else:
        check_each(keys_of(case), inner_bytes(log_id, number, body, field), body[field])


@pytest.mark.parametrize("case", INNER["refused"], ids=named(INNER["refused"]))
def test_wrong_inner_signatures_are_refused(case: Case) -> None:
    """No published wrong body is signed by exactly the keys beside it."""
    with pytest.raises(Disproven):
        check_inner(case)


def test_the_whole_log_replays() -> None:
    """From the leaves alone come the published chains, auditors and lives, under the published checkpoints."""
    data = [h(leaf) for leaf in LOG["leaves"]]
    hashes = [leaf_hash(leaf) for leaf in data]
    roots = [root_of(hashes[:size]) for size in range(len(data) + 1)]
    assert roots == [h(root) for root in LOG["roots"]]
    log = notes.VKey.parse(LOG["vkey"])
    opened = [notes.open_checkpoint(notes.Note.parse(note.encode()), log) for note in LOG["checkpoints"]]
    assert [(one.size, one.root) for one in opened] == list(enumerate(roots))
    ended = LOG["ended"]
    found = replay(data)
    assert (found.log_id.hex(), found.number) == (LOG["log_id"], ended["next_number"])
    assert [summary(name, found) for name in found.chains] == ended["sources"]
    assert [[item["key_id"], item["removed"]] for item in ended["auditors"]] == [
        [key_id.hex(), key_id in found.removed] for key_id in found.auditors
    ]
    told = [{name: getattr(life, name) for name in TOLD} for life in found.lives.entries.values()]
    assert [one for one in told if any(list(one.values())[1:])] == ended["entries"]


def summary(name: str, log: Log) -> dict[str, object]:
    """Return a chain as the vectors show it."""
    chain = log.chains[name]
    return {
        "name": name,
        "keys": [{"algorithm": key["algorithm"], "key": key["key"].hex()} for key in chain.keys],
        "key_statement": chain.key_statement.hex(),
        "forced": chain.forced,
        "revoked": chain.revoked,
        "next_sequence": chain.next_sequence,
        "recorded_at": chain.recorded_at,
        "previous": chain.previous.hex(),
        "book": None if chain.closings is None else book(chain.closings),
    }


def period_names() -> dict[int, str]:
    """Return the names of the kinds of periods by their numbers."""
    field = next(field for field in messages()["SOURCE_ENROLLED"] if field.name == "closing_period")
    return {number: name for name, number in field.members.items()}


def book(closings: Closings) -> dict[str, object]:
    """Return what a source has not closed yet as the vectors show it."""
    return {
        "period": period_names()[closings.period],
        "began": closings.began,
        "start": closings.next_start,
        "sequence": closings.end_sequence,
        "closing": closings.latest.hex(),
        "tallies": closings.tallies(),
    }


def test_periods_come_out_as_published() -> None:
    """Each minute lies in the period that is shown."""
    numbers = {name: number for number, name in period_names().items()}
    for case in LOG["periods"]:
        assert bounds(case["minute"], numbers[case["period"]]) == (case["start"], case["end"]), case["name"]


@pytest.mark.parametrize("case", LOG["refused"], ids=named(LOG["refused"]))
def test_wrong_next_batches_are_refused(case: Case) -> None:
    """No published wrong batch continues the log of the size beside it."""
    log = replay([h(leaf) for leaf in LOG["leaves"][: case["size"]]])
    with pytest.raises((Disproven, Unchecked)):
        log.take([h(item) for item in case["statements"]])
