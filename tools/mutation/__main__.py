"""Runs a campaign, prints how many mutants each module's tests noticed, and writes the survivors to a file."""

import argparse
import os
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Final

from mutation.operators import Mutant, mutants, mutated
from mutation.quick import quick
from mutation.running import CORE, ROOT, prepare, start

MODULES: Final = (
    *("encoding", "signing", "note", "checkpoint", "policy", "tlogproof", "proof", "canonical_json", "slots"),
    *("sealed", "sealed_keys", "sealing_policy", "inner", "receipt", "rules", "batch", "chain"),
    *("merkle", "lookup_keys", "mirror", "statement", "shape", "admission"),
    *("anchors", "witnessing", "tlogtiles", "split", "opened", "conviction"),
    *("life", "closings", "embargoes", "periods", "parties", "framing"),
    *("kept", "anchoring", "findings", "completeness", "completeness_report", "completeness_state", "frozen"),
)
"""What verifies and encodes; a module that does neither needs no campaign."""

EXPLAINED: Final = ROOT / "docs" / "mutation-survivors.md"
"""Its table names mutants that behave as the original does, each with the reason."""


@dataclass(slots=True)
class Campaign:
    """Mutants still to run and what became of those that ran."""

    jobs: int
    seconds: int
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    survivors: list[tuple[str, Mutant]] = field(default_factory=list)
    running: dict[int, tuple[str, Mutant]] = field(default_factory=dict)

    def run(self, module: str, chosen: list[Mutant], codes: list[CodeType]) -> None:
        """Run the mutants of a module: quickly where that shows them, and whole where it does not."""
        named = [(mutant.where, code) for mutant, code in zip(chosen, codes, strict=True)]
        statuses = quick(module, named, self.jobs, self.seconds)
        for status, mutant, code in zip(statuses, chosen, codes, strict=True):
            if status:
                self.note(module, mutant, status)
                continue
            while len(self.running) >= self.jobs:
                self.reap()
            self.running[start(module, code, self.seconds)] = module, mutant
        while self.running:
            self.reap()

    def reap(self) -> None:
        """Wait for one child and note what it found."""
        child, status = os.wait()
        self.note(*self.running.pop(child), status)

    def note(self, module: str, mutant: Mutant, status: int) -> None:
        """Note how the tests of a mutant ended."""
        if os.WIFSIGNALED(status):
            outcome = "out of bounds"
        elif os.WEXITSTATUS(status) == 0:
            outcome = "survived"
            self.survivors.append((module, mutant))
        else:
            outcome = "noticed"
        self.outcomes[module, outcome] += 1


def check_tests(module: str, seconds: int) -> None:
    """Exit unless a module's tests pass without any mutant."""
    path = CORE / f"{module}.py"
    _, status = os.waitpid(start(module, compile(path.read_bytes(), path, "exec"), seconds), 0)
    if status:
        raise SystemExit(f"{module}: the tests do not pass without a mutant")


def explained() -> frozenset[str]:
    """Return the keys of the mutants that the document explains, the first cell of each row."""
    text = EXPLAINED.read_text() if EXPLAINED.exists() else ""
    return frozenset(cell.replace(r"\|", "|") for cell in re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE))


def report(campaign: Campaign, modules: list[str], survivors: Path) -> bool:
    """Print the figures, write the survivors, and return whether every one of them is explained."""
    known = explained()
    total: Counter[str] = Counter()
    print(f"{'module':16} {'mutants':>7} {'noticed':>7} {'bounds':>7} {'survived':>8} {'explained':>9} {'killed':>7}")
    for module in modules:
        row = Counter({outcome: count for (name, outcome), count in campaign.outcomes.items() if name == module})
        row["explained"] = sum(name == module and item.key(name) in known for name, item in campaign.survivors)
        total += row
        _print_row(module, row)
    _print_row("all", total)
    lines = [
        f"{CORE.relative_to(ROOT) / module}.py:{item.line} {item.key(module)}"
        for module, item in sorted(campaign.survivors, key=lambda found: (found[0], found[1].line, found[1].what))
        if item.key(module) not in known
    ]
    survivors.write_text("".join(f"{line}\n" for line in lines))
    print(f"{len(lines)} survivors without an explanation: {survivors}")
    return not lines


def _print_row(name: str, row: Counter[str]) -> None:
    killed = row["noticed"] + row["out of bounds"]
    every = killed + row["survived"]
    share = 100 * killed / every if every else 100
    print(
        f"{name:16} {every:7} {row['noticed']:7} {row['out of bounds']:7} {row['survived']:8}"
        f" {row['explained']:9} {share:6.1f}%"
    )


def main() -> None:
    """Run the campaign that the arguments ask for; exit 1 where a survivor is not explained."""
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument("--module", action="append", choices=MODULES, help="only this one; may be given again")
    parser.add_argument("--sample", type=int, help="at most so many mutants of a module, chosen at random")
    parser.add_argument("--seed", type=int, default=0, help="what the sample is chosen by")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--seconds", type=int, default=60, help="processor time that a mutant may take")
    parser.add_argument("--again", type=Path, help="only the mutants that this file of survivors names")
    parser.add_argument("--survivors", type=Path, default=Path("survivors.txt"), help="where they are written")
    given = parser.parse_args()
    modules = given.module or list(MODULES)
    campaign, chance = Campaign(given.jobs, given.seconds), random.Random(given.seed)  # noqa: S311 -- a sample, no secret
    again = given.again and {line.partition(" ")[2] for line in given.again.read_text().splitlines()}
    prepare()
    began = time.monotonic()
    for module in modules:
        check_tests(module, given.seconds)
        path = CORE / f"{module}.py"
        source = path.read_text()
        chosen = [mutant for mutant in mutants(source) if again is None or mutant.key(module) in again]
        if given.sample is not None and given.sample < len(chosen):
            chosen = chance.sample(chosen, given.sample)
        campaign.run(module, chosen, [compile(mutated(source, mutant), path, "exec") for mutant in chosen])
        print(f"{module}: {len(chosen)} mutants, {time.monotonic() - began:.0f} s", file=sys.stderr)
    sys.exit(0 if report(campaign, modules, given.survivors) else 1)


main()
