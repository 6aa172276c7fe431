"""A stranger: a process with nothing but receipts, the log's verifier key and the witness policy.

``python -m ledger.cli.demo.stranger VKEY POLICYFILE`` reads receipts from standard input, each after its length as
u32, and prints how many entries they prove under the policy's quorum and the first few reasons why others do not.
"""

import json
import sys
from pathlib import Path
from typing import BinaryIO, Final

from ledger.core.errors import LedgerError
from ledger.core.note import Note, VKey
from ledger.core.policy import Policy, verify_quorum
from ledger.core.receipt import verify_receipt

LENGTH_SIZE: Final = 4
_REASONS: Final = 5


def verify_all(stream: BinaryIO, vkey: VKey, policy: Policy) -> dict[str, object]:
    """Return how many different entries the receipts in ``stream`` prove, and how many do not verify."""
    proven: set[int] = set()
    refused: list[str] = []
    quorate: Note | None = None  # receipts of one batch share their checkpoint
    while length := stream.read(LENGTH_SIZE):
        data = stream.read(int.from_bytes(length, "big"))
        try:
            receipt = verify_receipt(data, vkey)
            if receipt.checkpoint.note != quorate:
                verify_quorum(receipt.checkpoint, policy)
                quorate = receipt.checkpoint.note
            proven.add(receipt.index)
        except LedgerError as error:
            refused.append(str(error))
    return {"verified": len(proven), "refused": len(refused), "reasons": refused[:_REASONS]}


if __name__ == "__main__":
    print(
        json.dumps(verify_all(sys.stdin.buffer, VKey.parse(sys.argv[1]), Policy.parse(Path(sys.argv[2]).read_bytes())))
    )
