"""Systems and their secrets in the database. Never commits."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.systems import System, SystemSecret
from lienthong.registry.storage.schema import agencies, clients, delegations
from lienthong.registry.storage.system_schema import system_secrets, systems
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import NodeId

_SYSTEMS: Select[Any] = select(systems, clients.c.agency).join(clients, clients.c.client_id == systems.c.client_id)


async def find(connection: AsyncConnection, system_id: str, *, lock: bool = False) -> System | None:
    """The system with that id; locked for the rest of the transaction if so asked."""
    statement = _SYSTEMS.where(systems.c.system_id == system_id)
    if lock:
        statement = statement.with_for_update(of=systems)
    found = await _read(connection, statement)
    return found[0] if found else None


async def page(connection: AsyncConnection, *, after: str, limit: int) -> list[System]:
    """Systems by id, after the given one."""
    statement = _SYSTEMS.where(systems.c.system_id > after).order_by(systems.c.system_id).limit(limit)
    return await _read(connection, statement)


async def of_node(connection: AsyncConnection, node: NodeId) -> list[System]:
    """Systems that are switched on, of active clients whose agency ``node`` serves, or that act for such a one."""
    served = select(agencies.c.code).where(agencies.c.node == node)
    acting = select(delegations.c.delegate).where(delegations.c.principal.in_(served))
    concerned = or_(clients.c.agency.in_(served), clients.c.agency.in_(acting))
    statement = _SYSTEMS.where(systems.c.is_enabled, clients.c.active, concerned)
    return await _read(connection, statement.order_by(systems.c.system_id))


async def add(connection: AsyncConnection, system: System) -> bool:
    """Adds the system with its secrets. False: one with that id is there already, and stays as it is."""
    values = {
        "system_id": system.system_id,
        "client_id": system.client_id,
        "is_enabled": system.is_enabled,
        "created_at": system.created_at,
        "created_by": system.created_by,
    }
    statement = insert_or_ignore(connection, systems).values(values).returning(systems.c.system_id)
    if (await connection.execute(statement)).first() is None:
        return False
    await put_secrets(connection, system.system_id, system.secrets)
    return True


async def enable(connection: AsyncConnection, system_id: str, *, is_enabled: bool) -> None:
    """Switches the interface on or off for the system."""
    statement = systems.update().where(systems.c.system_id == system_id)
    await connection.execute(statement.values(is_enabled=is_enabled))


async def put_secrets(connection: AsyncConnection, system_id: str, secrets: Sequence[SystemSecret]) -> None:
    """Makes ``secrets`` those of the system: they only join and end, so what was there stays in its place."""
    rows = [
        {
            "system_id": system_id,
            "number": number,
            "sealed": one.sealed,
            "valid_from": one.valid_from,
            "valid_to": one.valid_to,
            "made_by": one.made_by,
        }
        for number, one in enumerate(secrets, 1)
    ]
    await connection.execute(system_secrets.delete().where(system_secrets.c.system_id == system_id))
    await connection.execute(system_secrets.insert(), rows)


async def _read(connection: AsyncConnection, statement: Select[Any]) -> list[System]:
    rows = list(await connection.execute(statement))
    wanted = select(system_secrets).where(system_secrets.c.system_id.in_([row.system_id for row in rows]))
    secrets: dict[str, list[SystemSecret]] = defaultdict(list)
    for row in await connection.execute(wanted.order_by(system_secrets.c.system_id, system_secrets.c.number)):
        secrets[row.system_id].append(_secret(row))
    return [_system(row, secrets[row.system_id]) for row in rows]


def _secret(row: Row[Any]) -> SystemSecret:
    return SystemSecret(sealed=row.sealed, valid_from=row.valid_from, valid_to=row.valid_to, made_by=row.made_by)


def _system(row: Row[Any], secrets: Sequence[SystemSecret]) -> System:
    return System(
        system_id=row.system_id,
        client_id=row.client_id,
        agency=row.agency,
        is_enabled=row.is_enabled,
        secrets=tuple(secrets),
        created_at=row.created_at,
        created_by=row.created_by,
    )
