"""Logs in memory judged as a stranger judges them, from their leaves alone."""

from collections.abc import Iterable
from typing import Final

from ledger.core import bodies
from ledger.core.batch import decode_batch, sign_batch
from ledger.core.building import prepare_closing
from ledger.core.checkpoint import cosign, open_checkpoint
from ledger.core.completeness import Completeness
from ledger.core.completeness_report import Report, report
from ledger.core.encoding import ZERO_HASH
from ledger.core.findings import Finding, Kind
from ledger.core.framing import Framer
from ledger.core.inner import approve
from ledger.core.note import COSIGNATURE, SigningKey
from ledger.core.statement import Statement, roots_of
from tests.core.embargoed import OFFICERS
from tests.core.test_closings import closing
from tests.core.world import World, secret

WITNESS: Final = SigningKey("witness.example", secret("witness"))
DAY: Final = 24 * 60


def judged(world: World, policy: bytes | None = None) -> Completeness:
    """Return the judgment of all leaves."""
    return judged_leaves(world, world.leaves, policy)


def judged_leaves(world: World, leaves: Iterable[bytes], policy: bytes | None = None) -> Completeness:
    """Return the judgment of ``leaves`` under the key of ``world``."""
    judgment, framer = Completeness(world.vkey, policy), Framer()
    for batch in framer.take(list(leaves)):
        judgment.take(batch)
    if framer.rest:
        judgment.take(framer.rest)
    return judgment


def reported(world: World, at: int | None = None, policy: bytes | None = None) -> Report:
    """Return the report as of ``at``, by default the log's own clock."""
    return report(judged(world, policy), world.minute if at is None else at)


def found(told: Report, kind: Kind) -> list[Finding]:
    """Return the findings of one kind."""
    return [finding for finding in told.findings if finding.kind is kind]


def kinds(told: Report) -> list[Kind]:
    """Return the kinds of all findings, in their order."""
    return [finding.kind for finding in told.findings]


def close_as(world: World, officers: int) -> int:
    """Log alpha's next closing as so many officers approve it; return its index."""
    said = approve(world.log_id, closing(world), OFFICERS[:officers], "alpha")
    return world.say("alpha", prepare_closing(said))


def policy_of(world: World) -> bytes:
    """Return the policy that asks for the one witness."""
    lines = f"log {world.vkey.format()}\nwitness one {WITNESS.vkey(COSIGNATURE).format()}\nquorum one\n"
    return lines.encode()


def anchor(world: World, minute: int, size: int | None = None, other: World | None = None) -> int:
    """Log an ANCHOR over ``size`` entries whose witness saw them at ``minute``, and return its index.

    The entries may be those of an ``other`` log under the same keys.
    """
    signed = open_checkpoint((other or world).checkpoint(size), world.vkey)
    note = signed.note.with_signature(cosign(signed.checkpoint, minute * 60, WITNESS)).format()
    return world.say_as_ledger(bodies.Anchor(note))


def forced_in(world: World, source_id: str, *said: bodies.Body, minute: int | None = None) -> list[bytes]:
    """Return the leaves with a batch more that no honest log admits: signed by its source, checked by nobody."""
    source = world.state.sources[source_id]
    at = world.minute if minute is None else minute
    statements = [Statement(source_id, source.next_sequence + place, at, body) for place, body in enumerate(said)]
    signer = world.chain if source_id == "ledger" else world.secrets[source_id]
    sealed = ZERO_HASH
    if any(roots_of(body) is not None for body in said):
        sealed = world.log_id
    leaves = sign_batch(statements, world.binding(source_id), sealed, [signer.sign])
    assert decode_batch(leaves).count == len(said)
    return [*world.leaves, *leaves]
