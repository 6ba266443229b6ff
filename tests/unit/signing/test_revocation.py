"""When a certificate may be revoked, and how the list tells it."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.profiles import Profile
from lienthong.signing.domain.issuance import draft_root
from lienthong.signing.domain.records import (
    ROOT,
    CertificateRecord,
    PublishedCRL,
    Revocation,
    RevocationReason,
    serial_text,
)
from lienthong.signing.domain.revocation import decide_revocation, draft_crl, is_due
from lienthong.signing.errors import RevocationConflict, RevocationTimeInvalid
from lienthong.signing.keys.handles import KeyHandle, new_serial

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ISSUED = NOW - timedelta(days=30)


def record(revocation: Revocation | None = None) -> CertificateRecord:
    return CertificateRecord(
        serial=serial_text(5),
        issuer=ROOT,
        profile=Profile.AGENCY_SEAL,
        subject="CN=Hang Kia",
        agency=AgencyCode("H28.31.05"),
        node=None,
        pem="",
        not_before=ISSUED,
        not_after=NOW + timedelta(days=30),
        issued_at=ISSUED,
        issued_by="operator",
        revocation=revocation,
    )


def revoked(reason: RevocationReason = RevocationReason.SUPERSEDED) -> Revocation:
    return Revocation(decided_at=NOW, effective_at=NOW - timedelta(days=1), reason=reason)


def test_a_revocation_takes_effect_now_unless_told_earlier() -> None:
    decided = decide_revocation(record(), RevocationReason.UNSPECIFIED, effective_at=None, now=NOW)

    assert decided == Revocation(decided_at=NOW, effective_at=NOW, reason=RevocationReason.UNSPECIFIED)


def test_the_same_reason_again_changes_nothing() -> None:
    later = NOW + timedelta(days=1)

    again = decide_revocation(record(revoked()), RevocationReason.SUPERSEDED, effective_at=later, now=later)

    assert again is None


def test_another_reason_afterwards_is_a_conflict() -> None:
    with pytest.raises(RevocationConflict):
        decide_revocation(record(revoked()), RevocationReason.KEY_COMPROMISE, effective_at=None, now=NOW)


@pytest.mark.parametrize("effective_at", [NOW + timedelta(hours=1), ISSUED - timedelta(seconds=1)])
def test_a_revocation_takes_effect_within_the_life_of_the_certificate(effective_at: datetime) -> None:
    with pytest.raises(RevocationTimeInvalid):
        decide_revocation(record(), RevocationReason.UNSPECIFIED, effective_at=effective_at, now=NOW)


def test_a_list_tells_number_times_reason_and_invalidity_date() -> None:
    key = KeyHandle.generate()
    issuer = key.sign_certificate(draft_root(key.public_key, organisation="Thử", serial=new_serial(), now=ISSUED))

    draft = draft_crl(issuer, [(serial_text(5), revoked())], number=7, this_update=NOW, lifetime=timedelta(days=7))
    crl = key.sign_crl(draft)

    (entry,) = crl
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    assert (crl.last_update_utc, crl.next_update_utc) == (NOW, NOW + timedelta(days=7))
    assert (entry.serial_number, entry.revocation_date_utc) == (5, NOW)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.superseded
    since = entry.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert since.invalidity_date_utc == NOW - timedelta(days=1)


def test_a_list_is_due_when_the_interval_is_over() -> None:
    crl = PublishedCRL(issuer=ROOT, number=1, der=b"", this_update=NOW, next_update=NOW + timedelta(days=7))
    day = timedelta(days=1)

    assert is_due(None, interval=day, now=NOW)
    assert not is_due(crl, interval=day, now=NOW + day - timedelta(seconds=1))
    assert is_due(crl, interval=day, now=NOW + day)
