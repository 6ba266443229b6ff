"""Lets one agency act for another, and takes that back."""

from datetime import datetime

from lienthong.registry.errors import AgencyNotFound, DelegationNotFound
from lienthong.registry.storage import agencies, delegations, versions
from lienthong.registry.storage.versions import Change
from lienthong.shared.contracts.directory import DelegationEntry
from lienthong.shared.database import Database


async def delegate(database: Database, entry: DelegationEntry, *, by: str, now: datetime) -> bool:
    """Lets ``entry.delegate`` act for ``entry.principal``. False: it could already.

    Raises:
        AgencyNotFound: One of the two is not in the directory (by its present code).
    """
    async with database.begin() as connection:
        head = await versions.lock(connection)
        for code in (entry.principal, entry.delegate):
            if await agencies.find_exact(connection, code) is None:
                raise AgencyNotFound(f"The directory has no agency {code}.", facts={"code": code})
        added = await delegations.add(connection, entry, now)
        if added:
            summary = f"{entry.principal} delegates to {entry.delegate}"
            await versions.record(connection, head.version + 1, Change(by=by, now=now, summary=summary))
    return added


async def withdraw(database: Database, entry: DelegationEntry, *, by: str, now: datetime) -> None:
    """Takes the delegation back. Nodes learn of it with their next directory. Raises :class:`DelegationNotFound`."""
    async with database.begin() as connection:
        head = await versions.lock(connection)
        if not await delegations.remove(connection, entry):
            raise DelegationNotFound(f"{entry.principal} has not delegated to {entry.delegate}.")
        summary = f"{entry.principal} no longer delegates to {entry.delegate}"
        await versions.record(connection, head.version + 1, Change(by=by, now=now, summary=summary))
