"""Packages for the system tests: written by the codec, small or huge."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path

from lienthong.shared.edxml.media_types import EDXML
from lienthong.shared.edxml.model import Code, DocumentHeader, DocumentType, Organ, PromulgationInfo
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.signatures.asice import ContainerFile, build_container
from lienthong.shared.signatures.keys import LocalKey

MIB = 1024 * 1024


def header(sender: str, recipients: list[str], n: int) -> DocumentHeader:
    """A header that no other document of a test repeats."""
    return DocumentHeader(
        from_=Organ(organ_id=sender, organ_name=f"Cơ quan {sender}"),
        to=tuple(Organ(organ_id=code, organ_name=f"Cơ quan {code}") for code in recipients),
        document_id=f"{sender},2026/11/20,{n}/KH-UBND",
        code=Code(code_number=str(n), code_notation="KH-UBND"),
        promulgation_info=PromulgationInfo(place="Hòa Bình", promulgation_date="2026/11/20"),
        document_type=DocumentType(type=1, type_name="Kế hoạch"),
        subject=f"Kế hoạch thử nghiệm số {n}",
    )


def write_package(path: Path, package_header: DocumentHeader, *, attachment_bytes: int) -> Path:
    """An edXML file with one attachment of random bytes."""
    attachment = _random_file(path.with_suffix(".zip.part"), attachment_bytes)
    source = AttachmentSource(path=attachment, name="du-lieu.docx", content_type="application/octet-stream")
    with path.open("wb") as out:
        write_document(package_header, [source], out)
    attachment.unlink()
    return path


def write_container(path: Path, package_header: DocumentHeader, *, attachment_bytes: int, key: LocalKey) -> Path:
    """A signed ASiC-E container with one attachment of random bytes as a file of its own."""
    name, message = "du-lieu.bin", path.with_suffix(".edxml")
    attachment = _random_file(path.with_suffix(".zip.part"), attachment_bytes)
    empty = _random_file(path.with_suffix(".empty"), 0)
    inline = io.BytesIO()
    source = AttachmentSource(path=empty, name="du-lieu.zip", content_type="application/octet-stream")
    write_document(package_header, [source], inline)
    named = inline.getvalue().replace(b"cid:1", f"cid:{name}".encode())
    message.write_bytes(named[: named.index(b"<AttachmentEncoded>")] + b"</edXML>")
    files = (
        ContainerFile(name="message.edxml", path=message, media_type=EDXML),
        ContainerFile(name=name, path=attachment, media_type="application/octet-stream"),
    )
    with path.open("w+b") as out:
        build_container(files, out, key=key, at=datetime.now(UTC))
    for made in (message, attachment, empty):
        made.unlink()
    return path


def _random_file(path: Path, size: int) -> Path:
    """A file that does not compress: one random MiB, again and again, each time with another beginning."""
    piece = bytearray(os.urandom(MIB))
    with path.open("wb") as out:
        for n, start in enumerate(range(0, size, MIB)):
            piece[:8] = n.to_bytes(8, "little")
            out.write(piece[: size - start])
    return path
