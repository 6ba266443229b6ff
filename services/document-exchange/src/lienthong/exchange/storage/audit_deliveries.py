"""Deliveries as they stand at this node, to be compared with what other nodes say. Never writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CursorResult, Integer, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256

_STANDING: Final = (
    select(
        deliveries.c.id,
        deliveries.c.document_id,
        documents.c.origin,
        documents.c.package_sha256,
        deliveries.c.agency,
        deliveries.c.node,
        deliveries.c.transport_status,
        deliveries.c.transport_reason,
        deliveries.c.updated_at,
    )
    .join_from(deliveries, documents)
    .order_by(deliveries.c.id)
)
_PAGE: Final = _STANDING.where(deliveries.c.id > bindparam("after")).limit(bindparam("most", type_=Integer))
_CHOSEN: Final = _STANDING.where(deliveries.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingDelivery:
    """A delivery as this node has it. ``status`` is what is stored: a lease that lapsed is ``processing`` still."""

    id: DeliveryId
    document: DocumentId
    origin: NodeId
    package: Sha256
    agency: AgencyCode
    node: NodeId
    status: str
    reason: str
    updated_at: datetime


async def standing_deliveries(
    connection: AsyncConnection, after: DeliveryId, *, limit: int
) -> Sequence[StandingDelivery]:
    """At most ``limit`` deliveries beyond ``after``, by id."""
    return _read(await connection.execute(_PAGE, {"after": after, "most": limit}))


async def chosen_deliveries(connection: AsyncConnection, ids: Collection[DeliveryId]) -> Sequence[StandingDelivery]:
    """Those of ``ids`` that this node has, by id."""
    return _read(await connection.execute(_CHOSEN, {"ids": sorted(ids)}))


def _read(rows: CursorResult[Any]) -> list[StandingDelivery]:
    return [
        StandingDelivery(
            id=DeliveryId(row.id),
            document=DocumentId(row.document_id),
            origin=NodeId(row.origin),
            package=Sha256(row.package_sha256),
            agency=AgencyCode(row.agency),
            node=NodeId(row.node),
            status=row.transport_status,
            reason=row.transport_reason,
            updated_at=row.updated_at,
        )
        for row in rows
    ]
