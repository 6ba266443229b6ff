"""Whether the node takes anything new in. Never commits: the use case does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.acts import Order
from lienthong.exchange.storage.operations_schema import draining
from lienthong.shared.database import insert_new

_FIND: Final = select(draining)
_ONLY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """Since when, by whom and why the node takes nothing in."""

    since: datetime
    order: Order


async def find_draining(connection: AsyncConnection) -> Draining | None:
    """None: the node takes things in."""
    row = (await connection.execute(_FIND)).one_or_none()
    return None if row is None else Draining(since=row.since, order=Order(actor=row.actor, reason=row.reason))


async def begin_draining(connection: AsyncConnection, found: Draining) -> bool:
    """Whether it was not draining before."""
    values = {"only": _ONLY, "since": found.since, "actor": found.order.actor, "reason": found.order.reason}
    inserted = await connection.execute(insert_new(connection, draining, draining.c.only), [values])
    return inserted.first() is not None


async def end_draining(connection: AsyncConnection) -> bool:
    """Whether it was draining before."""
    return (await connection.execute(draining.delete())).rowcount > 0
