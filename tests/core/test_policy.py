"""Policies are C2SP's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, cosign, sign_checkpoint
from ledger.core.encoding import ZERO_HASH
from ledger.core.errors import InvalidInput, LedgerError, Uncheckable, VerificationFailed
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.core.policy import Policy, quorum_time, verify_quorum
from ledger.core.signing import SecretKey

LOG = SigningKey("log.example", SecretKey.from_seed(bytes(32)))
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: SigningKey(f"{name}.example", SecretKey.from_seed(bytes([at]) * 32)) for at, name in enumerate(NAMES, 1)}
WITNESSES = "".join(f"witness {name} {key.vkey(COSIGNATURE).format()}\n" for name, key in KEYS.items())
KEY = KEYS["X1"].vkey(COSIGNATURE).format()
LOG_KEY = LOG.vkey().format()
EXAMPLE = f"""# The example of the specification.
log {LOG_KEY} https://log.example/
\t # indented

{WITNESSES}group X-witnesses 2 X1 X2 X3
group Y-witnesses  any\tY1 Y2 Y3 \n group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = Policy.parse(EXAMPLE.encode())
CHECKPOINT = Checkpoint("log.example", 1, ZERO_HASH)


def cosigned(times: dict[str, int]) -> SignedCheckpoint:
    """Return a checkpoint that the named witnesses cosigned."""
    note = sign_checkpoint(CHECKPOINT, LOG).note
    for name, time in times.items():
        note = note.with_signature(cosign(CHECKPOINT, time, KEYS[name]))
    return SignedCheckpoint(CHECKPOINT, note)


def test_example_policy() -> None:
    """The specification's example needs two of the first three witnesses and one of the others."""
    assert POLICY.logs[0].url == "https://log.example/"
    assert [witness.name for witness in POLICY.witnesses] == list(NAMES)
    assert [group.threshold for group in POLICY.groups] == [2, 1, 2]


@given(st.sets(st.sampled_from(NAMES)))
def test_example_quorum(names: set[str]) -> None:
    """The example is satisfied by exactly the sets that its text describes."""
    expected = len(names & {"X1", "X2", "X3"}) >= 2 and bool(names & {"Y1", "Y2", "Y3"})
    assert POLICY.satisfied(names) == expected
    assert not POLICY.satisfied({"X-and-Y", "X-witnesses"})


def test_verify_quorum() -> None:
    """A checkpoint that enough witnesses cosigned is returned with their times."""
    times = {"X1": 5, "X3": 9, "Y2": 7}
    verified = verify_quorum(cosigned(times), POLICY)
    assert verified.checkpoint == CHECKPOINT
    assert verified.timestamps == times
    for missing in times:
        with pytest.raises(VerificationFailed):
            verify_quorum(cosigned({name: at for name, at in times.items() if name != missing}), POLICY)


def test_quorum_of_one_and_none() -> None:
    """A quorum may be one witness, or nobody."""
    one = Policy.parse(f"{WITNESSES}quorum X1\n".encode())
    assert verify_quorum(cosigned({"X1": 1}), one).timestamps == {"X1": 1}
    with pytest.raises(VerificationFailed):
        verify_quorum(cosigned({"X2": 1}), one)
    nobody = Policy.parse(b"quorum none\n")
    assert verify_quorum(cosigned({"X2": 1}), nobody).timestamps == {}
    assert quorum_time({"X2": 1}, nobody) is None


def test_quorum_time() -> None:
    """The quorum's time is the latest at which the cosignatures since then still suffice."""
    assert quorum_time({"X1": 5, "X3": 9, "Y2": 7}, POLICY) == 5
    assert quorum_time({"X1": 5, "X2": 8, "X3": 9, "Y1": 1, "Y2": 7}, POLICY) == 7
    for times in ({}, {"X1": 5, "Y1": 5}):
        with pytest.raises(VerificationFailed):
            quorum_time(times, POLICY)


