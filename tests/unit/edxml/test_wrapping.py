"""ZIPs that wrap one file, ZIPs that are files themselves, and attacks in a named table."""

import base64
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lienthong.shared.edxml import media_types
from lienthong.shared.edxml.attachments import read_attachment
from lienthong.shared.edxml.errors import BadBase64, ZipDamaged
from lienthong.shared.edxml.limits import LIMITS, Limits
from lienthong.shared.edxml.model import AttachmentIndex, Encoding
from lienthong.shared.edxml.reader import read_message
from lienthong.shared.errors import LienthongError
from tests.support.ranges import ranges_of

SAMPLES = Path(__file__).parents[2] / "data" / "edxml"
PLAIN = (SAMPLES / "dotnet/new.edxml").read_bytes()
ENCODED = re.compile(rb"(?<=<ContentTransferEncoded>)[^<]*(?=<)")
UUID = "6d2f1c1e-0d7a-4f53-9a55-1f0f5a2f7c11"
TEXT = "Nội dung thử\n".encode() * 500
OOXML = [("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]


class Unseekable(io.RawIOBase):
    """Makes :mod:`zipfile` write data descriptors, as Java's ZipOutputStream does."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self.content += piece
        return len(piece)


def zipped(*entries: tuple[str, bytes], method: int = 8, descriptor: bool = False, zip64: bool = False) -> bytes:
    out = Unseekable() if descriptor else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as entry:
                entry.write(content)
    return out.content if isinstance(out, Unseekable) else out.getvalue()


def package(attached: bytes, name: str = "a.txt") -> bytes:
    named = PLAIN.replace(b"Name>181_KH-UBND.pdf<", b"Name>" + name.encode() + b"<")
    return ENCODED.sub(lambda _: base64.b64encode(attached), named)


def attachment(attached: bytes, name: str = "a.txt", *, limits: Limits = LIMITS) -> AttachmentIndex:
    return read_message(io.BytesIO(package(attached, name)), limits=limits).content.attachments[0]


WRAPPERS = {
    "deflated": zipped((f"{UUID}.txt", TEXT)),
    "stored": zipped((f"{UUID}.txt", TEXT), method=0),
    "with-descriptor": zipped((f"{UUID}.txt", TEXT), descriptor=True),
    "zip64": zipped((f"{UUID}.txt", TEXT), zip64=True),
    "zip64-stored": zipped((f"{UUID}.txt", TEXT), zip64=True, method=0),
    "zip64-with-descriptor": zipped((f"{UUID}.txt", TEXT), zip64=True, descriptor=True),
    "other-name": zipped(("ghi-chú.txt", TEXT)),
}


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
async def test_a_wrapped_file_is_unwrapped(wrapper: bytes) -> None:
    index = attachment(wrapper)

    pieces = [piece async for piece in read_attachment(ranges_of(package(wrapper), step=11), index)]

    assert (index.encoding, index.name, index.content_type) == (Encoding.BASE64_ZIP, "a.txt", "text/plain")
    assert b"".join(pieces) == TEXT
    assert index.size == len(TEXT)


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("method", [0, 8])
def test_the_smallest_files_are_unwrapped(size: int, method: int) -> None:
    index = attachment(zipped((f"{UUID}.txt", b"x" * size), method=method))

    assert (index.size, index.encoding) == (size, Encoding.BASE64_ZIP)


KEPT: dict[str, tuple[bytes, str, str]] = {
    "archive-of-one": (zipped(("a.txt", TEXT)), "a.zip", media_types.ZIP),
    "archive-of-one-uuid": (zipped((f"{UUID}.txt", TEXT)), "a.ZIP", media_types.ZIP),
    "archive-of-two": (zipped(("a.txt", TEXT), ("b.txt", TEXT)), "a.zip", media_types.ZIP),
    "archive-with-another-name": (zipped(("a.txt", TEXT), ("b.txt", TEXT)), "a.pdf", media_types.ZIP),
    "archive-without-suffix": (zipped(("a.txt", TEXT)), "a", media_types.ZIP),
    "office-file": (zipped(*OOXML), "a.docx", media_types.DOCX),
    "office-file-with-another-name": (zipped(*OOXML), "a.pdf", media_types.DOCX),
    "archive-of-an-office-file": (zipped(("a.docx", zipped(*OOXML)), method=0), "a.zip", media_types.ZIP),
    "java-archive": (zipped(("META-INF/MANIFEST.MF", b"x")), "a.jar", media_types.ZIP),
    "archive-with-a-bomb": (zipped(("a.txt", bytes(20_000_000))), "a.zip", media_types.ZIP),
}


@pytest.mark.parametrize(("attached", "name", "content_type"), KEPT.values(), ids=KEPT)
def test_a_zip_that_is_the_file_is_kept(attached: bytes, name: str, content_type: str) -> None:
    index = attachment(attached, name)

    assert (index.encoding, index.content_type) == (Encoding.BASE64, content_type)
    assert index.size == len(attached)


def test_an_office_file_of_another_kind_is_unwrapped_from_its_wrapper() -> None:
    inner = zipped(*OOXML)

    index = attachment(zipped((f"{UUID}.docm", inner), method=0), "a.docm")

    assert (index.encoding, index.size, index.content_type) == (
        Encoding.BASE64_ZIP,
        len(inner),
        media_types.DOCX,
    )


def changed(where: bytes, offset: int, value: Sequence[int], *, last: bool = False) -> bytes:
    content = bytearray(WRAPPERS["deflated"])
    start = content.rindex(where) if last else content.index(where)
    content[start + offset : start + offset + len(value)] = bytes(value)
    return bytes(content)


ONE = WRAPPERS["deflated"]
ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "bomb": (lambda: zipped((f"{UUID}.txt", bytes(20_000_000))), "edxml-zip-bomb"),
    "upwards": (lambda: zipped(("../a.txt", TEXT)), "edxml-zip-path"),
    "upwards-inside": (lambda: zipped(("a/../../a.txt", TEXT)), "edxml-zip-path"),
    "absolute": (lambda: zipped(("/etc/a.txt", TEXT)), "edxml-zip-path"),
    "backslash": (lambda: zipped(("..\\a.txt", TEXT)), "edxml-zip-path"),
    "drive": (lambda: zipped(("c:a.txt", TEXT)), "edxml-zip-path"),
    "null": (lambda: zipped(("axtxt", TEXT)).replace(b"axtxt", b"a\0txt"), "edxml-zip-path"),
    "long-name": (lambda: zipped(("a" * 256, TEXT)), "edxml-zip-path"),
    "encrypted": (lambda: changed(b"PK\x03\x04", 6, [1]), "edxml-zip-encrypted"),
    "bzip2": (lambda: zipped((f"{UUID}.txt", TEXT), method=12), "edxml-zip-method"),
    "stored-without-size": (
        lambda: zipped((f"{UUID}.txt", TEXT), method=0, descriptor=True),
        "edxml-zip-method",
    ),
    "two-files-in-a-wrapper": (
        lambda: zipped((f"{UUID}.txt", TEXT), ("b.txt", TEXT)),
        "edxml-zip-entries",
    ),
    "wrong-checksum": (lambda: changed(b"PK\x01\x02", 16, [0, 0, 0, 0]), "edxml-zip-damaged"),
    "another-name-in-the-directory": (lambda: changed(b"PK\x01\x02", 46, b"x"), "edxml-zip-damaged"),
    "two-in-the-directory": (lambda: changed(b"PK\x05\x06", 10, [2, 0]), "edxml-zip-damaged"),
    "bytes-behind": (lambda: ONE + b"x", "edxml-zip-damaged"),
    "cut-short": (lambda: ONE[:-5], "edxml-zip-damaged"),
    "cut-in-the-file": (lambda: ONE[:80], "edxml-zip-damaged"),
    "not-deflate": (lambda: ONE[:70] + b"\xff" * 8 + ONE[78:], "edxml-zip-damaged"),
    "damaged-pdf": (
        lambda: zipped((f"{UUID}.txt", b"%PDF-1.4\n%" + b"\xef\xbf\xbd" * 4)),
        "edxml-pdf-damaged",
    ),
}


@pytest.mark.parametrize(("attack", "code"), ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused(attack: Callable[[], bytes], code: str) -> None:
    with pytest.raises(LienthongError) as refused:
        attachment(attack())

    assert refused.value.code == code
    assert refused.value.facts["attachment"] == 1


SNIFFED = {
    b"%PDF-1.7": media_types.PDF,
    b"\n\n%PDF-1.4": media_types.PDF,
    b"\x89PNG\r\n\x1a\n": media_types.PNG,
    b"\xff\xd8\xff\xe0": media_types.JPEG,
    b"II*\x00": media_types.TIFF,
    b"\xef\xbb\xbf<?xml version='1.0'?>": media_types.XML,
    "Văn bản".encode(): media_types.TEXT,
    b"\x00\x01": media_types.BINARY,
    b"\xff\xfe\xfd\xfc\xfb\xfa": media_types.BINARY,
}


@pytest.mark.parametrize(("content", "content_type"), SNIFFED.items())
def test_a_file_is_what_its_bytes_say(content: bytes, content_type: str) -> None:
    assert attachment(content).content_type == content_type


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.doc", media_types.DOC), ("a.XLS", media_types.XLS), ("a.msg", media_types.OLE2)],
)
def test_an_old_office_file_is_told_by_its_name(name: str, content_type: str) -> None:
    assert attachment(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", name).content_type == content_type


async def test_an_attachment_that_changed_since_it_was_indexed_is_not_given_out() -> None:
    content = package(TEXT)
    index = attachment(TEXT)

    with pytest.raises(ZipDamaged):
        await consume(content, index.model_copy(update={"size": index.size + 1}))
    with pytest.raises(ZipDamaged):
        await consume(content, index.model_copy(update={"size": index.size - 1}))
    with pytest.raises(BadBase64):
        await consume(content, index.model_copy(update={"offset": index.offset - 1}))


async def consume(content: bytes, index: AttachmentIndex) -> None:
    async for _ in read_attachment(ranges_of(content), index):
        pass
