"""What the service remembers: authorities, certificates, revocation lists, remote keys."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from cryptography import x509

from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.profiles import Profile

Serial = NewType("Serial", str)
"""A certificate's serial number: 40 lower-case hexadecimal digits."""
AuthorityName = NewType("AuthorityName", str)
"""``root``, ``issuing-1``, ``issuing-2`` …: as in the address of its CRL, and the name of its key."""

ROOT = AuthorityName("root")


class RevocationReason(StrEnum):
    """Why a certificate is withdrawn. Source: RFC 5280 section 5.3.1 (without the reasons that can be undone)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """``decided_at`` is the CRL's revocationDate; ``effective_at`` its invalidityDate: not to be trusted from then."""

    decided_at: datetime
    effective_at: datetime
    reason: RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRecord:
    """One issued certificate. ``issued_by`` is the client that asked; ``renews`` the certificate before."""

    serial: Serial
    issuer: AuthorityName
    profile: Profile
    subject: str
    agency: AgencyCode | None
    node: NodeId | None
    pem: str
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    issued_by: str
    revocation: Revocation | None = None
    renews: Serial | None = None

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate, parsed."""
        return x509.load_pem_x509_certificate(self.pem.encode())

    def is_usable(self, at: datetime) -> bool:
        """Whether it may be used for signing at that moment."""
        return self.revocation is None and self.not_before <= at <= self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One certificate authority of this service."""

    name: AuthorityName
    serial: Serial
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCRL:
    """One revocation list. ``number`` grows by one with each list of an authority. ``der`` is the list."""

    issuer: AuthorityName
    number: int
    der: bytes
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTrustList:
    """One trust list. ``jws`` is what nodes take; ``content_digest`` covers what it says, but for version and time."""

    version: int
    content_digest: str
    issued_at: datetime
    expires_at: datetime
    jws: str


AGENCY_ITSELF = ""
"""The officer of a remote key that is the agency's own seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTerms:
    """Whose remote key it is, and who may sign with it.

    ``officer`` names the officer within the agency (the agency's seal: none). ``node`` may ask for the seal's
    signatures. ``signers`` are the subjects of the tokens that may, all of the agency; none: any of the agency's.
    """

    officer: str = AGENCY_ITSELF
    node: NodeId | None = None
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKey:
    """A key of an agency, or of one of its officers, that is held here."""

    agency: AgencyCode
    serial: Serial
    terms: RemoteTerms
    created_at: datetime

    def names(self, client_id: str) -> bool:
        """Whether that client of the agency may sign with it."""
        return client_id in self.terms.signers or (not self.terms.signers and not self.terms.officer)

    @property
    def key_name(self) -> str:
        """Its name in the key store."""
        return f"remote/{self.serial}"


def serial_text(number: int) -> Serial:
    """A serial number as it is written everywhere outside certificates."""
    return Serial(f"{number:040x}")
