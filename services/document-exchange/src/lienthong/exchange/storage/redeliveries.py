"""Deliveries that wait for their recipients again. Never commits: the use case does."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import Lease
from lienthong.exchange.domain.listings import Claim, InboxQuery, WaitingDelivery
from lienthong.exchange.domain.redeliveries import RedeliveryOrder
from lienthong.exchange.domain.transport_status import WAITING, standing
from lienthong.exchange.storage.document_reads import SUMMARY, summary_of
from lienthong.exchange.storage.operations_schema import redeliveries, redelivery_orders
from lienthong.exchange.storage.retention_schema import package_removals
from lienthong.exchange.storage.schema import deliveries, documents, evidence
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId

_WAITING: Final = [status.value for status in WAITING]
_ROW: Final = tuple(RedeliveryOrder.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A delivery that was handed over, and whose package is still here."""

    delivery: DeliveryId
    document: DocumentId
    agency: AgencyCode
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAgain:
    """A redelivery, locked, with the claim that it was last given to."""

    order_id: str
    stored: TransportStatus
    lease_token: str


async def place_order(connection: AsyncConnection, order: RedeliveryOrder) -> tuple[RedeliveryOrder, bool]:
    """The order of that key, locked, as it was given first; and whether that is this one."""
    values = {name: getattr(order, name) for name in _ROW}
    await connection.execute(insert_or_ignore(connection, redelivery_orders).values(values))
    found = select(redelivery_orders).where(redelivery_orders.c.key == order.key).with_for_update()
    row = (await connection.execute(found)).one()
    return RedeliveryOrder(**{name: getattr(row, name) for name in _ROW}), row.id == order.id


async def note_progress(connection: AsyncConnection, order: RedeliveryOrder) -> None:
    """Writes how far ``order`` got."""
    values = {"reached": order.reached, "made": order.made, "is_complete": order.is_complete}
    await connection.execute(update(redelivery_orders).where(redelivery_orders.c.id == order.id).values(values))


