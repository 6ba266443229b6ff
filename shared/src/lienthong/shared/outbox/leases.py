"""The outbox as its relay sees it: which destinations are due, leases on rows, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Executable, Integer, Row, Select, Table, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.database import UtcDateTime, insert_or_ignore
from lienthong.shared.identifiers import MessageId, NodeId
from lienthong.shared.outbox.entries import DESTINATIONS, OutboxEntry

_NOW: Final = bindparam("now", type_=UtcDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A destination that has rows and may be tried now."""

    destination: NodeId
    attempts: int
    """Failures since the last success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A row that this relay holds for a while."""

    entry: OutboxEntry
    attempts: int
    """Times that its body could not be read."""
    sends: int
    """Confirms so far: above 0, it is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A row that the broker has confirmed."""

    id: MessageId
    overdue_at: datetime
    """From then on it counts as lost if the next hop acknowledges what was sent later, but not this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a destination must wait, and until when."""

    attempts: int
    next_attempt_at: datetime
    error: str
    """A problem code."""


async def due_destinations(connection: AsyncConnection, table: Table, now: datetime, *, window: int) -> list[Due]:
    """Destinations with waiting rows that are neither paused nor backing off, and have less than ``window`` sent ones.

    Costs two index look-ups for each destination, however long its backlog.
    """
    rows = await connection.execute(_due(table), {"now": now, "last": window - 1})
    return [Due(destination=NodeId(row.destination), attempts=row.attempts or 0) for row in rows]


@cache
def _due(table: Table) -> Executable:
    """Kept, like every statement here: building one costs more than running it."""
    waits = table.c.sent_at.is_(None)
    names = select(func.min(table.c.destination).label("destination")).where(waits).cte("names", recursive=True)
    following = select(func.min(table.c.destination)).where(waits, table.c.destination > names.c.destination)
    names = names.union_all(
        select(following.correlate(names).scalar_subquery()).where(names.c.destination.is_not(None))
    )
    settings = table.metadata.tables[DESTINATIONS]
    is_free = or_(
        settings.c.destination.is_(None),
        settings.c.paused.is_(False) & (func.coalesce(settings.c.next_attempt_at, _NOW) <= _NOW),
    )
    sent = table.alias("sent")
    is_full = (
        select(sent.c.id)
        .where(sent.c.destination == names.c.destination, sent.c.sent_at.is_not(None))
        .limit(1)
        .offset(bindparam("last", type_=Integer))
        .exists()
    )
    return (
        select(names.c.destination, settings.c.attempts)
        .select_from(names.outerjoin(settings, settings.c.destination == names.c.destination))
        .where(names.c.destination.is_not(None), is_free, ~is_full)
    )


async def sent_count(connection: AsyncConnection, table: Table, destination: NodeId) -> int:
    """Messages that are with the destination's broker, and not acknowledged."""
    return (await connection.execute(_sent_count(table), {"wanted": destination})).scalar_one()


@cache
def _sent_count(table: Table) -> Select[int]:
    return (
        select(func.count())
        .select_from(table)
        .where(table.c.destination == bindparam("wanted"), table.c.sent_at.is_not(None))
    )


async def lease(
    connection: AsyncConnection, table: Table, destination: NodeId, *, now: datetime, until: datetime, limit: int
) -> list[Leased]:
    """Takes at most ``limit`` waiting rows until ``until``, the highest priority and then the oldest first.

    None while an operator pauses the destination. Rows that another relay is taking at this moment are passed over.
    """
    values = {"wanted": destination, "now": now, "until": until, "at_most": limit}
    taken = await connection.execute(_lease(table), values)
    return sorted((_leased(row) for row in taken), key=lambda row: (-row.entry.priority, row.entry.id))


@cache
def _lease(table: Table) -> Executable:
    settings = table.metadata.tables[DESTINATIONS]
    paused = select(settings.c.destination).where(settings.c.destination == bindparam("wanted"), settings.c.paused)
    free = (
        select(table.c.id)
        .where(
            table.c.destination == bindparam("wanted"),
            table.c.sent_at.is_(None),
            or_(table.c.lease_until.is_(None), table.c.lease_until <= _NOW),
            ~paused.exists(),
        )
        .order_by(table.c.priority.desc(), table.c.id)
        .limit(bindparam("at_most", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    return (
        update(table).where(table.c.id.in_(select(free.c.id))).values(lease_until=bindparam("until")).returning(table)
    )


async def mark_sent(connection: AsyncConnection, table: Table, sent: Sequence[Sent], now: datetime) -> None:
    """Notes what the broker has confirmed. A row that is acknowledged already is gone, and stays so."""
    if sent:
        rows = [{"row_id": one.id, "now": now, "overdue": one.overdue_at} for one in sent]
        await connection.execute(_mark_sent(table), rows)


@cache
def _mark_sent(table: Table) -> Executable:
    return (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values(sent_at=_NOW, overdue_at=bindparam("overdue"), lease_until=None, sends=table.c.sends + 1)
    )


async def give_back(connection: AsyncConnection, table: Table, ids: Sequence[MessageId]) -> None:
    """Ends the leases on rows that were not sent."""
    if ids:
        await connection.execute(update(table).where(table.c.id.in_(ids)).values(lease_until=None))


async def set_aside(connection: AsyncConnection, table: Table, id_: MessageId, *, until: datetime) -> None:
    """Leaves one row, whose body cannot be read, alone until then; the others of its destination go on."""
    values = {"lease_until": until, "attempts": table.c.attempts + 1}
    await connection.execute(update(table).where(table.c.id == id_).values(values))


async def note_failure(connection: AsyncConnection, table: Table, destination: NodeId, failure: Failure) -> None:
    """Makes a destination wait."""
    settings = table.metadata.tables[DESTINATIONS]
    await connection.execute(insert_or_ignore(connection, settings).values(destination=destination))
    values = {
        "attempts": failure.attempts,
        "next_attempt_at": failure.next_attempt_at,
        "last_error": failure.error,
    }
    await connection.execute(update(settings).where(settings.c.destination == destination).values(values))


async def clear_failure(connection: AsyncConnection, table: Table, destination: NodeId) -> None:
    """The destination works again."""
    settings = table.metadata.tables[DESTINATIONS]
    values = {"attempts": 0, "next_attempt_at": None, "last_error": None}
    await connection.execute(update(settings).where(settings.c.destination == destination).values(values))


def _leased(row: Row[tuple[object, ...]]) -> Leased:
    columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public way to read columns by name
    entry = OutboxEntry(**{name: columns[name] for name in OutboxEntry.__dataclass_fields__})
    return Leased(entry=entry, attempts=columns["attempts"], sends=columns["sends"])
