from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from lienthong.shared.signatures.pades import (
    MAX_PDF_BYTES,
    MAX_REVISIONS,
    MAX_SIGNATURES,
    Appearance,
    OfficerSignature,
    PDFNotSignable,
    sign_pdf,
    validate_pdf,
)
from lienthong.shared.signatures.report import Indication, SignatureReport, SubIndication
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pki import NOW, PKI, Credential, new_key


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def officer(pki: PKI) -> Credential:
    return pki.officer("H28.31")


@pytest.fixture(scope="module")
def signed_once(officer: Credential) -> bytes:
    return signed(minimal_pdf(), officer)


def signed(pdf: bytes, credential: Credential, *, appearance: Appearance | None = None) -> bytes:
    out = BytesIO()
    sign_pdf(BytesIO(pdf), out, key=local_key(credential), at=NOW, reason="Ký thử", appearance=appearance)
    return out.getvalue()


def validate(pdf: bytes, pki: PKI) -> tuple[SignatureReport, ...]:
    return validate_pdf(BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=NOW)


def updated(pdf: bytes, text: bytes) -> bytes:
    """``pdf`` with an incremental update that puts ``text`` on its page."""
    writer, out = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(StreamObject(stream_data=text))
    writer.update_container(page)
    writer.write(out)
    return out.getvalue()


def with_empty_revision(pdf: bytes) -> bytes:
    """``pdf`` with an incremental update that changes nothing."""
    previous = pdf.rsplit(b"startxref", 1)[1].split()[0]
    trailer = b"trailer\n<< /Size 20 /Root 1 0 R /Prev %s >>\n" % previous
    return pdf + b"xref\n0 0\n" + trailer + b"startxref\n%d\n%%%%EOF\n" % len(pdf)


def test_person_and_agency_sign_one_after_the_other(pki: PKI, officer: Credential) -> None:
    blue = OfficerSignature(name="Người Ký Thử 100%")
    once = signed(minimal_pdf(), officer, appearance=blue)
    twice = signed(once, pki.agency("H28.31", key=new_key(rsa_bits=2048)))

    person, agency = validate(twice, pki)

    assert twice.startswith(once)
    assert person.indication is agency.indication is Indication.TOTAL_PASSED
    assert person.claimed_signer == "CN=Người Ký Thử"
    assert agency.agency == "H28.31"
    assert agency.signing_time == NOW
    assert person.covered == ("revisions 1 to 2 of 3",)


def test_unsigned_pdf_has_no_reports(pki: PKI) -> None:
    assert validate(minimal_pdf(), pki) == ()


def test_mark_across_the_border_of_two_reads_is_found(pki: PKI) -> None:
    padded = b"%PDF-1.7\n" + b" " * (64 * 1024 - 14) + b"/ByteRange"

    assert len(validate(padded, pki)) == 1


def test_changed_page_under_a_signature_fails(pki: PKI, officer: Credential) -> None:
    changed = signed(minimal_pdf(), officer).replace(b"Cong van thu", b"Cong van gia")

    (report,) = validate(changed, pki)

    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.HASH_FAILURE


def test_page_replaced_by_an_incremental_update_fails(pki: PKI, officer: Credential) -> None:
    changed = updated(signed(minimal_pdf(), officer), b"BT (forged) Tj ET")

    (report,) = validate(changed, pki)

    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert report.checks[-1].name == "changes after signing"
    assert report.not_covered == ("revisions 3 to 3",)


def test_signature_of_another_key_fails(pki: PKI, officer: Credential) -> None:
    (report,) = validate(signed(minimal_pdf(), replace(officer, key=new_key())), pki)

    assert report.sub_indication is SubIndication.SIG_CRYPTO_FAILURE


def test_unknown_issuer_is_indeterminate(pki: PKI) -> None:
    (report,) = validate(signed(minimal_pdf(), PKI.new().officer("H28")), pki)

    assert report.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert report.agency is None


