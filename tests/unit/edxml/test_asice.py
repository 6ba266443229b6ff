"""ASiC-E containers as packages; attacks in a named table."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lienthong.shared.edxml.attachments import read_attachment
from lienthong.shared.edxml.limits import LIMITS, Limits
from lienthong.shared.edxml.media_types import ASICE, PDF
from lienthong.shared.edxml.model import Encoding
from lienthong.shared.edxml.package import read_package
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.errors import LienthongError
from tests.support.ranges import ranges_of

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"
INLINE = (SAMPLES / "java/two-attachments.edxml").read_bytes()
HEADER_ONLY = INLINE[: INLINE.index(b"<AttachmentEncoded>")] + b"</edXML>"
NAMED = HEADER_ONLY.replace(b"cid:a1", b"cid:van%20ban.pdf").replace(b"cid:a2", b"cid:phu-luc/1.txt")
PDF_BYTES = b"%PDF-1.7\n" + b"abc" * 10_000
TEXT_BYTES = b"phu luc " * 1_000
SIGNATURE = ("META-INF/signatures.xml", b"<x/>", zipfile.ZIP_DEFLATED)
ALL_ONES = 0xFFFFFFFF
Files = list[tuple[str, bytes, int]]
PLAIN: Files = [
    ("mimetype", ASICE.encode(), zipfile.ZIP_STORED),
    ("message.edxml", NAMED, zipfile.ZIP_DEFLATED),
    ("van ban.pdf", PDF_BYTES, zipfile.ZIP_DEFLATED),
    ("phu-luc/1.txt", TEXT_BYTES, zipfile.ZIP_STORED),
    SIGNATURE,
]


def container(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, method in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def read(tmp_path: Path, package: bytes, limits: Limits = LIMITS) -> PackageReading:
    path = tmp_path / "package.asice"
    path.write_bytes(package)
    return read_package(path, f"{ASICE}; charset=x", limits=limits)


async def test_references_name_the_files_of_the_container(tmp_path: Path) -> None:
    package = container(PLAIN)

    reading = read(tmp_path, package)

    first, second = reading.content.attachments
    assert (first.name, first.content_type, first.encoding) == ("181_KH-UBND.pdf", PDF, Encoding.DEFLATED)
    assert (second.name, second.content_type, second.encoding) == ("phu-luc.pdf", "text/plain", Encoding.STORED)
    for attachment, content in ((first, PDF_BYTES), (second, TEXT_BYTES)):
        pieces = [piece async for piece in read_attachment(ranges_of(package, step=100), attachment)]
        assert b"".join(pieces) == content


def test_every_file_is_listed_with_its_digest(tmp_path: Path) -> None:
    reading = read(tmp_path, container(PLAIN))

    assert reading.media_type == ASICE
    assert reading.message_entry == "message.edxml"
    assert [entry.name for entry in reading.entries] == [name for name, _, _ in PLAIN]
    assert reading.entries[2].sha256 == reading.content.attachments[0].sha256
    assert reading.content.warnings == ("content-type-mismatch",)


async def test_inline_attachments_of_a_stored_message_are_addressed_in_the_container(tmp_path: Path) -> None:
    package = container([PLAIN[0], ("message.edxml", INLINE, zipfile.ZIP_STORED), SIGNATURE])

    attachments = read(tmp_path, package).content.attachments

    for attachment in attachments:
        pieces = [piece async for piece in read_attachment(ranges_of(package), attachment)]
        assert b"".join(pieces).startswith(b"%PDF-")
    assert len(attachments) == 2


def swapped(files: Files) -> bytes:
    return container([files[1], files[0], *files[2:]])


def replaced(index: int, entry: tuple[str, bytes, int]) -> bytes:
    return container([*PLAIN[:index], entry, *PLAIN[index + 1 :]])


def added(name: str, content: bytes = b"x") -> bytes:
    return container([*PLAIN, (name, content, zipfile.ZIP_DEFLATED)])


def hidden() -> bytes:
    """A file between two others which the directory does not name."""
    whole = container([*PLAIN[:3], ("secret.pdf", b"hidden", zipfile.ZIP_STORED), *PLAIN[3:]])
    directory = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"secret.pdf"))
    entry = whole[directory : directory + 46 + len("secret.pdf")]
    end = bytearray(whole[whole.rindex(b"PK\x05\x06") :])
    for position, lost in ((8, 1), (10, 1), (12, len(entry))):
        end[position : position + 2] = (int.from_bytes(end[position : position + 2], "little") - lost).to_bytes(
            2, "little"
        )
    return whole.replace(entry, b"")[: -len(end)] + bytes(end)


def moved_directory() -> bytes:
    """Offsets count from behind the first byte: the first entry would begin before it."""
    package = bytearray(container(PLAIN))
    field = package.rindex(b"PK\x05\x06") + 16
    package[field : field + 4] = (int.from_bytes(package[field : field + 4], "little") + 5).to_bytes(4, "little")
    return bytes(package)


def encrypted() -> bytes:
    package = bytearray(container(PLAIN))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = package.rindex(magic)
        package[start + flags] |= 1
    return bytes(package)


def two_headers(field: int, value: bytes) -> bytes:
    """The last entry's own header says something else than the directory does."""
    package = bytearray(container(PLAIN))
    start = package.rindex(b"PK\x03\x04") + field
    package[start : start + len(value)] = value
    return bytes(package)


