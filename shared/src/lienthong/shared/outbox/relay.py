"""The relay: the only sender. It takes what stands in the outbox to the bus, and may die anywhere without loss.

Each destination has a lane of its own, and its back-off is kept in the database: one that fails holds up no other.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Table

from lienthong.shared.blobs import BlobStore
from lienthong.shared.bus import Publisher
from lienthong.shared.database import Database
from lienthong.shared.errors import Unavailable
from lienthong.shared.identifiers import NodeId
from lienthong.shared.outbox import acknowledgements, leases
from lienthong.shared.outbox.clocks import ClockWatch, forget_the_future
from lienthong.shared.outbox.lane import Lane, Pace, Road

DEFAULT_PACE = Pace()
TRANSACTIONS_AT_ONCE = 4
"""Of all lanes together; hundreds of destinations become due at once when a document goes to a whole province."""

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Relay:
    """Sends what stands in one outbox. Several may run on the same outbox.

    Args:
        database: The outbox's.
        table: The outbox.
        bus: Where messages go: one broker, or a network of them.
        blobs: Where bodies are.
        clock: Gives the time, aware.
        pace: How fast and how patient.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        *,
        bus: Publisher,
        blobs: BlobStore,
        clock: Callable[[], datetime] = _now,
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        gate = asyncio.Semaphore(TRANSACTIONS_AT_ONCE)
        self._road = Road(database=database, table=table, bus=bus, blobs=blobs, clock=clock, pace=pace, gate=gate)
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        self._busy: set[NodeId] = set()
        self._woken = asyncio.Event()
        self._has_sent = False
        self._clock_watch = ClockWatch(clock)

    def wake(self) -> None:
        """Tells the relay that there may be something to send, so that it does not wait to find out."""
        self._woken.set()

    async def run(self) -> None:
        """Sends until cancelled; then waits for the confirms of what is under way. Outlives a failing database."""
        pace = self._road.pace
        idle = pace.shortest_idle
        probing = asyncio.create_task(self._probe_silent())
        try:
            while True:
                self._has_sent = False
                await self._open_lanes()
                await self._rest(idle)
                idle = pace.shortest_idle if self._has_sent else min(idle * 2, pace.longest_idle)
        finally:
            probing.cancel()
            await self._stop()

    async def _open_lanes(self) -> None:
        try:
            if self._clock_watch.was_set_back():
                await self._forget_the_future()
            async with self._road.database.read() as connection:
                window = self._road.pace.window
                found = await leases.due_destinations(connection, self._road.table, self._road.clock(), window=window)
        except Unavailable as error:
            _log.warning("the outbox is away", code=error.code)
            return
        except Exception:  # noqa: BLE001 - whatever it is, the next look may succeed, and nobody else sends
            _log.exception("the outbox cannot be read")
            return
        for due in found:
            if due.destination not in self._busy:
                self._busy.add(due.destination)
                lane = Lane(self._road, due)
                self._lanes[lane] = asyncio.create_task(self._run_lane(lane, due.destination))

    async def _forget_the_future(self) -> None:
        pace = self._road.pace
        async with self._road.database.begin() as connection:
            longest = max(pace.lease, pace.longest_delay)
            await forget_the_future(connection, self._road.table, now=self._road.clock(), longest=longest)

    async def _probe_silent(self) -> None:
        """Now and then sends one overdue message to a destination that answers nothing.

        If the node was only away, that is one repetition; if its broker has lost what it had, the answer to this one
        shows that the others are lost, and they are sent again too.
        """
        road = self._road
        while True:
            await asyncio.sleep(road.pace.probe_rest.total_seconds())
            try:
                async with road.database.begin() as connection:
                    now = road.clock()
                    for one in await acknowledgements.overdue(connection, road.table, now):
                        if one.last_sent_at + one.patience <= now:
                            await acknowledgements.wait_again(connection, road.table, one.id)
                            _log.warning("unacknowledged: sending again", destination=one.destination, message=one.id)
            except Exception as error:  # noqa: BLE001 - likewise
                _log.warning("no probe", error=type(error).__name__)

    async def _run_lane(self, lane: Lane, destination: NodeId) -> None:
        try:
            if await lane.run():
                self._has_sent = True
        except Unavailable as error:  # what it held comes back when its lease lapses
            _log.warning("a lane broke off", destination=destination, code=error.code)
            await asyncio.sleep(self._road.pace.first_delay.total_seconds())
        except Exception:  # noqa: BLE001 - likewise, but a defect
            _log.exception("a lane broke off", destination=destination)
            await asyncio.sleep(self._road.pace.longest_broker_delay.total_seconds())
        finally:
            del self._lanes[lane]
            self._busy.discard(destination)

    async def _rest(self, idle: timedelta) -> None:
        """At least the shortest idle time, so that one look serves many who wake the relay."""
        shortest = self._road.pace.shortest_idle
        await asyncio.sleep(shortest.total_seconds())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout((idle - shortest).total_seconds()):
                await self._woken.wait()
        self._woken.clear()

    async def _stop(self) -> None:
        running = dict(self._lanes)
        for lane in running:
            lane.is_stopping = True
        if running:
            _, late = await asyncio.wait(running.values(), timeout=self._road.pace.farewell.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
