"""A log whose history has a fork, a witness, and the requests between them: what tests of witnesses begin with."""

from collections.abc import Sequence
from typing import Final

from ledger.core.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from ledger.core.encoding import Hash
from ledger.core.note import SigningKey
from ledger.core.witnessing import Accepted, AddCheckpoint, KnownLog, Refusal, decide
from tests.core import rfc6962
from tests.core.world import secret

LOG: Final = SigningKey("log.example", secret("witnessed log"))
STRANGER: Final = SigningKey("log.example", secret("another log"))
WITNESS: Final = SigningKey("witness.example", secret("witness"))
NOW: Final = 1_767_139_200
"""A time in POSIX seconds (31 December 2025)."""

Leaves = Sequence[bytes]


def leaves(size: int, fork: int | None = None) -> list[bytes]:
    """Return the leaves of the log's history; from ``fork`` on they are those of its other one."""
    return [b"%d%s" % (index, b"'" * (fork is not None and index >= fork)) for index in range(size)]


def root(data: Leaves) -> Hash:
    """Return the root over ``data``."""
    return rfc6962.mth(data)


def proof(old: int, data: Leaves) -> tuple[Hash, ...]:
    """Return the consistency proof from the first ``old`` leaves, which is empty from 0 and from all."""
    return tuple(rfc6962.proof(old, data)) if 0 < old < len(data) else ()


def signed(data: Leaves, log: SigningKey = LOG, origin: str = LOG.name, *extensions: str) -> SignedCheckpoint:
    """Return the log's checkpoint over ``data``."""
    return sign_checkpoint(Checkpoint(origin, len(data), root(data), extensions), log)


def asking(old: int, data: Leaves, log: SigningKey = LOG) -> AddCheckpoint:
    """Return the honest request to cosign ``data`` for a witness that knows ``old`` leaves."""
    return AddCheckpoint.of(old, proof(old, data), signed(data, log))


def knowing(size: int | None, time: int = NOW) -> KnownLog:
    """Return what a witness knows that cosigned the first ``size`` leaves at ``time``, None for nothing yet."""
    known = KnownLog(LOG.vkey(), LOG.name)
    if size is None:
        return known
    outcome = decide(known, asking(0, leaves(size)), time, WITNESS)
    assert isinstance(outcome, Accepted)
    return outcome.known


def decided(known: KnownLog | None, request: AddCheckpoint, time: int = NOW) -> Accepted | Refusal:
    """Return the decision on the request's bytes, as a server comes to it."""
    return decide(known, AddCheckpoint.parse(request.format()), time, WITNESS)
