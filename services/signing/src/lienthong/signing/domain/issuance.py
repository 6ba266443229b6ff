"""Certificates before they are signed: profile, names, addresses and times put together. Source: RFC 5280 section 4."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from lienthong.shared.signatures.profiles import CertificateDraft, Profile, SubjectKey, draft_certificate
from lienthong.signing.domain.records import Authority, AuthorityName, CertificateRecord, serial_text
from lienthong.signing.domain.subjects import COUNTRY, Subject, subject_name, subject_uri

BACKDATING = timedelta(minutes=5)
"""How far notBefore lies in the past, for holders whose clocks are slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where certificates say that CRLs and CA certificates are fetched. ``base_url`` has no trailing slash."""

    base_url: str

    def crl(self, authority: AuthorityName) -> str:
        """The CRL of an authority. Source: RFC 5280 section 4.2.1.13."""
        return f"{self.base_url}/crl/{authority}.crl"

    def certificate(self, authority: AuthorityName) -> str:
        """The certificate of an authority. Source: RFC 5280 section 4.2.2.1."""
        return f"{self.base_url}/certs/{authority}.crt"

    @property
    def ocsp(self) -> str:
        """The OCSP responder of every authority. Source: RFC 6960 section 3.1."""
        return f"{self.base_url}/ocsp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a certificate departs from its profile: policies beside the profile's, another validity."""

    policies: Sequence[x509.ObjectIdentifier] = ()
    validity: timedelta | None = None


def draft_root(key: SubjectKey, *, organisation: str, serial: int, now: datetime) -> x509.CertificateBuilder:
    """A self-signed root certificate, before its signature."""
    not_before = _start(now)
    return draft_certificate(
        CertificateDraft(
            profile=Profile.ROOT,
            subject=_authority_name(organisation, "Root CA"),
            public_key=key,
            serial=serial,
            not_before=not_before,
            not_after=not_before + Profile.ROOT.rules.validity,
        )
    )


def draft_issuing(
    key: SubjectKey,
    root: Authority,
    *,
    number: int,
    organisation: str,
    serial: int,
    now: datetime,
    addresses: Addresses,
) -> x509.CertificateBuilder:
    """The certificate of the ``number``-th issuing authority, before the root's signature."""
    subject = _authority_name(organisation, f"Issuing CA {number}")
    return _below(
        root,
        Profile.ISSUING,
        key,
        subject=subject,
        uri=None,
        serial=serial,
        now=now,
        addresses=addresses,
        terms=Terms(),
    )


def draft_leaf(
    issuer: Authority,
    profile: Profile,
    key: SubjectKey,
    *,
    subject: Subject,
    serial: int,
    now: datetime,
    addresses: Addresses,
    terms: Terms | None = None,
) -> x509.CertificateBuilder:
    """A certificate for anyone but an authority, before the issuing authority's signature.

    Raises:
        SubjectInvalid: The subject does not fit the profile.
    """
    return _below(
        issuer,
        profile,
        key,
        subject=subject_name(profile, subject),
        uri=subject_uri(profile, subject),
        serial=serial,
        now=now,
        addresses=addresses,
        terms=terms or Terms(),
    )


def draft_renewal(
    issuer: Authority,
    old: CertificateRecord,
    key: SubjectKey,
    *,
    serial: int,
    now: datetime,
    addresses: Addresses,
    policies: Sequence[x509.ObjectIdentifier],
) -> x509.CertificateBuilder:
    """The next certificate of the subject and profile of ``old``, before the issuing authority's signature."""
    names = old.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return _below(
        issuer,
        old.profile,
        key,
        subject=old.certificate.subject,
        uri=uri,
        serial=serial,
        now=now,
        addresses=addresses,
        terms=Terms(policies=policies),
    )


def record_of(
    certificate: x509.Certificate,
    profile: Profile,
    *,
    issuer: AuthorityName,
    subject: Subject | None,
    issued_at: datetime,
    issued_by: str,
) -> CertificateRecord:
    """What is remembered of a finished certificate."""
    return CertificateRecord(
        serial=serial_text(certificate.serial_number),
        issuer=issuer,
        profile=profile,
        subject=certificate.subject.rfc4514_string(),
        agency=subject.agency if subject else None,
        node=subject.node if subject else None,
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issued_at=issued_at,
        issued_by=issued_by,
    )


def _below(
    issuer: Authority,
    profile: Profile,
    key: SubjectKey,
    *,
    subject: x509.Name,
    uri: str | None,
    serial: int,
    now: datetime,
    addresses: Addresses,
    terms: Terms,
) -> x509.CertificateBuilder:
    """A certificate under ``issuer``, which it does not outlive."""
    not_before = max(_start(now), issuer.certificate.not_valid_before_utc)
    validity = terms.validity or profile.rules.validity
    not_after = min(not_before + validity, issuer.certificate.not_valid_after_utc)
    draft = CertificateDraft(
        profile=profile,
        subject=subject,
        public_key=key,
        serial=serial,
        not_before=not_before,
        not_after=not_after,
        issuer=issuer.certificate,
        uri=uri,
        crl_urls=() if profile.rules.unrevoked else (addresses.crl(issuer.name),),
        further_policies=terms.policies,
    )
    access = x509.AuthorityInformationAccess(list(_access(addresses, issuer.name, profile)))
    return draft_certificate(draft).add_extension(access, critical=False)


def _access(addresses: Addresses, issuer: AuthorityName, profile: Profile) -> Iterator[x509.AccessDescription]:
    """Where to ask for the status, unless it is the responder's own certificate, and where the issuer's lies."""
    places = [(AuthorityInformationAccessOID.CA_ISSUERS, addresses.certificate(issuer))]
    if not profile.rules.unrevoked:
        places.insert(0, (AuthorityInformationAccessOID.OCSP, addresses.ocsp))
    for method, url in places:
        yield x509.AccessDescription(method, x509.UniformResourceIdentifier(url))


def _authority_name(organisation: str, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, COUNTRY),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organisation} {role}"),
        ]
    )


def _start(now: datetime) -> datetime:
    return (now - BACKDATING).replace(microsecond=0)
