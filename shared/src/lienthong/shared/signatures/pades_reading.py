"""Reading PDFs of strangers with pyHanko's reader, within a budget.

pyHanko bounds what a filter may put out. It does not bound the number of objects, the length of a cross-reference
table, or the time: that is added here. A thread cannot be stopped from outside, so the reader itself looks at the clock
whenever an object is asked for and whenever bytes are read.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.decode_limits import (
    DecodeContext,
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.generic import Reference, StreamObject
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader, _read_header_version, process_data_at_eof
from pyhanko.pdf_utils.xref import XRefBuilder, XRefCache

MAX_PDF_BYTES: Final = 64 * 1024 * 1024
"""A larger signed PDF is reported INDETERMINATE: judging it would hold up the node."""
MAX_SIGNATURES: Final = 16
"""Signatures in one PDF; two are usual, the person's and the agency's."""
MAX_FIELDS: Final = 64
"""Signature fields of one PDF, signed or empty."""
MAX_REVISIONS: Final = 64
"""Incremental updates of one PDF."""
MAX_OBJECTS: Final = 200_000
"""Objects that the cross-reference sections of one PDF may announce together."""
MAX_LOOKUPS: Final = 1_000_000
"""Objects that may be read while one PDF is judged; an object counts each time."""
MAX_OBJECT_STREAM_BYTES: Final = 4 * 1024 * 1024
"""Decoded size of one object stream; writers put some hundred objects into one."""
MAX_DECODED_BYTES: Final = 128 * 1024 * 1024
"""What all streams of one PDF may come to that validation decodes; page content is never decoded."""
MAX_TIME: Final = timedelta(seconds=10)
"""How long one PDF may be looked at. A usual one takes 20 ms."""

MARK: Final = b"/ByteRange"
"""What every signature in a PDF has. Source: ISO 32000-1 table 252."""
_REVISION_MARK: Final = b"startxref"
_LOOK_EVERY: Final = 256
"""Reads between two looks at the clock."""
SMALL_BYTES: Final = 1024 * 1024
"""One object of a file of this size is read in a moment, so that looking at the clock between objects is enough."""
_LIMITS: Final = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=32 * 1024 * 1024),
    per_purpose={
        DecodePurpose.OBJECT_STREAM: StreamDecodeLimits(max_output_size=MAX_OBJECT_STREAM_BYTES),
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(max_output_size=4 * 1024 * 1024),
        DecodePurpose.XMP_METADATA: StreamDecodeLimits(max_output_size=4 * 1024 * 1024),
        DecodePurpose.CERTIFICATE: StreamDecodeLimits(max_output_size=64 * 1024),
        DecodePurpose.OCSP_RESPONSE: StreamDecodeLimits(max_output_size=256 * 1024),
        DecodePurpose.CRL: StreamDecodeLimits(max_output_size=16 * 1024 * 1024),
    },
    document_budget=DocumentDecodeBudget(base_allowance=MAX_DECODED_BYTES, max_ratio=0),
)


class BudgetExceeded(Exception):
    """Judging the PDF would cost more than it may."""


class PDFEncrypted(Exception):
    """The PDF is encrypted; nobody here has its key."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """What is left for one PDF."""

    ends: float
    lookups: int = MAX_LOOKUPS
    objects: int = MAX_OBJECTS

    @classmethod
    def starting_now(cls, lasting: timedelta = MAX_TIME) -> "Budget":
        """A full budget."""
        return cls(ends=time.monotonic() + lasting.total_seconds())

    def look(self) -> None:
        """Count one object that is read. Raises :class:`BudgetExceeded`."""
        self.lookups -= 1
        if self.lookups < 0:
            raise BudgetExceeded(f"it asks for more than {MAX_LOOKUPS} objects")
        self.check_time()

    def announce(self, objects: int) -> None:
        """Count objects that a cross-reference section announces. Raises :class:`BudgetExceeded`."""
        self.objects -= objects
        if self.objects < 0:
            raise BudgetExceeded(f"it announces more than {MAX_OBJECTS} objects")
        self.check_time()

    def check_time(self) -> None:
        """Raises :class:`BudgetExceeded` when time is up."""
        if time.monotonic() > self.ends:
            raise BudgetExceeded(f"it takes longer than {MAX_TIME.total_seconds():.0f} s")


@dataclass(frozen=True, slots=True)
class Marks:
    """How often a file says that there is a signature, and that a revision ends; nothing of it is parsed."""

    signatures: int
    revisions: int


def marks_in(pieces: Iterable[bytes]) -> Marks:
    """What one look through a file counts, whatever stands around it."""
    tail, signatures, revisions = b"", 0, 0
    for piece in pieces:
        seen = tail + piece
        tail = seen[-len(MARK) + 1 :]
        signatures += seen.count(MARK)
        revisions += seen.count(_REVISION_MARK) - tail.count(_REVISION_MARK)
    return Marks(signatures, revisions + tail.count(_REVISION_MARK))


def carries_signature(pieces: Iterable[bytes]) -> bool:
    """Whether a PDF in ``pieces`` may carry a signature: one look through its bytes up to the first one."""
    tail = b""
    for piece in pieces:
        if MARK in tail + piece:
            return True
        tail = (tail + piece)[-len(MARK) :]
    return False


class BoundedReader(PdfFileReader):
    """pyHanko's reader of an unencrypted PDF, spending a budget.

    Raises:
        BudgetExceeded: Now, or at any later use.
        PDFEncrypted: It is encrypted.
        Exception: Whatever pyHanko raises for damaged files.
    """

    def __init__(self, content: bytes, budget: Budget) -> None:
        # As PdfFileReader.__init__, which does not let its cross-reference builder be chosen.
        self._budget = budget
        self._security_handler = None
        self.strict = True
        self._decode_context = DecodeContext(_LIMITS, input_size=len(content))
        self.resolved_objects = {}
        self._input_version = None
        self._historical_resolver_cache = {}
        self._embedded_signatures = None
        self.stream = watched = _Watched(content, budget)
        self._header_version = _read_header_version(self.stream)
        self.stream.seek(-1, os.SEEK_END)
        builder = _BoundedBuilder(self, watched, last_startxref=process_data_at_eof(watched))
        self.xrefs = XRefCache(self, builder.read_xrefs())  # type: ignore[no-untyped-call]
        self.last_startxref = builder.last_startxref
        self.trailer = builder.trailer
        self.has_xref_stream = builder.has_xref_stream
        if "/Encrypt" in self.trailer:
            raise PDFEncrypted
        watched.reads_left = None
        if len(content) <= SMALL_BYTES:
            self.stream = BytesIO(content)

    def get_object(self, ref: Reference, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        """As pyHanko's; each costs one look."""
        self._budget.look()
        return super().get_object(ref, *args, **options)  # type: ignore[no-untyped-call]


