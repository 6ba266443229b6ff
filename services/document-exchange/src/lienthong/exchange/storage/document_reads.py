"""Reads documents and their deliveries. Never commits."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import DocumentRecord, TransportStatus
from lienthong.exchange.domain.listings import DocumentSummary, SentQuery
from lienthong.exchange.domain.transport_status import standing
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.storage.marks import MARKS, marks_in, verdict
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.contracts.evidence import PackageReference
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId

SUMMARY: tuple[ColumnElement[Any], ...] = (
    documents.c.id.label("document_id"),
    documents.c.kind,
    documents.c.business_type,
    documents.c.sender,
    documents.c.sender_document_id,
    documents.c.subject,
    documents.c.notation,
    documents.c.priority,
    documents.c.submitted_at,
    documents.c.expires_at,
    documents.c.package_sha256,
    documents.c.package_size,
    documents.c.media_type,
    verdict("indication").label("indication"),
    verdict("package").label("package_signature"),
    *MARKS,
)
"""Columns that :func:`summary_of` reads: neither the whole content nor the whole report."""


async def sent_documents(connection: AsyncConnection, query: SentQuery) -> list[DocumentSummary]:
    """At most ``query.limit`` documents. Ids grow with time, so they are the order."""
    statement = (
        select(*SUMMARY)
        .where(documents.c.sender.in_(query.agencies), documents.c.origin == query.here)
        .order_by(documents.c.id.desc())
        .limit(query.limit)
    )
    if query.kind is not None:
        statement = statement.where(documents.c.kind == query.kind.value)
    if query.after is not None:
        statement = statement.where(documents.c.id < query.after)
    return [summary_of(row) for row in await connection.execute(statement)]


async def find_document(connection: AsyncConnection, document: DocumentId) -> DocumentRecord | None:
    """Everything that is kept of the document itself."""
    found = await connection.execute(select(documents).where(documents.c.id == document))
    row = found.one_or_none()
    return None if row is None else record_of(row)


async def document_of_delivery(
    connection: AsyncConnection, delivery: DeliveryId, agencies: Collection[AgencyCode]
) -> DocumentId | None:
    """The document that was delivered here to one of ``agencies`` under that id."""
    query = select(deliveries.c.document_id).where(
        deliveries.c.id == delivery, deliveries.c.is_local, deliveries.c.agency.in_(agencies)
    )
    found: DocumentId | None = await connection.scalar(query)
    return found


async def deliveries_of(connection: AsyncConnection, document: DocumentId, *, now: datetime) -> list[Delivery]:
    """The deliveries of the document as they stand at ``now``."""
    query = select(deliveries).where(deliveries.c.document_id == document).order_by(deliveries.c.id)
    return [delivery_of(row, now=now) for row in await connection.execute(query)]


def summary_of(row: Row[Any]) -> DocumentSummary:
    """The summary in a row that has the columns of :data:`SUMMARY`."""
    return DocumentSummary(
        id=row.document_id,
        kind=DocumentKind(row.kind),
        business_type=row.business_type,
        sender=row.sender,
        sender_document_id=row.sender_document_id,
        subject=row.subject,
        notation=row.notation,
        priority=row.priority,
        submitted_at=row.submitted_at,
        expires_at=row.expires_at,
        package=package_of(row),
        indication=row.indication,
        package_signature=row.package_signature or "absent",
        marks=marks_in(row),
    )


def delivery_of(row: Row[Any], *, now: datetime) -> Delivery:
    """The delivery in a row of ``deliveries``, as it stands at ``now``."""
    return Delivery(
        id=row.id,
        addressed_to=row.addressed_to,
        agency=row.agency,
        node=row.node,
        is_local=row.is_local,
        transport_status=standing(
            TransportStatus(row.transport_status), lease_until=row.lease_until, now=now, claimed_at=row.updated_at
        ),
        transport_detail=row.transport_detail,
        transport_reason=row.transport_reason,
        business_status=BusinessStatus(row.business_status) if row.business_status else None,
        updated_at=row.updated_at,
    )


def record_of(row: Row[Any]) -> DocumentRecord:
    """The document in a row of ``documents``."""
    return DocumentRecord(
        id=row.id,
        kind=DocumentKind(row.kind),
        business_type=row.business_type,
        origin=row.origin,
        sender=row.sender,
        sender_document_id=row.sender_document_id,
        subject=row.subject,
        notation=row.notation,
        priority=row.priority,
        package=package_of(row),
        content=row.content,
        report=row.report,
        submitted_at=row.submitted_at,
        submitted_by=row.submitted_by,
        stored_at=row.stored_at,
        replies_to=row.replies_to,
        amends=tuple(row.amends or ()),
        expires_at=row.expires_at,
    )


def package_of(row: Row[Any]) -> PackageReference:
    """The package that a row of ``documents`` names."""
    return PackageReference(sha256=row.package_sha256, size=row.package_size, media_type=row.media_type)
