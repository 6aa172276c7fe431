"""The sealing and publication policy: RFC 8785 JSON {min_auditors, publish}; the log holds its digest (protocol §4)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import rfc8785

from ledger.core import bodies
from ledger.core.errors import InvalidInput, PolicySuperseded
from ledger.core.record_fields import FIELDS
from ledger.core.record_kinds import Choice, Country, Integer, ListOf
from ledger.core.statement import Leaf

PUBLISHABLE: Final = tuple(
    field.name
    for field in FIELDS
    if isinstance(field.kind, Choice | Country | Integer)
    or (isinstance(field.kind, ListOf) and isinstance(field.kind.element, Choice))
)
"""The fields that a policy may make public: words and counts, no text, time or digest that could name a case."""

_POSITIONS: Final = {field.name: field.slot for field in FIELDS}


@dataclass(frozen=True, slots=True)
class SealingPolicy:
    """How many auditors each batch key is boxed to at least, and which fields stand open in a leaf."""

    min_auditors: int = 1
    publish: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if type(self.min_auditors) is not int or self.min_auditors < 1:
            raise InvalidInput("sealing_policy", "min_auditors must be a whole number of at least 1")
        if not set(self.publish) <= set(PUBLISHABLE):
            raise InvalidInput("sealing_policy", f"publish may name {', '.join(PUBLISHABLE)}")
        if list(self.positions) != sorted(set(self.positions)):
            raise InvalidInput("sealing_policy", "publish must name fields in the order of their slots, each once")

    @property
    def positions(self) -> tuple[int, ...]:
        """The slots of the fields that stand open."""
        return tuple([_POSITIONS[name] for name in self.publish])

    @classmethod
    def parse(cls, policy: bytes) -> "SealingPolicy":
        """Parse strictly; raise InvalidInput unless the policy is well-formed and canonical."""
        try:
            value = json.loads(policy)
            canonical = rfc8785.dumps(value) == policy
        except (ValueError, RecursionError, rfc8785.CanonicalizationError):
            raise InvalidInput("sealing_policy", "must be RFC 8785 JSON") from None
        if not canonical or not isinstance(value, dict) or set(value) != {"min_auditors", "publish"}:
            raise InvalidInput("sealing_policy", "must be RFC 8785 JSON {min_auditors, publish}")
        publish = value["publish"]
        if not isinstance(publish, list) or not all(isinstance(name, str) for name in publish):
            raise InvalidInput("sealing_policy", "publish must be a list of field names")
        return cls(value["min_auditors"], tuple(publish))

    def format(self) -> bytes:
        """Return the policy's one spelling."""
        return rfc8785.dumps({"min_auditors": self.min_auditors, "publish": list(self.publish)})

    def check_published(self, leaves: Sequence[Leaf]) -> None:
        """Raise PolicySuperseded unless each disclosure without an embargo opens what the policy says, no more."""
        said = [leaf.statement.body for leaf in leaves if self.publish or not leaf.is_plain]  # a plain one opens none
        disclosed = [body for body in said if isinstance(body, bodies.Disclosure) and body.embargo is None]
        if any(tuple([item.position for item in body.openings]) != self.positions for body in disclosed):
            raise PolicySuperseded("openings: not the fields that the policy in force makes public")


DEFAULT: Final = SealingPolicy().format()
"""One auditor a batch, no field public."""
