"""Certificate profiles: the signing service builds certificates from them, and every check asks for one.

Source: RFC 5280 section 4.2; RFC 9336 for document signing; RFC 6960 section 4.2.2.2 for OCSP; RFC 3161 section 2.3
for time stamps; ITU-T X.667 for the arc.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import CertificatePoliciesOID, ExtendedKeyUsageOID

from lienthong.shared.identifiers import AgencyCode, NodeId

SubjectKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

ARC: Final = "2.25.220888123188171423681656231611963007625"
"""Our OID arc: UUID a62d814c-f900-464a-923f-687967d3e289 under 2.25; below it 1 is policies, 2 is key purposes.

Source: ITU-T X.667 section 7.
"""
NODE_URI_PREFIX: Final = "urn:lienthong:node:"
AGENCY_URI_PREFIX: Final = "urn:lienthong:agency:"
DIRECTORY_URI: Final = "urn:lienthong:directory"
OCSP_URI: Final = "urn:lienthong:ocsp"
TIME_STAMPING_URI: Final = "urn:lienthong:time-stamping"
TRUST_LIST_URI: Final = "urn:lienthong:trust-list"
MIN_RSA_BITS: Final = 2048
"""Smallest RSA modulus. Source: ETSI TS 119 312 clause 8."""
MAX_RSA_BITS: Final = 8192
"""Largest RSA modulus; a larger one only costs the verifier time."""
NODE_SEAL_PURPOSE: Final = x509.ObjectIdentifier(f"{ARC}.2.1")
"""Extended key usage of node seals."""
DIRECTORY_PURPOSE: Final = x509.ObjectIdentifier(f"{ARC}.2.2")
"""Extended key usage of the directory's seal."""
TRUST_LIST_PURPOSE: Final = x509.ObjectIdentifier(f"{ARC}.2.3")
"""Extended key usage of the trust list's seal."""
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
    OCSP_RESPONDER = "ocsp-responder"
    TIME_STAMPING = "time-stamping"
    TRUST_LIST = "trust-list"

    @property
    def rules(self) -> "ProfileRules":
        """The rules of this profile."""
        return _RULES[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRules:
    """What a certificate of one profile holds. ``policy`` None: a CA, good for any policy below it.

    ``purposes_critical``: RFC 3161 asks for it. ``commits``: whether the key usage has contentCommitment.
    ``unrevoked``: id-pkix-ocsp-nocheck, so that asking about the one who answers ends. ``key_in_use``: how long the key
    signs, where that is shorter than the validity (RFC 3280 section 4.2.1.4).
    """

    policy: x509.ObjectIdentifier | None
    purposes: tuple[x509.ObjectIdentifier, ...] = ()
    purposes_critical: bool = False
    uri_prefix: str | None = None
    path_length: int | None = None
    validity: timedelta
    key_in_use: timedelta | None = None
    commits: bool = True
    unrevoked: bool = False

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile issue others."""
        return self.policy is None

    def key_usage(self) -> x509.KeyUsage:
        """CAs sign certificates and CRLs; all others sign, and most commit to what they signed."""
        return x509.KeyUsage(
            digital_signature=not self.is_ca,
            content_commitment=self.commits and not self.is_ca,
            key_cert_sign=self.is_ca,
            crl_sign=self.is_ca,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    def policies(self, further: Sequence[x509.ObjectIdentifier] = ()) -> x509.CertificatePolicies:
        """The policy of the profile and ``further`` ones; any policy for a CA."""
        policy = self.policy or CertificatePoliciesOID.ANY_POLICY
        return x509.CertificatePolicies([x509.PolicyInformation(one, None) for one in (policy, *further)])


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
    Profile.OCSP_RESPONDER: ProfileRules(  # RFC 6960 section 4.2.2.2.1: never revoked, so short-lived
        policy=x509.ObjectIdentifier(f"{ARC}.1.5"),
        purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,),
        uri_prefix=OCSP_URI,
        validity=timedelta(days=14),
        commits=False,
        unrevoked=True,
    ),
    Profile.TIME_STAMPING: ProfileRules(  # RFC 3161 section 2.3: this purpose alone, and critical
        policy=x509.ObjectIdentifier(f"{ARC}.1.6"),
        purposes=(ExtendedKeyUsageOID.TIME_STAMPING,),
        purposes_critical=True,
        uri_prefix=TIME_STAMPING_URI,
        validity=timedelta(days=6 * 365),
        key_in_use=timedelta(days=365),
    ),
    Profile.TRUST_LIST: ProfileRules(
        policy=x509.ObjectIdentifier(f"{ARC}.1.7"),
        purposes=(TRUST_LIST_PURPOSE,),
        uri_prefix=TRUST_LIST_URI,
        validity=timedelta(days=2 * 365),
    ),
}
SERVICE_PROFILES: Final = frozenset({Profile.OCSP_RESPONDER, Profile.TIME_STAMPING, Profile.TRUST_LIST})
"""What the signing service holds itself, renews by itself, and issues to nobody."""


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
    the issuer publishes its CRL. ``further_policies`` stand beside the profile's own.
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
    further_policies: Sequence[x509.ObjectIdentifier] = ()


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
        .add_extension(rules.policies(draft.further_policies), critical=False)
    )
    for extension, critical in _extensions_of_leaf(draft):
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _extensions_of_leaf(draft: CertificateDraft) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """What only some certificates hold, each with whether it is critical."""
    rules = draft.profile.rules
    if rules.purposes:
        yield x509.ExtendedKeyUsage(rules.purposes), rules.purposes_critical
    if draft.uri is not None:
        yield x509.SubjectAlternativeName([x509.UniformResourceIdentifier(draft.uri)]), False
    if draft.crl_urls:
        yield _crl_points(draft.crl_urls), False
    if rules.unrevoked:
        yield x509.OCSPNoCheck(), False
    if rules.key_in_use is not None:
        until = min(draft.not_before + rules.key_in_use, draft.not_after)
        naive = (draft.not_before.replace(tzinfo=None), until.replace(tzinfo=None))
        yield x509.PrivateKeyUsagePeriod(*naive), False


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
