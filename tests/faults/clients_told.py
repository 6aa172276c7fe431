"""What callers were told of their records, held against the log; a record is known by its slots root."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.client.range_receipt import Receipt
from ledger.core.encoding import Hash
from ledger.core.errors import InvalidInput, Refused, Unavailable
from ledger.core.receipt import verify_receipt
from tests.core.world import replay
from tests.faults.clients_ledger import SOURCE, Standing

TALLY: Final[Counter[str]] = Counter()
"""What the campaign came across."""


@dataclass(slots=True)
class Told:
    """Every outcome, and the source's part of the log as far as it was read."""

    standing: Standing
    receipts: list[Receipt] = field(default_factory=list)
    receipted: dict[Hash, int] = field(default_factory=dict)
    """Index by record."""
    refused: set[Hash] = field(default_factory=set)
    """Not in the log, and never to be."""
    unknown: set[Hash] = field(default_factory=set)
    owed: set[Hash] = field(default_factory=set)
    """Those of the unknown whose callers live on, and get a receipt from the next opening if there is one."""
    logged: dict[Hash, int] = field(default_factory=dict)
    read: int = 0

    def note(self, root: Hash, outcome: "Receipt | BaseException") -> None:
        """Take what a caller got; raise AssertionError for what nobody may get from an honest ledger."""
        match outcome:
            case Receipt():
                TALLY["receipts"] += 1
                self.receipts.append(outcome)
                self.receipted[root] = outcome.index
            case InvalidInput() | Refused():
                TALLY["refused"] += 1
                self.refused.add(root)
            case Unavailable():
                TALLY["unknown"] += 1
                self.unknown.add(root)
                self.owed.add(root)
            case asyncio.CancelledError():
                self.unknown.add(root)
            case _:
                raise AssertionError(f"{type(outcome).__name__}: {outcome}") from outcome

    def settle(self, recovered: Sequence[Receipt]) -> None:
        """Hold every unknown record to what an opening made of it."""
        self.look()
        TALLY["recovered"] += len(recovered)
        self.receipts += recovered
        told = {receipt.index for receipt in recovered}
        assert {self.logged[root] for root in self.owed & self.logged.keys()} <= told, "a receipt lost"
        self.owed.clear()
        self.refused |= self.unknown - self.logged.keys()
        self.unknown.clear()

    def look(self) -> None:
        """Read what was logged since the last time; raise unless the chain has no gap and nothing twice."""
        size = self.standing.ledger.view.size
        for index, sequence, root in self.standing.logged(self.read, size):
            assert sequence == len(self.logged), "a gap in the chain"
            assert root not in self.logged, "a record twice"
            self.logged[root] = index
        self.read = size

    def holds(self) -> None:
        """Raise unless what callers were told is so."""
        self.look()
        assert all(self.logged.get(root) == index for root, index in self.receipted.items()), "a record lost"
        assert not self.refused & self.logged.keys(), "logged, though its caller was told it was not"

    def verify(self) -> None:
        """Raise unless every receipt proves what it says, and the leaves alone give the source's state."""
        self.holds()
        ledger = self.standing.ledger
        for receipt in self.receipts:
            verified = verify_receipt(receipt.data, ledger.world.vkey)
            assert (verified.index, verified.statement.sequence) == (receipt.index, receipt.sequence)
        state = replay(ledger.reader.leaves(0, ledger.view.size))
        assert state.sources[SOURCE] == self.standing.source
