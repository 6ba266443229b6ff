"""What a signature's dictionary must look like before its digest means anything.

A pure module. Source: ISO 32000-1 clause 12.8.1, ETSI EN 319 142-1 clause 5.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject, NumberObject, TextStringObject
from pyhanko.pdf_utils.misc import PdfReadError

_END_OF_REVISION: Final = re.compile(rb"%%EOF[ \t]*(\r\n|\n|\r)?\Z")
_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f]+")
_SEQUENCE: Final = 0x30
_LONGEST_END: Final = 16
MAX_CMS_BYTES: Final = 512 * 1024
"""Container of one signature; one with a time stamp and two chains has 8 KiB."""


class StructureRefused(Exception):
    """The dictionary is not that of a signature over one whole revision. The text says why."""


@dataclass(frozen=True, slots=True)
class SignedSpan:
    """Where a signature stands: its container from ``gap_start`` to ``gap_end``; it covers the rest up to ``end``."""

    gap_start: int
    gap_end: int
    end: int

    def pieces(self, content: bytes) -> tuple[memoryview, memoryview]:
        """What is covered, not copied."""
        seen = memoryview(content)
        return seen[: self.gap_start], seen[self.gap_end : self.end]

    def digest(self, content: bytes, algorithm: str) -> bytes:
        """The digest of what is covered."""
        found = hashlib.new(algorithm)
        for piece in self.pieces(content):
            found.update(piece)
        return found.digest()


def signed_span(content: bytes, signature: Any) -> SignedSpan:  # noqa: ANN401 — pyHanko's dictionary
    """The span that a signature dictionary claims, if it leaves out nothing but its own container.

    1. /ByteRange is four whole numbers, /Contents a string with something in it.
    2. The first range starts with the file; the second starts after it and ends within the file.
    3. Between them stands one hexadecimal string, from its bracket to its bracket, and it is /Contents.
    4. After the container's DER there is nothing but padding with zeros.
    5. The second range ends where a revision ends.

    Raises:
        StructureRefused: The first step that does not hold.
    """
    start, first, second, length = _byte_range(signature)  # 1
    container = _contents(signature)
    end = second + length
    if start != 0 or not 0 < first < second <= end <= len(content):  # 2
        raise StructureRefused("Its byte range overlaps itself, leaves out the start, or goes beyond the file.")
    gap = content[first:second]
    if not (gap.startswith(b"<") and gap.endswith(b">") and _HEXADECIMAL.fullmatch(gap, 1, len(gap) - 1)):  # 3
        raise StructureRefused("Its byte range leaves out more than the signature.")
    if len(gap) % 2 or bytes.fromhex(gap[1:-1].decode("ascii")) != container:
        raise StructureRefused("Its byte range leaves out something else than the signature.")
    if container[der_length(container) :].strip(b"\0"):  # 4
        raise StructureRefused("Something is hidden behind the signature.")
    if not _END_OF_REVISION.search(content, max(second, end - _LONGEST_END), end):  # 5
        raise StructureRefused("It does not cover the whole of a revision.")
    return SignedSpan(first, second, end)


def container_of(signature: Any) -> bytes:  # noqa: ANN401
    """The CMS container (DER) of a signature dictionary, without its padding. Raises :class:`StructureRefused`."""
    held = _contents(signature)
    return held[: der_length(held)]


def _byte_range(signature: Any) -> tuple[int, int, int, int]:  # noqa: ANN401
    try:
        numbers = signature.raw_get("/ByteRange")
    except (KeyError, PdfReadError) as error:
        raise StructureRefused("It has no byte range.") from error
    if not isinstance(numbers, ArrayObject) or len(numbers) != 4:
        raise StructureRefused("Its byte range is not of four numbers.")
    if not all(isinstance(one, NumberObject) and one >= 0 for one in numbers):
        raise StructureRefused("Its byte range is not of four numbers.")
    first, second, third, fourth = (int(one) for one in numbers)
    return first, second, third, fourth


def _contents(signature: Any) -> bytes:  # noqa: ANN401
    try:
        held = signature.raw_get("/Contents")
    except (KeyError, PdfReadError) as error:
        raise StructureRefused("It has no contents.") from error
    if not isinstance(held, (ByteStringObject, TextStringObject)) or not held.original_bytes:
        raise StructureRefused("Its contents are empty, or no string.")
    if len(held.original_bytes) > MAX_CMS_BYTES:
        raise StructureRefused(f"Its contents have more than {MAX_CMS_BYTES} bytes.")
    return bytes(held.original_bytes)


def der_length(container: bytes) -> int:
    """Bytes of the one DER element with which ``container`` starts. Source: X.690 clause 8.1.3.

    Raises:
        StructureRefused: It starts with no sequence of definite length, or that is cut off.
    """
    if len(container) < 2 or container[0] != _SEQUENCE or container[1] == 0x80:
        raise StructureRefused("Its contents are no CMS container.")
    if container[1] < 0x80:
        length = 2 + container[1]
    else:
        octets = container[1] & 0x7F
        length = 2 + octets + int.from_bytes(container[2 : 2 + octets], "big")
    if length > len(container):
        raise StructureRefused("Its contents are cut off.")
    return length
