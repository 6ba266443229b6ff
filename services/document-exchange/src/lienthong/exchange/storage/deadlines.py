"""Finds deliveries past their deadline, and locks them. Never commits: the use case does."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.transport_status import WAITING
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.identifiers import DeliveryId, NodeId


async def unclaimed_in_time(connection: AsyncConnection, *, now: datetime, limit: int) -> Sequence[DeliveryId]:
    """Deliveries of inboxes here that nobody had claimed by their deadline, or whose last claim has lapsed since."""
    status = deliveries.c.transport_status
    lapsed = and_(status == TransportStatus.PROCESSING.value, deliveries.c.lease_until <= now)
    unclaimed = or_(status == TransportStatus.INITIAL.value, lapsed)
    return await _locked(connection, deliveries.c.is_local, unclaimed, deliveries.c.expires_at <= now, limit=limit)


async def never_arrived(
    connection: AsyncConnection, *, here: NodeId, before: datetime, limit: int
) -> Sequence[DeliveryId]:
    """Deliveries that left ``here``, with a deadline ``before`` that time, of whose arrival nobody has told."""
    return await _locked(
        connection,
        deliveries.c.is_local.is_(False),
        documents.c.origin == here,
        deliveries.c.consigned_at.is_(None),
        deliveries.c.expires_at <= before,
        limit=limit,
    )


async def _locked(connection: AsyncConnection, *conditions: ColumnElement[bool], limit: int) -> Sequence[DeliveryId]:
    """What another worker holds, or a client is claiming, is stepped over: the next look finds it."""
    query = (
        select(deliveries.c.id)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(deliveries.c.transport_status.in_([one.value for one in WAITING]), *conditions)
        .order_by(deliveries.c.expires_at)
        .limit(limit)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    return [DeliveryId(one) for one in (await connection.execute(query)).scalars()]
