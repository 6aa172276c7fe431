"""What is no evidence is refused, and told where it breaks which rule."""

import pytest

from ledger.core.errors import InvalidInput, LedgerError, Uncheckable, VerificationFailed
from ledger.core.note import COSIGNATURE, ED25519, SigningKey, VKey
from ledger.core.split import MAX_SPLIT, Split, split_by_leaves, split_by_prefixes, split_by_roots, verify_split
from tests.core.splits import ONE, OTHER, ROOTS, VKEY, by_prefixes, leaf, note
from tests.core.witnessed import LOG, STRANGER, leaves, proof, root
from tests.core.world import secret

HEAD, KIND, KEY, FIRST, SECOND, _ = ROOTS.split(b"\n")
HASH = b"A" * 43 + b"="
UNSIGNED = "note: no signature by a known key"


def lines(*items: bytes) -> bytes:
    """Return ``items``, each a line."""
    return b"".join(item + b"\n" for item in items)


MALFORMED = {
    "nothing": (b"", "split: not disclosure-ledger/v1/split, a kind"),
    "another header": (lines(HEAD + b" ", KIND, KEY, FIRST, SECOND), "split: not disclosure-ledger/v1/split"),
    "a header alone": (lines(HEAD), "split: not disclosure-ledger/v1/split, a kind"),
    "no key": (lines(HEAD, KIND), "split: not disclosure-ledger/v1/split, a kind"),
    "no last line feed": (ROOTS[:-1], "split: not disclosure-ledger/v1/split, a kind"),
    "bytes that are no text": (lines(HEAD, KIND, b"\xff", FIRST, SECOND), "split: not UTF-8"),
    "too many bytes": (ROOTS + b"A" * (MAX_SPLIT + 1 - len(ROOTS)), f"split: longer than {MAX_SPLIT} bytes"),
    "as many bytes as may be": (ROOTS + b"A" * (MAX_SPLIT - len(ROOTS)), "split: not disclosure-ledger/v1/split"),
    "no key where one should be": (lines(HEAD, KIND, b"key", FIRST, SECOND), "vkey: not name+hex8+base64"),
    "a witness's key": (
        lines(HEAD, KIND, LOG.vkey(COSIGNATURE).format().encode(), FIRST, SECOND),
        "vkey: must be of key type 01",
    ),
    "no parts": (lines(HEAD, KIND, KEY), "split: must have 2 to 2 parts"),
    "one root": (lines(HEAD, KIND, KEY, FIRST), "split: must have 2 to 2 parts"),
    "three roots": (lines(HEAD, KIND, KEY, FIRST, SECOND, FIRST), "split: must have 2 to 2 parts"),
    "leaves without proofs": (lines(HEAD, b"leaves", KEY, HASH, HASH), "split: must have 4 to 4 parts"),
    "prefixes without a root": (lines(HEAD, b"prefixes", KEY, FIRST, SECOND), "split: must have 3 to 67 parts"),
    "a proof of 65 hashes": (lines(HEAD, b"prefixes", KEY, FIRST, SECOND, *[HASH] * 66), "split: must have 3 to 67"),
    "a part that is not base64": (lines(HEAD, KIND, KEY, FIRST, b"%"), "split part: not standard base64"),
    "a part written otherwise": (lines(HEAD, KIND, KEY, FIRST, b"AB=="), "split part: not canonical base64"),
    "an empty part": (lines(HEAD, KIND, KEY, FIRST, b""), "note: without a blank line"),
    "an empty line before the parts": (lines(HEAD, KIND, KEY, b"", FIRST, SECOND), "split: must have 2 to 2 parts"),
    "a note that is none": (lines(HEAD, KIND, KEY, FIRST, b"AAAA"), "note: has a control byte"),
    "a leaf hash of 3 bytes": (lines(HEAD, b"leaves", KEY, b"AAAA", *[FIRST] * 3), "proof: does not begin with"),
    "a root of 3 bytes": (lines(HEAD, b"prefixes", KEY, FIRST, SECOND, b"AAAA"), "split proof: must be 32 bytes"),
}


