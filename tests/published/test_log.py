"""The log of the vectors replays, its receipts verify, and their wrong ones do not."""

from collections.abc import Iterator

import pytest

from ledger.core.batch import Batch, decode_batch
from ledger.core.bodies import Closing, Disclosure, Period
from ledger.core.chain import ADMITTED, LogState
from ledger.core.checkpoint import open_checkpoint
from ledger.core.closings import Book
from ledger.core.errors import InvalidInput, NotAuthenticated, Refused, VerificationFailed
from ledger.core.life import Lives
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.note import VKey
from ledger.core.periods import period_end, period_name, period_start
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import ReceiptExtra, verify_receipt
from ledger.core.rules import LEDGER
from ledger.core.statement import decode_leaf
from ledger.core.tlogproof import TlogProof
from tests.published.reading import Case, cases, hashes, public_keys, raw, rebuild, vectors

LOG = vectors("log")
LEAVES = [raw(leaf) for leaf in LOG["leaves"]]
RECEIPTS = vectors("receipts")
POLICY = Policy.parse(RECEIPTS["policy"].encode())


def batches(leaves: list[bytes]) -> Iterator[Batch]:
    """Yield the batches that leaves make up: each ends with a seal."""
    held: list[bytes] = []
    for leaf in leaves:
        held.append(leaf)
        if decode_leaf(leaf).statement.seal is not None:
            yield decode_batch(held)
            held = []
    assert held == []


def replayed(size: int) -> tuple[LogState, Lives]:
    """Return what the first ``size`` leaves add up to."""
    opened, *rest = batches(LEAVES[:size])
    state, lives = LogState.open(opened), Lives()
    lives.take(opened, 0, {})
    for batch in rest:
        first = state.size
        lives.take(batch, first, state.replay(batch, lives.find))
    return state, lives


def test_leaf_hashes_and_roots() -> None:
    """Every leaf hash, and the root at every size, is that of the leaves; the first one is the log id."""
    assert tuple(leaf_hash(leaf) for leaf in LEAVES) == hashes(LOG["leaf_hashes"])
    roots = [tree_root(hashes(LOG["leaf_hashes"][:size])).hex() for size in range(len(LEAVES) + 1)]
    assert roots == LOG["roots"]
    assert LOG["log_id"] == LOG["leaf_hashes"][0]


def test_checkpoints() -> None:
    """There is a checkpoint of every size, of this origin and with the root of that size."""
    opened = [open_checkpoint(note.encode(), VKey.parse(LOG["vkey"])).checkpoint for note in LOG["checkpoints"]]
    assert [checkpoint.size for checkpoint in opened] == list(range(len(LEAVES) + 1))
    assert [checkpoint.root.hex() for checkpoint in opened] == LOG["roots"]
    assert {checkpoint.origin for checkpoint in opened} == {LOG["origin"]}


def test_the_log_replays() -> None:
    """Leaves alone give the chains, keys and auditors that are stated."""
    (state, _), ended = replayed(len(LEAVES)), LOG["ended"]
    assert (state.log_id.hex(), state.size) == (LOG["log_id"], len(LEAVES))
    assert state.governing.next_number == ended["next_number"]
    assert [one["name"] for one in ended["sources"]] == list(state.sources)
    for shown in ended["sources"]:
        source = state.sources[shown["name"]]
        assert source.keys == public_keys(shown["keys"])
        assert (source.key_statement.hex(), source.previous.hex()) == (shown["key_statement"], shown["previous"])
        for name in ("forced", "revoked", "next_sequence", "recorded_at"):
            assert getattr(source, name) == shown[name]
        if source.source_id != LEDGER:
            assert source.book == rebuild(Book, shown["book"])
    found = [(one.name, one.key_id.hex(), one.index, one.removed) for one in state.auditors.values()]
    assert found == [tuple(one[name] for name in ("name", "key_id", "index", "removed")) for one in ended["auditors"]]


def test_what_has_become_of_entries() -> None:
    """Leaves alone tell of each entry whether it was extended, lifted, delivered and erased, and by which ones."""
    _, lives = replayed(len(LEAVES))
    said = [decode_leaf(leaf).statement for leaf in LEAVES]
    found = [lives.find(statement.source_id, statement.sequence) for statement in said]
    shown = {one["index"]: tuple(one.values())[1:] for one in LOG["ended"]["entries"]}
    assert {life.index: life.told for life in found if life is not None and any(life.told)} == shown
    assert [any(column) for column in zip(*shown.values(), strict=True)] == [True] * 5


