"""Writes documents and deliveries. Never commits: the use case does."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from sqlalchemy import Executable, bindparam, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import DeliveryRecord, DocumentRecord
from lienthong.exchange.errors import DocumentIdTaken
from lienthong.exchange.storage.schema import deliveries, documents
from lienthong.shared.database import insert_new
from lienthong.shared.identifiers import DeliveryId, Sha256

_READ_FROM_PACKAGE = ("content", "report", "business_type", "subject", "notation")
"""Columns that a node which only relays cannot fill."""

_IDENTITIES: Final = select(documents.c.id, documents.c.origin, documents.c.package_sha256).where(
    documents.c.id.in_(bindparam("ids", expanding=True))
)


async def add_documents(connection: AsyncConnection, records: Sequence[DocumentRecord]) -> None:
    """Stores the documents that are not there yet.

    A repeated one keeps its first form; what this node only relayed before gains its content when somebody here
    receives it too.
    """
    if not records:
        return
    await connection.execute(_upsert(connection.dialect.name), [_document_row(record) for record in records])


@cache
def _upsert(dialect: str) -> Executable:
    """Kept, since building it costs more than running it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(documents)
    read_here = documents.c.content.is_not(None)
    known = {name: case((read_here, documents.c[name]), else_=statement.excluded[name]) for name in _READ_FROM_PACKAGE}
    return statement.on_conflict_do_update(index_elements=[documents.c.id], set_=known)


async def require_same_documents(connection: AsyncConnection, records: Sequence[DocumentRecord]) -> None:
    """Raises :class:`DocumentIdTaken` if what is stored under an id of ``records`` is something else."""
    if not records:
        return
    found = await connection.execute(_IDENTITIES, {"ids": [one.id for one in records]})
    stored = {row.id: (row.origin, row.package_sha256) for row in found}
    for one in records:
        if stored.get(one.id) != (one.origin, one.package.sha256):
            raise DocumentIdTaken(f"The id {one.id} belongs to another document here.", facts={"document": one.id})


async def is_referenced(connection: AsyncConnection, sha256: Sha256) -> bool:
    """Whether any document here has that package."""
    found = await connection.execute(select(documents.c.id).where(documents.c.package_sha256 == sha256).limit(1))
    return found.first() is not None


async def package_media_type(connection: AsyncConnection, sha256: Sha256) -> str | None:
    """The media type of that package; None: no document here has it."""
    statement = select(documents.c.media_type).where(documents.c.package_sha256 == sha256).limit(1)
    return (await connection.execute(statement)).scalar_one_or_none()


async def add_deliveries(connection: AsyncConnection, records: Sequence[DeliveryRecord]) -> set[DeliveryId]:
    """Stores the deliveries that are not there yet, and says which those were; a repeated one keeps its state."""
    if not records:
        return set()
    statement = insert_new(connection, deliveries, deliveries.c.id)
    added = await connection.execute(statement, [_delivery_row(one) for one in records])
    return {DeliveryId(one) for one in added.scalars()}


def _document_row(record: DocumentRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "kind": record.kind.value,
        "business_type": record.business_type,
        "origin": record.origin,
        "sender": record.sender,
        "sender_document_id": record.sender_document_id,
        "subject": record.subject,
        "notation": record.notation,
        "priority": record.priority,
        "package_sha256": record.package.sha256,
        "package_size": record.package.size,
        "media_type": record.package.media_type,
        "content": record.content,
        "report": record.report,
        "submitted_at": record.submitted_at,
        "submitted_by": record.submitted_by,
        "stored_at": record.stored_at,
        "replies_to": record.replies_to,
        "amends": list(record.amends) or None,
        "expires_at": record.expires_at,
    }


def _delivery_row(record: DeliveryRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "document_id": record.document_id,
        "addressed_to": record.addressed_to,
        "agency": record.agency,
        "node": record.node,
        "is_local": record.is_local,
        "transport_status": record.transport_status.value,
        "transport_detail": record.transport_detail,
        "transport_reason": record.transport_reason,
        "expires_at": record.expires_at,
        "updated_at": record.updated_at,
    }
