"""What a ledger answers under a quorum, and what one would that has none: cosignatures over a ``World``."""

from dataclasses import replace
from typing import Any

from ledger.client.reads import Pins
from ledger.core.checkpoint import Checkpoint, cosign
from ledger.core.note import Note
from ledger.core.policy import Policy
from ledger.core.tlogproof import TlogProof
from tests.client.honest import pins
from tests.core.world import World
from tests.engine.cosigning import NOW, POLICY, WITNESSES


def pinned(world: World) -> Pins:
    """Return pins with a policy that asks for two of three witnesses."""
    return replace(pins(world), policy=Policy.parse(POLICY))


def cosigned(raw: bytes, *names: str) -> bytes:
    """Return a checkpoint's note with the cosignatures of these witnesses."""
    note = Note.parse(raw)
    for name in names:
        note = note.with_signature(cosign(Checkpoint.parse(note.text), NOW, WITNESSES[name]))
    return note.format()


def with_lines(answer: Any, *names: str) -> Any:
    """Return a ledger's answer of any kind with the cosignatures of these witnesses on its checkpoint."""
    for name in ("note", "checkpoint"):
        if name in answer.DESCRIPTOR.fields_by_name:
            setattr(answer, name, cosigned(getattr(answer, name), *names))
            return answer
    proof = TlogProof.parse(answer.tlog_proof)
    answer.tlog_proof = replace(proof, checkpoint=cosigned(proof.checkpoint, *names)).format()
    return answer
