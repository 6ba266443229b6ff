"""Reads what operators did."""

from lienthong.exchange.domain.acts import Act
from lienthong.exchange.domain.listings import Page, page_of
from lienthong.exchange.storage.acts import acts_before
from lienthong.exchange.usecases.process import Process


async def list_acts(process: Process, *, before: str | None, limit: int) -> Page[Act]:
    """A page of acts, the newest first, older than the act ``before``."""
    async with process.database.read() as connection:
        return page_of(await acts_before(connection, before, limit=limit + 1), limit=limit)
