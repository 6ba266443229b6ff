"""An ASiC-E container as a set of files that nobody can read in two ways. Source: ETSI EN 319 162-1 annex A."""

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, BinaryIO

from lienthong.shared.edxml.errors import (
    ContainerExceeded,
    ContainerInvalid,
    UnwrappedExceeded,
    ZipDamaged,
    ZipEncrypted,
    ZipMethod,
)
from lienthong.shared.edxml.limits import READ_CHUNK_BYTES, Limits
from lienthong.shared.edxml.media_types import ASICE
from lienthong.shared.edxml.model import Encoding
from lienthong.shared.edxml.sniffing import FileFacts, FileProbe
from lienthong.shared.edxml.zip64 import check_central_field, directory_size, extra_fields, local_sizes
from lienthong.shared.edxml.zip_entry import FLAG_DESCRIPTOR, FLAG_ENCRYPTED, LOCAL_HEADER, check_entry_name
from lienthong.shared.edxml.zip_stream import check_ratio

MIMETYPE = "mimetype"
META_INF = "META-INF/"
_END_RECORD = struct.Struct("<4s4H2LH")
_END = b"PK\x05\x06"
_MAX_COMMENT_BYTES = 65_535
_DIRECTORY_BYTES_PER_ENTRY = 1_024
FOREIGN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    UnicodeDecodeError,
)
"""What :mod:`zipfile` raises for files that are none, or not whole."""
_UNICODE_PATH, _UNICODE_PATH_HEAD_BYTES = 0x7075, 5
_DESCRIPTOR_BYTES = frozenset({12, 16, 20, 24})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a container."""

    name: str
    encoding: Encoding
    """``STORED`` or ``DEFLATED``."""
    offset: int
    """Bytes from the start of the container to the file's data."""
    encoded_size: int
    facts: FileFacts
    info: zipfile.ZipInfo


