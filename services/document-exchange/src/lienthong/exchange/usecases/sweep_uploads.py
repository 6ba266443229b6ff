"""Ends uploads whose time is over, and removes files that no upload needs any more."""

import asyncio
from pathlib import Path
from typing import Final

from lienthong.exchange.storage.uploads import expired_uploads, remove_uploads, uploads_with_bytes
from lienthong.exchange.usecases.process import Process
from lienthong.shared.partial_file import lock_file

UPLOADS_AT_ONCE: Final = 500
"""Ended in one round; the next one has the others."""


async def sweep_uploads(process: Process) -> int:
    """How many files were removed.

    Rows go first: a kill in between leaves files without rows, which the next round finds. Files are listed before
    their rows are looked for, since a row is always older than its file.
    """
    async with process.database.begin() as connection:
        over = await expired_uploads(connection, process.clock(), limit=UPLOADS_AT_ONCE)
        await remove_uploads(connection, over)
    files = await asyncio.to_thread(lambda: sorted(process.settings.uploads_dir.iterdir())[:UPLOADS_AT_ONCE])
    async with process.database.read() as connection:
        needed = await uploads_with_bytes(connection, [path.name for path in files])
    unneeded = [path for path in files if path.name not in needed]
    return await asyncio.to_thread(lambda: sum(map(remove_unless_held, unneeded)))


def remove_unless_held(path: Path) -> bool:
    """Whether nobody had the file locked, so that it is gone now."""
    held = lock_file(path)
    if held is None:
        return False
    with held:
        path.unlink(missing_ok=True)
    return True
