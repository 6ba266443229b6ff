"""Reads one agency: as it is or as it was, what stood below it, its history, and who answers for a closed one."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.dated import HistoryLine, SeenAgency, Status
from lienthong.registry.errors import AgencyNotFound
from lienthong.registry.storage import agencies, agency_history
from lienthong.registry.storage.agencies import AgencyQuery, StoredAgency
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.database import Database
from lienthong.shared.directory import MAX_SUCCESSIONS
from lienthong.shared.identifiers import AgencyCode


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyHistory:
    """Whom a code succeeds, and the versions of one page."""

    code: AgencyCode
    predecessors: tuple[AgencyCode, ...]
    lines: tuple[HistoryLine, ...]


async def get_agency(database: Database, code: str, *, at: datetime | None = None) -> SeenAgency:
    """The agency with that code, in either form, as it was at that moment; None: as it is.

    Raises:
        AgencyNotFound: None has the code, or it did not exist yet.
    """
    async with database.read() as connection:
        found = await _found(connection, code)
        seen = await _now(connection, found) if at is None else await _then(connection, found, at)
        return seen if seen.status is Status.ACTIVE else await _succeeded(connection, seen, at)


async def list_children(
    database: Database, code: str, *, at: datetime | None, after: str, limit: int
) -> list[AgencyEntry]:
    """One page of the agencies directly below one, by code, as they were at that moment; None: as they are.

    Raises:
        AgencyNotFound: No agency has the code.
    """
    async with database.read() as connection:
        parent = (await _found(connection, code)).entry.code
        if at is not None:
            return await agency_history.children_at(connection, parent, at, after=after, limit=limit)
        return await agencies.search(connection, AgencyQuery(parent=parent, after=after, limit=limit))


async def read_history(database: Database, code: str, *, after: int, limit: int) -> AgencyHistory:
    """One page of what was said of an agency, in the order of time, behind the directory version ``after``.

    Raises:
        AgencyNotFound: No agency has the code.
    """
    async with database.read() as connection:
        own = (await _found(connection, code)).entry.code
        lines = await agency_history.history(connection, own, after=after, limit=limit)
        before = await agency_history.predecessors(connection, own)
    return AgencyHistory(code=own, predecessors=tuple(before), lines=tuple(lines))


async def _found(connection: AsyncConnection, code: str) -> StoredAgency:
    found = await agencies.find(connection, code)
    if found is None:
        raise AgencyNotFound(f"The directory has no agency {code}.", facts={"code": code})
    return found


async def _now(connection: AsyncConnection, found: StoredAgency) -> SeenAgency:
    return SeenAgency(
        entry=found.entry,
        version=found.version,
        status=found.status,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        succession=found.succession,
        decision=await agency_history.decision(connection, found.entry.code, found.version),
    )


async def _then(connection: AsyncConnection, found: StoredAgency, at: datetime) -> SeenAgency:
    code = found.entry.code
    version = await agency_history.as_of(connection, code, at)
    if version is None:
        raise AgencyNotFound(
            f"The agency {code} began later, at {found.valid_from}.", facts={"code": code, "at": at.isoformat()}
        )
    return SeenAgency(
        entry=version.entry,
        version=version.version,
        status=version.status,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        succession=found.succession if version.status is Status.CLOSED else None,
        decision=version.decision,
    )


async def _succeeded(connection: AsyncConnection, seen: SeenAgency, at: datetime | None) -> SeenAgency:
    """A closed agency with its successors, those that were closed by then followed to the end."""
    code, last_node = seen.entry.code, seen.entry.node
    named = (await agency_history.successors(connection, [code])).get(code, [])
    responsible = dict.fromkeys(named)
    followed = {code}
    for _ in range(MAX_SUCCESSIONS):
        closed = await agency_history.closed_by(connection, responsible, at)
        if not closed:
            break
        followed |= closed
        further = await agency_history.successors(connection, closed)
        steps = (further.get(one, []) if one in closed else [one] for one in responsible)
        responsible = dict.fromkeys(one for step in steps for one in step if one not in followed)
    entry = seen.entry.model_copy(update={"node": None})
    return replace(seen, entry=entry, last_node=last_node, successors=tuple(named), responsible=tuple(responsible))
