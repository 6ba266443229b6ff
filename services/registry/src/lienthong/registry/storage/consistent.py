"""Reading many tables as of one moment, while others write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.database import Database

_BEGIN: Final = {"postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "sqlite": "BEGIN"}


@asynccontextmanager
async def consistent(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection whose statements all see what was committed before the first of them. It holds up no writer."""
    async with database.read() as connection:
        await connection.exec_driver_sql(_BEGIN[connection.dialect.name])
        try:
            yield connection
        finally:
            await connection.exec_driver_sql("ROLLBACK")