def test_what_is_closed() -> None:
    """The log closes what it can: zero, bands, more and fewer approvals than asked, and what was late counts later."""
    said = [decode_leaf(leaf).statement.body for leaf in LEAVES]
    closings = [body for body in said if isinstance(body, Closing)]
    assert [len(body.approvals) for body in closings] == [2, 0, 0, 0, 1, 0, 0]
    assert {body.disclosures.hi == 0 for body in closings} == {True, False}
    assert {body.disclosures.lo == body.disclosures.hi for body in closings} == {True, False}
    for name in ("aborted", "embargoed", "late"):
        assert any(getattr(body, name).lo for body in closings), name
    assert any(isinstance(body, Disclosure) and body.late_for is not None for body in said)


@pytest.mark.parametrize("case", cases("log", "periods"))
def test_periods(case: Case) -> None:
    """A minute lies in the period that is shown, which goes by the name that is shown."""
    period = Period[case["period"]]
    start = period_start(case["minute"], period)
    assert (start, period_end(start, period), period_name(start, period)) == (case["start"], case["end"], case["name"])


def test_every_admitted_body_is_there() -> None:
    """The log holds at least one statement of each body that this release admits."""
    assert {type(decode_leaf(leaf).statement.body) for leaf in LEAVES} == set(ADMITTED)


@pytest.mark.parametrize("case", cases("log", "refused"))
def test_wrong_continuations(case: Case) -> None:
    """The log goes on at each size, but not with these statements, of which none is taken."""
    state, lives = replayed(case["size"])
    with pytest.raises((InvalidInput, Refused, NotAuthenticated, VerificationFailed)):
        state.replay(decode_batch([raw(leaf) for leaf in case["statements"]]), lives.find)
    assert state == replayed(case["size"])[0]


@pytest.mark.parametrize("case", cases("receipts", "cases"))
def test_receipts(case: Case) -> None:
    """A receipt carries the extra that is shown, and proves what is stated."""
    receipt = case["receipt"].encode()
    assert ReceiptExtra.decode(TlogProof.parse(receipt).extra) == rebuild(ReceiptExtra, case["extra"])
    proven = verify_receipt(receipt, VKey.parse(case["vkey"]))
    stated, checkpoint, statement = case["proves"], proven.checkpoint.checkpoint, proven.statement
    assert (proven.index, proven.forced, proven.log_key_changed) == (
        stated["index"],
        stated["forced"],
        stated["log_key_changed"],
    )
    found = (proven.leaf_hash, proven.log_id, checkpoint.root, proven.batch_digest)
    assert found == hashes([stated[name] for name in ("leaf_hash", "log_id", "root", "batch_digest")])
    assert proven.keys == public_keys(stated["keys"])
    assert checkpoint.size == stated["size"]
    for name in ("source_id", "sequence", "recorded_at"):
        assert getattr(statement, name) == stated[name]
    assert "timestamps" not in case or verify_quorum(proven.checkpoint, POLICY).timestamps == case["timestamps"]


def test_every_kind_of_receipt_is_there() -> None:
    """The receipts cover index 0, the ledger's, a source's, forced keys, another log key, and cosignatures."""
    listed = RECEIPTS["cases"]
    assert {case["proves"]["index"] == 0 for case in listed} == {True, False}
    assert {case["proves"]["source_id"] for case in listed} == {"ledger", "messenger.eu-1"}
    for name in ("forced", "log_key_changed"):
        assert {case["proves"][name] for case in listed} == {True, False}
    assert any("timestamps" in case for case in listed)


@pytest.mark.parametrize("case", cases("receipts", "refused"))
def test_wrong_receipts(case: Case) -> None:
    """A file that is changed, forged or put together from parts of others verifies under no circumstances."""
    receipt, vkey = case["receipt"].encode(), VKey.parse(RECEIPTS["vkey"])
    if case["policy"]:
        proven = verify_receipt(receipt, vkey)
        with pytest.raises(VerificationFailed, match="quorum"):
            verify_quorum(proven.checkpoint, POLICY)
    else:
        with pytest.raises((InvalidInput, VerificationFailed)):
            verify_receipt(receipt, vkey)
