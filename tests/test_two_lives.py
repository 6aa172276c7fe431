"""The ledger and the second implementation agree on what may be said of every entry of the published log."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import decode_batch
from ledger.core.errors import LedgerError
from ledger.core.inner import approve
from ledger.core.life import Life
from tests.vectors.basics import Disproven
from tests.vectors.replay import replay
from vectors import seeds
from vectors.becoming import continued
from vectors.wrong_lives import batch, replayed

SIZES = (21, 23, 25, 31, continued().state.size)
"""Under embargo, extended twice, corrected, corrected and delivered, and the whole log."""

_ROOTS = (seeds.seed("slots root"), seeds.seed("payload"))
_SOURCE, _KEY = seeds.OTHER_SOURCE, seeds.OTHER_SOURCE_KEY
Named = tuple[str, Sequence[bytes]]


def batches(size: int) -> Iterator[Named]:
    """Yield every kind of statement about every entry of the sources, as the next batch behind ``size`` entries."""
    state, lives = replayed(size)
    for source_id in (seeds.SOURCE, _SOURCE):
        for sequence in range(state.sources[source_id].next_sequence):
            life = lives.find(source_id, sequence)
            assert life is not None
            target = bodies.Target(sequence, life.leaf_hash)
            erasure = bodies.Erasure(state.governing.next_number, source_id, target, "Example Act, section 9")
            approved = approve(state.log_id, erasure, seeds.APPROVERS)
            yield f"erasure of {source_id} {sequence}", batch("ledger", [approved], seeds.LEDGER_KEY, size)
            for name, said in own(target, life):
                yield f"{name} of {source_id} {sequence}", batch(_SOURCE, said, _KEY, size)


def own(target: bodies.Target, life: Life) -> Iterator[tuple[str, list[bodies.Body]]]:
    """Yield what a source may want to say of an entry."""
    delivery = bodies.Delivery(target, bodies.DeliveryResult.ABORTED, *_ROOTS)
    amendment = bodies.Correction(target, *_ROOTS)
    correction = replace(amendment, keys_root=seeds.seed("keys"), key_class=4, aggregates_root=seeds.seed("aggregates"))
    yield "delivery", [delivery]
    yield "two deliveries", [delivery, delivery]
    yield "correction with keys", [correction]
    yield "correction without keys", [amendment]
    yield "lift", [bodies.EmbargoLifted(target)]
    yield "lift and correction", [bodies.EmbargoLifted(target), correction]
    extended = bodies.EmbargoExtended(target, life.extensions + 1, life.until + 36, *_ROOTS)
    for count in range(3):
        approved = approve(continued().state.log_id, extended, seeds.OFFICERS[:count], _SOURCE)
        yield f"extension with {count} approvals", [approved]
    yield "extension by 37 months", [replace(approved, until=life.until + 37)]
    yield "lift and extension", [bodies.EmbargoLifted(target), approved]


def taken_here(size: int, said: list[Named]) -> set[str]:
    """Return which batches the ledger takes."""
    state, lives = replayed(size)
    taken = set()
    for name, leaves in said:
        try:
            deepcopy(state).replay(decode_batch(leaves), lives.find)
        except LedgerError:
            continue
        taken.add(name)
    return taken


def taken_there(size: int, said: list[Named]) -> set[str]:
    """Return which batches the second implementation takes."""
    log = replay(continued().leaves[:size])
    taken = set()
    for name, leaves in said:
        try:
            deepcopy(log).take(leaves)
        except Disproven:
            continue
        taken.add(name)
    return taken


@pytest.mark.parametrize("size", SIZES)
def test_both_take_the_same_statements_about_entries(size: int) -> None:
    """Of every statement about every entry both say that it may follow, or both that it may not."""
    said = list(batches(size))
    here = taken_here(size, said)
    assert here == taken_there(size, said)
    assert 0 < len(here) < len(said)
