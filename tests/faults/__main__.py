"""The long forms of the fault campaigns: python -m tests.faults CAMPAIGN [OPTIONS]; exit code 0: no promise broken."""

import importlib
import os
import sys
from typing import Final

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # a server that dies is no news here

CAMPAIGNS: Final = ("crash", "syscalls", "damage", "clients", "releases", "overload", "soak", "witness")
"""Each is a module here with ``main(arguments)``, which returns the exit code."""


def main(arguments: list[str]) -> int:
    """Run the campaign that the first argument names."""
    if not arguments or arguments[0] not in CAMPAIGNS:
        print(f"{__doc__}\nCAMPAIGN is one of {', '.join(CAMPAIGNS)}; each explains itself with --help")
        return 2
    module = importlib.import_module(f"tests.faults.{arguments[0]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
