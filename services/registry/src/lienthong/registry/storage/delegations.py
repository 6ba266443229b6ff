"""Delegations in the database."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.storage.dated_schema import delegation_versions
from lienthong.registry.storage.schema import delegations
from lienthong.registry.storage.versions import Stamp
from lienthong.shared.contracts.directory import DelegationEntry
from lienthong.shared.database import insert_or_ignore
from lienthong.shared.identifiers import AgencyCode


async def all_delegations(connection: AsyncConnection, agency: AgencyCode | None = None) -> list[DelegationEntry]:
    """Every delegation, or those that ``agency`` gave or holds; by principal and delegate."""
    statement = select(delegations).order_by(delegations.c.principal, delegations.c.delegate)
    if agency is not None:
        statement = statement.where(or_(delegations.c.principal == agency, delegations.c.delegate == agency))
    rows = await connection.execute(statement)
    return [DelegationEntry(principal=row.principal, delegate=row.delegate) for row in rows]


async def add(connection: AsyncConnection, entry: DelegationEntry, stamp: Stamp) -> bool:
    """Records the delegation. False: it was recorded already."""
    values = {**entry.model_dump(), "created_at": stamp.since}
    statement = insert_or_ignore(connection, delegations).values(values).returning(delegations.c.principal)
    added = (await connection.execute(statement)).first() is not None
    if added:
        await connection.execute(delegation_versions.insert().values(_history(entry, stamp, active=True)))
    return added


async def remove(connection: AsyncConnection, entry: DelegationEntry, stamp: Stamp) -> bool:
    """Ends the delegation; its history stays. False: there was none."""
    statement = delegations.delete().where(
        delegations.c.principal == entry.principal, delegations.c.delegate == entry.delegate
    )
    removed = (await connection.execute(statement)).rowcount > 0
    if removed:
        await connection.execute(delegation_versions.insert().values(_history(entry, stamp, active=False)))
    return removed


def _history(entry: DelegationEntry, stamp: Stamp, *, active: bool) -> dict[str, Any]:
    return {**entry.model_dump(), "version": stamp.version, "valid_from": stamp.since, "active": active}
