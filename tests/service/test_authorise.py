"""A caller's role comes from its certificate: by URI name or fingerprint, unless it has expired or was withdrawn."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.core.errors import NotAuthenticated, NotPermitted
from ledger.service.authorise import Grant, Identity, Shown, identify, read_certificate
from ledger.service.certificates import issue_client, make_authority
from ledger.service.context import require

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE = "ab" * 32
GRANTS = (
    Grant("source", prefix="ledger://source/"),
    Grant("auditor", prefix="ledger://auditor/"),
    Grant("admin", fingerprint=ONE, name="operator"),
)


def shown(*names: str, fingerprint: str = "cd" * 32, expires: float = 100.0) -> Shown:
    """Return what a certificate with these URI names says."""
    return Shown(fingerprint, names, expires)


@pytest.mark.parametrize(
    ("certificate", "identity"),
    [
        (shown("ledger://source/alpha"), Identity("source", "alpha")),
        (shown("ledger://auditor/Auditor%20One"), Identity("auditor", "Auditor One")),
        (shown("ledger://auditor/a%2Fb"), Identity("auditor", "a/b")),
        (shown("https://example.org", "ledger://source/alpha"), Identity("source", "alpha")),
        (shown("ledger://auditor/one", "ledger://source/alpha"), Identity("source", "alpha")),
        (shown(fingerprint=ONE), Identity("admin", "operator")),
        (shown("ledger://nothing/x", fingerprint=ONE), Identity("admin", "operator")),
    ],
    ids=[
        "by its name",
        "percent-decoded",
        "a slash within the name",
        "beside another name",
        "the first grant that fits",
        "by fingerprint",
        "by fingerprint beside a name",
    ],
)
def test_a_grant_gives_role_and_name(certificate: Shown, identity: Identity) -> None:
    """The first grant that a certificate fits says who holds it."""
    assert identify(certificate, GRANTS, frozenset(), 99.9) == identity


@pytest.mark.parametrize(
    "certificate",
    [
        shown(),
        shown("ledger://source/"),
        shown("ledger://admin/operator"),
        shown("LEDGER://source/alpha"),
        shown("xledger://source/alpha"),
        shown(fingerprint=ONE.upper()),
        shown(fingerprint=""),
    ],
    ids=["no name", "an empty name", "no such grant", "another case", "a prefix", "spelt otherwise", "no fingerprint"],
)
def test_what_no_grant_names_has_no_role(certificate: Shown) -> None:
    """A certificate that fits no grant is refused, whoever signed it."""
    with pytest.raises(NotPermitted, match=r"^certificate: has no role at this ledger$"):
        identify(certificate, GRANTS, frozenset(), 0)


def test_an_expired_certificate_authenticates_nobody() -> None:
    """From the second of its expiry on a certificate says nothing, withdrawn or not."""
    with pytest.raises(NotAuthenticated, match=r"^certificate: expired; ask the operator"):
        identify(shown("ledger://source/alpha"), GRANTS, frozenset(), 100.0)
    with pytest.raises(NotAuthenticated, match=r"^certificate: expired"):
        identify(shown(fingerprint=ONE), GRANTS, frozenset([ONE]), 101.0)


def test_a_withdrawn_certificate_is_refused_before_any_grant() -> None:
    """A withdrawn fingerprint has no role, even where a grant names it."""
    with pytest.raises(NotPermitted, match=r"^certificate: withdrawn by the operator$"):
        identify(shown("ledger://source/alpha", fingerprint=ONE), GRANTS, frozenset([ONE]), 0)


def test_a_certificate_is_read_from_its_bytes() -> None:
    """Fingerprint, URI names and expiry are what the certificate says; one without names has none."""
    authority = make_authority("log.example", NOW)
    pem = issue_client(authority, "source", "alpha", NOW, days=1).certificate
    found, certificate = read_certificate(pem), x509.load_pem_x509_certificate(pem)
    assert found.fingerprint == certificate.fingerprint(SHA256()).hex()
    assert found.names == ("ledger://source/alpha",)
    assert found.expires == NOW.timestamp() + 86_400
    assert read_certificate(authority.certificate).names == ()


def test_other_kinds_of_names_grant_nothing() -> None:
    """Only a URI name counts: the same text as a DNS name or common name is no role."""
    key, name = ec.generate_private_key(ec.SECP256R1()), "ledger://source/alpha"
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW.replace(year=2027))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    found = read_certificate(certificate.public_bytes(Encoding.PEM))
    assert found.names == ()
    with pytest.raises(NotPermitted):
        identify(found, GRANTS, frozenset(), 0)


@pytest.mark.parametrize(
    ("identity", "role", "name", "error", "message"),
    [
        (Identity("public"), "source", None, NotAuthenticated, "this call needs a client certificate"),
        (Identity("source", "alpha"), "admin", None, NotPermitted, "this call is for the role admin"),
        (Identity("admin", "x"), "source", "x", NotPermitted, "this call is for the role source"),
        (Identity("source", "alpha"), "source", "beta", NotPermitted, "source_id: not the one the certificate"),
        (Identity("source", "alpha"), "source", "", NotPermitted, "source_id: not the one the certificate"),
    ],
)
def test_a_call_needs_its_role_and_name(
    identity: Identity, role: str, name: str | None, error: type[Exception], message: str
) -> None:
    """The public shows nobody, another role may not, and another name may not, not even an empty one."""
    with pytest.raises(error, match=f"^{message}"):
        require(identity, role, name)
    assert require(Identity(role, name or ""), role, name) == Identity(role, name or "")
