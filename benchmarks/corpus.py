"""Signed documents for benchmarks: edXML packages of one size, each signed by an agency's own key."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lienthong.shared.edxml.model import Code, DocumentHeader, DocumentType, Organ, PromulgationInfo
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.shared.signatures.xades import sign_package

PACKAGE_BYTES = 64 * 1024
"""The size of a package: a median one of the real platform is tens to hundreds of KB."""
_ATTACHMENT_BYTES = (PACKAGE_BYTES - 8_000) * 3 // 4
"""Base64 takes four bytes for three; header and signature take about 8,000."""


def signed_packages(folder: Path, *, count: int, sender: str, recipient: str, key: SignatureKey) -> Iterator[Path]:
    """``count`` packages from ``sender`` to ``recipient``, no two alike."""
    with tempfile.TemporaryDirectory() as scratch:
        attachment = Path(scratch) / "attachment"
        unsigned = Path(scratch) / "unsigned.edxml"
        for n in range(count):
            attachment.write_bytes(os.urandom(_ATTACHMENT_BYTES))
            source = AttachmentSource(path=attachment, name="ke-hoach.docx", content_type="application/msword")
            with unsigned.open("wb") as out:
                write_document(_header(sender, recipient, n), [source], out, with_ids=True)
            signed = folder / f"{n}.edxml"
            sign_package(unsigned, signed, key=key, at=datetime.now(UTC))
            yield signed


def _header(sender: str, recipient: str, n: int) -> DocumentHeader:
    return DocumentHeader(
        from_=Organ(organ_id=sender, organ_name="UBND xã Hang Kia"),
        to=(Organ(organ_id=recipient, organ_name="UBND huyện Mai Châu"),),
        document_id=f"{sender},2026/11/20,{n}/KH-UBND",
        code=Code(code_number=str(n), code_notation="KH-UBND"),
        promulgation_info=PromulgationInfo(place="Hòa Bình", promulgation_date="2026/11/20"),
        document_type=DocumentType(type=1, type_name="Kế hoạch"),
        subject=f"Kế hoạch số {n}",
    )
