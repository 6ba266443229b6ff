"""Writes recalls, updates and replacements, and finds the deliveries that they speak of. Never commits.

Two transactions that bring a request and what it speaks of at the same moment must not miss each other: both hold the
lock of their sender's DocumentId (:func:`hold_subjects`) before they look for the other.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.amendments import AmendmentKind, AmendmentState, ArrivedAmendment, Standing
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.storage.amendment_schema import amendment_requests, amendments, amendments_awaited
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.contracts.envelope import DocumentKind
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.edxml.model import BusinessType
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, NodeId

Subject = tuple[AgencyCode, str]
"""A sender and its DocumentId."""
IDS_AT_ONCE: Final = 5000
"""Of one statement; PostgreSQL takes 32767 parameters."""

_HOLD: Final = text("select pg_advisory_xact_lock(k) from unnest(cast(:subjects as bigint[])) as k")
IS_AMENDABLE: Final = and_(
    documents.c.kind == DocumentKind.DOCUMENT.value,
    or_(documents.c.business_type.is_(None), documents.c.business_type != BusinessType.RECALL.value),
)
IS_WITHDRAWN: Final = exists().where(
    amendments.c.delivery_id == deliveries.c.id,
    amendments.c.state == AmendmentState.AGREED.value,
    amendments.c.request_id == amendment_requests.c.id,
    amendment_requests.c.kind == AmendmentKind.RECALL.value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedDelivery:
    """A delivery that a request speaks of, locked for the rest of the transaction."""

    id: DeliveryId
    document: DocumentId
    target: str
    agency: AgencyCode
    origin: NodeId
    standing: Standing


async def hold_subjects(connection: AsyncConnection, subjects: Iterable[Subject]) -> None:
    """Locks what may meet, until the transaction ends; in one order, so that two cannot wait for each other."""
    keys = sorted({_key(one) for one in subjects})
    if keys and connection.dialect.name != "sqlite":  # which has one writer anyway
        await connection.execute(_HOLD, {"subjects": keys})


async def add_request(
    connection: AsyncConnection, request: ArrivedAmendment, recipients: Collection[AgencyCode]
) -> None:
    """Keeps the request, and that it waits, for each of ``recipients``, for what it speaks of."""
    row = {
        "id": request.id,
        "kind": request.kind.value,
        "origin": request.origin,
        "sender": request.sender,
        "own_document_id": request.own_document_id,
        "document_ids": list(request.documents),
        "reason": request.reason,
        "asked_at": request.at,
    }
    await connection.execute(insert_or_ignore(connection, amendment_requests), row)
    waits = [
        {"request_id": request.id, "target": one.document_id, "recipient": agency, "sender": request.sender}
        for one in request.targets
        for agency in recipients
        if one.is_for(agency)
    ]
    if waits:
        await connection.execute(insert_or_ignore(connection, amendments_awaited), waits)


async def requests_waiting_for(
    connection: AsyncConnection, subjects: Collection[Subject]
) -> list[tuple[Subject, ArrivedAmendment]]:
    """Requests that still wait for something under one of ``subjects``, the oldest first."""
    awaited = (
        select(amendments_awaited.c.request_id, amendments_awaited.c.sender, amendments_awaited.c.target)
        .where(amendments_awaited.c.target.in_({document_id for _, document_id in subjects}))
        .distinct()  # of many recipients
        .subquery()
    )
    query = (
        select(awaited.c.sender, awaited.c.target, amendment_requests)
        .join(amendment_requests, amendment_requests.c.id == awaited.c.request_id)
        .order_by(amendment_requests.c.id)
    )
    found = [((row[0], row[1]), _request_of(row)) for row in await connection.execute(query)]
    return [(subject, request) for subject, request in found if subject in subjects]


async def deliveries_waited_for(
    connection: AsyncConnection, request: ArrivedAmendment, *, here: NodeId, document: DocumentId | None = None
) -> list[AskedDelivery]:
    """The deliveries that the request waits for and that are here now, locked; only of ``document``, if it is given.

    At the origin these are all, elsewhere those of inboxes here.
    """
    conditions = [
        documents.c.sender == request.sender,
        documents.c.id != request.id,
        IS_AMENDABLE,
        or_(deliveries.c.is_local, documents.c.origin == here),
        ~exists().where(amendments.c.request_id == request.id, amendments.c.delivery_id == deliveries.c.id),
    ]
    if document is not None:
        conditions.append(documents.c.id == document)
    if request.documents:
        conditions.append(documents.c.id.in_(request.documents))
    ids = await _locked(connection, request, conditions)
    found: list[AskedDelivery] = []
    for begin in range(0, len(ids), IDS_AT_ONCE):  # read anew: what held the locks before may have changed everything
        rows = await connection.execute(_standings(ids[begin : begin + IDS_AT_ONCE]))
        found += [_asked(row) for row in rows]
    return found


async def stop_waiting(
    connection: AsyncConnection, request: ArrivedAmendment, met: Sequence[AskedDelivery], *, at_origin: bool
) -> None:
    """Forgets what has come, for each recipient of ``met``.

    Where only a DocumentId is known, the first that came under it is the one. The origin has all that it knows of.
    """
    awaited = amendments_awaited.c
    if at_origin and request.documents:
        await connection.execute(delete(amendments_awaited).where(awaited.request_id == request.id))
        return
    for one in met:
        ours = [awaited.request_id == request.id, awaited.recipient == one.agency]
        if not request.documents:
            ours.append(awaited.target == one.target)
        elif await _met_so_far(connection, request, one.agency) < len(request.documents):
            continue
        await connection.execute(delete(amendments_awaited).where(*ours))


async def _met_so_far(connection: AsyncConnection, request: ArrivedAmendment, recipient: AgencyCode) -> int:
    of_recipient = (amendments.c.request_id == request.id, amendments.c.recipient == recipient)
    return int(await connection.scalar(select(func.count()).select_from(amendments).where(*of_recipient)) or 0)


async def add_amendment(
    connection: AsyncConnection,
    request: ArrivedAmendment,
    delivery: AskedDelivery,
    *,
    state: AmendmentState,
    now: datetime,
) -> None:
    """Keeps what came of asking about that delivery."""
    row = {
        "request_id": request.id,
        "delivery_id": delivery.id,
        "document_id": delivery.document,
        "recipient": delivery.agency,
        "state": state.value,
        "decided_at": None if state is AmendmentState.ASKED else now,
    }
    await connection.execute(amendments.insert(), row)


async def move_amendment(
    connection: AsyncConnection, key: tuple[DocumentId, DeliveryId], state: AmendmentState, *, reason: str, at: datetime
) -> None:
    """Writes what became of the request ``key[0]`` about the delivery ``key[1]``."""
    await connection.execute(
        update(amendments)
        .where(amendments.c.request_id == key[0], amendments.c.delivery_id == key[1])
        .values(state=state.value, decided_at=at, answer_reason=reason)
    )


def _key(subject: Subject) -> int:
    digest = hashlib.sha256("\n".join(subject).encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


async def _locked(
    connection: AsyncConnection, request: ArrivedAmendment, conditions: Sequence[ColumnElement[bool]]
) -> list[DeliveryId]:
    awaited = amendments_awaited.c
    query = (
        select(deliveries.c.id)
        .join(documents, documents.c.id == deliveries.c.document_id)
        .join(
            amendments_awaited,
            and_(
                awaited.request_id == request.id,
                awaited.recipient == deliveries.c.agency,
                awaited.target == documents.c.sender_document_id,
            ),
        )
        .where(*conditions)
        .order_by(deliveries.c.id)
        .with_for_update(of=deliveries)
    )
    return [DeliveryId(one) for one in (await connection.execute(query)).scalars()]


def _standings(ids: Sequence[DeliveryId]) -> Select[Any]:
    return (
        select(deliveries, documents.c.origin, documents.c.sender_document_id, IS_WITHDRAWN.label("is_withdrawn"))
        .join(documents, documents.c.id == deliveries.c.document_id)
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    )


def _asked(row: Row[Any]) -> AskedDelivery:
    return AskedDelivery(
        id=DeliveryId(row.id),
        document=DocumentId(row.document_id),
        target=row.sender_document_id,
        agency=AgencyCode(row.agency),
        origin=NodeId(row.origin),
        standing=standing_in(row),
    )


def standing_in(row: Row[Any]) -> Standing:
    """How the delivery stands that the row has, with ``is_withdrawn`` beside it."""
    return Standing(
        transport=TransportStatus(row.transport_status),
        reason=row.transport_reason,
        is_here=row.is_local,
        is_withdrawn=bool(row.is_withdrawn),
    )


def _request_of(row: Row[Any]) -> ArrivedAmendment:
    """The request; what it speaks of stands in ``amendments_awaited``."""
    return ArrivedAmendment(
        id=DocumentId(row.id),
        origin=NodeId(row.origin),
        kind=AmendmentKind(row.kind),
        sender=AgencyCode(row.sender),
        own_document_id=row.own_document_id,
        targets=(),
        documents=tuple(DocumentId(one) for one in row.document_ids),
        reason=row.reason,
        at=row.asked_at,
    )
