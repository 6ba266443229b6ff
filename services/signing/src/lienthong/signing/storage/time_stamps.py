"""The numbering of time stamps."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.signing.storage.schema import time_stamp_clock

_ROW = 1


async def last_stamp(connection: AsyncConnection) -> tuple[int, datetime]:
    """Serial number and time of the last token; keeps others waiting until the transaction ends."""
    query = select(time_stamp_clock.c.serial, time_stamp_clock.c.stamped_at).where(time_stamp_clock.c.id == _ROW)
    row = (await connection.execute(query.with_for_update())).one()
    return row.serial, row.stamped_at


async def set_last_stamp(connection: AsyncConnection, serial: int, at: datetime) -> None:
    """Remembers the next token's."""
    values = {"serial": serial, "stamped_at": at}
    await connection.execute(update(time_stamp_clock).where(time_stamp_clock.c.id == _ROW).values(values))
