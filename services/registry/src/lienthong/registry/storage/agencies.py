"""Agencies in the database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.agencies import Known, Outcome, Verdict, search_text
from lienthong.registry.domain.dated import Status
from lienthong.registry.domain.search_index import Indexed
from lienthong.registry.errors import AgencyClosed, AgencyNotFound
from lienthong.registry.storage.dated_schema import agency_versions
from lienthong.registry.storage.schema import agencies, nodes
from lienthong.registry.storage.versions import Stamp
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode, new_form_of

T = TypeVar("T")
_COLUMNS = [agencies.c[name] for name in AgencyEntry.model_fields]
_LIFE = ("version", "valid_from", "valid_to", "succession")
_LOOKUP_BATCH = 5_000
"""Codes in one statement; both databases allow some 32,000 parameters."""
_ROW_BATCH = 1_000
_INDEX_PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyQuery:
    """What to list: every condition that is given must hold. ``after`` is the last code of the page before.

    :func:`search` does not look at ``text``: the index in memory does.
    """

    text: str = ""
    level: Level | None = None
    parent: AgencyCode | None = None
    status: Status | None = Status.ACTIVE
    after: str = ""
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAgency:
    """An agency, and the directory version that last changed it. Of a closed one ``entry.node`` is the last."""

    entry: AgencyEntry
    version: int
    valid_from: datetime | None
    valid_to: datetime | None
    succession: str | None

    @property
    def status(self) -> Status:
        """Whether it is at work."""
        return Status.ACTIVE if self.valid_to is None else Status.CLOSED


async def find(connection: AsyncConnection, code: str) -> StoredAgency | None:
    """The agency with that code, else with that former code, else with the new form of that former code."""
    for condition in (agencies.c.code == code, agencies.c.old_code == code, agencies.c.code == new_form_of(code)):
        if (found := await _first(connection, condition)) is not None:
            return found
    return None


async def find_exact(connection: AsyncConnection, code: AgencyCode) -> StoredAgency | None:
    """The agency whose present code that is."""
    return await _first(connection, agencies.c.code == code)


async def require_active(connection: AsyncConnection, code: AgencyCode) -> None:
    """Nothing, when an agency with that present code is at work.

    Raises:
        AgencyNotFound: There is none.
        AgencyClosed: It is closed.
    """
    found = await find_exact(connection, code)
    if found is None:
        raise AgencyNotFound(f"The directory has no agency {code}.", facts={"code": code})
    if found.status is Status.CLOSED:
        raise AgencyClosed(f"The agency {code} is closed; read it to see its successors.", facts={"code": code})


async def _first(connection: AsyncConnection, condition: ColumnElement[bool]) -> StoredAgency | None:
    columns = (*_COLUMNS, *(agencies.c[name] for name in _LIFE))
    row = (await connection.execute(select(*columns).where(condition))).mappings().first()
    return None if row is None else StoredAgency(entry=_entry(row), **{name: row[name] for name in _LIFE})


async def search(connection: AsyncConnection, query: AgencyQuery) -> list[AgencyEntry]:
    """One page, by code."""
    return [_entry(row) for row in (await connection.execute(_listing(query))).mappings()]


async def with_codes(connection: AsyncConnection, codes: Sequence[str]) -> list[AgencyEntry]:
    """The agencies with these codes, in the same order."""
    rows = (await connection.execute(select(*_COLUMNS).where(agencies.c.code.in_(codes)))).mappings()
    found = {row["code"]: _entry(row) for row in rows}
    return [found[AgencyCode(code)] for code in codes if code in found]


async def children_codes(connection: AsyncConnection, parent: AgencyCode) -> list[AgencyCode]:
    """Codes of the agencies directly below one, closed or not."""
    return list(await connection.scalars(select(agencies.c.code).where(agencies.c.parent == parent)))


async def indexed(connection: AsyncConnection, *, since: int, after: str) -> list[Indexed]:
    """One page of what is searched of agencies that changed after the directory version ``since``, by code."""
    columns = (agencies.c[name] for name in ("code", "old_code", "name_search", "level", "valid_to"))
    query = select(*columns).where(agencies.c.version > since, agencies.c.code > after)
    rows = await connection.execute(query.order_by(agencies.c.code).limit(_INDEX_PAGE))
    return [
        Indexed(
            code=code,
            old_code=old_code,
            name=name,
            level=Level(level),
            status=Status.ACTIVE if valid_to is None else Status.CLOSED,
        )
        for code, old_code, name, level, valid_to in rows
    ]


async def load_known(connection: AsyncConnection, drafts: Iterable[AgencyEntry]) -> Known:
    """What the directory holds about the drafts' codes, their parents, and all that lies above."""
    wanted: set[str] = {
        code for draft in drafts for code in (draft.code, draft.old_code, draft.parent) if code is not None
    }
    found: dict[AgencyCode, AgencyEntry] = {}
    closed: set[AgencyCode] = set()
    while wanted:
        for codes in batches(sorted(wanted), _LOOKUP_BATCH):
            either = or_(agencies.c.code.in_(codes), agencies.c.old_code.in_(codes))
            rows = (await connection.execute(select(*_COLUMNS, agencies.c.valid_to).where(either))).mappings().all()
            found |= {row["code"]: _entry(row) for row in rows}
            closed.update(row["code"] for row in rows if row["valid_to"] is not None)
        wanted = {entry.parent for entry in found.values() if entry.parent is not None and entry.parent not in found}
    ids = await connection.scalars(select(nodes.c.id))
    return Known(agencies=found, closed=frozenset(closed), nodes=frozenset(ids))


