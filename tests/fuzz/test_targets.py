"""Each parser keeps its promise for some hundred inputs, the same ones each time."""

from random import Random

import pytest

from tests.fuzz.driving import Target, try_input
from tests.fuzz.mutating import changed, strange
from tests.fuzz.targets import TARGETS

INPUTS = 300


def check(target: Target, data: bytes) -> None:
    """Fail with the input in hex where the parser breaks its promise."""
    try:
        try_input(target, data)
    except Exception as error:
        pytest.fail(f"{type(error).__name__}: {error} for bytes.fromhex('{data.hex()}')")


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_changed_seeds(target: Target) -> None:
    """Whatever a seed is changed to, the parser refuses it as documented or reads what encodes back to it."""
    chance = Random(target.name)  # noqa: S311 -- the same inputs each time
    for _ in range(INPUTS):
        check(target, changed(chance, target.mutate, target.seeds))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_strange_inputs(target: Target) -> None:
    """Deep nesting, long numbers and odd characters are refused as documented too."""
    for data in strange(target.seeds):
        check(target, data)
