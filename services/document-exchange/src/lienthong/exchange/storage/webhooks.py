"""Webhooks as they are stored. Never commits: the use case does."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.events import EventType
from lienthong.exchange.domain.webhooks import PauseReason, Standing, Webhook, WebhookId
from lienthong.exchange.storage.event_schema import events
from lienthong.exchange.storage.webhook_schema import webhooks
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import AgencyCode

_ONE: Final = select(webhooks).where(webhooks.c.id == bindparam("wanted"))
_HOLD: Final = _ONE.with_for_update()
_OF_AGENCIES: Final = (
    select(webhooks)
    .where(webhooks.c.agency.in_(bindparam("agencies", expanding=True)))
    .order_by(webhooks.c.agency, webhooks.c.id)
)
_COUNT: Final = select(func.count()).select_from(webhooks).where(webhooks.c.agency == bindparam("wanted"))
_MATCHING: Final = exists().where(events.c.agency == webhooks.c.agency, events.c.position > webhooks.c.position)
_WITH_NEWS: Final = select(webhooks.c.id).where(webhooks.c.paused.is_(None), _MATCHING).order_by(webhooks.c.id)
_BEHIND: Final = select(webhooks).where(webhooks.c.position < bindparam("bound")).order_by(webhooks.c.id)


async def add_webhook(connection: AsyncConnection, webhook: Webhook) -> Webhook:
    """The webhook, or the one that its agency has with that address already."""
    await connection.execute(insert_or_ignore(connection, webhooks), [_row(webhook)])
    same = select(webhooks).where(webhooks.c.agency == webhook.agency, webhooks.c.url == webhook.url)
    return _webhook((await connection.execute(same)).one())


async def count_webhooks(connection: AsyncConnection, agency: AgencyCode) -> int:
    """How many the agency has."""
    return int(await connection.scalar(_COUNT, {"wanted": agency}) or 0)


async def find_webhook(connection: AsyncConnection, wanted: WebhookId) -> Webhook | None:
    """The webhook, if it is there."""
    return _found((await connection.execute(_ONE, {"wanted": wanted})).one_or_none())


async def hold_webhook(connection: AsyncConnection, wanted: WebhookId) -> Webhook | None:
    """The same, locked for the rest of the transaction."""
    return _found((await connection.execute(_HOLD, {"wanted": wanted})).one_or_none())


async def webhooks_of(connection: AsyncConnection, agencies: Collection[AgencyCode]) -> list[Webhook]:
    """All of those agencies'."""
    return [_webhook(row) for row in await connection.execute(_OF_AGENCIES, {"agencies": list(agencies)})]


async def webhooks_with_news(connection: AsyncConnection) -> list[WebhookId]:
    """Those for whose agency there is an event that was not looked at for them."""
    return [WebhookId(one) for one in (await connection.execute(_WITH_NEWS)).scalars()]


async def webhooks_behind(connection: AsyncConnection, bound: int) -> list[Webhook]:
    """Those that may have events up to ``bound`` that were not looked at for them."""
    return [_webhook(row) for row in await connection.execute(_BEHIND, {"bound": bound})]


async def keep_webhook(connection: AsyncConnection, webhook: Webhook) -> None:
    """Writes the webhook as it is now; the transaction holds it."""
    row = _row(webhook)
    await connection.execute(update(webhooks).where(webhooks.c.id == row.pop("id")).values(row))


async def remove_webhook(connection: AsyncConnection, webhook: WebhookId) -> None:
    """Forgets it, and what waits for it."""
    await connection.execute(delete(webhooks).where(webhooks.c.id == webhook))


def _row(webhook: Webhook) -> dict[str, Any]:
    row: dict[str, Any] = asdict(webhook)
    standing: dict[str, Any] = row.pop("standing")
    types = None if webhook.types is None else [one.value for one in webhook.types]
    return {**row, **standing, "types": types}


def _found(row: Row[Any] | None) -> Webhook | None:
    return None if row is None else _webhook(row)


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=WebhookId(row.id),
        agency=AgencyCode(row.agency),
        owner=AgencyCode(row.owner),
        client_id=row.client_id,
        url=row.url,
        types=None if row.types is None else tuple(EventType(one) for one in row.types),
        description=row.description,
        created_at=row.created_at,
        position=row.position,
        missed_before=row.missed_before,
        standing=Standing(
            failures=row.failures,
            failing_since=row.failing_since,
            next_attempt_at=row.next_attempt_at,
            last_attempt_at=row.last_attempt_at,
            last_success_at=row.last_success_at,
            last_error=row.last_error,
            paused=PauseReason(row.paused) if row.paused else None,
            paused_at=row.paused_at,
        ),
    )
