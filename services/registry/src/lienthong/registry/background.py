"""What runs beside the requests: approved acts of reorganisation are applied when their time has come.

The index for searching follows meanwhile, so that the first search after a great change need not wait for it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from lienthong.registry.factory import Factory
from lienthong.shared.errors import LienthongError

log = structlog.get_logger(__name__)


@asynccontextmanager
async def applying(factory: Factory) -> AsyncIterator[None]:
    """Applies what is due for as long as the block runs; what is under way is brought to its end."""
    stop = asyncio.Event()
    task = asyncio.create_task(_apply_until(stop, factory), name="apply acts")
    try:
        yield
    finally:
        stop.set()
        await task


async def _apply_until(stop: asyncio.Event, factory: Factory) -> None:
    interval: timedelta = factory.settings.reorganisation_interval
    while not stop.is_set():
        await _apply(factory)
        with suppress(TimeoutError):
            async with asyncio.timeout(interval.total_seconds()):
                await stop.wait()


async def _apply(factory: Factory) -> None:
    """A failure is logged and tried again: an act that is due waits, and so do other changes of the directory."""
    try:
        await factory.search.refresh()
        for act in await factory.applier.apply_due(factory.clock()):
            log.info("act of reorganisation", id=act.id, state=act.state, effective_at=act.effective_at.isoformat())
    except LienthongError as error:
        log.warning("acts not applied", code=error.code, exc_info=error)
    except Exception as error:
        log.exception("acts not applied", exc_info=error)