@pytest.mark.parametrize(("raw", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_files(raw: bytes, message: str) -> None:
    """The message names the part and the rule."""
    with pytest.raises(InvalidInput) as error:
        verify_split(raw)
    assert str(error.value).startswith(message)


def test_the_longest_proof_is_read() -> None:
    """A proof of 64 hashes, as the largest tree needs one, is well-formed; a file has at most 4 MiB."""
    assert MAX_SPLIT == 4_194_304
    assert len(Split.parse(lines(HEAD, b"prefixes", KEY, FIRST, SECOND, *[HASH] * 65)).parts) == 67
    assert len(proof(3, leaves(8))) == 4 == (8 - 1).bit_length() + 1


@pytest.mark.parametrize("raw", [lines(HEAD, b"trees", KEY, FIRST), lines(HEAD, b"", KEY, b"%")])
def test_an_unknown_kind_cannot_be_checked(raw: bytes) -> None:
    """Evidence of a kind that came later is neither proven nor disproven."""
    with pytest.raises(Uncheckable, match=r"^split kind: not known to this release$"):
        verify_split(raw)


def test_a_leaf_hash_is_a_hash() -> None:
    """What stands for a leaf hash has 32 bytes."""
    first, second = leaf(5, ONE), leaf(5, OTHER)
    short = Split("leaves", VKEY, (b"short", first.proof.format(), second.hash, second.proof.format())).format()
    with pytest.raises(InvalidInput, match=r"^split leaf hash: must be 32 bytes$"):
        verify_split(short)


def test_extra_data_is_refused() -> None:
    """Nothing that nobody signed stands in evidence."""
    evidence = split_by_leaves(VKEY, leaf(5, ONE), leaf(5, OTHER, extra=b"extra"))
    with pytest.raises(InvalidInput, match=r"^split proof: must have no extra data$"):
        verify_split(evidence)


OTHER_KEY = SigningKey("stranger.example", secret("stranger"))
NO_SPLIT = {
    "one note twice": (split_by_roots(VKEY, note(ONE), note(ONE)), "split: the two views agree"),
    "one tree under two notes": (
        split_by_roots(VKEY, note(ONE), note(ONE, LOG, LOG.name, "an extension")),
        "split: the two views agree",
    ),
    "two sizes": (split_by_roots(VKEY, note(ONE), note(OTHER)), "split: the two checkpoints are of different sizes"),
    "two origins": (
        split_by_roots(VKEY, note(ONE), note(OTHER[:7], LOG, "elsewhere")),
        "split: the two checkpoints are of different origins",
    ),
    "a stranger's first note": (split_by_roots(VKEY, note(ONE, OTHER_KEY), note(OTHER[:7])), UNSIGNED),
    "a stranger's second note": (split_by_roots(VKEY, note(ONE), note(OTHER[:7], OTHER_KEY)), UNSIGNED),
    "a namesake's note": (split_by_roots(VKEY, note(ONE), note(OTHER[:7], STRANGER)), UNSIGNED),
    "one leaf twice": (split_by_leaves(VKEY, leaf(5, ONE), leaf(5, ONE)), "split: the two views agree"),
    "one leaf in two trees": (split_by_leaves(VKEY, leaf(3, ONE), leaf(3, OTHER)), "split: the two views agree"),
    "two indexes": (
        split_by_leaves(VKEY, leaf(4, ONE), leaf(5, OTHER)),
        "split: the two leaves are at different indexes",
    ),
    "leaves of two origins": (
        split_by_leaves(VKEY, leaf(5, ONE), leaf(5, OTHER, LOG, "elsewhere")),
        "split: the two checkpoints are of different origins",
    ),
    "a leaf of a stranger's tree": (split_by_leaves(VKEY, leaf(5, ONE), leaf(5, OTHER, OTHER_KEY)), UNSIGNED),
    "a larger tree that extends": (by_prefixes(leaves(7), leaves(12)), "split: the two views agree"),
    "a proof of one tree twice": (by_prefixes(leaves(7), leaves(7)), "split: the two views agree"),
    "the larger tree first": (
        split_by_prefixes(VKEY, note(OTHER), note(ONE), root(ONE), ()),
        "consistency: the first size is not within the second",
    ),
    "a root that the larger tree does not begin with": (
        split_by_prefixes(VKEY, note(ONE), note(OTHER), root(leaves(7, 0)), proof(7, OTHER)),
        "consistency: the proof does not lead to both roots",
    ),
    "a proof that is too short": (
        split_by_prefixes(VKEY, note(ONE), note(OTHER), root(OTHER[:7]), proof(7, OTHER)[:-1]),
        "proof: must have exactly 5 hashes",
    ),
    "prefixes of two origins": (by_prefixes(ONE, OTHER, LOG, "elsewhere"), "split: the two checkpoints are of diff"),
    "a larger tree of a stranger's": (by_prefixes(ONE, OTHER, OTHER_KEY), UNSIGNED),
}


@pytest.mark.parametrize(("raw", "message"), NO_SPLIT.values(), ids=NO_SPLIT)
def test_what_proves_nothing(raw: bytes, message: str) -> None:
    """Views that agree, or that are not both the log's, are refused by the words that say why."""
    with pytest.raises(VerificationFailed) as error:
        verify_split(raw)
    assert str(error.value).startswith(message)


def test_an_inner_node_is_no_leaf() -> None:
    """A node above two leaves does not pass for a leaf of a smaller tree: the length of a path is its size's."""
    first, second = leaf(4, OTHER), leaf(4, ONE)
    inner = split_by_leaves(VKEY, type(first)(root(OTHER[4:6]), first.proof), second)
    with pytest.raises(VerificationFailed, match=r"^inclusion: "):
        verify_split(inner)


def test_what_cannot_be_written_says_so() -> None:
    """A split that would read back as another one, or not at all, is not written."""
    with pytest.raises(InvalidInput, match=r"^split: must have 2 to 2 parts$"):
        Split("roots", VKEY, ()).format()
    with pytest.raises(LedgerError, match=r"^split kind: "):
        Split("trees", VKEY, (b"", b"")).format()
    in_base64 = VKey.of("ab", ED25519, VKEY.public_key)
    with pytest.raises(InvalidInput, match=r"^split: cannot be written$"):
        Split(f"roots\n{VKEY.format()}\nAA==", in_base64, ()).format()
