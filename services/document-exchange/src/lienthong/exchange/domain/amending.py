"""A draft that updates or replaces a document says so in its header; pure."""

from lienthong.exchange.domain.amendments import AmendmentKind
from lienthong.shared.edxml.model import BusinessType, DocumentHeader, ReplacementInfo


def amending(header: DocumentHeader, *, kind: AmendmentKind, document_id: str) -> DocumentHeader:
    """``header`` as an update or replacement of the document with that DocumentId; what it says of it itself stays."""
    business = header.business
    if business.business_type is not BusinessType.NEW:
        return header
    if kind is AmendmentKind.UPDATE:
        said: dict[str, object] = {"business_type": BusinessType.UPDATE, "document_id": document_id}
    else:
        replaced = (ReplacementInfo(document_id=document_id),)
        said = {"business_type": BusinessType.REPLACE, "replacement_infos": replaced}
    return header.model_copy(update={"business": business.model_copy(update=said)})
