"""The sealing and publication policy: RFC 8785 JSON {min_auditors, publish}; the log holds its digest."""

import json
from typing import Final

import rfc8785

from ledger.core.errors import InvalidInput

DEFAULT: Final = rfc8785.dumps({"min_auditors": 1, "publish": []})
"""One auditor a batch, no field public."""


def minimum_auditors(policy: bytes) -> int:
    """Return how many auditors each batch key must be boxed to; raise InvalidInput unless the policy is well-formed."""
    try:
        value = json.loads(policy)
        canonical = rfc8785.dumps(value) == policy
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        raise InvalidInput("sealing_policy", "must be RFC 8785 JSON") from None
    if not canonical or not isinstance(value, dict) or set(value) != {"min_auditors", "publish"}:
        raise InvalidInput("sealing_policy", "must be RFC 8785 JSON {min_auditors, publish}")
    minimum, publish = value["min_auditors"], value["publish"]
    if type(minimum) is not int or minimum < 1:
        raise InvalidInput("sealing_policy", "min_auditors must be a whole number of at least 1")
    if not isinstance(publish, list) or not all(isinstance(name, str) for name in publish):
        raise InvalidInput("sealing_policy", "publish must be a list of field names")
    return minimum
