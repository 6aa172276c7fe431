"""``ledger serve``, as a dishonest operator changed it.

``python -m tests.scenarios.dishonest WHAT DIR``, where WHAT is forges, miscounts, answers-another, silent, or honest.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.cli.main import app
from ledger.core import bodies
from ledger.core.batch import Batch, Binding
from ledger.core.closings import Book
from ledger.core.encoding import Hash, sha256
from ledger.core.errors import Unavailable
from ledger.core.statement import Statement
from ledger.engine import sequencer
from ledger.service import convert, server
from ledger.service.context import unary
from ledger.service.disclosure import DisclosureServicer
from ledger.v1 import disclosure_pb2
from tests.scenarios.hand import ahead


class AnswersAnother(DisclosureServicer):
    """Logs nothing, and answers with the receipt of what it logged last."""

    @unary
    async def answer(self, data: bytes, _: Any) -> Any:
        """Answer as if the batch had been logged."""
        known_size = disclosure_pb2.SubmitBatchRequest.FromString(data).known_size
        view, reader = self._sequencer.view, self._reader
        first, row = reader.batch_of(view.size - 1)
        known = min(known_size, view.size)
        return convert.submitted(
            first,
            view.note,
            reader.range_proof(first, first + row.count, view.size),
            reader.consistency(known, view.size) if known else (),
            reader.evidence(row.key_index, view.size),
        )

    SubmitBatch = answer


class Silent(DisclosureServicer):
    """Logs nothing, and never says so."""

    @unary
    async def answer(self, data: bytes, _: Any) -> Any:
        """Put the source off."""
        raise Unavailable("come back later")

    SubmitBatch = answer


def _unverified(batch: Batch, binding: Binding, keys: object) -> Hash:
    """Take any signature for the source's."""
    return sha256(batch.signed_bytes(binding))


def _uncounted(close: Callable[..., Book]) -> Callable[..., Book]:
    """Take any counts for the chain's."""

    def admit(book: Book, said: Statement, body: bodies.Closing, leaf_hash: Hash) -> Book:
        expected = book.next_closing(said.sequence)
        return close(book, said, replace(body, disclosures=expected.disclosures), leaf_hash)

    return admit


def main(what: str) -> None:
    """Serve the directory that the command line names, dishonestly."""
    patch, start = pytest.MonkeyPatch(), server.Server.start
    patch.setattr(server.Server, "start", lambda settings, keys: start(settings, keys, ahead))
    match what:
        case "forges":
            patch.setattr(sequencer, "verify_seal", _unverified)
        case "miscounts":
            patch.setattr(Book, "close", _uncounted(Book.close))
        case "answers-another":
            patch.setattr(server, "DisclosureServicer", AnswersAnother)
        case "silent":
            patch.setattr(server, "DisclosureServicer", Silent)
    app(["serve", *sys.argv[2:]])


if __name__ == "__main__":
    main(sys.argv[1])
