"""Campaigns that Hypothesis draws: a state machine, run so often, for so many steps, from a seed."""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def run(machine: type[RuleBasedStateMachine], examples: int, steps: int, number: int | None = None) -> None:
    """Run ``examples`` of up to ``steps`` steps, the same ones each time, or those of seed ``number``."""
    run_state_machine_as_test(
        machine if number is None else seed(number)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=number is None,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def tell(
    name: str, about: str, arguments: Sequence[str], campaign: Callable[[int, int, int], None], tally: Counter[str]
) -> int:
    """Run a campaign's long form as the command line says, and tell what it came across; return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.faults {name}", description=about)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    campaign(chosen.examples, chosen.steps, chosen.seed)
    print(", ".join(f"{what} {count:,}" for what, count in tally.items()), "- no violation")
    return 0