def two_names(*, in_directory: bool) -> bytes:
    """A field for the name in Unicode, which some readers prefer, names another file; or the same, twice."""
    other = struct.pack("<2HBL", 0x7075, 5 + len(b"other.pdf"), 1, zlib.crc32(b"van ban.pdf")) + b"other.pdf"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, method in PLAIN:
            info = zipfile.ZipInfo(name)
            info.extra = other if name == "van ban.pdf" else b""
            archive.writestr(info, content, method)
            if not in_directory:
                info.extra = b""
    return out.getvalue()


def zip64(*, spoilt: str = "", by: bytes = b"") -> bytes:
    """A container with sizes, offsets and counts in Zip64 wherever they may be; ``by`` overwrites one end."""
    package, directory = bytearray(), bytearray()
    for name, content, _ in PLAIN:
        sizes = struct.pack("<2HQQ", 1, 16, len(content), len(content))
        central = struct.pack("<2H3Q", 1, 24, len(content), len(content), len(package))
        fields = {"local": sizes, "central": central} if name == "phu-luc/1.txt" else {"local": b"", "central": b""}
        is_long = name == "phu-luc/1.txt"
        if is_long and spoilt in fields:
            fields[spoilt] = fields[spoilt][: -len(by)] + by if by else fields[spoilt] * 2
        known = (ALL_ONES, ALL_ONES) if is_long else (len(content), len(content))
        common = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, zlib.crc32(content), *known, len(name), 0)
        offset = ALL_ONES if is_long else len(package)
        directory += b"PK\x01\x02\x14\0" + common[:-2] + struct.pack("<4H2L", len(fields["central"]), *[0] * 4, offset)
        directory += name.encode() + fields["central"]
        package += b"PK\x03\x04" + common[:-2] + struct.pack("<H", len(fields["local"])) + name.encode()
        package += fields["local"] + content
    return bytes(package + directory) + _ends(len(package), len(directory), spoilt=spoilt, by=by)


def _ends(offset: int, length: int, *, spoilt: str, by: bytes) -> bytes:
    count = len(PLAIN)
    ends = {
        "long": struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, offset),
        "locator": struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + length, 1),
        "short": struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, ALL_ONES, ALL_ONES, 0),
    }
    if spoilt in ends:
        ends[spoilt] = ends[spoilt][: -len(by)] + by if by else b""
    return b"".join(ends.values())


async def test_a_container_in_zip64_reads_like_any_other(tmp_path: Path) -> None:
    package = zip64()

    attachment = read(tmp_path, package).content.attachments[1]

    assert [one.filename for one in zipfile.ZipFile(io.BytesIO(package)).infolist()] == [name for name, _, _ in PLAIN]
    pieces = [piece async for piece in read_attachment(ranges_of(package, step=100), attachment)]
    assert b"".join(pieces) == TEXT_BYTES


ZIP64_ATTACKS: dict[str, tuple[str, bytes, str]] = {
    "local-size-in-two-fields": ("local", b"", "edxml-asice-invalid"),
    "local-size-of-its-own": ("local", (7).to_bytes(8, "little"), "edxml-asice-invalid"),
    "size-in-two-fields": ("central", b"", "edxml-asice-invalid"),
    "directory-of-its-own": ("long", (0).to_bytes(8, "little"), "edxml-zip-damaged"),
    "long-end-elsewhere": ("locator", struct.pack("<QL", 0, 1), "edxml-zip-damaged"),
    "several-disks": ("locator", struct.pack("<L", 2), "edxml-zip-damaged"),
    "two-directories": ("short", struct.pack("<2LH", 10, 0, 0), "edxml-zip-damaged"),
    "no-long-end": ("long", b"", "edxml-zip-damaged"),
    "no-locator": ("locator", b"", "edxml-zip-damaged"),
}


@pytest.mark.parametrize(("spoilt", "by", "code"), ZIP64_ATTACKS.values(), ids=ZIP64_ATTACKS)
def test_zip64_that_can_be_read_in_two_ways_is_refused(spoilt: str, by: bytes, code: str, tmp_path: Path) -> None:
    with pytest.raises(LienthongError) as refused:
        read(tmp_path, zip64(spoilt=spoilt, by=by))

    assert refused.value.code == code