def test_names_are_octets() -> None:
    """Names that look alike, or are not UTF-8, are different names."""
    raw = f"witness K {KEY}\nwitness ".encode() + b"\xe2\x84\xaa " + KEYS["X2"].vkey(4).format().encode()
    policy = Policy.parse(raw + b"\ngroup \xff all K\nquorum \xff\n")
    assert policy.satisfied({"K"})
    assert not policy.satisfied({"\u212a"})


def test_thirty_two_of_each() -> None:
    """Thirty-two logs, witnesses and groups are supported."""
    secrets = [SecretKey.from_seed(bytes([at]) * 32) for at in range(32)]
    lines = [f"log {SigningKey('log', secret).vkey().format()}" for secret in secrets]
    for at, secret in enumerate(secrets):
        lines.append(f"witness w{at} {SigningKey('w', secret).vkey(COSIGNATURE).format()}")
        lines.append(f"group g{at} all w{at}" + (f" g{at - 1}" if at else ""))
    policy = Policy.parse("\n".join([*lines, "quorum g31", ""]).encode())
    assert policy.satisfied([f"w{at}" for at in range(32)])
    assert not policy.satisfied([f"w{at}" for at in range(1, 32)])


GOOD = f"witness a {KEY}\nwitness b {KEYS['X2'].vkey(COSIGNATURE).format()}\n"
RENAMED = SigningKey("other", KEYS["X1"].secret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "quorum none",
        "quorum none\r\n",
        "quorum none\x7f\n",
        "quorum\n",
        "quorum none none\n",
        "quorum none\nquorum none\n",
        "quorum a\n",
        f"quorum a\n{GOOD}",
        "Quorum none\n",
        "quorum\u00a0none\n",
        "quorum none # comment\n",
        "log\nquorum none\n",
        f"log {LOG_KEY} url more\nquorum none\n",
        f"log {KEY}\nquorum none\n",
        "log key\nquorum none\n",
        f"log {LOG_KEY}\nlog {SigningKey('other', LOG.secret).vkey().format()}\nquorum none\n",
        "witness a\nquorum none\n",
        f"witness a {KEY} url more\nquorum none\n",
        f"witness a {LOG_KEY}\nquorum none\n",
        f"witness none {KEY}\nquorum none\n",
        f"{GOOD}witness a {KEYS['X3'].vkey(COSIGNATURE).format()}\nquorum none\n",
        f"{GOOD}witness c {RENAMED.vkey(COSIGNATURE).format()}\nquorum none\n",
        f"{GOOD}group g any\nquorum none\n",
        f"{GOOD}group g some a\nquorum none\n",
        *(f"{GOOD}group g {count} a b\nquorum none\n" for count in ("0", "3", "-1", "+1", "01", "1_0", "٢", "ALL")),
        f"{GOOD}group a any b\nquorum none\n",
        f"{GOOD}group none any b\nquorum none\n",
        f"{GOOD}group g any none\nquorum none\n",
        f"{GOOD}group g any g\nquorum none\n",
        f"{GOOD}group g any a a\nquorum none\n",
        f"{GOOD}group g any a\ngroup h any a\nquorum none\n",
        f"{GOOD}group g any h\ngroup h any a\nquorum none\n",
    ],
)
def test_malformed_policies(text: str) -> None:
    """A policy that breaks a rule of the specification is refused."""
    with pytest.raises(InvalidInput):
        Policy.parse(text.encode())


def test_unknown_witness_key_type() -> None:
    """A policy with a witness whose key type is not known cannot be checked."""
    with pytest.raises(Uncheckable):
        Policy.parse(b"witness a name+00000000+BgAAAA==\nquorum none\n")


def test_every_truncation_of_a_policy_is_refused() -> None:
    """A policy cut short anywhere is refused, because its quorum stands last."""
    raw = EXAMPLE.encode()
    for end in range(len(raw)):
        with pytest.raises(LedgerError):
            Policy.parse(raw[:end])
