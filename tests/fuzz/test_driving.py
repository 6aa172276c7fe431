"""The driver notices what it is there for."""

import pytest

from ledger.core.encoding import decode_hex
from ledger.core.errors import InvalidInput
from ledger.core.merkle import range_nodes
from tests.fuzz.driving import NEEDLE, Broken, Target, TooMuchWork, bounded_work, require_same, try_input
from tests.fuzz.mutating import text
from tests.fuzz.targets import TARGETS


def target(check: object) -> Target:
    """Return a target that may refuse with InvalidInput."""
    return Target("a parser", check, (InvalidInput,), (b"",), text)  # type: ignore[arg-type]  # each test's own


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_reach_the_parser(name: str) -> None:
    """Of the seeds one at least is accepted, so that what is changed begins near what is valid."""
    found = TARGETS[name]
    assert any(try_input(found, seed) for seed in found.seeds)


def test_a_refusal_is_no_failure() -> None:
    """A documented error is the answer to most inputs."""
    assert not try_input(target(lambda data: decode_hex(data.decode(), "hex")), b"no hex")


def test_another_error_is_a_failure() -> None:
    """An error that the parser does not document comes through."""
    with pytest.raises(UnicodeDecodeError):
        try_input(target(lambda data: decode_hex(data.decode(), "hex")), b"\xff")


def test_a_value_in_a_message_is_a_failure() -> None:
    """A message that carries what stands for a person's data is noticed."""

    def telling(data: bytes) -> None:
        raise InvalidInput("name", data.decode())

    with pytest.raises(Broken, match="carries a value"):
        try_input(target(telling), NEEDLE.encode())


def test_a_second_spelling_is_a_failure() -> None:
    """What is accepted and encodes to other bytes is noticed."""
    with pytest.raises(Broken, match="something else"):
        try_input(target(lambda data: require_same(data.strip(), data)), b" a ")


def test_endless_work_is_a_failure() -> None:
    """A loop in the package is stopped after so many lines, and code outside of it is not counted."""
    with bounded_work(10):
        assert sum(range(1000)) == 499500
    with pytest.raises(TooMuchWork, match="more than 10 lines"), bounded_work(10):
        range_nodes(1, 2**40)
