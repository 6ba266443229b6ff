"""Removes what killed processes left on the disk and nobody came back for."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from lienthong.exchange.usecases.process import Process
from lienthong.exchange.usecases.sweep_uploads import remove_unless_held, sweep_uploads

SPOOL_KEPT: Final = timedelta(days=1)
"""Bodies in the spool that nobody has written to for so long belong to a process that was killed."""
PULLS_KEPT: Final = timedelta(days=7)
"""A fetch goes on where it stopped for so long: as long as the road is tried, and over a long holiday."""
SWEEP_INTERVAL: Final = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


async def sweep_leftovers(process: Process) -> int:
    """How many files were removed; the younger ones and those in use stay."""
    settings, now = process.settings, process.clock()
    removed = await asyncio.to_thread(_sweep, settings.spool_dir, before=now - SPOOL_KEPT)
    removed += await asyncio.to_thread(_sweep, settings.pulls_dir, before=now - PULLS_KEPT)
    removed += await sweep_uploads(process)
    if removed:
        _log.info("removed leftovers", files=removed)
    return removed


def _sweep(folder: Path, *, before: datetime) -> int:
    old = [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < before.timestamp()]
    return sum(map(remove_unless_held, old))
