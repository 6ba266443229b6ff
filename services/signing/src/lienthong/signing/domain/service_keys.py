"""The service's own keys: when one signs, and when the next one is due."""

from datetime import datetime

from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.records import Authority, CertificateRecord
from lienthong.signing.domain.subjects import Subject

_ROLES = {
    Profile.OCSP_RESPONDER: "OCSP responder",
    Profile.TIME_STAMPING: "Time stamps",
    Profile.TRUST_LIST: "Trust list",
}


def service_subject(profile: Profile, issuer: Authority, organisation: str) -> Subject:
    """Whom a certificate of the service names: for people; the profile is what counts."""
    of = f" {issuer.name}" if profile is Profile.OCSP_RESPONDER else ""
    return Subject(name=f"{organisation} {_ROLES[profile]}{of}", organisation=organisation)


def may_sign(record: CertificateRecord, at: datetime) -> bool:
    """Whether the key of the certificate is in use at that moment: valid, not revoked, not too old."""
    return record.is_usable(at) and at < _in_use_until(record)


def is_renewal_due(record: CertificateRecord, at: datetime) -> bool:
    """Whether half of the key's time in use has gone, so that the next one is at hand long before it is needed."""
    return not may_sign(record, at) or at >= record.not_before + (_in_use_until(record) - record.not_before) / 2


def _in_use_until(record: CertificateRecord) -> datetime:
    in_use = record.profile.rules.key_in_use
    return record.not_after if in_use is None else min(record.not_before + in_use, record.not_after)
