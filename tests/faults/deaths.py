"""How a server process dies in a crash campaign, and a plan of such deaths."""

import sys
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.faults.killing import APPENDING, POINTS, STARTING, TORN

RANDOM: Final = "at a random moment"
STARTING_UP: Final = "while starting"
STOPPING: Final = "while stopping"


@dataclass(frozen=True, slots=True)
class Death:
    """How a life ends: a point and its pass, or one of the moments above and the seconds until then."""

    how: str
    passes: int = 1
    seconds: float = 0.0

    @property
    def command(self) -> tuple[str, ...]:
        """What to start, so that it ends like this."""
        if self.how not in POINTS and self.how != TORN:
            return ()
        return (sys.executable, "-m", "tests.faults.killing", self.how, str(self.passes))

    @property
    def kind(self) -> str:
        """The heading that it is counted under."""
        name = self.how.partition(" ")[2]
        return (
            "at a step of a commit" if name in APPENDING else "at a step of a start" if name in STARTING else self.how
        )


def deaths(times: int, random: Random) -> list[Death]:
    """Return ``times`` deaths in random order: of ten, five at points, each point in turn, and three at random."""
    points = list(POINTS)
    random.shuffle(points)
    found = []
    for number in range(times):
        match number % 10:
            case 0 | 2 | 4 | 6 | 8:
                name = points[number // 2 % len(points)]
                found.append(Death(name, random.randint(1, POINTS[name][0].passes)))
            case 1 | 5 | 9:
                found.append(Death(RANDOM, seconds=random.uniform(0, 1)))
            case 3:
                found.append(Death(TORN, random.randint(1, 25)))
            case _:
                found.append(Death(random.choice((STARTING_UP, STOPPING)), seconds=random.uniform(0, 1)))
    random.shuffle(found)
    return found
