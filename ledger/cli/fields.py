"""``ledger fields``: some fields of one entry, opened for somebody who is to see no others."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Annotated, Final

import grpc
import typer

from ledger.cli.options import ProfileOption, load_key, refuse_existing, write_whole
from ledger.cli.outcome import command, say
from ledger.client import profile
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_reader
from ledger.client.payloads import Sealed, audited_payloads, find_key, find_payload, open_sealed, own_payloads
from ledger.client.profile import Profile
from ledger.client.reads import Entry
from ledger.core.encoding import decode_decimal
from ledger.core.errors import ConfigInvalid, InvalidInput, NotPermitted
from ledger.core.opened import Recorded, check_names, open_fields, verify_fields
from ledger.core.receipt import VerifiedReceipt
from ledger.core.sealed_keys import x25519_secret
from ledger.core.statement import body_name
from ledger.v1 import disclosure_pb2

ROLES: Final = ("source", "auditor")


def fields(
    where: Annotated[str, typer.Argument(metavar="INDEX", help="The entry.")],
    names: Annotated[str, typer.Option("--open", metavar="NAME,NAME…", help="The fields to open, and no others.")],
    profile_path: ProfileOption,
    key: Annotated[
        Path | None, typer.Option("--key", "-k", help="Source or auditor key; by default the profile's.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; by default standard output.")] = None,
) -> None:
    """Open fields of an entry for somebody else: who has the file can prove them, and learns no others."""
    with command():
        index, wanted = decode_decimal(where, "entry"), check_names(names.split(","))
        if out is not None:
            refuse_existing(out)
        held = profile.load(profile_path)
        if held.role not in ROLES:
            raise ConfigInvalid(["profile: opening fields needs a profile of the role source or auditor"])
        pair = load_key(key if key is not None else held.path(held.key or f"{held.role}.key"), held.role)
        data = asyncio.run(_open(held, pair, index, wanted))
        if out is None:
            print(data.decode(), end="")
        else:
            write_whole(out, data)
        say(f"verified: entry {index}, opened in {', '.join(sorted(wanted))}")


async def _open(held: Profile, pair: KeyFile, index: int, wanted: Iterable[str]) -> bytes:
    secret = x25519_secret(pair.secret.seed) if held.role == "source" else pair.x25519_secret
    async with open_reader(held, as_role=True) as reader, held.role_channel() as channel:
        receipt, verified = await reader.receipt(index)
        body = verified.statement.body
        if not isinstance(body, Recorded):
            raise InvalidInput("entry", f"is a {body_name(type(body))}, which has no record")
        batches = [batch async for batch in _fetch(channel, held, verified)]
    sealed = find_payload(batches, index)
    data = as_file(verified, sealed, find_key(sealed.batch, secret), wanted, receipt)
    verify_fields(data, held.pins.vkey)
    return data


def _fetch(
    channel: grpc.aio.Channel, held: Profile, entry: VerifiedReceipt
) -> AsyncIterator[disclosure_pb2.SealedBatch]:
    """Return what fetches an entry's payload, and no other, in the caller's role."""
    statement = entry.statement
    if held.role == "auditor":
        return audited_payloads(channel, entry.index, entry.index + 1)
    if statement.source_id != held.name:
        raise NotPermitted("entry: of another source, which alone can open it, or an accredited auditor")
    return own_payloads(channel, held.name, statement.sequence, statement.sequence + 1)


def as_file(entry: VerifiedReceipt, sealed: Sealed, batch_key: bytes, names: Iterable[str], receipt: bytes) -> bytes:
    """Return the file that opens fields of a sealed payload; raise VerificationFailed where that is not the entry's."""
    opened = open_sealed(Entry(entry.index, b"", entry.statement), entry.log_id, sealed, batch_key)
    return open_fields(opened.record_object, opened.entry_secret, names, receipt).format()
