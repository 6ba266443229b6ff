"""Everything that a node takes in from others: its queue, and letters to be replayed, unless it is drained."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from lienthong.exchange.consumers.dead_letters import Replays, keep_dead_letters
from lienthong.exchange.consumers.messages import MessageConsumer
from lienthong.exchange.road import Road
from lienthong.exchange.steady import steadily
from lienthong.exchange.usecases.drain_node import is_draining
from lienthong.exchange.usecases.process import Process

DRAIN_LOOK: Final = timedelta(seconds=1)
"""How soon the worker sees that the node is drained, or is not any more."""


async def take_in(process: Process, road: Road, *, on_commit: Callable[[], None]) -> None:
    """Works until cancelled. What was given up is kept for operators even while the node is drained."""
    consumer = MessageConsumer(process, road.own, network=road.network, on_commit=on_commit)

    async def consume() -> timedelta:
        return await _unless_draining(process, consumer.run)

    async def replay() -> timedelta:
        replays = MessageConsumer(process, Replays(process), network=road.network, on_commit=on_commit)
        return await _unless_draining(process, replays.run)

    async def keep() -> timedelta:
        await keep_dead_letters(process, road.own)
        return DRAIN_LOOK

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(steadily("consumer", consume))
        tasks.create_task(steadily("replays", replay))
        tasks.create_task(steadily("dead letters", keep))


async def _unless_draining(process: Process, work: Callable[[], Awaitable[None]]) -> timedelta:
    """Works until the node is drained; what is under way then comes again, and has no effect twice."""
    if await is_draining(process):
        return DRAIN_LOOK
    working = asyncio.ensure_future(work())
    watching = asyncio.ensure_future(_drained(process))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
    return DRAIN_LOOK


async def _drained(process: Process) -> None:
    """Returns when the node is being drained."""

    async def look() -> timedelta:
        if await is_draining(process):
            found.set()
        return DRAIN_LOOK

    found = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(steadily("draining", look))
        await found.wait()
        looking.cancel()
