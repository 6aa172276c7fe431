"""A record is 32 salted slots under one root; each can be opened alone (protocol, "Record and slots").

slot data  = L("slot") ‖ salt(16) ‖ str8(name) ‖ value; name and value are empty where the field is absent
slots root = MTH over the 32 slot data in position order
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ledger.core.bodies import SlotOpening
from ledger.core.canonical_json import decode_json, encode_json
from ledger.core.encoding import Hash, check_hash, label, sha256_each, str8
from ledger.core.errors import InvalidInput, VerificationFailed
from ledger.core.merkle import LEAF_PREFIX, hash_parents, leaf_hash, tree_root
from ledger.core.proof import root_from_inclusion
from ledger.core.record_fields import FIELDS

SLOT_COUNT: Final = 32
SALT_SIZE: Final = 16
PATH_SIZE: Final = 5
RESERVED: Final = tuple(f"reserved_{position}" for position in range(len(FIELDS), SLOT_COUNT))
"""What the slots without a field are called when asked for; they are always empty."""

SLOT_NAMES: Final = tuple(field.name for field in FIELDS) + RESERVED

_SALTS: Final = label("salts")
_SLOT: Final = label("slot")
_POSITIONS: Final = {name: position for position, name in enumerate(SLOT_NAMES)}
_PREFIXES: Final = tuple(str8(name) for name in SLOT_NAMES)
_ABSENT: Final = str8("")
_MEMBERS: Final = tuple(encode_json(name) + b":" for name in SLOT_NAMES)
_SORTED: Final = sorted(range(SLOT_COUNT), key=SLOT_NAMES.__getitem__)


def slot_salts(entry_secret: bytes) -> tuple[bytes, ...]:
    """Return the 32 salts, 16 bytes each of SHAKE-256(L("salts") ‖ entry secret, 512)."""
    check_hash(entry_secret, "entry_secret")
    stream = hashlib.shake_256(_SALTS + entry_secret).digest(SALT_SIZE * SLOT_COUNT)
    return tuple([stream[at : at + SALT_SIZE] for at in range(0, len(stream), SALT_SIZE)])


def slot_data(salt: bytes, name: str, value: bytes) -> bytes:
    """Return L("slot") ‖ salt ‖ str8(name) ‖ value."""
    return _SLOT + salt + str8(name) + value


def slots_root(record_object: Mapping[str, object], entry_secret: bytes) -> Hash:
    """Return the root over all 32 slots of a record's present fields."""
    return root_of_slots(encode_slots(record_object), entry_secret)


def root_of_slots(values: Sequence[bytes], entry_secret: bytes) -> Hash:
    """Return the root over 32 values in position order, empty where absent."""
    return tree_root(_leaves(values, slot_salts(entry_secret)))


def record_json(values: Sequence[bytes]) -> bytes:
    """Return the RFC 8785 JSON of the record whose encoded values these are, in position order."""
    return b"{" + b",".join([_MEMBERS[at] + values[at] for at in _SORTED if values[at]]) + b"}"


def open_slots(
    record_object: Mapping[str, object], entry_secret: bytes, names: Iterable[str]
) -> tuple[SlotOpening, ...]:
    """Return the openings of the named slots in position order; an absent field opens as empty."""
    return open_values(encode_slots(record_object), entry_secret, names)


def open_values(values: Sequence[bytes], entry_secret: bytes, names: Iterable[str]) -> tuple[SlotOpening, ...]:
    """Return the openings of the named slots among 32 encoded values, as ``open_slots`` does."""
    wanted = set(names)
    if not wanted <= _POSITIONS.keys():
        raise InvalidInput("slots", f"unknown name; known are {', '.join(SLOT_NAMES)}")
    salts = slot_salts(entry_secret)
    levels = [_leaves(values, salts)]
    while len(levels[-1]) > 1:
        levels.append(hash_parents(levels[-1]))
    openings = []
    for position in sorted(_POSITIONS[name] for name in wanted):
        value = values[position]
        path = tuple(levels[height][position >> height ^ 1] for height in range(PATH_SIZE))
        name = SLOT_NAMES[position] if value else ""
        openings.append(SlotOpening(position, name, value, salts[position], path))
    return tuple(openings)


def verify_opening(opening: SlotOpening, root: bytes) -> tuple[str, object | None]:
    """Return the slot's name and its value, None where absent, once it leads to the slots root.

    Raises InvalidInput for a wrong size and VerificationFailed where the opening does not hold.
    """
    if not 0 <= opening.position < SLOT_COUNT:
        raise InvalidInput("slot.position", f"must be 0 to {SLOT_COUNT - 1}")
    if len(opening.salt) != SALT_SIZE:
        raise InvalidInput("slot.salt", f"must be {SALT_SIZE} bytes")
    if len(opening.path) != PATH_SIZE:
        raise InvalidInput("slot.path", f"must be {PATH_SIZE} hashes")
    for step in opening.path:
        check_hash(step, "slot.path")
    name = SLOT_NAMES[opening.position]
    value = None
    if opening.name or opening.value:
        if opening.name != name or name in RESERVED:
            raise VerificationFailed("slot: the name is not the one of its position")
        value = _value(opening.value)
    leaf = leaf_hash(slot_data(opening.salt, opening.name, opening.value))
    if root_from_inclusion(leaf, opening.position, SLOT_COUNT, opening.path) != root:
        raise VerificationFailed("slot: does not lead to the slots root")
    return name, value


def _value(data: bytes) -> object:
    """Empty text and list mean absent, so a slot that holds one is a second spelling of absence."""
    try:
        value = decode_json(data, "slot.value")
    except InvalidInput as error:
        raise VerificationFailed(str(error)) from None
    if value in ("", []):
        raise VerificationFailed("slot.value: empty, which only an absent field is")
    return value


def encode_slots(record_object: Mapping[str, object]) -> list[bytes]:
    """Return the RFC 8785 JSON of each field in position order, empty where absent; InvalidInput for any other."""
    values = [b""] * SLOT_COUNT
    for name, value in record_object.items():
        position = _POSITIONS.get(name, SLOT_COUNT)
        if position >= len(FIELDS):
            raise InvalidInput("record", "has an unknown field")
        if value in ("", []):
            raise InvalidInput(name, "empty; leave an absent field out")
        values[position] = encode_json(value, name)
    return values


def _leaves(values: Sequence[bytes], salts: Sequence[bytes]) -> list[Hash]:
    return sha256_each(
        [
            salt + prefix + value if value else salt + _ABSENT
            for salt, prefix, value in zip(salts, _PREFIXES, values, strict=True)
        ],
        LEAF_PREFIX + _SLOT,
    )