async def store(connection: AsyncConnection, verdicts: Sequence[Verdict], stamp: Stamp) -> None:
    """Writes what was created or updated, and its history. Parents come before their children in ``verdicts``.

    An agency is good since before the registry knew it; a change of it since the moment of the change.
    """
    created = [it.entry for it in verdicts if it.entry and it.outcome is Outcome.CREATED]
    updated = [it.entry for it in verdicts if it.entry and it.outcome is Outcome.UPDATED]
    await insert(connection, [_values(entry, stamp.version) for entry in created])
    await update(connection, [_values(entry, stamp.version) for entry in updated])
    history = [_history(entry, stamp, first=True) for entry in created]
    history += [_history(entry, stamp, first=False) for entry in updated]
    for rows in batches(history, _ROW_BATCH):
        await connection.execute(agency_versions.insert(), rows)


async def insert(connection: AsyncConnection, values: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows; a parent comes before its children."""
    for rows in batches(list(values), _ROW_BATCH):
        await connection.execute(agencies.insert(), rows)


async def update(connection: AsyncConnection, values: Sequence[Mapping[str, Any]]) -> None:
    """Changes the rows of the codes that ``values`` name; all of them have the same members."""
    for rows in batches(list(values), _ROW_BATCH):
        statement = agencies.update().where(agencies.c.code == bindparam("this"))
        renamed = [{"this": row["code"], **{name: row[name] for name in row if name != "code"}} for row in rows]
        await connection.execute(statement, renamed)


def _history(entry: AgencyEntry, stamp: Stamp, *, first: bool) -> dict[str, Any]:
    since = None if first else stamp.since
    return {**entry.model_dump(mode="json"), "version": stamp.version, "closed": False, "valid_from": since}


def batches(items: list[T], size: int) -> Iterator[list[T]]:
    """``items``, ``size`` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _listing(query: AgencyQuery) -> Select[Any]:
    statement = select(*_COLUMNS).order_by(agencies.c.code).limit(query.limit)
    if query.after:
        statement = statement.where(agencies.c.code > query.after)
    if query.level is not None:
        statement = statement.where(agencies.c.level == query.level.value)
    if query.parent is not None:
        statement = statement.where(agencies.c.parent == query.parent)
    if query.status is not None:
        closed = agencies.c.valid_to.is_not(None)
        statement = statement.where(closed if query.status is Status.CLOSED else ~closed)
    return statement


def _entry(row: RowMapping) -> AgencyEntry:
    return AgencyEntry.model_validate(dict(row))


def _values(entry: AgencyEntry, version: int) -> dict[str, Any]:
    return {**entry.model_dump(mode="json"), "name_search": search_text(entry.name), "version": version}
