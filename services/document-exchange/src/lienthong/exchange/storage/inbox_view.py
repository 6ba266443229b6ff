"""The recipients' inboxes: which deliveries wait, who has them, what became of them. Never commits.

Not to be confused with the table ``inbox``, which remembers the messages of other nodes.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.domain.leases import Lease
from lienthong.exchange.domain.listings import Claim, InboxQuery, WaitingDelivery
from lienthong.exchange.domain.transport_status import CLOCK_SKEW, WAITING, Ending, standing
from lienthong.exchange.domain.visibility import Delivery
from lienthong.exchange.storage.document_reads import SUMMARY, delivery_of, package_of, summary_of
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.contracts.envelope import DocumentKind, EnvelopeDocument
from lienthong.shared.identifiers import DeliveryId

MOST_URGENT_FIRST = (documents.c.priority.desc(), deliveries.c.id)
"""Urgent ones first, then in the order of arrival. Source: Decision 28/2018/QĐ-TTg."""


_HOLD: Final = (
    select(
        deliveries,
        documents.c.kind,
        documents.c.origin,
        documents.c.sender,
        documents.c.sender_document_id,
        documents.c.submitted_at,
        documents.c.priority,
        documents.c.package_sha256,
        documents.c.package_size,
        documents.c.media_type,
        documents.c.replies_to,
    )
    .join(documents, documents.c.id == deliveries.c.document_id)
    .where(deliveries.c.id == bindparam("wanted"))
    .with_for_update(of=deliveries)
)
_SETTLE: Final = (
    deliveries.update()
    .where(deliveries.c.id == bindparam("settled"))
    .values(
        transport_status=bindparam("status"),
        transport_detail=bindparam("detail"),
        transport_reason=bindparam("reason"),
        lease_until=None,
        updated_at=bindparam("now"),
    )
)
_GIVE: Final = (
    deliveries.update()
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        transport_status=TransportStatus.PROCESSING.value,
        lease_token=bindparam("token"),
        lease_until=bindparam("until"),
        claimed_by=bindparam("client"),
        updated_at=bindparam("now"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDelivery:
    """A delivery locked for the rest of the transaction, with the claim that it was last given to."""

    delivery: Delivery
    stored: TransportStatus
    lease_token: str | None
    lease_until: datetime | None
    claimed_by: str | None
    document: EnvelopeDocument
    """What evidence says about the document."""


async def waiting_deliveries(connection: AsyncConnection, query: InboxQuery, *, now: datetime) -> list[WaitingDelivery]:
    """What waits, claimed or not, the most urgent first."""
    in_inbox = deliveries.c.transport_status.in_([status.value for status in WAITING])
    return [
        WaitingDelivery(
            delivery_id=row.id,
            agency=row.agency,
            transport_status=(
                stands := standing(
                    TransportStatus(row.transport_status),
                    lease_until=row.lease_until,
                    now=now,
                    claimed_at=row.updated_at,
                )
            ),
            lease_until=row.lease_until if stands is TransportStatus.PROCESSING else None,
            document=summary_of(row),
        )
        for row in await connection.execute(_select(query).where(in_inbox, in_time(now)))
    ]


async def claim(connection: AsyncConnection, query: InboxQuery, *, lease: Lease, now: datetime) -> list[Claim]:
    """Gives unclaimed deliveries to the client of ``lease``, the most urgent first.

    Simultaneous claims never meet: each locks its rows and steps over those that another has locked (PostgreSQL), or
    has the database to itself (SQLite). What another has just claimed is looked at again once its lock is had.
    """
    statement = _select(query).where(_unclaimed(now), in_time(now)).with_for_update(of=deliveries, skip_locked=True)
    claims = [
        Claim(
            delivery_id=row.id,
            lease_token=str(uuid.uuid4()),
            lease_until=lease.until,
            document=summary_of(row),
        )
        for row in await connection.execute(statement)
    ]
    await _give(connection, claims, client_id=lease.client_id, now=now)
    return claims


async def hold_delivery(connection: AsyncConnection, delivery: DeliveryId, *, now: datetime) -> HeldDelivery | None:
    """The delivery, to an inbox here or elsewhere, locked."""
    row = (await connection.execute(_HOLD, {"wanted": delivery})).one_or_none()
    if row is None:
        return None
    return HeldDelivery(
        delivery=delivery_of(row, now=now),
        stored=TransportStatus(row.transport_status),
        lease_token=row.lease_token,
        lease_until=row.lease_until,
        claimed_by=row.claimed_by,
        document=EnvelopeDocument(
            id=row.document_id,
            kind=DocumentKind(row.kind),
            origin=row.origin,
            sender=row.sender,
            sender_document_id=row.sender_document_id,
            submitted_at=row.submitted_at,
            priority=row.priority,
            package=package_of(row),
            replies_to=row.replies_to,
            expires_at=row.expires_at,
        ),
    )


async def settle_delivery(
    connection: AsyncConnection, delivery: Delivery, *, ending: Ending, now: datetime
) -> Delivery:
    """Writes how the delivery ended; gives it as it stands then.

    The lease's token stays: a repeated answer shows it again.
    """
    status, detail, reason = ending.status, ending.detail, ending.reason
    row = {"settled": delivery.id, "status": status.value, "detail": detail, "reason": reason, "now": now}
    await connection.execute(_SETTLE, row)
    return replace(delivery, transport_status=status, transport_detail=detail, transport_reason=reason, updated_at=now)


async def give_delivery(connection: AsyncConnection, delivery: DeliveryId, *, lease: Lease, now: datetime) -> str:
    """Gives a delivery that is locked to the client of ``lease``; the token of that claim."""
    token = str(uuid.uuid4())
    row = {"delivery": delivery, "token": token, "until": lease.until, "client": lease.client_id, "now": now}
    await connection.execute(_GIVE, row)
    return token


async def _give(connection: AsyncConnection, claims: Sequence[Claim], *, client_id: str, now: datetime) -> None:
    if not claims:
        return
    rows = [
        {
            "delivery": one.delivery_id,
            "token": one.lease_token,
            "until": one.lease_until,
            "client": client_id,
            "now": now,
        }
        for one in claims
    ]
    await connection.execute(_GIVE, rows)


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    status = deliveries.c.transport_status
    over = or_(deliveries.c.lease_until <= now, deliveries.c.updated_at > now + CLOCK_SKEW)
    lapsed = and_(status == TransportStatus.PROCESSING.value, over)
    return or_(status == TransportStatus.INITIAL.value, lapsed)


def in_time(now: datetime) -> ColumnElement[bool]:
    """What has no deadline, or is not past it; a claim that is still good lasts beyond it."""
    deadline = deliveries.c.expires_at
    return or_(deadline.is_(None), deadline > now, deliveries.c.lease_until > now)


def _select(query: InboxQuery) -> Select[tuple[object, ...]]:
    columns = (
        deliveries.c.id,
        deliveries.c.agency,
        deliveries.c.transport_status,
        deliveries.c.lease_until,
        deliveries.c.updated_at,
    )
    statement = (
        select(*columns, *SUMMARY)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(deliveries.c.agency.in_(query.agencies), deliveries.c.is_local)
        .order_by(*MOST_URGENT_FIRST)
        .limit(query.limit)
    )
    if query.kind is not None:
        statement = statement.where(documents.c.kind == query.kind.value)
    if query.after is not None:
        priority, delivery = query.after
        same = and_(documents.c.priority == priority, deliveries.c.id > delivery)
        statement = statement.where(or_(documents.c.priority < priority, same))
    return statement
