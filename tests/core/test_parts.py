"""The parts of a large handover stand in a row in one batch, and agree on what binds them (protocol §4)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.core import bodies
from ledger.core.batch import check_parts, decode_batch, sign_batch
from ledger.core.errors import InvalidInput
from ledger.core.statement import Statement
from tests.core.examples import DISCLOSURE, TARGET, UNTIL
from tests.core.test_seal import BOUND, BOXES, KEY
from tests.core.world import START

PLAIN = replace(DISCLOSURE, late_for=None)
LIFTED = bodies.EmbargoLifted(TARGET)
LATE, LATER = bodies.LateFor(START - 1440), bodies.LateFor(START - 2880)
EMBARGO, LONGER = bodies.Embargo(UNTIL), bodies.Embargo(UNTIL + 1)
ROW = "part: a handover's parts stand in a row"
ORDER = "part: parts go up from 0 with equal count, embargo and late_for"
BATCH = "part: a handover's parts stand in one batch"


def part(
    index: int, count: int, embargo: bodies.Embargo | None = None, late_for: bodies.LateFor | None = None
) -> bodies.Disclosure:
    """Return a part of a handover."""
    return replace(PLAIN, part=bodies.Part(index, count), embargo=embargo, late_for=late_for)


def said(*handed: bodies.Body) -> list[Statement]:
    """Return what alpha says in a row."""
    return [Statement("alpha", sequence, START, body) for sequence, body in enumerate(handed)]


@pytest.mark.parametrize(
    "handed",
    [
        pytest.param([PLAIN, PLAIN, LIFTED], id="no parts"),
        pytest.param([part(0, 2), part(1, 2)], id="two parts"),
        pytest.param([part(number, 64) for number in range(64)], id="64 parts"),
        pytest.param([part(0, 2), part(1, 2), part(0, 3), part(1, 3), part(2, 3)], id="two handovers"),
        pytest.param([part(0, 2), part(1, 2), part(0, 2), part(1, 2)], id="two handovers alike"),
        pytest.param([PLAIN, part(0, 2), part(1, 2), LIFTED], id="others around"),
        pytest.param([part(0, 2, EMBARGO), part(1, 2, EMBARGO)], id="both under embargo"),
        pytest.param([part(0, 2, None, LATE), part(1, 2, None, LATE)], id="both late"),
        pytest.param([part(0, 2, EMBARGO, LATE), part(1, 2, EMBARGO, LATE)], id="both late and under embargo"),
        pytest.param([part(0, 2), part(1, 2), part(0, 2, EMBARGO), part(1, 2, EMBARGO)], id="then embargoed"),
        pytest.param([part(0, 2), replace(part(1, 2), key_class=256)], id="another key class"),
    ],
)
def test_parts_in_a_row(handed: Sequence[bodies.Body]) -> None:
    """Handovers in parts may follow each other and stand among other statements."""
    check_parts(said(*handed))
    batch = decode_batch(sign_batch(said(*handed), BOUND, BOXES, [KEY.sign]))
    assert [leaf.statement.body for leaf in batch.leaves] == list(handed)


@pytest.mark.parametrize(
    ("handed", "message"),
    [
        pytest.param([part(0, 2)], BATCH, id="the second missing"),
        pytest.param([part(0, 3), part(1, 3)], BATCH, id="the last missing"),
        pytest.param([part(0, 2), part(1, 2), part(0, 2)], BATCH, id="a second handover begun"),
        pytest.param([part(1, 2)], ORDER, id="the first missing"),
        pytest.param([part(1, 2), part(0, 2)], ORDER, id="backwards"),
        pytest.param([part(0, 3), part(2, 3)], ORDER, id="the second left out"),
        pytest.param([part(0, 2), part(0, 2), part(1, 2)], ORDER, id="the first twice"),
        pytest.param([part(0, 2), part(1, 2), part(1, 2)], ORDER, id="the last twice"),
        pytest.param([part(0, 2), part(1, 3), part(2, 3)], ORDER, id="a count that grows"),
        pytest.param([part(0, 3), part(1, 2)], ORDER, id="a count that shrinks"),
        pytest.param([part(0, 2, EMBARGO), part(1, 2)], ORDER, id="an embargo on the first"),
        pytest.param([part(0, 2), part(1, 2, EMBARGO)], ORDER, id="an embargo on the last"),
        pytest.param([part(0, 2, EMBARGO), part(1, 2, LONGER)], ORDER, id="two embargoes"),
        pytest.param([part(0, 2, None, LATE), part(1, 2)], ORDER, id="late at first"),
        pytest.param([part(0, 2), part(1, 2, None, LATE)], ORDER, id="late at last"),
        pytest.param([part(0, 2, None, LATE), part(1, 2, None, LATER)], ORDER, id="late for two periods"),
        pytest.param(
            [part(0, 3, EMBARGO), part(1, 3, EMBARGO), part(2, 3, LONGER)], ORDER, id="another embargo at last"
        ),
        pytest.param([part(0, 2), PLAIN, part(1, 2)], ROW, id="a whole one between"),
        pytest.param([part(0, 2), PLAIN], ROW, id="a whole one instead"),
        pytest.param([part(0, 2), LIFTED, part(1, 2)], ROW, id="another body between"),
    ],
)
def test_parts_out_of_row(handed: Sequence[bodies.Body], message: str) -> None:
    """A part missing, doubled, out of order, apart from its siblings or unlike them is refused with the batch."""
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        check_parts(said(*handed))
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        decode_batch(sign_batch(said(*handed), BOUND, BOXES, [KEY.sign]))
