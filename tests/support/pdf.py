"""PDFs for tests: one page, no font file, byte for byte the same each time."""

from collections.abc import Callable, Sequence


def minimal_pdf(text: str = "Cong van thu") -> bytes:
    """A PDF 1.7 of one A4 page with ``text`` (ASCII) on it."""
    return _laid_out(_page_objects(text))


def _page_objects(text: str) -> list[bytes]:
    content = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode("ascii")
    resources = b"/Resources << /Font << /F1 5 0 R >> >>"
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % resources,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]


def _laid_out(objects: Sequence[bytes]) -> bytes:
    body, offsets = b"%PDF-1.7\n", []
    for number, value in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + trailer


def with_detached_cms(sign: Callable[[bytes], bytes], *, gap: int = 0) -> bytes:
    """A one-page PDF with a signature field whose CMS is what ``sign`` makes of its byte range, laid out by hand.

    The byte range leaves out ``gap`` bytes that it should cover.
    """
    room = 2 * 8192
    objects = _page_objects("Cong van thu")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /SigFlags 3 /Fields [6 0 R] >> >>"
    objects[2] = objects[2].removesuffix(b">>") + b"/Annots [6 0 R] >>"
    objects += [
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Sig1) /Rect [0 0 0 0] /F 132 /P 3 0 R /V 7 0 R >>",
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange [%s] /Contents <%s> >>"
        % (b"0".ljust(40), b"0" * room),
    ]
    pdf = _laid_out(objects)
    start = pdf.index(b"/Contents <", pdf.index(b"7 0 obj")) + len(b"/Contents ")
    end = start + room + 2
    ranges = b"0 %d %d %d" % (start, end + gap, len(pdf) - end - gap)
    pdf = pdf.replace(b"/ByteRange [%s]" % b"0".ljust(40), b"/ByteRange [%s]" % ranges.ljust(40))
    cms = sign(pdf[:start] + pdf[end + gap :]).hex().encode().ljust(room, b"0")
    return pdf[:start] + b"<" + cms + b">" + pdf[end:]
