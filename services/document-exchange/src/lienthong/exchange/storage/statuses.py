"""Writes business statuses, and reads what they need. Never commits: the use case does."""

from dataclasses import dataclass

from sqlalchemy import case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.business_status import ArrivedStatus
from lienthong.exchange.storage.schema import deliveries, documents, statuses
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.edxml.model import BusinessStatus, BusinessType
from lienthong.shared.identifiers import DeliveryId, DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredDelivery:
    """The delivery that a status speaks of, locked for the rest of the transaction."""

    id: DeliveryId
    document_id: DocumentId
    business_status: BusinessStatus | None


async def answered_delivery(connection: AsyncConnection, status: ArrivedStatus) -> AnsweredDelivery | None:
    """The delivery to ``status.from_agency`` of the document that ``status`` names, if it is known here.

    A status written by an e-office system names its document by the sender's DocumentId only. A recall repeats the
    id of the document that it recalls; the document itself is meant first, the newest of several.
    """
    is_recall = case((documents.c.business_type == BusinessType.RECALL.value, 1), else_=0)
    query = (
        select(deliveries.c.id, deliveries.c.document_id, deliveries.c.business_status)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(
            documents.c.sender == status.to_agency,
            *([documents.c.id == status.replies_to] if status.replies_to else []),
            documents.c.sender_document_id == status.response_document_id,
            documents.c.kind == DocumentKind.DOCUMENT.value,
            deliveries.c.agency == status.from_agency,
        )
        .order_by(is_recall, documents.c.id.desc(), deliveries.c.id)
        .limit(1)
        .with_for_update(of=deliveries)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    standing = BusinessStatus(row.business_status) if row.business_status else None
    return AnsweredDelivery(id=row.id, document_id=row.document_id, business_status=standing)


async def add_status(
    connection: AsyncConnection, status: ArrivedStatus, delivery: AnsweredDelivery, *, applied: bool
) -> bool:
    """Keeps the status in its delivery's timeline, and ties its package to the document. False: it was kept before."""
    row = {
        "id": status.id,
        "document_id": delivery.document_id,
        "delivery_id": delivery.id,
        "code": status.code.value,
        "description": status.description,
        "staff": status.staff.model_dump(mode="json") if status.staff else None,
        "at": status.at,
        "applied": applied,
    }
    inserted = await connection.execute(insert_or_ignore(connection, statuses).values(row).returning(statuses.c.id))
    if inserted.one_or_none() is None:
        return False
    await connection.execute(
        documents.update().where(documents.c.id == status.id).values(replies_to=delivery.document_id)
    )
    return True


async def move_delivery(connection: AsyncConnection, delivery: DeliveryId, status: ArrivedStatus) -> None:
    """Lets the delivery stand at the status's code."""
    await connection.execute(
        deliveries.update()
        .where(deliveries.c.id == delivery)
        .values(business_status=status.code.value, updated_at=status.at)
    )
