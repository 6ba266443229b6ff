"""Registers clients, and takes them out of use."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.clients import Client, hash_secret, public_jwk
from lienthong.registry.errors import ClientExists, ClientNotFound
from lienthong.registry.storage import agencies, clients
from lienthong.shared.contracts.tokens import Scope
from lienthong.shared.database import Database
from lienthong.shared.identifiers import AgencyCode

_SECRET_BYTES = 32
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDraft:
    """What is said about a client. One of ``secret`` and ``jwk`` is how it proves itself; both are possible."""

    client_id: str
    name: str
    scopes: Sequence[Scope]
    agency: AgencyCode | None = None
    secret: str | None = None
    jwk: Mapping[str, Any] | None = None


def new_secret() -> str:
    """A secret of 256 bits, safe in URLs and in HTTP Basic."""
    return secrets.token_urlsafe(_SECRET_BYTES)


async def register_client(database: Database, draft: ClientDraft, *, now: datetime) -> Client:
    """Adds a client.

    Raises:
        ClientExists: The id is taken; the client that has it stays as it is.
        AgencyNotFound, AgencyClosed: Its agency is not in the directory, or at work no more.
        ClientKeyInvalid: Its key is not acceptable.
    """
    client = await _client_of(draft, now)
    async with database.begin() as connection:
        await _check_agency(connection, client.agency)
        if not await clients.add(connection, client, now):
            raise ClientExists(f"A client {client.client_id} exists already.")
    return client


async def put_client(database: Database, draft: ClientDraft, *, now: datetime) -> Client:
    """Adds a client, or overwrites it and puts it into use again: for provisioning, which may be repeated.

    Raises:
        AgencyNotFound, AgencyClosed: Its agency is not in the directory, or at work no more.
        ClientKeyInvalid: Its key is not acceptable.
    """
    client = await _client_of(draft, now)
    async with database.begin() as connection:
        await _check_agency(connection, client.agency)
        if not await clients.replace(connection, client, now):
            await clients.add(connection, client, now)
    return client


async def deactivate_client(database: Database, client_id: str, *, now: datetime) -> None:
    """Takes the client out of use; its last token lapses within 15 minutes. Raises :class:`ClientNotFound`."""
    async with database.begin() as connection:
        client = await clients.find(connection, client_id)
        if client is None:
            raise ClientNotFound(f"There is no client {client_id}.")
        await clients.replace(connection, replace(client, active=False), now)


async def get_client(database: Database, client_id: str) -> Client:
    """The client with that id. Raises :class:`ClientNotFound`."""
    async with database.read() as connection:
        client = await clients.find(connection, client_id)
    if client is None:
        raise ClientNotFound(f"There is no client {client_id}.")
    return client


async def list_clients(database: Database, *, after: str, limit: int) -> list[Client]:
    """One page of clients, by id."""
    async with database.read() as connection:
        return await clients.page(connection, after=after, limit=limit)


async def _client_of(draft: ClientDraft, now: datetime) -> Client:
    secret_hash = None
    if draft.secret is not None:
        salt = secrets.token_bytes(_SALT_BYTES)
        secret_hash = await asyncio.to_thread(hash_secret, draft.secret, salt=salt)
    return Client(
        client_id=draft.client_id,
        name=draft.name,
        agency=draft.agency,
        scopes=frozenset(draft.scopes),
        secret_hash=secret_hash,
        jwk=None if draft.jwk is None else public_jwk(draft.jwk),
        active=True,
        created_at=now,
    )


async def _check_agency(connection: AsyncConnection, agency: AgencyCode | None) -> None:
    if agency is not None:
        await agencies.require_active(connection, agency)
