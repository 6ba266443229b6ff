"""Whether a file is a ZIP that wraps a single file, and what that file is, while the ZIP streams past."""

import struct
import zlib
from dataclasses import dataclass
from enum import Enum, auto

from lienthong.shared.edxml.errors import (
    EdXMLInvalid,
    LimitExceeded,
    UnwrappedExceeded,
    ZipBomb,
    ZipDamaged,
)
from lienthong.shared.edxml.limits import Limits
from lienthong.shared.edxml.sniffing import FileFacts, FileProbe
from lienthong.shared.edxml.zip_entry import FLAG_DESCRIPTOR, LOCAL, FirstEntry

_CENTRAL, _END, _END64, _DESCRIPTOR = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x07\x08"
_CENTRAL_HEADER = struct.Struct("<4s6H3L5H2L")
_END_RECORD = struct.Struct("<4s4H2LH")


class Kind(Enum):
    """What the bytes are, as far as wrapping goes."""

    NOT_ZIP = auto()
    ONE_ENTRY = auto()
    SEVERAL_ENTRIES = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipFacts:
    """What a ZIP holds."""

    kind: Kind
    entry_name: str = ""
    file: FileFacts | None = None
    """The single entry, inflated; None if there is none or a problem."""
    problem: EdXMLInvalid | LimitExceeded | None = None
    """Why the ZIP may not be unwrapped; not an error as long as nobody unwraps it."""


def check_ratio(inflated: int, deflated: int, *, limits: Limits) -> None:
    """Raises :class:`ZipBomb` or :class:`UnwrappedExceeded` when a file grows beyond what it may."""
    if inflated > limits.unwrapped_bytes:
        raise UnwrappedExceeded("The file is too large once it is inflated.", facts={"limit": limits.unwrapped_bytes})
    if inflated > limits.zip_ratio_floor_bytes and inflated > deflated * limits.zip_ratio:
        raise ZipBomb(
            "Send the file as it is: its ZIP entry inflates out of all proportion.",
            facts={"ratio_limit": limits.zip_ratio},
        )


class ZipProbe:
    """Looks at a file as if it were a wrapping ZIP. It never raises: :meth:`finish` says what it found."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entry = FirstEntry(name_limit=limits.name)
        self._probe = FileProbe()
        self._inflated = self._crc = 0
        self._problem: EdXMLInvalid | LimitExceeded | None = None
        self._several = False

    def feed(self, data: bytes) -> None:
        """The next bytes of the ZIP."""
        if self._problem is not None or self._several or self._entry.not_zip:
            return
        try:
            for piece in self._entry.feed(data):
                self._take(piece)
        except (EdXMLInvalid, LimitExceeded) as problem:
            self._problem = problem
        if len(self._entry.rest) > self._limits.zip_trailer_bytes:
            self._several = True
            self._entry.rest = b""

    def finish(self) -> ZipFacts:
        """What the ZIP holds; ends the probe."""
        if self._entry.not_zip or not (self._entry.begun or self._problem):
            return ZipFacts(kind=Kind.NOT_ZIP)
        trailer = self._entry.rest[self._descriptor_bytes() :]
        if self._several or trailer.startswith(LOCAL):
            return ZipFacts(kind=Kind.SEVERAL_ENTRIES, entry_name=self._entry.name)
        if self._problem is None and not (self._entry.ended and self._is_directory(trailer)):
            self._problem = ZipDamaged("Make the ZIP again: it is cut short, or its directory and its entry disagree.")
        return ZipFacts(
            kind=Kind.ONE_ENTRY,
            entry_name=self._entry.name,
            file=None if self._problem else self._probe.finish(),
            problem=self._problem,
        )

    def _take(self, piece: bytes) -> None:
        self._inflated += len(piece)
        check_ratio(self._inflated, self._entry.deflated, limits=self._limits)
        self._crc = zlib.crc32(piece, self._crc)
        self._probe.feed(piece)

    def _descriptor_bytes(self) -> int:
        """Bytes of the data descriptor: with or without signature, with sizes of 4 or 8 bytes."""
        if not self._entry.flags & FLAG_DESCRIPTOR:
            return 0
        rest = self._entry.rest
        signed = 4 if rest.startswith(_DESCRIPTOR) else 0
        lengths = (signed + 12, signed + 20)
        return next((length for length in lengths if rest[length : length + 4] in {LOCAL, _CENTRAL}), 0)

    def _is_directory(self, trailer: bytes) -> bool:
        """Whether ``trailer`` is the directory of one entry, the one just read, and nothing hides behind it."""
        if len(trailer) < _CENTRAL_HEADER.size or not trailer.startswith(_CENTRAL):
            return False
        header = _CENTRAL_HEADER.unpack_from(trailer)
        directory_bytes = _CENTRAL_HEADER.size + sum(header[10:13])
        end = trailer.find(_END, directory_bytes)
        if end < 0 or len(trailer) < end + _END_RECORD.size:
            return False
        record = _END_RECORD.unpack_from(trailer, end)
        return (
            trailer[_CENTRAL_HEADER.size :][: header[10]] == self._entry.raw_name
            and header[3] == self._entry.flags
            and header[7] == self._crc
            and record[3:5] == (1, 1)
            and trailer[directory_bytes : directory_bytes + 4] in {_END, _END64}
            and len(trailer) == end + _END_RECORD.size + record[7]
        )
