"""The entry points of a node: the REST API as an app, and the command ``lienthong-exchange``."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import typer
import uvloop
from fastapi import FastAPI

from lienthong.exchange.api import (
    amendments,
    deliveries,
    documents,
    events,
    inbox,
    log,
    operating,
    packages,
    statuses,
    submissions,
    uploads,
    webhooks,
)
from lienthong.exchange.api.vxp import doors
from lienthong.exchange.config import MIGRATIONS, Settings
from lienthong.exchange.factory import Factory, open_factory, utc_now
from lienthong.exchange.steady import steadily
from lienthong.exchange.usecases.drain_node import is_draining
from lienthong.exchange.usecases.process import Clock
from lienthong.exchange.worker import Worker
from lienthong.shared import serving
from lienthong.shared.migrating import migrate as migrate_database

ROUTERS = (
    *operating.ROUTERS,
    *doors.ROUTERS,
    *(one.router for one in (submissions, documents, statuses, amendments, inbox, deliveries)),
    *(one.router for one in (packages, log, events, uploads, webhooks)),
)
LOOK_INTERVAL = timedelta(seconds=1)
"""How often the API looks whether its worker has put a newer directory or trust list on disk."""

cli = typer.Typer(help="One node: documents, deliveries, statuses, evidence.", no_args_is_help=True)


def create_api(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The REST API of a node as an ASGI app. The database must be migrated; the worker is separate."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            factory = await stack.enter_async_context(open_factory(settings, clock=clock))
            app.state.factory = factory
            app.state.tokens = factory.tokens
            await stack.enter_async_context(_running(lambda: _keep_copies(factory)))
            yield

    app = serving.create_app(
        f"Liên Thông node {settings.node_id}",
        hop=settings.node_id,
        lifespan=lifespan,
        routers=ROUTERS,
        checks={
            "database": _check(lambda: app, lambda factory: factory.database.ready()),
            "packages": _check(lambda: app, lambda factory: factory.packages_ready()),
            "directory": _check(lambda: app, lambda factory: factory.directory.present()),
            "trust_list": _check(lambda: app, lambda factory: factory.trust.present()),
        },
        notes={"draining": _check(lambda: app, is_draining)},
    )
    return app


@cli.command()
def api() -> None:
    """Serves the REST API until SIGTERM."""
    settings = _settings("api")
    serving.serve(create_api(settings), host=settings.host, port=settings.port)


@cli.command()
def worker() -> None:
    """Relays, consumes and keeps copies fresh, until SIGTERM."""
    settings = _settings("worker")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings))


@cli.command()
def migrate() -> None:
    """Brings the database to the newest form."""
    migrate_database(_settings("migrate").database_url, MIGRATIONS)


def _settings(role: str) -> Settings:
    settings = Settings()  # type: ignore[call-arg]  # the environment gives the rest
    serving.configure_logging(f"exchange-{role}-{settings.node_id}", settings.log_level.upper())
    return settings


def _check(app: Callable[[], FastAPI], ask: Callable[[Factory], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    """A readiness check of what the lifespan opens later."""

    async def check() -> bool:
        return await ask(app().state.factory)

    return check


async def _keep_copies(factory: Factory) -> None:
    """Follows the copies that the worker keeps fresh; trust first, since the directory is checked with it."""

    async def look() -> timedelta:
        await factory.trust.reload()
        if factory.trust.held is not None:
            await factory.directory.reload()
            await factory.systems.reload()
        return LOOK_INTERVAL

    await steadily("local copies", look)


@asynccontextmanager
async def _running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_factory(settings) as factory, _running(Worker(factory).run):
        await stop.wait()
