"""Disclosures, slots and lookup keys of the vectors hold, and their wrong ones do not."""

import pytest

from ledger.core.bodies import SlotOpening
from ledger.core.canonical_json import encode_json
from ledger.core.errors import InvalidInput, Uncheckable, VerificationFailed
from ledger.core.lookup_keys import (
    KEY_TYPES,
    LookupKey,
    canonicalise,
    canonicalise_request,
    commitment,
    derive_commitments,
    keys_root,
    verify_canonical,
    verify_keys_root,
)
from ledger.core.merkle import leaf_hash, merkle_root
from ledger.core.record_input import disclosure_from_object
from ledger.core.sealed import aggregates_root
from ledger.core.slots import SLOT_NAMES, open_slots, slot_data, slot_salts, slots_root, verify_opening
from tests.published.reading import Case, cases, hashes, raw, rebuild, vectors

SLOTS = vectors("slots")


def key_of(shown: Case) -> LookupKey:
    """Return a lookup key that a case shows."""
    return LookupKey(shown["type"], raw(shown["value"]), shown["version"])


@pytest.mark.parametrize("case", cases("disclosures", "cases"))
def test_disclosures(case: Case) -> None:
    """What a person writes gives the JSON of each slot, the keys and the roots."""
    disclosure, secret = disclosure_from_object(case["input"]), raw(case["entry_secret"])
    record = disclosure.record.to_json_object()
    assert {name: encode_json(value).decode() for name, value in record.items()} == case["slots"]
    assert [key.canonical.hex() for key in disclosure.keys] == case["keys"]
    assert slots_root(record, secret).hex() == case["slots_root"]
    commitments = derive_commitments(disclosure.keys, secret)
    assert (commitments.root.hex(), commitments.key_class) == (case["keys_root"], case["key_class"])
    assert aggregates_root(secret).hex() == case["aggregates_root"]


def test_every_field_of_a_record_is_there() -> None:
    """The cases hold each of the 28 fields at least once."""
    held = {name for case in vectors("disclosures")["cases"] for name in case["slots"]}
    assert held == set(SLOT_NAMES[:28])
    assert vectors("disclosures")["slot_names"] == SLOTS["slot_names"] == list(SLOT_NAMES)


@pytest.mark.parametrize("case", cases("disclosures", "refused"))
def test_wrong_disclosures(case: Case) -> None:
    """An input that is no disclosure is refused."""
    with pytest.raises(InvalidInput):
        disclosure_from_object(case["input"])


@pytest.mark.parametrize("case", SLOTS["slots"], ids=SLOT_NAMES)
def test_slots(case: Case) -> None:
    """Each slot's data, hash and opening are as given, and it opens to the record's value or to none."""
    opening, root, secret = rebuild(SlotOpening, case["opening"]), raw(SLOTS["slots_root"]), raw(SLOTS["entry_secret"])
    assert (opening,) == open_slots(SLOTS["record"], secret, [case["name"]])
    assert opening.salt == slot_salts(secret)[opening.position]
    data = slot_data(opening.salt, opening.name, opening.value)
    assert (data.hex(), leaf_hash(data).hex()) == (case["data"], case["leaf_hash"])
    assert opening.value.decode() == case["json"]
    assert verify_opening(opening, root) == (case["name"], SLOTS["record"].get(case["name"]))


def test_the_slots_root() -> None:
    """The root is that of the 32 slot data, and of the record."""
    root = merkle_root([raw(case["data"]) for case in SLOTS["slots"]])
    assert root == slots_root(SLOTS["record"], raw(SLOTS["entry_secret"])) == raw(SLOTS["slots_root"])


@pytest.mark.parametrize("case", cases("slots", "refused"))
def test_wrong_openings(case: Case) -> None:
    """An opening that is changed, or that shows what no record can hold, is refused."""
    with pytest.raises((InvalidInput, VerificationFailed)):
        verify_opening(rebuild(SlotOpening, case["opening"]), raw(case["slots_root"]))


@pytest.mark.parametrize("case", cases("lookup_keys", "canonical"))
def test_canonical_keys(case: Case) -> None:
    """A spelling gives its canonical key, which canonicalising leaves as it is."""
    if "given" in case:
        key = canonicalise(case["type"], case["given"])
    else:
        key = canonicalise_request(case["authority"], case["reference"])
    assert (key.value.hex(), key.canonical.hex()) == (case["value"], case["canonical_key"])
    assert verify_canonical(key) is key


def test_every_type_of_key_is_there() -> None:
    """The spellings hold each type at least once."""
    assert {case["type"] for case in vectors("lookup_keys")["canonical"]} == set(KEY_TYPES)


@pytest.mark.parametrize("case", cases("lookup_keys", "not_keys"))
def test_what_is_no_key(case: Case) -> None:
    """A text that is no identifier of its type is refused."""
    with pytest.raises(InvalidInput):
        canonicalise(case["type"], case["given"])


@pytest.mark.parametrize("case", cases("lookup_keys", "not_canonical"))
def test_values_that_are_not_canonical(case: Case) -> None:
    """A value in another spelling than the canonical one is refused."""
    with pytest.raises(InvalidInput):
        verify_canonical(key_of(case))


@pytest.mark.parametrize("case", cases("lookup_keys", "commitments"))
def test_commitments(case: Case) -> None:
    """Salts, commitments, padding, class and root come of the keys and the entry secret."""
    keys, salts, padding = [key_of(key) for key in case["keys"]], hashes(case["salts"]), hashes(case["padding"])
    derived = derive_commitments(keys, raw(case["entry_secret"]))
    assert (derived.salts, derived.padding, derived.key_class) == (salts, padding, case["key_class"])
    commitments = [commitment(salt, key) for salt, key in zip(salts, keys, strict=True)]
    assert [item.hex() for item in commitments] == case["commitments"]
    assert [key.canonical.hex() for key in keys] == [key["canonical_key"] for key in case["keys"]]
    assert keys_root((*commitments, *padding)) == derived.root == raw(case["keys_root"])
    assert (
        verify_keys_root(list(zip(keys, salts, strict=True)), padding, case["key_class"], derived.root) == derived.root
    )


@pytest.mark.parametrize("case", cases("lookup_keys", "refused"))
def test_wrong_commitments(case: Case) -> None:
    """Keys, salts and padding that do not fill the class and give the root are refused."""
    salted = list(zip([key_of(key) for key in case["keys"]], hashes(case["salts"]), strict=True))
    with pytest.raises((InvalidInput, VerificationFailed)):
        verify_keys_root(salted, hashes(case["padding"]), case["key_class"], raw(case["keys_root"]))


@pytest.mark.parametrize("case", cases("lookup_keys", "uncheckable"))
def test_unknown_canonicalisers(case: Case) -> None:
    """A key of a version that is not known is neither right nor wrong."""
    with pytest.raises(Uncheckable):
        key_of(case)
