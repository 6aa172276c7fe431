"""``ledgerctl erase``: destroy what was sealed in one entry, by an approved statement that says so for good."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from ledger.cli.options import JsonOption
from ledger.cli.outcome import command, printable, say
from ledger.client.reads import LogClient
from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import Hash
from ledger.core.errors import BeyondTree, Refused
from ledger.core.life import target_of
from ledger.core.merkle import leaf_hash
from ledger.core.rules import check_legal_basis
from ledger.core.statement import Statement, body_name, decode_leaf, roots_of
from ledgerctl import connection
from ledgerctl.governing import ApproveOption, LedgerOption, ProposeOption, log_statement


def erase(
    index: Annotated[int, typer.Argument(min=0, metavar="INDEX", help="The entry.")],
    basis: Annotated[str, typer.Option(help="Why the law asks for it; it stands in the log for good.")],
    directory: LedgerOption = Path(),
    approve: ApproveOption = None,
    propose: ProposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy payload, shred and lookup keys of an entry for good, and log that it was done; its leaf stays."""
    with command():
        check_legal_basis(basis)
        found = connection.reading(directory, lambda reader: _find(reader, index))
        statement = found.statement
        name = body_name(type(statement.body))
        say(f"entry {index}: {name} of {statement.source_id}, sequence {statement.sequence}; basis: {printable(basis)}")
        say("once logged, payload, shred and waiting keys are destroyed and cannot be brought back; its leaf stays")
        if found.before is not None:
            say(f"entry {found.before}, which it refers to, keeps its own payload")
        for later, name in found.stay.values():
            say(f"entry {later}, {name}, which refers to it, keeps its own payload: erase it by itself")
        asked = Request(found.log_id, bodies.Erasure(0, statement.source_id, found.target, basis))
        log_statement(directory, asked, approve, propose, as_json, f"erasure of entry {index}: {printable(basis)}")


@dataclass(slots=True)
class _Found:
    """An entry that is to be erased; ``before`` is the index of the one that it refers to.

    ``stay`` has index and body of the later ones with payloads that refer to it or to one of them, by leaf hash.
    """

    log_id: Hash
    statement: Statement
    target: bodies.Target
    before: int | None = None
    stay: dict[bytes, tuple[int, str]] = field(default_factory=dict)


async def _find(reader: LogClient, index: int) -> _Found:
    """Return the entry with what the log says around it.

    Raises:
        BeyondTree: there is no such entry.
        Refused: it has no payload, or is erased already.
    """
    size = (await reader.checkpoint()).checkpoint.size
    if index >= size:
        raise BeyondTree(f"index: the log has {size} entries")
    entry = await reader.entry(index)
    statement = entry.statement
    if roots_of(statement.body) is None:
        raise Refused(f"index: entry {index}, {body_name(type(statement.body))}, has no payload")
    target = bodies.Target(statement.sequence, leaf_hash(entry.leaf))
    found = _Found(reader.pins.log_id, statement, target)
    refers = target_of(statement)
    if refers is not None:
        found.before = (await reader.receipt(refers[0]))[1].index
    async for later, leaf in _later(reader, index + 1, size):
        _take(found, later, leaf)
    return found


async def _later(reader: LogClient, begin: int, end: int) -> AsyncIterator[tuple[int, bytes]]:
    if begin < end:
        async for chunk in reader.chunks(begin, end):
            for index, leaf in enumerate(chunk.leaves, chunk.proof.begin):
                yield index, leaf


def _take(found: _Found, index: int, leaf: bytes) -> None:
    """Take in what a later leaf says of the entry, or of one that stays; most name neither, which their bytes show."""
    known = (found.target.leaf_hash, *found.stay)
    if not any(named in leaf for named in known):
        return
    statement = decode_leaf(leaf).statement
    refers = target_of(statement)
    if refers is None or refers[1].leaf_hash not in known:
        return
    if roots_of(statement.body) is not None:
        found.stay[leaf_hash(leaf)] = (index, body_name(type(statement.body)))
    elif isinstance(statement.body, bodies.Erasure):
        if refers[1] == found.target:
            raise Refused(f"index: erased already, by entry {index}")
        del found.stay[refers[1].leaf_hash]
