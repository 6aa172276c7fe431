"""Source and operator act together: they change what was agreed, and anchor what nobody saw, once that helps them."""

import re
from pathlib import Path
from typing import Final

import pytest

from ledger.core import bodies
from ledger.core.batch import Binding, sign_batch
from ledger.core.checkpoint import Checkpoint, sign_checkpoint
from ledger.core.encoding import ZERO_HASH
from ledger.core.merkle import merkle_root
from ledger.core.rules import LEDGER
from ledger.core.statement import Statement
from ledger.service import config, keys
from tests.cli.commands import ORIGIN
from tests.core.world import replay
from tests.scenarios.stage import SIZE, Stage, at, sign_anew

DAYS: Final = 70
"""How far ahead the scenario plays: two months are over."""
MISSING: Final = re.compile(r"CLOSING MISSING alpha: the closing of [0-9-]+ was due at .* and is not in the log")


@pytest.fixture(scope="module")
def weakened(shared: Stage) -> Stage:
    """Months later, a key change gives alpha more grace, and another one takes beta's officers away; then stopped."""
    for name in ("beta", "alpha.new", "beta.new"):
        shared.call("ledger", "keygen", "source", "-o", f"{name}.key")
    for name in ("legal", "privacy"):
        shared.call("ledger", "keygen", "approver", "-o", f"{name}.key")
    log_id = shared.path("led/log-id").read_text().strip()
    officers = ("--officer", "legal.key.pub", "--officer", "privacy.key.pub", "--officers-needed", 2)
    words = ("--id", "beta", "-k", "beta.key", "-o", "beta.request", "--log-id", log_id)
    shared.call("ledger", "request", "source", *words, *officers)
    with shared.served("honest", DAYS):
        shared.call("ledgerctl", "enroll", "beta.request", "-d", "led")
        alpha = ("-k", "alpha.new.key", "--old-key", "alpha/source.key", "-p", "alpha", "--grace", 744)
        beta = ("-k", "beta.new.key", "--old-key", "beta.key", "-p", "anyone", "--id", "beta", "--officers-needed", 0)
        for name, terms in (("alpha", alpha), ("beta", beta)):
            shared.call("ledger", "request", "key-change", *terms, "-o", f"{name}.change")
            shared.call("ledgerctl", "change-key", f"{name}.change", "-d", "led")
    return shared


def test_more_grace_excuses_nothing_that_is_over(whole: Stage, weakened: Stage) -> None:
    """Each month that was missing before the key change is missing after it."""
    before = MISSING.findall(whole.judged("--at", at(DAYS)).stdout)
    after = MISSING.findall(weakened.judged("--at", at(DAYS)).stdout)
    assert len(before) >= 2
    assert after == before


def test_officers_that_are_sent_away_are_told(weakened: Stage) -> None:
    """The key change that asks for nobody any more is a finding for good."""
    said = weakened.judged("--at", at(DAYS)).stdout
    words = "2 officers had to approve; a key change keeps 2 of them, brings 0 others and asks for 0"
    assert f"OFFICERS WEAKENED beta: {words} [entry {SIZE + 2}, " in said
    assert f"beta: a closing each month, officers changed by entry {SIZE + 2}" not in said


def anchored_elsewhere(directory: Path, leaves: list[bytes]) -> list[bytes]:
    """Return the leaves with an ANCHOR more, of a checkpoint that the log signed of a tree with another last entry."""
    settings = config.load(directory)
    writer = keys.load(settings.path(settings.keys)).writer
    known = replay(leaves)
    source = known.sources[LEDGER]
    other = Checkpoint(ORIGIN, len(leaves), merkle_root([*leaves[:-1], leaves[-2]]))
    body = bodies.Anchor(sign_checkpoint(other, writer.checkpoint).note.format())
    statement = Statement(LEDGER, source.next_sequence, source.recorded_at, body)
    binding = Binding(known.log_id, source.key_statement, source.previous)
    return [*leaves, *sign_batch([statement], binding, ZERO_HASH, [writer.chain.sign])]


def test_an_anchor_of_another_history_convicts_the_log(scene: Stage) -> None:
    """What witnesses saw of one history dates nothing in another: an ANCHOR's root is held against the log's tree."""
    sign_anew(scene.ledger, lambda leaves: anchored_elsewhere(scene.ledger, leaves))
    said = scene.judged().stdout
    words = f"CONTRADICTED ledger: the log signed and anchored another root for its first {SIZE} entries than they have"
    assert f"{words} [entry {SIZE}, " in said
