"""What a clock that was set back leaves behind: times that lie hours ahead, for which nobody should wait."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Table, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.outbox.entries import DESTINATIONS

TOLERANCE: Final = timedelta(seconds=1)
"""Clocks that are disciplined go slower or quicker; one that falls behind by more has been set."""

CLOCK_SKEW: Final = timedelta(minutes=1)
"""How far the clocks of a node's processes may differ: what lies less ahead is waited for."""


class ClockWatch:
    """Notices that the wall clock was set back since the last look; a first look always asks for care.

    Args:
        clock: The wall clock, aware.
        steady: A clock that nobody sets, in seconds.
    """

    def __init__(self, clock: Callable[[], datetime], *, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._ahead: datetime | None = None

    def was_set_back(self) -> bool:
        """Whether times written before may lie further ahead than they were meant to."""
        ahead = self._clock() - timedelta(seconds=self._steady())
        before, self._ahead = self._ahead, ahead
        return before is None or ahead < before - TOLERANCE


async def forget_the_future(connection: AsyncConnection, table: Table, *, now: datetime, longest: timedelta) -> None:
    """Ends leases, back-offs and patience that reach beyond what a relay asks for: they were written before their time.

    Args:
        connection: The caller's transaction.
        table: The outbox.
        now: The time.
        longest: No lease and no back-off is longer.
    """
    beyond = now + longest + CLOCK_SKEW
    early = or_(table.c.lease_until > beyond, table.c.sent_at > now + CLOCK_SKEW)
    await connection.execute(update(table).where(early).values(lease_until=None, sent_at=None, overdue_at=None))
    settings = table.metadata.tables[DESTINATIONS]
    await connection.execute(update(settings).where(settings.c.next_attempt_at > beyond).values(next_attempt_at=None))
