from datetime import timedelta

import pytest

from lienthong.shared.signatures.report import (
    Indication,
    PackageSignature,
    SignatureReport,
    SubIndication,
    package_signature,
)
from lienthong.shared.signatures.xades import PackageNotSignable, verify_package_signatures
from tests.support.packages import read, sign, unsigned_package
from tests.support.pki import NOW, PKI, new_key

TRACE = (
    "<edXML:TraceHeader><edXML:OrganId></edXML:OrganId>"
    "<edXML:Timestamp>2026/03/02 16:00:00</edXML:Timestamp></edXML:TraceHeader>"
)


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def verify(package: bytes, pki: PKI, *, days: float = 0, sender: str | None = None) -> SignatureReport:
    at = NOW + timedelta(days=days)
    (report,) = verify_package_signatures(read(package), trust=pki.trust(), at=at, sender=sender)
    return report


def verdict(report: SignatureReport) -> PackageSignature:
    return package_signature((report,))


@pytest.mark.parametrize("rsa_bits", [None, 2048])
def test_signed_package_is_valid_and_covers_all_that_is_read(pki: PKI, rsa_bits: int | None) -> None:
    package = sign(unsigned_package(), pki.agency("H28", key=new_key(rsa_bits=rsa_bits)))

    report = verify(package, pki)

    assert report.indication is Indication.TOTAL_PASSED
    assert report.agency == "H28"
    assert report.signing_time == NOW
    assert [path.rpartition("/")[2] for path in report.covered] == [
        "MessageHeader",
        "Bussiness",
        "edXMLManifest",
        "Attachment[1]",
        "Attachment[2]",
    ]


def test_relay_appending_its_trace_keeps_the_signature_valid(pki: PKI) -> None:
    package = sign(unsigned_package(), pki.agency("H28"))

    relayed = package.replace(b"<edXML:Bussiness ", TRACE.encode() + b"<edXML:Bussiness ")

    assert relayed != package
    assert verify(relayed, pki).indication is Indication.TOTAL_PASSED


def test_old_code_of_the_sender_matches_the_certificate(pki: PKI) -> None:
    package = sign(unsigned_package(sender="000.00.00.H28"), pki.agency("H28"))

    assert verify(package, pki).indication is Indication.TOTAL_PASSED


def test_sender_known_from_the_directory_counts(pki: PKI) -> None:
    package = sign(unsigned_package(sender="LEGACY-7"), pki.agency("H28"))

    assert verify(package, pki).sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert verify(package, pki, sender="H28").indication is Indication.TOTAL_PASSED


def test_signature_of_another_agency_is_invalid(pki: PKI) -> None:
    report = verify(sign(unsigned_package(), pki.agency("H29")), pki)

    assert report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert verdict(report) is PackageSignature.INVALID


def test_package_without_a_signature_has_no_report(pki: PKI) -> None:
    assert verify_package_signatures(read(unsigned_package()), trust=pki.trust(), at=NOW) == ()
    assert package_signature(()) is PackageSignature.ABSENT


def test_empty_signature_element_is_absent(pki: PKI) -> None:
    package = unsigned_package().replace(b"</edXML:edXMLHeader>", b"<edXML:DigitalSignature/></edXML:edXMLHeader>")

    assert verify_package_signatures(read(package), trust=pki.trust(), at=NOW) == ()


def test_copied_values_in_the_standards_namespace_are_unverifiable(pki: PKI) -> None:
    copied = b"<Signature><SignedInfo/><SignatureValue>AAAA</SignatureValue></Signature></edXML:edXMLHeader>"

    report = verify(unsigned_package().replace(b"</edXML:edXMLHeader>", copied), pki)

    assert verdict(report) is PackageSignature.UNVERIFIABLE


def test_unknown_issuer_is_unverifiable(pki: PKI) -> None:
    report = verify(sign(unsigned_package(), PKI.new().agency("H28")), pki)

    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert verdict(report) is PackageSignature.UNVERIFIABLE


def test_revoked_before_the_claimed_signing_time_fails(pki: PKI) -> None:
    agency = pki.agency("H28")
    pki.issuing.revoke(agency.certificate, NOW - timedelta(hours=1))

    report = verify(sign(unsigned_package(), agency), pki)

    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.REVOKED


def test_backdated_signature_of_a_revoked_certificate_is_invalid(pki: PKI) -> None:
    agency = pki.agency("H28")
    pki.issuing.revoke(agency.certificate, NOW - timedelta(hours=1))

    report = verify(sign(unsigned_package(), agency, at=NOW - timedelta(hours=2)), pki)

    assert report.sub_indication is SubIndication.REVOKED_NO_POE
    assert verdict(report) is PackageSignature.INVALID


def test_revoked_after_receipt_was_valid_at_receipt(pki: PKI) -> None:
    agency = pki.agency("H28")
    pki.issuing.revoke(agency.certificate, NOW + timedelta(hours=1))

    assert verify(sign(unsigned_package(), agency), pki).indication is Indication.TOTAL_PASSED


def test_stale_revocation_list_is_indeterminate(pki: PKI) -> None:
    report = verify(sign(unsigned_package(), pki.agency("H28")), pki, days=8)

    assert report.sub_indication is SubIndication.TRY_LATER
    assert verdict(report) is PackageSignature.UNVERIFIABLE


@pytest.mark.parametrize("hours", [-48, 1])
def test_signing_time_outside_validity_or_in_the_future_is_refused(pki: PKI, hours: int) -> None:
    package = sign(unsigned_package(), pki.agency("H28"), at=NOW + timedelta(hours=hours))

    assert verify(package, pki).sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_node_seal_signs_no_package(pki: PKI) -> None:
    report = verify(sign(unsigned_package(), pki.node("H28")), pki)

    assert report.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
    assert verdict(report) is PackageSignature.INVALID


def test_package_whose_parts_lack_ids_is_not_signable(pki: PKI) -> None:
    package = unsigned_package().replace(b' Id="manifest"', b"")

    with pytest.raises(PackageNotSignable):
        sign(package, pki.agency("H28"))
