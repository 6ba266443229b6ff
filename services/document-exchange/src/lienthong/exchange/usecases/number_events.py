"""Gives committed events their places in the feed, apart from the transactions that make them."""

from typing import Final

from lienthong.exchange.storage.events import any_unnumbered, is_numberer, number_waiting
from lienthong.exchange.usecases.process import Process

EVENTS_AT_ONCE: Final = 1000


async def number_events(process: Process) -> int:
    """Numbers what waits, in one transaction; how many events that was. Another numberer at work: none."""
    async with process.database.read() as connection:
        if not await any_unnumbered(connection):
            return 0
    async with process.database.begin() as connection:
        if not await is_numberer(connection):
            return 0
        return await number_waiting(connection, limit=EVENTS_AT_ONCE)