async def handed_over(connection: AsyncConnection, order: RedeliveryOrder, *, here: NodeId, limit: int) -> list[Handed]:
    """At most ``limit`` deliveries that the order means and that do not wait again already, by id after ``reached``."""
    statement = (
        select(deliveries.c.id, deliveries.c.document_id, deliveries.c.agency, documents.c.priority)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(
            deliveries.c.agency == order.agency,
            deliveries.c.is_local,
            deliveries.c.transport_status == TransportStatus.DONE.value,
            deliveries.c.id > order.reached,
            _was_handed_over(order, here),
            ~_waits_again(),
            ~_is_gone(),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return [
        Handed(delivery=row.id, document=row.document_id, agency=row.agency, priority=row.priority)
        for row in await connection.execute(statement)
    ]


async def add_redeliveries(
    connection: AsyncConnection, order: RedeliveryOrder, handed: Sequence[Handed], now: datetime
) -> None:
    """Lets ``handed`` wait again."""
    if handed:
        rows = [
            {
                "delivery_id": one.delivery,
                "order_id": order.id,
                "agency": one.agency,
                "priority": one.priority,
                "status": TransportStatus.INITIAL.value,
                "detail": "",
                "updated_at": now,
            }
            for one in handed
        ]
        await connection.execute(redeliveries.insert(), rows)


async def waiting_again(connection: AsyncConnection, query: InboxQuery, *, now: datetime) -> list[WaitingDelivery]:
    """What waits again, claimed or not, the most urgent first."""
    found = []
    for row in await connection.execute(_select(query).where(redeliveries.c.status.in_(_WAITING))):
        stands = standing(TransportStatus(row.status), lease_until=row.lease_until, now=now)
        found.append(
            WaitingDelivery(
                delivery_id=row.delivery_id,
                agency=row.agency,
                transport_status=stands,
                lease_until=row.lease_until if stands is TransportStatus.PROCESSING else None,
                document=summary_of(row),
                is_redelivery=True,
            )
        )
    return found


async def claim_again(connection: AsyncConnection, query: InboxQuery, *, lease: Lease, now: datetime) -> list[Claim]:
    """Gives unclaimed redeliveries to the client of ``lease``; simultaneous claims never meet, as with deliveries."""
    lapsed = and_(redeliveries.c.status == TransportStatus.PROCESSING.value, redeliveries.c.lease_until <= now)
    free = or_(redeliveries.c.status == TransportStatus.INITIAL.value, lapsed)
    statement = _select(query).where(free).with_for_update(of=redeliveries, skip_locked=True)
    claims = []
    for row in (await connection.execute(statement)).all():
        token = str(uuid.uuid4())
        values = {
            "status": TransportStatus.PROCESSING.value,
            "lease_token": token,
            "lease_until": lease.until,
            "claimed_by": lease.client_id,
            "updated_at": now,
        }
        await connection.execute(
            update(redeliveries)
            .where(redeliveries.c.delivery_id == row.delivery_id, redeliveries.c.order_id == row.order_id)
            .values(values)
        )
        claims.append(
            Claim(
                delivery_id=row.delivery_id,
                lease_token=token,
                lease_until=lease.until,
                document=summary_of(row),
                is_redelivery=True,
            )
        )
    return claims


async def hold_again(connection: AsyncConnection, delivery: DeliveryId, *, token: str) -> HeldAgain | None:
    """The redelivery of ``delivery`` whose last claim has that token, locked."""
    statement = (
        select(redeliveries)
        .where(redeliveries.c.delivery_id == delivery, redeliveries.c.lease_token == token)
        .with_for_update()
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    return HeldAgain(order_id=row.order_id, stored=TransportStatus(row.status), lease_token=row.lease_token)


async def settle_again(
    connection: AsyncConnection, delivery: DeliveryId, held: HeldAgain, *, status: TransportStatus, detail: str
) -> None:
    """Writes what the recipient's system answered about the redelivery alone; the token stays for its repeat."""
    await connection.execute(
        update(redeliveries)
        .where(redeliveries.c.delivery_id == delivery, redeliveries.c.order_id == held.order_id)
        .values(status=status.value, detail=detail, lease_until=None)
    )


def _select(query: InboxQuery) -> Select[Any]:
    columns = (
        redeliveries.c.delivery_id,
        redeliveries.c.order_id,
        redeliveries.c.agency,
        redeliveries.c.status,
        redeliveries.c.lease_until,
    )
    statement = (
        select(*columns, *SUMMARY)
        .join_from(redeliveries, deliveries, deliveries.c.id == redeliveries.c.delivery_id)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(redeliveries.c.agency.in_(query.agencies))
        .order_by(redeliveries.c.priority.desc(), redeliveries.c.delivery_id)
        .limit(query.limit)
    )
    if query.kind is not None:
        statement = statement.where(documents.c.kind == query.kind.value)
    if query.after is not None:
        priority, delivery = query.after
        same = and_(redeliveries.c.priority == priority, redeliveries.c.delivery_id > delivery)
        statement = statement.where(or_(redeliveries.c.priority < priority, same))
    return statement


def _was_handed_over(order: RedeliveryOrder, here: NodeId) -> ColumnElement[bool]:
    return (
        select(evidence.c.id)
        .where(
            evidence.c.document_id == deliveries.c.document_id,
            evidence.c.event == Event.CONTENT_HANDOVER.value,
            evidence.c.issuer == here,
            evidence.c.time.between(order.since, order.until),
        )
        .exists()
    )


def _waits_again() -> ColumnElement[bool]:
    return (
        select(redeliveries.c.order_id)
        .where(redeliveries.c.delivery_id == deliveries.c.id, redeliveries.c.status.in_(_WAITING))
        .exists()
    )


def _is_gone() -> ColumnElement[bool]:
    return (
        select(package_removals.c.sha256)
        .where(package_removals.c.sha256 == documents.c.package_sha256, package_removals.c.removed_at.is_not(None))
        .exists()
    )


def first_batch(order: RedeliveryOrder, handed: Sequence[Handed], *, at_once: int) -> RedeliveryOrder:
    """The order after ``handed`` was made; it is complete when fewer than ``at_once`` were left."""
    reached = handed[-1].delivery if handed else order.reached
    return replace(order, reached=reached, made=order.made + len(handed), is_complete=len(handed) < at_once)
