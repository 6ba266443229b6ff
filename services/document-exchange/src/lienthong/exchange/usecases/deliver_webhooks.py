"""Sends a webhook what waits for it. What a power cut does: the leases lapse, and the events are sent again.

1 the events that may go now are leased, of each document the first; 2 they are sent at the same time, outside of any
transaction; 3 what was taken is forgotten, what was not waits, and the webhook's standing is kept, in one transaction.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from lienthong.exchange.domain.event_feed import cloud_event
from lienthong.exchange.domain.webhook_pace import Attempt, Outcome, standing_after
from lienthong.exchange.domain.webhooks import WEBHOOK_PAUSED, PauseReason, Webhook, WebhookId, is_allowed
from lienthong.exchange.steady import steadily
from lienthong.exchange.storage.webhook_queue import (
    Letter,
    due_webhooks,
    forget_letters,
    postpone_letters,
    take_letters,
)
from lienthong.exchange.storage.webhooks import hold_webhook, keep_webhook
from lienthong.exchange.storage.witnessing import Alarm, count_alarm
from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.queue_events import queue_events
from lienthong.exchange.usecases.send_webhook import WebhookSender, open_sender
from lienthong.shared.errors import LienthongError

AT_ONCE: Final = 8
"""Events that one receiver gets at the same time, each of another document; one that fails gets one."""
LANES: Final = 100
"""Webhooks that are served at the same time: a slow one holds up no other."""
LEASE: Final = timedelta(seconds=60)
"""How long a killed worker's events stay with it: longer than any attempt takes."""
LOOK_REST: Final = timedelta(milliseconds=250)
"""Between two looks for what may be sent."""

_log = structlog.get_logger(__name__)


class WebhookDispatcher:
    """Serves every webhook of a node, each in a lane of its own. Several workers may: leases keep them apart."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lanes: set[WebhookId] = set()

    async def run(self) -> None:
        """Works until cancelled; what was under way then is sent again when its lease lapses."""
        async with open_sender(self._process) as sender, asyncio.TaskGroup() as tasks:

            async def look() -> timedelta:
                await queue_events(self._process)
                for webhook in await self._due():
                    self._lanes.add(webhook)
                    tasks.create_task(self._serve(webhook, sender))
                return LOOK_REST

            await steadily("webhooks", look)

    async def _due(self) -> Sequence[WebhookId]:
        async with self._process.database.read() as connection:
            due = await due_webhooks(connection, self._process.clock())
        return [one for one in due if one not in self._lanes][: LANES - len(self._lanes)]

    async def _serve(self, webhook: WebhookId, sender: WebhookSender) -> None:
        try:
            while await deliver_batch(webhook, self._process, sender):
                pass
        except LienthongError as error:
            _log.warning("a webhook's lane broke off", webhook=webhook, code=error.code)
        except Exception:  # noqa: BLE001 — whatever it is, the next look may succeed, and others go on
            _log.exception("a webhook's lane broke off", webhook=webhook)
        finally:
            self._lanes.discard(webhook)


async def deliver_batch(webhook: WebhookId, process: Process, sender: WebhookSender) -> bool:
    """Sends what may go now; whether some of it was taken, so that there may be more at once."""
    async with process.database.begin() as connection:
        now = process.clock()
        held = await hold_webhook(connection, webhook)
        if held is None or not _may_try(held, now):
            return False
        if not is_allowed(held, process.directory.current(), process.here):
            standing = replace(held.standing, paused=PauseReason.NOT_ALLOWED, paused_at=now)
            await keep_webhook(connection, replace(held, standing=standing))
            return False
        limit = 1 if held.standing.failures else AT_ONCE
        letters = await take_letters(connection, webhook, limit=limit, until=now + LEASE, now=now)
    sending = (sender.send(held.url, cloud_event(one.told, node=process.here)) for one in letters)
    attempts = await asyncio.gather(*sending)
    return bool(letters) and await _settle(letters, attempts, process)


def _may_try(webhook: Webhook, now: datetime) -> bool:
    standing = webhook.standing
    return standing.paused is None and (standing.next_attempt_at is None or standing.next_attempt_at <= now)


async def _settle(letters: Sequence[Letter], attempts: Sequence[Attempt], process: Process) -> bool:
    now = process.clock()
    made = list(zip(letters, attempts, strict=True))
    taken = [letter for letter, attempt in made if attempt.outcome is Outcome.TAKEN]
    async with process.database.begin() as connection:
        webhook = await hold_webhook(connection, letters[0].webhook)
        if webhook is None:
            return False
        await forget_letters(connection, taken)
        failed = [letter for letter, attempt in made if attempt.outcome is not Outcome.TAKEN]
        await postpone_letters(connection, failed, now)
        standing = standing_after(webhook.standing, attempts, now)
        if webhook.standing.paused is None:
            await keep_webhook(connection, replace(webhook, standing=standing))
        if standing.paused is not None and webhook.standing.paused is None:
            await count_alarm(connection, _alarm(replace(webhook, standing=standing), process, now))
    if standing.paused is not None:
        _log.error("a webhook is paused", webhook=webhook.id, agency=webhook.agency, reason=standing.paused.value)
    return bool(taken)


def _alarm(webhook: Webhook, process: Process, now: datetime) -> Alarm:
    """One for the node, which counts the pauses and names the last."""
    standing = webhook.standing
    return Alarm(
        node=process.here,
        violation=WEBHOOK_PAUSED,
        detail=f"Webhook {webhook.id} of {webhook.agency} is paused ({standing.paused}): {standing.last_error}",
        held_note="",
        seen_note="",
        first_seen_at=now,
        last_seen_at=now,
        rounds=1,
    )
