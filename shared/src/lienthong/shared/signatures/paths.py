"""Certification paths: from a leaf to an anchor, by signatures and constraints; time is not looked at here.

Source: RFC 5280 sections 4.2 and 6.1. Policy constraints and mappings are not understood: a CA that marks one as
critical is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import CertificatePoliciesOID, ExtendedKeyUsageOID, ExtensionOID

from lienthong.shared.errors import Verification
from lienthong.shared.signatures.authorities import ExternalAuthority
from lienthong.shared.signatures.name_constraints import first_violation
from lienthong.shared.signatures.policies import Policy
from lienthong.shared.signatures.profiles import DOCUMENT_SIGNING, Profile
from lienthong.shared.signatures.report import SubIndication

MAX_PATH_LENGTH: Final = 5
"""Certificates in a path, root and leaf included."""
MAX_OFFERED: Final = 8
"""Certificates that may come with a signature; more are not looked at."""

MAX_TRIALS: Final = 64
"""Signatures of issuers that are verified while one path is looked for: crafted names cannot make us try for ever."""

E = TypeVar("E", bound=x509.ExtensionType)

_UNDERSTOOD: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.NAME_CONSTRAINTS,
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
    """A path that holds within its window: leaf first, anchor last; so are the ``fingerprints`` (SHA-256)."""

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
    policy: Policy,
    authorities: Sequence[ExternalAuthority] = (),
) -> Chain:
    """The path from ``leaf`` over ``pool`` to one of ``roots`` or ``authorities``, with the leaf's profile checked.

    Raises:
        CertificateRefused: No path, or one that breaks a rule.
    """
    anchors = (*roots, *(one.certificate for one in authorities))
    try:
        path = _found_path(leaf, _Search(pool=(*pool, *anchors), anchors=anchors, policy=policy))
        _require_rules(path, policy)
        external = None if path[-1] in roots else next(one for one in authorities if one.certificate == path[-1])
        found, uri = _check_profile(leaf, profile)
        _require_policy_above(path, found)
        if external is not None:
            _require_external(external, leaf, found, uri)
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
        raise _refused("A certificate of the chain is malformed or uses an unknown algorithm.") from error
    return _chain(path, external, found, uri)


def _found_path(leaf: x509.Certificate, search: "_Search") -> list[x509.Certificate]:
    path = search.path([leaf])
    if path is None and search.weak is not None:
        raise _too_weak(search.weak)
    if path is None:
        raise CertificateRefused(
            f"No trusted issuer is known for {leaf.subject.rfc4514_string()}.",
            sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        )
    return path


def _chain(
    path: Sequence[x509.Certificate], external: ExternalAuthority | None, profile: Profile | None, uri: str | None
) -> Chain:
    begin, end = [one.not_valid_before_utc for one in path], [one.not_valid_after_utc for one in path]
    if external is not None:
        begin.append(external.not_before)
        end.append(external.not_after)
    return Chain(
        path=tuple(path),
        fingerprints=tuple(one.fingerprint(SHA256()) for one in path),
        not_before=max(begin),
        not_after=min(end),
        profile=profile,
        uri=uri,
    )


@dataclass(slots=True, kw_only=True)
class _Search:
    pool: Sequence[x509.Certificate]
    anchors: Sequence[x509.Certificate]
    policy: Policy
    trials: int = 0
    weak: x509.Certificate | None = None
    """One whose signature is not verified any more, such as of SHA-1."""

    def path(self, path: list[x509.Certificate]) -> list[x509.Certificate] | None:
        last = path[-1]
        if len(path) > 1 and last in self.anchors:
            return path
        if len(path) == MAX_PATH_LENGTH:
            return None
        for issuer in self.pool:
            if issuer.subject == last.issuer and issuer not in path and self._issued(last, issuer):
                found = self.path([*path, issuer])
                if found is not None:
                    return found
        return None

    def _issued(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        self.trials += 1
        if self.trials > MAX_TRIALS:
            return False
        digest = certificate.signature_hash_algorithm
        if not self.policy.allows_digest(digest.name if digest else None):
            self.weak = certificate
            return False
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
            return False
        return True


def _refused(detail: str) -> CertificateRefused:
    return CertificateRefused(detail, sub_indication=SubIndication.CHAIN_CONSTRAINTS_FAILURE)


def _require_rules(path: Sequence[x509.Certificate], policy: Policy) -> None:
    for certificate in path:
        if not policy.allows_key(certificate.public_key()):
            raise _too_weak(certificate)
        _require_understood(certificate)
    below = 0
    for authority in path[1:]:
        _require_authority(authority, below)
        below += authority.subject != authority.issuer  # self-issued ones do not count. Source: RFC 5280 section 6.1.4
    refused = first_violation(path)
    if refused is not None:
        raise _refused(f"An authority of the chain may not name {refused}.")


def _too_weak(certificate: x509.Certificate) -> CertificateRefused:
    return CertificateRefused(
        f"The key or digest of the certificate of {certificate.subject.rfc4514_string()} is too weak.",
        sub_indication=SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    )


def _require_external(
    external: ExternalAuthority, leaf: x509.Certificate, profile: Profile | None, uri: str | None
) -> None:
    if not external.serves(profile):
        raise _refused(f"{external.certificate.subject.rfc4514_string()} is not trusted for this purpose.")
    if not external.may_name(leaf, uri):
        raise _refused(f"{external.certificate.subject.rfc4514_string()} may not issue to this name.")


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
    if profile is Profile.TIME_STAMPING:
        _require_time_stamping(leaf)
        return profile, None
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


def _require_time_stamping(leaf: x509.Certificate) -> None:
    """The purpose alone, and critical, whoever issued it. Source: RFC 3161 section 2.3."""
    purposes = [one for one in leaf.extensions if isinstance(one.value, x509.ExtendedKeyUsage)]
    alone = [set(one.value) for one in purposes] == [{ExtendedKeyUsageOID.TIME_STAMPING}]
    if not alone or not purposes[0].critical:
        raise _refused("The certificate is not for time stamps, critically and alone.")


def _require_policy(leaf: x509.Certificate, profile: Profile) -> None:
    purposes = set(_extension(leaf, x509.ExtendedKeyUsage) or ())
    if profile.rules.policy not in _policies(leaf) or not purposes.issuperset(profile.rules.purposes):
        raise _refused(f"The certificate is not of the profile {profile.value}.")


def _require_policy_above(path: Sequence[x509.Certificate], profile: Profile | None) -> None:
    """Every authority below the anchor may issue under the profile's policy. Source: RFC 5280 section 6.1.3 (d)."""
    policy = profile.rules.policy if profile else None
    if policy is None or profile is Profile.TIME_STAMPING:
        return
    for authority in path[1:-1]:
        if not _policies(authority) & {policy, CertificatePoliciesOID.ANY_POLICY}:
            raise _refused(f"{authority.subject.rfc4514_string()} may not issue under this policy.")


def _require_uri(leaf: x509.Certificate, profile: Profile) -> str:
    names = _extension(leaf, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    prefix = profile.rules.uri_prefix
    if len(uris) != 1 or prefix is None or not uris[0].startswith(prefix):
        raise _refused(f"The certificate does not name one subject of the profile {profile.value}.")
    return uris[0]
