"""The registry's entry points: the app, and the command ``lienthong-registry``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from fastapi import FastAPI

from lienthong.registry.api import (
    agencies,
    agency_csv,
    clients,
    delegations,
    directory,
    node_systems,
    nodes,
    oauth,
    reorganisations,
    systems,
)
from lienthong.registry.background import applying
from lienthong.registry.config import MIGRATIONS, Settings, settings_from_environment
from lienthong.registry.domain.agencies import Outcome, Verdict
from lienthong.registry.factory import Clock, open_factory
from lienthong.registry.usecases.keep_clients import ClientDraft, new_secret, register_client
from lienthong.registry.usecases.place_agencies import import_agencies
from lienthong.shared import serving
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import Database
from lienthong.shared.errors import LienthongError
from lienthong.shared.identifiers import AgencyCode
from lienthong.shared.migrating import migrate as migrate_database
from lienthong.shared.tokens import utc_now

HOP = "registry"
"""How problem documents name this service."""
COMMAND_LINE = "lienthong-registry"
"""Who changed the directory, when it was the operator at this machine."""

cli = typer.Typer(help="Agencies, nodes, credentials and the signed directory.", no_args_is_help=True)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The registry as an ASGI app; its lifespan opens and closes everything. The database must be migrated."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_factory(settings, clock=clock) as factory:
            app.state.factory = factory
            app.state.tokens = factory.tokens
            async with applying(factory):
                yield

    async def database_answers() -> bool:
        ready: bool = await app.state.factory.database.ready()
        return ready

    modules = (agency_csv, agencies, nodes, directory, delegations, clients, systems, node_systems, oauth)
    routers = [module.router for module in (*modules, reorganisations)]
    app = serving.create_app(
        "Liên Thông registry", hop=HOP, lifespan=lifespan, routers=routers, checks={"database": database_answers}
    )
    oauth.install_oauth_handler(app)
    return app


@cli.command()
def serve() -> None:
    """Serves the REST API until SIGTERM."""
    settings = settings_from_environment()
    serving.configure_logging(HOP, settings.log_level.upper())
    serving.serve(create_app(settings), host=settings.host, port=settings.port)


@cli.command()
def migrate() -> None:
    """Brings the database to the newest form."""
    migrate_database(settings_from_environment().database_url, MIGRATIONS)


@cli.command(name="import-agencies")
def import_file(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, UTF-8")]) -> None:
    """Puts the agencies of a CSV file into the directory; names the lines that were refused."""
    verdicts = asyncio.run(_import(settings_from_environment().database_url, file.read_bytes()))
    for verdict in verdicts:
        if verdict.outcome is Outcome.REFUSED:
            typer.echo(f"line {verdict.line}: {verdict.code}: {verdict.detail}", err=True)
    refused = sum(verdict.outcome is Outcome.REFUSED for verdict in verdicts)
    typer.echo(f"{len(verdicts) - refused} of {len(verdicts)} lines are in the directory")
    raise typer.Exit(code=1 if refused else 0)


@cli.command(name="add-client")
def add_client(
    client_id: Annotated[str, typer.Argument(help="Such as eoffice.H28.31.05")],
    name: Annotated[str, typer.Option(help="For people")] = "",
    agency: Annotated[str | None, typer.Option(help="Whose system it is; none for operators")] = None,
    scope: Annotated[list[Scope] | None, typer.Option(help="May be repeated")] = None,
) -> None:
    """Registers a client and prints its secret, once."""
    secret = new_secret()
    draft = ClientDraft(
        client_id=client_id,
        name=name or client_id,
        agency=AgencyCode(agency) if agency else None,
        scopes=scope or [],
        secret=secret,
    )
    asyncio.run(_add(settings_from_environment().database_url, draft))
    typer.echo(secret)


async def _import(database_url: str, content: bytes) -> list[Verdict]:
    async with _database(database_url) as database:
        return await import_agencies(database, content, by=COMMAND_LINE, now=utc_now())


async def _add(database_url: str, draft: ClientDraft) -> None:
    async with _database(database_url) as database:
        await register_client(database, draft, now=utc_now())


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    """The database for one command; a known error becomes its sentence and exit code 1."""
    database = Database(url)
    try:
        yield database
    except LienthongError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(code=1) from error
    finally:
        await database.close()
