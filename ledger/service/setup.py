"""A new ledger: keys, a private authority, settings, and the log opened, all below one directory."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.core import bodies
from ledger.core.encoding import Hash, check_hash, decode_hex, sha256
from ledger.core.errors import ConfigInvalid, InvalidInput
from ledger.core.note import VKey
from ledger.core.policy import Policy
from ledger.core.rules import check_approval_policy, check_name
from ledger.core.sealing_policy import SealingPolicy
from ledger.core.signing import PublicKey
from ledger.engine.guard import HighWater
from ledger.engine.recovery import create
from ledger.host import files
from ledger.service import config
from ledger.service import keys as key_files
from ledger.service.certificates import Certified, issue_server, make_authority

NO_WITNESSES: Final = b"quorum none\n"
CERTIFICATES: Final = "certs"
LOG_ID: Final = "log-id"
"""The file that holds the log id in hex."""
VKEY: Final = "log.vkey"
"""The file that holds the log's verifier key."""
WITNESS_POLICY: Final = "witness-policy"
"""The file that holds the log's current witness policy, for the profiles of its clients."""

HTTP_EXAMPLE: Final = "127.0.0.1:7444"

_LISTENERS: Final = ("public_listen", "role_listen", "metrics_listen", "http_listen")
_SETTINGS: Final = """\
# What `ledger serve` goes by. Every setting is also an environment variable: LEDGER_ and its name in capitals.
public_listen = {public_listen}      # server TLS: checkpoints, entries, proofs, receipts for anyone
role_listen = {role_listen}        # mutual TLS: sources, auditors, admins
metrics_listen = {metrics_listen}     # Prometheus over HTTP; "" switches it off
{http}http_listen = {http_listen}  # the log as static files (tlog-tiles) over HTTP, for mirrors
# public_address = "ledger.example:7440"  # what clients dial, where it is not what the server binds
# role_address = "ledger.example:7441"
# plaintext_listen = "127.0.0.1:7443"     # public calls without TLS, loopback only
# queue_bytes = 67108864                  # what may wait for the writer
# stop_seconds = 30                       # how long a stop waits for calls under way
# quorum_seconds = 10                     # how long a call waits for the witnesses' quorum
# confirm_start = true                    # record nothing until the witnesses' quorum confirmed the store
# anchor_minutes = 60                     # from one ANCHOR to the next, with traffic in between
# idle_anchor_minutes = 1440              # and without
# log_level = "info"                      # debug, info, warning or error
# refused_certificates = []               # SHA-256 fingerprints of certificates that were withdrawn

[[grants]]
role = "source"
san = "ledger://source/*"

[[grants]]
role = "auditor"
san = "ledger://auditor/*"

[[grants]]
role = "admin"
san = "ledger://admin/*"
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a log is opened with; addresses are HOST:PORT."""

    origin: str
    approvers: tuple[PublicKey, ...]
    threshold: int
    witness_policy: bytes
    sealing_policy: bytes
    hosts: Sequence[str] = ("localhost", "127.0.0.1", "::1")
    public_listen: str = "127.0.0.1:7440"
    role_listen: str = "127.0.0.1:7441"
    metrics_listen: str = "127.0.0.1:7442"
    http_listen: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What strangers need to know of a new log."""

    vkey: VKey
    log_id: Hash


def open_log(directory: Path, opening: Opening, now: float) -> Opened:
    """Create a ledger in an empty or missing ``directory``; raise before writing anything if a part does not fit.

    Raises:
        InvalidInput: origin, approvers, threshold, a host or a policy is malformed.
        ConfigInvalid: the directory is not empty, its path is too long for a local socket, or an address is malformed.
    """
    check_name(opening.origin, "origin")
    Policy.parse(opening.witness_policy)
    SealingPolicy.parse(opening.sealing_policy)
    thresholds = (bodies.Threshold(0, opening.threshold),)
    check_approval_policy(opening.approvers, thresholds)
    if directory.exists() and any(directory.iterdir()):
        raise ConfigInvalid([f"{directory}: not empty; a ledger needs a directory of its own"])
    listeners = {name: getattr(opening, name) for name in _LISTENERS}
    config.check(directory, **listeners)
    started = datetime.fromtimestamp(now, UTC)
    authority = make_authority(opening.origin, started)
    server = issue_server(authority, opening.hosts, started)
    keys = key_files.generate(opening.origin)
    vkey = keys.writer.checkpoint.vkey()
    opened = bodies.LogOpened(
        Hash(os.urandom(32)),
        opening.origin,
        vkey.format(),
        (keys.writer.chain.public,),
        Hash(keys.vrf_public.key),
        opening.approvers,
        thresholds,
        sha256(opening.witness_policy),
        sha256(opening.sealing_policy),
    )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_files.save(directory / "keys", keys)
    _write_certificates(directory / CERTIFICATES, authority, server)
    (directory / config.FILE).write_text(_settings(listeners))
    recovered = create(
        directory / "store", opened, keys.writer, int(now) // 60, opening.witness_policy, opening.sealing_policy
    )
    recovered.store.close()
    log_id = recovered.state.log_id
    guard = HighWater(directory / "high-water.json", log_id)
    guard.note(recovered.tree.size, recovered.tree.root)
    (directory / LOG_ID).write_text(log_id.hex() + "\n")
    (directory / VKEY).write_text(vkey.format() + "\n")
    write_policy(directory, opening.witness_policy)
    return Opened(vkey, log_id)


def _settings(listeners: Mapping[str, str]) -> str:
    """Return the text of the settings; what is off stands there as an example."""
    shown = {**listeners, "http_listen": listeners["http_listen"] or HTTP_EXAMPLE}
    addresses = {name: json.dumps(address) for name, address in shown.items()}
    return _SETTINGS.format(http="" if listeners["http_listen"] else "# ", **addresses)


def _write_certificates(directory: Path, authority: Certified, server: Certified) -> None:
    directory.mkdir(mode=0o700)
    (directory / "ca.crt").write_bytes(authority.certificate)
    (directory / "server.crt").write_bytes(server.certificate)
    key_files.write_secret(directory / "ca.key", authority.key.decode().strip())
    key_files.write_secret(directory / "server.key", server.key.decode().strip())


def write_policy(directory: Path, policy: bytes) -> None:
    """Keep the current witness policy beside the store, which only its server can read while that runs."""
    files.put(directory / WITNESS_POLICY, policy)


def read_policy(directory: Path) -> bytes:
    """Return the current witness policy; raise ConfigInvalid if its file is missing."""
    path = directory / WITNESS_POLICY
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigInvalid([f"{path}: missing; the server writes it when it starts"]) from None


def read_log_id(directory: Path) -> Hash:
    """Return the log id that ``open_log`` wrote; raise ConfigInvalid if the file is missing or malformed."""
    path = directory / LOG_ID
    try:
        return check_hash(decode_hex(path.read_text().strip(), "log_id"), "log_id")
    except (OSError, UnicodeDecodeError, InvalidInput):
        raise ConfigInvalid([f"{path}: missing or malformed; it holds the log id in hex"]) from None


def load_authority(directory: Path) -> Certified:
    """Return the private authority of a ledger's directory."""
    certificates = directory / CERTIFICATES
    return Certified((certificates / "ca.crt").read_bytes(), (certificates / "ca.key").read_bytes())
