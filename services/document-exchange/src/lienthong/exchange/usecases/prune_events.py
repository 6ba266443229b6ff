"""Lets events go that every reader should have read long ago."""

from datetime import timedelta
from typing import Final

from lienthong.exchange.domain.event_feed import kept_since
from lienthong.exchange.storage.event_feed import oldest_bound, remove_events
from lienthong.exchange.usecases.process import Process

PRUNE_REST: Final = timedelta(hours=1)
"""Between two looks for old events."""
REMOVED_AT_ONCE: Final = 5000
"""Rows of one transaction."""


async def prune_events(process: Process) -> int:
    """Removes events that are older than they are kept, a lot of them at a time; how many that was."""
    async with process.database.begin() as connection:
        bound = await oldest_bound(connection, kept_since(process.clock()))
        return await remove_events(connection, bound, limit=REMOVED_AT_ONCE)
