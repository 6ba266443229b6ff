"""Hexadecimal strings of PDFs, read at once.

pyHanko reads them digit by digit, which was half of what a signature's check cost: its container is such a string of
some thousand digits, read several times. :func:`read_hexadecimal` gives the same, but takes no comment inside a string.
Source: ISO 32000-1 clause 7.3.4.3.
"""

from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfStreamError

_PIECE_BYTES: Final = 4 * 1024
_WHITE: Final = b"\0\t\n\f\r "


def read_hexadecimal(stream: BinaryIO) -> Any:  # noqa: ANN401 — one of pyHanko's two strings
    """The string that begins with the bracket at the stream's position; the stream is then behind its end.

    Raises:
        PdfStreamError: Something else than digits and white space is in it, or it does not end.
    """
    stream.read(1)
    digits = bytearray()
    while True:
        piece = stream.read(_PIECE_BYTES)
        end = piece.find(b">")
        digits += (piece if end < 0 else piece[:end]).translate(None, _WHITE)
        if end >= 0:
            stream.seek(end + 1 - len(piece), 1)
            break
        if not piece:
            raise PdfStreamError("A hexadecimal string does not end.")
    try:
        return generic.pdf_string(bytes.fromhex(digits.decode("ascii") + "0" * (len(digits) % 2)))
    except ValueError as error:
        raise PdfStreamError("A hexadecimal string holds something else than digits.") from error


def install() -> None:
    """Let pyHanko read so, everywhere in this process. Repeating it is harmless."""
    generic.read_hex_string_from_stream = read_hexadecimal
