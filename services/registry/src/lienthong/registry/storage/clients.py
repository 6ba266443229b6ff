"""Clients in the database, and the assertions that they have spent."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, null, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.clients import Client, SpentAssertion
from lienthong.registry.storage.dated_schema import client_versions
from lienthong.registry.storage.schema import clients, spent_assertions
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import insert_or_ignore


async def find(connection: AsyncConnection, client_id: str) -> Client | None:
    """The client with that id."""
    row = (await connection.execute(select(clients).where(clients.c.client_id == client_id))).first()
    return None if row is None else _client(row)


async def page(connection: AsyncConnection, *, after: str, limit: int) -> list[Client]:
    """Clients by id, after the given one."""
    statement = select(clients).where(clients.c.client_id > after).order_by(clients.c.client_id).limit(limit)
    return [_client(row) for row in await connection.execute(statement)]


async def add(connection: AsyncConnection, client: Client, now: datetime) -> bool:
    """Adds the client. False: one with that id is there already, and stays as it is."""
    statement = insert_or_ignore(connection, clients).values(_values(client)).returning(clients.c.client_id)
    added = (await connection.execute(statement)).first() is not None
    if added:
        await connection.execute(client_versions.insert().values(_history(client, now)))
    return added


async def replace(connection: AsyncConnection, client: Client, now: datetime) -> bool:
    """Overwrites the client; what concerns others than itself is kept in its history. False: no client has that id."""
    held = await find(connection, client.client_id)
    if held is None:
        return False
    await connection.execute(clients.update().where(clients.c.client_id == client.client_id).values(_values(client)))
    if _history(held, now) != (made := _history(client, now)):
        await connection.execute(client_versions.insert().values(made))
    return True


async def spend(connection: AsyncConnection, client_id: str, assertion: SpentAssertion) -> bool:
    """Marks the assertion as used. False: it was used before."""
    statement = insert_or_ignore(connection, spent_assertions).values(
        client_id=client_id, jti=assertion.jti, expires_at=assertion.expires_at
    )
    return (await connection.execute(statement.returning(spent_assertions.c.jti))).first() is not None


async def forget_expired(connection: AsyncConnection, now: datetime) -> None:
    """Drops spent assertions that would be refused as expired anyway."""
    await connection.execute(spent_assertions.delete().where(spent_assertions.c.expires_at < now))


def _client(row: Row[Any]) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        agency=row.agency,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        secret_hash=row.secret_hash,
        jwk=row.jwk,
        active=row.active,
        created_at=row.created_at,
    )


def _history(client: Client, now: datetime) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "agency": client.agency,
        "name": client.name,
        "scopes": sorted(client.scopes),
        "active": client.active,
        "valid_from": now,
    }


def _values(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "agency": client.agency,
        "scopes": sorted(client.scopes),
        "secret_hash": client.secret_hash,
        "jwk": null() if client.jwk is None else dict(client.jwk),
        "active": client.active,
        "created_at": client.created_at,
    }
