"""The plan of a crash campaign, and how its long form ends."""

from collections import Counter

import pytest

from tests.faults import crash
from tests.faults.__main__ import main as campaigns
from tests.faults.crash import SERVES_WITHIN, Tally
from tests.faults.deaths import RANDOM, STARTING_UP, STOPPING, deaths
from tests.faults.killing import POINTS, TORN
from tests.faults.seen import Violation
from tests.faults.sources import dice


def test_a_plan_is_repeated_by_its_seed() -> None:
    """The same seed gives the same deaths, another seed others."""
    assert deaths(50, dice(1)) == deaths(50, dice(1))
    assert deaths(50, dice(1)) != deaths(50, dice(2))


def test_the_long_form_dies_everywhere() -> None:
    """300 deaths meet each step before and after it, at least three times, and every other way to die."""
    met = Counter(death.how for death in deaths(300, dice(1)))
    assert set(met) == {*POINTS, RANDOM, TORN, STARTING_UP, STOPPING}
    assert min(met[name] for name in POINTS) >= 3


@pytest.mark.parametrize(
    ("slowest", "code"), [(SERVES_WITHIN, 0), (SERVES_WITHIN + 0.1, 1)], ids=["in time", "a slow start"]
)
def test_the_exit_code_says_whether_it_served_in_time(
    slowest: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bound on a start is the long form's: one start above it is a failure, and the summary counts it."""

    async def run(times: int, seed: int) -> Tally:
        assert (times, seed) == (7, 9)
        return Tally(Counter({"torn write": 7}), Counter({"verified reads": 3}), [1.0, 1.5, slowest])

    monkeypatch.setattr(crash, "run", run)
    assert campaigns(["crash", "--times", "7", "--seed", "9"]) == code
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == ["0 violations", "7 deaths: 7 torn write", "3 verified reads"]
    assert printed[3].endswith(f"median 1.50 s, slowest {slowest:.2f} s, {code} above 2.0 s")


def test_a_violation_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, the seed that repeats it, and what was broken."""

    async def run(times: int, seed: int) -> Tally:
        raise Violation("two roots")

    monkeypatch.setattr(crash, "run", run)
    assert campaigns(["crash", "--seed", "9"]) == 1
    assert capsys.readouterr().out == "VIOLATION with seed 9: two roots\n"


@pytest.mark.parametrize("arguments", [[], ["nothing"]])
def test_an_unknown_campaign_names_the_known_ones(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what there is."""
    assert campaigns(arguments) == 2
    assert "CAMPAIGN is one of crash" in capsys.readouterr().out
