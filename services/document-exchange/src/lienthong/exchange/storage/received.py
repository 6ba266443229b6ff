"""What arrived for agencies, waiting or not, as lists by date and page show it. Never commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.transport_status import standing
from lienthong.exchange.domain.vxp.lists import Received, ReceivedQuery
from lienthong.exchange.storage.inbox_view import in_time
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.contracts.envelope import DocumentKind


async def received_deliveries(connection: AsyncConnection, query: ReceivedQuery, *, now: datetime) -> list[Received]:
    """A page of what ``query`` means, in the order of arrival: delivery ids grow with time."""
    columns = (
        deliveries.c.id,
        deliveries.c.document_id,
        deliveries.c.agency,
        deliveries.c.transport_status,
        deliveries.c.transport_detail,
        deliveries.c.lease_until,
        deliveries.c.updated_at,
        documents.c.kind,
        documents.c.sender,
        documents.c.stored_at,
    )
    statement = (
        select(*columns)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(*_conditions(query, now))
        .order_by(deliveries.c.id)
        .limit(query.limit)
        .offset(query.offset)
    )
    return [
        Received(
            delivery=row.id,
            document=row.document_id,
            kind=DocumentKind(row.kind),
            sender=row.sender,
            agency=row.agency,
            status=standing(TransportStatus(row.transport_status), lease_until=row.lease_until, now=now),
            detail=row.transport_detail,
            stored_at=row.stored_at,
            updated_at=row.updated_at,
        )
        for row in await connection.execute(statement)
    ]


async def count_received(connection: AsyncConnection, query: ReceivedQuery, *, now: datetime) -> int:
    """How many deliveries ``query`` means, on all its pages."""
    statement = (
        select(func.count())
        .select_from(deliveries.join(documents, documents.c.id == deliveries.c.document_id))
        .where(*_conditions(query, now))
    )
    return (await connection.execute(statement)).scalar_one()


def _conditions(query: ReceivedQuery, now: datetime) -> Sequence[ColumnElement[bool]]:
    conditions = [
        deliveries.c.agency.in_(query.agencies),
        deliveries.c.is_local,
        or_(*(_stands(status, now) for status in query.statuses)),
    ]
    if query.kind is not None:
        conditions.append(documents.c.kind == query.kind.value)
    if query.since is not None:
        conditions.append(documents.c.stored_at >= query.since)
    if query.until is not None:
        conditions.append(documents.c.stored_at < query.until)
    return conditions


def _stands(status: TransportStatus, now: datetime) -> ColumnElement[bool]:
    """That a delivery stands there at ``now``: as :func:`~..domain.transport_status.standing` has it."""
    stored = deliveries.c.transport_status
    lapsed = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now)
    match status:
        case TransportStatus.INITIAL:
            is_free = or_(stored == status.value, and_(stored == TransportStatus.PROCESSING.value, lapsed))
            return and_(is_free, in_time(now))
        case TransportStatus.PROCESSING:
            return and_(stored == status.value, deliveries.c.lease_until > now)
        case _:
            return stored == status.value
