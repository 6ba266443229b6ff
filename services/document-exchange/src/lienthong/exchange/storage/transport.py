"""Where deliveries stand that went to other nodes. Never commits: the use case does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import FailReason, TransportStatus
from lienthong.exchange.domain.testimony import Effect, SentDelivery, SentState
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId, Sha256

IDS_AT_ONCE = 5000
"""Of one statement; PostgreSQL takes 32767 parameters."""

_status = deliveries.c.transport_status
_unfinished = or_(_status == TransportStatus.INITIAL.value, _status == TransportStatus.PROCESSING.value)
_is_presumed = and_(_status == TransportStatus.FAIL.value, deliveries.c.transport_reason == FailReason.EXPIRED.value)
_SENT: Final = (
    select(
        deliveries.c.id,
        deliveries.c.document_id,
        deliveries.c.node,
        deliveries.c.expires_at.is_not(None).label("has_deadline"),
        documents.c.sender,
        documents.c.package_sha256,
    )
    .join_from(deliveries, documents)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
)
_HOLD: Final = (
    select(deliveries.c.id, _unfinished.label("is_open"))
    .where(
        deliveries.c.id.in_(bindparam("ids", expanding=True)),
        deliveries.c.is_local.is_(False),
        or_(_unfinished, _is_presumed),
    )
    .order_by(deliveries.c.id)  # two batches cannot deadlock
    .with_for_update()
)
_MOVE: Final = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        transport_status=bindparam("status"),
        transport_detail=bindparam("detail"),
        transport_reason=bindparam("reason"),
        updated_at=bindparam("at"),
    )
)
_ARRIVED: Final = (
    update(deliveries).where(deliveries.c.id == bindparam("delivery")).values(consigned_at=bindparam("at"))
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
            has_deadline=row.has_deadline,
        )
        for row in found
    }


async def hold_movable(connection: AsyncConnection, ids: Iterable[DeliveryId]) -> dict[DeliveryId, SentState]:
    """Those that went to other nodes and that evidence may still move, locked for the rest of the transaction."""
    wanted = sorted(set(ids))
    held: dict[DeliveryId, SentState] = {}
    for begin in range(0, len(wanted), IDS_AT_ONCE):
        found = await connection.execute(_HOLD, {"ids": wanted[begin : begin + IDS_AT_ONCE]})
        held |= {DeliveryId(row.id): SentState.OPEN if row.is_open else SentState.PRESUMED for row in found}
    return held


async def apply_effects(connection: AsyncConnection, effects: Sequence[Effect], at: datetime) -> None:
    """Moves deliveries, which the transaction holds, to where evidence says they are."""
    if effects:
        in_order = sorted(effects, key=lambda one: one.delivery)
        await connection.execute(_MOVE, [_moved(one, at=at) for one in in_order])


async def note_arrivals(connection: AsyncConnection, arrived: Iterable[DeliveryId], at: datetime) -> None:
    """Remembers that these deliveries have reached the recipients' nodes, which end them."""
    if rows := [{"delivery": one, "at": at} for one in sorted(arrived)]:
        await connection.execute(_ARRIVED, rows)


def _moved(effect: Effect, *, at: datetime) -> dict[str, object]:
    failed = effect.status is TransportStatus.FAIL
    return {
        "delivery": effect.delivery,
        "status": effect.status.value,
        "detail": effect.detail,
        "reason": effect.reason if failed else "",
        "at": at,
    }
