"""Targets: files that people hand over, settings, and the rows of a store."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ledger.cli.demo import figures
from ledger.cli.history import read_fields
from ledger.client import keyfile, profile
from ledger.client.approvals import Draft, OfficerApproval
from ledger.client.requests import Request
from ledger.core import bodies
from ledger.core.encoding import ZERO_HASH, Hash
from ledger.core.errors import (
    ConfigInvalid,
    InvalidInput,
    NotAuthenticated,
    StoreBehind,
    StoreDamaged,
    Uncheckable,
)
from ledger.core.periods import DAY
from ledger.core.record import PartialRecord
from ledger.core.sealed import payload_plaintext
from ledger.engine import rows
from ledger.engine.guard import HighWater
from ledger.service import config
from tests.core.world import START, secret
from tests.fuzz.driving import Target, require_same
from tests.fuzz.messages import protobuf
from tests.fuzz.mutating import text
from tests.fuzz.seeds import DISCLOSURES, as_json, log, submissions

_QUEUE_KEY: Final = bytes(range(32))


def _file(read: Callable[[Path], object], name: str = "file") -> Callable[[bytes], None]:
    """Return what reads an input as a file of one's own."""

    def check(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            read(path)

    return check


def _request(data: bytes) -> None:
    request = Request.parse(data.decode("utf-8", "surrogateescape"))
    require_same(Request.parse(request.format()), request)


def _draft(data: bytes) -> None:
    draft = Draft.parse(data.decode("utf-8", "surrogateescape"))
    require_same(Draft.parse(draft.format()), draft)
    require_same(set(draft.facts), _FACTS)


def _approval(data: bytes) -> None:
    approval = OfficerApproval.parse(data.decode("utf-8", "surrogateescape"))
    require_same(OfficerApproval.parse(approval.format()), approval)


def _key(path: Path) -> None:
    key = keyfile.load(path, _passphrase(path))
    require_same(key.secret.public.key, key.public.ed25519)


def _passphrase(path: Path) -> Callable[[], bytes] | None:
    """Return a passphrase unless the file asks for more memory than a test machine should give."""
    try:
        asked = json.loads(path.read_bytes())["secret"]["argon2id"]
        modest = asked["operations"] <= 2 and asked["bytes"] <= 2**20
    except (ValueError, KeyError, TypeError, RecursionError):
        modest = True
    return (lambda: b"a passphrase") if modest else None


def _profile(path: Path) -> None:
    loaded = profile.load(path)
    loaded.pins  # noqa: B018 -- what was accepted can be used
    again = path.with_name("again.toml")
    profile.save(again, loaded)
    require_same(profile.load(again), loaded)


def _settings(path: Path) -> None:
    config.check(path.parent)


def _fields(path: Path) -> None:
    """Fields of a DELIVERY or EMBARGO_EXTENDED; what is taken in can be sealed and reads back the same."""
    record = PartialRecord.from_json_object(read_fields(path))
    payload_plaintext(_QUEUE_KEY, (), record.to_json_object())
    require_same(PartialRecord.from_json_object(record.to_json_object()), record)


def _mark(path: Path) -> None:
    world = log()
    HighWater(path, world.log_id).check(world.size, world.root)


def _marks() -> tuple[bytes, ...]:
    world = log()
    return as_json({"log_id": world.log_id.hex(), "size": world.size - 1, "root": world.root(world.size - 1).hex()})


def _exact(read: Callable[[bytes], Any], write: Callable[[Any], bytes]) -> Callable[[bytes], None]:
    return lambda data: require_same(write(read(data)), data)


def _key_files() -> tuple[bytes, ...]:
    source = {"ed25519": "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"}
    kinds = [keyfile.generate(kind, "witness.example" if kind == "witness" else "") for kind in keyfile.KINDS]
    made = []
    for key in kinds:
        secret = {"ed25519": key.secret.seed.hex()} | ({"x25519": key.x25519_secret.hex()} if key.x25519_secret else {})
        made.append({"kind": key.public.kind, "version": 1, "public": key.public.to_object(), "secret": secret})
    argon = {"salt": "00" * 16, "operations": 1, "bytes": 8192}
    locked = {"argon2id": argon, "nonce": "00" * 24, "ciphertext": "00" * 80}
    return as_json(*made, {"kind": "source", "version": 1, "public": source, "secret": locked})


def _profiles() -> tuple[bytes, ...]:
    world = log()
    head = f'origin = "log.example"\nvkey = "{world.vkey.format()}"\nlog_id = "{world.log_id.hex()}"\naddress = "a:1"\n'
    auditor = f'\n[[auditors]]\nname = "one"\ned25519 = "{"11" * 32}"\nx25519 = "{"22" * 32}"\n'
    return (
        (head + 'witnesses = "none"\n').encode(),
        (head + 'name = "alpha"\nwitnesses = "policy"\nstate = "s"\n' + auditor * 2).encode(),
    )


_SETTINGS: Final = (
    b'public_listen = "[::1]:0"\nworkers = 3\nstop_seconds = 2.5\nlog_level = "debug"\n',
    b'queue_bytes = 8388608\nplaintext_listen = "127.0.0.1:1"\nstore = "s"\nrefused_certificates = ["'
    + b"ab" * 32
    + b'"]\n\n[[grants]]\nrole = "source"\nsan = "ledger://source/*"\n\n[[grants]]\nrole = "admin"\nname = "one"\n'
    + b'fingerprint = "'
    + b"cd" * 32
    + b'"\n',
)
_FIGURES: Final = as_json(
    {"FRA": [{"from": "20240101", "to": "20240331", "requests": 4, "users": 17}], "KAZ": []},
    {
        "HUN": [
            {"from": "20240101", "to": "20241231", "requests": 0, "users": 0},
            {"from": "20240101", "to": "20240101", "requests": 9, "users": 0},
        ]
    },
)


def _requests() -> tuple[bytes, ...]:
    world = log()
    found: list[bodies.Governance] = [world.enrolment("gamma"), world.accreditation("three")]
    return tuple(Request(world.log_id, body).format().encode() for body in found)


def _draft_of(**fields: Any) -> Draft:
    start, none = START // DAY * DAY, bodies.Count(0, 0)
    body = bodies.Closing(start, start + DAY, 0, 1, bodies.Count(1, 1), none, none, none, ZERO_HASH, 0, ZERO_HASH)
    return Draft(log().log_id, "alpha", replace(body, **fields))


_DRAFTS: Final = (
    _draft_of(),
    _draft_of(previous=Hash(bytes(range(32))), egress_digest=Hash(bytes(range(32, 64))), first_sequence=1),
)
_FACTS: Final = set(_DRAFTS[0].facts)
_APPROVALS: Final = tuple(draft.approve(secret("officer")) for draft in _DRAFTS)


def _texts(files: Iterable[Draft | OfficerApproval]) -> tuple[bytes, ...]:
    return tuple(file.format().encode() for file in files)


def _row_targets() -> tuple[Target, ...]:
    world = log()
    batch = rows.BatchRow("alpha", 3, 2, 1, world.log_id)
    sources = tuple(rows.write_source(source) for source in world.state.sources.values())
    auditors = tuple(rows.write_auditor(auditor) for auditor in world.state.auditors.values())
    boxes = world.placed[-2].submission
    assert boxes is not None
    sealed = rows.seal_lookup_keys((), world.log_id, _QUEUE_KEY, bytes(24))
    damaged = (StoreDamaged,)
    return (
        Target(
            "read_batch_row",
            _exact(rows.read_batch_row, rows.write_batch_row),
            damaged,
            (rows.write_batch_row(batch),),
            text,
        ),
        Target("read_source", _exact(rows.read_source, rows.write_source), damaged, sources, text),
        Target("read_auditor", _exact(rows.read_auditor, rows.write_auditor), damaged, auditors, text),
        Target(
            "read_governing",
            _exact(rows.read_governing, rows.write_governing),
            damaged,
            (rows.write_governing(world.state.governing),),
            text,
        ),
        Target(
            "read_sealed_keys",
            _exact(rows.read_sealed_keys, rows.write_sealed_keys),
            damaged,
            (rows.write_sealed_keys(boxes.sealed_keys),),
            protobuf,
        ),
        Target(
            "open_lookup_keys",
            lambda data: rows.open_lookup_keys(data, world.log_id, _QUEUE_KEY),
            damaged,
            (sealed, *submissions()),
            text,
        ),
    )


TARGETS: Final = (
    Target("Request.parse", _request, (InvalidInput, Uncheckable), _requests(), text),
    Target("Draft.parse", _draft, (InvalidInput, Uncheckable), _texts(_DRAFTS), text),
    Target("OfficerApproval.parse", _approval, (InvalidInput, Uncheckable), _texts(_APPROVALS), text),
    Target("keyfile.load", _file(_key), (InvalidInput, NotAuthenticated), _key_files(), text),
    Target("keyfile.load_public", _file(keyfile.load_public), (InvalidInput,), _key_files(), text),
    Target("profile.load", _file(_profile), (ConfigInvalid,), _profiles(), text),
    Target("config.check", _file(_settings, config.FILE), (ConfigInvalid,), _SETTINGS, text),
    Target(
        "read_fields", _file(_fields), (InvalidInput,), as_json({}, *(item["record"] for item in DISCLOSURES)), text
    ),
    Target("HighWater.check", _file(_mark), (StoreBehind, StoreDamaged), _marks(), text),
    Target("figures.load", _file(figures.load), (InvalidInput,), _FIGURES, text),
    *_row_targets(),
)
