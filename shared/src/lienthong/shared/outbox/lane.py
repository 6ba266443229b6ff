"""One destination's lane: leases its rows, publishes them, settles what became of them.

Over and over:

1. In one transaction: mark what was confirmed as sent, note a failure, lease the next rows. *Power cut before the
   commit: nothing happened. After it: the lease lapses and the rows are taken again.*
2. Publish the leased rows concurrently and wait for the confirms. *Power cut: some are with the broker and still wait
   in the outbox; they are sent again, and the receiver's inbox drops them.*

No more rows are sent than the window holds: the others stay, in order of priority, until the next hop acknowledges.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.shared.blobs import BlobStore
from lienthong.shared.bus import MAX_BODY_BYTES, BusUnavailable, Message, Publisher
from lienthong.shared.database import Database
from lienthong.shared.errors import LienthongError, TooLarge
from lienthong.shared.identifiers import MessageId, Sha256
from lienthong.shared.outbox import leases

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a relay goes, and how patient it is."""

    batch: int = 64
    """Messages in flight to one destination."""
    bodies: int = 16
    """Of these, packages in memory at once (256 KiB each)."""
    lease: timedelta = timedelta(seconds=15)
    """How long the rows of a killed relay stay untouched. Longer than a publish takes to time out."""
    first_delay: timedelta = timedelta(milliseconds=500)
    """Back-off after the first failure of a destination; doubles from there."""
    longest_delay: timedelta = timedelta(seconds=60)
    longest_broker_delay: timedelta = timedelta(seconds=5)
    """The limit while it is the broker that is away, and not the destination alone."""
    shortest_idle: timedelta = timedelta(milliseconds=50)
    longest_idle: timedelta = timedelta(milliseconds=200)
    """Between looks at an outbox with nothing to do; from the shortest, doubling."""
    window: int = 256
    """Messages that one destination may leave unacknowledged: what stands in front of one that is more urgent."""
    overdue: timedelta = timedelta(seconds=30)
    """After that, a message that the next hop has not acknowledged may be lost; doubles with each time it is sent."""
    longest_overdue: timedelta = timedelta(minutes=15)
    probe_rest: timedelta = timedelta(seconds=5)
    """Between two looks for destinations that are silent."""
    farewell: timedelta = timedelta(seconds=10)
    """How long a stopping relay waits for confirms."""


class BodyTooLarge(TooLarge):
    """The body that a row names is no inline package."""

    code = "message-body-too-large"
    title = "The message body is too large"


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """What became of one batch."""

    sent: list[leases.Leased] = field(default_factory=list)
    failed: list[MessageId] = field(default_factory=list)
    unreadable: list[leases.Leased] = field(default_factory=list)
    error: LienthongError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What every lane of one relay uses."""

    database: Database
    table: Table
    bus: Publisher
    blobs: BlobStore
    clock: Callable[[], datetime]
    pace: Pace
    gate: asyncio.Semaphore
    """Bounds the transactions at once, not the destinations: who waits for a confirm is not in the way."""


class Lane:
    """Sends the rows of one destination until none is left, the destination fails, or it is told to stop."""

    def __init__(self, road: Road, due: leases.Due) -> None:
        self._road = road
        self._destination = due.destination
        self._attempts = due.attempts
        self._bodies = asyncio.Semaphore(road.pace.bodies)
        self.is_stopping = False

    async def run(self) -> int:
        """Gives the number of messages sent."""
        count = 0
        outcome = _Outcome()
        while True:
            rows = await self._settle_and_lease(outcome)
            count += len(outcome.sent)
            if not rows:
                return count
            outcome = await self._publish_all(rows)

    async def _settle_and_lease(self, outcome: _Outcome) -> list[leases.Leased]:
        table, pace = self._road.table, self._road.pace
        async with self._road.gate, self._road.database.begin() as connection:
            now = self._road.clock()
            await leases.mark_sent(connection, table, [self._sent(row, now) for row in outcome.sent], now)
            await leases.give_back(connection, table, outcome.failed)
            for row in outcome.unreadable:
                until = now + _delay(row.attempts + 1, pace.first_delay, pace.longest_delay)
                await leases.set_aside(connection, table, row.entry.id, until=until)
            if outcome.error is not None:
                await self._note_failure(connection, outcome.error, now)
            elif outcome.sent and self._attempts:
                await leases.clear_failure(connection, table, self._destination)
                self._attempts = 0
            if self.is_stopping or outcome.error is not None:
                return []
            room = pace.window - await leases.sent_count(connection, table, self._destination)
            until, limit = now + pace.lease, min(pace.batch, room)
            if limit <= 0:
                return []
            return await leases.lease(connection, table, self._destination, now=now, until=until, limit=limit)

    def _sent(self, row: leases.Leased, now: datetime) -> leases.Sent:
        pace = self._road.pace
        patience = min(pace.overdue * (1 << min(row.sends, 20)), pace.longest_overdue)
        return leases.Sent(id=row.entry.id, overdue_at=now + patience)

    async def _note_failure(self, connection: AsyncConnection, error: LienthongError, now: datetime) -> None:
        pace = self._road.pace
        longest = pace.longest_broker_delay if isinstance(error, BusUnavailable) else pace.longest_delay
        failure = leases.Failure(
            attempts=self._attempts + 1,
            next_attempt_at=now + _delay(self._attempts + 1, pace.first_delay, longest),
            error=error.code,
        )
        await leases.note_failure(connection, self._road.table, self._destination, failure)
        _log.warning("destination failed", destination=self._destination, code=error.code, attempts=failure.attempts)

    async def _publish_all(self, rows: list[leases.Leased]) -> _Outcome:
        outcome = _Outcome()
        async with asyncio.TaskGroup() as publishing:
            for row in rows:
                publishing.create_task(self._publish(row, outcome))
        return outcome

    async def _publish(self, row: leases.Leased, outcome: _Outcome) -> None:
        if row.entry.body_sha256 is None:
            await self._send(row, b"", outcome)
            return
        async with self._bodies:
            try:
                body = await self._body(row.entry.body_sha256)
            except LienthongError as error:  # this row's own trouble: its destination is not to blame
                _log.warning("body unreadable", message=row.entry.id, code=error.code)
                outcome.unreadable.append(row)
                return
            await self._send(row, body, outcome)

    async def _body(self, sha256: Sha256) -> bytes:
        pieces = bytearray()
        async for piece in self._road.blobs.read(sha256):
            pieces += piece
            if len(pieces) > MAX_BODY_BYTES:
                raise BodyTooLarge(f"A message body has at most {MAX_BODY_BYTES} bytes.")
        return bytes(pieces)

    async def _send(self, row: leases.Leased, body: bytes, outcome: _Outcome) -> None:
        entry = row.entry
        message = Message(
            id=entry.id,
            destination=entry.destination,
            envelope=entry.envelope,
            body=body,
            priority=entry.priority,
            headers=dict(entry.headers),
        )
        try:
            await self._road.bus.publish(message)
        except LienthongError as error:
            outcome.failed.append(entry.id)
            outcome.error = error
        else:
            outcome.sent.append(row)


def _delay(attempts: int, first: timedelta, longest: timedelta) -> timedelta:
    """Doubles with each attempt up to ``longest``; at random between half of that and all of it."""
    return min(first * (1 << min(attempts - 1, 20)), longest) * random.uniform(0.5, 1)  # noqa: S311 - spreads load
