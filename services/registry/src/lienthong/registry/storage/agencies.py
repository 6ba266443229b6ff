"""Agencies in the database."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select, and_, bindparam, false, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lienthong.registry.domain.agencies import Known, Outcome, Verdict, search_text
from lienthong.registry.storage.schema import agencies, nodes
from lienthong.shared.contracts.directory import AgencyEntry, Level
from lienthong.shared.identifiers import AgencyCode, new_form_of

T = TypeVar("T")
_COLUMNS = [agencies.c[name] for name in AgencyEntry.model_fields]
_LOOKUP_BATCH = 5_000
"""Codes in one statement; both databases allow some 32,000 parameters."""
_ROW_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyQuery:
    """What to list: every condition that is given must hold. ``after`` is the last code of the page before."""

    text: str = ""
    level: Level | None = None
    parent: AgencyCode | None = None
    after: str = ""
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAgency:
    """An agency, and the directory version that last changed it."""

    entry: AgencyEntry
    version: int


async def find(connection: AsyncConnection, code: str) -> StoredAgency | None:
    """The agency with that code, else with that former code, else with the new form of that former code."""
    for condition in (agencies.c.code == code, agencies.c.old_code == code, agencies.c.code == new_form_of(code)):
        if (found := await _first(connection, condition)) is not None:
            return found
    return None


async def find_exact(connection: AsyncConnection, code: AgencyCode) -> StoredAgency | None:
    """The agency whose present code that is."""
    return await _first(connection, agencies.c.code == code)


async def _first(connection: AsyncConnection, condition: ColumnElement[bool]) -> StoredAgency | None:
    row = (await connection.execute(select(*_COLUMNS, agencies.c.version).where(condition))).mappings().first()
    return None if row is None else StoredAgency(entry=_entry(row), version=row["version"])


async def search(connection: AsyncConnection, query: AgencyQuery) -> list[AgencyEntry]:
    """One page, by code."""
    return [_entry(row) for row in (await connection.execute(_listing(query))).mappings()]


async def every(connection: AsyncConnection) -> AsyncIterator[list[AgencyEntry]]:
    """All agencies by code, some at a time, so that the event loop gets its turns."""
    query = AgencyQuery(limit=_ROW_BATCH)
    while page := await search(connection, query):
        yield page
        query = AgencyQuery(limit=_ROW_BATCH, after=page[-1].code)


async def load_known(connection: AsyncConnection, drafts: Iterable[AgencyEntry]) -> Known:
    """What the directory holds about the drafts' codes, their parents, and all that lies above."""
    wanted: set[str] = {
        code for draft in drafts for code in (draft.code, draft.old_code, draft.parent) if code is not None
    }
    found: dict[AgencyCode, AgencyEntry] = {}
    while wanted:
        for codes in _batches(sorted(wanted), _LOOKUP_BATCH):
            either = or_(agencies.c.code.in_(codes), agencies.c.old_code.in_(codes))
            rows = await connection.execute(select(*_COLUMNS).where(either))
            found |= {row["code"]: _entry(row) for row in rows.mappings()}
        wanted = {entry.parent for entry in found.values() if entry.parent is not None and entry.parent not in found}
    ids = await connection.scalars(select(nodes.c.id))
    return Known(agencies=found, nodes=frozenset(ids))


async def store(connection: AsyncConnection, verdicts: Sequence[Verdict], version: int) -> None:
    """Writes what was created or updated. Parents come before their children in ``verdicts``."""
    created = [_values(it.entry, version) for it in verdicts if it.entry and it.outcome is Outcome.CREATED]
    updated = [_values(it.entry, version) for it in verdicts if it.entry and it.outcome is Outcome.UPDATED]
    for rows in _batches(created, _ROW_BATCH):
        await connection.execute(agencies.insert(), rows)
    for rows in _batches(updated, _ROW_BATCH):
        update = agencies.update().where(agencies.c.code == bindparam("this"))
        await connection.execute(update, [{"this": row.pop("code"), **row} for row in rows])


def _batches(items: list[T], size: int) -> Iterator[list[T]]:
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
    text = query.text.strip()
    if not text:
        return statement
    words = [agencies.c.name_search.contains(word, autoescape=True) for word in search_text(text).split()]
    starts = {text, text.upper()} if text.isascii() and text.isprintable() else set()
    codes = [
        column.startswith(start, autoescape=True)
        for column in (agencies.c.code, agencies.c.old_code)
        for start in sorted(starts)
    ]
    return statement.where(or_(false(), *codes, and_(*words) if words else false()))


def _entry(row: RowMapping) -> AgencyEntry:
    return AgencyEntry.model_validate(dict(row))


def _values(entry: AgencyEntry, version: int) -> dict[str, Any]:
    return {**entry.model_dump(mode="json"), "name_search": search_text(entry.name), "version": version}
