"""A stranger: a process with nothing but receipts and the log's verifier key.

``python -m ledger.cli.demo.stranger VKEY`` reads receipts from standard input, each after its length as u32, and
prints how many entries they prove and the first few reasons why others do not.
"""

import json
import sys
from typing import BinaryIO, Final

from ledger.core.errors import LedgerError
from ledger.core.note import VKey
from ledger.core.receipt import verify_receipt

LENGTH_SIZE: Final = 4
_REASONS: Final = 5


def verify_all(stream: BinaryIO, vkey: VKey) -> dict[str, object]:
    """Return how many different entries the receipts in ``stream`` prove, and how many do not verify."""
    proven: set[int] = set()
    refused: list[str] = []
    while length := stream.read(LENGTH_SIZE):
        data = stream.read(int.from_bytes(length, "big"))
        try:
            proven.add(verify_receipt(data, vkey).index)
        except LedgerError as error:
            refused.append(str(error))
    return {"verified": len(proven), "refused": len(refused), "reasons": refused[:_REASONS]}


if __name__ == "__main__":
    print(json.dumps(verify_all(sys.stdin.buffer, VKey.parse(sys.argv[1]))))
