"""The tables of docs/protocol.md: messages with their fields, bodies with their numbers, fields of a record."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "protocol.md"
SCALARS: Final = ("u32", "u64", "enum", "text", "bytes", "hash")

_FIELD: Final = re.compile(r"\| (\d+) \| `(\w+)` \| (list of )?(\w+) \| ?(.*) \|\Z")
_BODY: Final = re.compile(r"\| (\d+) \| ([A-Z_]+) \| (ledger|source) \|")
_SLOT: Final = re.compile(r"\| (\d+) \| `(\w+)` \| (.*) \|\Z")
_MEMBER: Final = re.compile(r"(\d+) ([A-Z][A-Z_0-9]+)")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: ``type`` is one of ``SCALARS`` or another message's name, ``rule`` the words beside it."""

    number: int
    name: str
    type: str
    repeated: bool
    rule: str

    @property
    def members(self) -> dict[str, int]:
        """The members of an enum, by name."""
        return {name: int(number) for number, name in _MEMBER.findall(self.rule)}

    @property
    def optional(self) -> bool:
        """Whether a message may be absent."""
        return self.rule.startswith("or none")


def lines() -> list[str]:
    """Return the document's lines."""
    return DOCUMENT.read_text(encoding="utf-8").splitlines()


@cache
def messages() -> dict[str, tuple[Field, ...]]:
    """Return the fields of each message under a heading of its name, a body's name being that of the bodies' table."""
    found: dict[str, list[Field]] = {}
    name = None
    for line in lines():
        if line.startswith("#"):
            level, name = line.split(" ", 1)
            name = name if level == "####" else None
        elif name is not None and (row := _FIELD.match(line)):
            number, field, repeated, kind, rule = row.groups()
            found.setdefault(name, []).append(Field(int(number), field, kind, bool(repeated), rule))
    bodies_ = [Field(number, name.lower(), name, False, "or none") for number, (name, _) in sorted(bodies().items())]
    *head, seal = found["Statement"]
    return {**{key: tuple(value) for key, value in found.items()}, "Statement": (*head, *bodies_, seal)}


@cache
def bodies() -> dict[int, tuple[str, str]]:
    """Return each body's name and who says it, by its number."""
    rows = [row for row in map(_BODY.match, lines()) if row]
    return {int(row[1]): (row[2], row[3]) for row in rows}


@cache
def slots() -> tuple[str, ...]:
    """Return the names of a record's slots, in order; the reserved ones have none."""
    start, end = (lines().index(heading) for heading in ("## 5. Record and slots", "## 6. Lookup keys"))
    rows = [row for row in map(_SLOT.match, lines()[start:end]) if row]
    names = {int(row[1]): row[2] for row in rows}
    return tuple(names[position] for position in range(len(names)))
