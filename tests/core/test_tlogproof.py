"""Proof files are C2SP's."""

import pytest

from ledger.core.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.core.encoding import MAX_SIZE, ZERO_HASH, Hash
from ledger.core.errors import InvalidInput, LedgerError
from ledger.core.merkle import tree_root
from ledger.core.note import SigningKey
from ledger.core.proof import prove_inclusion, verify_inclusion
from ledger.core.signing import SecretKey
from ledger.core.tlogproof import MAX_PATH, TlogProof
from tests.core.test_merkle import hashes, node_of
from tests.core.test_note import one_bit_off

LOG = SigningKey("log.example", SecretKey.from_seed(bytes(32)))
LEAVES = hashes(6)
NOTE = sign_checkpoint(Checkpoint("log.example", 6, tree_root(LEAVES)), LOG).note.format()
PATH = prove_inclusion(2, 6, lambda nodes: [node_of(LEAVES, node) for node in nodes])
PROOF = TlogProof(2, PATH, NOTE, b"extra data")
HASH = "A" * 43 + "="


def open_proof(raw: bytes) -> TlogProof:
    """Return a proof of the test tree's third leaf after verifying all of it."""
    proof = TlogProof.parse(raw)
    checkpoint = open_checkpoint(proof.checkpoint, LOG.vkey()).checkpoint
    verify_inclusion(LEAVES[2], proof.index, checkpoint.size, proof.path, checkpoint.root)
    return proof


def test_layout() -> None:
    """A file is a header, extra data if there is any, the index, the path, a blank line and the note."""
    head = "c2sp.org/tlog-proof@v1\nextra ZXh0cmEgZGF0YQ==\nindex 2\n"
    raw = PROOF.format()
    assert raw.startswith(head.encode())
    assert raw.endswith(b"\n\n" + NOTE)
    assert open_proof(raw) == PROOF
    bare = TlogProof(0, (), NOTE)
    assert bare.format() == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE
    assert TlogProof.parse(bare.format()) == bare


@pytest.mark.parametrize(
    "head",
    [
        "",
        "c2sp.org/tlog-proof@v2\nindex 0\n",
        "c2sp.org/tlog-proof@v1 \nindex 0\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\n",
        "c2sp.org/tlog-proof@v1é\nindex 0\n",
        "c2sp.org/tlog-proof@v1\n",
        f"c2sp.org/tlog-proof@v1\n{HASH}\n",
        "c2sp.org/tlog-proof@v1\nextra AA==\n",
        *(f"c2sp.org/tlog-proof@v1\nindex {index}\n" for index in ("", "00", "1_0", "+1", " 1", "1 ", 2**63)),
        *(f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n" for extra in ("", "AA", "AB==", " AA==")),
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AA==\n",
        "c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 0\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH} \n",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{'A' * 42}B=\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * (MAX_PATH + 1),
    ],
)
def test_malformed_proofs(head: str) -> None:
    """A file with another head is refused."""
    with pytest.raises(InvalidInput):
        TlogProof.parse(head.encode() + b"\n" + NOTE)


def test_longest_path() -> None:
    """A path may have 63 hashes and the largest index, and no checkpoint may be missing."""
    proof = TlogProof(MAX_SIZE, (ZERO_HASH,) * MAX_PATH, NOTE)
    assert TlogProof.parse(proof.format()) == proof
    for checkpoint in (b"", b"text\n", NOTE[:-1]):
        with pytest.raises(InvalidInput):
            TlogProof.parse(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + checkpoint)
    with pytest.raises(InvalidInput):
        TlogProof.parse(b"c2sp.org/tlog-proof@v1\nindex 0\n")


@pytest.mark.parametrize(
    "proof",
    [
        TlogProof(-1, (), NOTE),
        TlogProof(0, (Hash(b""),), NOTE),
        TlogProof(0, (Hash(b"short"),), NOTE),
        TlogProof(0, (), b"no note"),
    ],
)
def test_unwritable_proofs(proof: TlogProof) -> None:
    """A proof that would not parse back is not written."""
    with pytest.raises(InvalidInput):
        proof.format()


def test_every_change_of_a_proof_is_refused() -> None:
    """No truncation and no flipped bit leaves a proof that verifies, but for extra data, which nobody signed."""
    raw = PROOF.format()
    for end in range(len(raw)):
        with pytest.raises(LedgerError):
            open_proof(raw[:end])
    start = raw.index(b"extra ") + len(b"extra ")
    for at, changed in enumerate(one_bit_off(raw)):
        try:
            proof = open_proof(changed)
        except LedgerError:
            continue
        assert start <= at < raw.index(b"\n", start)
        assert (proof.index, proof.path, proof.checkpoint) == (2, PATH, NOTE)
