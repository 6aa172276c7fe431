"""A disclosure filled with what occurs nowhere else, in every field and key, and wrong inputs that carry it."""

import json
from collections.abc import Iterator, Mapping

from tests.cli.commands import lines

DIGEST, OTHER_DIGEST = "5eaf00d5" * 8, "0ddba115" * 8
TEXTS = {
    "request_reference": "Zq01 Reference Quillfeather",
    "provider_reference": "Zq02 Provider Marrowbone",
    "authority_name": "Zq03 Constabulary of Thistledown",
    "legal_basis": "Zq04 § 77 Act of Fennelworth",
    "offence_category": "Zq05 larceny of Würzgarten",
    "source_system": "Zq06-egress-briarholm",
    "notes": "Zq07 the subject sings 詩 at Larkspur Lane",
}
CHOICES = {
    "authority_type": "CIVIL_LITIGANT",
    "authority_country": "US-CA",
    "requester_verification": "VERIFIED_CHANNEL",
    "transmission_route": "BUDAPEST_PROTOCOL",
    "legal_process": "EPOC_PRESERVATION",
    "urgency": "EMERGENCY",
    "outcome": "PARTIAL",
    "user_notice": "PROHIBITED",
}
NUMBERS = {"accounts_requested": 8_675_309_417, "accounts_disclosed": 7_316_498_205}
TIMES = {
    "received_at": "2019-04-17T03:21:54.981Z",
    "decided_at": "2019-04-18T04:22:55.982Z",
    "produced_at": "2019-04-19T05:23:56.983Z",
    "legal_basis_due_at": "2019-04-20T06:24:57.984Z",
}
RANGE = {"from": "2018-01-02T07:25:58.985Z", "to": "2018-02-03T08:26:59.986Z"}
ORDER = {"basis": "EU_EEVIDENCE", "issued_at": "2019-04-16T02:20:53.980Z", "expires_at": "INDEFINITE", "scope": "BOTH"}
ARTIFACT = {"sha256": DIGEST, "bytes": 6_203_918_574, "media_type": "application/x-zq-gossamer"}
RECIPIENT = {"name": "Zq08 Inspector Hollyhock", "key_id": "Zq09-key-of-hollyhock"}
APPROVALS = ["Zq10 Approver Wintergreen", "Zq11 Approver Snapdragon"]
RECORD: dict[str, object] = {
    **TEXTS,
    **CHOICES,
    **NUMBERS,
    **TIMES,
    "data_categories": ["LOGIN_HISTORY", "PHONE_NUMBER"],
    "data_range": RANGE,
    "nondisclosure_order": ORDER,
    "artifact": ARTIFACT,
    "recipient": RECIPIENT,
    "approvals": APPROVALS,
}
KEYS: list[dict[str, str]] = [
    {"type": "phone", "value": "+1 202 555 0147"},
    {"type": "email", "value": "zq12.Larkspur@Thistledown.example"},
    {"type": "account", "value": "Zq13-account-bluebell"},
    {"type": "username", "value": "Zq14_primrose"},
    {"type": "ip", "value": "2001:db8:51:52::147"},
    {"type": "artifact", "value": OTHER_DIGEST},
    {"type": "request", "authority": "Zq15 Court of Meadowsweet", "reference": "Zq16/1147/Foxglove"},
]
AS_GIVEN = {"+1 202 555 0147", "zq12.Larkspur@Thistledown.example", "Zq15 Court of Meadowsweet", "Zq16/1147/Foxglove"}
"""Values of keys that are not in their canonical form, which alone is kept."""
CANONICAL = ["+12025550147", "zq12.larkspur@thistledown.example", "zq15 court of meadowsweet", "zq16/1147/foxglove"]


def _texts(value: object) -> Iterator[str]:
    """Yield every text and number inside a JSON value, as text."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


TYPES = {key["type"] for key in KEYS}
WORDS = {*CHOICES.values(), "LOGIN_HISTORY", "PHONE_NUMBER", "EU_EEVIDENCE", "INDEFINITE"}
"""Plaintexts that messages name because they are choices."""

PLAINTEXTS = sorted({text for text in (*_texts(RECORD), *_texts(KEYS), *CANONICAL) if len(text) >= 8} - TYPES)
BINARY = [bytes.fromhex(DIGEST), bytes.fromhex(OTHER_DIGEST)]
"""What digests look like where somebody decoded them."""


def given(record: Mapping[str, object] = RECORD, keys: object = KEYS) -> dict[str, object]:
    """Return the disclosure as its JSON object, perhaps with another record or other keys."""
    return {"record": record, "keys": keys}


def bad_inputs() -> Iterator[tuple[str, str]]:
    """Yield texts, and their form, that carry plaintexts and are refused."""
    secret = TEXTS["notes"]
    for name in RECORD:
        yield lines(given({**RECORD, name: [{secret: secret}]})), "jsonl"
    for key in KEYS:
        if key["type"] in ("phone", "email", "ip", "artifact"):
            yield lines(given(keys=[{"type": key["type"], "value": f"{secret}\n"}])), "jsonl"
    yield lines(given({**RECORD, secret: secret})), "jsonl"
    yield lines(given(keys=[{"type": secret, "value": secret}, *KEYS])), "jsonl"
    yield lines(given(keys=[*KEYS, *KEYS])), "jsonl"
    yield lines(given({**RECORD, "outcome": "WITHDRAWN"})), "jsonl"
    yield lines(given(), {"record": {}, **{secret: RECORD}}), "jsonl"
    yield json.dumps(given())[:-9], "json"
    yield f"{secret}: [{secret}", "yaml"
    yield f"a: !{secret.split()[0]} {secret}", "yaml"
    yield f"{secret}: 1\n{secret}: 2", "yaml"
