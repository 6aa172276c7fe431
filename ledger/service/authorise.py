"""Who a caller is: a role and a name, from the listener and the certificate it came with.

Nobody in particular is ``public``. Roles are granted by the certificate's URI name or by its fingerprint; the local
socket is ``admin``, because only the operator's account can open it.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import unquote

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.core.errors import NotAuthenticated, NotPermitted

Role = Literal["source", "auditor", "admin"]
ROLES: Final[tuple[Role, ...]] = ("source", "auditor", "admin")


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller: ``role`` is public, source, auditor or admin; ``name`` is a source's id or an auditor's name."""

    role: str
    name: str = ""


PUBLIC: Final = Identity("public")


@dataclass(frozen=True, slots=True)
class Grant:
    """Gives ``role`` to certificates with a URI name that begins with ``prefix`` (the rest is the name), or to one."""

    role: Role
    prefix: str = ""
    fingerprint: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a certificate says: SHA-256 of its DER in hex, its URI names, and the Unix second it expires."""

    fingerprint: str
    names: tuple[str, ...]
    expires: float


@lru_cache(maxsize=1024)
def read_certificate(pem: bytes) -> Shown:
    """Return what a PEM certificate says."""
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(extension.value.get_values_for_type(x509.UniformResourceIdentifier))
    except x509.ExtensionNotFound:
        names = ()
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return Shown(digest, names, certificate.not_valid_after_utc.timestamp())


def identify(shown: Shown, grants: Sequence[Grant], refused: frozenset[str], now: float) -> Identity:
    """Return who holds the certificate.

    Raises:
        NotAuthenticated: it has expired.
        NotPermitted: it is refused by configuration, or no grant names it.
    """
    if now >= shown.expires:
        raise NotAuthenticated("certificate: expired; ask the operator for a new one")
    if shown.fingerprint in refused:
        raise NotPermitted("certificate: withdrawn by the operator")
    for grant in grants:
        if grant.fingerprint and grant.fingerprint == shown.fingerprint:
            return Identity(grant.role, grant.name)
        for name in shown.names:
            if grant.prefix and name.startswith(grant.prefix) and len(name) > len(grant.prefix):
                return Identity(grant.role, unquote(name.removeprefix(grant.prefix)))
    raise NotPermitted("certificate: has no role at this ledger")


class Identifier:
    """Names the caller of a call from its transport."""

    def __init__(
        self, grants: Sequence[Grant], refused: frozenset[str], clock: Callable[[], float] = time.time
    ) -> None:
        self._grants, self._refused, self._clock = tuple(grants), refused, clock

    def __call__(self, context: grpc.aio.ServicerContext[Any, Any]) -> Identity:
        """Return the caller; raise as ``identify`` does."""
        if context.peer().startswith("unix:"):
            return Identity("admin", "local socket")
        certificate = next(iter(context.auth_context().get("x509_pem_cert") or ()), None)
        if certificate is None:
            return PUBLIC
        return identify(read_certificate(certificate), self._grants, self._refused, self._clock())
