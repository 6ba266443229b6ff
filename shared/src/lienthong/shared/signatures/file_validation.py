"""The signatures of one file of any kind: a package, a PDF, a CMS signature, a container. A report, never a refusal.

Sync and CPU-bound: call it in a thread. Source: ETSI EN 319 102-1 clause 5.1.3 (what cannot be read is FORMAT_FAILURE).
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from lienthong.shared.edxml.asice import foreign_entries
from lienthong.shared.edxml.errors import ContainerInvalid
from lienthong.shared.edxml.media_types import ASICE, CADES, EDXML, PDF
from lienthong.shared.edxml.package import read_package
from lienthong.shared.errors import LienthongError
from lienthong.shared.signatures.asice import verify_entries
from lienthong.shared.signatures.cades import MAX_CADES_BYTES, ContentDigest, validate_cades
from lienthong.shared.signatures.findings import Findings, Rule
from lienthong.shared.signatures.pades import validate_pdf
from lienthong.shared.signatures.policies import policy_at
from lienthong.shared.signatures.report import (
    PackageSignature,
    Report,
    SignatureKind,
    SignatureReport,
    SubIndication,
    worst,
)
from lienthong.shared.signatures.trust import TrustStore
from lienthong.shared.signatures.validation import validate_package

MEDIA_TYPES: Final = (PDF, EDXML, ASICE, CADES)
"""What can be validated."""
DOCUMENT: Final = "document"
"""``where`` of a signature of a file that is no package."""
_PDF_HEAD_BYTES: Final = 1024
"""Within which a PDF says that it is one. Source: ISO 32000-1 annex H.3, implementation note 13."""
_KINDS: Final = {EDXML: SignatureKind.XADES, ASICE: SignatureKind.ASIC, PDF: SignatureKind.PADES}


def validate_file(
    path: Path, *, media_type: str, trust: TrustStore, at: datetime, content: ContentDigest | None = None
) -> Report:
    """What is to be said about the signatures of a file; one that cannot be read is TOTAL-FAILED, FORMAT_FAILURE.

    A container without an edXML message is judged as a container: its signatures, over all of its files.

    Args:
        path: The file.
        media_type: One of :data:`MEDIA_TYPES`.
        trust: Roots, intermediates, CRLs.
        at: When it was received: the moment for which its existence is proven.
        content: What a detached CMS signature is over.
    """
    try:
        if media_type == PDF:
            return _report(_in_pdf(path, trust=trust, at=at), at)
        if media_type == CADES:
            return _report((_in_cms(path, content, trust=trust, at=at),), at)
        return _in_package(path, media_type, trust=trust, at=at)
    except LienthongError as error:
        return _report((_unreadable(_KINDS[media_type], f"{error.detail} ({error.code})"),), at)


def _in_pdf(path: Path, *, trust: TrustStore, at: datetime) -> tuple[SignatureReport, ...]:
    with path.open("rb") as pdf:
        if b"%PDF-" not in pdf.read(_PDF_HEAD_BYTES):
            return (_unreadable(SignatureKind.PADES, "The file is no PDF."),)
        return validate_pdf(pdf, where=DOCUMENT, trust=trust, at=at)


def _in_cms(path: Path, content: ContentDigest | None, *, trust: TrustStore, at: datetime) -> SignatureReport:
    if path.stat().st_size > MAX_CADES_BYTES:
        return _unreadable(SignatureKind.CADES, f"The CMS signature is larger than {MAX_CADES_BYTES} bytes.")
    return validate_cades(path.read_bytes(), content, where=DOCUMENT, trust=trust, at=at)


def _in_package(path: Path, media_type: str, *, trust: TrustStore, at: datetime) -> Report:
    try:
        reading = read_package(path, media_type)
    except ContainerInvalid:
        entries = foreign_entries(path)
        if entries is None:
            raise
        return _report(verify_entries(path, entries, trust=trust, at=at, sender=None), at)
    return validate_package(path, reading, media_type=media_type, trust=trust, at=at)


def _unreadable(kind: SignatureKind, detail: str) -> SignatureReport:
    return Findings(kind=kind, where=DOCUMENT).ended(Rule.FORMAT, detail, SubIndication.FORMAT_FAILURE)


def _report(signatures: tuple[SignatureReport, ...], at: datetime) -> Report:
    poorest = worst(signatures)
    return Report(
        package=PackageSignature.ABSENT,
        indication=poorest.indication if poorest else None,
        sub_indication=poorest.sub_indication if poorest else None,
        signatures=signatures,
        checked_at=at,
        policy=policy_at(at).name,
    )
