"""Reads what recalls, updates and replacements speak of, and what came of them. Never commits."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendments import Amendment, AmendmentKind, AmendmentState
from lienthong.exchange.storage.amendment_schema import amendment_requests, amendments, amendments_awaited
from lienthong.exchange.storage.amendments import IS_AMENDABLE
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId

MAX_VERSIONS: Final = 100
"""Documents that one package speaks of: more of a sender's under the same DocumentId are no versions of one."""
_AMENDMENTS: Final[Select[Any]] = (
    select(amendments, amendment_requests.c.kind, amendment_requests.c.reason, amendment_requests.c.asked_at)
    .join(amendment_requests, amendment_requests.c.id == amendments.c.request_id)
    .order_by(amendments.c.request_id, amendments.c.delivery_id)
)


async def sent_under(
    connection: AsyncConnection, *, sender: AgencyCode, document_ids: Collection[str]
) -> set[DocumentId]:
    """The newest documents that ``sender`` sent under those DocumentIds, recalls are none."""
    query = (
        select(documents.c.id)
        .where(documents.c.sender == sender, documents.c.sender_document_id.in_(document_ids), IS_AMENDABLE)
        .order_by(documents.c.id.desc())
        .limit(MAX_VERSIONS)
    )
    return {DocumentId(one) for one in (await connection.execute(query)).scalars()}


async def received_under(connection: AsyncConnection, *, agency: AgencyCode, document_ids: Collection[str]) -> bool:
    """Whether ``agency`` received a document here under one of those DocumentIds."""
    query = (
        select(deliveries.c.id)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(
            deliveries.c.agency == agency,
            deliveries.c.is_local,
            documents.c.sender_document_id.in_(document_ids),
            IS_AMENDABLE,
        )
        .limit(1)
    )
    return (await connection.execute(query)).first() is not None


async def amendments_of(connection: AsyncConnection, document: DocumentId) -> list[Amendment]:
    """What was asked about the document, the first thing first."""
    rows = await connection.execute(_AMENDMENTS.where(amendments.c.document_id == document))
    return [_amendment_of(row) for row in rows]


async def amended_by(connection: AsyncConnection, request: DocumentId) -> list[Amendment]:
    """What the package ``request`` asks, and what came of it."""
    rows = await connection.execute(_AMENDMENTS.where(amendments.c.request_id == request))
    return [_amendment_of(row) for row in rows]


async def is_waiting(connection: AsyncConnection, request: DocumentId) -> bool:
    """Whether the request still waits for something that it speaks of."""
    query = select(amendments_awaited.c.request_id).where(amendments_awaited.c.request_id == request).limit(1)
    return (await connection.execute(query)).first() is not None


def _amendment_of(row: Row[Any]) -> Amendment:
    return Amendment(
        request=DocumentId(row.request_id),
        kind=AmendmentKind(row.kind),
        reason=row.reason,
        asked_at=row.asked_at,
        document=DocumentId(row.document_id),
        delivery=DeliveryId(row.delivery_id),
        recipient=AgencyCode(row.recipient),
        state=AmendmentState(row.state),
        decided_at=row.decided_at,
        answer_reason=row.answer_reason,
    )
