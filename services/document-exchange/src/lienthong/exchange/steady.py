"""Work that goes on whatever happens: a failing round is logged once, and tried again with growing pauses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from lienthong.shared.errors import LienthongError

FIRST_PAUSE = timedelta(milliseconds=200)
LONGEST_PAUSE = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


async def steadily(name: str, work: Callable[[], Awaitable[timedelta]]) -> None:
    """Repeats ``work`` until cancelled; it answers how long to rest. Logs when it begins and ceases to fail."""
    pause, failing = FIRST_PAUSE, ""
    while True:
        try:
            rest = await work()
        except Exception as error:  # noqa: BLE001 — whatever it is, the next round may succeed
            failing = _tell(name, error, failing)
            rest = pause
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            if failing:
                _log.info("works again", work=name)
            pause, failing = FIRST_PAUSE, ""
        await asyncio.sleep(rest.total_seconds())


async def until_done(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Tries ``work`` until it succeeds once."""
    pause, failing = FIRST_PAUSE, ""
    while True:
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 — likewise
            failing = _tell(name, error, failing)
        await asyncio.sleep(pause.total_seconds())
        pause = min(pause * 2, LONGEST_PAUSE)


def _tell(name: str, error: Exception, failing: str) -> str:
    """Logs ``error`` unless it is the one that was logged last; gives what names it."""
    known = isinstance(error, LienthongError)
    now = error.code if isinstance(error, LienthongError) else type(error).__name__
    if now != failing:
        _log.warning("fails", work=name, code=now, detail=str(error), exc_info=None if known else error)
    return now
