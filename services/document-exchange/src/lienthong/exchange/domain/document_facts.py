"""What is kept of a package's content beside the package itself."""

from datetime import datetime

from lienthong.exchange.domain.business_status import ArrivedStatus
from lienthong.exchange.domain.deadlines import is_expired
from lienthong.exchange.domain.documents import DeliveryRecord, DocumentRecord, FailReason, TransportStatus
from lienthong.exchange.domain.marks import is_revocation_open
from lienthong.exchange.domain.submission import shown_notation, shown_subject
from lienthong.shared.contracts.envelope import DocumentKind, EnvelopeDelivery, EnvelopeDocument
from lienthong.shared.edxml.model import BusinessType, DocumentHeader, PackageContent, StatusHeader
from lienthong.shared.identifiers import AgencyCode, NodeId
from lienthong.shared.signatures.report import Report

MAX_PRIORITY = 4
"""hỏa tốc hẹn giờ. A package may say any number: more is as urgent as can be, less is not urgent."""


def document_kind(content: PackageContent) -> DocumentKind:
    """What the package is."""
    return DocumentKind.STATUS if content.is_status else DocumentKind.DOCUMENT


def business_type(content: PackageContent) -> BusinessType | None:
    """What the document is for; a status has none."""
    header = content.header
    return header.business.business_type if isinstance(header, DocumentHeader) else None


def priority_of(content: PackageContent) -> int:
    """0 (thường) to 4 (hỏa tốc hẹn giờ)."""
    header = content.header
    if not isinstance(header, DocumentHeader) or header.other_info is None:
        return 0
    return min(max(header.other_info.priority, 0), MAX_PRIORITY)


def own_document_id(content: PackageContent) -> str:
    """The package's DocumentId; a status has none of its own and shows that of its document."""
    header = content.header
    return header.document_id if isinstance(header, DocumentHeader) else header.response_for.document_id


def read_document(
    about: EnvelopeDocument, content: PackageContent, *, report: Report, submitted_by: str, stored_at: datetime
) -> DocumentRecord:
    """The record of a document whose package was read and validated here."""
    return DocumentRecord(
        id=about.id,
        kind=about.kind,
        business_type=business_type(content),
        origin=about.origin,
        sender=about.sender,
        sender_document_id=about.sender_document_id,
        subject=shown_subject(content),
        notation=shown_notation(content),
        priority=about.priority,
        package=about.package,
        content=content.model_dump(mode="json", by_alias=True),
        report=report.model_dump(mode="json"),
        submitted_at=about.submitted_at,
        submitted_by=submitted_by,
        stored_at=stored_at,
        replies_to=about.replies_to,
        amends=about.amends,
        expires_at=about.expires_at,
        is_revocation_open=is_revocation_open(report),
    )


def relayed_document(about: EnvelopeDocument, *, stored_at: datetime) -> DocumentRecord:
    """The record of a document that only passes through: its package was not looked into."""
    return DocumentRecord(
        id=about.id,
        kind=about.kind,
        business_type=None,
        origin=about.origin,
        sender=about.sender,
        sender_document_id=about.sender_document_id,
        subject="",
        notation="",
        priority=about.priority,
        package=about.package,
        content=None,
        report=None,
        submitted_at=about.submitted_at,
        submitted_by="",
        stored_at=stored_at,
        replies_to=about.replies_to,
        amends=about.amends,
        expires_at=about.expires_at,
    )


def delivery_records(
    document: DocumentRecord, deliveries: tuple[EnvelopeDelivery, ...], *, here: NodeId, now: datetime
) -> tuple[DeliveryRecord, ...]:
    """The deliveries as they begin, at this node. Past the sender's deadline none enters an inbox."""
    late = is_expired(document.expires_at, now=now)
    return tuple(
        DeliveryRecord(
            id=one.id,
            document_id=document.id,
            addressed_to=one.addressed_to,
            agency=one.agency,
            node=one.node,
            is_local=one.node == here,
            updated_at=now,
            transport_status=TransportStatus.FAIL if late and one.node == here else TransportStatus.INITIAL,
            transport_reason=FailReason.EXPIRED.value if late and one.node == here else "",
            expires_at=document.expires_at,
        )
        for one in deliveries
    )


def arrived_status(about: EnvelopeDocument, content: PackageContent, *, to: AgencyCode) -> ArrivedStatus | None:
    """The status that the package is, or None when it is a document."""
    header = content.header
    if not isinstance(header, StatusHeader):
        return None
    return ArrivedStatus(
        id=about.id,
        from_agency=about.sender,
        to_agency=to,
        response_document_id=header.response_for.document_id,
        replies_to=about.replies_to,
        code=header.status_code,
        description=header.description,
        staff=header.staff_info,
        at=about.submitted_at,
    )
