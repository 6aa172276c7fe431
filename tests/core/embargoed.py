"""Entries that others refer to, in a log in memory: disclosures under embargo, and what is said of them."""

from dataclasses import replace
from typing import Final

from ledger.core import bodies
from ledger.core.building import (
    Approve,
    Prepared,
    prepare,
    prepare_amendment,
    prepare_correction,
    prepare_delivery,
    prepare_extension,
    prepare_lift,
)
from ledger.core.inner import approve
from ledger.core.lookup_keys import LookupKey, canonicalise
from ledger.core.record import PartialRecord
from ledger.core.rules import month_of
from ledger.core.sealed import open_payload
from ledger.core.sealed_keys import open_box
from tests.core.world import START, AuditorKeys, World, disclosure, secret

MONTH: Final = month_of(START)
KEYS: Final = (canonicalise("account", "nobody-1"), canonicalise("ip", "2001:db8::1"))
ORDER: Final = {
    "nondisclosure_order": {
        "basis": "NATIONAL",
        "issued_at": "2025-11-20T00:00:00.000Z",
        "expires_at": "2026-02-01T00:00:00.000Z",
        "scope": "USER",
    }
}
HANDED: Final = PartialRecord.from_json_object({"produced_at": "2025-11-25T10:00:00.000Z"})
PROLONGED: Final = PartialRecord.from_json_object(ORDER)
OFFICERS: Final = (secret("officer 1"), secret("officer 2"))
DELIVERED: Final = bodies.DeliveryResult.DELIVERED


def gagged(world: World, until: int = MONTH + 3, keys: tuple[LookupKey, ...] = KEYS) -> Prepared:
    """Return a disclosure under embargo up to ``until``."""
    return prepare(replace(disclosure(*keys, **ORDER), embargo=until), world.entropy)


def delivery(world: World, index: int) -> Prepared:
    """Return the DELIVERY of entry ``index``."""
    return prepare_delivery(world.target(index), DELIVERED, HANDED, world.entropy)


def correction(world: World, index: int, withheld: bool = False) -> Prepared:
    """Return a CORRECTION of the disclosure at ``index``: it was withdrawn."""
    return prepare_correction(world.target(index), disclosure(*KEYS, outcome="WITHDRAWN"), withheld, world.entropy)


def amendment(world: World, index: int) -> Prepared:
    """Return a CORRECTION of what the DELIVERY or EMBARGO_EXTENDED at ``index`` says."""
    return prepare_amendment(world.target(index), HANDED, world.entropy)


def extension(world: World, index: int, number: int, until: int, officers: int = 0) -> Prepared:
    """Return extension ``number`` of the embargo of entry ``index``, approved by so many officers."""
    return prepare_extension(world.target(index), number, until, PROLONGED, approved(world, officers), world.entropy)


def approved(world: World, officers: int) -> Approve:
    """Return what has so many of the officers approve."""
    return lambda body: approve(world.log_id, body, OFFICERS[:officers], "alpha")


def lift(world: World, index: int, auditor: str = "one") -> Prepared:
    """Return the EMBARGO_LIFTED of entry ``index``, with the keys that its payload holds."""
    return prepare_lift(world.target(index), *opened_by(world, index, auditor))


def live(world: World, source_id: str, auditor: str) -> dict[str, int]:
    """Log a disclosure under embargo and all that can become of it, and one that is delivered and erased.

    Returns the indexes by name: gagged, extended, corrected, lifted, lifted later, delivered, open, erased, still.
    """
    names = {"gagged": world.say(source_id, gagged(world))}
    at = names["gagged"]
    names["extended"] = world.say(source_id, extension(world, at, 1, MONTH + 5))
    names["corrected"] = world.say(source_id, correction(world, at, withheld=True))
    names["lifted"] = world.say(source_id, lift(world, at, auditor), lift(world, names["corrected"], auditor))
    names["lifted later"] = names["lifted"] + 1
    names["delivered"] = world.say(source_id, delivery(world, at), amendment(world, names["extended"]))
    names["open"] = world.say(source_id, prepare(disclosure(*KEYS), world.entropy))
    names["erased"] = world.govern(world.erasure(names["open"]))
    names["lifted and erased"] = world.govern(world.erasure(at))
    names["still"] = world.say(source_id, gagged(world))
    return names


def opened_by(world: World, index: int, auditor: str = "one") -> tuple[tuple[LookupKey, ...], bytes]:
    """Return the keys and the entry secret of entry ``index``, as an auditor opens it."""
    placed = world.batch_at(index)
    assert placed.submission is not None
    position = index - placed.first
    item = next(item for item in placed.submission.attachments if item.position == position)
    key_id = next(found.key_id for found in world.state.auditors.values() if found.name == auditor)
    box = next(found.box for found in placed.submission.sealed_keys if found.key_id == key_id)
    batch_key = open_box(box, AuditorKeys.of(auditor).x25519_secret)
    sequence = placed.batch.first_sequence + position
    opened = open_payload(item.payload, batch_key, world.log_id, placed.batch.source_id, sequence, item.shred)
    return opened.keys, opened.entry_secret


def with_officers(threshold: int) -> World:
    """Return a log whose source alpha has two officers."""
    world = World.open()
    world.secrets["alpha"] = secret("alpha 0")
    keys = tuple(officer.public for officer in OFFICERS)
    world.govern(
        world.proven(replace(world.enrolment("alpha"), officers=keys, officer_threshold=threshold), secret("alpha 0"))
    )
    world.add_auditor("one")
    return world
