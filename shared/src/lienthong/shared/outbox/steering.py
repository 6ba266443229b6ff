"""What an operator may do with one destination, on the caller's transaction. A relay sees it at its next look."""

from typing import Final

from sqlalchemy import String, Table, bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import NodeId
from lienthong.shared.outbox.entries import DESTINATIONS

_WANTED: Final = bindparam("wanted", type_=String)


async def pause(connection: AsyncConnection, table: Table, destination: NodeId) -> bool:
    """Nothing more is sent there, from the next batch on; whether it was sent to before."""
    return await _set_paused(connection, table, destination, paused=True)


async def resume(connection: AsyncConnection, table: Table, destination: NodeId) -> bool:
    """Sends there again; whether it was paused. A back-off goes on: see :func:`retry_now`."""
    return await _set_paused(connection, table, destination, paused=False)


async def retry_now(connection: AsyncConnection, table: Table, destination: NodeId) -> bool:
    """Ends the back-off of the destination, and of its rows whose body could not be read. Always true: it is an act.

    The count of failures stays until something succeeds. A row that a relay holds at this moment may be sent twice;
    the receiver's inbox drops one.
    """
    settings = await _settings_of(connection, table, destination)
    await connection.execute(
        update(settings).where(settings.c.destination == _WANTED).values(next_attempt_at=None), {"wanted": destination}
    )
    set_aside = update(table).where(table.c.destination == _WANTED, table.c.attempts > 0).values(lease_until=None)
    await connection.execute(set_aside, {"wanted": destination})
    return True


async def _set_paused(connection: AsyncConnection, table: Table, destination: NodeId, *, paused: bool) -> bool:
    settings = await _settings_of(connection, table, destination)
    statement = (
        update(settings)
        .where(settings.c.destination == _WANTED, settings.c.paused.is_(not paused))
        .values(paused=paused)
        .returning(settings.c.destination)
    )
    return (await connection.execute(statement, {"wanted": destination})).first() is not None


async def _settings_of(connection: AsyncConnection, table: Table, destination: NodeId) -> Table:
    """The table with the destination's row in it."""
    settings = table.metadata.tables[DESTINATIONS]
    await connection.execute(insert_or_ignore(connection, settings).values(destination=destination))
    return settings
