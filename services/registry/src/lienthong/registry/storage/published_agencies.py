"""Agencies as they are published: tables of those at work and of the closed ones, filled row by row."""

from typing import Final

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.storage.dated_schema import successions
from lienthong.registry.storage.schema import agencies
from lienthong.shared.contracts.agency_table import AgencyColumns, ClosedColumns, Table
from lienthong.shared.contracts.directory import AgencyEntry, ClosedAgency
from lienthong.shared.identifiers import AgencyCode

_COLUMNS: Final = [agencies.c[name] for name in (*AgencyEntry.model_fields, "valid_to", "succession")]
_PAGE: Final = 2_000


async def tables(connection: AsyncConnection) -> tuple[Table[AgencyEntry], Table[ClosedAgency]]:
    """All agencies by code, some at a time, so that the event loop gets its turns."""
    at_work, closed = AgencyColumns(), ClosedColumns()
    successors = await _successors(connection)
    after = ""
    while True:
        query = select(*_COLUMNS).where(agencies.c.code > after).order_by(agencies.c.code).limit(_PAGE)
        rows = (await connection.execute(query)).mappings().all()
        if not rows:
            break
        at_work.extend(_entry(row) for row in rows if row["valid_to"] is None)
        closed.extend(_closed(row, successors.get(row["code"], ())) for row in rows if row["valid_to"] is not None)
        after = rows[-1]["code"]
    return Table(AgencyEntry, at_work), Table(ClosedAgency, closed)


async def _successors(connection: AsyncConnection) -> dict[AgencyCode, tuple[AgencyCode, ...]]:
    found: dict[AgencyCode, tuple[AgencyCode, ...]] = {}
    query = select(successions.c.code, successions.c.successor).order_by(successions.c.code, successions.c.position)
    for code, successor in await connection.execute(query):
        found[code] = (*found.get(code, ()), successor)
    return found


def _entry(row: RowMapping) -> AgencyEntry:
    return AgencyEntry.model_validate(dict(row))


def _closed(row: RowMapping, successors: tuple[AgencyCode, ...]) -> ClosedAgency:
    said = {**row, "node": None, "last_node": row["node"], "closed_at": row["valid_to"], "successors": successors}
    return ClosedAgency.model_validate(said)
