"""Witness policies mean what transparency-dev/formats takes them to mean."""

from itertools import combinations

import pytest

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, cosign, sign_checkpoint
from ledger.core.encoding import sha256
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.note import COSIGNATURE
from ledger.core.policy import Policy, verify_quorum
from tests.interop.ecosystem import Ecosystem
from tests.interop.material import key

CHECKPOINT = Checkpoint("log.example", 3, sha256(b"root"))
NAMES = ("a", "b", "c", "d")
KEYS = {name: key(f"witness-{name}.example") for name in NAMES}
WITNESSES = "".join(
    [f"witness {name} {KEYS[name].vkey(COSIGNATURE).format()} https://{name}.example\n" for name in NAMES]
)
LOG = f"log {key('log.example').vkey().format()} https://log.example\n"


def cosigned(names: tuple[str, ...]) -> SignedCheckpoint:
    """Return the checkpoint with the cosignatures of ``names``."""
    note = sign_checkpoint(CHECKPOINT, key("log.example")).note
    for name in names:
        note = note.with_signature(cosign(CHECKPOINT, 1_763_900_000, KEYS[name]))
    return SignedCheckpoint(CHECKPOINT, note)


def ours(policy: Policy, signed: SignedCheckpoint) -> bool:
    """Tell whether this package finds the policy satisfied."""
    try:
        verify_quorum(signed, policy)
    except VerificationFailed:
        return False
    return True


@pytest.mark.parametrize(
    ("rules", "satisfying"),
    [
        ("quorum none\n", 16),
        ("quorum a\n", 8),
        ("group g all a b c d\nquorum g\n", 1),
        ("group g any a b c d\nquorum g\n", 15),
        ("group g 2 a b c d\nquorum g\n", 11),
        ("group g 3 a b c\nquorum g\n", 2),
        ("group x any a b\ngroup y all c d\ngroup g all x y\nquorum g\n", 3),
        ("group x any a b\ngroup y all c d\ngroup g any x y\nquorum g\n", 13),
        ("group x 1 a\ngroup g 2 x b c\nquorum g\n", 8),
        ("\t # a comment\n\n\tgroup \t g  2 a\tb c \nquorum g\t\n", 8),
    ],
)
def test_policies_are_satisfied_alike(ecosystem: Ecosystem, rules: str, satisfying: int) -> None:
    """Of all sets of witnesses the same ones satisfy a policy in Go and here."""
    raw = (LOG + WITNESSES + rules).encode()
    policy = Policy.parse(raw)
    sets = [cosigned(names) for count in range(len(NAMES) + 1) for names in combinations(NAMES, count)]
    verdict = ecosystem.ask("judge-policy", Policy=raw, Notes=[signed.note.format() for signed in sets])
    found = [ours(policy, signed) for signed in sets]
    assert verdict["satisfied"] == found
    assert found.count(True) == satisfying


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "quorum e\n",
        "quorum\n",
        "quorum a b\n",
        "group g 3 a b\nquorum g\n",
        "group g some a b\nquorum g\n",
        "group g -1 a b\nquorum g\n",
        "group g any e\nquorum g\n",
        "group g any none\nquorum g\n",
        "group g any g\nquorum g\n",
        "group a any b\nquorum a\n",
        "group g\nquorum g\n",
        "witness e\nquorum none\n",
        "witness e not-a-key https://e.example\nquorum none\n",
        f"witness a {key('e').vkey(COSIGNATURE).format()} https://e.example\nquorum none\n",
        "rule\nquorum none\n",
    ],
)
def test_malformed_policies_are_refused_by_both(ecosystem: Ecosystem, rules: str) -> None:
    """What is no policy is one neither in Go nor here."""
    raw = (LOG + WITNESSES + rules).encode()
    assert ecosystem.ask("judge-policy", Policy=raw, Notes=[]).refused
    with pytest.raises(InvalidInput, match=r"policy|vkey"):
        Policy.parse(raw)
