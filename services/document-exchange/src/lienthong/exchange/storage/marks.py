"""Marks on documents: time stamps and revocation that were pending when they were accepted. Never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.documents import DocumentRecord
from lienthong.exchange.domain.marks import PATIENCE, LaterReport, Marks, next_attempt, revocation_mark
from lienthong.exchange.storage.log_schema import later_reports, log_time_stamps, revocation_pending
from lienthong.exchange.storage.schema import documents, evidence, evidence_log
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import DocumentId, Sha256

_PLACE: Final = (
    select(evidence_log.c.index)
    .join_from(evidence, evidence_log)
    .where(evidence.c.document_id == documents.c.id)
    .order_by(evidence.c.id)
    .limit(1)
    .correlate(documents)
    .scalar_subquery()
)
"""Where this node's first evidence about a document, that of its acceptance, stands in the log."""
_STAMPED_AT: Final = (
    select(log_time_stamps.c.time)
    .where(log_time_stamps.c.size > _PLACE)
    .order_by(log_time_stamps.c.size)
    .limit(1)
    .correlate(documents)
    .scalar_subquery()
)


def _later(column: ColumnElement[Any]) -> ColumnElement[Any]:
    found = select(column).where(later_reports.c.document_id == documents.c.id)
    return found.correlate(documents).scalar_subquery()


def verdict(member: str) -> ColumnElement[str]:
    """A member of the newest report on a document: the later one, if there is one."""
    return func.coalesce(_later(later_reports.c.report[member].as_string()), documents.c.report[member].as_string())


MARKS: Final[tuple[ColumnElement[Any], ...]] = (
    _STAMPED_AT.label("stamped_at"),
    exists().where(revocation_pending.c.document_id == documents.c.id).correlate(documents).label("is_pending"),
    _later(later_reports.c.revoked).label("is_revoked"),
)
"""Columns that :func:`marks_in` reads, beside those of a document."""
_MARKS_OF: Final = select(*MARKS).where(documents.c.id == bindparam("document"))
_LATER_OF: Final = select(later_reports).where(later_reports.c.document_id == bindparam("document"))
_DUE: Final = (
    select(
        documents.c.id,
        documents.c.sender,
        documents.c.stored_at,
        documents.c.package_sha256,
        documents.c.package_size,
        documents.c.media_type,
        revocation_pending.c.since,
        revocation_pending.c.attempts,
    )
    .join_from(revocation_pending, documents)
    .where(revocation_pending.c.next_attempt_at <= bindparam("now"), revocation_pending.c.since > bindparam("begin"))
    .order_by(revocation_pending.c.next_attempt_at)
    .limit(bindparam("limit"))
)
_POSTPONE: Final = (
    revocation_pending.update()
    .where(revocation_pending.c.document_id == bindparam("pending"))
    .values(attempts=bindparam("made"), next_attempt_at=bindparam("next"))
)
_CLEAR: Final = revocation_pending.delete().where(revocation_pending.c.document_id == bindparam("pending"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRevocation:
    """A document whose certificates are to be looked at again. ``received_at`` is the moment to judge them for."""

    document: DocumentId
    sender: str
    received_at: datetime
    sha256: Sha256
    size: int
    media_type: str
    since: datetime
    attempts: int


def marks_in(row: Row[Any]) -> Marks:
    """The marks in a row that has the columns of :data:`MARKS`."""
    return Marks(
        stamped_at=row.stamped_at,
        revocation=revocation_mark(is_pending=bool(row.is_pending), is_revoked=row.is_revoked),
    )


async def marks_of(connection: AsyncConnection, document: DocumentId) -> Marks:
    """The marks of a document that is there."""
    return marks_in((await connection.execute(_MARKS_OF, {"document": document})).one())


async def later_report_of(connection: AsyncConnection, document: DocumentId) -> LaterReport | None:
    """The second verdict about the document, if there is one."""
    row = (await connection.execute(_LATER_OF, {"document": document})).first()
    if row is None:
        return None
    return LaterReport(report=row.report, checked_at=row.checked_at, revoked=row.revoked)


async def mark_revocation_pending(connection: AsyncConnection, records: Sequence[DocumentRecord]) -> None:
    """Marks documents whose certificates nobody could speak for; a mark that is there already stays."""
    if records:
        rows = [
            {
                "document_id": one.id,
                "since": one.stored_at,
                "attempts": 0,
                "next_attempt_at": next_attempt(one.stored_at, one.stored_at),
            }
            for one in records
        ]
        await connection.execute(insert_or_ignore(connection, revocation_pending), rows)


async def due_revocations(connection: AsyncConnection, *, now: datetime, limit: int) -> list[PendingRevocation]:
    """At most ``limit`` documents that are to be looked at again, those that wait longest first."""
    return [
        PendingRevocation(
            document=row.id,
            sender=row.sender,
            received_at=row.stored_at,
            sha256=row.package_sha256,
            size=row.package_size,
            media_type=row.media_type,
            since=row.since,
            attempts=row.attempts,
        )
        for row in await connection.execute(_DUE, {"now": now, "begin": now - PATIENCE, "limit": limit})
    ]


async def postpone_revocation(connection: AsyncConnection, pending: PendingRevocation, *, now: datetime) -> None:
    """Notes a fruitless look."""
    row = {"pending": pending.document, "made": pending.attempts + 1, "next": next_attempt(pending.since, now)}
    await connection.execute(_POSTPONE, row)


async def settle_revocation(connection: AsyncConnection, document: DocumentId, later: LaterReport) -> None:
    """Keeps the second verdict beside the first, and clears the mark."""
    row = {
        "document_id": document,
        "report": later.report,
        "checked_at": later.checked_at,
        "revoked": later.revoked,
    }
    await connection.execute(insert_or_ignore(connection, later_reports), [row])
    await connection.execute(_CLEAR, {"pending": document})
