"""Certificate profiles: the signing service builds certificates from them, and every check asks for one.

Source: RFC 5280 section 4.2; RFC 9336 for document signing; ITU-T X.667 for the arc.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import CertificatePoliciesOID

from lienthong.shared.identifiers import AgencyCode, NodeId

SubjectKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

ARC: Final = "2.25.220888123188171423681656231611963007625"
"""Our OID arc: UUID a62d814c-f900-464a-923f-687967d3e289 under 2.25; below it 1 is policies, 2 is key purposes.

Source: ITU-T X.667 section 7.
"""
NODE_URI_PREFIX: Final = "urn:lienthong:node:"
AGENCY_URI_PREFIX: Final = "urn:lienthong:agency:"
DIRECTORY_URI: Final = "urn:lienthong:directory"
MIN_RSA_BITS: Final = 2048
"""Smallest RSA modulus. Source: ETSI TS 119 312 clause 8."""
MAX_RSA_BITS: Final = 8192
"""Largest RSA modulus; a larger one only costs the verifier time."""
NODE_SEAL_PURPOSE: Final = x509.ObjectIdentifier(f"{ARC}.2.1")
"""Extended key usage of node seals."""
DIRECTORY_PURPOSE: Final = x509.ObjectIdentifier(f"{ARC}.2.2")
"""Extended key usage of the directory's seal."""
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning. Source: RFC 9336."""


class Profile(StrEnum):
    """What a certificate is for."""

    ROOT = "root"
    ISSUING = "issuing"
    NODE_SEAL = "node-seal"
    DIRECTORY = "directory"
    AGENCY_SEAL = "agency-seal"
    OFFICER = "officer"

    @property
    def rules(self) -> "ProfileRules":
        """The rules of this profile."""
        return _RULES[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRules:
    """What a certificate of one profile holds. ``policy`` None: a CA, good for any policy below it."""

    policy: x509.ObjectIdentifier | None
    purposes: tuple[x509.ObjectIdentifier, ...] = ()
    uri_prefix: str | None = None
    path_length: int | None = None
    validity: timedelta

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile issue others."""
        return self.policy is None

    def key_usage(self) -> x509.KeyUsage:
        """CAs sign certificates and CRLs; all others sign, and commit to what they signed."""
        return x509.KeyUsage(
            digital_signature=not self.is_ca,
            content_commitment=not self.is_ca,
            key_cert_sign=self.is_ca,
            crl_sign=self.is_ca,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    def policies(self) -> x509.CertificatePolicies:
        """The policy of the profile; any policy for a CA."""
        policy = self.policy or CertificatePoliciesOID.ANY_POLICY
        return x509.CertificatePolicies([x509.PolicyInformation(policy, None)])


_RULES: Final = {
    Profile.ROOT: ProfileRules(policy=None, path_length=1, validity=timedelta(days=20 * 365)),
    Profile.ISSUING: ProfileRules(policy=None, path_length=0, validity=timedelta(days=10 * 365)),
    Profile.NODE_SEAL: ProfileRules(
        policy=x509.ObjectIdentifier(f"{ARC}.1.1"),
        purposes=(NODE_SEAL_PURPOSE,),
        uri_prefix=NODE_URI_PREFIX,
        validity=timedelta(days=2 * 365),
    ),
    Profile.DIRECTORY: ProfileRules(
        policy=x509.ObjectIdentifier(f"{ARC}.1.2"),
        purposes=(DIRECTORY_PURPOSE,),
        uri_prefix=DIRECTORY_URI,
        validity=timedelta(days=2 * 365),
    ),
    Profile.AGENCY_SEAL: ProfileRules(
        policy=x509.ObjectIdentifier(f"{ARC}.1.3"),
        purposes=(DOCUMENT_SIGNING,),
        uri_prefix=AGENCY_URI_PREFIX,
        validity=timedelta(days=3 * 365),
    ),
    Profile.OFFICER: ProfileRules(
        policy=x509.ObjectIdentifier(f"{ARC}.1.4"),
        purposes=(DOCUMENT_SIGNING,),
        uri_prefix=AGENCY_URI_PREFIX,
        validity=timedelta(days=3 * 365),
    ),
}


def node_uri(node: NodeId) -> str:
    """The subject alternative name of a node's seal. ASCII, percent-encoded where the code is not."""
    return NODE_URI_PREFIX + quote(node, safe="")


def agency_uri(agency: AgencyCode) -> str:
    """The subject alternative name of an agency's certificate and of its officers'."""
    return AGENCY_URI_PREFIX + quote(agency, safe="")


def node_of(uri: str) -> NodeId | None:
    """The node that ``uri`` names, or None when it names something else."""
    return NodeId(unquote(uri.removeprefix(NODE_URI_PREFIX))) if uri.startswith(NODE_URI_PREFIX) else None


def agency_of(uri: str) -> AgencyCode | None:
    """The agency that ``uri`` names, or None when it names something else."""
    return AgencyCode(unquote(uri.removeprefix(AGENCY_URI_PREFIX))) if uri.startswith(AGENCY_URI_PREFIX) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDraft:
    """What a certificate authority is about to sign, beyond its profile.

    ``issuer`` None makes it self-signed. ``uri`` is needed by every profile that is not a CA's. ``crl_urls`` are where
    the issuer publishes its CRL.
    """

    profile: Profile
    subject: x509.Name
    public_key: SubjectKey
    serial: int
    not_before: datetime
    not_after: datetime
    issuer: x509.Certificate | None = None
    uri: str | None = None
    crl_urls: Sequence[str] = ()


def draft_certificate(draft: CertificateDraft) -> x509.CertificateBuilder:
    """The certificate to be signed by the issuer's key. Source: RFC 5280 sections 4.1 and 4.2."""
    rules = draft.profile.rules
    issuer_name = draft.issuer.subject if draft.issuer else draft.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(draft.subject)
        .issuer_name(issuer_name)
        .public_key(draft.public_key)
        .serial_number(draft.serial)
        .not_valid_before(draft.not_before)
        .not_valid_after(draft.not_after)
        .add_extension(x509.BasicConstraints(ca=rules.is_ca, path_length=rules.path_length), critical=True)
        .add_extension(rules.key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(draft.public_key), critical=False)
        .add_extension(_authority_key(draft), critical=False)
        .add_extension(rules.policies(), critical=False)
    )
    if rules.purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(rules.purposes), critical=False)
    if draft.uri is not None:
        names = [x509.UniformResourceIdentifier(draft.uri)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if draft.crl_urls:
        builder = builder.add_extension(_crl_points(draft.crl_urls), critical=False)
    return builder


def _authority_key(draft: CertificateDraft) -> x509.AuthorityKeyIdentifier:
    if draft.issuer is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(draft.public_key)
    key = draft.issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key)


def _crl_points(urls: Sequence[str]) -> x509.CRLDistributionPoints:
    points = [
        x509.DistributionPoint(
            full_name=[x509.UniformResourceIdentifier(url)], relative_name=None, reasons=None, crl_issuer=None
        )
        for url in urls
    ]
    return x509.CRLDistributionPoints(points)
