"""Bits changed and ends cut off at random in a stopped ledger, and everything that its server then tells and signs.

What may follow is told in ``damage_rows``. A row's bit is changed under LevelDB's checksums, a file's beneath them.

    python -m tests.faults damage --seed 1 --times 500
"""

import argparse
import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

from ledger.engine import schema
from tests.faults.damage_log import Change, Whole, row_bit, whole
from tests.faults.damage_rows import judge

FILES: Final = ("store/CURRENT", "store/MANIFEST-*", "store/*.ldb", "store/*.log", "high-water.json", "keys/*.key")


def drawn(held: Whole, random: Random) -> tuple[str, Change]:
    """Return a change that ``random`` chooses, and what it is done to."""
    if random.random() < 0.5:
        prefix = random.choice(sorted(schema.KINDS))
        key = random.choice(sorted(key for key in held.rows if key[:1] == prefix))
        return f"a bit of a row: {schema.KINDS[prefix]}", row_bit(held, key, random.randrange(8 * len(held.rows[key])))
    pattern = random.choice(FILES)
    path = random.choice(sorted(held.served.directory.glob(pattern))).relative_to(held.served.directory)
    size = (held.served.directory / path).stat().st_size
    if random.random() < 0.5:
        return f"a bit of {pattern}", file_bit(path, random.randrange(8 * size))
    return f"the end of {pattern}", cut(path, random.randrange(size))


def file_bit(path: Path, bit: int) -> Change:
    """Return the change of one bit of a file below the ledger."""

    def change(directory: Path) -> None:
        data = bytearray((directory / path).read_bytes())
        data[bit // 8] ^= 0x80 >> bit % 8
        (directory / path).write_bytes(data)

    return change


def cut(path: Path, size: int) -> Change:
    """Return the change that leaves the first ``size`` bytes of a file."""

    def change(directory: Path) -> None:
        with (directory / path).open("r+b") as file:
            file.truncate(size)

    return change


async def campaign(seed: int, times: int) -> int:
    """Damage a ledger ``times`` times, each time from whole; print what came of it; return the exit code."""
    random = Random(seed)  # noqa: S311 -- chooses damage, not keys
    counts: Counter[tuple[str, str]] = Counter()
    broken = 0
    async with whole() as held:
        for number in range(1, times + 1):
            what, change = drawn(held, random)
            how, wrong = await judge(held, change)
            counts[what, how] += 1
            broken += bool(wrong)
            if wrong:
                print(f"VIOLATION {number} {what}, {how}: {wrong}", flush=True)
            elif number % 50 == 0:
                print(f"{number} done", flush=True)
    for (what, how), count in sorted(counts.items()):
        print(f"{count:5} {what}: {how}")
    print(f"seed {seed}: {times} damaged, {broken} violations")
    return 1 if broken else 0


def main(arguments: list[str]) -> int:
    """Run ``python -m tests.faults damage``."""
    parser = argparse.ArgumentParser("damage", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=500)
    chosen = parser.parse_args(arguments)
    return asyncio.run(campaign(chosen.seed, chosen.times))
