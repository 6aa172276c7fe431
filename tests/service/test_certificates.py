"""The private authority: end certificates that name a host or a role, from a root that can sign nothing else."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from ledger.core.errors import ConfigInvalid, InvalidInput
from ledger.service.certificates import (
    Certified,
    check_server,
    issue_client,
    issue_server,
    make_authority,
    role_uri,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORITY = make_authority("log.example", NOW)
SERVER = issue_server(AUTHORITY, ["ledger.example", "127.0.0.1", "::1"], NOW)
CLIENT = issue_client(AUTHORITY, "source", "alpha", NOW)


def read(pair: Certified) -> x509.Certificate:
    """Return the certificate of a pair."""
    return x509.load_pem_x509_certificate(pair.certificate)


def verify_client(leaf: x509.Certificate, *between: x509.Certificate) -> list[x509.Certificate]:
    """Return the chain of a client's certificate, as TLS checks it a day after."""
    builder = PolicyBuilder().store(Store([read(AUTHORITY)])).time(NOW.replace(day=2))
    return builder.build_client_verifier().verify(leaf, list(between)).chain


def test_the_root_signs_end_certificates_only() -> None:
    """The root is a critical CA of path length 0 that may sign certificates and nothing else."""
    root = read(AUTHORITY)
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (True, True, False)
    assert root.issuer == root.subject
    assert root.not_valid_after_utc - root.not_valid_before_utc == timedelta(days=3650, minutes=5)


def test_an_authority_below_the_root_convinces_nobody() -> None:
    """A CA that the root signed, against its own constraint, cannot vouch for a client."""
    key = ec.generate_private_key(ec.SECP256R1())
    root = read(AUTHORITY)
    signer = load_pem_private_key(AUTHORITY.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    below = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "below")]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW.replace(year=2027))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(root.extensions.get_extension_for_class(x509.KeyUsage).value, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf = read(issue_client(Certified(below.public_bytes(Encoding.PEM), pem), "admin", "thief", NOW))
    assert verify_client(read(CLIENT)) == [read(CLIENT), read(AUTHORITY)]
    with pytest.raises(VerificationError, match="path length"):
        verify_client(leaf, below)


@pytest.mark.parametrize(
    ("pair", "purpose"),
    [(SERVER, ExtendedKeyUsageOID.SERVER_AUTH), (CLIENT, ExtendedKeyUsageOID.CLIENT_AUTH)],
    ids=["server", "client"],
)
def test_an_end_certificate_has_one_purpose(pair: Certified, purpose: x509.ObjectIdentifier) -> None:
    """It is no CA, may sign handshakes only, serves one side of TLS, and lives 397 days, dated back five minutes."""
    certificate = read(pair)
    extensions = certificate.extensions
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign) == (True, True, False)
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [purpose]
    assert certificate.not_valid_before_utc == NOW - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == NOW + timedelta(days=397)
    certificate.verify_directly_issued_by(read(AUTHORITY))
    check_server(pair.certificate, pair.key, AUTHORITY.certificate)


def test_a_server_is_known_by_names_and_addresses() -> None:
    """DNS names and IP addresses stand apart, as clients look for them."""
    names = read(SERVER).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ledger.example"]
    addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    assert names.get_values_for_type(x509.IPAddress) == addresses


@pytest.mark.parametrize("host", ["", "münchen.example", "a b", "1.2.3", "x" * 64, "a..b", "http://a"])
def test_what_is_no_host_is_refused(host: str) -> None:
    """A host is an IP address or an ASCII name."""
    with pytest.raises(InvalidInput, match=r"^hosts?: "):
        issue_server(AUTHORITY, [host], NOW)


@pytest.mark.parametrize(
    ("role", "name", "uri"),
    [
        ("source", "alpha", "ledger://source/alpha"),
        ("auditor", "Auditor One", "ledger://auditor/Auditor%20One"),
        ("auditor", "a/b?c#d", "ledger://auditor/a%2Fb%3Fc%23d"),
        ("admin", "x" * 253, f"ledger://admin/{'x' * 253}"),
    ],
)
def test_a_client_is_known_by_its_uri(role: str, name: str, uri: str) -> None:
    """Role and name stand in the one URI name, percent-encoded, however long the name."""
    assert role_uri(role, name) == uri
    certificate = read(issue_client(AUTHORITY, role, name, NOW))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uri]
    assert len(names) == 1


def test_an_authority_of_another_kind_signs_nothing() -> None:
    """Only an elliptic curve key is taken for an authority's."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ConfigInvalid, match=r"^authority: not an elliptic curve key"):
        issue_client(Certified(AUTHORITY.certificate, pem), "source", "alpha", NOW)


def test_every_file_that_a_server_cannot_use_is_told_at_once() -> None:
    """Certificate, authority and key are told together by setting, and a key of another certificate by itself."""
    with pytest.raises(ConfigInvalid) as caught:
        check_server(b"", b"", b"")
    names = [problem.partition(": ")[0] for problem in caught.value.problems]
    assert names == ["server_certificate", "client_authority", "server_key"]
    with pytest.raises(ConfigInvalid, match=r"^server_key: belongs to another certificate"):
        check_server(SERVER.certificate, CLIENT.key, AUTHORITY.certificate)
