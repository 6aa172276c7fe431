"""Evidence of a split view convinces whoever has the file, and says no more than it proves."""

import base64

import pytest

from ledger.core.checkpoint import cosign
from ledger.core.errors import LedgerError
from ledger.core.merkle import EMPTY_ROOT
from ledger.core.note import Note, SigningKey
from ledger.core.split import Split, split_by_leaves, split_by_prefixes, split_by_roots, verify_split
from tests.core import rfc6962
from tests.core.splits import EVIDENCE, LEAVES, ONE, OTHER, PREFIXES, ROOTS, VKEY, by_prefixes, leaf, note
from tests.core.test_note import one_bit_off
from tests.core.witnessed import NOW, WITNESS, leaves, root, signed
from tests.core.world import secret


def test_two_roots_for_one_size() -> None:
    """Two notes of one size with two roots are a split; both checkpoints and both roots are told."""
    proven = verify_split(ROOTS)
    assert (proven.kind, proven.origin, proven.log, proven.index) == ("roots", "log.example", VKEY, None)
    assert [checkpoint.size for checkpoint in proven.checkpoints] == [7, 7]
    assert proven.hashes == (root(ONE), root(OTHER[:7]))


def test_two_leaves_at_one_index() -> None:
    """Two leaves at one index of two signed trees are a split; sizes, index and leaf hashes are told."""
    proven = verify_split(LEAVES)
    assert (proven.kind, proven.index) == ("leaves", 5)
    assert [checkpoint.size for checkpoint in proven.checkpoints] == [7, 12]
    assert proven.hashes == (rfc6962.leaf(ONE[5]), rfc6962.leaf(OTHER[5]))


def test_a_larger_tree_that_begins_otherwise() -> None:
    """A larger tree that begins with another root than the smaller one's is a split; both roots are told."""
    proven = verify_split(PREFIXES)
    assert (proven.kind, proven.index) == ("prefixes", None)
    assert [checkpoint.size for checkpoint in proven.checkpoints] == [7, 12]
    assert proven.hashes == (root(ONE), root(OTHER[:7]))


@pytest.mark.parametrize("large", range(1, 18))
def test_every_fork_has_evidence_of_every_kind(large: int) -> None:
    """Wherever two histories part, each kind of evidence that their sizes allow is written and proves it."""
    for small in range(1, large + 1):
        for fork in range(small):
            one, other = leaves(small), leaves(large, fork)
            assert verify_split(split_by_leaves(VKEY, leaf(fork, one), leaf(fork, other))).index == fork
            assert verify_split(by_prefixes(one, other)).hashes == (root(one), root(other[:small]))
    assert verify_split(split_by_roots(VKEY, note(leaves(large)), note(leaves(large, 0)))).kind == "roots"


def test_layout() -> None:
    """A file is a header, the kind, the key and the parts in base64, each a line."""
    head, kind, vkey, first, second, end = ROOTS.decode().split("\n")
    assert (head, kind, vkey, end) == ("disclosure-ledger/v1/split", "roots", VKEY.format(), "")
    assert [base64.b64decode(line) for line in (first, second)] == [note(ONE), note(OTHER[:7])]
    hashed, proof, *_ = LEAVES.decode().split("\n")[3:]
    assert base64.b64decode(hashed) == rfc6962.leaf(ONE[5])
    assert base64.b64decode(proof) == leaf(5, ONE).proof.format()
    _, _, begin, *hashes, _ = PREFIXES.decode().split("\n")[3:]
    assert base64.b64decode(begin) == root(OTHER[:7])
    assert [base64.b64decode(item) for item in hashes] == rfc6962.proof(7, OTHER)


@pytest.mark.parametrize("raw", EVIDENCE.values(), ids=EVIDENCE)
def test_a_file_is_written_as_it_was_read(raw: bytes) -> None:
    """What parses formats to the same bytes."""
    assert Split.parse(raw).format() == raw


@pytest.mark.parametrize("raw", EVIDENCE.values(), ids=EVIDENCE)
def test_every_change_is_refused(raw: bytes) -> None:
    """No truncation, no flipped bit and no byte more leaves evidence."""
    for changed in [*(raw[:end] for end in range(len(raw))), *one_bit_off(raw), raw + b"\n", raw + b"A"]:
        with pytest.raises(LedgerError):
            verify_split(changed)


def test_what_witnesses_added_changes_nothing() -> None:
    """Cosignatures stay in the notes; no flipped bit in them, or in an extension, makes evidence of something else."""
    extended = signed(OTHER[:7], SigningKey("log.example", secret("witnessed log")), "log.example", "-----", "an extra")
    line = cosign(extended.checkpoint, NOW, WITNESS)
    cosigned = Note(extended.note.text, (line, *extended.note.signatures)).format()
    proven = verify_split(split_by_roots(VKEY, cosigned, note(ONE)))
    assert proven.checkpoints[0].extensions == ("-----", "an extra")
    survived = 0
    for changed in one_bit_off(cosigned):
        try:
            assert verify_split(split_by_roots(VKEY, changed, note(ONE))) == proven
            survived += 1
        except LedgerError:
            continue
    assert 0 < survived < len(line.format().encode())


def test_the_origin_need_not_be_the_keys_name() -> None:
    """Evidence is about the origin that both notes name, whatever the key is called."""
    key = SigningKey("another.example", secret("witnessed log"))
    evidence = split_by_roots(key.vkey(), note(ONE, key), note(OTHER[:7], key))
    assert verify_split(evidence).origin == "log.example"


def test_an_empty_tree_convicts_nobody() -> None:
    """Every tree begins with the empty one."""
    with pytest.raises(LedgerError, match=r"^split: the two views agree$"):
        verify_split(split_by_prefixes(VKEY, note([]), note(OTHER), EMPTY_ROOT, []))
