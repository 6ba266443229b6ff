"""Forged signature dictionaries and files that mean two things: one test for each attack."""

import re
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from lienthong.shared.signatures.pades import sign_pdf, validate_pdf
from lienthong.shared.signatures.report import Indication, SignatureReport, SubIndication
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pdf_attacks import byte_range, with_byte_range, with_dictionary_entry, with_raw_revision
from tests.support.pki import NOW, PKI, Credential, new_key


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def officer(pki: PKI) -> Credential:
    return pki.officer("H28.31")


@pytest.fixture(scope="module")
def genuine(officer: Credential) -> bytes:
    return signed(officer)


def signed(credential: Credential, text: str = "Cong van thu") -> bytes:
    out = BytesIO()
    sign_pdf(BytesIO(minimal_pdf(text)), out, key=local_key(credential), at=NOW)
    return out.getvalue()


def validate(pdf: bytes, pki: PKI) -> SignatureReport:
    (report,) = validate_pdf(BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=NOW)
    return report


def assert_format_failure(pdf: bytes, pki: PKI, *, told: str = "") -> None:
    report = validate(pdf, pki)
    assert report.indication is Indication.TOTAL_FAILED
    assert report.sub_indication is SubIndication.FORMAT_FAILURE
    assert told in report.checks[-1].detail


BYTE_RANGE = rb"/ByteRange \[[^\]]*\]"
CONTENTS = rb"/Contents <[0-9A-Fa-f]*>"


@pytest.mark.parametrize(
    ("forgery", "told"),
    [
        pytest.param((CONTENTS, b""), "no contents", id="contents missing"),
        pytest.param((CONTENTS, b"/Contents null"), "contents", id="contents null"),
        pytest.param((CONTENTS, b"/Contents <>"), "empty", id="contents empty"),
        pytest.param((CONTENTS, b"/Contents <00>"), "leaves out more", id="contents zero"),
        pytest.param((CONTENTS, b"/Contents ()"), "empty", id="contents empty literal"),
        pytest.param((CONTENTS, b"/Contents 0"), "no string", id="contents a number"),
        pytest.param((BYTE_RANGE, b""), "no byte range", id="byte range missing"),
        pytest.param((BYTE_RANGE, b"/ByteRange null"), "byte range", id="byte range null"),
        pytest.param((BYTE_RANGE, b"/ByteRange []"), "four numbers", id="byte range empty"),
        pytest.param((BYTE_RANGE, b"/ByteRange [0 -1 0 0]"), "four numbers", id="byte range negative"),
        pytest.param((BYTE_RANGE, b"/ByteRange [0 0 0 0]"), "beyond", id="byte range of nothing"),
        pytest.param((BYTE_RANGE, b"/ByteRange [/A /B 0 0]"), "four numbers", id="byte range of names"),
    ],
)
def test_universal_forgery_fails(pki: PKI, genuine: bytes, forgery: tuple[bytes, bytes], told: str) -> None:
    forged = with_dictionary_entry(genuine, *forgery)
    marked = forged if b"/ByteRange" in forged else forged + b"% /ByteRange\n"

    assert_format_failure(marked, pki, told=told)


def test_byte_range_with_a_hole_fails(pki: PKI, genuine: bytes) -> None:
    start, first, second, rest = byte_range(genuine)

    assert_format_failure(with_byte_range(genuine, start, first, second + 10, rest - 10), pki, told="leaves out more")
    assert_format_failure(with_byte_range(genuine, start, first - 10, second, rest), pki, told="leaves out more")


def test_byte_range_beyond_the_end_fails(pki: PKI, genuine: bytes) -> None:
    start, first, second, rest = byte_range(genuine)

    assert_format_failure(with_byte_range(genuine, start, first, second, rest + 1), pki, told="beyond")


def test_byte_range_that_overlaps_itself_fails(pki: PKI, genuine: bytes) -> None:
    start, first, _, rest = byte_range(genuine)

    assert_format_failure(with_byte_range(genuine, start, first, first - 20, rest + 20), pki, told="overlaps")


def test_byte_range_that_leaves_out_the_start_fails(pki: PKI, genuine: bytes) -> None:
    _, first, second, rest = byte_range(genuine)

    assert_format_failure(with_byte_range(genuine, 9, first - 9, second, rest), pki, told="leaves out the start")


