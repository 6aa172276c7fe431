"""The 32 slots of one record, their openings, and openings that must not verify."""

from dataclasses import replace
from typing import Final

from ledger.core.bodies import SlotOpening
from ledger.core.encoding import Hash, sha256
from ledger.core.merkle import leaf_hash, tree_root
from ledger.core.proof import prove_inclusion
from ledger.core.slots import (
    SLOT_COUNT,
    SLOT_NAMES,
    open_slots,
    slot_data,
    slot_salts,
    slots_root,
    verify_opening,
)
from vectors.plain import Json, case
from vectors.proving import fetch_from
from vectors.records import disclosure
from vectors.refusing import refused
from vectors.seeds import seed

_SECRET: Final = seed("slots, entry secret")
_RECORD: Final = disclosure("texts that JSON escapes or sorts with care").record.to_json_object()
_ROOT: Final = slots_root(_RECORD, _SECRET)
_OUTCOME: Final = 19


def slots() -> Json:
    """Return the slots of a record, an opening of each, and openings to refuse."""
    openings = open_slots(_RECORD, _SECRET, SLOT_NAMES)
    return {
        "description": [
            'salt number i = bytes 16i to 16i+15 of SHAKE-256(L("salts") ‖ entry_secret), 512 bytes.',
            (
                "slots: value is RFC 8785 JSON in hex, json the same as text; name and value are empty where the "
                "record has no such field, and in the reserved slots 28 to 31."
            ),
            (
                'data = L("slot") ‖ salt ‖ str8(name) ‖ value. leaf_hash = SHA-256(00 ‖ data). slots_root: RFC 6962 '
                "root of the 32 in the order of their positions. path: 5 hashes, leaf sibling first, to slots_root."
            ),
            (
                "An opening must have a position of 0 to 31, a salt of 16 bytes, a path of 5 hashes of 32 bytes, the "
                "name slot_names[position] and a value in canonical JSON that is neither an empty text nor an empty "
                "list, or else neither name nor value, and must lead to the root."
            ),
            "refused: openings that must not verify against the slots_root beside them.",
        ],
        "slot_names": list(SLOT_NAMES),
        "record": _RECORD,
        "entry_secret": _SECRET.hex(),
        "slots_root": _ROOT.hex(),
        "slots": [_slot(opening) for opening in openings],
        "refused": [_refused(name, opening, root) for name, (opening, root) in _wrong(openings[_OUTCOME]).items()],
    }


def _slot(opening: SlotOpening) -> Json:
    data = slot_data(opening.salt, opening.name, opening.value)
    verify_opening(opening, _ROOT)
    return case(
        SLOT_NAMES[opening.position],
        opening=opening,
        json=opening.value.decode(),
        data=data,
        leaf_hash=leaf_hash(data),
    )


def _wrong(good: SlotOpening) -> dict[str, tuple[SlotOpening, Hash]]:
    def changed(**changes: object) -> tuple[SlotOpening, Hash]:
        return replace(good, **changes), _ROOT  # type: ignore[arg-type]  # every row names real members

    return {
        "another root": (good, sha256(_ROOT)),
        "another position": changed(position=18),
        "position 32": changed(position=32),
        "another slot's name": changed(name="urgency"),
        "no name": changed(name=""),
        "another value": changed(value=b'"PARTIAL"'),
        "no value": changed(value=b""),
        "shown as absent": changed(name="", value=b""),
        "another salt": changed(salt=slot_salts(_SECRET)[0]),
        "a salt of 15 bytes": changed(salt=good.salt[:-1]),
        "a path of four": changed(path=good.path[:-1]),
        "a path of six": changed(path=(*good.path, good.path[0])),
        "the path reversed": changed(path=good.path[::-1]),
        "a hash of 31 bytes in the path": changed(path=(good.path[0][:-1], *good.path[1:])),
        "a name in a reserved slot": _forged(28, "reserved_28", b"1"),
        "another slot's name, and a root that has it": _forged(_OUTCOME, "urgency", b'"ROUTINE"'),
        "a name without a value, and a root that has it": _forged(_OUTCOME, "outcome", b""),
        "a value without a name, and a root that has it": _forged(_OUTCOME, "", b'"FULL"'),
        "an empty text, and a root that has it": _forged(27, "notes", b'""'),
        "an empty list, and a root that has it": _forged(25, "approvals", b"[]"),
        "null, and a root that has it": _forged(27, "notes", b"null"),
        "a space after JSON, and a root that has it": _forged(14, "accounts_disclosed", b"1 "),
        "a fraction, and a root that has it": _forged(14, "accounts_disclosed", b"1.5"),
        "2^53, and a root that has it": _forged(14, "accounts_disclosed", b"9007199254740992"),
        "an escape that need not be, and a root that has it": _forged(27, "notes", b'"\\u0041"'),
        "names out of order, and a root that has them": _forged(24, "recipient", b'{"name":"a","key_id":"b"}'),
        "a name twice, and a root that has it": _forged(24, "recipient", b'{"name":"a","name":"a"}'),
        "no UTF-8, and a root that has it": _forged(27, "notes", b'"\xff"'),
    }


def _forged(position: int, name: str, value: bytes) -> tuple[SlotOpening, Hash]:
    """An opening that leads to its root, with nothing in the other slots."""
    salts = slot_salts(_SECRET)
    hashes = [leaf_hash(slot_data(salt, "", b"")) for salt in salts]
    hashes[position] = leaf_hash(slot_data(salts[position], name, value))
    path = prove_inclusion(position, SLOT_COUNT, fetch_from(hashes))
    return SlotOpening(position, name, value, salts[position], path), tree_root(hashes)


def _refused(name: str, opening: SlotOpening, root: Hash) -> Json:
    refused(name, lambda: verify_opening(opening, root))
    return case(name, opening=opening, slots_root=root)
