"""Peek into inboxes, and wait a while when they are empty."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from lienthong.exchange.domain.listings import InboxQuery, Page, WaitingDelivery, page_of
from lienthong.exchange.storage.inbox_view import waiting_deliveries
from lienthong.exchange.storage.redeliveries import waiting_again
from lienthong.exchange.usecases.process import Process

MAX_WAIT: Final = timedelta(seconds=60)
"""Longest wait of one request: below what proxies commonly cut off."""
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 0.5
"""Between two looks: an idle client costs the database two short reads a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller waits. ``gave_up`` tells whether it went away, or this process is about to."""

    wait: timedelta
    gave_up: Callable[[], Awaitable[bool]]


async def list_inbox(query: InboxQuery, process: Process, *, patience: Patience) -> Page[WaitingDelivery]:
    """A page of what waits; empty only after the whole ``patience``.

    Between two looks it holds nothing: no transaction, no connection, no lock.
    """
    until = asyncio.get_running_loop().time() + patience.wait.total_seconds()
    pause = FIRST_PAUSE_S
    while True:
        page = await _look(query, process)
        left = until - asyncio.get_running_loop().time()
        if page.items or left <= 0 or await patience.gave_up():
            return page
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


async def _look(query: InboxQuery, process: Process) -> Page[WaitingDelivery]:
    async with process.database.read() as connection:
        now, wanted = process.clock(), query.limit + 1
        found = []
        if not query.in_redeliveries:
            found = await waiting_deliveries(connection, replace(query, limit=wanted), now=now)
        if len(found) < wanted:
            after = query.after if query.in_redeliveries else None
            rest = replace(query, limit=wanted - len(found), after=after)
            found += await waiting_again(connection, rest, now=now)
    return page_of(found, limit=query.limit)
