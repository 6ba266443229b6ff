"""Revocation: the decision, and the lists that tell it. Source: RFC 5280 section 5."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from asn1crypto import core
from cryptography import x509

from lienthong.shared.signatures.revocation import EXPIRED_CERTS_ON_CRL
from lienthong.signing.domain.records import CertificateRecord, PublishedCRL, Revocation, RevocationReason, Serial
from lienthong.signing.errors import RevocationConflict, RevocationTimeInvalid

ALLOWED_SKEW = timedelta(minutes=5)
"""How far in the future a caller's clock may put the time of effect; it is taken as now."""

_FLAGS = {reason: x509.ReasonFlags(reason.value) for reason in RevocationReason}


def decide_revocation(
    record: CertificateRecord, reason: RevocationReason, *, effective_at: datetime | None, now: datetime
) -> Revocation | None:
    """The revocation to be recorded, or None when the very same was decided before.

    Raises:
        RevocationConflict: It is revoked for another reason; a revocation is never changed.
        RevocationTimeInvalid: ``effective_at`` is in the future, or before the certificate was.
    """
    if record.revocation is not None:
        if record.revocation.reason is reason:
            return None
        raise RevocationConflict(
            f"It was revoked at {record.revocation.decided_at.isoformat()} with reason {record.revocation.reason}.",
            facts={"reason": record.revocation.reason.value},
        )
    effective = effective_at or now
    if effective > now + ALLOWED_SKEW or effective < record.not_before:
        raise RevocationTimeInvalid("'effective_at' lies between the start of the certificate and now.")
    return Revocation(decided_at=now, effective_at=min(effective, now), reason=reason)


def draft_crl(
    issuer: x509.Certificate,
    revoked: Iterable[tuple[Serial, Revocation]],
    *,
    number: int,
    this_update: datetime,
    lifetime: timedelta,
) -> x509.CertificateRevocationListBuilder:
    """A whole revocation list, before its signature. Expired certificates stay on it: old signatures are judged, too.

    Source: RFC 5280 section 5.2 (CRL number, authority key identifier), 5.3 (reason, invalidity date).
    """
    key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key)
    entries = [_entry(serial, revocation) for serial, revocation in revoked]
    return (
        x509.CertificateRevocationListBuilder(revoked_certificates=entries)  # adding one by one is quadratic
        .issuer_name(issuer.subject)
        .last_update(this_update)
        .next_update(this_update + lifetime)
        .add_extension(authority, critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_keeps_expired(issuer.not_valid_before_utc), critical=False)
    )


def _keeps_expired(since: datetime) -> x509.UnrecognizedExtension:
    """Says that certificates stay listed once they have expired. Source: ITU-T X.509 clause 9.5.2.8."""
    return x509.UnrecognizedExtension(EXPIRED_CERTS_ON_CRL, core.GeneralizedTime(since).dump())


def is_due(latest: PublishedCRL | None, *, interval: timedelta, now: datetime) -> bool:
    """Whether the next list must be published, though nothing was revoked."""
    return latest is None or latest.this_update + interval <= now


def _entry(serial: Serial, revocation: Revocation) -> x509.RevokedCertificate:
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(serial, 16))
        .revocation_date(revocation.decided_at.replace(microsecond=0))
    )
    if revocation.reason is not RevocationReason.UNSPECIFIED:
        entry = entry.add_extension(x509.CRLReason(_FLAGS[revocation.reason]), critical=False)
    if revocation.effective_at < revocation.decided_at:
        naive = revocation.effective_at.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        entry = entry.add_extension(x509.InvalidityDate(naive), critical=False)
    return entry.build()
