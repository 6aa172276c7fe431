"""Slots and lookup keys come out of docs/protocol.md alone."""

import pytest

from tests.vectors import lookup, records
from tests.vectors.basics import Case, Disproven, Unchecked, h, leaf_hash, named, root_of, vectors
from tests.vectors.document import slots as slot_names

DISCLOSURES, SLOTS, KEYS = vectors("disclosures"), vectors("slots"), vectors("lookup_keys")
SECRET = h(SLOTS["entry_secret"])


def keys_of(case: Case) -> list[lookup.Key]:
    """Return the lookup keys of a case."""
    return [lookup.Key(key["type"], h(key["value"]), key["version"]) for key in case["keys"]]


def test_slots_bear_the_names_of_the_document() -> None:
    """The table of fields gives the names of slots 0 to 27; the others are reserved."""
    for file in (DISCLOSURES, SLOTS):
        assert tuple(file["slot_names"][:28]) == slot_names()
        assert file["slot_names"][28:] == [f"reserved_{position}" for position in range(28, 32)]


@pytest.mark.parametrize("case", DISCLOSURES["cases"], ids=named(DISCLOSURES["cases"]))
def test_roots_of_disclosures_come_out_as_published(case: Case) -> None:
    """The slots' values give the slots root; the keys, class and keys root; the secret, the aggregates root."""
    secret = h(case["entry_secret"])
    record = {name: records.read_json(value.encode()) for name, value in case["slots"].items()}
    assert records.slots_root(record, secret) == h(case["slots_root"])
    canonical = [h(key) for key in case["keys"]]
    salts, padding = lookup.derive(len(canonical), secret)
    commitments = [*map(lookup.commitment, salts, canonical), *padding]
    assert len(commitments) == case["key_class"]
    assert root_of([leaf_hash(one) for one in sorted(commitments)]) == h(case["keys_root"])
    assert records.stream("aggregates", secret, 32) == h(case["aggregates_root"])


@pytest.mark.parametrize("case", DISCLOSURES["cases"], ids=named(DISCLOSURES["cases"]))
def test_what_people_write_gives_the_slots(case: Case) -> None:
    """Each field that is not empty gives its slot's JSON, a list sorted by the bytes of its elements' JSON."""
    written = {name: value for name, value in case["input"]["record"].items() if value not in ("", [])}
    found = {
        name: sorted(value, key=records.canonical_json) if isinstance(value, list) else value
        for name, value in written.items()
    }
    assert {name: records.canonical_json(value).decode() for name, value in found.items()} == case["slots"]


def test_each_slot_comes_out_as_published() -> None:
    """Salt, data and leaf hash of each of the 32 slots are as published, and each opening leads to the root."""
    data = records.all_slots(SLOTS["record"], SECRET)
    assert [h(slot["data"]) for slot in SLOTS["slots"]] == data
    assert [h(slot["leaf_hash"]) for slot in SLOTS["slots"]] == [leaf_hash(item) for item in data]
    assert [h(slot["opening"]["salt"]) for slot in SLOTS["slots"]] == records.salts(SECRET)
    assert records.slots_root(SLOTS["record"], SECRET) == h(SLOTS["slots_root"])
    for slot in SLOTS["slots"]:
        check_opening(slot["opening"], SLOTS["slots_root"])


def check_opening(opening: Case, root: str) -> None:
    """Raise Disproven unless an opening holds."""
    path = [h(step) for step in opening["path"]]
    value, salt = h(opening["value"]), h(opening["salt"])
    records.check_opening(opening["position"], opening["name"], value, salt, path, h(root))


@pytest.mark.parametrize("case", SLOTS["refused"], ids=named(SLOTS["refused"]))
def test_wrong_openings_are_refused(case: Case) -> None:
    """No published wrong opening holds under the root beside it."""
    with pytest.raises(Disproven):
        check_opening(case["opening"], case["slots_root"])


@pytest.mark.parametrize("case", KEYS["canonical"], ids=named(KEYS["canonical"]))
def test_lookup_keys_come_out_as_published(case: Case) -> None:
    """What people write gives the value; trunk prefixes of telephone numbers are left to libphonenumber."""
    value = h(case["value"])
    if case["type"] == "request":
        made = lookup.request_value(case["authority"], case["reference"])
    else:
        made = lookup.canonical_value(case["type"], case["given"].replace("(0)", "").encode())
    assert made == value
    assert lookup.canonical_value(case["type"], value) == value
    assert lookup.Key(case["type"], value).canonical() == h(case["canonical_key"])


@pytest.mark.parametrize("case", KEYS["not_canonical"], ids=named(KEYS["not_canonical"]))
def test_other_spellings_are_refused(case: Case) -> None:
    """A value that is not canonical makes no canonical key."""
    with pytest.raises(Disproven):
        lookup.Key(case["type"], h(case["value"]), case["version"]).canonical()


@pytest.mark.parametrize("case", KEYS["commitments"], ids=named(KEYS["commitments"]))
def test_commitments_come_out_as_published(case: Case) -> None:
    """The entry secret gives salts and padding; with the keys they give commitments and root."""
    keys = keys_of(case)
    salts, padding = lookup.derive(len(keys), h(case["entry_secret"]))
    assert salts == [h(salt) for salt in case["salts"]]
    assert padding == [h(piece) for piece in case["padding"]]
    canonical = [key.canonical() for key in keys]
    assert canonical == [h(key["canonical_key"]) for key in case["keys"]]
    commitments = [lookup.commitment(*pair) for pair in zip(salts, canonical, strict=True)]
    assert commitments == [h(one) for one in case["commitments"]]
    lookup.check_keys(keys, salts, padding, case["key_class"], h(case["keys_root"]))


@pytest.mark.parametrize("case", KEYS["refused"], ids=named(KEYS["refused"]))
def test_wrong_keys_are_refused(case: Case) -> None:
    """No published wrong keys, salts and padding are those of the class and root beside them."""
    salts, padding = [h(salt) for salt in case["salts"]], [h(piece) for piece in case["padding"]]
    with pytest.raises(Disproven):
        lookup.check_keys(keys_of(case), salts, padding, case["key_class"], h(case["keys_root"]))


@pytest.mark.parametrize("case", KEYS["uncheckable"], ids=named(KEYS["uncheckable"]))
def test_unknown_canonicalisers_are_not_judged(case: Case) -> None:
    """A key of a canonicaliser that is not known could not be checked."""
    with pytest.raises(Unchecked):
        lookup.Key(case["type"], h(case["value"]), case["version"]).canonical()
