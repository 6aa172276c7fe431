"""``python -m vectors`` writes tests/vectors/*.json and docs/record.schema.json; ``--check`` compares them."""

import argparse
import sys
from pathlib import Path

from vectors.generating import ROOT, stale, write


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Return 0, or with ``--check`` 1 when a file is stale, missing or left over; each is named on a line."""
    parser = argparse.ArgumentParser(prog="python -m vectors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    if not parser.parse_args(arguments).check:
        write(root)
        return 0
    names = stale(root)
    for name in names:
        print(f"{name} is stale: run .venv/bin/python -m vectors", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