def test_a_size_in_the_directory_that_only_some_readers_see_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, method in PLAIN:
            info = zipfile.ZipInfo(name)
            info.extra = struct.pack("<2HQ", 1, 8, 7) if name == "van ban.pdf" else b""
            archive.writestr(info, content, method)
            info.extra = struct.pack("<2HQ", 0x6666, 8, 7) if name == "van ban.pdf" else b""
    package = out.getvalue()
    local = package.index(b"\x01\x00\x08\x00" + (7).to_bytes(8, "little"))
    package = package[:local] + b"\x66\x66" + package[local + 2 :]
    central = package.rindex(b"\x66\x66\x08\x00")
    package = package[:central] + b"\x01\x00" + package[central + 2 :]

    with pytest.raises(LienthongError) as refused:
        read(tmp_path, package)

    assert refused.value.code == "edxml-asice-invalid"


ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "mimetype-not-first": (lambda: swapped(PLAIN), "edxml-asice-invalid"),
    "mimetype-deflated": (lambda: replaced(0, (*PLAIN[0][:2], 8)), "edxml-asice-invalid"),
    "mimetype-other": (lambda: replaced(0, ("mimetype", b"application/zip", 0)), "edxml-asice-invalid"),
    "no-message": (lambda: replaced(1, ("message.xml", NAMED, 8)), "edxml-asice-invalid"),
    "message-in-a-folder": (lambda: replaced(1, ("a/message.edxml", NAMED, 8)), "edxml-asice-invalid"),
    "two-messages": (lambda: added("other.edxml", NAMED), "edxml-asice-invalid"),
    "no-signature": (lambda: container(PLAIN[:-1]), "edxml-asice-invalid"),
    "inline-in-deflated": (lambda: replaced(1, ("message.edxml", INLINE, 8)), "edxml-asice-invalid"),
    "same-name-other-case": (lambda: added("VAN BAN.pdf"), "edxml-asice-invalid"),
    "referenced-file-missing": (lambda: container([*PLAIN[:2], *PLAIN[3:]]), "edxml-attachment-missing"),
    "path-upwards": (lambda: added("../evil.pdf"), "edxml-zip-path"),
    "path-absolute": (lambda: added("/evil.pdf"), "edxml-zip-path"),
    "path-backslash": (lambda: added("a\\evil.pdf"), "edxml-zip-path"),
    "path-drive": (lambda: added("C:evil.pdf"), "edxml-zip-path"),
    "bomb": (lambda: added("bomb.txt", bytes(20 * 1024 * 1024)), "edxml-zip-bomb"),
    "encrypted": (encrypted, "edxml-zip-encrypted"),
    "hidden-file": (hidden, "edxml-asice-invalid"),
    "bytes-before": (lambda: b"#!/bin/sh\n" + container(PLAIN), "edxml-asice-invalid"),
    "bytes-behind": (lambda: container(PLAIN) + b"junk", "edxml-zip-damaged"),
    "cut-short": (lambda: container(PLAIN)[:-30], "edxml-zip-damaged"),
    "not-a-zip": (lambda: NAMED, "edxml-zip-damaged"),
    "changed-byte": (lambda: container(PLAIN).replace(TEXT_BYTES, b"P" + TEXT_BYTES[1:]), "edxml-zip-damaged"),
    "name-in-no-encoding": (
        lambda: added("vă.txt").replace("vă.txt".encode(), b"v\xff\xff.txt"),
        "edxml-zip-damaged",
    ),
    "method-of-its-own-header": (lambda: two_headers(8, b"\0\0"), "edxml-asice-invalid"),
    "checksum-of-its-own-header": (lambda: two_headers(14, b"\1\2\3\4"), "edxml-asice-invalid"),
    "size-of-its-own-header": (lambda: two_headers(22, b"\1\0\0\0"), "edxml-asice-invalid"),
    "flags-of-its-own-header": (lambda: two_headers(6, b"\0\x08"), "edxml-asice-invalid"),
    "two-names": (lambda: two_names(in_directory=True), "edxml-asice-invalid"),
    "two-names-in-its-own-header": (lambda: two_names(in_directory=False), "edxml-asice-invalid"),
    "file-below-a-file": (lambda: added("van ban.pdf/evil.pdf"), "edxml-asice-invalid"),
    "content-in-a-folder": (lambda: added("folder/"), "edxml-asice-invalid"),
    "directory-elsewhere": (moved_directory, "edxml-zip-damaged"),
    "damaged-pdf": (
        lambda: replaced(2, ("van ban.pdf", b"%PDF-1.4\n%" + b"\xef\xbf\xbd" * 4, 8)),
        "edxml-pdf-damaged",
    ),
}


@pytest.mark.parametrize(("attack", "code"), ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused(attack: Callable[[], bytes], code: str, tmp_path: Path) -> None:
    with pytest.raises(LienthongError) as refused:
        read(tmp_path, attack())

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(container_entries=4), "edxml-limit-container"),
        (Limits(container_bytes=20_000), "edxml-limit-container"),
        (Limits(unwrapped_bytes=20_000), "edxml-limit-unwrapped"),
    ],
)
def test_a_limit_of_containers_is_kept(limits: Limits, code: str, tmp_path: Path) -> None:
    with pytest.raises(LienthongError) as refused:
        read(tmp_path, container(PLAIN), limits)

    assert refused.value.code == code


def test_a_huge_directory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    package = container([*PLAIN, *((f"{n}", b"", zipfile.ZIP_STORED) for n in range(25_000))])

    with pytest.raises(LienthongError) as refused:
        read(tmp_path, package)

    assert refused.value.code == "edxml-limit-container"
