"""Writing to the outbox, on the caller's transaction, and looking at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Index, Insert, Integer, MetaData, String, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.database import UtcDateTime
from lienthong.shared.identifiers import DocumentId, MessageId, NodeId, Sha256

DESTINATIONS = "outbox_destinations"
"""The table that holds the back-off of each destination; it belongs to the outbox beside it."""


def outbox_table(metadata: MetaData) -> Table:
    """The table ``outbox``; also puts ``outbox_destinations`` into ``metadata``.

    A row waits, is sent when a broker has confirmed it, and goes when the next hop has acknowledged it.
    """
    Table(
        DESTINATIONS,
        metadata,
        Column("destination", String(64), primary_key=True),
        Column("attempts", Integer, nullable=False, server_default="0", doc="Failures since the last success"),
        Column("next_attempt_at", UtcDateTime, doc="Null: at once"),
        Column("last_error", String(100), doc="Problem code"),
        Column("paused", Boolean, nullable=False, server_default="0", doc="By an operator"),
    )
    outbox = Table(
        "outbox",
        metadata,
        Column("id", String(36), primary_key=True, doc="MessageId"),
        Column("destination", String(64), nullable=False, doc="Node: the next hop"),
        Column("envelope", Text, nullable=False, doc="Compact JWS"),
        Column("body_sha256", String(64), doc="Inline package, read from the blobs when it is sent; null: no body"),
        Column("priority", Integer, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("document_id", String(36), index=True, doc="The document that the message carries; null: none"),
        Column("headers", JSON, nullable=False, doc="Such as traceparent"),
        Column("lease_until", UtcDateTime, doc="A relay has it until then; null: nobody"),
        Column("attempts", Integer, nullable=False, server_default="0", doc="Times that its body could not be read"),
        Column("sent_at", UtcDateTime, doc="The broker has confirmed it, the next hop has not; null: it waits"),
        Column("overdue_at", UtcDateTime, doc="From then on it may be lost; null: it waits"),
        Column("sends", Integer, nullable=False, server_default="0", doc="Confirms so far"),
    )
    waits, is_sent = outbox.c.sent_at.is_(None), outbox.c.sent_at.is_not(None)
    in_order = (outbox.c.destination, outbox.c.priority.desc(), outbox.c.id)
    Index("outbox_waiting", *in_order, postgresql_where=waits, sqlite_where=waits)
    by_age = (outbox.c.destination, outbox.c.overdue_at)
    Index("outbox_sent", *by_age, postgresql_where=is_sent, sqlite_where=is_sent)
    return outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One message to send. ``destination`` is the next hop, not the last one."""

    id: MessageId
    destination: NodeId
    envelope: str
    """Compact JWS."""
    body_sha256: Sha256 | None = None
    """The inline package, read from the blobs when the message is sent (at most 256 KiB); None: no body."""
    priority: int = 0
    """0 (thường) to 4 (hỏa tốc hẹn giờ). Higher goes first."""
    created_at: datetime
    document_id: DocumentId | None = None
    """The document that the message carries, with its package or without; None: it carries none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Such as ``traceparent``."""


async def add(connection: AsyncConnection, table: Table, entries: Sequence[OutboxEntry]) -> None:
    """Queues ``entries`` on the caller's transaction: they are sent if it commits, and only then."""
    if not entries:
        return
    rows = [
        {
            "id": entry.id,
            "destination": entry.destination,
            "envelope": entry.envelope,
            "body_sha256": entry.body_sha256,
            "priority": entry.priority,
            "created_at": entry.created_at,
            "document_id": entry.document_id,
            "headers": dict(entry.headers),
        }
        for entry in entries
    ]
    await connection.execute(_insert(table), rows)


@cache
def _insert(table: Table) -> Insert:
    """Kept, since building it costs more than running it."""
    return table.insert()


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationState:
    """How one destination stands."""

    destination: NodeId
    backlog: int
    """Messages that the next hop has not acknowledged."""
    sent: int
    """Of these, those that are with its broker."""
    oldest_at: datetime | None
    attempts: int
    """Failures since the last success."""
    next_attempt_at: datetime | None
    last_error: str | None
    """A problem code."""
    paused: bool
    by_priority: Mapping[int, int]
    """The backlog, the most urgent first: rows by priority."""


async def queue_state(connection: AsyncConnection, table: Table) -> list[DestinationState]:
    """Every destination that has a backlog, had a failure or was paused, by name."""
    settings = table.metadata.tables[DESTINATIONS]
    waiting = (
        select(
            table.c.destination,
            table.c.priority,
            func.count().label("backlog"),
            func.count(table.c.sent_at).label("sent"),
            func.min(table.c.created_at).label("oldest_at"),
        )
        .group_by(table.c.destination, table.c.priority)
        .subquery()
    )
    both = waiting.join(settings, settings.c.destination == waiting.c.destination, full=True)
    columns = (settings.c.attempts, settings.c.next_attempt_at, settings.c.last_error, settings.c.paused)
    name = func.coalesce(waiting.c.destination, settings.c.destination).label("destination")
    rows = await connection.execute(
        select(name, waiting.c.priority, waiting.c.backlog, waiting.c.sent, waiting.c.oldest_at, *columns)
        .select_from(both)
        .order_by(name, waiting.c.priority.desc())
    )
    return [_state(NodeId(of), list(some)) for of, some in groupby(rows, key=lambda row: row.destination)]


def _state(destination: NodeId, rows: Sequence[Any]) -> DestinationState:
    """From one row for each priority that waits; from one row without a priority if nothing does."""
    first = rows[0]
    return DestinationState(
        destination=destination,
        backlog=sum(row.backlog or 0 for row in rows),
        sent=sum(row.sent or 0 for row in rows),
        oldest_at=min((row.oldest_at for row in rows if row.oldest_at is not None), default=None),
        attempts=first.attempts or 0,
        next_attempt_at=first.next_attempt_at,
        last_error=first.last_error,
        paused=bool(first.paused),
        by_priority={row.priority: row.backlog for row in rows if row.priority is not None},
    )