def test_revoked_signer_fails() -> None:
    own = PKI.new()
    officer = own.officer("H28")
    own.issuing.revoke(officer.certificate, NOW - timedelta(days=1))

    (report,) = validate(signed(minimal_pdf(), officer), own)

    assert report.sub_indication is SubIndication.REVOKED


def test_node_seal_signs_no_pdf(pki: PKI) -> None:
    (report,) = validate(signed(minimal_pdf(), pki.node("H28")), pki)

    assert report.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_byte_range_that_leaves_out_a_gap_fails(pki: PKI, officer: Credential) -> None:
    pdf = signed(minimal_pdf(), officer)
    start = pdf.index(b"/ByteRange [") + len(b"/ByteRange [")
    numbers = pdf[start : pdf.index(b"]", start)]
    first, length, second, rest = numbers.split()
    gap = b" ".join((first, length, b"%d" % (int(second) + 10), b"%d" % (int(rest) - 10))).ljust(len(numbers))

    (report,) = validate(pdf.replace(numbers, gap), pki)

    assert report.indication is Indication.TOTAL_FAILED


def test_damaged_pdf_is_reported(pki: PKI, officer: Credential) -> None:
    (report,) = validate(signed(minimal_pdf(), officer)[:-400], pki)

    assert report.indication is not Indication.TOTAL_PASSED


def test_signature_without_a_field_is_reported(pki: PKI) -> None:
    (report,) = validate(minimal_pdf() + b"% /ByteRange\n", pki)

    assert report.sub_indication is SubIndication.GENERIC


def test_too_many_revisions_are_not_looked_at(pki: PKI, officer: Credential) -> None:
    pdf = signed(minimal_pdf(), officer)
    for _ in range(MAX_REVISIONS):
        pdf = with_empty_revision(pdf)

    (report,) = validate(pdf, pki)

    assert "too many" in report.checks[-1].detail


def test_too_many_signatures_are_not_looked_at(pki: PKI, officer: Credential) -> None:
    pdf = minimal_pdf()
    for _ in range(MAX_SIGNATURES + 1):
        pdf = signed(pdf, officer)

    (report,) = validate(pdf, pki)

    assert "too many" in report.checks[-1].detail


def test_stale_revocation_list_is_indeterminate(pki: PKI, signed_once: bytes) -> None:
    later = NOW + timedelta(days=8)

    (report,) = validate_pdf(BytesIO(signed_once), where="attachment 1", trust=pki.trust(), at=later)

    assert report.sub_indication is SubIndication.TRY_LATER


def test_signed_pdf_over_the_limit_is_indeterminate(pki: PKI, officer: Credential, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(signed(minimal_pdf(), officer))
    with path.open("r+b") as pdf:
        pdf.truncate(MAX_PDF_BYTES + 1)

        (report,) = validate_pdf(pdf, where="attachment 1", trust=pki.trust(), at=NOW)

    assert report.indication is Indication.INDETERMINATE
    assert "larger" in report.checks[-1].detail


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7", b"no pdf at all", minimal_pdf()[:-60]])
def test_what_is_no_pdf_is_not_signable(officer: Credential, pdf: bytes) -> None:
    with pytest.raises(PDFNotSignable):
        signed(pdf, officer)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(per_myriad=st.integers(0, 9_999), mask=st.integers(1, 255))
def test_no_flipped_byte_passes_or_raises(pki: PKI, signed_once: bytes, per_myriad: int, mask: int) -> None:
    pdf = bytearray(signed_once)
    start = pdf.index(b"/Contents <")
    signed_bytes = [*range(start), *range(pdf.index(b">", start) + 1, len(pdf))]
    pdf[signed_bytes[per_myriad * len(signed_bytes) // 10_000]] ^= mask

    reports = validate(bytes(pdf), pki)

    assert all(report.indication is not Indication.TOTAL_PASSED for report in reports)
