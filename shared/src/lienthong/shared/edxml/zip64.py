"""Zip64, read so that no reader can take other sizes or another directory than this one.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16 and 4.5.3.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from lienthong.shared.edxml.errors import ContainerInvalid, ZipDamaged

UNKNOWN = 0xFFFFFFFF
"""A size or an offset that stands in the Zip64 field instead."""
_UNKNOWN_COUNT = 0xFFFF
_LOCATOR, _END64 = b"PK\x06\x07", b"PK\x06\x06"
_LOCATOR_RECORD = struct.Struct("<4sLQL")
_END64_RECORD = struct.Struct("<4sQ2H2L4Q")
_END64_REST = _END64_RECORD.size - 12
"""What the record says of its own size: without signature and this field, and without extensible data."""
_FIELD = 1
_SIZES_BYTES = 16


def directory_size(stream: BinaryIO, end_offset: int, record: Sequence[int]) -> int:
    """Bytes of the directory, by the end record, or by that of Zip64, which must then stand right before it.

    Args:
        stream: The ZIP, seekable.
        end_offset: Where the end record begins.
        record: It, unpacked: signature, two disks, two counts, size, offset, length of the comment.

    Raises:
        ZipDamaged: The two records disagree, or others stand where Zip64's must.
    """
    stream.seek(max(0, end_offset - _LOCATOR_RECORD.size))
    locator = stream.read(_LOCATOR_RECORD.size)
    if not locator.startswith(_LOCATOR):
        if UNKNOWN in record[5:7] or _UNKNOWN_COUNT in record[3:5]:
            raise ZipDamaged("Make the container again: its end names no directory.")
        return record[5]
    begins = end_offset - _LOCATOR_RECORD.size - _END64_RECORD.size
    stream.seek(max(0, begins))
    found = stream.read(_END64_RECORD.size)
    if begins < 0 or not (_is_placed(found, locator, begins=begins) and _agrees(found, record)):
        raise ZipDamaged("Make the container again: its two end records disagree.")
    return int(_END64_RECORD.unpack(found)[8])


def _is_placed(found: bytes, locator: bytes, *, begins: int) -> bool:
    """Whether the long record stands where the locator says, right behind the directory, on one disk."""
    magic, size, _, _, disk_here, disk_of_directory, _, _, length, offset = _END64_RECORD.unpack(found)
    _, disk, named, disks = _LOCATOR_RECORD.unpack(locator)
    return (
        (magic, size, named) == (_END64, _END64_REST, begins)
        and not any((disk_here, disk_of_directory, disk))
        and disks in {0, 1}
        and offset + length == begins
    )


def _agrees(found: bytes, record: Sequence[int]) -> bool:
    """Whether the short record says the same as the long one, or leaves it to that."""
    count_here, *long = _END64_RECORD.unpack(found)[6:]
    unknown = (_UNKNOWN_COUNT, UNKNOWN, UNKNOWN)
    pairs = zip(record[4:7], long, unknown, strict=True)
    return record[3] == record[4] and count_here == long[0] and all(short in {one, none} for short, one, none in pairs)


def local_sizes(sizes: Sequence[int], extra: bytes, *, entry: str) -> list[int]:
    """Deflated and inflated size of a local header: those of the field where the header leaves them to it.

    Raises:
        ContainerInvalid: There are several such fields, or one that says something else than the header.
        ZipDamaged: There is none although the header leaves the sizes to it.
    """
    values = field(extra, entry=entry)
    if values is None:
        if UNKNOWN in sizes:
            raise ZipDamaged("Make the container again: an entry lacks its sizes.", facts={"entry": entry})
        return list(sizes)
    if len(values) * 8 != _SIZES_BYTES or any(
        short not in {value, UNKNOWN} for short, value in zip(sizes, reversed(values), strict=True)
    ):
        raise _ambiguous(entry)
    return list(reversed(values))


def check_central_field(extra: bytes, known: Sequence[int], *, entry: str) -> None:
    """That the field of an entry in the directory holds only what is ``known``, in this order.

    Readers differ in when they look at the field; none may find another size or offset there.

    Args:
        extra: All extra fields of the entry.
        known: Inflated size, deflated size, offset of the local header.
        entry: Its name.

    Raises:
        ContainerInvalid: It holds something else, or there are several.
    """
    rest = iter(known)
    for value in field(extra, entry=entry) or ():
        if value not in rest:  # takes from ``rest`` up to the value
            raise _ambiguous(entry)


def field(extra: bytes, *, entry: str) -> tuple[int, ...] | None:
    """The numbers of the Zip64 field; None: there is none. Raises :class:`ContainerInvalid` for two or a broken one."""
    found = [data for kind, data in extra_fields(extra) if kind == _FIELD]
    if not found:
        return None
    if len(found) > 1 or len(found[0]) % 8:
        raise _ambiguous(entry)
    return struct.unpack(f"<{len(found[0]) // 8}Q", found[0])


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and data of every extra field. Source: APPNOTE 4.5.1."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _ambiguous(entry: str) -> ContainerInvalid:
    return ContainerInvalid("Make the container again: an entry has two sizes.", facts={"entry": entry})
