"""The feed for readers: page by page, or as a stream that goes on as events come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from lienthong.exchange.domain.event_feed import FeedEvent, FeedQuery, require_continuable
from lienthong.exchange.storage.event_feed import feed_extent, feed_page, newest_by_agency
from lienthong.exchange.usecases.process import Process
from lienthong.shared.identifiers import AgencyCode

LOOK_PAUSE: Final = timedelta(milliseconds=200)
"""Between two looks of one process for new events, however many streams wait for them."""
EVENTS_AT_ONCE: Final = 100
"""Events of a stream that are read before they are sent: what one stream holds in memory, below 1 MiB."""
HEARTBEAT: Final = timedelta(seconds=15)
"""How long a stream is silent at most: below what proxies commonly cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """``position``: go on after it; ``more``: there is something at once."""

    events: Sequence[FeedEvent]
    position: int
    more: bool


class FeedWatch:
    """Looks for new events, once for all streams of a process. A stream asks whether there may be some for it."""

    def __init__(self) -> None:
        self._looked = float("-inf")
        self._head: int | None = None
        self._newest: dict[AgencyCode, int] = {}
        self._one = asyncio.Lock()

    async def look(self, process: Process) -> int:
        """Where the feed ends, as seen at most :data:`LOOK_PAUSE` ago."""
        async with self._one:
            now = asyncio.get_running_loop().time()
            if self._head is None or now - self._looked >= LOOK_PAUSE.total_seconds():
                self._head = await self._seen(process, self._head)
                self._looked = now
            return self._head

    def has_news(self, agencies: Collection[AgencyCode], after: int) -> bool:
        """Whether any of ``agencies`` was seen to have an event above ``after``."""
        return any(self._newest.get(one, 0) > after for one in agencies)

    async def _seen(self, process: Process, before: int | None) -> int:
        async with process.database.read() as connection:
            if before is None:
                return (await feed_extent(connection)).head
            newest = await newest_by_agency(connection, before)
        self._newest |= newest
        return max(before, *newest.values()) if newest else before


async def read_events(query: FeedQuery, process: Process) -> FeedPage:
    """One page.

    Raises:
        EventsExpired, PositionUnknown: As :func:`require_continuable`.
    """
    async with process.database.read() as connection:
        head = (await feed_extent(connection)).head  # before the page: what comes between the two is simply in it
        found = await feed_page(connection, replace(query, limit=query.limit + 1))
        extent = await feed_extent(connection)  # after the page: nothing was missing while it was read
    if query.after is not None:
        require_continuable(query.after, extent)
    shown, more = found[: query.limit], len(found) > query.limit
    last = shown[-1].position if shown else 0
    return FeedPage(events=shown, position=last if more else max(head, last), more=more)


async def begin_stream(after: int | None, process: Process) -> int:
    """Where a stream begins: after what its reader has seen, else with what comes from now on. Raises likewise."""
    async with process.database.read() as connection:
        extent = await feed_extent(connection)
    if after is None:
        return extent.head
    require_continuable(after, extent)
    return after


async def follow_events(
    query: FeedQuery, process: Process, *, watch: FeedWatch, ended: Callable[[], Awaitable[bool]]
) -> AsyncIterator[FeedPage]:
    """Pages as they come, until ``ended``; one without events when nothing came for :data:`HEARTBEAT`.

    Raises:
        EventsExpired: The reader is so slow that events went before it had them.
        DatabaseUnavailable: Likewise the end of the stream; its reader comes again.
    """
    clock = asyncio.get_running_loop().time
    position, told, is_behind = query.after or 0, clock(), True
    while not await ended():
        head = await watch.look(process)
        if is_behind or watch.has_news(query.agencies, position):
            page = await read_events(replace(query, after=position), process)
            position, is_behind = page.position, page.more
            if page.events:
                yield page
                told = clock()
                continue
        position = max(position, head) if not is_behind else position
        if clock() - told >= HEARTBEAT.total_seconds():
            yield FeedPage(events=(), position=position, more=False)
            told = clock()
        await asyncio.sleep(LOOK_PAUSE.total_seconds())
