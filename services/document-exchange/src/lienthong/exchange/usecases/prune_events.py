"""Lets events go that every reader should have read long ago."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.event_feed import FeedQuery, kept_since
from lienthong.exchange.storage.event_feed import feed_page, oldest_bound, remove_events
from lienthong.exchange.storage.webhook_queue import drop_letters, webhooks_waiting
from lienthong.exchange.storage.webhooks import hold_webhook, keep_webhook, webhooks_behind
from lienthong.exchange.usecases.process import Process

PRUNE_REST: Final = timedelta(hours=1)
"""Between two looks for old events."""
REMOVED_AT_ONCE: Final = 5000
"""Rows of one transaction."""


async def prune_events(process: Process) -> int:
    """Removes events that are older than they are kept, a lot of them at a time; how many that was."""
    async with process.database.begin() as connection:
        bound = await oldest_bound(connection, kept_since(process.clock()))
        if bound <= 0:
            return 0
        await _tell_what_is_missed(connection, bound)
        return await remove_events(connection, bound, limit=REMOVED_AT_ONCE)


async def _tell_what_is_missed(connection: AsyncConnection, bound: int) -> None:
    """Webhooks that were not sent everything up to ``bound`` say so."""
    waiting = await webhooks_waiting(connection, bound)
    behind = {one.id: one for one in await webhooks_behind(connection, bound)}
    for wanted in sorted({*waiting, *behind}):
        webhook = await hold_webhook(connection, wanted)
        if webhook is None:
            continue
        query = FeedQuery(agencies=(webhook.agency,), types=webhook.types, after=webhook.position, limit=1)
        coming = await feed_page(connection, query)
        dropped = await drop_letters(connection, wanted, upto=bound)
        if dropped or any(one.position <= bound for one in coming):
            await keep_webhook(connection, replace(webhook, missed_before=bound + 1))
