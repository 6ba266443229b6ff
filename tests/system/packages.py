"""Packages for the system tests: written by the codec, small or huge."""

import os
from pathlib import Path

from lienthong.shared.edxml.model import Code, DocumentHeader, DocumentType, Organ, PromulgationInfo
from lienthong.shared.edxml.writer import AttachmentSource, write_document

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
    attachment = path.with_suffix(".zip.part")
    with attachment.open("wb") as out:
        for start in range(0, attachment_bytes, MIB):
            out.write(os.urandom(min(MIB, attachment_bytes - start)))
    source = AttachmentSource(path=attachment, name="du-lieu.docx", content_type="application/octet-stream")
    with path.open("wb") as out:
        write_document(package_header, [source], out)
    attachment.unlink()
    return path
