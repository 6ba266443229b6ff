"""Time decides: what a time stamp, or a receipt alone, proves about a signer whose certificate ends or is revoked."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.signatures.existence import ShownStamp, establish_time, prove_existence
from lienthong.shared.signatures.findings import CheckEnded, Findings
from lienthong.shared.signatures.profiles import Profile, agency_uri
from lienthong.shared.signatures.report import Indication, Proof, SignatureKind, SignatureReport, SubIndication
from lienthong.shared.signatures.signer_checks import check_revocation, check_signer
from tests.support.pki import NOW, PKI, Credential
from tests.support.time_stamping import TimeStamper

VALUE = b"the value of a signature"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def stamp(pki: PKI, at: datetime = NOW, *, over: bytes = VALUE) -> ShownStamp:
    token = TimeStamper.of(pki, at=at).stamp(hashlib.sha256(over).digest())
    return ShownStamp(token=token, stamped=VALUE)


def judged(
    signer: Credential,
    stamps: Sequence[ShownStamp],
    pki: PKI,
    *,
    at: datetime = NOW,
    claimed: datetime | None = NOW,
) -> SignatureReport:
    """The verdict over a signature whose value is right, seen at ``at`` with the CRLs of then."""
    trust = pki.trust(crls=(pki.root.crl(at=at), pki.issuing.crl(at=at)))
    findings = Findings(kind=SignatureKind.XADES, where="package", signing_time=claimed)
    try:
        proven = establish_time(stamps, findings, trust=trust, at=at)
        check_revocation(check_signer(signer.certificate, (), findings, trust=trust, at=proven), findings)
    except CheckEnded as ended:
        return findings.report(ended.sub_indication)
    return findings.report(None)


def verdict(report: SignatureReport) -> tuple[Indication, SubIndication | None]:
    return report.indication, report.sub_indication


def agency(pki: PKI, *, begins: datetime = NOW - DAY, ends: datetime = NOW + 365 * DAY) -> Credential:
    uri = agency_uri(AgencyCode("H28"))
    return pki.issuing.issue(Profile.AGENCY_SEAL, "Agency H28", uri=uri, not_before=begins, not_after=ends)


def short_lived(pki: PKI) -> Credential:
    """An agency's certificate that ends an hour from now."""
    return agency(pki, ends=NOW + HOUR)


def test_receipt_alone_is_the_proof_and_names_nobody(pki: PKI) -> None:
    report = judged(pki.agency("H28"), (), pki)

    assert verdict(report) == (Indication.TOTAL_PASSED, None)
    assert (report.best_signature_time, report.proof, report.proof_source) == (NOW, Proof.RECEIPT, "")


def test_time_stamp_is_the_proof_and_names_its_authority(pki: PKI) -> None:
    report = judged(pki.agency("H28"), (stamp(pki),), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.TOTAL_PASSED, None)
    assert (report.best_signature_time, report.proof) == (NOW, Proof.TIME_STAMP)
    assert report.proof_source == "CN=Outside Service"


def test_earliest_of_two_time_stamps_is_the_proof(pki: PKI) -> None:
    found = prove_existence((stamp(pki, NOW + HOUR), stamp(pki)), trust=pki.trust(), at=NOW + DAY)

    assert found.at == NOW


def test_revoked_after_the_time_stamp_passes(pki: PKI) -> None:
    signer = pki.agency("H28")
    pki.issuing.revoke(signer.certificate, NOW + HOUR)

    report = judged(signer, (stamp(pki),), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.TOTAL_PASSED, None)
    assert "was revoked at 2026-03-02T09:00:00+00:00" in next(
        one.detail for one in report.checks if one.name == "certificate chain"
    )


def test_revoked_after_signing_without_a_time_stamp_is_indeterminate(pki: PKI) -> None:
    signer = pki.agency("H28")
    pki.issuing.revoke(signer.certificate, NOW + HOUR)

    report = judged(signer, (), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)


def test_revoked_before_the_time_stamp_fails(pki: PKI) -> None:
    signer = pki.agency("H28")
    pki.issuing.revoke(signer.certificate, NOW - HOUR)

    report = judged(signer, (stamp(pki),), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.TOTAL_FAILED, SubIndication.REVOKED)


