from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from lienthong.shared.edxml.media_types import ASICE, EDXML
from lienthong.shared.edxml.package import read_package
from lienthong.shared.signatures.asice import ContainerFile, build_container
from lienthong.shared.signatures.pades import MAX_PDF_BYTES, sign_pdf
from lienthong.shared.signatures.policies import may_accept
from lienthong.shared.signatures.report import (
    Indication,
    PackageSignature,
    Report,
    SignatureKind,
    SignatureReport,
    SubIndication,
    package_signature,
)
from lienthong.shared.signatures.validation import IN_MEMORY_BYTES, validate_package
from tests.support.packages import local_key, read, sign, unsigned_package
from tests.support.pdf import minimal_pdf
from tests.support.pki import NOW, PKI, Credential


@pytest.fixture
def pki() -> PKI:
    return PKI.new()


def signed_pdf(credential: Credential, *, padding: int = 0) -> bytes:
    out = BytesIO()
    sign_pdf(BytesIO(minimal_pdf("x" * padding)), out, key=local_key(credential), at=NOW)
    return out.getvalue()


def validate(package: bytes, pki: PKI, folder: Path) -> Report:
    path = folder / "package.edxml"
    path.write_bytes(package)
    return validate_package(path, read(package), media_type=EDXML, trust=pki.trust(), at=NOW)


def test_package_of_2025_without_signatures_is_absent_and_accepted(pki: PKI, tmp_path: Path) -> None:
    report = validate(unsigned_package((minimal_pdf(),)), pki, tmp_path)

    assert report.package is PackageSignature.ABSENT
    assert report.indication is None
    assert report.signatures == ()
    assert may_accept(report)


def test_package_and_pdf_signatures_are_reported_with_their_places(pki: PKI, tmp_path: Path) -> None:
    pdfs = (minimal_pdf(), signed_pdf(pki.officer("H28")))

    report = validate(sign(unsigned_package(pdfs), pki.agency("H28")), pki, tmp_path)

    assert report.package is PackageSignature.VALID
    assert report.indication is Indication.TOTAL_PASSED
    assert [(one.kind, one.where) for one in report.signatures] == [
        (SignatureKind.XADES, "package"),
        (SignatureKind.PADES, "attachment 2"),
    ]


def test_pdf_larger_than_memory_allows_is_judged_from_a_file_that_is_gone_after(pki: PKI, tmp_path: Path) -> None:
    pdf = signed_pdf(pki.officer("H28"), padding=IN_MEMORY_BYTES)

    report = validate(unsigned_package((pdf,)), pki, tmp_path)

    assert report.indication is Indication.TOTAL_PASSED
    assert [path.name for path in tmp_path.iterdir()] == ["package.edxml"]


def test_changed_pdf_is_refused_although_the_package_is_unsigned(pki: PKI, tmp_path: Path) -> None:
    pdf = signed_pdf(pki.officer("H28")).replace(b"Tj", b"Tx")

    report = validate(unsigned_package((pdf,)), pki, tmp_path)

    assert report.package is PackageSignature.ABSENT
    assert report.indication is Indication.TOTAL_FAILED
    assert not may_accept(report)


def test_signed_pdf_over_the_limit_is_indeterminate_and_accepted(pki: PKI, tmp_path: Path) -> None:
    package = unsigned_package((signed_pdf(pki.officer("H28")),))
    path = tmp_path / "package.edxml"
    path.write_bytes(package)
    reading = read(package)
    large = reading.content.attachments[0].model_copy(update={"size": MAX_PDF_BYTES + 1})
    reading = replace(reading, content=reading.content.model_copy(update={"attachments": (large,)}))

    report = validate_package(path, reading, media_type=EDXML, trust=pki.trust(), at=NOW)

    assert report.indication is Indication.INDETERMINATE
    assert may_accept(report)


def test_old_pdf_of_a_since_revoked_officer_is_indeterminate_and_accepted(pki: PKI, tmp_path: Path) -> None:
    officer = pki.officer("H28")
    pdf = signed_pdf(officer)
    pki.issuing.revoke(officer.certificate, NOW + timedelta(minutes=1))
    path = tmp_path / "package.edxml"
    package = unsigned_package((pdf,))
    path.write_bytes(package)

    later = NOW + timedelta(days=1)
    report = validate_package(path, read(package), media_type=EDXML, trust=pki.trust(), at=later)

    assert report.sub_indication is SubIndication.REVOKED_NO_POE
    assert may_accept(report)


def test_container_is_judged_with_the_pdfs_inside_its_message(pki: PKI, tmp_path: Path) -> None:
    message, path = tmp_path / "message.edxml", tmp_path / "package.asice"
    message.write_bytes(unsigned_package((signed_pdf(pki.officer("H28")),)))
    files = (ContainerFile(name="message.edxml", path=message, media_type=EDXML),)
    with path.open("w+b") as out:
        build_container(files, out, key=local_key(pki.agency("H28")), at=NOW)

    report = validate_package(path, read_package(path, ASICE), media_type=ASICE, trust=pki.trust(), at=NOW)

    assert report.package is PackageSignature.VALID
    assert [one.kind for one in report.signatures] == [SignatureKind.ASIC, SignatureKind.PADES]
    assert report.indication is Indication.TOTAL_PASSED


def signature(indication: Indication, sub_indication: SubIndication | None) -> SignatureReport:
    return SignatureReport(
        kind=SignatureKind.XADES, where="package", indication=indication, sub_indication=sub_indication
    )


PASSED = signature(Indication.TOTAL_PASSED, None)
UNKNOWN = signature(Indication.INDETERMINATE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
MISUSED = signature(Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE)
FAILED = signature(Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE)


@pytest.mark.parametrize(
    ("own", "expected", "accepted"),
    [
        ((), PackageSignature.ABSENT, True),
        ((PASSED,), PackageSignature.VALID, True),
        ((UNKNOWN,), PackageSignature.UNVERIFIABLE, True),
        ((UNKNOWN, PASSED), PackageSignature.VALID, True),
        ((PASSED, MISUSED), PackageSignature.INVALID, False),
        ((PASSED, FAILED), PackageSignature.INVALID, False),
    ],
)
def test_policy_of_a_node(own: tuple[SignatureReport, ...], expected: PackageSignature, *, accepted: bool) -> None:
    verdict = package_signature(own)
    report = Report(package=verdict, signatures=own, checked_at=NOW)

    assert verdict is expected
    assert may_accept(report) is accepted


def test_report_survives_json() -> None:
    report = Report(package=PackageSignature.VALID, indication=Indication.TOTAL_PASSED, checked_at=NOW)

    assert Report.model_validate_json(report.model_dump_json()) == report
