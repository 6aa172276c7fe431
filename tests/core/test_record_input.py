"""A disclosure's text is understood whole or refused, without a value in the error."""

import json
from collections.abc import Callable

import jsonschema
import pytest

from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import LookupKey, canonicalise, canonicalise_request
from ledger.core.record_input import (
    Disclosure,
    disclosure_from_object,
    load_json,
    load_json_lines,
    load_yaml,
)
from ledger.core.record_schema import record_schema
from tests.core.test_record import FULL, MINIMAL

KEYS = [
    {"type": "phone", "value": "+1 202 555 0100"},
    {"type": "request", "authority": "Example Police", "reference": "CASE-1"},
]
GIVEN: dict[str, object] = {"record": FULL, "keys": KEYS}
EXPECTED_KEYS = (canonicalise("phone", "+12025550100"), canonicalise_request("Example Police", "CASE-1"))

YAML = """
record:
  authority_type: POLICE
  authority_country: NO
  legal_process: SEARCH_WARRANT
  urgency: ROUTINE
  data_categories: [SUBSCRIBER]
  accounts_disclosed: 1
  produced_at: 2026-03-03T10:00:00.000Z
  outcome: FULL
  artifact: {sha256: abababababababababababababababababababababababababababababababab, bytes: 4096,
             media_type: application/zip}
  recipient: {name: Example Police, key_id: k1}
keys:
- {type: phone, value: "+12025550100"}
"""


def test_an_object_becomes_a_disclosure() -> None:
    """Record and keys are read together, and the schema takes the same object."""
    disclosure = disclosure_from_object(GIVEN)
    assert disclosure.keys == EXPECTED_KEYS
    assert disclosure.record.to_json_object() == FULL
    jsonschema.validate(GIVEN, record_schema(), jsonschema.Draft202012Validator)
    assert disclosure_from_object({"record": MINIMAL}).keys == ()


def test_every_loader_gives_the_same() -> None:
    """JSON, JSON lines and YAML of one disclosure are one disclosure; JSON is YAML."""
    text = json.dumps(GIVEN)
    one = disclosure_from_object(GIVEN)
    assert load_json(text) == (one,)
    assert load_json(f"[{text},{text}]") == (one, one)
    assert list(load_json_lines([text, "\n", text])) == [one, one]
    assert load_yaml(text) == (one,)
    assert load_yaml(f"--- {text}\n--- [{text}]") == (one, one)


def test_yaml_scalars_are_json_scalars() -> None:
    """In YAML the country NO stays a text and a time stays a text."""
    (disclosure,) = load_yaml(YAML)
    assert disclosure.record.authority_country == "NO"
    assert disclosure.record.produced_at == "2026-03-03T10:00:00.000Z"
    assert disclosure.record.to_json_object() == MINIMAL


OBJECTS: list[tuple[object, str]] = [
    ([], "disclosure: must be an object"),
    ({}, "required: record"),
    ({**GIVEN, "subjects": []}, "unknown field; known are record, keys"),
    ({**GIVEN, "keys": {}}, "keys: must be a list"),
    ({**GIVEN, "keys": ["x"]}, "keys[0]: key: must be an object"),
    ({**GIVEN, "keys": [*KEYS, {"type": "phone"}]}, "keys[2]: key: required: value"),
    ({**GIVEN, "keys": [{"type": "request", "value": "x"}]}, "known are type, authority, reference"),
    ({**GIVEN, "keys": [{"type": "request", "authority": "x", "reference": 1}]}, "must be a text"),
    ({**GIVEN, "keys": [{"type": "shoe", "value": "x"}]}, "must be one of phone"),
    ({**GIVEN, "keys": [{"type": ["x"], "value": "x"}]}, "must be one of phone"),
    ({**GIVEN, "keys": [{"type": "phone", "value": "x", "salt": "y"}]}, "known are type, value"),
    ({**GIVEN, "keys": [KEYS[0], KEYS[0]]}, "a key appears twice"),
    ({"record": {}, "keys": [{"type": "phone", "value": "SECRET"}]}, "keys[0]: keys.value: not a telephone"),
    ({"record": {}, "keys": [{"type": "phone", "value": "SECRET"}]}, "authority_type: required"),
]


@pytest.mark.parametrize(("given", "message"), OBJECTS)
def test_wrong_objects_are_refused(given: object, message: str) -> None:
    """Unknown, missing and malformed members are refused with the known ones, never the value."""
    with pytest.raises(InvalidInput) as refused:
        disclosure_from_object(given)
    assert message in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_at_most_256_keys() -> None:
    """A disclosure of 257 keys is refused with the bound, from objects and from code."""
    keys = [{"type": "account", "value": f"{n}"} for n in range(257)]
    with pytest.raises(InvalidInput, match="more than 256"):
        disclosure_from_object({**GIVEN, "keys": keys})
    record = disclosure_from_object(GIVEN).record
    with pytest.raises(InvalidInput, match="more than 256"):
        Disclosure(record, tuple(LookupKey("account", b"%d" % n) for n in range(257)))


TEXTS: list[tuple[Callable[[str], object], str, str]] = [
    (load_json, "{", "json: not JSON at line 1, column 2"),
    (load_json, '{"record":{},"record":{}}', "an object has a member twice"),
    (load_json, "9" * 5000, "a number is too long"),
    (load_json, "[" * 100_000, "nested too deeply"),
    (load_json, "[{}]", "element 1: disclosure: required: record"),
    (load_yaml, "record: {}\nrecord: {}", "line 2: a member stands twice"),
    (load_yaml, "a: &x 1\nb: *x", "line 2: an alias"),
    (load_yaml, "1: a", "line 1: a member name that is not a text"),
    (load_yaml, "[a]: a", "line 1: a member name that is not a text"),
    (load_yaml, "a: !!timestamp 2026-01-01", "line 1: not YAML, or a tag"),
    (load_yaml, "a: !!python/name:os.system x", "line 1: not YAML, or a tag"),
    (load_yaml, "a: [", "not YAML"),
    (load_yaml, "a: !!int SECRET", "yaml: not YAML"),
    (load_yaml, "a: \x00", "yaml: not YAML"),
    (load_yaml, "[" * 20_000, "yaml: not YAML"),
    (load_yaml, "record: ~", "must be an object"),
    (load_yaml, "- 1.5\n- true\n- -3\n- null", "element 1: disclosure: must be an object"),
]


@pytest.mark.parametrize(("load", "text", "message"), TEXTS)
def test_wrong_texts_are_refused(load: Callable[[str], object], text: str, message: str) -> None:
    """Doubled members, aliases, foreign tags, depth and syntax errors are refused where they stand."""
    with pytest.raises(InvalidInput) as refused:
        load(text)
    assert message in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_an_error_names_its_line() -> None:
    """The third line's mistake is reported as line 3, after the first two were yielded."""
    text = json.dumps(GIVEN)
    read = load_json_lines([text, "", '{"record": 1}'])
    next(read)
    with pytest.raises(InvalidInput, match="line 3: disclosure"):
        next(read)
