"""A private authority: its root, server certificates, and client certificates that name a role (RFC 5280).

A client certificate carries the URI ``ledger://ROLE/NAME``, percent-encoded where needed; that is what grants go by.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ledger.core.errors import ConfigInvalid, InvalidInput

AUTHORITY_DAYS: Final = 3650
DEFAULT_DAYS: Final = 397
SCHEME: Final = "ledger://"
_DNS_NAME: Final = re.compile(r"(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*", re.ASCII)
_SKEW: Final = timedelta(minutes=5)
"""How far certificates are dated back, for clients whose clock lags."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


def role_uri(role: str, name: str) -> str:
    """Return the URI that a role's client certificate carries."""
    return f"{SCHEME}{role}/{quote(name, safe='')}"


def make_authority(name: str, now: datetime) -> Certified:
    """Return a new self-signed root that may only sign end certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"{name} authority")
    builder = (
        _builder(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
    )
    return Certified(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), _pem(key))


def issue_server(authority: Certified, hosts: Sequence[str], now: datetime, days: int = DEFAULT_DAYS) -> Certified:
    """Return a server's certificate for DNS names and IP addresses; raise InvalidInput for what is neither."""
    if not hosts:
        raise InvalidInput("hosts", "at least one is needed")
    names = [_host(host) for host in hosts]
    return _issue(authority, hosts[0], names, ExtendedKeyUsageOID.SERVER_AUTH, now, days)


def issue_client(authority: Certified, role: str, name: str, now: datetime, days: int = DEFAULT_DAYS) -> Certified:
    """Return a client's certificate for a role and name."""
    uri = x509.UniformResourceIdentifier(role_uri(role, name))
    return _issue(authority, f"{role} {name}"[:64], [uri], ExtendedKeyUsageOID.CLIENT_AUTH, now, days)


def check_server(certificate: bytes, key: bytes, authority: bytes) -> None:
    """Raise ConfigInvalid, naming each setting whose PEM file a server cannot use."""
    problems: list[str] = []
    for name, data in (("server_certificate", certificate), ("client_authority", authority)):
        try:
            x509.load_pem_x509_certificates(data)
        except ValueError:
            problems.append(f"{name}: not a PEM certificate")
    try:
        secret = load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        problems.append("server_key: not a PEM private key without a passphrase")
    if problems:
        raise ConfigInvalid(problems)
    if secret.public_key() != x509.load_pem_x509_certificate(certificate).public_key():
        raise ConfigInvalid(["server_key: belongs to another certificate than server_certificate"])


def _issue(
    authority: Certified,
    common_name: str,
    names: Sequence[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    now: datetime,
    days: int,
) -> Certified:
    root = x509.load_pem_x509_certificate(authority.certificate)
    signer = load_pem_private_key(authority.key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ConfigInvalid(["authority: not an elliptic curve key"])
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(common_name), root.subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return Certified(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM), _pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _SKEW)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _host(host: str) -> x509.GeneralName:
    if _DNS_NAME.fullmatch(host) and not host.replace(".", "").isdecimal():
        return x509.DNSName(host)
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        raise InvalidInput("host", "must be an IP address or a DNS name, in ASCII") from None


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
