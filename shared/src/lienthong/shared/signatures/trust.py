"""Local trust: pinned roots, published intermediates and CRLs, and the check of one certificate against them.

A pure module: DER and PEM in, a checked certificate or an error out. Source: RFC 5280 sections 5 and 6.
"""

import hashlib
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.shared.contracts.trust import TrustList
from lienthong.shared.errors import InvalidInput
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.paths import MAX_OFFERED, CertificateRefused, Chain, build_chain
from lienthong.shared.signatures.profiles import Profile, agency_of, node_of
from lienthong.shared.signatures.report import SubIndication

MAX_REMEMBERED_CHAINS = 20_000
"""Chains that one trust store remembers: every agency of a large node. Each holds a few KiB."""


class TrustMaterialInvalid(InvalidInput):
    """A root, intermediate or CRL cannot be read."""

    code = "trust-material-invalid"
    title = "The trust material cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A CRL whose signature the named issuer made; ``revoked`` maps serial numbers to moments."""

    this_update: datetime
    next_update: datetime | None
    revoked: dict[int, datetime]

    def is_fresh(self, at: datetime) -> bool:
        """Whether the list can speak for ``at``. Source: RFC 5280 section 6.3.3 step a.1.i."""
        return self.next_update is not None and at <= self.next_update


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCertificate:
    """A certificate that passed. ``path`` runs from it to a pinned root.

    ``profile`` None: a certificate of a foreign CA, good for documents. ``revocation_unknown``: no fresh CRL of an
    issuer was at hand; not fatal here, the caller decides.
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


@dataclass(frozen=True, slots=True, eq=False)
class _Memory:
    chains: dict[tuple[bytes, Profile | None], Chain] = field(default_factory=dict)
    lists: dict[bytes, RevocationList | None] = field(default_factory=dict)
    offered: dict[tuple[str, bytes], tuple[x509.Certificate, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Trust at one moment: roots decide, the rest only helps to reach them. Replace it whole; never change it.

    It remembers chains that it found, since their signatures do not change; validity and revocation are looked at anew
    on every check.
    """

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[x509.CertificateRevocationList, ...] = ()
    _memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    @classmethod
    def from_list(cls, trust_list: TrustList | None, *, roots: bytes) -> "TrustStore":
        """Trust from a published list; the list's own roots are ignored.

        Args:
            trust_list: Intermediates and CRLs; None before the first one was fetched.
            roots: The pinned roots as configured: PEM, one or several certificates.

        Raises:
            TrustMaterialInvalid: Something in it cannot be read.
        """
        try:
            return cls(
                roots=tuple(x509.load_pem_x509_certificates(roots)),
                intermediates=tuple(
                    x509.load_pem_x509_certificate(pem.encode())
                    for pem in (trust_list.intermediates if trust_list else ())
                ),
                crls=tuple(
                    x509.load_der_x509_crl(b64decode(crl, validate=True))
                    for crl in (trust_list.crls if trust_list else ())
                ),
            )
        except ValueError as error:
            raise TrustMaterialInvalid("A certificate or CRL of the trust material cannot be read.") from error

    @property
    def identity(self) -> str:
        """A digest of all that is trusted; equal for equal trust."""
        certificates = [one.public_bytes(Encoding.DER) for one in (*self.roots, *self.intermediates)]
        lists = [one.public_bytes(Encoding.DER) for one in self.crls]
        return hashlib.sha256(b"".join((*certificates, *lists))).hexdigest()

    def chain(self, leaf: x509.Certificate, others: Sequence[x509.Certificate], profile: Profile | None) -> Chain:
        """The chain of ``leaf``, found now or before. Raises :class:`CertificateRefused`."""
        memory = self._memory.chains
        key = (leaf.fingerprint(SHA256()), profile)
        chain = memory.get(key)
        if chain is None:
            pool = (*others[:MAX_OFFERED], *self.intermediates, *self.roots)
            chain = build_chain(leaf, pool, roots=self.roots, profile=profile)
            if len(memory) >= MAX_REMEMBERED_CHAINS:
                memory.clear()
            memory[key] = chain
        return chain

    def offered(self, key: tuple[str, bytes]) -> tuple[x509.Certificate, ...] | None:
        """Certificates that stood in a seal's header and passed before; parsing them again costs more than checking."""
        return self._memory.offered.get(key)

    def remember_offered(self, key: tuple[str, bytes], certificates: tuple[x509.Certificate, ...]) -> None:
        """Keep what :meth:`offered` gives. Only for certificates that passed: others would fill the memory."""
        if len(self._memory.offered) >= MAX_REMEMBERED_CHAINS:
            self._memory.offered.clear()
        self._memory.offered[key] = certificates

    def revocation_list(self, issuer: x509.Certificate, fingerprint: bytes) -> RevocationList | None:
        """The newest CRL that ``issuer``, whose SHA-256 is ``fingerprint``, signed; or None."""
        memory = self._memory.lists
        if fingerprint not in memory:
            memory[fingerprint] = _newest_list(self.crls, issuer)
        return memory[fingerprint]


