"""The writer keeps the latest note that the quorum cosigned, durable before it is shown, and anchors it in the log."""

import threading
from collections.abc import Callable

import pytest

from ledger.core import bodies
from ledger.core.encoding import sha256
from ledger.core.errors import (
    BeyondTree,
    InvalidInput,
    LedgerError,
    Refused,
    StoreDamaged,
    Unavailable,
    VerificationFailed,
)
from ledger.core.policy import Policy
from ledger.core.statement import decode_leaf
from ledger.engine import schema
from ledger.engine.cosigned import CosignedTree
from ledger.engine.sequencer import View
from tests.core.world import WITNESS_POLICY
from tests.engine.cosigning import NOW, POLICY, cosigned, policy, policy_change, set_policy
from tests.engine.ledger import TIMEOUT, Ledger, nothing

ROW = schema.meta_key("cosigned")


@pytest.fixture
def witnessed(ledger: Ledger) -> Ledger:
    """A log whose policy asks for two of three witnesses."""
    set_policy(ledger)
    return ledger


def keep(ledger: Ledger, note: bytes) -> int:
    """Have the writer keep a note."""
    return ledger.sequencer.keep(note).result(TIMEOUT)


def test_a_cosigned_note_is_kept(witnessed: Ledger) -> None:
    """It is shown with size and quorum time, nothing else that is published changes, and a restart finds it again."""
    before, note = witnessed.view, cosigned(witnessed)
    assert before.cosigned is None
    assert keep(witnessed, note) == witnessed.world.size
    expected = CosignedTree(witnessed.world.size, note, NOW + 1)
    assert witnessed.view.cosigned == expected
    witnessed.check()
    witnessed.world.disclose("alpha")
    witnessed.follow()
    assert witnessed.view.cosigned == expected
    witnessed.reopen()
    assert witnessed.view.cosigned == expected
    assert keep(witnessed, cosigned(witnessed)) == witnessed.world.size
    witnessed.check()


def test_it_is_durable_before_it_is_shown(witnessed: Ledger) -> None:
    """Until the write returns the old view stands; a listener finds the note stored."""
    seen: list[tuple[str, bool]] = []
    heard = threading.Event()

    def listen(view: View) -> None:
        assert view.cosigned is not None
        assert witnessed.store.require(ROW) == view.cosigned.note
        seen.append(("heard", witnessed.view.cosigned is view.cosigned))
        heard.set()

    witnessed.sequencer.listen(listen)
    witnessed.store.before = lambda: seen.append(("before", witnessed.view.cosigned is None))
    witnessed.store.after = lambda: seen.append(("after", witnessed.view.cosigned is None))
    keep(witnessed, cosigned(witnessed))
    assert heard.wait(TIMEOUT)
    witnessed.store.before = witnessed.store.after = nothing
    assert seen == [("before", True), ("after", True), ("heard", True)]


def test_a_note_that_was_not_written_is_not_shown(witnessed: Ledger) -> None:
    """A write that fails halts the writer, whatever it was to hold, and the next start shows what is durable."""

    def fail() -> None:
        raise OSError(28, "no space")

    witnessed.store.before = fail
    with pytest.raises(Unavailable, match="halted"):
        keep(witnessed, cosigned(witnessed))
    assert witnessed.view.cosigned is None
    witnessed.store.before = nothing
    witnessed.reopen()
    assert witnessed.view.cosigned is None
    keep(witnessed, cosigned(witnessed))


def test_a_note_that_was_written_all_the_same_is_found(witnessed: Ledger) -> None:
    """A write that fails and persisted is not shown before the restart, which finds it."""

    def fail() -> None:
        raise OSError(5, "input/output error")

    note = cosigned(witnessed)
    witnessed.store.after = fail
    with pytest.raises(Unavailable, match="halted"):
        keep(witnessed, note)
    assert witnessed.view.cosigned is None
    witnessed.store.after = nothing
    witnessed.reopen()
    assert witnessed.view.cosigned == CosignedTree(witnessed.world.size, note, NOW + 1)


REFUSED: dict[str, tuple[Callable[[Ledger], bytes], type[LedgerError], str]] = {
    "no note": (lambda _: b"note", InvalidInput, "note: without a blank line"),
    "too few witnesses": (lambda ledger: cosigned(ledger, names=["two"]), VerificationFailed, "quorum: too few"),
    "nobody's": (lambda ledger: ledger.view.note, VerificationFailed, "quorum: too few"),
    "of another tree": (
        lambda ledger: cosigned(ledger, root=sha256(b"another")),
        VerificationFailed,
        "checkpoint: its root is not the one that this log has at its size",
    ),
    "kept already": (cosigned, Refused, "cosigned: a tree of 5 entries is kept already"),
    "smaller than the one kept": (lambda ledger: cosigned(ledger, 4), Refused, "a tree of 5 entries is kept already"),
}


