"""Revocation: what CRLs and OCSP answers state about a certificate. Source: RFC 5280 sections 5 and 6.3, RFC 6960."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from lienthong.shared.signatures.policies import policy_at

EXPIRED_CERTS_ON_CRL: Final = x509.ObjectIdentifier("2.5.29.60")
"""Extension of a CRL that goes on listing certificates which expired since the time in it."""


class RevocationSource(StrEnum):
    """Who says so."""

    CRL = "CRL"
    OCSP = "OCSP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A certificate is not to be trusted from ``at`` on. ``reason`` None: none was given."""

    at: datetime
    reason: x509.ReasonFlags | None


class RevocationStatement(Protocol):
    """What one source says about one certificate."""

    @property
    def source(self) -> RevocationSource:
        """Its kind."""

    @property
    def this_update(self) -> datetime:
        """When it was true."""

    @property
    def revocation(self) -> Revocation | None:
        """None: not revoked, as far as this source knows."""

    def is_fresh(self, at: datetime) -> bool:
        """Whether it can speak for ``at``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedStatus:
    """What a CRL says about one certificate."""

    source: RevocationSource = field(default=RevocationSource.CRL, init=False)
    this_update: datetime
    next_update: datetime | None
    revocation: Revocation | None

    def is_fresh(self, at: datetime) -> bool:
        """Source: RFC 5280 section 6.3.3 step a.1.i."""
        return self.next_update is not None and at <= self.next_update


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A CRL that its issuer signed, whole and direct. ``entries`` by serial number, their extensions unread.

    ``keeps_since``: certificates that expired since then are still on it; None: nobody says so.
    """

    this_update: datetime
    next_update: datetime | None
    entries: Mapping[int, x509.RevokedCertificate]
    keeps_since: datetime | None = None

    def status_of(self, certificate: x509.Certificate) -> ListedStatus | None:
        """What the list says about a certificate of its issuer; None: nothing.

        A list may drop those that have expired, so that silence about them says nothing.
        Source: RFC 5280 section 3.3, ITU-T X.509 clause 9.5.2.8 (expiredCertsOnCRL).
        """
        entry, end = self.entries.get(certificate.serial_number), certificate.not_valid_after_utc
        kept = self.this_update <= end or (self.keeps_since is not None and self.keeps_since <= end)
        if entry is None and not kept:
            return None
        return ListedStatus(
            this_update=self.this_update,
            next_update=self.next_update,
            revocation=None if entry is None else _revocation(entry),
        )


def decisive(statements: Iterable[RevocationStatement]) -> RevocationStatement | None:
    """Which of the statements about one certificate counts; None without any.

    1. The one that revokes earliest, however old: a revocation is neither lifted nor moved to a later day.
    2. Else the newest. A certificate on hold may be released, so that of it, too, the newest counts.

    Source: RFC 5280 sections 5.3.1 and 5.3.2.
    """
    stated = list(statements)
    newest = max(stated, key=lambda one: (one.this_update, one.revocation is not None), default=None)
    revoking = [
        (one.revocation.at, n)
        for n, one in enumerate(stated)
        if one.revocation and (one is newest or one.revocation.reason is not x509.ReasonFlags.certificate_hold)
    ]
    return stated[min(revoking)[1]] if revoking else newest


def _revocation(entry: x509.RevokedCertificate) -> Revocation:
    """The earlier of decision and invalidity. Source: RFC 5280 section 5.3.2."""
    moments, reason = [entry.revocation_date_utc], None
    try:
        for extension in entry.extensions:
            if isinstance(extension.value, x509.CRLReason):
                reason = extension.value.reason
            elif isinstance(extension.value, x509.InvalidityDate):
                moments.append(extension.value.invalidity_date_utc)
    except ValueError:
        pass  # an entry that cannot be read to its end still revokes
    return Revocation(at=min(moments), reason=reason)


def newest_list(crls: Sequence[x509.CertificateRevocationList], issuer: x509.Certificate) -> RevocationList | None:
    """The newest of the CRLs that ``issuer`` signed and may sign, or None.

    One with an entry that is not understood revokes what it names and vouches for nothing: it has no end.
    Source: RFC 5280 section 5.3.
    """
    mine = [crl for crl in crls if crl.issuer == issuer.subject and _is_list_of(crl, issuer)]
    if not mine:
        return None
    newest = max(mine, key=lambda crl: crl.last_update_utc)
    return RevocationList(
        this_update=newest.last_update_utc,
        next_update=newest.next_update_utc if all(map(_is_understood, newest)) else None,
        entries={entry.serial_number: entry for entry in newest},
        keeps_since=_keeps_since(newest),
    )


def _keeps_since(crl: x509.CertificateRevocationList) -> datetime | None:
    try:
        held = crl.extensions.get_extension_for_oid(EXPIRED_CERTS_ON_CRL).value
        moment = core.GeneralizedTime.load(held.value, strict=True).native  # type: ignore[attr-defined]
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (x509.ExtensionNotFound, ValueError, TypeError, AttributeError, OverflowError):
        return None


def _is_understood(entry: x509.RevokedCertificate) -> bool:
    try:
        return not any(one.critical and isinstance(one.value, x509.UnrecognizedExtension) for one in entry.extensions)
    except (ValueError, x509.DuplicateExtension):
        return False


def _is_list_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` may sign lists, and signed this one, and it is whole.

    One with a critical extension (partial, delta, indirect) speaks of less, or of others, and is not read.
    """
    try:
        digest = crl.signature_hash_algorithm
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.crl_sign or any(extension.critical for extension in crl.extensions):
            return False
        if not policy_at(crl.last_update_utc).allows_digest(digest.name if digest else None):
            return False
        return crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension, UnsupportedAlgorithm):
        return False
