"""Lets one agency act for another, and takes that back."""

from datetime import datetime

from lienthong.registry.errors import DelegationNotFound
from lienthong.registry.storage import agencies, delegations, versions
from lienthong.registry.storage.versions import Change
from lienthong.shared.contracts.directory import DelegationEntry
from lienthong.shared.database import Database


async def delegate(database: Database, entry: DelegationEntry, *, by: str, now: datetime) -> bool:
    """Lets ``entry.delegate`` act for ``entry.principal``. False: it could already.

    Raises:
        AgencyNotFound, AgencyClosed: One of the two is not in the directory by its present code, or at work no more.
    """
    async with database.begin() as connection:
        stamp = await versions.begin_change(connection, now)
        for code in (entry.principal, entry.delegate):
            await agencies.require_active(connection, code)
        added = await delegations.add(connection, entry, stamp)
        if added:
            summary = f"{entry.principal} delegates to {entry.delegate}"
            await versions.record(connection, stamp.version, Change(by=by, now=now, summary=summary))
    return added


async def withdraw(database: Database, entry: DelegationEntry, *, by: str, now: datetime) -> None:
    """Takes the delegation back. Nodes learn of it with their next directory. Raises :class:`DelegationNotFound`."""
    async with database.begin() as connection:
        stamp = await versions.begin_change(connection, now)
        if not await delegations.remove(connection, entry, stamp):
            raise DelegationNotFound(f"{entry.principal} has not delegated to {entry.delegate}.")
        summary = f"{entry.principal} no longer delegates to {entry.delegate}"
        await versions.record(connection, stamp.version, Change(by=by, now=now, summary=summary))
