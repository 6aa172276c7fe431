"""Three witnesses, a policy that asks for two of them, and what they cosign of a log under test."""

from collections.abc import Sequence
from typing import Final

from ledger.core import bodies
from ledger.core.checkpoint import Checkpoint, cosign, open_checkpoint
from ledger.core.encoding import Hash, sha256
from ledger.core.note import SigningKey
from ledger.core.witnessing import witness_vkey
from ledger.engine import schema
from tests.core.world import secret
from tests.engine.ledger import TIMEOUT, Ledger

NOW: Final = 1_764_000_000
"""A time in POSIX seconds."""
NAMES: Final = ("one", "two", "three")
WITNESSES: Final = {name: SigningKey(f"{name}.example", secret(f"witness {name}")) for name in NAMES}


def policy(quorum: str = "2", names: Sequence[str] = NAMES, comment: str = "") -> bytes:
    """Return the policy that asks for ``quorum`` of the witnesses."""
    lines = [f"witness {name} {witness_vkey(WITNESSES[name]).format()}" for name in names]
    return "\n".join(
        [*lines, f"group all-of-them {quorum} {' '.join(names)}", "quorum all-of-them", comment, ""]
    ).encode()


POLICY: Final = policy()


def policy_change(
    ledger: Ledger, witness_policy: bytes = POLICY
) -> tuple[bodies.PolicyChanged, list[tuple[bytes, bytes]]]:
    """Have the world change its witness policy; return the body, and the rows that go with it."""
    governing = ledger.world.state.governing
    digests = sha256(witness_policy), sha256(ledger.world.sealing_policy)
    ledger.world.govern(bodies.PolicyChanged(0, *digests, governing.approvers, governing.thresholds))
    ledger.followed += 1
    (leaf,) = ledger.world.placed[-1].batch.leaves
    body = leaf.statement.body
    assert isinstance(body, bodies.PolicyChanged)
    return body, [
        (schema.meta_key("witness_policy"), witness_policy),
        (schema.meta_key("sealing_policy"), ledger.world.sealing_policy),
    ]


def set_policy(ledger: Ledger, witness_policy: bytes = POLICY) -> None:
    """Log a change of the witness policy in both logs."""
    ledger.govern(*policy_change(ledger, witness_policy)).result(TIMEOUT)


def cosigned(ledger: Ledger, size: int | None = None, names: Sequence[str] = NAMES, root: Hash | None = None) -> bytes:
    """Return the log's checkpoint over ``size`` entries, by default all, that these witnesses cosigned."""
    note = open_checkpoint(ledger.world.checkpoint(size), ledger.world.vkey).note
    checkpoint = Checkpoint.parse(note.text)
    if root is not None:
        checkpoint = Checkpoint(checkpoint.origin, checkpoint.size, root)
        note = type(note)(checkpoint.format(), (ledger.world.log.sign(checkpoint.format()),))
    for number, name in enumerate(names):
        note = note.with_signature(cosign(checkpoint, NOW + number, WITNESSES[name]))
    return note.format()
