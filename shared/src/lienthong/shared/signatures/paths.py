"""Certification paths: from a leaf to a pinned root, by signatures and constraints; time is not looked at here.

Source: RFC 5280 sections 4.2 and 6.1. Name constraints and policy mappings are not understood: a CA that marks one as
critical is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from lienthong.shared.errors import Verification
from lienthong.shared.signatures.profiles import DOCUMENT_SIGNING, MAX_RSA_BITS, MIN_RSA_BITS, Profile
from lienthong.shared.signatures.report import SubIndication

MAX_PATH_LENGTH: Final = 5
"""Certificates in a path, root and leaf included."""
MAX_OFFERED: Final = 8
"""Certificates that may come with a signature; more are not looked at."""

E = TypeVar("E", bound=x509.ExtensionType)

_DIGESTS: Final = {"sha256", "sha384", "sha512"}
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_UNDERSTOOD: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
}
_DOCUMENT_PURPOSES: Final = {
    DOCUMENT_SIGNING,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
    x509.ObjectIdentifier("1.2.840.113583.1.1.5"),
}
"""Purposes under which foreign CAs let people sign documents; the last two are Microsoft's and Adobe's."""


class CertificateRefused(Verification):
    """A certificate is not good for what it was shown for; ``sub_indication`` says why."""

    code = "certificate-refused"
    title = "The certificate was refused"

    def __init__(self, detail: str, *, sub_indication: SubIndication, revoked_at: datetime | None = None) -> None:
        super().__init__(detail, facts={"sub_indication": sub_indication.value})
        self.sub_indication = sub_indication
        self.revoked_at = revoked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A path that holds within its window: leaf first, pinned root last; so are the ``fingerprints`` (SHA-256)."""

    path: tuple[x509.Certificate, ...]
    fingerprints: tuple[bytes, ...]
    not_before: datetime
    not_after: datetime
    profile: Profile | None
    uri: str | None


def build_chain(
    leaf: x509.Certificate,
    pool: Sequence[x509.Certificate],
    *,
    roots: Sequence[x509.Certificate],
    profile: Profile | None,
) -> Chain:
    """The path from ``leaf`` over ``pool`` to one of ``roots``, with the leaf's profile checked.

    Raises:
        CertificateRefused: No path, or one that breaks a rule.
    """
    try:
        path = _path([leaf], list(pool), roots)
        if path is None:
            raise CertificateRefused(
                f"No trusted issuer is known for {leaf.subject.rfc4514_string()}.",
                sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
            )
        for certificate in path:
            _require_strong(certificate)
            _require_understood(certificate)
        for below, authority in enumerate(path[1:]):
            _require_authority(authority, below)
        found, uri = _check_profile(leaf, profile)
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
        raise _refused("A certificate of the chain is malformed or uses an unknown algorithm.") from error
    return Chain(
        path=tuple(path),
        fingerprints=tuple(one.fingerprint(SHA256()) for one in path),
        not_before=max(one.not_valid_before_utc for one in path),
        not_after=min(one.not_valid_after_utc for one in path),
        profile=found,
        uri=uri,
    )


def _path(
    path: list[x509.Certificate], pool: list[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate] | None:
    last = path[-1]
    if len(path) > 1 and last in roots:
        return path
    if len(path) == MAX_PATH_LENGTH:
        return None
    for issuer in pool:
        if issuer.subject == last.issuer and issuer not in path and _issued(last, issuer):
            found = _path([*path, issuer], pool, roots)
            if found is not None:
                return found
    return None


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _refused(detail: str) -> CertificateRefused:
    return CertificateRefused(detail, sub_indication=SubIndication.CHAIN_CONSTRAINTS_FAILURE)


def _require_strong(certificate: x509.Certificate) -> None:
    digest = certificate.signature_hash_algorithm
    key = certificate.public_key()
    strong = (isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)
    )
    if digest is None or digest.name not in _DIGESTS or not strong:
        raise CertificateRefused(
            f"The key or digest of the certificate of {certificate.subject.rfc4514_string()} is too weak.",
            sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        )


def _require_understood(certificate: x509.Certificate) -> None:
    unknown = [one.oid for one in certificate.extensions if one.critical and one.oid not in _UNDERSTOOD]
    if unknown:
        raise _refused(f"The certificate has a critical extension that is not understood: {unknown[0].dotted_string}.")


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _require_authority(authority: x509.Certificate, below: int) -> None:
    """``below`` authorities stand between this one and the leaf."""
    constraints = _extension(authority, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise _refused(f"{authority.subject.rfc4514_string()} is not a certificate authority.")
    if constraints.path_length is not None and below > constraints.path_length:
        raise _refused(f"{authority.subject.rfc4514_string()} may not stand so high in a path.")
    usage = _extension(authority, x509.KeyUsage)
    if usage is None or not usage.key_cert_sign:
        raise _refused(f"The key of {authority.subject.rfc4514_string()} may not sign certificates.")


def _check_profile(leaf: x509.Certificate, asked: Profile | None) -> tuple[Profile | None, str | None]:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise _refused("A certificate authority's own certificate signs no documents or seals.")
    profile = asked or _document_profile(leaf)
    usage = _extension(leaf, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise _refused("The key of the certificate may not sign.")
    if profile is None:
        _require_document_purpose(leaf)
        return None, None
    _require_policy(leaf, profile)
    return profile, _require_uri(leaf, profile)


def _policies(leaf: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return {one.policy_identifier for one in _extension(leaf, x509.CertificatePolicies) or ()}


def _document_profile(leaf: x509.Certificate) -> Profile | None:
    policies = _policies(leaf)
    return next((one for one in (Profile.AGENCY_SEAL, Profile.OFFICER) if one.rules.policy in policies), None)


def _require_document_purpose(leaf: x509.Certificate) -> None:
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    if purposes is not None and not _DOCUMENT_PURPOSES & set(purposes):
        raise _refused("The certificate is not for signing documents.")


def _require_policy(leaf: x509.Certificate, profile: Profile) -> None:
    purposes = set(_extension(leaf, x509.ExtendedKeyUsage) or ())
    if profile.rules.policy not in _policies(leaf) or not purposes.issuperset(profile.rules.purposes):
        raise _refused(f"The certificate is not of the profile {profile.value}.")


def _require_uri(leaf: x509.Certificate, profile: Profile) -> str:
    names = _extension(leaf, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    prefix = profile.rules.uri_prefix
    if len(uris) != 1 or prefix is None or not uris[0].startswith(prefix):
        raise _refused(f"The certificate does not name one subject of the profile {profile.value}.")
    return uris[0]
