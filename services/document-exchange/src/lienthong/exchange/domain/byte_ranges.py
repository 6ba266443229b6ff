"""Range requests over immutable bytes; pure. Source: RFC 9110 sections 13 and 14."""

import re
from dataclasses import dataclass
from typing import Final

from lienthong.shared.errors import InvalidInput

MAX_RANGE_LENGTH: Final = 100
"""Characters of a ``Range`` header that are looked at; a longer one is ignored, as RFC 9110 section 14.2 allows."""
_RANGE = re.compile(r"bytes=\s*(?:([0-9]+)-([0-9]*)|-([0-9]+))\s*", re.IGNORECASE)


class RangeNotSatisfiable(InvalidInput):
    """The requested range lies beyond the end. HTTP has a status of its own for it: 416."""

    code = "range-not-satisfiable"
    title = "The range lies beyond the end"

    def __init__(self, size: int) -> None:
        super().__init__(f"There are {size} bytes; ask for a range within them.", facts={"size": size})
        self.size = size


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Bytes ``start`` (inclusive) to ``end`` (exclusive) of ``size``."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """Bytes within the range."""
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The header of a 206. Source: RFC 9110 section 14.4."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def requested_range(header: str | None, *, if_range: str | None, etag: str, size: int) -> ByteRange | None:
    """The one range that was asked for; None: send the whole.

    Several ranges, other units and malformed headers are ignored, which RFC 9110 section 14.2 leaves to the server.
    With ``If-Range``, the range counts only if that names ``etag``, strongly compared (section 13.1.5).

    Args:
        header: ``Range``.
        if_range: ``If-Range``; a date never matches, since a package is known by its digest.
        etag: The strong entity tag, with its quotes.
        size: Bytes of the whole.

    Raises:
        RangeNotSatisfiable: The range begins at or after the end, or is empty.
    """
    if header is None or len(header) > MAX_RANGE_LENGTH or (if_range is not None and if_range.strip() != etag):
        return None
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        if int(suffix) == 0 or size == 0:
            raise RangeNotSatisfiable(size)
        return ByteRange(start=max(0, size - int(suffix)), end=size, size=size)
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiable(size)
    return ByteRange(start=start, end=end, size=size)


def is_unchanged(if_none_match: str | None, *, etag: str) -> bool:
    """Whether the client has these bytes already. Source: RFC 9110 section 13.1.2, weakly compared."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
