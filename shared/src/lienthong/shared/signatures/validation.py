"""All signatures of one package: its own, and those inside its PDFs. Sync and CPU-bound: call it in a thread.

A report comes out, never a refusal: :func:`policies.may_accept` is a node's decision.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, cast

from lienthong.shared.edxml.attachments import read_attachment
from lienthong.shared.edxml.media_types import ASICE, PDF
from lienthong.shared.edxml.model import AttachmentIndex, DocumentHeader, PackageContent
from lienthong.shared.edxml.reading import PackageReading
from lienthong.shared.signatures.asice import verify_container_signatures
from lienthong.shared.signatures.pades_checking import MAX_PDF_BYTES, carries_signature, too_large, validate_pdf
from lienthong.shared.signatures.policies import policy_at
from lienthong.shared.signatures.report import Report, SignatureReport, package_signature, worst
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.xades import verify_package_signatures

IN_MEMORY_BYTES: Final = 1024 * 1024
"""A PDF up to this size is judged in memory; a larger one in a temporary file beside the package."""
_READ_BYTES: Final = 256 * 1024


def validate_package(
    path: Path,
    reading: PackageReading,
    *,
    media_type: str,
    trust: TrustStore,
    at: datetime,
    sender: str | None = None,
) -> Report:
    """The report on every signature of a package.

    1. The package's own: those of its header, and those of its container.
    2. Those inside its PDFs, one PDF after another; above :data:`pades.MAX_PDF_BYTES` a signed one is INDETERMINATE.

    Args:
        path: The package, as ``reading`` found it.
        reading: What one pass over it gave.
        media_type: What it was sent as.
        trust: Roots, intermediates and CRLs.
        at: When the node received it: the moment for which its existence is proven.
        sender: The sending agency as the directory knows it, where From/OrganId has another code.
    """
    own = verify_package_signatures(reading, trust=trust, at=at, sender=sender)  # 1
    if media_type.partition(";")[0].strip().lower() == ASICE:
        own += verify_container_signatures(path, reading, trust=trust, at=at, sender=sender)
    inside = tuple(_inside_pdfs(path, reading, trust=trust, at=at))  # 2
    signatures = own + inside
    decisive = worst(signatures)
    return Report(
        package=package_signature(own),
        indication=decisive.indication if decisive else None,
        sub_indication=decisive.sub_indication if decisive else None,
        signatures=signatures,
        checked_at=at,
        policy=policy_at(at).name,
        document_type=_document_type(reading.content),
    )


def _document_type(content: PackageContent) -> str:
    header = content.header
    return header.business.business_type.name.lower() if isinstance(header, DocumentHeader) else "status"


def _inside_pdfs(path: Path, reading: PackageReading, *, trust: TrustStore, at: datetime) -> Iterator[SignatureReport]:
    for index in reading.content.attachments:
        where = f"attachment {index.n}"
        if index.content_type != PDF:
            continue
        if index.size > MAX_PDF_BYTES:
            if carries_signature(_pieces(path, index)):
                yield too_large(where)
            continue
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(path.parent)) as pdf:
            for piece in _pieces(path, index):
                pdf.write(piece)
            yield from validate_pdf(cast("BinaryIO", pdf), where=where, trust=trust, at=at)


def _pieces(path: Path, index: AttachmentIndex) -> Iterator[bytes]:
    """The attachment's bytes; the asynchronous reader never waits here, since its source is a local file."""
    reader = read_attachment(partial(_read_range, path), index)
    while True:
        try:
            next(reader.__anext__().__await__())
        except StopIteration as piece:
            yield piece.value
        except StopAsyncIteration:
            return


async def _read_range(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with path.open("rb") as package:
        package.seek(start)
        left = end - start
        while left and (piece := package.read(min(left, _READ_BYTES))):
            left -= len(piece)
            yield piece
