"""Local trust: pinned roots, what was published below and beside them, and the check of one certificate against it.

A pure module: DER and PEM in, a checked certificate or an error out. Source: RFC 5280 sections 5 and 6.
"""

import hashlib
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.contracts.trust import TrustList
from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.authorities import ExternalAuthority
from lienthong.shared.signatures.ocsp_answers import OCSPStatus, answers_about
from lienthong.shared.signatures.paths import MAX_OFFERED, CertificateRefused, Chain, build_chain
from lienthong.shared.signatures.policies import Policy, policy_at
from lienthong.shared.signatures.profiles import Profile, agency_of, node_of
from lienthong.shared.signatures.report import SubIndication
from lienthong.shared.signatures.revocation import (
    Revocation,
    RevocationList,
    RevocationStatement,
    decisive,
    newest_list,
)
from lienthong.shared.signatures.trust_memory import MAX_REMEMBERED_CHAINS, MAX_REMEMBERED_HEADER_BYTES, Memory

Unanswered = tuple[x509.Certificate, x509.Certificate]
"""A certificate about whose revocation nothing fresh was at hand, and its issuer."""


class TrustMaterialInvalid(InvalidInput):
    """A root, intermediate or CRL cannot be read."""

    code = "trust-material-invalid"
    title = "The trust material cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCertificate:
    """A certificate that passed. ``path`` runs from it to a pinned root, or to an external authority.

    ``profile`` None: a certificate of a foreign CA, good for documents. ``revocation_unknown``: nothing
    fresh about one of the path was at hand, neither CRL nor OCSP; not fatal here, the caller decides.
    """

    certificate: x509.Certificate
    path: tuple[x509.Certificate, ...]
    profile: Profile | None
    uri: str | None
    revocation_unknown: bool

    @property
    def node(self) -> NodeId | None:
        """The node that the certificate names."""
        return node_of(self.uri) if self.uri else None

    @property
    def agency(self) -> AgencyCode | None:
        """The agency that the certificate names."""
        return agency_of(self.uri) if self.uri else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Trust at one moment: roots and external authorities decide, the rest only helps to reach them.

    ``ocsp`` are responses (DER), unverified; ``unanswered``: see :meth:`noting`. Replace the store whole; never change
    it. It remembers chains that it found and statements that it verified, since their signatures do not change;
    validity and revocation are looked at anew on every check.
    """

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[x509.CertificateRevocationList, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    authorities: tuple[ExternalAuthority, ...] = ()
    unanswered: dict[bytes, Unanswered] | None = field(default=None, repr=False, compare=False)
    _memory: Memory = field(default_factory=Memory, repr=False, compare=False)

    @classmethod
    def from_list(cls, trust_list: TrustList | None, *, roots: bytes) -> "TrustStore":
        """Trust from a published list; the list's own roots are ignored.

        Args:
            trust_list: Intermediates, CRLs and external authorities; None before the first one was fetched.
            roots: The pinned roots as configured: PEM, one or several certificates.

        Raises:
            TrustMaterialInvalid: Something in it cannot be read.
        """
        published = trust_list.authorities if trust_list else ()
        try:
            authorities = tuple(ExternalAuthority.read(one) for one in published)
            lists = (*(trust_list.crls if trust_list else ()), *(crl for one in published for crl in one.crls))
            return cls(
                roots=tuple(x509.load_pem_x509_certificates(roots)),
                intermediates=tuple(
                    x509.load_pem_x509_certificate(pem.encode())
                    for pem in (trust_list.intermediates if trust_list else ())
                ),
                crls=tuple(x509.load_der_x509_crl(b64decode(crl, validate=True)) for crl in lists),
                authorities=authorities,
            )
        except ValueError as error:
            raise TrustMaterialInvalid("A certificate or CRL of the trust material cannot be read.") from error

    @property
    def identity(self) -> str:
        """A digest of all that is trusted; equal for equal trust."""
        certificates = [one.public_bytes(Encoding.DER) for one in (*self.roots, *self.intermediates)]
        lists = [one.public_bytes(Encoding.DER) for one in self.crls]
        authorities = [one.identity for one in self.authorities]
        return hashlib.sha256(b"".join((*certificates, *lists, *self.ocsp, *authorities))).hexdigest()

    def with_further(
        self,
        *,
        crls: Sequence[x509.CertificateRevocationList] = (),
        ocsp: Sequence[bytes] = (),
        intermediates: Sequence[x509.Certificate] = (),
    ) -> "TrustStore":
        """The same trust with further material, as a file brings it along; none of it is believed unless signed.

        Chains are found anew only where there are further intermediates.
        """
        return replace(
            self,
            crls=(*self.crls, *crls),
            ocsp=(*self.ocsp, *ocsp),
            intermediates=(*self.intermediates, *intermediates),
            _memory=Memory() if intermediates else Memory(chains=self._memory.chains),
        )

    def noting(self) -> "TrustStore":
        """The same trust, which notes in ``unanswered`` about whom nothing fresh was at hand, of chains that hold."""
        return replace(self, unanswered={})

    def chain(
        self, leaf: x509.Certificate, others: Sequence[x509.Certificate], profile: Profile | None, *, at: datetime
    ) -> Chain:
        """The chain of ``leaf``, found now or before; its window says whether it holds at ``at``.

        Certificates that a stranger offers are looked at only where the store's own lead nowhere, and such a chain is
        not remembered: an old certificate of the issuer would stand in the way of all who come later.

        Raises:
            CertificateRefused: There is none, or it breaks a rule.
        """
        held = (*self.intermediates, *self.roots)
        further = [one for one in others[:MAX_OFFERED] if one not in held]
        try:
            own = self._own_chain(leaf, profile, policy_at(at))
        except CertificateRefused:
            if not further:
                raise
            return self._build(leaf, (*further, *held), profile, policy_at(at))
        if further and not own.not_before <= at <= own.not_after:
            with suppress(CertificateRefused):
                return self._build(leaf, (*further, *held), profile, policy_at(at))
        return own

    def _own_chain(self, leaf: x509.Certificate, profile: Profile | None, policy: Policy) -> Chain:
        memory, key = self._memory.chains, (leaf.fingerprint(SHA256()), profile, policy.name)
        chain = memory.get(key)
        if chain is None:
            chain = self._build(leaf, (*self.intermediates, *self.roots), profile, policy)
            if len(memory) >= MAX_REMEMBERED_CHAINS:
                memory.clear()
            memory[key] = chain
        return chain

    def _build(
        self, leaf: x509.Certificate, pool: Sequence[x509.Certificate], profile: Profile | None, policy: Policy
    ) -> Chain:
        return build_chain(leaf, pool, roots=self.roots, profile=profile, policy=policy, authorities=self.authorities)

    def offered(self, key: tuple[str, bytes]) -> tuple[x509.Certificate, ...] | None:
        """Certificates that stood in a seal's header and passed before; parsing them again costs more than checking."""
        return self._memory.offered.get(key)

    def remember_offered(self, key: tuple[str, bytes], certificates: tuple[x509.Certificate, ...]) -> None:
        """Keep what :meth:`offered` gives. Only for certificates that passed: others would fill the memory."""
        if len(key[1]) > MAX_REMEMBERED_HEADER_BYTES:
            return
        if len(self._memory.offered) >= MAX_REMEMBERED_CHAINS:
            self._memory.offered.clear()
        self._memory.offered[key] = certificates

    def list_of(self, issuer: x509.Certificate, fingerprint: bytes | None = None) -> RevocationList | None:
        """The newest CRL that ``issuer`` signed; None without one. ``fingerprint`` is the issuer's SHA-256."""
        known, memory = fingerprint or issuer.fingerprint(SHA256()), self._memory.lists
        if known not in memory:
            memory[known] = newest_list(self.crls, issuer)
        return memory[known]

    def statement(
        self, certificate: x509.Certificate, issuer: x509.Certificate, fingerprint: bytes | None = None
    ) -> RevocationStatement | None:
        """What counts of all that CRLs and OCSP answers say about ``certificate``; None: nothing is at hand.

        ``fingerprint`` is the issuer's SHA-256.
        """
        known = fingerprint or issuer.fingerprint(SHA256())
        listed = self.list_of(issuer, known)
        answered = self._answered(certificate, issuer, known) if self.ocsp else ()
        status = listed.status_of(certificate) if listed else None
        return decisive((*answered, status) if status else answered)

    def revocation(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Revocation | None:
        """Since when ``certificate`` is revoked, at whatever moment; None: not, as far as is known."""
        statement = self.statement(certificate, issuer)
        return statement.revocation if statement else None

    def _answered(
        self, certificate: x509.Certificate, issuer: x509.Certificate, fingerprint: bytes
    ) -> Sequence[OCSPStatus]:
        memory, key = self._memory.answers, (fingerprint, certificate.serial_number)
        if key not in memory:
            if len(memory) >= MAX_REMEMBERED_CHAINS:
                memory.clear()
            listed = self.list_of(issuer, fingerprint)
            memory[key] = answers_about(self.ocsp, certificate, issuer, listed=listed)
        return memory[key]


def check_certificate(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    *,
    trust: TrustStore,
    at: datetime,
    profile: Profile | None,
) -> CheckedCertificate:
    """Check that ``leaf`` was good for ``profile`` at the moment ``at``.

    1. A chain of signatures leads to a pinned root or an external authority, each issuer is a CA with room for the
       path, keys and digests are strong enough for the policy in force at ``at``, names are within their constraints,
       nothing critical is unknown (:func:`paths.build_chain`).
    2. The leaf keeps its profile: key usage, purpose, policy, subject alternative name.
    3. Every certificate of the path is within its validity, and the external authority within its trust.
    4. None was revoked at or before ``at``, by CRL or OCSP answer (:func:`revocation.decisive`); nothing fresh is
       told as ``revocation_unknown``.

    Args:
        leaf: The certificate in question.
        intermediates: Certificates that came with it; unverified.
        trust: Roots, intermediates, CRLs, OCSP answers, external authorities.
        at: The moment for which existence is proven; now for seals, the best signature time for documents.
        profile: What it must be for; None: for documents, also from a foreign CA under a pinned root.

    Raises:
        CertificateRefused: With the sub-indication that names the step.
    """
    chain = trust.chain(leaf, intermediates, profile, at=at)
    _require_within_validity(chain, at)
    unknown = [
        (certificate, issuer)
        for certificate, issuer, fingerprint in zip(chain.path, chain.path[1:], chain.fingerprints[1:], strict=False)
        if not _is_spoken_for(certificate, trust.statement(certificate, issuer, fingerprint), at)
    ]
    if trust.unanswered is not None:
        trust.unanswered.update({one.fingerprint(SHA256()): (one, issuer) for one, issuer in unknown})
    return CheckedCertificate(
        certificate=leaf,
        path=chain.path,
        profile=chain.profile,
        uri=chain.uri,
        revocation_unknown=bool(unknown),
    )


def _require_within_validity(chain: Chain, at: datetime) -> None:
    if not chain.not_before <= at <= chain.not_after:
        raise CertificateRefused(
            f"A certificate of the chain is not valid at {at.isoformat()}: the chain holds from"
            f" {chain.not_before.isoformat()} to {chain.not_after.isoformat()}.",
            sub_indication=SubIndication.OUT_OF_BOUNDS_NO_POE,
        )


def _is_spoken_for(certificate: x509.Certificate, statement: RevocationStatement | None, at: datetime) -> bool:
    """Whether a fresh statement says that it is not revoked; False when none does."""
    if statement is None:
        return False
    revocation = statement.revocation
    if revocation is not None and revocation.at <= at:
        raise CertificateRefused(
            f"The certificate of {certificate.subject.rfc4514_string()} was revoked at {revocation.at.isoformat()}.",
            sub_indication=SubIndication.REVOKED_NO_POE,
            revoked_at=revocation.at,
        )
    return statement.is_fresh(at)
