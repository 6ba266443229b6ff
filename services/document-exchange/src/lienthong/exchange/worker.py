"""The worker: everything that a node does without being asked. API and worker are separate processes of one image.

It relays the outbox, consumes the node's queue, appends evidence to the log, signs the log's state and has it
time-stamped, asks again about certificates that nobody could speak for, witnesses its neighbours' logs, and keeps
directory and trust list fresh.

Whatever is away for a while, database, broker, registry or signing service: it keeps trying.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from fastapi import FastAPI

from lienthong.exchange.consumers.taking_in import take_in
from lienthong.exchange.factory import Factory
from lienthong.exchange.road import Road, open_road
from lienthong.exchange.steady import steadily, until_done
from lienthong.exchange.storage.schema import outbox
from lienthong.exchange.usecases.deliver_webhooks import WebhookDispatcher
from lienthong.exchange.usecases.drain_node import is_draining
from lienthong.exchange.usecases.expire_deliveries import EXPIRIES_AT_ONCE, expire_deliveries
from lienthong.exchange.usecases.keep_packages import Retention
from lienthong.exchange.usecases.make_checkpoint import make_checkpoint
from lienthong.exchange.usecases.number_events import EVENTS_AT_ONCE, number_events
from lienthong.exchange.usecases.prune_events import PRUNE_REST, REMOVED_AT_ONCE, prune_events
from lienthong.exchange.usecases.recheck_revocation import DOCUMENTS_AT_ONCE, recheck_revocation
from lienthong.exchange.usecases.refresh_published import Publications
from lienthong.exchange.usecases.sequence_evidence import ENTRIES_AT_ONCE, sequence_evidence
from lienthong.exchange.usecases.stamp_checkpoint import stamp_checkpoint
from lienthong.exchange.usecases.sweep_leftovers import SWEEP_INTERVAL, sweep_leftovers
from lienthong.exchange.usecases.witness_neighbours import WitnessRounds
from lienthong.shared.outbox import Pace, Relay
from lienthong.shared.serving import create_app

SEQUENCER_REST = timedelta(milliseconds=250)
"""Between two looks for evidence that is not in the log yet."""
LOOK_INTERVAL = timedelta(seconds=5)
"""Between two looks for a checkpoint that is not time-stamped, while nothing is to be stamped."""
IN_ONE_PROCESS = Pace(farewell=timedelta(milliseconds=300))
"""There, receivers stop with senders: a confirm that is not there at once does not come."""


class Worker:
    """The worker of one node."""

    def __init__(self, factory: Factory, *, pace: Pace | None = None) -> None:
        self._factory = factory
        self._pace = pace or (Pace() if factory.bus is None else IN_ONE_PROCESS)
        self._road: Road | None = None
        self._witness_rounds = WitnessRounds(factory)
        self._retention = Retention(factory)

    async def run(self) -> None:
        """Works until cancelled; then lets what is under way end."""
        await self._take_what_is_held()
        async with asyncio.TaskGroup() as tasks:
            if self._factory.settings.worker_port:
                tasks.create_task(self._serve_health())
            tasks.create_task(self._refresh())
            tasks.create_task(steadily("sequencer", self._sequence))
            tasks.create_task(steadily("events", self._number_events))
            tasks.create_task(steadily("old events", self._prune_events))
            tasks.create_task(steadily("checkpoints", self._make_checkpoint))
            tasks.create_task(steadily("time stamps", self._stamp_checkpoint))
            tasks.create_task(steadily("revocation", self._recheck_revocation))
            tasks.create_task(steadily("leftovers", self._sweep_leftovers))
            tasks.create_task(steadily("retention", self._retain))
            await until_done("directory", self._await_directory)
            tasks.create_task(steadily("witness", self._witness))
            tasks.create_task(until_done("webhook sender", WebhookDispatcher(self._factory).run))
            tasks.create_task(steadily("expiry", self._expire))
            await until_done("bus", self._carry)

    async def _take_what_is_held(self) -> None:
        for copy in (self._factory.trust, self._factory.directory, self._factory.systems):
            with contextlib.suppress(Exception):  # a damaged copy is replaced by the first refresh
                await copy.reload()

    async def _refresh(self) -> None:
        """Trust first: the directory's seal is checked with it."""
        publications, rest = Publications(self._factory), self._factory.settings.refresh_interval

        async def refresh_trust() -> timedelta:
            await publications.refresh_trust()
            return rest

        async def refresh_directory() -> timedelta:
            await publications.refresh_directory()
            return rest

        async def refresh_systems() -> timedelta:
            await publications.refresh_systems()
            return rest

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(steadily("trust-list", refresh_trust))
            tasks.create_task(steadily("directory", refresh_directory))
            tasks.create_task(steadily("systems", refresh_systems))

    async def _await_directory(self) -> None:
        """Fails while there is no directory, or none that has this node: then there is nothing to do yet.

        What is on disk is looked at again each time: after a power cut the clock may be set right only later.
        """
        await self._take_what_is_held()
        self._factory.trust.current()
        self._factory.directory.current().node(self._factory.here)

    async def _carry(self) -> None:
        async with open_road(self._factory) as road:
            self._road = road
            relay = Relay(
                self._factory.database,
                outbox,
                bus=road.network,
                blobs=self._factory.blobs,
                clock=self._factory.clock,
                pace=self._pace,
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(relay.run())
                tasks.create_task(take_in(self._factory, road, on_commit=relay.wake))

    async def _sequence(self) -> timedelta:
        """Rests unless there is a backlog: one transaction for many entries costs little more than for one."""
        appended = await sequence_evidence(self._factory)
        return timedelta() if appended == ENTRIES_AT_ONCE else SEQUENCER_REST

    async def _number_events(self) -> timedelta:
        numbered = await number_events(self._factory)
        return timedelta() if numbered == EVENTS_AT_ONCE else SEQUENCER_REST

    async def _prune_events(self) -> timedelta:
        return timedelta() if await prune_events(self._factory) == REMOVED_AT_ONCE else PRUNE_REST

    async def _make_checkpoint(self) -> timedelta:
        await make_checkpoint(self._factory)
        return self._factory.settings.checkpoint_interval

    async def _stamp_checkpoint(self) -> timedelta:
        """Looks often, stamps seldom: the first entries after a rest need not wait for a whole interval."""
        settings = self._factory.settings
        stamped = await stamp_checkpoint(self._factory)
        return settings.time_stamp_interval if stamped else min(settings.checkpoint_interval, LOOK_INTERVAL)

    async def _recheck_revocation(self) -> timedelta:
        judged = await recheck_revocation(self._factory)
        return timedelta() if judged == DOCUMENTS_AT_ONCE else self._factory.settings.revalidation_interval

    async def _sweep_leftovers(self) -> timedelta:
        await sweep_leftovers(self._factory)
        return SWEEP_INTERVAL

    async def _retain(self) -> timedelta:
        await self._retention.run()
        return self._factory.settings.retention_interval

    async def _expire(self) -> timedelta:
        ended = await expire_deliveries(self._factory)
        return timedelta() if ended == EXPIRIES_AT_ONCE else self._factory.settings.expiry_interval

    async def _witness(self) -> timedelta:
        await self._witness_rounds.run()
        return self._factory.settings.witness_interval

    async def _bus_ready(self) -> bool:
        return self._road is not None and await self._road.own.ready()

    async def _serve_health(self) -> None:
        settings = self._factory.settings
        checks = {
            "database": self._factory.database.ready,
            "directory": self._factory.directory.present,
            "bus": self._bus_ready,
        }
        app = create_app(
            f"Liên Thông node {settings.node_id}, worker",
            hop=settings.node_id,
            lifespan=_no_lifespan,
            routers=(),
            checks=checks,
            notes={"draining": lambda: is_draining(self._factory)},
        )
        config = uvicorn.Config(
            app, host=settings.host, port=settings.worker_port, log_config=None, access_log=False, lifespan="off"
        )
        await _HealthServer(config).serve()


@asynccontextmanager
async def _no_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


class _HealthServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the worker."""
        yield