def test_backdated_signing_time_of_a_revoked_signer_gains_nothing_from_a_late_time_stamp(pki: PKI) -> None:
    signer = pki.agency("H28")
    pki.issuing.revoke(signer.certificate, NOW - HOUR)

    report = judged(signer, (stamp(pki),), pki, at=NOW + DAY, claimed=NOW - 2 * HOUR)

    assert verdict(report) == (Indication.INDETERMINATE, SubIndication.REVOKED_NO_POE)


def test_expired_now_but_stamped_while_valid_passes(pki: PKI) -> None:
    report = judged(short_lived(pki), (stamp(pki),), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.TOTAL_PASSED, None)


def test_expired_without_a_time_stamp_is_indeterminate(pki: PKI) -> None:
    report = judged(short_lived(pki), (), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_stamped_after_the_certificate_ended_is_indeterminate(pki: PKI) -> None:
    report = judged(short_lived(pki), (stamp(pki, NOW + 2 * HOUR),), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_stamped_before_the_certificate_began_fails(pki: PKI) -> None:
    report = judged(agency(pki, begins=NOW + HOUR), (stamp(pki),), pki, at=NOW + DAY)

    assert verdict(report) == (Indication.TOTAL_FAILED, SubIndication.NOT_YET_VALID)


def test_signing_time_that_is_later_than_the_time_stamp_is_refused(pki: PKI) -> None:
    report = judged(pki.agency("H28"), (stamp(pki),), pki, at=NOW + DAY, claimed=NOW + HOUR)

    assert verdict(report) == (Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_stamp_over_other_bytes_proves_nothing(pki: PKI) -> None:
    assert_proves_nothing(stamp(pki, over=b"another value"), pki, SubIndication.HASH_FAILURE)


def test_stamp_of_an_untrusted_authority_proves_nothing(pki: PKI) -> None:
    assert_proves_nothing(stamp(PKI.new()), pki, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_stamp_of_the_future_proves_nothing(pki: PKI) -> None:
    assert_proves_nothing(stamp(pki, NOW + 2 * DAY), pki, SubIndication.SIG_CONSTRAINTS_FAILURE)


def test_stamp_by_a_document_signer_proves_nothing(pki: PKI) -> None:
    token = TimeStamper(credential=pki.agency("H28")).stamp(hashlib.sha256(VALUE).digest())

    assert_proves_nothing(ShownStamp(token=token, stamped=VALUE), pki, SubIndication.CHAIN_CONSTRAINTS_FAILURE)


def test_stamp_of_an_authority_whose_status_nobody_knows_proves_nothing(pki: PKI) -> None:
    trust = pki.trust(crls=())

    found = prove_existence((stamp(pki),), trust=trust, at=NOW + DAY)

    assert found.proof is Proof.RECEIPT
    assert [one.sub_indication for one in found.refused] == [SubIndication.TRY_LATER]


def test_bytes_that_are_no_time_stamp_prove_nothing(pki: PKI) -> None:
    assert_proves_nothing(ShownStamp(token=b"\x30\x03no", stamped=VALUE), pki, SubIndication.FORMAT_FAILURE)


def assert_proves_nothing(shown: ShownStamp, pki: PKI, why: SubIndication) -> None:
    """An expired signer would need it; the report shows it; a signer in order is not condemned for it."""
    expired = judged(short_lived(pki), (shown,), pki, at=NOW + DAY)
    in_order = judged(pki.agency("H28"), (shown,), pki, at=NOW + DAY)

    assert verdict(expired) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert expired.proof is Proof.RECEIPT
    assert verdict(in_order) == (Indication.TOTAL_PASSED, None)
    (shown_check,) = [one for one in in_order.checks if one.name == "time stamp"]
    assert shown_check.passed is False
    assert why.value in shown_check.detail


def test_stamp_over_a_longer_digest_counts(pki: PKI) -> None:
    token = TimeStamper.of(pki, imprint="sha384").stamp(hashlib.sha384(VALUE).digest())

    found = prove_existence((ShownStamp(token=token, stamped=VALUE),), trust=pki.trust(), at=NOW)

    assert found.proof is Proof.TIME_STAMP
