"""``ledger fields``: some fields of one entry, opened for somebody who is to see no others."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import grpc
import typer

from ledger.cli.options import ProfileOption, load_key, refuse_existing, write_whole
from ledger.cli.outcome import command, say
from ledger.client import profile
from ledger.client.keyfile import KeyFile
from ledger.client.opening import open_reader
from ledger.client.profile import Profile
from ledger.client.transport import translate
from ledger.core.encoding import decode_decimal
from ledger.core.errors import ConfigInvalid, InvalidInput, NotPermitted, Refused, VerificationFailed
from ledger.core.opened import Recorded, check_names, open_fields, verify_fields
from ledger.core.receipt import VerifiedReceipt
from ledger.core.sealed import open_payload, verify_payload_digest
from ledger.core.sealed_keys import open_box, x25519_secret
from ledger.core.statement import body_name
from ledger.v1 import audit_pb2, audit_pb2_grpc, disclosure_pb2, disclosure_pb2_grpc

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
        with translate():
            batches = [batch async for batch in _stream(channel, held, verified)]
    batch, sealed = find_payload(batches, index)
    data = open_sealed(verified, body, sealed, find_key(batch, secret), wanted, receipt)
    verify_fields(data, held.pins.vkey)
    return data


def _stream(channel: grpc.aio.Channel, held: Profile, entry: VerifiedReceipt) -> Any:
    """Return the call that fetches an entry's payload, and no other, in the caller's role."""
    statement = entry.statement
    if held.role == "auditor":
        auditing: Any = audit_pb2_grpc.AuditServiceStub(channel)
        return auditing.StreamSealedPayloads(
            audit_pb2.StreamSealedPayloadsRequest(begin=entry.index, end=entry.index + 1)
        )
    if statement.source_id != held.name:
        raise NotPermitted("entry: of another source, which alone can open it, or an accredited auditor")
    disclosing: Any = disclosure_pb2_grpc.DisclosureServiceStub(channel)
    begin = statement.sequence
    return disclosing.StreamOwnPayloads(
        disclosure_pb2.StreamOwnPayloadsRequest(source_id=held.name, begin=begin, end=begin + 1)
    )


def find_payload(
    batches: Iterable[disclosure_pb2.SealedBatch], index: int
) -> tuple[disclosure_pb2.SealedBatch, disclosure_pb2.SealedPayload]:
    """Return an entry's payload and its batch; raise Refused where the ledger gives none."""
    for batch in batches:
        for erased in batch.erased:
            if erased.index == index:
                raise Refused(f"payload: the ledger says that it was erased, at entry {erased.erasure}")
        for sealed in batch.payloads:
            if sealed.index == index:
                return batch, sealed
    raise Refused("payload: the ledger gives none of this entry, and no erasure")


def find_key(batch: disclosure_pb2.SealedBatch, secret: bytes) -> bytes:
    """Return the key in the first box of a batch, or deposited for it, that an X25519 key opens.

    Raises:
        NotPermitted: it opens none.
    """
    for item in (*batch.sealed_keys, *batch.deposited):
        try:
            return open_box(item.box, secret)
        except (VerificationFailed, InvalidInput):
            continue
    raise NotPermitted("key: opens no box of the entry's batch, which was sealed to others or to an earlier key")


def open_sealed(
    entry: VerifiedReceipt,
    body: Recorded,
    sealed: disclosure_pb2.SealedPayload,
    batch_key: bytes,
    names: Iterable[str],
    receipt: bytes,
) -> bytes:
    """Return the file that opens fields of a sealed payload; raise VerificationFailed where that is not the entry's."""
    statement = entry.statement
    payload = verify_payload_digest(sealed.payload, body.payload_digest)
    opened = open_payload(payload, batch_key, entry.log_id, statement.source_id, statement.sequence, sealed.shred)
    try:
        return open_fields(opened.record_object, opened.entry_secret, names, receipt).format()
    except InvalidInput as error:
        raise VerificationFailed(f"payload content: {error}") from None
