"""Where deliveries stand that went to other nodes. Never commits: the use case does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.testimony import Effect, SentDelivery
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.identifiers import DeliveryId, DocumentId, NodeId, Sha256

_status = deliveries.c.transport_status
_SENT: Final = (
    select(deliveries.c.id, deliveries.c.document_id, deliveries.c.node, documents.c.package_sha256)
    .join_from(deliveries, documents)
    .where(deliveries.c.document_id.in_(bindparam("ids", expanding=True)))
)
_MOVE: Final = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("delivery"),
        deliveries.c.is_local.is_(False),
        or_(_status == TransportStatus.INITIAL.value, _status == TransportStatus.PROCESSING.value),
    )
    .values(transport_status=bindparam("status"), transport_detail=bindparam("detail"), updated_at=bindparam("at"))
)


async def sent_deliveries(
    connection: AsyncConnection, document_ids: Iterable[DocumentId]
) -> dict[DeliveryId, SentDelivery]:
    """The deliveries of those documents, as they are known here."""
    found = await connection.execute(_SENT, {"ids": sorted(set(document_ids))})
    return {
        DeliveryId(row.id): SentDelivery(
            id=DeliveryId(row.id),
            document=DocumentId(row.document_id),
            package=Sha256(row.package_sha256),
            node=NodeId(row.node),
        )
        for row in found
    }


async def apply_effects(connection: AsyncConnection, effects: Sequence[Effect], at: datetime) -> None:
    """Moves deliveries to where evidence says they are; done and fail are for good."""
    if not effects:
        return
    rows = [{"delivery": one.delivery, "status": one.status.value, "detail": one.detail, "at": at} for one in effects]
    await connection.execute(_MOVE, sorted(rows, key=lambda row: row["delivery"]))
