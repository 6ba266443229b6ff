"""Webhooks as their owners make, see, change and remove them, and send them back to a point of the feed."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.exchange.domain.event_feed import event_source, require_continuable
from lienthong.exchange.domain.events import EventType
from lienthong.exchange.domain.webhook_addresses import require_permitted_url
from lienthong.exchange.domain.webhook_pace import Attempt, resumed
from lienthong.exchange.domain.webhooks import (
    MAX_WEBHOOKS,
    Backlog,
    PauseReason,
    Standing,
    TooManyWebhooks,
    Webhook,
    WebhookExists,
    WebhookId,
    require_visible,
)
from lienthong.exchange.storage.event_feed import feed_extent, position_before
from lienthong.exchange.storage.webhook_queue import backlog_of, drop_letters, hurry_letters
from lienthong.exchange.storage.webhooks import (
    add_webhook,
    count_webhooks,
    find_webhook,
    hold_webhook,
    keep_webhook,
    remove_webhook,
    webhooks_of,
)
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.send_webhook import normal_url, open_sender
from lienthong.shared.contracts.events import PING, CloudEvent
from lienthong.shared.identifiers import AgencyCode, new_uuid

Agencies = Collection[AgencyCode]
"""Those that the caller may act for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a webhook is to be: where it points, and which events it gets (``types`` None: all)."""

    url: str
    types: tuple[EventType, ...] | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """A webhook with what waits for it."""

    webhook: Webhook
    backlog: Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who makes a webhook: the client, its own agency, and the one whose events it wants."""

    client_id: str
    owner: AgencyCode
    agency: AgencyCode


async def create_webhook(wanted: Wanted, maker: Maker, process: Process) -> WebhookView:
    """A webhook that gets what happens from now on. The same again gives the one that there is.

    Raises:
        WebhookAddressRefused, WebhookExists, TooManyWebhooks: Its address, its filter, its number.
    """
    url = _permitted(wanted.url, process)
    async with process.database.begin() as connection:
        if await count_webhooks(connection, maker.agency) >= MAX_WEBHOOKS:
            raise TooManyWebhooks(f"An agency may have {MAX_WEBHOOKS} webhooks; remove one.")
        head = (await feed_extent(connection)).head
        new = Webhook(
            id=WebhookId(new_uuid()),
            agency=maker.agency,
            owner=maker.owner,
            client_id=maker.client_id,
            url=url,
            types=wanted.types,
            description=wanted.description,
            created_at=process.clock(),
            position=head,
            standing=Standing(),
        )
        webhook = await add_webhook(connection, new)
        if (webhook.types, webhook.owner) != (new.types, new.owner):
            raise WebhookExists("Change that one, or remove it first.", facts={"webhook": webhook.id})
        return await _view(connection, webhook)


async def list_webhooks(agencies: Agencies, process: Process) -> list[WebhookView]:
    """All of those agencies'."""
    async with process.database.read() as connection:
        return [await _view(connection, one) for one in await webhooks_of(connection, agencies)]


async def read_webhook(wanted: WebhookId, agencies: Agencies, process: Process) -> WebhookView:
    """One of them. Raises :class:`WebhookNotFound`."""
    async with process.database.read() as connection:
        return await _view(connection, require_visible(await find_webhook(connection, wanted), agencies))


async def change_webhook(wanted: WebhookId, change: Wanted, agencies: Agencies, *, process: Process) -> WebhookView:
    """Another address, other events, from now on; what waits is sent to the new address. Raises as making one."""
    url = _permitted(change.url, process)
    async with _held(wanted, agencies, process) as (connection, webhook):
        others = [one for one in await webhooks_of(connection, (webhook.agency,)) if one.id != webhook.id]
        if any(one.url == url for one in others):
            raise WebhookExists("Another webhook of the agency points there.", facts={"webhook": others[0].id})
        changed = replace(webhook, url=url, types=change.types, description=change.description)
        await keep_webhook(connection, changed)
        return await _view(connection, changed)


async def delete_webhook(wanted: WebhookId, agencies: Agencies, process: Process) -> None:
    """Forgets it and what waits for it. Raises :class:`WebhookNotFound`."""
    async with _held(wanted, agencies, process) as (connection, webhook):
        await remove_webhook(connection, webhook.id)


async def replay_webhook(
    wanted: WebhookId, after: int | datetime, agencies: Agencies, *, process: Process
) -> WebhookView:
    """Sends everything after that point of the feed, again or for the first time, and nothing up to it any more.

    Args:
        wanted: The webhook.
        after: A position; or a time: everything that happened then or later.
        agencies: Those that the caller may act for.
        process: The node.

    Raises:
        EventsExpired, PositionUnknown: The feed does not hold what comes after that position.
    """
    async with _held(wanted, agencies, process) as (connection, webhook):
        extent = await feed_extent(connection)
        if isinstance(after, datetime):
            before = await position_before(connection, after)
            position = extent.head if before is None else before
        else:
            position = after
        require_continuable(position, extent)
        await drop_letters(connection, webhook.id, upto=position)
        await hurry_letters(connection, webhook.id)
        changed = replace(webhook, position=position, missed_before=None)
        await keep_webhook(connection, changed)
        return await _view(connection, changed)


async def pause_webhook(wanted: WebhookId, agencies: Agencies, process: Process) -> WebhookView:
    """Sends nothing until it is resumed; what happens meanwhile waits in the feed."""
    async with _held(wanted, agencies, process) as (connection, webhook):
        standing = replace(webhook.standing, paused=PauseReason.OWNER, paused_at=process.clock())
        changed = webhook if webhook.standing.paused else replace(webhook, standing=standing)
        await keep_webhook(connection, changed)
        return await _view(connection, changed)


async def resume_webhook(wanted: WebhookId, agencies: Agencies, process: Process) -> WebhookView:
    """Sends again, at once, everything that was not taken."""
    async with _held(wanted, agencies, process) as (connection, webhook):
        await hurry_letters(connection, webhook.id)
        changed = replace(webhook, standing=resumed(webhook.standing))
        await keep_webhook(connection, changed)
        return await _view(connection, changed)


async def ping_webhook(wanted: WebhookId, agencies: Agencies, process: Process) -> Attempt:
    """Sends an event that tells nothing, once and now, also to a paused webhook; what became of it."""
    webhook = (await read_webhook(wanted, agencies, process)).webhook
    ping = CloudEvent(
        id=new_uuid(),
        source=event_source(process.here),
        type=PING,
        subject=webhook.id,
        time=process.clock(),
        data={"agency": webhook.agency, "webhook": webhook.id},
    )
    async with open_sender(process) as sender:
        return await sender.send(webhook.url, ping)


def _permitted(url: str, process: Process) -> str:
    networks = process.settings.webhook_networks
    return require_permitted_url(normal_url(require_permitted_url(url, networks)), networks)


@asynccontextmanager
async def _held(
    wanted: WebhookId, agencies: Agencies, process: Process
) -> AsyncIterator[tuple[AsyncConnection, Webhook]]:
    async with process.database.begin() as connection:
        yield connection, require_visible(await hold_webhook(connection, wanted), agencies)


async def _view(connection: AsyncConnection, webhook: Webhook) -> WebhookView:
    return WebhookView(webhook=webhook, backlog=await backlog_of(connection, webhook))
