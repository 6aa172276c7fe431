"""Governance as an operator asks for it: requests under keys made from names, numbered and approved."""

from dataclasses import replace
from typing import Any, cast

from ledger.client.requests import Request, request_auditor, request_source
from ledger.core import bodies, mirror
from ledger.core.encoding import sha256
from ledger.core.sealing_policy import DEFAULT
from ledger.core.statement import body_name
from ledger.v1.admin_pb2 import GovernRequest
from tests.core.world import secret
from tests.served import Served


def auditor(served: Served, name: str, key: str = "") -> Request:
    """Return a request to accredit an auditor."""
    return request_auditor(served.log_id, secret(key or name), sha256(b"x25519 " + (key or name).encode()), name)


def source(served: Served, source_id: str, key: str = "", **how: Any) -> Request:
    """Return a request to enrol a source."""
    return request_source(served.log_id, secret(key or source_id), source_id, how.pop("service", "mail"), **how)


def policy(served: Served, **changes: Any) -> Request:
    """Return a proposal to change the policies, by default to what they are."""
    body = bodies.PolicyChanged(
        0,
        sha256(b"quorum none\n"),
        sha256(DEFAULT),
        (served.approver.public.public,),
        (bodies.Threshold(0, 1),),
    )
    return Request(served.log_id, replace(body, **changes))


def request_of(body: bodies.Governance, **files: bytes) -> GovernRequest:
    """Return a body as it travels."""
    request = GovernRequest(
        witness_policy=files.get("witness_policy", b""), sealing_policy=files.get("sealing_policy", b"")
    )
    message = getattr(request, body_name(type(body)).lower())
    message.SetInParent()
    mirror.write(body, message)
    return request


def ready(served: Served, request: Request, **changes: Any) -> bodies.Governance:
    """Return what is asked for numbered, changed, and approved."""
    numbered = request.numbered(served.server.sequencer.view.governing.next_number)
    changed = replace(numbered, body=cast(bodies.Governance, replace(cast(Any, numbered.body), **changes)))
    return changed.approved([served.approver.secret]).body
