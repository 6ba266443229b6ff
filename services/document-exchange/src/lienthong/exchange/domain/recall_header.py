"""What a recall says as a package: the header of the document that it takes back, with the reason; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lienthong.exchange.domain.amendments import NotAmendable
from lienthong.exchange.domain.status_header import MAX_NAME, VIETNAM_TIME, existing_date
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.edxml.model import (
    Business,
    BusinessType,
    Code,
    DocumentHeader,
    DocumentType,
    Organ,
    PackageContent,
    PromulgationInfo,
    TraceHeader,
)
from lienthong.shared.edxml.sending_rules import DATE_FORMAT, TIMESTAMP_FORMAT

UNNAMED: Final = "Thu hồi văn bản"
"""For what the document left out and a package must say."""
MAX_SUBJECT: Final = 500
MAX_NOTATION: Final = 50
"""Characters that a package may hold; a document that was read leniently may have more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Why a document is taken back, from whom (codes as the package had them), and when that is said."""

    reason: str
    addressed_to: Sequence[str]
    at: datetime


def recall_header(recall: Recall, content: PackageContent, *, agency: AgencyEntry) -> DocumentHeader:
    """The header of the recall that ``agency`` sends. Its DocumentId is that of the document: so the standard names it.

    The document may have been read leniently, a recall is written strictly: what is missing is filled in.

    Raises:
        NotAmendable: ``content`` is a status or a recall itself.
    """
    document = content.header
    if not isinstance(document, DocumentHeader) or document.business.business_type is BusinessType.RECALL:
        raise NotAmendable("A status, and a recall, are not taken back.")
    at = recall.at.astimezone(VIETNAM_TIME)
    wanted = set(recall.addressed_to)
    issued, kind = document.promulgation_info, document.document_type
    return DocumentHeader(
        from_=_named(document.from_, agency.name),
        to=tuple(_named(organ, organ.organ_id) for organ in document.to if organ.organ_id in wanted),
        document_id=document.document_id,
        code=Code(
            code_number=_filled(document.code.code_number, "0", MAX_NOTATION),
            code_notation=_filled(document.code.code_notation, "TH", MAX_NOTATION),
        ),
        promulgation_info=PromulgationInfo(
            place=_filled(issued.place, agency.name, MAX_NAME),
            promulgation_date=existing_date(issued.promulgation_date) or at.strftime(DATE_FORMAT),
        ),
        document_type=DocumentType(type=kind.type or 1, type_name=_filled(kind.type_name, UNNAMED, MAX_NAME)),
        subject=_filled(document.subject, UNNAMED, MAX_SUBJECT),
        other_info=None,
        trace=(TraceHeader(organ_id=document.from_.organ_id, timestamp=at.strftime(TIMESTAMP_FORMAT)),),
        business=Business(business_type=BusinessType.RECALL, reason=recall.reason, paper=0),
    )


def _named(organ: Organ, name: str) -> Organ:
    shown = _filled(organ.organ_name, name, MAX_NAME)
    return Organ(organ_id=organ.organ_id, organization_in_charge=shown, organ_name=shown)


def _filled(text: str, otherwise: str, limit: int) -> str:
    return (text.strip() or otherwise)[:limit]
