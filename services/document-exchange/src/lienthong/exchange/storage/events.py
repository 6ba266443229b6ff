"""Writes events, and gives them their places in the feed. Never commits: the use case does.

An event gets its position after it was committed, by one numberer at a time. So whoever has seen position N never
finds a new event below it: a number drawn inside a transaction could be committed after larger ones.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Integer, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.events import NewEvent
from lienthong.exchange.storage.event_schema import events
from lienthong.shared.identifiers import new_uuid

NUMBERER_LOCK = 7_468_610_522
"""Key of PostgreSQL's advisory lock: one numberer at a time. SQLite has one writer anyway."""

_LOCK: Final = select(func.pg_try_advisory_xact_lock(NUMBERER_LOCK))
_INSERT: Final = events.insert()
_HEAD: Final = select(func.coalesce(func.max(events.c.position), 0))
_WAITING: Final = (
    select(
        events.c.number,
        (bindparam("head", type_=BigInteger) + func.row_number().over(order_by=events.c.number)).label("place"),
    )
    .where(events.c.position.is_(None))
    .order_by(events.c.number)
    .limit(bindparam("at_most", type_=Integer))
    .subquery()
)
_NUMBER: Final = update(events).where(events.c.number == _WAITING.c.number).values(position=_WAITING.c.place)
_ANY_WAITING: Final = select(exists().where(events.c.position.is_(None)))


async def record_events(connection: AsyncConnection, new: Sequence[NewEvent]) -> None:
    """Writes ``new`` on the caller's transaction: they are told if, and only if, it commits.

    Call it after the rows that the events speak of are locked or written: then events of one document keep the order
    of the transactions that made them.
    """
    if new:
        await connection.execute(_INSERT, [_row(one) for one in new])


async def is_numberer(connection: AsyncConnection) -> bool:
    """Whether this transaction may number events: no other one does so now."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(await connection.scalar(_LOCK))


async def any_unnumbered(connection: AsyncConnection) -> bool:
    """Whether committed events wait for their positions."""
    return bool(await connection.scalar(_ANY_WAITING))


async def number_waiting(connection: AsyncConnection, *, limit: int) -> int:
    """Gives the oldest unnumbered events the next positions; how many those were."""
    head = await head_position(connection)
    return (await connection.execute(_NUMBER, {"head": head, "at_most": limit})).rowcount


async def head_position(connection: AsyncConnection) -> int:
    """The newest position; 0: there has been no event."""
    return int(await connection.scalar(_HEAD) or 0)


def _row(event: NewEvent) -> dict[str, object]:
    return {
        "id": new_uuid(),
        "type": event.type.value,
        "time": event.time,
        "agency": event.agency,
        "document_id": event.document,
        "delivery_id": event.delivery,
        "data": dict(event.data),
    }
