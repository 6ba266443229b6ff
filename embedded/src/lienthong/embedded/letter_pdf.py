"""A one-page PDF with Vietnamese text, written from nothing. Source: ISO 32000-1 clauses 7.5 and 9.6 to 9.10."""

from collections.abc import Sequence
from datetime import UTC, datetime

A4_POINTS = (595, 842)
"""Width and height in 1/72 inch. Source: Decree 30/2020/NĐ-CP (PDF, A4)."""
_LEFT, _TOP, _SIZE, _LEADING = 72, 760, 12, 20
_FIRST_CODE = 33
"""Codes of the one-byte font are given out from here: none has a meaning to a reader that ignores the encoding."""
_DESCRIPTOR = (
    b"<< /Type /FontDescriptor /FontName /DejaVuSansMono /Flags 33 /FontBBox [-558 -375 718 1042] /ItalicAngle 0"
    b" /Ascent 928 /Descent -236 /CapHeight 729 /StemV 80 /MissingWidth 602 >>"
)


def letter_pdf(title: str, lines: Sequence[str]) -> bytes:
    """A PDF 1.7 of one A4 page. At most 223 different characters, all of the basic plane; lines are not broken.

    The font is named, not embedded: readers take one of the machine's, and text can be searched and copied.

    Raises:
        ValueError: Too many different characters.
    """
    alphabet = sorted(set("".join([title, *lines])))
    if len(alphabet) > 256 - _FIRST_CODE:
        raise ValueError("a letter has at most 223 different characters")
    codes = {character: _FIRST_CODE + n for n, character in enumerate(alphabet)}
    width, height = A4_POINTS
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        _stream(_page_content(title, lines, codes)),
        _font(alphabet),
        _DESCRIPTOR,
        _stream(_to_unicode(codes)),
        f"<< /Title {_text_string(title)} /CreationDate (D:{datetime.now(UTC):%Y%m%d%H%M%S}Z) >>".encode(),
    ]
    return _file(objects)


def _page_content(title: str, lines: Sequence[str], codes: dict[str, int]) -> bytes:
    shown = [title, "", *lines]
    body = "\n".join(f"<{''.join(f'{codes[c]:02X}' for c in line)}> Tj T*" for line in shown)
    return f"BT /F1 {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td\n{body}\nET".encode()


def _font(alphabet: Sequence[str]) -> bytes:
    names = " ".join(f"/uni{ord(character):04X}" for character in alphabet)
    widths = " ".join("602" for _ in alphabet)
    return (
        "<< /Type /Font /Subtype /TrueType /BaseFont /DejaVuSansMono /FontDescriptor 6 0 R /ToUnicode 7 0 R"
        f" /FirstChar {_FIRST_CODE} /LastChar {_FIRST_CODE + len(alphabet) - 1} /Widths [{widths}]"
        f" /Encoding << /Type /Encoding /Differences [{_FIRST_CODE} {names}] >> >>"
    ).encode()


def _to_unicode(codes: dict[str, int]) -> bytes:
    pairs = [f"<{code:02X}> <{character.encode('utf-16-be').hex().upper()}>" for character, code in codes.items()]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CMapName /Letter def /CMapType 2 def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{body}\nendcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode()


def _text_string(text: str) -> str:
    return f"<{(chr(0xFEFF) + text).encode('utf-16-be').hex().upper()}>"


def _stream(data: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(data), data)


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(objects) + 1, len(objects))
    return bytes(out + trailer + b"startxref\n%d\n%%%%EOF\n" % start)
