"""Reads what happened to a document. Never commits."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.evidence import SealedEvidence
from lienthong.exchange.domain.timeline import SaidStatus
from lienthong.exchange.storage.schema import evidence, statuses
from lienthong.shared.contracts.evidence import Evidence
from lienthong.shared.edxml.model import BusinessStatus, StaffInfo
from lienthong.shared.identifiers import DocumentId


async def evidence_of(connection: AsyncConnection, document: DocumentId) -> list[SealedEvidence]:
    """Evidence about the document, this node's own and what was brought here; verified when it was stored."""
    query = select(evidence.c.jws, evidence.c.claims).where(evidence.c.document_id == document)
    return [
        SealedEvidence(claims=Evidence.model_validate(row.claims), jws=row.jws)
        for row in await connection.execute(query)
    ]


async def statuses_of(connection: AsyncConnection, document: DocumentId) -> list[SaidStatus]:
    """Business statuses about the document, applied or not."""
    query = select(statuses).where(statuses.c.document_id == document)
    return [
        SaidStatus(
            id=row.id,
            delivery=row.delivery_id,
            code=BusinessStatus(row.code),
            description=row.description,
            staff=StaffInfo.model_validate(row.staff) if row.staff else None,
            at=row.at,
            applied=row.applied,
        )
        for row in await connection.execute(query)
    ]
