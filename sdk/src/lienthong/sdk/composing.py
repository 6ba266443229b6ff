"""Builds and signs a package on the caller's own machine: the edXML around the files, with XAdES."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lienthong.sdk.errors import FileUnreadable
from lienthong.sdk.models import Agency
from lienthong.shared.edxml.media_types import ASICE, CADES, EDXML, PDF
from lienthong.shared.edxml.model import (
    Code,
    DocumentHeader,
    DocumentType,
    Organ,
    OtherInfo,
    PromulgationInfo,
    SignerInfo,
)
from lienthong.shared.edxml.writer import AttachmentSource, write_document
from lienthong.shared.signatures.keys import SignatureKey
from lienthong.shared.signatures.time_stamps import Stamp
from lienthong.shared.signatures.xades import sign_package

_SNIFFED_BYTES = 1024
_DATE = "%Y/%m/%d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a sender says about a document; the rest of the header follows from it."""

    subject: str
    number: str
    notation: str
    type_name: str = "Công văn"
    type_number: int = 1
    """Used loosely: receivers go by the name."""
    priority: int = 0
    place: str = ""
    content: str = ""
    due_date: str = ""
    document_id: str = ""
    signer: str = ""
    position: str = ""
    competence: str = ""


def compose_header(letter: Letter, *, sender: Agency, recipients: Sequence[Agency], at: datetime) -> DocumentHeader:
    """The header of a new document. Without an id of its own it gets ``<sender>,<date>,<number>/<notation>``."""
    date = at.strftime(_DATE)
    named = letter.signer or letter.position or letter.competence
    signer = SignerInfo(competence=letter.competence, position=letter.position, full_name=letter.signer)
    return DocumentHeader(
        from_=_organ(sender),
        to=tuple(map(_organ, recipients)),
        document_id=letter.document_id or f"{sender.code},{date},{letter.number}/{letter.notation}",
        code=Code(code_number=letter.number, code_notation=letter.notation),
        promulgation_info=PromulgationInfo(place=letter.place or sender.name, promulgation_date=date),
        document_type=DocumentType(type=letter.type_number, type_name=letter.type_name),
        subject=letter.subject,
        content=letter.content or letter.subject,
        signer_info=signer if named else None,
        due_date=letter.due_date,
        other_info=OtherInfo(priority=letter.priority),
    )


def compose_package(
    header: DocumentHeader,
    files: Sequence[Path],
    out: Path,
    *,
    key: SignatureKey,
    at: datetime,
    stamp: Stamp | None = None,
) -> bool:
    """Writes the edXML with ``files`` attached to ``out``, signed with the agency's key. Blocks: call it in a thread.

    Returns whether the signature is time-stamped; it is not without ``stamp``, or when that authority is away.

    Raises:
        InvalidInput: The header cannot be written (leaves of the writer), or a file cannot be read.
    """
    unsigned = out.with_name(out.name + ".unsigned")
    sources = [AttachmentSource(path=file, name=file.name, content_type=_content_type(file)) for file in files]
    try:
        with unsigned.open("wb") as target:
            write_document(header, sources, target, with_ids=True)
        return sign_package(unsigned, out, key, at=at, stamp=stamp)
    finally:
        unsigned.unlink(missing_ok=True)


def media_type_of(file: Path) -> str:
    """What a file is, by its first bytes: edXML, ASiC-E, PDF, or a CMS signature in DER.

    Raises:
        FileUnreadable: It cannot be read, or is none of them.
    """
    try:
        with file.open("rb") as opened:
            head = opened.read(_SNIFFED_BYTES)
    except OSError as error:
        raise FileUnreadable(f"The file {file} cannot be read.") from error
    if head.startswith(b"PK\x03\x04"):
        return ASICE
    if b"%PDF-" in head:
        return PDF
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return EDXML
    if head.startswith(b"\x30"):
        return CADES
    raise FileUnreadable(f"The file {file} is neither edXML nor ASiC-E nor PDF nor a CMS signature.")


def _content_type(file: Path) -> str:
    return PDF if file.suffix.lower() == ".pdf" else "application/octet-stream"


def _organ(agency: Agency) -> Organ:
    return Organ(organ_id=agency.code, organization_in_charge=agency.name, organ_name=agency.name, email=agency.email)
