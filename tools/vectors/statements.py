"""Statements with every body."""

from typing import Final

from ledger.core import bodies
from ledger.core.merkle import leaf_hash
from ledger.core.rules import LEDGER, MAX_MINUTE
from ledger.core.signing import Signature
from ledger.core.statement import (
    MAX_SEQUENCE,
    Seal,
    Statement,
    body_field,
    body_name,
    decode_leaf,
    encode_statement,
)
from vectors.plain import Json, case
from vectors.saying import EVERY_BODY, disclosure_body
from vectors.seeds import LOG_OPENED, MINUTE, SOURCE, seed

SEAL: Final = Seal(seed("sealed keys digest"), (Signature(1, seed("seal R") + seed("seal S")),))


def statements() -> Json:
    """Return statements with their leaves."""
    said = [Statement(speaker(body), 300 + at, MINUTE, body) for at, body in enumerate(EVERY_BODY)]
    sealed = [
        Statement(SOURCE, MAX_SEQUENCE, MAX_MINUTE, disclosure_body(), SEAL),
        Statement(LEDGER, 0, 0, LOG_OPENED, SEAL),
    ]
    return {
        "description": [
            (
                "Leaves: serialisations of ledger.v1.Statement (protos/ledger/v1/statement.proto) in canonical form: "
                "fields in number order, defaults left out, nothing unknown."
            ),
            (
                "cases: statement holds the fields by name; hashes and bytes in hex, an enum's value without its "
                "prefix, absent messages left out, version 1 understood. body_field is the number of the field of the "
                "oneof that is set."
            ),
            (
                "Serialise statement to leaf, and decode leaf to statement. leaf_hash = SHA-256(00 ‖ leaf). unsealed "
                "is the leaf without field 536870911, a prefix of it. Signatures and keys here are arbitrary bytes: "
                "none verifies."
            ),
            "refused: each leaf must be refused.",
            (
                "uncheckable: version, body or extension is not known. That must be told apart from refused, whatever "
                "else is wrong with the leaf: nothing is proven or disproven."
            ),
        ],
        "cases": [_statement(statement) for statement in (*said, *sealed)],
    }


def speaker(body: bodies.Body) -> str:
    """Return who says a body: the ledger, or the source."""
    return SOURCE if isinstance(body, bodies.SOURCE_BODIES) else LEDGER


def _statement(statement: Statement) -> Json:
    leaf = decode_leaf(encode_statement(statement))
    return case(
        f"{body_name(type(statement.body))} at {statement.sequence}{' with a seal' if statement.seal else ''}",
        body_field=body_field(type(statement.body)),
        statement=statement,
        leaf=leaf.data,
        leaf_hash=leaf_hash(leaf.data),
        unsealed=leaf.unsealed,
    )
