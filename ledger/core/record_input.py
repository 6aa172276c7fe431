"""A disclosure arrives as JSON or YAML text and is either understood whole or refused (protocol, "Record").

    {"record": {fields}, "keys": [{"type": "phone", "value": "+12025550100"},
                                  {"type": "request", "authority": "...", "reference": "..."}],
     "embargo": "2027-03", "late_for": "2026-10"}

The embargo, if there is one, ends with the first of the month named; the record then has a nondisclosure_order. What is
recorded late names the closed period in which it happened: a month, a week as 2026-W48, or a day.

YAML is read with JSON's scalars only: ``NO`` stays a country and a time stays a text.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from ledger.core.errors import InvalidInput
from ledger.core.lookup_keys import MAX_KEYS, REQUEST, LookupKey, canonicalise, canonicalise_request
from ledger.core.periods import parse_period
from ledger.core.record import DisclosureRecord, embargo_order
from ledger.core.rules import parse_month

DISCLOSURE_FIELDS: Final = ("record", "keys", "embargo", "late_for")

_YAML: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A record and the identifiers of the people it is about, at most 256 and none twice.

    ``embargo`` is the month, since 1970-01, with whose first day a gag order ends, None without one; ``late_for`` is
    the first minute, since the epoch, of the closed period in which it happened, None where that is not closed.
    """

    record: DisclosureRecord
    keys: tuple[LookupKey, ...] = ()
    embargo: int | None = None
    late_for: int | None = None

    def __post_init__(self) -> None:
        if len(self.keys) > MAX_KEYS:
            raise InvalidInput("keys", f"more than {MAX_KEYS}; split the disclosure into parts")
        if len(set(self.keys)) < len(self.keys):
            raise InvalidInput("keys", "a key appears twice")
        if self.embargo is not None:
            embargo_order(self.record)


def disclosure_from_object(given: object) -> Disclosure:
    """Return the disclosure of a parsed object; raise InvalidInput with all mistakes together."""
    members = _members(given, "disclosure", DISCLOSURE_FIELDS, ("record",))
    problems: list[str] = []
    record, keys = None, []
    try:
        record = DisclosureRecord.from_json_object(members["record"])
    except InvalidInput as error:
        problems.append(str(error))
    listed = members.get("keys", [])
    if not isinstance(listed, list):
        listed = []
        problems.append("keys: must be a list")
    for position, key in enumerate(listed[: MAX_KEYS + 1]):
        try:
            keys.append(_key(key))
        except InvalidInput as error:
            problems.append(f"keys[{position}]: {error}")
    dates: dict[str, int] = {}
    for name, parse in (("embargo", parse_month), ("late_for", parse_period)):
        try:
            if name in members:
                dates[name] = parse(members[name], name)
        except InvalidInput as error:
            problems.append(str(error))
    if problems or record is None:
        raise InvalidInput("disclosure", "; ".join(problems))
    return Disclosure(record, tuple(keys), **dates)


def load_json(text: str) -> tuple[Disclosure, ...]:
    """Return the disclosures of one JSON text, an object or an array of objects."""
    return _disclosures(parse_json(text))


def load_json_lines(lines: Iterable[str]) -> Iterator[Disclosure]:
    """Yield the disclosure of each line, blank ones skipped; InvalidInput's field is ``line N``."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            disclosure = disclosure_from_object(parse_json(line))
        except InvalidInput as error:
            raise InvalidInput(f"line {number}", str(error)) from None
        yield disclosure


def load_yaml(text: str) -> tuple[Disclosure, ...]:
    """Return the disclosures of every document of a YAML text, each an object or a list of objects."""
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))  # a narrowed SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}" if mark else "yaml"
        raise InvalidInput(where, _reason(error)) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidInput("yaml", "not YAML") from None
    return tuple(disclosure for document in documents for disclosure in _disclosures(document))


def _disclosures(parsed: object) -> tuple[Disclosure, ...]:
    if not isinstance(parsed, list):
        return (disclosure_from_object(parsed),)
    found = []
    for number, given in enumerate(parsed, start=1):
        try:
            found.append(disclosure_from_object(given))
        except InvalidInput as error:
            raise InvalidInput(f"element {number}", str(error)) from None
    return tuple(found)


def _key(given: object) -> LookupKey:
    if isinstance(given, Mapping) and given.get("type") == REQUEST:
        names = ("type", "authority", "reference")
        members = _members(given, "key", names, names)
        return canonicalise_request(members["authority"], members["reference"])
    members = _members(given, "key", ("type", "value"), ("type", "value"))
    return canonicalise(members["type"], members["value"])


def _members(given: object, what: str, known: tuple[str, ...], required: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidInput(what, "must be an object")
    if not given.keys() <= set(known):
        raise InvalidInput(what, f"has an unknown field; known are {', '.join(known)}")
    missing = [name for name in required if name not in given]
    if missing:
        raise InvalidInput(what, f"required: {', '.join(missing)}")
    return given


def parse_json(text: str) -> object:
    """Return a JSON value; raise InvalidInput for anything else, a member that stands twice included."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise InvalidInput("json", f"not JSON at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise InvalidInput("json", "nested too deeply, or a number is too long") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidInput("json", "an object has a member twice")
    return members


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases, YAML 1.1's scalars, tags of one's own, and doubled or non-text keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's own shape
    yaml_constructors = {  # noqa: RUF012  # likewise
        _YAML + "null": yaml.SafeLoader.construct_yaml_null,
        _YAML + "bool": yaml.SafeLoader.construct_yaml_bool,
        _YAML + "int": yaml.SafeLoader.construct_yaml_int,
        _YAML + "float": yaml.SafeLoader.construct_yaml_float,
        _YAML + "str": yaml.SafeLoader.construct_yaml_str,
        _YAML + "seq": yaml.SafeLoader.construct_yaml_seq,
        _YAML + "map": yaml.SafeLoader.construct_yaml_map,
        None: yaml.SafeLoader.construct_undefined,
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias: it makes a small text large."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it out
            raise yaml.composer.ComposerError(None, None, "alias", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is no text or stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _YAML + "str":
                raise yaml.constructor.ConstructorError(None, None, "key", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "doubled", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(_YAML + "null", re.compile(r"(?:null|~|)\Z"), ["n", "~", ""])
_Loader.add_implicit_resolver(_YAML + "bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])
_Loader.add_implicit_resolver(_YAML + "int", re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), list("-0123456789"))
_Loader.add_implicit_resolver(
    _YAML + "float",
    re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)\Z"),
    list("-0123456789"),
)

_REASONS: Final = {
    "alias": "an alias, which is not taken",
    "key": "a member name that is not a text",
    "doubled": "a member stands twice",
}


def _reason(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's own sentences can quote the text, so they are not passed on."""
    return _REASONS.get(error.problem or "", "not YAML, or a tag beyond JSON's types")
