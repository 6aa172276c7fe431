"""What a client of a role needs, in a folder of its own: certificate, key, authority, policy, a ready profile."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.client import profile
from ledger.client.profile import NO_WITNESSES, AllowedAuditor, Profile
from ledger.core.errors import ConfigInvalid, InvalidInput
from ledger.core.policy import Policy
from ledger.core.rules import check_enrolled_id, check_name
from ledger.service import config, keys
from ledger.service.certificates import DEFAULT_DAYS, issue_client
from ledger.service.server import serving
from ledger.service.setup import WITNESS_POLICY, load_authority, read_log_id, read_policy

CLIENT_ROLES: Final = ("public", "source", "auditor", "admin")


def issue(
    directory: Path,
    role: str,
    name: str,
    out: Path,
    auditors: tuple[AllowedAuditor, ...] = (),
    days: int = DEFAULT_DAYS,
) -> Profile:
    """Make the folder ``out`` for a client of the ledger in ``directory`` and return its profile.

    Raises:
        InvalidInput: unknown role, or a name that the role cannot bear.
        ConfigInvalid: the server's port is not known yet.
        FileExistsError: ``out`` is there already.
    """
    if role not in CLIENT_ROLES:
        raise InvalidInput("role", f"must be one of {', '.join(CLIENT_ROLES)}")
    check_enrolled_id(name) if role == "source" else check_name(name, "name")
    made = _profile(directory, out, role, name, auditors)
    policy, authority = read_policy(directory), load_authority(directory)
    if Policy.parse(policy).quorum is not None:
        made = replace(made, witnesses=WITNESS_POLICY)
    out.mkdir(mode=0o700, parents=True)
    (out / made.authority).write_bytes(authority.certificate)
    if made.witnesses != NO_WITNESSES:
        (out / made.witnesses).write_bytes(policy)
    if role != "public":
        client = issue_client(authority, role, name, datetime.now(UTC), days)
        (out / made.certificate).write_bytes(client.certificate)
        keys.write_secret(out / made.certificate_key, client.key.decode().strip())
    profile.save(out / profile.FILE, made)
    return made


def _profile(directory: Path, out: Path, role: str, name: str, auditors: tuple[AllowedAuditor, ...]) -> Profile:
    settings = config.load(directory)
    bound = serving(directory)
    public = settings.public_address or (bound.public if bound else settings.public_listen)
    roles = settings.role_address or (bound.role if bound else settings.role_listen)
    if public.endswith(":0") or (role != "public" and roles.endswith(":0")):
        raise ConfigInvalid(["the server's port is chosen when it starts: start it first, or set public_address"])
    vkey = keys.load(settings.path(settings.keys)).writer.checkpoint.vkey()
    private = role != "public"
    return Profile(
        out,
        vkey.name,
        vkey.format(),
        read_log_id(directory).hex(),
        public,
        role_address=roles if private else "",
        role=role,
        name=name,
        certificate="client.crt" if private else "",
        certificate_key="client.key" if private else "",
        key=f"{role}.key" if role in ("source", "auditor") else "",
        auditors=auditors,
    )
