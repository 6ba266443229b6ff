"""PDFs that ask for more than they may cost."""

import time
import tracemalloc
import zlib
from datetime import timedelta
from io import BytesIO

import pytest

from lienthong.shared.signatures.pades import sign_pdf, validate_pdf
from lienthong.shared.signatures.pades_reading import Budget, marks_in
from lienthong.shared.signatures.report import Indication, SignatureReport
from tests.support.packages import local_key
from tests.support.pdf import minimal_pdf
from tests.support.pki import NOW, PKI

MIB = 1024 * 1024
NOT_JUDGED = {Indication.INDETERMINATE, Indication.TOTAL_FAILED}


@pytest.fixture(scope="module")
def pki() -> PKI:
    return PKI.new()


@pytest.fixture(scope="module")
def signed(pki: PKI) -> bytes:
    out = BytesIO()
    sign_pdf(BytesIO(minimal_pdf()), out, key=local_key(pki.officer("H28.31")), at=NOW)
    return out.getvalue()


def judged(pdf: bytes, pki: PKI) -> SignatureReport:
    """The report, if it came soon."""
    began = time.process_time()
    (report,) = validate_pdf(BytesIO(pdf), where="attachment 1", trust=pki.trust(), at=NOW)
    assert time.process_time() - began < 5
    return report


def test_ten_thousand_signatures_are_not_looked_at(pki: PKI, signed: bytes) -> None:
    report = judged(signed + b"1 0 obj << /ByteRange [0 1 2 3] >> endobj\n" * 10_000, pki)

    assert report.indication is Indication.INDETERMINATE
    assert "too many" in report.checks[-1].detail


def test_ten_thousand_fields_that_lead_to_one_signature_are_not_looked_at(pki: PKI) -> None:
    fields = b" ".join(b"%d 0 R" % number for number in range(10, 10_010))
    objects = [
        b"1 0 obj << /Pages 2 0 R /AcroForm << /Fields [%s] >> >> endobj\n" % fields,
        b"2 0 obj << /Kids [] /Count 0 >> endobj\n",
        b"3 0 obj << /ByteRange [0 1 2 3] /Contents <30> >> endobj\n",
        *(b"%d 0 obj << /FT /Sig /T (%d) /V 3 0 R >> endobj\n" % (number, number) for number in range(10, 10_010)),
    ]

    report = judged(laid_out(objects), pki)

    assert "too many" in report.checks[-1].detail


def test_ten_thousand_revisions_are_not_looked_at(pki: PKI, signed: bytes) -> None:
    report = judged(signed + b"startxref\n0\n%%EOF\n" * 10_000, pki)

    assert "too many" in report.checks[-1].detail


def laid_out(objects: list[bytes]) -> bytes:
    body, entries = b"%PDF-1.7\n", b""
    for one in objects:
        entries += b"%s 1\n%010d 00000 n \n" % (one.split()[0], len(body))
        body += one
    trailer = b"trailer\n<< /Size 20000 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n" + entries + trailer


def with_reference_stream(entries: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    body = b"%PDF-1.7\n% /ByteRange\n"
    section = b"1 0 obj << /Type /XRef /Root 2 0 R %s /Filter /FlateDecode /Length %d >>\nstream\n" % (
        entries,
        len(packed),
    )
    return body + section + packed + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(b"/Size 2000000000 /W [0 0 0]", id="entries of no size"),
        pytest.param(b"/Size 2000000000 /W [0 0 -1]", id="entries of negative size"),
        pytest.param(
            b"/Size 9 /Index [0 2000000000 2000000000 -1999999999] /W [0 0 0]", id="sections of negative length"
        ),
        pytest.param(b"/Size 50000000 /W [1 0 0]", id="more objects than the file has bytes"),
    ],
)
def test_cross_reference_bomb_is_bounded(pki: PKI, entries: bytes) -> None:
    report = judged(with_reference_stream(entries, b"\0" * 50_000_000), pki)

    assert report.indication in NOT_JUDGED


def test_cross_reference_table_bomb_is_bounded(pki: PKI) -> None:
    body = b"%PDF-1.7\n% /ByteRange\n"
    table = b"xref\n0 1000000\n" + b"0000000009 00000 n \n" * 1_000_000
    trailer = b"trailer\n<< /Size 1000001 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)

    assert judged(body + table + trailer, pki).indication in NOT_JUDGED


def test_flate_bomb_in_an_object_stream_is_bounded(pki: PKI) -> None:
    packed = zlib.compress(b"2 0 " + b" " * (200 * MIB), 9)
    body = b"%PDF-1.7\n% /ByteRange\n"
    bomb = b"3 0 obj << /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    data = body + bomb + packed + b"\nendstream endobj\n"
    table = b"\2" + (3).to_bytes(4) + b"\0" + b"\1" + len(body).to_bytes(4) + b"\0"
    section = b"4 0 obj << /Type /XRef /Size 9 /Root 2 0 R /W [1 4 1] /Index [2 2] /Length %d >>\nstream\n" % len(table)
    end = b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % len(data)

    tracemalloc.start()
    report = judged(data + section + table + end, pki)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert report.indication in NOT_JUDGED
    assert peak < 32 * MIB


def test_deeply_nested_object_is_bounded(pki: PKI) -> None:
    objects = [b"1 0 obj << /Pages 2 0 R /AcroForm " + b"[" * 100_000 + b" >> endobj\n% /ByteRange\n"]

    assert judged(laid_out(objects), pki).indication in NOT_JUDGED


def test_time_that_runs_out_ends_the_work(pki: PKI, signed: bytes) -> None:
    spent = Budget.starting_now(timedelta(0))

    (report,) = validate_pdf(BytesIO(signed), where="attachment 1", trust=pki.trust(), at=NOW, budget=spent)

    assert report.indication is Indication.INDETERMINATE
    assert "longer than" in report.checks[-1].detail


def test_lookups_that_run_out_end_the_work(pki: PKI, signed: bytes) -> None:
    spent = Budget.starting_now()
    spent.lookups = 3

    (report,) = validate_pdf(BytesIO(signed), where="attachment 1", trust=pki.trust(), at=NOW, budget=spent)

    assert report.indication is Indication.INDETERMINATE
    assert "objects" in report.checks[-1].detail


def test_marks_are_counted_once_wherever_the_reads_are_cut() -> None:
    pdf = b"x" * 10 + b"/ByteRange" + b"y" * 3 + b"startxref" + b"startxref" + b"/ByteRange"

    for size in range(1, len(pdf)):
        marks = marks_in(pdf[start : start + size] for start in range(0, len(pdf), size))

        assert (marks.signatures, marks.revisions) == (2, 2)
