"""Reads the feed, and lets go of what is old. Never commits: the use case does."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, Row, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.event_feed import FeedEvent, FeedExtent, FeedQuery
from lienthong.exchange.domain.events import EventType, NewEvent
from lienthong.exchange.storage.event_schema import events
from lienthong.shared.identifiers import AgencyCode

_position = events.c.position
EVENT_COLUMNS: Final = (
    events.c.position,
    events.c.id,
    events.c.type,
    events.c.time,
    events.c.agency,
    events.c.document_id,
    events.c.delivery_id,
    events.c.data,
)
"""What :func:`event_of` needs."""
_EXTENT: Final = select(
    func.coalesce(func.min(_position), 0).label("oldest"), func.coalesce(func.max(_position), 0).label("head")
)
_NEWEST: Final = (
    select(events.c.agency, func.max(_position).label("newest"))
    .where(_position > bindparam("after", type_=BigInteger))
    .group_by(events.c.agency)
)
_SINCE: Final = select(func.min(_position)).where(events.c.time >= bindparam("since"), _position.is_not(None))
_OLD: Final = select(func.max(_position)).where(events.c.time < bindparam("until"))
_GO: Final = delete(events).where(
    events.c.number.in_(
        select(events.c.number)
        .where(_position <= bindparam("bound", type_=BigInteger))
        .order_by(_position)
        .limit(bindparam("at_most", type_=Integer))
    )
)


async def feed_extent(connection: AsyncConnection) -> FeedExtent:
    """Which positions are there."""
    row = (await connection.execute(_EXTENT)).one()
    return FeedExtent(oldest=row.oldest, head=row.head)


async def feed_page(connection: AsyncConnection, query: FeedQuery) -> list[FeedEvent]:
    """The next events in the feed's order, ``query.limit`` at most."""
    statement = (
        select(*EVENT_COLUMNS)
        .where(events.c.agency.in_(query.agencies), _position > (query.after or 0))
        .order_by(_position)
        .limit(query.limit)
    )
    if query.types is not None:
        statement = statement.where(events.c.type.in_([one.value for one in query.types]))
    return [event_of(row) for row in await connection.execute(statement)]


def event_of(row: Row[*tuple[Any, ...]]) -> FeedEvent:
    """The event of a row with :data:`EVENT_COLUMNS`."""
    told = NewEvent(
        type=EventType(row.type),
        time=row.time,
        agency=row.agency,
        document=row.document_id,
        delivery=row.delivery_id,
        data=row.data,
    )
    return FeedEvent(position=row.position, id=row.id, event=told)


async def newest_by_agency(connection: AsyncConnection, after: int) -> dict[AgencyCode, int]:
    """The newest position of every agency that has one above ``after``."""
    found = await connection.execute(_NEWEST, {"after": after})
    return {AgencyCode(row.agency): row.newest for row in found}


async def position_before(connection: AsyncConnection, since: datetime) -> int | None:
    """The position after which everything is that happened at ``since`` or later; None: nothing is."""
    first = await connection.scalar(_SINCE, {"since": since})
    return None if first is None else int(first) - 1


async def oldest_bound(connection: AsyncConnection, until: datetime) -> int:
    """Events up to this position are older than ``until``; the newest event of all is never one of them.

    It stays so that positions go on from it.
    """
    found = await connection.scalar(_OLD, {"until": until})
    head = (await feed_extent(connection)).head
    return min(int(found or 0), head - 1)


async def remove_events(connection: AsyncConnection, bound: int, *, limit: int) -> int:
    """Removes the oldest events up to the position ``bound``; how many."""
    return (await connection.execute(_GO, {"bound": bound, "at_most": limit})).rowcount