@pytest.mark.parametrize(("note", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_shows_no_quorum_is_not_kept(
    witnessed: Ledger, note: Callable[[Ledger], bytes], error: type[LedgerError], message: str
) -> None:
    """The writer checks what it is handed, keeps the larger tree, and goes on."""
    keep(witnessed, cosigned(witnessed))
    rows = dict(witnessed.store.range(b"", b"\xff"))
    with pytest.raises(error, match=message):
        keep(witnessed, note(witnessed))
    assert dict(witnessed.store.range(b"", b"\xff")) == rows
    witnessed.world.disclose("alpha")
    witnessed.follow()
    assert keep(witnessed, cosigned(witnessed)) == 6


def test_a_tree_that_is_not_published_is_not_kept(witnessed: Ledger) -> None:
    """What the log has not published cannot be shown as its own."""
    witnessed.world.disclose("alpha")
    note = cosigned(witnessed)
    with pytest.raises(BeyondTree, match="size: the tree has 5 entries"):
        keep(witnessed, note)
    witnessed.follow()
    keep(witnessed, note)


def test_under_quorum_none_nothing_is_kept(ledger: Ledger) -> None:
    """A policy that asks for nobody is satisfied by anything, which shows nothing."""
    with pytest.raises(Refused, match="witness_policy: asks for nobody"):
        keep(ledger, cosigned(ledger))
    assert ledger.view.cosigned is None
    assert ledger.store.get(ROW) is None


def test_another_policy_forgets_the_note(witnessed: Ledger) -> None:
    """What satisfied the old policy is neither shown nor found again under the new one; a comment is no new policy."""
    keep(witnessed, cosigned(witnessed))
    set_policy(witnessed, policy(comment="# the same"))
    assert witnessed.view.cosigned is not None
    for other in (policy("3"), WITNESS_POLICY):
        set_policy(witnessed, other)
        assert witnessed.view.cosigned is None
        witnessed.reopen()
        assert witnessed.view.cosigned is None
    set_policy(witnessed)
    keep(witnessed, cosigned(witnessed))
    witnessed.reopen()
    assert witnessed.view.cosigned is not None


@pytest.mark.parametrize("kept_last", [True, False], ids=["policy, note", "note, policy"])
def test_a_note_and_a_new_policy_in_one_write(witnessed: Ledger, kept_last: bool) -> None:
    """Whichever comes last in a group decides, in the store as in what is shown."""
    note = cosigned(witnessed)
    with witnessed.busy():
        change = policy_change(witnessed, policy("any"))
        futures = []
        if not kept_last:
            futures.append(witnessed.sequencer.keep(note))
        futures.append(witnessed.govern(*change))
        if kept_last:
            futures.append(witnessed.sequencer.keep(note))
    for future in futures:
        future.result(TIMEOUT)
    for _ in range(2):
        found = witnessed.view.cosigned
        assert (found is not None and found.note == note) == kept_last
        witnessed.reopen()
    witnessed.check()


SPOILED: dict[str, Callable[[Ledger], bytes]] = {
    "no note": lambda _: b"x",
    "without the quorum": lambda ledger: cosigned(ledger, names=["one"]),
    "of another tree": lambda ledger: cosigned(ledger, root=sha256(b"another")),
    "with a line that does not hold": lambda ledger: _spoiled_line(cosigned(ledger)),
    "with a line of somebody else": lambda ledger: cosigned(ledger).replace(b"three.example", b"other.example"),
    "changed": lambda ledger: cosigned(ledger).replace(b"\n5\n", b"\n4\n"),
}


def _spoiled_line(note: bytes) -> bytes:
    """Return a note whose last line's base64 ends otherwise."""
    return note[:-9] + bytes([note[-9] ^ 1]) + note[-8:]


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_note_does_not_start(witnessed: Ledger, spoiled: Callable[[Ledger], bytes]) -> None:
    """What is stored is verified like what arrives; a start that finds anything else says so."""
    keep(witnessed, cosigned(witnessed))
    witnessed.store.write([(ROW, spoiled(witnessed))])
    witnessed.stop()
    with pytest.raises(StoreDamaged, match=r"^cosigned checkpoint: not one of this log"):
        witnessed.start()
    store = type(witnessed.store).open(witnessed.path)
    store.write([], [ROW])
    store.close()
    witnessed.start()
    assert witnessed.view.cosigned is None


def test_an_anchor_is_logged(witnessed: Ledger) -> None:
    """The writer logs the note that it is given as the ledger's own statement; the state knows it, also later."""
    note = cosigned(witnessed)
    index = witnessed.sequencer.anchor(note).result(TIMEOUT)
    witnessed.world.say_as_ledger(bodies.Anchor(note))
    witnessed.followed += 1
    assert decode_leaf(witnessed.reader.leaf(index)).statement.body == bodies.Anchor(note)
    for _ in range(2):
        witnessed.check()
        assert (witnessed.view.governing.anchored.index, witnessed.view.governing.anchored.size) == (index, index)
        witnessed.reopen()
    size = witnessed.view.size
    with pytest.raises(Refused, match="checkpoint: anchored already"):
        witnessed.sequencer.anchor(note).result(TIMEOUT)
    assert witnessed.view.size == size


def test_a_receipt_may_be_under_the_cosigned_tree(witnessed: Ledger) -> None:
    """A receipt under the note that is kept has its signatures, and covers nothing that came later."""
    keep(witnessed, cosigned(witnessed))
    witnessed.world.disclose("alpha")
    witnessed.follow()
    tree = witnessed.view.cosigned
    assert tree is not None
    assert tree.note in witnessed.reader.receipt(1, tree)
    with pytest.raises(BeyondTree, match="index: the published tree has 5 entries"):
        witnessed.reader.receipt(5, tree)


def test_the_policy_is_in_view(witnessed: Ledger) -> None:
    """What is published says what the log asks of its witnesses, before and after a restart."""
    for _ in range(2):
        assert witnessed.view.policy == Policy.parse(POLICY)
        witnessed.reopen()
