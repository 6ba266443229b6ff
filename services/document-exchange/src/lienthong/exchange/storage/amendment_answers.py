"""Answers to recalls, updates and replacements, and what closes them without one. Never commits: the use case does.

Who changes what came of a request holds the lock of its delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendments import (
    AmendmentKind,
    AmendmentState,
    ArrivedAmendment,
    HeldAmendment,
    Standing,
    closed,
)
from lienthong.exchange.domain.business_status import ArrivedStatus
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.storage.amendment_schema import amendment_answers, amendment_requests, amendments
from lienthong.exchange.storage.amendments import IDS_AT_ONCE, AskedDelivery, move_amendment
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyAnswer:
    """15 or 16 that came before what it answers."""

    code: BusinessStatus
    reason: str


_HELD: Final[Select[Any]] = (
    select(
        amendments.c.request_id,
        amendments.c.delivery_id,
        amendments.c.document_id,
        amendments.c.state,
        amendment_requests.c.kind,
        amendment_requests.c.reason,
        amendment_requests.c.sender,
        deliveries.c.transport_status,
        deliveries.c.transport_reason,
        deliveries.c.is_local,
        documents.c.origin,
    )
    .join(amendment_requests, amendment_requests.c.id == amendments.c.request_id)
    .join(deliveries, deliveries.c.id == amendments.c.delivery_id)
    .join(documents, documents.c.id == amendments.c.document_id)
    .order_by(amendments.c.delivery_id, amendments.c.request_id)
    .with_for_update(of=[deliveries, amendments])
)


async def asked_of(connection: AsyncConnection, answer: ArrivedStatus) -> list[HeldAmendment]:
    """What was asked of ``answer.from_agency`` about the document that it names, whatever came of it so far.

    It names that document, or the asking one: by the platform's id where its node knew one, else by a DocumentId.
    """
    named = (
        or_(
            amendments.c.document_id == answer.replies_to,
            amendments.c.delivery_id.in_(
                select(amendments.c.delivery_id).where(amendments.c.request_id == answer.replies_to)
            ),
        )
        if answer.replies_to
        else or_(
            amendment_requests.c.own_document_id == answer.response_document_id,
            documents.c.sender_document_id == answer.response_document_id,
        )
    )
    query = _HELD.where(
        amendment_requests.c.sender == answer.to_agency, amendments.c.recipient == answer.from_agency, named
    )
    return [_held(row) for row in await connection.execute(query)]


async def keep_early_answer(connection: AsyncConnection, answer: ArrivedStatus) -> None:
    """Keeps an answer to what has not been asked here; it waits for that."""
    row = {
        "id": answer.id,
        "sender": answer.to_agency,
        "recipient": answer.from_agency,
        "target": answer.response_document_id,
        "replies_to": answer.replies_to,
        "code": answer.code.value,
        "reason": answer.description,
        "at": answer.at,
    }
    await connection.execute(insert_or_ignore(connection, amendment_answers), row)


async def early_answers(
    connection: AsyncConnection, request: ArrivedAmendment, delivery: AskedDelivery
) -> list[EarlyAnswer]:
    """Answers that waited for this to be asked, the first one first."""
    answer = amendment_answers.c
    by_name = and_(answer.replies_to.is_(None), answer.target.in_((request.own_document_id, delivery.target)))
    query = (
        select(answer.code, answer.reason)
        .where(
            answer.sender == request.sender,
            answer.recipient == delivery.agency,
            or_(answer.replies_to.in_((request.id, delivery.document)), by_name),
        )
        .order_by(answer.at, answer.id)
    )
    return [EarlyAnswer(code=BusinessStatus(row.code), reason=row.reason) for row in await connection.execute(query)]


async def close_open(
    connection: AsyncConnection, endings: Mapping[DeliveryId, str], *, now: datetime
) -> list[HeldAmendment]:
    """Closes what is still asked about deliveries that fail, which the transaction holds; as it stands then.

    ``endings``: why each fails.
    """
    ids, found = sorted(endings), []
    for begin in range(0, len(ids), IDS_AT_ONCE):
        asked = (
            amendments.c.delivery_id.in_(ids[begin : begin + IDS_AT_ONCE]),
            amendments.c.state == AmendmentState.ASKED.value,
        )
        found += [_held(row) for row in await connection.execute(_HELD.where(*asked))]
    return [await _closed(connection, one, reason=endings[one.delivery], now=now) for one in found]


async def _closed(connection: AsyncConnection, one: HeldAmendment, *, reason: str, now: datetime) -> HeldAmendment:
    state = closed(one.kind, reason)
    await move_amendment(connection, (one.request, one.delivery), state, reason="", at=now)
    return replace(one, state=state)


def _held(row: Row[Any]) -> HeldAmendment:
    return HeldAmendment(
        request=DocumentId(row.request_id),
        kind=AmendmentKind(row.kind),
        reason=row.reason,
        sender=AgencyCode(row.sender),
        document=DocumentId(row.document_id),
        delivery=DeliveryId(row.delivery_id),
        origin=NodeId(row.origin),
        state=AmendmentState(row.state),
        standing=Standing(
            transport=TransportStatus(row.transport_status),
            reason=row.transport_reason,
            is_here=row.is_local,
            is_withdrawn=False,
        ),
    )
