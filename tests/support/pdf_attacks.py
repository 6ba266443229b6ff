"""What an attacker does to a signed PDF, with pyHanko's writer as his tool or byte by byte."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import get_and_apply

from tests.support.pdf import minimal_pdf

Writer = IncrementalPdfFileWriter
FORM_FIELD = "applicant"


def updated(pdf: bytes, change: Callable[[Writer], None]) -> bytes:
    """``pdf`` with one incremental update in which ``change`` was made."""
    writer, out = Writer(BytesIO(pdf)), BytesIO()
    change(writer)
    writer.write(out)
    return out.getvalue()


def page_of(writer: Writer) -> Any:
    return writer.root["/Pages"]["/Kids"][0]


def stream(data: bytes, **entries: Any) -> StreamObject:
    return StreamObject({NameObject(f"/{key}"): value for key, value in entries.items()}, stream_data=data)


def appearance(text: bytes) -> StreamObject:
    box = ArrayObject(FloatObject(n) for n in (0, 0, 200, 40))
    return stream(b"BT /F1 12 Tf (%s) Tj ET" % text, Subtype=NameObject("/Form"), BBox=box)


def annotation(kind: str, shown: Any, **entries: Any) -> DictionaryObject:
    rect = ArrayObject(NumberObject(n) for n in (72, 690, 400, 730))
    parts: dict[str, Any] = {"/Type": NameObject("/Annot"), "/Subtype": NameObject(kind), "/Rect": rect}
    parts["/AP"] = DictionaryObject({NameObject("/N"): shown})
    parts |= {f"/{key}": value for key, value in entries.items()}
    return DictionaryObject({NameObject(key): value for key, value in parts.items()})


def add_annotation(writer: Writer, made: DictionaryObject) -> None:
    page = page_of(writer)
    annotations = get_and_apply(page, "/Annots", ArrayObject, default=ArrayObject())
    page[NameObject("/Annots")] = ArrayObject([*annotations, writer.add_object(made)])
    writer.update_container(page)


def pdf_with_stamp() -> bytes:
    """A page with a stamp annotation on it."""
    return updated(
        minimal_pdf(), lambda writer: add_annotation(writer, annotation("/Stamp", writer.add_object(appearance(b"OK"))))
    )


def pdf_with_form_field(*, flags: int = 4) -> bytes:
    """A page with a text field that says 1.000; ``flags`` as in ISO 32000-1 table 165 (4 print, 2 hidden)."""

    def change(writer: Writer) -> None:
        shown = writer.add_object(appearance(b"1.000"))
        field = annotation(
            "/Widget",
            shown,
            FT=NameObject("/Tx"),
            T=TextStringObject(FORM_FIELD),
            V=TextStringObject("1.000"),
            F=NumberObject(flags),
        )
        add_annotation(writer, field)
        fields = ArrayObject([page_of(writer)["/Annots"].raw_get(0)])
        writer.root[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): fields})
        writer.update_root()

    return updated(minimal_pdf(), change)


def with_dictionary_entry(pdf: bytes, pattern: bytes, value: bytes) -> bytes:
    """The signature dictionary's entry that ``pattern`` matches, written over with ``value`` at the same length."""
    found = re.search(pattern, pdf)
    assert found is not None
    assert len(value) <= len(found[0])
    return pdf[: found.start()] + value.ljust(len(found[0])) + pdf[found.end() :]


def byte_range(pdf: bytes) -> tuple[int, int, int, int]:
    """The numbers of the last byte range."""
    first, length, second, rest = re.findall(rb"/ByteRange \[\s*(\d+) (\d+) (\d+) (\d+)\s*\]", pdf)[-1]
    return int(first), int(length), int(second), int(rest)


def with_byte_range(pdf: bytes, *numbers: int) -> bytes:
    """The first byte range written over; whoever signs a thing of his own may choose it as he likes."""
    return with_dictionary_entry(
        pdf, rb"/ByteRange \[[^\]]*\]", b"/ByteRange [%s]" % b" ".join(b"%d" % n for n in numbers)
    )


def with_raw_revision(pdf: bytes, objects: dict[int, bytes], *, trailer: bytes = b"") -> bytes:
    """``pdf`` with an update written by hand; an object may stand there that is no object at all."""
    previous = int(pdf.rsplit(b"startxref", 1)[1].split()[0])
    size = max(int(one) for one in re.findall(rb"/Size (\d+)", pdf))
    body, offsets = pdf, {}
    for number, value in objects.items():
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (number, offset) for number, offset in offsets.items())
    last = b"trailer\n<< /Size %d /Root 1 0 R /Prev %d %s >>\n" % (max(size, *objects, 1) + 1, previous, trailer)
    return body + b"xref\n" + table + last + b"startxref\n%d\n%%%%EOF\n" % len(body)
