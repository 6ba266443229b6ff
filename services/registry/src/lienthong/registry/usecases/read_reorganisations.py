"""Reads acts of reorganisation, and their files as they were uploaded."""

from datetime import datetime

from lienthong.registry.domain.reorganisation import Reorganisation, ReorganisationId, State
from lienthong.registry.storage import reorganisations
from lienthong.registry.usecases.preview_reorganisation import found
from lienthong.shared.database import Database


async def get_reorganisation(database: Database, act_id: ReorganisationId) -> Reorganisation:
    """The act with that id. Raises :class:`ActNotFound`."""
    async with database.read() as connection:
        return await found(connection, act_id)


async def get_file(database: Database, act_id: ReorganisationId) -> tuple[Reorganisation, bytes]:
    """The act and its file, byte for byte. Raises :class:`ActNotFound`."""
    async with database.read() as connection:
        act = await found(connection, act_id)
        return act, await reorganisations.file_of(connection, act_id)


async def list_reorganisations(
    database: Database, *, state: State | None, after: tuple[datetime, str] | None, limit: int
) -> list[Reorganisation]:
    """One page of acts by the time at which they take effect; None narrows nothing."""
    async with database.read() as connection:
        return await reorganisations.page(connection, state=state, after=after, limit=limit)