def check_certificate(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    *,
    trust: TrustStore,
    at: datetime,
    profile: Profile | None,
) -> CheckedCertificate:
    """Check that ``leaf`` was good for ``profile`` at the moment ``at``.

    1. A chain of signatures leads to a pinned root, each issuer is a CA with room for the path, keys and digests are
       strong enough, nothing critical is unknown (:func:`paths.build_chain`).
    2. The leaf keeps its profile: key usage, purpose, policy, subject alternative name.
    3. Every certificate of the path is within its validity.
    4. None was revoked at or before ``at``; a missing or stale CRL is told as ``revocation_unknown``.

    Args:
        leaf: The certificate in question.
        intermediates: Certificates that came with it; unverified.
        trust: Roots, intermediates and CRLs.
        at: The moment for which existence is proven; now for seals, the time of receipt for documents.
        profile: What it must be for; None: for documents, also from a foreign CA under a pinned root.

    Raises:
        CertificateRefused: With the sub-indication that names the step.
    """
    chain = trust.chain(leaf, intermediates, profile)
    _require_within_validity(chain, at)
    fresh = [
        _require_not_revoked(certificate, trust.revocation_list(issuer, fingerprint), at)
        for certificate, issuer, fingerprint in zip(chain.path, chain.path[1:], chain.fingerprints[1:], strict=False)
    ]
    return CheckedCertificate(
        certificate=leaf,
        path=chain.path,
        profile=chain.profile,
        uri=chain.uri,
        revocation_unknown=not all(fresh),
    )


def _require_within_validity(chain: Chain, at: datetime) -> None:
    if not chain.not_before <= at <= chain.not_after:
        raise CertificateRefused(
            f"A certificate of the chain is not valid at {at.isoformat()}: the chain holds from"
            f" {chain.not_before.isoformat()} to {chain.not_after.isoformat()}.",
            sub_indication=SubIndication.OUT_OF_BOUNDS_NO_POE,
        )


def _require_not_revoked(certificate: x509.Certificate, crl: RevocationList | None, at: datetime) -> bool:
    """Whether a fresh list says so; False when none does."""
    if crl is None:
        return False
    revoked_at = crl.revoked.get(certificate.serial_number)
    if revoked_at is not None and revoked_at <= at:
        raise CertificateRefused(
            f"The certificate of {certificate.subject.rfc4514_string()} was revoked at {revoked_at.isoformat()}.",
            sub_indication=SubIndication.REVOKED_NO_POE,
            revoked_at=revoked_at,
        )
    return crl.is_fresh(at)


def _newest_list(crls: Sequence[x509.CertificateRevocationList], issuer: x509.Certificate) -> RevocationList | None:
    mine = [crl for crl in crls if crl.issuer == issuer.subject and _signed_by(crl, issuer)]
    if not mine:
        return None
    newest = max(mine, key=lambda crl: crl.last_update_utc)
    return RevocationList(
        this_update=newest.last_update_utc,
        next_update=newest.next_update_utc,
        revoked={entry.serial_number: entry.revocation_date_utc for entry in newest},
    )


def _signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` signed the whole list. One with a critical extension (partial, delta) cannot be read here."""
    try:
        if any(extension.critical for extension in crl.extensions):
            return False
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
