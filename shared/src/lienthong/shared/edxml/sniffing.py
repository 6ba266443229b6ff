"""What a file is, by its bytes: labels lie. Fed piece by piece; memory is bounded whatever the file's size."""

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from lienthong.shared.edxml import media_types
from lienthong.shared.identifiers import Sha256

_CONTROLS = bytes(set(range(ord(" "))) - set(b"\t\n\r\f"))
"""Bytes that no text has."""
_HEAD_BYTES = 4096
_TAIL_BYTES = 64 * 1024
_DAMAGE = b"\xef\xbf\xbd" * 3
"""Three U+FFFD in a row: the second line of a PDF alone makes four when it is read as text and written again."""
_PDF_MAGIC = b"%PDF-"
_PDF_WITHIN = 1024
"""Bytes before which ``%PDF-`` stands. Source: PDF 1.7, implementation note 13."""
_MAGICS = (
    (b"\x89PNG\r\n\x1a\n", media_types.PNG),
    (b"\xff\xd8\xff", media_types.JPEG),
    (b"II*\x00", media_types.TIFF),
    (b"MM\x00*", media_types.TIFF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", media_types.OLE2),
)
_OOXML = (
    (b"word/document", media_types.DOCX),
    (b"xl/workbook", media_types.XLSX),
    (b"ppt/presentation", media_types.PPTX),
)
_OLE2_BY_SUFFIX = {".doc": media_types.DOC, ".dot": media_types.DOC, ".xls": media_types.XLS}
_ZIP_MAGIC = b"PK\x03\x04"
_ZIP_EMPTY = b"PK\x05\x06"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a file is."""

    size: int
    sha256: Sha256
    content_type: str
    damaged: bool
    """It holds the trace of a conversion from bytes to text and back."""


class FileProbe:
    """Hashes, counts and sniffs one file."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._head = b""
        self._tail = b""
        self._damaged = False

    def feed(self, data: bytes) -> None:
        """The next bytes of the file."""
        self._sha256.update(data)
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
        if not self._damaged and _PDF_MAGIC in self._head[: _PDF_WITHIN + len(_PDF_MAGIC)]:
            edge = self._tail[1 - len(_DAMAGE) :] + data[: len(_DAMAGE) - 1]
            self._damaged = _DAMAGE in data or _DAMAGE in edge
        self._tail = data[-_TAIL_BYTES:] if len(data) >= _TAIL_BYTES else (self._tail + data)[-_TAIL_BYTES:]
        self._size += len(data)

    def finish(self) -> FileFacts:
        """What the file is; ends the probe."""
        content_type = _sniff(self._head, self._tail)
        facts = FileFacts(
            size=self._size,
            sha256=Sha256(self._sha256.hexdigest()),
            content_type=content_type,
            damaged=self._damaged and content_type == media_types.PDF,
        )
        self._head = self._tail = b""
        return facts


def refine(content_type: str, name: str) -> str:
    """The type of an OLE2 file by its name: its bytes name the application only in a far directory."""
    if content_type != media_types.OLE2:
        return content_type
    return _OLE2_BY_SUFFIX.get(PurePosixPath(name.lower()).suffix, content_type)


def _sniff(head: bytes, tail: bytes) -> str:
    for magic, content_type in _MAGICS:
        if head.startswith(magic):
            return content_type
    if head.startswith((_ZIP_MAGIC, _ZIP_EMPTY)):
        return _sniff_zip(head, tail)
    if _PDF_MAGIC in head[: _PDF_WITHIN + len(_PDF_MAGIC)]:
        return media_types.PDF
    return _sniff_text(head)


def _sniff_zip(head: bytes, tail: bytes) -> str:
    if head[30:38] == b"mimetype" and head[8:10] == b"\0\0":
        length = int.from_bytes(head[18:22], "little")
        declared = head[38 + int.from_bytes(head[28:30], "little") :][:length]
        if 0 < length < 100 and declared.isascii():
            return declared.decode().strip()
    if b"[Content_Types].xml" in head or b"[Content_Types].xml" in tail:
        for marker, content_type in _OOXML:
            if marker in head or marker in tail:
                return content_type
    return media_types.ZIP


def _sniff_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip().startswith(b"<?xml"):
        return media_types.XML
    if not head or len(head.translate(None, _CONTROLS)) < len(head):
        return media_types.BINARY
    try:
        text[:-4].decode()  # the last letter may be cut
    except UnicodeDecodeError:
        return media_types.BINARY
    return media_types.TEXT