def test_byte_range_around_something_else_than_the_contents_fails(pki: PKI, genuine: bytes) -> None:
    decoy = genuine.replace(b"/Type /Page ", b"/Type /Page /Decoy <00> ", 1)
    moved = decoy.index(b"<00>")

    forged = with_byte_range(decoy, 0, moved, moved + 4, len(decoy) - moved - 4)

    assert_format_failure(forged, pki)


def test_signature_that_covers_not_the_whole_revision_fails(pki: PKI, genuine: bytes) -> None:
    start, first, second, rest = byte_range(genuine)

    assert_format_failure(with_byte_range(genuine, start, first, second, rest - 7), pki, told="whole of a revision")


def test_something_hidden_behind_the_container_fails(pki: PKI, genuine: bytes) -> None:
    padding = re.search(rb"0{64,}>", genuine)
    assert padding is not None
    forged = genuine[: padding.end() - 9] + b"41414141" + genuine[padding.end() - 1 :]

    assert_format_failure(forged, pki, told="hidden")


def test_bytes_behind_the_end_of_the_file_fail(pki: PKI, genuine: bytes) -> None:
    report = validate(genuine + b"%" + b"x" * 2000, pki)

    assert report.indication is Indication.TOTAL_FAILED


def test_object_defined_twice_in_one_update_fails(pki: PKI, genuine: bytes) -> None:
    forged = with_raw_revision(genuine, {4: b"<< /Length 0 >>\nstream\n\nendstream"})

    assert validate(forged, pki).indication is Indication.TOTAL_FAILED


def test_cross_references_in_a_circle_fail(pki: PKI, genuine: bytes) -> None:
    start = len(genuine)
    table = b"xref\n0 0\ntrailer\n<< /Size 20 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (start, start)

    assert_format_failure(genuine + table, pki)


def test_cross_reference_to_another_object_fails(pki: PKI, genuine: bytes) -> None:
    offset = genuine.index(b"5 0 obj")
    previous = genuine.rsplit(b"startxref", 1)[1].split()[0]
    table = b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 20 /Root 1 0 R /Prev %s >>\n" % (offset, previous)

    assert_format_failure(genuine + table + b"startxref\n%d\n%%%%EOF\n" % len(genuine), pki)


def test_reference_of_a_signed_table_to_what_is_written_later_fails(pki: PKI, officer: Credential) -> None:
    hidden = b"4 0 obj\n<< /Length 16 >>\nstream\nBT (other) Tj ET\nendstream\nendobj\n"
    plain = minimal_pdf()
    entry = b"%010d 00000 n" % plain.index(b"4 0 obj")
    prepared = plain.replace(entry, b"%010d 00000 n" % 9_000)
    out = BytesIO()
    sign_pdf(BytesIO(prepared), out, key=local_key(officer), at=NOW)
    signed_part = out.getvalue()
    assert len(signed_part) < 9_000

    forged = signed_part.ljust(9_000, b"\n") + hidden
    previous = signed_part.rsplit(b"startxref", 1)[1].split()[0]
    table = b"xref\n0 0\ntrailer\n<< /Size 20 /Root 1 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        previous,
        len(forged),
    )

    assert_format_failure(forged + table, pki, told="leaves out a part")


def test_page_that_is_defined_by_a_later_update_only_fails(pki: PKI, genuine: bytes) -> None:
    forged = with_raw_revision(genuine, {1: b"<< /Type /Catalog /Pages 90 0 R >>", 90: b"<< /Kids [] /Count 0 >>"})

    assert "TOTAL-PASSED" not in {
        one.indication for one in validate_pdf(BytesIO(forged), where="x", trust=pki.trust(), at=NOW)
    }


def test_rsa_1024_is_indeterminate(pki: PKI) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 — the attack
    report = validate(signed(pki.agency("H28", key=weak)), pki)

    assert report.indication is not Indication.TOTAL_PASSED
    assert report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_signature_of_another_document_fails(pki: PKI, officer: Credential, genuine: bytes) -> None:
    container = re.search(CONTENTS, signed(officer, "Another one"))
    assert container is not None

    report = validate(with_dictionary_entry(genuine, CONTENTS, container[0]), pki)

    assert report.sub_indication is SubIndication.HASH_FAILURE


def test_strong_rsa_passes(pki: PKI) -> None:
    assert validate(signed(pki.agency("H28", key=new_key(rsa_bits=2048))), pki).indication is Indication.TOTAL_PASSED
