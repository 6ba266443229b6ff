"""What became of sent rows: the next hop has them, or nobody seems to.

A confirm says that a broker has a message. A broker can lose its memory, so a row stays until the node that takes from
that broker acknowledges it. A row that it passes over, or leaves unanswered for long, waits again and is sent anew; the
receiver's inbox drops what it has, and acknowledges again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Executable, Table, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.database import UtcDateTime
from lienthong.shared.identifiers import MessageId, NodeId

_WAITING = {"sent_at": None, "overdue_at": None, "lease_until": None}


async def acknowledge(connection: AsyncConnection, table: Table, ids: Sequence[MessageId], *, by: NodeId) -> None:
    """Forgets rows that ``by``, their destination, has taken; those of other destinations stay.

    Queues keep the order. What was already overdue when an acknowledged message was sent has been overtaken, so it is
    lost or in trouble over there: it waits again.
    """
    values = {"acknowledged": sorted(set(ids)), "destination": by}
    removed = (await connection.execute(_remove(table), values)).scalars()
    newest = max((sent_at for sent_at in removed if sent_at is not None), default=None)
    if newest is not None:
        await connection.execute(_overtaken(table), {"wanted": by, "newest": newest})


@cache
def _remove(table: Table) -> Executable:
    chosen = table.c.id.in_(bindparam("acknowledged", expanding=True))
    return table.delete().where(chosen, table.c.destination == bindparam("destination")).returning(table.c.sent_at)


@cache
def _overtaken(table: Table) -> Executable:
    newest = bindparam("newest", type_=UtcDateTime)
    overtaken = (table.c.sent_at.is_not(None), table.c.overdue_at <= newest)
    return update(table).where(table.c.destination == bindparam("wanted"), *overtaken).values(_WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """The message to a silent destination that has been overdue for longest."""

    id: MessageId
    destination: NodeId
    patience: timedelta
    """How long it was given when it was sent last."""
    last_sent_at: datetime
    """When anything that is still unanswered was sent to the destination last."""


async def overdue(connection: AsyncConnection, table: Table, now: datetime) -> list[Overdue]:
    """One for each destination that has any, and that no repetition is under way to already.

    Reads every sent row: bounded by the windows.
    """
    found = []
    for row in await connection.execute(_silent(table), {"now": now}):
        first = (await connection.execute(_first_overdue(table), {"wanted": row.destination})).first()
        if first is not None:
            found.append(
                Overdue(
                    id=MessageId(first.id),
                    destination=NodeId(row.destination),
                    patience=first.overdue_at - first.sent_at,
                    last_sent_at=row.last_sent_at,
                )
            )
    return found


@cache
def _silent(table: Table) -> Executable:
    last_sent_at = func.max(table.c.sent_at, type_=UtcDateTime).label("last_sent_at")
    asking = table.alias()
    asked = select(asking.c.destination).where(asking.c.sent_at.is_(None), asking.c.sends > 0)
    return (
        select(table.c.destination, last_sent_at)
        .where(table.c.sent_at.is_not(None), table.c.destination.not_in(asked))
        .group_by(table.c.destination)
        .having(func.min(table.c.overdue_at, type_=UtcDateTime) <= bindparam("now", type_=UtcDateTime))
    )


@cache
def _first_overdue(table: Table) -> Executable:
    return (
        select(table.c.id, table.c.sent_at, table.c.overdue_at)
        .where(table.c.destination == bindparam("wanted"), table.c.sent_at.is_not(None))
        .order_by(table.c.overdue_at)
        .limit(1)
    )


async def wait_again(connection: AsyncConnection, table: Table, id_: MessageId) -> None:
    """Makes one sent row wait, so that there is room in the window to ask a silent destination with it."""
    chosen = (table.c.id == id_, table.c.sent_at.is_not(None))
    await connection.execute(update(table).where(*chosen).values(_WAITING))
