"""A one-page PDF with Vietnamese text. Source: ISO 32000-1 clauses 7.7 and 9.4."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NumberObject,
    StreamObject,
    TextStringObject,
    pdf_name,
)
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from lienthong.shared.pdf_font import embedded_font
from lienthong.shared.signatures.pades import Box

A4_POINTS: Final = (595, 842)
"""Width and height in 1/72 inch. Source: Decree 30/2020/NĐ-CP (PDF, A4)."""
SIGNATURE_BOX: Final = Box(350, 300, 500, 365)
"""Where the head of the agency signs, between the title and the name."""
_LEFT, _TOP, _SIZE, _LEADING = 72, 760, 12, 20


def letter_pdf(title: str, lines: Sequence[str], *, position: str = "", signer: str = "") -> bytes:
    """A PDF 1.7 of one A4 page; lines are not broken. Around :data:`SIGNATURE_BOX` stand who signs and as what."""
    writer, out = PdfFileWriter(stream_xrefs=False), BytesIO()
    writer.root[pdf_name("/Lang")] = TextStringObject("vi-VN")
    writer.document_meta.title = title
    font = embedded_font(writer)
    placed = [(_LEFT, _TOP - n * _LEADING, line) for n, line in enumerate([title, "", *lines])]
    middle = (SIGNATURE_BOX.left + SIGNATURE_BOX.right) / 2
    for y, line in ((SIGNATURE_BOX.top + 12, position), (SIGNATURE_BOX.bottom - 20, signer)):
        width = font.shape(line, with_actual_text=False).x_advance * _SIZE
        placed.append((round(middle - width / 2), y, line))
    shown = [
        b"BT /F1 1 Tf %d 0 0 %d %d %d Tm %s ET" % (_SIZE, _SIZE, x, y, font.shape(line).graphics_ops)
        for x, y, line in placed
        if line
    ]
    fonts = DictionaryObject({pdf_name("/F1"): font.as_resource()})
    content = StreamObject(stream_data=b"\n".join(shown))
    page = PageObject(
        contents=writer.add_object(content),
        media_box=ArrayObject(NumberObject(number) for number in (0, 0, *A4_POINTS)),
        resources=DictionaryObject({pdf_name("/Font"): fonts}),
    )
    writer.insert_page(page)
    writer.write(out)
    return out.getvalue()
