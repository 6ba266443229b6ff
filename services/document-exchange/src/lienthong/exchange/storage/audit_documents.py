"""Reads the facts about documents that an audit judges, on the caller's snapshot. Never writes."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from sqlalchemy import BindParameter, Integer, Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from lienthong.exchange.domain.audit_documents import DeliveryFacts, DocumentFacts, Statement, StatusFacts
from lienthong.exchange.domain.documents import TransportStatus
from lienthong.exchange.storage.schema import deliveries, documents, evidence, outbox, statuses, submissions
from lienthong.shared.contracts.envelope import BUNDLE_SEPARATOR, Envelope
from lienthong.shared.contracts.evidence import Event
from lienthong.shared.edxml.model import BusinessStatus
from lienthong.shared.identifiers import AgencyCode, DeliveryId, DocumentId, EvidenceId, NodeId, Sha256
from lienthong.shared.signatures.seals import SealInvalid, claimed_payload

T = TypeVar("T")

DELIVERIES_AT_ONCE: Final = 2_000
"""Documents are read together until they have so many deliveries; a directive for 11,000 is read alone."""

_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_NEXT: Final = (
    select(documents.c.id, select(func.count()).where(deliveries.c.document_id == documents.c.id).scalar_subquery())
    .where(documents.c.id > bindparam("after"))
    .order_by(documents.c.id)
    .limit(bindparam("most", type_=Integer))
)
_DOCUMENTS: Final = (
    select(
        documents.c.id,
        documents.c.origin,
        documents.c.package_sha256,
        documents.c.package_size,
        documents.c.stored_at,
        select(submissions.c.document_id)
        .where(submissions.c.document_id == documents.c.id)
        .exists()
        .label("submitted"),
    )
    .where(documents.c.id.in_(_IDS))
    .order_by(documents.c.id)
)
_DELIVERIES: Final = (
    select(
        deliveries.c.id,
        deliveries.c.document_id,
        deliveries.c.agency,
        deliveries.c.node,
        deliveries.c.is_local,
        deliveries.c.transport_status,
        deliveries.c.transport_reason,
        deliveries.c.business_status,
        deliveries.c.updated_at,
    )
    .where(deliveries.c.document_id.in_(_IDS))
    .order_by(deliveries.c.id)
)
_STATEMENTS: Final = (
    select(evidence.c.id, evidence.c.document_id, evidence.c.event, evidence.c.issuer, evidence.c.claims)
    .where(evidence.c.document_id.in_(_IDS))
    .order_by(evidence.c.id)
)
_package = aliased(documents)
_STATUSES: Final = (
    select(
        statuses.c.id,
        statuses.c.document_id,
        statuses.c.delivery_id,
        statuses.c.code,
        statuses.c.applied,
        _package.c.id.label("package"),
    )
    .select_from(statuses.outerjoin(_package, _package.c.id == statuses.c.id))
    .where(statuses.c.document_id.in_(_IDS))
    .order_by(statuses.c.id)
)
_WAITING: Final = select(outbox.c.document_id, outbox.c.envelope).where(outbox.c.document_id.in_(_IDS))


async def next_documents(connection: AsyncConnection, after: DocumentId, *, limit: int) -> list[DocumentId]:
    """At most ``limit`` ids beyond ``after``, in order, of documents that are few enough to be read together."""
    chosen: list[DocumentId] = []
    room = DELIVERIES_AT_ONCE
    for id_, count in await connection.execute(_NEXT, {"after": after, "most": limit}):
        room -= count
        if chosen and room < 0:
            break
        chosen.append(DocumentId(id_))
    return chosen


async def document_facts(connection: AsyncConnection, ids: Collection[DocumentId]) -> list[DocumentFacts]:
    """The facts about those documents, in order of their ids."""
    wanted = {"ids": sorted(ids)}
    found = await _grouped(connection, _DELIVERIES, wanted, _delivery)
    stated = await _grouped(connection, _STATEMENTS, wanted, _statement)
    answered = await _grouped(connection, _STATUSES, wanted, _status)
    waiting = await _grouped(connection, _WAITING, wanted, named_deliveries)
    return [
        DocumentFacts(
            id=row.id,
            origin=row.origin,
            sha256=Sha256(row.package_sha256),
            size=row.package_size,
            stored_at=row.stored_at,
            is_submitted=bool(row.submitted),
            deliveries=tuple(found.get(row.id, ())),
            statements=tuple(stated.get(row.id, ())),
            statuses=tuple(answered.get(row.id, ())),
            waiting=frozenset[DeliveryId]().union(*waiting.get(row.id, ())),
        )
        for row in await connection.execute(_DOCUMENTS, wanted)
    ]


async def _grouped(
    connection: AsyncConnection, statement: Select[Any], wanted: dict[str, Any], made: Callable[[Row[Any]], T]
) -> dict[str, list[T]]:
    """What ``made`` makes of each row, by document; rows are read in a stream, since claims and envelopes are long."""
    groups: dict[str, list[T]] = {}
    async with connection.stream(statement, wanted) as rows:
        async for row in rows:
            groups.setdefault(row.document_id, []).append(made(row))
    return groups


def named_deliveries(row: Row[Any]) -> frozenset[DeliveryId]:
    """The deliveries that the envelopes in an outbox row carry; none if they cannot be read (its own check tells)."""
    return frozenset(one.id for envelope in read_envelopes(row.envelope) for one in envelope.deliveries)


def read_envelopes(text: str) -> tuple[Envelope, ...]:
    """The envelopes of one message, which this node sealed; none: it is something else."""
    try:
        return tuple(Envelope.model_validate_json(claimed_payload(one)) for one in text.split(BUNDLE_SEPARATOR))
    except (SealInvalid, ValidationError):
        return ()


def _delivery(row: Row[Any]) -> DeliveryFacts:
    return DeliveryFacts(
        id=DeliveryId(row.id),
        agency=AgencyCode(row.agency),
        node=NodeId(row.node),
        is_local=row.is_local,
        status=TransportStatus(row.transport_status),
        reason=row.transport_reason,
        business_status=BusinessStatus(row.business_status) if row.business_status else None,
        updated_at=row.updated_at,
    )


def _statement(row: Row[Any]) -> Statement:
    claims: dict[str, Any] = row.claims
    recipients: Iterable[dict[str, Any]] = claims.get("recipients", ())
    named = (one.get("delivery") for one in recipients)
    return Statement(
        id=EvidenceId(row.id),
        event=Event(row.event),
        issuer=NodeId(row.issuer),
        about=DocumentId(str(claims.get("document"))),
        reason_code=str(claims.get("reason_code", "")),
        deliveries=frozenset(DeliveryId(one) for one in named if one),
    )


def _status(row: Row[Any]) -> StatusFacts:
    return StatusFacts(
        id=DocumentId(row.id),
        delivery=DeliveryId(row.delivery_id),
        code=BusinessStatus(row.code),
        applied=row.applied,
        has_package=row.package is not None,
    )