class _BoundedBuilder(XRefBuilder):
    """Refuses cross-reference streams that make many entries out of few bytes, or out of none."""

    def __init__(self, reader: BoundedReader, watched: "_Watched", *, last_startxref: int) -> None:
        super().__init__(reader, watched, strict=True, last_startxref=last_startxref)
        self._budget = watched.budget

    def _read_xref_stream_object(self) -> tuple[Reference, StreamObject]:
        ref, section = super()._read_xref_stream_object()  # type: ignore[no-untyped-call]
        widths, pairs = list(section["/W"]), list(section.get("/Index", [0, section["/Size"]]))
        if min(*widths, *pairs) < 0 or sum(widths) < 1:
            raise PdfReadError("A cross-reference stream has entries of no size.")
        self._budget.announce(sum(pairs[1::2]))
        return ref, section


class _Watched(BytesIO):
    """Bytes in memory; reading them costs time of a budget.

    ``reads_left`` bounds the reading of cross-reference tables, where every entry is one read; None: unbounded.
    """

    def __init__(self, content: bytes, budget: Budget) -> None:
        super().__init__(content)
        self.budget = budget
        self.reads_left: int | None = MAX_OBJECTS + SMALL_BYTES // 16
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As any; every so often with a look at the clock."""
        self._reads += 1
        if self._reads % _LOOK_EVERY == 0:
            self.budget.check_time()
            if self.reads_left is not None and self._reads > self.reads_left:
                raise BudgetExceeded(f"it announces more than {MAX_OBJECTS} objects")
        return super().read(size)