class Container:
    """The files of an open container, each read once and found whole.

    Args:
        stream: The container, seekable.
        limits: What it may cost.

    Raises:
        EdXMLInvalid: It breaks the form of a ZIP or of ASiC-E; leaves say how.
        LimitExceeded: It exceeds a limit.
    """

    def __init__(self, stream: BinaryIO, *, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        check_directory_size(stream, limits)
        with _translated():
            self._archive = zipfile.ZipFile(stream)
        infos = self._archive.infolist()
        self._check_infos(infos)
        starts = {info.filename: _data_offset(stream, info) for info in infos}
        _check_layout(infos, starts, end=self._archive.start_dir)
        _check_mimetype(infos[0], starts[infos[0].filename])
        files = [info for info in infos if not info.is_dir()]
        self.entries = tuple(self._entry(info, starts[info.filename]) for info in files)
        if self.read_small(MIMETYPE) != ASICE.encode():
            raise ContainerInvalid(f"Write {ASICE} into the entry mimetype.", facts={"entry": MIMETYPE})

    def open(self, entry: Entry) -> IO[bytes]:
        """The file, inflated, as a stream to be closed."""
        with _translated():
            return self._archive.open(entry.info)

    def read_small(self, name: str) -> bytes:
        """The first 256 KiB of a file."""
        entry = next(entry for entry in self.entries if entry.name == name)
        with _translated(), self.open(entry) as file:
            return file.read(READ_CHUNK_BYTES)

    def _check_infos(self, infos: list[zipfile.ZipInfo]) -> None:
        if not infos or len(infos) > self._limits.container_entries:
            raise ContainerExceeded(
                "Put fewer files into the container.", facts={"limit": self._limits.container_entries}
            )
        seen: set[str] = set()
        for info in infos:
            self._check_info(info)
            folded = unicodedata.normalize("NFC", info.filename).casefold()
            if folded in seen:
                raise ContainerInvalid(
                    "Give every entry a name of its own, also without regard to case.", facts={"entry": info.filename}
                )
            seen.add(folded)
        for name in seen:
            above = name.rstrip("/")
            while "/" in above:
                above = above.rpartition("/")[0]
                if above in seen:
                    raise ContainerInvalid("Name no file as the folder of another.", facts={"entry": name})
        if sum(info.file_size for info in infos) > self._limits.container_bytes:
            raise ContainerExceeded("Put less into the container.", facts={"limit": self._limits.container_bytes})

    def _check_info(self, info: zipfile.ZipInfo) -> None:
        check_entry_name(info.orig_filename.removesuffix("/"), limit=self._limits.name)
        facts = {"entry": info.filename}
        if info.is_dir() and info.file_size:
            raise ContainerInvalid("Put nothing into an entry that is a folder.", facts=facts)
        if info.flag_bits & FLAG_ENCRYPTED:
            raise ZipEncrypted("Put the file into the container without encryption.", facts=facts)
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ZipMethod("Compress the entry with deflate, or store it.", facts=facts)
        if info.file_size > self._limits.unwrapped_bytes:
            raise UnwrappedExceeded("The entry is too large.", facts={**facts, "limit": self._limits.unwrapped_bytes})
        check_ratio(info.file_size, info.compress_size, limits=self._limits)

    def _entry(self, info: zipfile.ZipInfo, offset: int) -> Entry:
        probe = FileProbe()
        with _translated(), self._archive.open(info) as file:
            while piece := file.read(READ_CHUNK_BYTES):
                probe.feed(piece)
        stored = info.compress_type == zipfile.ZIP_STORED
        return Entry(
            name=info.filename,
            encoding=Encoding.STORED if stored else Encoding.DEFLATED,
            offset=offset,
            encoded_size=info.compress_size,
            facts=probe.finish(),
            info=info,
        )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FOREIGN as error:
        raise ZipDamaged("Make the container again: it does not read as a ZIP.") from error


def check_directory_size(stream: BinaryIO, limits: Limits) -> None:
    """Bounds what reading the directory costs, before :mod:`zipfile` reads all of it."""
    size = stream.seek(0, 2)
    start = max(0, size - _MAX_COMMENT_BYTES - _END_RECORD.size)
    stream.seek(start)
    tail = stream.read(size - start)
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + _END_RECORD.size:
        raise ZipDamaged("Send a ZIP file: this is none, or it is cut short.")
    record = _END_RECORD.unpack_from(tail, end)
    if len(tail) != end + _END_RECORD.size + record[7]:
        raise ZipDamaged("Remove what stands behind the container's end.")
    if directory_size(stream, start + end, record) > limits.container_entries * _DIRECTORY_BYTES_PER_ENTRY:
        raise ContainerExceeded("Put fewer files into the container.", facts={"limit": limits.container_entries})


def _data_offset(stream: BinaryIO, info: zipfile.ZipInfo) -> int:
    stream.seek(max(0, info.header_offset))
    header = stream.read(LOCAL_HEADER.size)
    if info.header_offset < 0 or len(header) < LOCAL_HEADER.size:
        raise ZipDamaged("Make the container again: an entry is cut short.", facts={"entry": info.filename})
    _, _, flags, method, _, _, crc, *sizes, name_bytes, extra_bytes = LOCAL_HEADER.unpack(header)
    stream.seek(name_bytes, 1)
    extra = stream.read(extra_bytes)
    for one in (info.extra, extra):
        _check_extra_name(one, info.filename)
    check_central_field(info.extra, (info.file_size, info.compress_size, info.header_offset), entry=info.filename)
    sums = [crc, *local_sizes(sizes, extra, entry=info.filename)]
    later = flags & FLAG_DESCRIPTOR and not any(sums)
    if (flags, method) != (info.flag_bits, info.compress_type) or not (
        later or sums == [info.CRC, info.compress_size, info.file_size]
    ):
        raise ContainerInvalid(
            "Make the container again: an entry and the directory disagree.", facts={"entry": info.filename}
        )
    return info.header_offset + LOCAL_HEADER.size + int(name_bytes) + int(extra_bytes)


def _check_extra_name(extra: bytes, name: str) -> None:
    """Some readers take the name from this field. Source: APPNOTE 4.6.9, Info-ZIP Unicode Path."""
    for kind, data in extra_fields(extra):
        if kind == _UNICODE_PATH and data[_UNICODE_PATH_HEAD_BYTES:] != name.encode():
            raise ContainerInvalid("Make the container again: an entry has two names.", facts={"entry": name})


def _check_layout(infos: list[zipfile.ZipInfo], starts: dict[str, int], *, end: int) -> None:
    """Entries must follow one another from the first byte to the directory: nothing overlaps, nothing hides between."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    if ordered[0].header_offset != 0 or ordered[0] is not infos[0]:
        raise ContainerInvalid("Begin the container with the entry mimetype, also in its directory.")
    nexts = [following.header_offset for _, following in pairwise(ordered)] + [end]
    for info, following in zip(ordered, nexts, strict=True):
        gap = following - starts[info.filename] - info.compress_size
        allowed = _DESCRIPTOR_BYTES if info.flag_bits & FLAG_DESCRIPTOR else {0}
        if gap not in allowed:
            raise ContainerInvalid(
                "Make the container again: entries overlap, or bytes stand between them.",
                facts={"entry": info.filename},
            )


def _check_mimetype(first: zipfile.ZipInfo, data_offset: int) -> None:
    """Source: ETSI EN 319 162-1 annex A.1."""
    plain = data_offset == LOCAL_HEADER.size + len(MIMETYPE)
    if first.filename != MIMETYPE or first.compress_type != zipfile.ZIP_STORED or not plain:
        raise ContainerInvalid(
            "Begin the container with the entry mimetype, stored and without extra fields.",
            facts={"entry": first.filename},
        )
