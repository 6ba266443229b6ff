"""The first entry of a ZIP, inflated in a stream. Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5."""

import re
import struct
import zlib
from collections.abc import Iterator

from lienthong.shared.edxml.errors import ZipDamaged, ZipEncrypted, ZipMethod, ZipPath

LOCAL = b"PK\x03\x04"
STORED, DEFLATED = 0, 8
FLAG_ENCRYPTED, FLAG_DESCRIPTOR, FLAG_UTF8 = 0x1, 0x8, 0x800
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ZIP64_EXTRA = 1
_UNKNOWN = 0xFFFFFFFF
_PIECE_BYTES = 256 * 1024
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_entry_name(name: str, *, limit: int) -> None:
    """Raises :class:`ZipPath` for a name that unpacking might take out of its folder."""
    if (
        not name
        or len(name.encode(errors="replace")) > limit
        or name.startswith("/")
        or "\\" in name
        or ".." in name.split("/")
        or _DRIVE.match(name)
        or _CONTROL.search(name)
    ):
        raise ZipPath(
            "Give the ZIP entry a plain relative name: no '..', drive, backslash or leading slash.",
            facts={"entry": _CONTROL.sub("?", name)[:limit]},
        )


def decode_name(raw: bytes, flags: int) -> str:
    """An entry's name; bytes of other code pages are read as CP437. Source: APPNOTE appendix D."""
    return raw.decode(errors="replace") if flags & FLAG_UTF8 else raw.decode("cp437")


class FirstEntry:
    """Inflates the first entry of a ZIP; what follows it is kept in :attr:`rest` until the caller takes it."""

    def __init__(self, *, name_limit: int) -> None:
        self._name_limit = name_limit
        self._buffer = b""
        self._left = 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._method = STORED
        self.begun = False
        """The header is read, and the entry may be unwrapped."""
        self.ended = False
        """The entry is read."""
        self.not_zip = False
        self.raw_name = b""
        self.name = ""
        self.flags = 0
        self.deflated = 0
        """Bytes of the entry in the ZIP, so far."""
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of the file, at most 256 KiB each. Raises leaves of ``EdXMLInvalid``."""
        if not self.begun and not self.not_zip:
            data = self._read_header(data)
        if self.begun and not self.ended:
            yield from self._inflate(data) if self._method == DEFLATED else self._copy(data)
        elif self.ended:
            self.rest += data

    def _read_header(self, data: bytes) -> bytes:
        self._buffer += data
        if self._buffer[:4] != LOCAL[: len(self._buffer)]:
            self.not_zip = True
            return b""
        if len(self._buffer) < LOCAL_HEADER.size:
            return b""
        header = LOCAL_HEADER.unpack_from(self._buffer)
        names_end = LOCAL_HEADER.size + header[9]
        start = names_end + header[10]
        if len(self._buffer) < start:
            return b""
        self.flags, self._method = header[2], header[3]
        self.raw_name = self._buffer[LOCAL_HEADER.size : names_end]
        extra, rest = self._buffer[names_end:start], self._buffer[start:]
        self._buffer = b""
        self._begin(deflated=header[7], extra=extra)
        return rest

    def _begin(self, *, deflated: int, extra: bytes) -> None:
        self.name = decode_name(self.raw_name, self.flags)
        check_entry_name(self.name, limit=self._name_limit)
        if self.flags & FLAG_ENCRYPTED:
            raise ZipEncrypted("Send the ZIP entry without encryption.", facts={"entry": self.name})
        if self._method not in {STORED, DEFLATED}:
            raise ZipMethod("Compress the ZIP entry with deflate, or store it.", facts={"method": self._method})
        if self._method == STORED and self.flags & FLAG_DESCRIPTOR:
            raise ZipMethod("Deflate the ZIP entry, or write its size before it: it is stored without one.")
        if self._method == STORED:
            self._left = _zip64_size(extra) if deflated == _UNKNOWN else deflated
            self.ended = not self._left
        self.begun = True

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece, data = self._inflated(data)
            if piece:
                yield piece
            if self._inflater.eof:
                self.ended = True
                self.rest = self._inflater.unused_data
                return
            if not data and len(piece) < _PIECE_BYTES:
                return

    def _inflated(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            piece = self._inflater.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            raise ZipDamaged("Make the ZIP again: its entry does not inflate.") from error
        tail = self._inflater.unconsumed_tail
        self.deflated += len(data) - len(tail) - len(self._inflater.unused_data)
        return piece, tail

    def _copy(self, data: bytes) -> Iterator[bytes]:
        piece, self.rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        self.deflated += len(piece)
        self.ended = not self._left
        if piece:
            yield piece


def _zip64_size(extra: bytes) -> int:
    """The deflated size of the Zip64 extra field. Source: APPNOTE 4.5.3."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _ZIP64_EXTRA and length >= 16:
            return int.from_bytes(extra[12:20], "little")
        extra = extra[4 + length :]
    raise ZipDamaged("Make the ZIP again: it lacks the sizes of its entry.")
