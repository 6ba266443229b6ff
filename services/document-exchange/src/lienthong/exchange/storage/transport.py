"""Where deliveries stand that went to other nodes. Never commits: the use case does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.testimony import Effect, SentDelivery
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256

IDS_AT_ONCE = 5000
"""Of one statement; PostgreSQL takes 32767 parameters."""

_status = deliveries.c.transport_status
_unfinished = or_(_status == TransportStatus.INITIAL.value, _status == TransportStatus.PROCESSING.value)
_SENT: Final = (
    select(deliveries.c.id, deliveries.c.document_id, deliveries.c.node, documents.c.sender, documents.c.package_sha256)
    .join_from(deliveries, documents)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
)
_HOLD_UNFINISHED: Final = (
    select(deliveries.c.id)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)), deliveries.c.is_local.is_(False), _unfinished)
    .order_by(deliveries.c.id)  # two batches cannot deadlock
    .with_for_update()
)
_MOVE: Final = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(transport_status=bindparam("status"), transport_detail=bindparam("detail"), updated_at=bindparam("at"))
)


async def sent_deliveries(connection: AsyncConnection, ids: Iterable[DeliveryId]) -> dict[DeliveryId, SentDelivery]:
    """Those deliveries, as they are known here."""
    wanted = sorted(set(ids))
    found: list[Row[Any]] = []
    for begin in range(0, len(wanted), IDS_AT_ONCE):
        found += await connection.execute(_SENT, {"ids": wanted[begin : begin + IDS_AT_ONCE]})
    return {
        DeliveryId(row.id): SentDelivery(
            id=DeliveryId(row.id),
            document=DocumentId(row.document_id),
            sender=AgencyCode(row.sender),
            package=Sha256(row.package_sha256),
            node=NodeId(row.node),
        )
        for row in found
    }


async def hold_unfinished(connection: AsyncConnection, ids: Iterable[DeliveryId]) -> set[DeliveryId]:
    """Those that went to other nodes and have not come to their end, locked for the rest of the transaction."""
    wanted = sorted(set(ids))
    held: set[DeliveryId] = set()
    for begin in range(0, len(wanted), IDS_AT_ONCE):
        found = await connection.execute(_HOLD_UNFINISHED, {"ids": wanted[begin : begin + IDS_AT_ONCE]})
        held |= {DeliveryId(one) for one in found.scalars()}
    return held


async def apply_effects(connection: AsyncConnection, effects: Sequence[Effect], at: datetime) -> None:
    """Moves deliveries, which the transaction holds, to where evidence says they are."""
    if not effects:
        return
    rows = [{"delivery": one.delivery, "status": one.status.value, "detail": one.detail, "at": at} for one in effects]
    await connection.execute(_MOVE, sorted(rows, key=lambda row: row["delivery"]))
