"""Provisions the compose network below ``/state``: databases, keys, settings, profiles. Repeating it is harmless.

Runs in the tools container: ``python -m deploy.docker.provision``.
"""

import asyncio
import os

import asyncpg

from deploy.docker.compose_site import STATE, broker_password, compose_site, database_password
from deploy.rabbitmq.definitions import render_definitions
from lienthong.embedded.provision import provision, write_environment_files
from lienthong.embedded.secret_box import SecretBox, write_private
from lienthong.embedded.site import Site


async def main() -> None:
    """Databases first, then everything in them, then what the containers read."""
    os.umask(0o077)
    secrets = SecretBox(STATE / "secrets.json")
    site = compose_site(secrets)
    await _ensure_databases(site, secrets, superuser_password=os.environ["POSTGRES_PASSWORD"])
    secrets = await provision(site)
    write_environment_files(site, secrets, STATE / "services")
    passwords = {node: broker_password(node, secrets) for node in site.nodes}
    write_private(STATE / "rabbitmq" / "definitions.json", render_definitions(passwords))
    for node in site.nodes:
        for folder in ("nodes", "packages"):
            (STATE / folder / node).mkdir(mode=0o700, parents=True, exist_ok=True)


async def _ensure_databases(site: Site, secrets: SecretBox, *, superuser_password: str) -> None:
    """Makes the databases that are not there yet; each belongs to a role that can enter no other."""
    urls = [service.database_url for service in (site.registry, site.signing, *site.nodes.values())]
    connection = await asyncpg.connect(host="postgres", user="postgres", password=superuser_password)
    try:
        held = {row["datname"] for row in await connection.fetch("select datname from pg_database")}
        for name in (url.rpartition("/")[2] for url in urls):
            if name not in held:
                await _make_database(connection, name, password=database_password(name, secrets))
    finally:
        await connection.close()


async def _make_database(connection: asyncpg.Connection, name: str, *, password: str) -> None:
    """Both texts are our own and need no quoting. A role left over from a broken-off run is used again."""
    if not await connection.fetchval("select true from pg_roles where rolname = $1", name):
        await connection.execute(f"create role {name} login")
    await connection.execute(f"alter role {name} password '{password}'")
    await connection.execute(f"create database {name} owner {name} template template0")
    await connection.execute(f"revoke all on database {name} from public")


if __name__ == "__main__":
    asyncio.run(main())
