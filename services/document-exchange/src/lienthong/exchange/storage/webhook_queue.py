"""What waits to be sent to a webhook: of each document the first event only. Never commits: the use case does."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Integer, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.event_feed import FeedEvent
from lienthong.exchange.domain.webhook_pace import pause_after
from lienthong.exchange.domain.webhooks import Backlog, Webhook, WebhookId
from lienthong.exchange.storage.event_feed import EVENT_COLUMNS, event_of
from lienthong.exchange.storage.event_schema import events
from lienthong.exchange.storage.webhook_schema import webhook_queue, webhooks
from lienthong.shared.database import insert_or_ignore

MAX_COUNTED: Final = 10_000
"""A larger backlog is told as this."""

_earlier = webhook_queue.alias()
_IS_FIRST: Final = ~exists().where(
    _earlier.c.webhook_id == webhook_queue.c.webhook_id,
    _earlier.c.document_id == webhook_queue.c.document_id,
    _earlier.c.position < webhook_queue.c.position,
)
_MAY_GO: Final = (
    or_(webhook_queue.c.due_at.is_(None), webhook_queue.c.due_at <= bindparam("now")),
    or_(webhook_queue.c.lease_until.is_(None), webhook_queue.c.lease_until <= bindparam("now")),
    _IS_FIRST,
)
_TAKE: Final = (
    select(webhook_queue.c.attempts, *EVENT_COLUMNS)
    .join(events, events.c.position == webhook_queue.c.position)
    .where(webhook_queue.c.webhook_id == bindparam("webhook"), *_MAY_GO)
    .order_by(webhook_queue.c.position)
    .limit(bindparam("at_most", type_=Integer))
    .with_for_update(of=webhook_queue, skip_locked=True)
)
_DUE: Final = (
    select(webhooks.c.id)
    .where(
        webhooks.c.paused.is_(None),
        or_(webhooks.c.next_attempt_at.is_(None), webhooks.c.next_attempt_at <= bindparam("now")),
        exists().where(webhook_queue.c.webhook_id == webhooks.c.id, *_MAY_GO),
    )
    .order_by(webhooks.c.id)
)
_ROW: Final = (
    webhook_queue.c.webhook_id == bindparam("webhook"),
    webhook_queue.c.position == bindparam("place", type_=BigInteger),
)
_LEASE: Final = (
    update(webhook_queue).where(*_ROW).values(lease_token=bindparam("token"), lease_until=bindparam("until"))
)
_FORGET: Final = delete(webhook_queue).where(*_ROW)
_POSTPONE: Final = (
    update(webhook_queue)
    .where(*_ROW, webhook_queue.c.lease_token == bindparam("token"))
    .values(attempts=bindparam("made"), due_at=bindparam("due"), lease_token=None, lease_until=None)
)
_LENGTH: Final = (
    select(func.count()).select_from(webhook_queue).where(webhook_queue.c.webhook_id == bindparam("webhook"))
)
_OLDEST: Final = (
    select(events.c.time)
    .join(webhook_queue, webhook_queue.c.position == events.c.position)
    .where(webhook_queue.c.webhook_id == bindparam("webhook"))
    .order_by(webhook_queue.c.position)
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An event that is to be sent, under a lease. ``attempts``: that failed before."""

    webhook: WebhookId
    told: FeedEvent
    attempts: int
    token: str


async def enqueue(connection: AsyncConnection, webhook: WebhookId, found: Sequence[FeedEvent]) -> None:
    """Lets ``found`` wait; what waits already stays as it is."""
    rows = [{"webhook_id": webhook, "position": one.position, "document_id": one.event.document} for one in found]
    if rows:
        await connection.execute(insert_or_ignore(connection, webhook_queue), rows)


async def queue_length(connection: AsyncConnection, webhook: WebhookId) -> int:
    """How many events wait."""
    return int(await connection.scalar(_LENGTH, {"webhook": webhook}) or 0)


async def due_webhooks(connection: AsyncConnection, now: datetime) -> list[WebhookId]:
    """Webhooks to which something may be sent now."""
    return [WebhookId(one) for one in (await connection.execute(_DUE, {"now": now})).scalars()]


async def take_letters(
    connection: AsyncConnection, webhook: WebhookId, *, limit: int, until: datetime, now: datetime
) -> list[Letter]:
    """The oldest that may be sent now, one for each document, leased until ``until``."""
    found = await connection.execute(_TAKE, {"webhook": webhook, "now": now, "at_most": limit})
    letters = [
        Letter(webhook=webhook, told=event_of(row), attempts=row.attempts, token=str(uuid.uuid4())) for row in found
    ]
    if letters:
        rows = [_named(one) | {"until": until} for one in letters]
        await connection.execute(_LEASE, rows)
    return letters


async def forget_letters(connection: AsyncConnection, taken: Sequence[Letter]) -> None:
    """They were taken: the next event of their documents may be sent."""
    if taken:
        await connection.execute(_FORGET, [_named(one) for one in taken])


async def postpone_letters(connection: AsyncConnection, failed: Sequence[Letter], now: datetime) -> None:
    """They wait, and what comes after them in their documents waits with them."""
    rows = [_named(one) | {"made": one.attempts + 1, "due": now + pause_after(one.attempts + 1)} for one in failed]
    if rows:
        await connection.execute(_POSTPONE, rows)


async def hurry_letters(connection: AsyncConnection, webhook: WebhookId) -> None:
    """All that waits may be sent at once."""
    await connection.execute(
        update(webhook_queue).where(webhook_queue.c.webhook_id == webhook).values(due_at=None, attempts=0)
    )


async def drop_letters(connection: AsyncConnection, webhook: WebhookId, *, upto: int) -> int:
    """What waits up to that position is not sent any more; how many."""
    old = delete(webhook_queue).where(webhook_queue.c.webhook_id == webhook, webhook_queue.c.position <= upto)
    return (await connection.execute(old)).rowcount


async def webhooks_waiting(connection: AsyncConnection, upto: int) -> list[WebhookId]:
    """Those for which an event up to that position waits."""
    waiting = select(webhook_queue.c.webhook_id).where(webhook_queue.c.position <= upto).distinct()
    return [WebhookId(one) for one in (await connection.execute(waiting)).scalars()]


async def backlog_of(connection: AsyncConnection, webhook: Webhook) -> Backlog:
    """What was not taken yet, queued or not; counted up to :data:`MAX_COUNTED`."""
    coming = select(events.c.position).where(events.c.agency == webhook.agency, events.c.position > webhook.position)
    if webhook.types is not None:
        coming = coming.where(events.c.type.in_([one.value for one in webhook.types]))
    beyond = await connection.scalar(select(func.count()).select_from(coming.limit(MAX_COUNTED).subquery()))
    queued = await queue_length(connection, webhook.id)
    oldest = await connection.scalar(_OLDEST, {"webhook": webhook.id})
    return Backlog(events=min(queued + int(beyond or 0), MAX_COUNTED), oldest_at=oldest)


def _named(letter: Letter) -> dict[str, object]:
    return {"webhook": letter.webhook, "place": letter.told.position, "token": letter.token}
