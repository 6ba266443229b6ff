"""Puts new events into the queues of the webhooks that want them."""

from dataclasses import replace
from typing import Final

from lienthong.exchange.domain.event_feed import FeedQuery
from lienthong.exchange.domain.webhooks import MAX_QUEUED, PauseReason, Webhook, WebhookId, is_allowed
from lienthong.exchange.storage.event_feed import feed_page
from lienthong.exchange.storage.events import head_position
from lienthong.exchange.storage.webhook_queue import enqueue, queue_length
from lienthong.exchange.storage.webhooks import hold_webhook, keep_webhook, webhooks_with_news
from lienthong.exchange.usecases.process import Process

QUEUED_AT_ONCE: Final = 500
"""Events of one transaction."""


async def queue_events(process: Process) -> None:
    """Looks at what is new for each webhook, in a transaction of its own for each."""
    async with process.database.read() as connection:
        found = await webhooks_with_news(connection)
    for webhook in found:
        await _queue_for(webhook, process)


async def _queue_for(wanted: WebhookId, process: Process) -> None:
    async with process.database.begin() as connection:
        webhook = await hold_webhook(connection, wanted)
        if webhook is None or webhook.standing.paused is not None:
            return
        if not is_allowed(webhook, process.directory.current(), process.here):
            await keep_webhook(connection, _not_allowed(webhook, process))
            return
        room = min(MAX_QUEUED - await queue_length(connection, wanted), QUEUED_AT_ONCE)
        if room <= 0:
            return
        head = await head_position(connection)  # before the page: what comes between the two is simply in it
        query = FeedQuery(agencies=(webhook.agency,), types=webhook.types, after=webhook.position, limit=room)
        found = await feed_page(connection, query)
        await enqueue(connection, wanted, found)
        last = found[-1].position if found else 0
        position = last if len(found) == room else max(head, last)
        await keep_webhook(connection, replace(webhook, position=position))


def _not_allowed(webhook: Webhook, process: Process) -> Webhook:
    now = process.clock()
    return replace(webhook, standing=replace(webhook.standing, paused=PauseReason.NOT_ALLOWED, paused_at=now))
