"""Agencies as they were: versions of a code, children of a day, successors and predecessors."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.dated import AgencyVersion, Decision, HistoryLine, Status
from lienthong.registry.storage.dated_schema import agency_versions, successions
from lienthong.registry.storage.schema import agencies, directory_versions
from lienthong.shared.contracts.directory import AgencyEntry
from lienthong.shared.identifiers import AgencyCode

_ENTRY = tuple(AgencyEntry.model_fields)
_LATER = agency_versions.alias("later")


async def as_of(connection: AsyncConnection, code: AgencyCode, at: datetime | None) -> AgencyVersion | None:
    """What was good of that very code at that moment (None: what was said last); None when it did not exist yet."""
    query = select(agency_versions).where(agency_versions.c.code == code)
    if at is not None:
        query = query.where(_begun(agency_versions.c.valid_from, at))
    row = (await connection.execute(query.order_by(agency_versions.c.version.desc()).limit(1))).mappings().first()
    return None if row is None else _version(row)


async def decision(connection: AsyncConnection, code: AgencyCode, version: int) -> Decision | None:
    """The decision that made that version; None: an operator's own change."""
    query = select(agency_versions.c.decision_number, agency_versions.c.decision_date).where(
        agency_versions.c.code == code, agency_versions.c.version == version
    )
    row = (await connection.execute(query)).first()
    return None if row is None or row[0] is None else Decision(number=row[0], on=row[1])


async def history(connection: AsyncConnection, code: AgencyCode, *, after: int, limit: int) -> list[HistoryLine]:
    """The versions of that very code in the order of time, behind the directory version ``after``."""
    changed = agency_versions.join(directory_versions, agency_versions.c.version == directory_versions.c.version)
    columns = (directory_versions.c[name] for name in ("changed_by", "changed_at", "reorganisation"))
    query = (
        select(agency_versions, *columns)
        .select_from(changed)
        .where(agency_versions.c.code == code, agency_versions.c.version > after)
        .order_by(agency_versions.c.version)
        .limit(limit)
    )
    return [
        HistoryLine(
            version=_version(row),
            changed_by=row["changed_by"],
            changed_at=row["changed_at"],
            reorganisation=row["reorganisation"],
        )
        for row in (await connection.execute(query)).mappings()
    ]


async def children_at(
    connection: AsyncConnection, parent: AgencyCode, at: datetime, *, after: str, limit: int
) -> list[AgencyEntry]:
    """The agencies that stood directly below ``parent`` then, by code."""
    superseded = exists().where(
        _LATER.c.code == agency_versions.c.code,
        _LATER.c.version > agency_versions.c.version,
        _begun(_LATER.c.valid_from, at),
    )
    query = (
        select(agency_versions)
        .where(
            and_(agency_versions.c.parent == parent, agency_versions.c.code > after),
            _begun(agency_versions.c.valid_from, at),
            ~agency_versions.c.closed,
            ~superseded,
        )
        .order_by(agency_versions.c.code)
        .limit(limit)
    )
    return [_version(row).entry for row in (await connection.execute(query)).mappings()]


async def successors(connection: AsyncConnection, codes: Iterable[AgencyCode]) -> dict[AgencyCode, list[AgencyCode]]:
    """Whom the acts named as successors of each of the codes, in their order."""
    query = select(successions).where(successions.c.code.in_(list(codes)))
    found: dict[AgencyCode, list[AgencyCode]] = {}
    for row in await connection.execute(query.order_by(successions.c.code, successions.c.position)):
        found.setdefault(row.code, []).append(row.successor)
    return found


async def predecessors(connection: AsyncConnection, code: AgencyCode) -> list[AgencyCode]:
    """Whom that code succeeds directly."""
    query = select(successions.c.code).where(successions.c.successor == code).order_by(successions.c.code)
    return list(await connection.scalars(query))


async def closed_by(connection: AsyncConnection, codes: Iterable[AgencyCode], at: datetime | None) -> set[AgencyCode]:
    """Those of the codes whose agencies were closed at that moment; None: now."""
    ended = agencies.c.valid_to.is_not(None) if at is None else agencies.c.valid_to <= at
    return set(await connection.scalars(select(agencies.c.code).where(agencies.c.code.in_(list(codes)), ended)))


def _begun(column: ColumnElement[Any], at: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= at)


def _version(row: RowMapping) -> AgencyVersion:
    number = row["decision_number"]
    return AgencyVersion(
        entry=AgencyEntry.model_validate({name: row[name] for name in _ENTRY}),
        status=Status.CLOSED if row["closed"] else Status.ACTIVE,
        valid_from=row["valid_from"],
        version=row["version"],
        decision=None if number is None else Decision(number=number, on=row["decision_date"]),
    )
